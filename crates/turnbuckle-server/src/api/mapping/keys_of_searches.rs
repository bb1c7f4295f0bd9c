//! What the store must build so that the searches of a mapping are fast: search
//! keys of the columns that they compare, and match keys of the subscriptions
//! to them.
//!
//! Search keys are only ever added. Match keys are built again when what they
//! are made of has changed: the mapping, the time zone of the connection, or
//! the columns of its entities. Keys that are built once too often cost time;
//! keys that are not built again would miss changes, so the comparison is
//! between documents, whether or not the app declares an object at present.

use indexmap::{IndexMap, IndexSet};
use serde_json::Value;
use turnbuckle_core::entity::{ColumnPath, Entity, Schema};
use turnbuckle_core::id::WorkspaceId;
use turnbuckle_core::mapping::{EntityMapping, EventAction, Mapping, ObjectMapping};
use turnbuckle_core::subscription::{KeyShape, SearchPlan};
use turnbuckle_store::StoreError;
use turnbuckle_store::connection::{Connection, PutMapping};

use crate::app::App;
use crate::catalog::LiveConnection;
use crate::problem::ApiError;

/// What saving `mapping` in place of the one of `live` asks of the store.
pub fn prepare(live: &LiveConnection, document: Value, mapping: &Mapping) -> PutMapping {
    PutMapping {
        mapping: document,
        keyed_columns: keyed_columns(mapping, &live.schema),
        rekeyed_objects: rekeyed(&shapes(live, &live.mapping), &shapes(live, mapping)),
    }
}

/// Has match keys built again if they are made of other things than `before`,
/// after something other than the mapping was changed. Answers the connection
/// if that was so.
pub async fn renew(
    app: &App,
    workspace: WorkspaceId,
    before: &LiveConnection,
) -> Result<Option<Connection>, ApiError> {
    let id = &before.row.id;
    loop {
        let live = app.catalog.connection(workspace, id).await?;
        let Some(document) = live.row.mapping.clone() else { return Ok(None) };
        let rekeyed = rekeyed(&shapes(before, &live.mapping), &shapes(&live, &live.mapping));
        if rekeyed.is_empty() {
            return Ok(None);
        }
        let keyed_columns = keyed_columns(&live.mapping, &live.schema);
        let put = PutMapping { mapping: document, keyed_columns, rekeyed_objects: rekeyed };
        match app.store.put_mapping(workspace, id, put, Some(live.row.version)).await {
            Err(StoreError::VersionMismatch { .. }) => {}
            Err(error) => return Err(error.into()),
            Ok(row) => {
                app.signals.mapping_saved.notify_one();
                return Ok(Some(row));
            }
        }
    }
}

/// What the match keys of each search of an object are made of.
type Shapes = IndexMap<String, IndexMap<String, (String, Option<KeyShape>)>>;

/// The shapes that `mapping` has with the schema and the zone of `live`.
fn shapes(live: &LiveConnection, mapping: &Mapping) -> Shapes {
    let object = |(slug, mapping): (&String, &EntityMapping)| {
        let entity = live.schema.entity(&mapping.entity);
        let searches = mapping.events.iter().filter_map(|(event, action)| {
            let EventAction::Search { filter, .. } = action else { return None };
            let plan = entity.and_then(|entity| {
                let (connection, zone) = (&live.row.id, &live.zone);
                let schema = &live.schema;
                SearchPlan::compile(connection, slug, event, filter, schema, entity, zone).ok()
            });
            let shape = plan.as_ref().map(SearchPlan::key_shape);
            Some((event.clone(), (mapping.entity.clone(), shape)))
        });
        (slug.clone(), searches.collect())
    };
    entity_mappings(mapping).map(object).collect()
}

/// Objects with a search that came, went, or has keys of another shape.
fn rekeyed(before: &Shapes, after: &Shapes) -> Vec<String> {
    let none = IndexMap::new();
    let of = |shapes: &Shapes, slug: &String| shapes.get(slug).unwrap_or(&none).clone();
    let slugs: IndexSet<&String> = before.keys().chain(after.keys()).collect();
    slugs.into_iter().filter(|slug| of(before, slug) != of(after, slug)).cloned().collect()
}

