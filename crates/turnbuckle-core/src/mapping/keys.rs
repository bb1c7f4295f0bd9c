//! What must be built so that the searches of a mapping are fast: search keys
//! of the columns that they compare, and match keys of the subscriptions to
//! them.
//!
//! Search keys are only ever added. Match keys are built again when what they
//! are made of has changed: the mapping, the time zone of the connection, or
//! the columns of its entities. Keys that are built once too often cost time;
//! keys that are not built again would miss changes, so mappings are compared
//! whether or not the app declares an object at present.

use indexmap::{IndexMap, IndexSet};
use jiff::tz::TimeZone;

use super::{EntityMapping, EventAction, Mapping, ObjectMapping};
use crate::entity::{ColumnPath, Entity, Schema};
use crate::subscription::{KeyShape, SearchPlan};

/// What the match keys of a connection are made of: by object and search, the
/// entity and the shape, which a search without a plan lacks.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct KeyShapes(IndexMap<String, IndexMap<String, (String, Option<KeyShape>)>>);

impl KeyShapes {
    /// Objects with a search that came, went, or has keys of another shape `after` a change.
    pub fn rekeyed(&self, after: &Self) -> Vec<String> {
        let none = IndexMap::new();
        let of = |shapes: &Self, slug: &String| shapes.0.get(slug).unwrap_or(&none).clone();
        let slugs: IndexSet<&String> = self.0.keys().chain(after.0.keys()).collect();
        slugs.into_iter().filter(|slug| of(self, slug) != of(after, slug)).cloned().collect()
    }
}

impl Mapping {
    /// What the match keys of its searches are made of on this connection.
    pub fn key_shapes(&self, connection: &str, schema: &Schema, zone: &TimeZone) -> KeyShapes {
        let object = |(slug, mapping): (&String, &EntityMapping)| {
            let entity = schema.entity(&mapping.entity);
            let searches = mapping.events.iter().filter_map(|(event, action)| {
                let EventAction::Search { filter, .. } = action else { return None };
                let plan = entity.and_then(|entity| {
                    SearchPlan::compile(connection, slug, event, filter, schema, entity, zone).ok()
                });
                let shape = plan.as_ref().map(SearchPlan::key_shape);
                Some((event.clone(), (mapping.entity.clone(), shape)))
            });
            (slug.clone(), searches.collect())
        };
        KeyShapes(self.entity_mappings().map(object).collect())
    }

    /// Entities and plain columns that its searches compare or sort by. A path that
    /// walks one lookup is narrowed in two steps: the looked-up records by their
    /// column, then the records by their lookup.
    pub fn keyed_columns(&self, schema: &Schema) -> Vec<(String, String)> {
        let mut keyed = IndexSet::new();
        for (_, mapping) in self.entity_mappings() {
            let Some(entity) = schema.entity(&mapping.entity) else { continue };
            for action in mapping.events.values() {
                let EventAction::Search { filter, sort } = action else { continue };
                let sorted = sort.iter().map(|sort| sort.column.clone());
                for path in filter.paths().into_iter().chain(sorted) {
                    keyed.extend(columns_of(&path, entity));
                }
            }
        }
        keyed.into_iter().collect()
    }

    fn entity_mappings(&self) -> impl Iterator<Item = (&String, &EntityMapping)> {
        self.objects.iter().filter_map(|(slug, mapping)| match mapping {
            ObjectMapping::Entity(mapping) => Some((slug, mapping)),
            ObjectMapping::OptedOut => None,
        })
    }
}

fn columns_of(path: &ColumnPath, entity: &Entity) -> Vec<(String, String)> {
    match path.walks.as_slice() {
        [] => vec![(entity.name.clone(), path.column.clone())],
        [step] => {
            let lookup = entity.walk(step);
            let target = lookup.and_then(|lookup| Some((lookup, lookup.lookup.clone()?)));
            target.map_or_else(Vec::new, |(lookup, target)| {
                vec![(entity.name.clone(), lookup.name.clone()), (target, path.column.clone())]
            })
        }
        _ => Vec::new(),
    }
}
