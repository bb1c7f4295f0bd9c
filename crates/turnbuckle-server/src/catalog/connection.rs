//! Connections with their schema and mapping compiled.

use std::collections::HashSet;
use std::sync::Arc;

use indexmap::IndexMap;
use jiff::tz::TimeZone;
use serde_json::Value as Json;
use turnbuckle_core::entity::{ColumnPath, Entity, Schema};
use turnbuckle_core::expression::NAMES_OF_RECORD;
use turnbuckle_core::filter::{Filter, Moment};
use turnbuckle_core::id::{ConnectionNo, UnixMs, WorkspaceId};
use turnbuckle_core::mapping::{
    CompiledObject, EntityMapping, EventAction, Mapping, ObjectMapping, Sort,
};
use turnbuckle_core::object::{ObjectDeclaration, Objects};
use turnbuckle_core::record::{Image, Record, Related};
use turnbuckle_core::subscription::SearchPlan;
use turnbuckle_store::connection::Connection;

use crate::expressions::PlacedSet;

/// A connection as handlers and workers use it.
pub struct LiveConnection {
    pub row: Connection,
    /// Public name of its workspace.
    pub workspace_slug: String,
    pub schema: Arc<Schema>,
    pub zone: TimeZone,
    pub objects: Objects,
    pub mapping: Mapping,
    /// Objects whose match keys are being built.
    pub waiting: HashSet<String>,
    /// Objects that stand for an entity, by slug.
    mapped: IndexMap<String, LiveObject>,
}

/// An object that the user mapped to an entity.
pub struct LiveObject {
    pub slug: String,
    pub declaration: ObjectDeclaration,
    pub mapping: EntityMapping,
    pub compiled: CompiledObject,
    /// Of the fields.
    pub expressions: Option<Arc<PlacedSet>>,
    /// Search events, by slug.
    pub searches: IndexMap<String, LiveSearch>,
    /// What its fields and searches reach through lookups.
    pub walked: HashSet<ColumnPath>,
}

/// A search event as the user built it.
pub struct LiveSearch {
    pub filter: Filter,
    pub sort: Vec<Sort>,
    /// `None` while it names columns that the CRM does not have (any more).
    pub plan: Option<SearchPlan>,
}

impl LiveConnection {
    pub fn compile(
        row: Connection,
        workspace_slug: String,
        schema: Arc<Schema>,
        waiting: HashSet<String>,
    ) -> Self {
        let zone = TimeZone::get(&row.time_zone).unwrap_or(TimeZone::UTC);
        // Both were checked when they were put.
        let objects = row.objects.as_ref().and_then(|objects| Objects::parse(objects).ok());
        let mapping = row.mapping.as_ref().and_then(|mapping| Mapping::parse(mapping).ok());
        let (objects, mapping) = (objects.unwrap_or_default(), mapping.unwrap_or_default());
        let mut mapped = IndexMap::new();
        for (slug, declaration) in objects.iter() {
            if let Some(ObjectMapping::Entity(mapping)) = mapping.objects.get(slug)
                && schema.entity(&mapping.entity).is_some()
            {
                let object = LiveObject::compile(&row, slug, declaration, mapping, &schema, &zone);
                mapped.insert(slug.to_owned(), object);
            }
        }
        Self { row, workspace_slug, schema, zone, objects, mapping, waiting, mapped }
    }

    /// The connection as it would be with other objects and another mapping.
    pub fn with(&self, objects: &Json, mapping: &Json) -> Self {
        let (objects, mapping) = (Some(objects.clone()), Some(mapping.clone()));
        let row = Connection { objects, mapping, ..self.row.clone() };
        let (slug, schema) = (self.workspace_slug.clone(), self.schema.clone());
        Self::compile(row, slug, schema, self.waiting.clone())
    }

    /// Whose what is evaluated for it is.
    pub fn owner(&self) -> (WorkspaceId, ConnectionNo) {
        (self.row.workspace, self.row.no)
    }

    /// The object, if it stands for an entity.
    pub fn mapped(&self, slug: &str) -> Option<&LiveObject> {
        self.mapped.get(slug)
    }

    /// The searches of an object by its mapping, whether or not the app declares
    /// it at present: when it does again, its subscriptions must be found.
    pub fn mapped_searches(&self, slug: &str) -> IndexMap<String, LiveSearch> {
        match self.mapping.objects.get(slug) {
            Some(ObjectMapping::Entity(mapping)) => {
                searches(&self.row.id, slug, mapping, &self.schema, &self.zone)
            }
            Some(ObjectMapping::OptedOut) | None => IndexMap::new(),
        }
    }

    /// Objects that stand for `entity`.
    pub fn mapped_to<'a>(&'a self, entity: &'a str) -> impl Iterator<Item = &'a LiveObject> {
        self.mapped.values().filter(move |object| object.mapping.entity == entity)
    }

    pub fn all_mapped(&self) -> impl Iterator<Item = &LiveObject> {
        self.mapped.values()
    }

    /// When and where filters are judged now.
    pub fn moment(&self, now: UnixMs) -> Moment {
        let now = jiff::Timestamp::from_millisecond(now).unwrap_or(jiff::Timestamp::MAX);
        Moment { now, zone: self.zone.clone() }
    }

    /// A record as filters and mappings see it. `None` when its entity is not known (any more).
    pub fn image<'a>(
        &'a self,
        entity: &str,
        record: &'a Record,
        related: &'a Related,
    ) -> Option<Image<'a>> {
        let entity: &Entity = self.schema.entity(entity)?;
        Some(Image { schema: &self.schema, entity, record, related })
    }
}

impl LiveObject {
    fn compile(
        row: &Connection,
        slug: &str,
        declaration: &ObjectDeclaration,
        mapping: &EntityMapping,
        schema: &Schema,
        zone: &TimeZone,
    ) -> Self {
        let compiled = CompiledObject::compile(slug, mapping, declaration, schema, zone);
        let searches = searches(&row.id, slug, mapping, schema, zone);
        let expressions =
            PlacedSet::of((row.workspace, row.no), NAMES_OF_RECORD, compiled.expressions());
        let walked = compiled.walked_paths().cloned().collect();
        Self {
            slug: slug.to_owned(),
            declaration: declaration.clone(),
            mapping: mapping.clone(),
            compiled,
            expressions,
            searches,
            walked,
        }
    }
}

fn searches(
    connection: &str,
    slug: &str,
    mapping: &EntityMapping,
    schema: &Schema,
    zone: &TimeZone,
) -> IndexMap<String, LiveSearch> {
    let search = |(event, action): (&String, &EventAction)| {
        let EventAction::Search { filter, sort } = action else { return None };
        let plan = schema.entity(&mapping.entity).and_then(|entity| {
            SearchPlan::compile(connection, slug, event, filter, schema, entity, zone).ok()
        });
        Some((event.clone(), LiveSearch { filter: filter.clone(), sort: sort.clone(), plan }))
    };
    mapping.events.iter().filter_map(search).collect()
}