/// Entities and plain columns that searches compare or sort by. A path that
/// walks one lookup is narrowed in two steps: the looked-up records by their
/// column, then the records by their lookup.
fn keyed_columns(mapping: &Mapping, schema: &Schema) -> Vec<(String, String)> {
    let mut keyed = IndexSet::new();
    for (_, mapping) in entity_mappings(mapping) {
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

fn entity_mappings(mapping: &Mapping) -> impl Iterator<Item = (&String, &EntityMapping)> {
    mapping.objects.iter().filter_map(|(slug, mapping)| match mapping {
        ObjectMapping::Entity(mapping) => Some((slug, mapping)),
        ObjectMapping::OptedOut => None,
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;
    use turnbuckle_connectors::native;
    use turnbuckle_core::id::UnixMs;

    const AT: UnixMs = 0;

    fn live(time_zone: &str, mapping: &Value) -> LiveConnection {
        let row = Connection {
            workspace: WorkspaceId(1),
            id: "acme-crm".to_owned(),
            context: "acme".to_owned(),
            connector: "native".to_owned(),
            time_zone: time_zone.to_owned(),
            error: None,
            objects: None,
            mapping: Some(mapping.clone()),
            mapping_version: 1,
            version: 1,
            created_at: AT,
            updated_at: AT,
        };
        LiveConnection::compile(row, "default".to_owned(), Arc::new(native::standard_schema()))
    }

    /// An object with one search.
    fn mapping(entity: &str, filter: Value) -> Value {
        let search = json!({"action": "search", "filter": filter,
            "sort": [{"column": "CreatedOn", "descending": true}]});
        json!({"objects": {"deal": {"entity": entity, "fields": {}, "events": {"find": search}}}})
    }

    fn eq(column: &str, operand: Value) -> Value {
        let mut condition = json!({"column": column, "op": "eq"});
        condition.as_object_mut().unwrap().extend(operand.as_object().unwrap().clone());
        condition
    }

    fn payload(field: &str) -> Value {
        json!({ "payload": field })
    }

    /// Whether the search is rekeyed when `before` is replaced by `after`.
    #[track_caller]
    fn check(before: &Value, after: &Value, expect: bool) {
        let parsed = Mapping::parse(after).unwrap();
        let put = prepare(&live("UTC", before), after.clone(), &parsed);
        let rekeyed: &[&str] = if expect { &["deal"] } else { &[] };
        assert_eq!(put.rekeyed_objects, rekeyed, "{before} → {after}");
    }

    #[test]
    fn what_searches_compare_and_sort_by_gets_keys() {
        let filter = json!({"all": [eq("Stage.Name", json!({"value": "Proposal"})),
            eq("AccountId", payload("account_id")), eq("Account.Owner.Name", payload("owner"))]});
        let document = mapping("Opportunity", filter);
        let keyed = keyed_columns(&Mapping::parse(&document).unwrap(), &native::standard_schema());
        let keyed: Vec<_> = keyed.iter().map(|(e, c)| (e.as_str(), c.as_str())).collect();
        let stage = native::standard_schema();
        let stage = stage.entity("Opportunity").and_then(|it| it.walk("Stage")).unwrap();
        let expect = [
            ("Opportunity", "StageId"),
            (stage.lookup.as_deref().unwrap(), "Name"),
            ("Opportunity", "AccountId"),
            ("Opportunity", "CreatedOn"),
        ];
        assert_eq!(keyed, expect);
    }

    #[test]
    fn subscriptions_are_rekeyed_when_their_keys_are_made_of_other_things() {
        let none = json!({"objects": {}});
        let by_account = || mapping("Opportunity", eq("AccountId", payload("account")));
        let also_open = json!({"all": [eq("AccountId", payload("account")),
            eq("Title", json!({"value": "A"}))]});
        check(&none, &by_account(), true);
        check(&by_account(), &none, true);
        check(&by_account(), &by_account(), false);
        check(&by_account(), &mapping("Opportunity", also_open), false);
        check(&by_account(), &mapping("Order", eq("AccountId", payload("account"))), true);
        check(&by_account(), &mapping("Opportunity", eq("AccountId", payload("firm"))), true);
        check(&by_account(), &mapping("Opportunity", eq("Title", payload("account"))), true);
    }

    #[test]
    fn the_zone_counts_where_times_are_compared() {
        for (column, expect) in [("CreatedOn", true), ("AccountId", false)] {
            let document = mapping("Opportunity", eq(column, payload("it")));
            let (utc, berlin) = (live("UTC", &document), live("Europe/Berlin", &document));
            let differs = shapes(&utc, &utc.mapping) != shapes(&berlin, &berlin.mapping);
            assert_eq!(differs, expect, "{column}");
        }
    }
}
