use jiff::tz::TimeZone;

use super::*;
use crate::entity::ColumnOption;

/// An object with one search.
fn searching(entity: &str, filter: Json) -> Mapping {
    let search = json!({"action": "search", "filter": filter,
        "sort": [{"column": "CreatedOn", "descending": true}]});
    let document =
        json!({"objects": {"deal": {"entity": entity, "fields": {}, "events": {"find": search}}}});
    Mapping::parse(&document).unwrap()
}

fn eq(column: &str, operand: Json) -> Json {
    let mut condition = json!({"column": column, "op": "eq"});
    condition.as_object_mut().unwrap().extend(operand.as_object().unwrap().clone());
    condition
}

fn payload(field: &str) -> Json {
    json!({ "payload": field })
}

fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap()
}

/// Whether the search is rekeyed when `before` is replaced by `after`.
#[track_caller]
fn check(before: &Mapping, after: &Mapping, expect: bool) {
    let shapes = |mapping: &Mapping| mapping.key_shapes("acme-crm", &schema(), &TimeZone::UTC);
    let expect: &[&str] = if expect { &["deal"] } else { &[] };
    assert_eq!(shapes(before).rekeyed(&shapes(after)), expect, "{before:?} → {after:?}");
}

#[test]
fn what_searches_compare_and_sort_by_gets_keys() {
    let filter = json!({"all": [eq("Stage.Name", json!({"value": "Proposal"})),
        eq("Amount", payload("amount")), eq("Stage.Owner.Name", payload("owner"))]});
    let keyed = searching("Opportunity", filter).keyed_columns(&schema());
    let keyed: Vec<_> = keyed.iter().map(|(e, c)| (e.as_str(), c.as_str())).collect();
    let expect = [
        ("Opportunity", "StageId"),
        ("Stage", "Name"),
        ("Opportunity", "Amount"),
        ("Opportunity", "CreatedOn"),
    ];
    assert_eq!(keyed, expect);
}

#[test]
fn subscriptions_are_rekeyed_when_their_keys_are_made_of_other_things() {
    let none = Mapping::default();
    let by_stage = || searching("Opportunity", eq("StageId", payload("stage")));
    let also_won = json!({"all": [eq("StageId", payload("stage")),
        eq("IsWon", json!({"value": true}))]});
    check(&none, &by_stage(), true);
    check(&by_stage(), &none, true);
    check(&by_stage(), &by_stage(), false);
    check(&by_stage(), &searching("Opportunity", also_won), false);
    check(&by_stage(), &searching("Stage", eq("Name", payload("stage"))), true);
    check(&by_stage(), &searching("Opportunity", eq("StageId", payload("step"))), true);
    check(&by_stage(), &searching("Opportunity", eq("Title", payload("stage"))), true);
}

#[test]
fn the_zone_counts_where_times_are_compared() {
    for (column, expect) in [("CreatedOn", true), ("Due", true), ("Title", false)] {
        let mapping = searching("Opportunity", eq(column, payload("it")));
        let shapes = |name| mapping.key_shapes("acme-crm", &schema(), &zone(name));
        let rekeyed = shapes("UTC").rekeyed(&shapes("Europe/Berlin"));
        assert_eq!(!rekeyed.is_empty(), expect, "{column}");
    }
}

#[test]
fn the_columns_count_that_are_compared() {
    let mut changed = schema();
    let options = vec![ColumnOption { value: "1".to_owned(), label: "One".to_owned() }];
    for column in &mut changed.entities.get_mut("Opportunity").unwrap().columns {
        if column.name == "Title" {
            column.options = Some(options.clone());
        }
    }
    for (column, expect) in [("Title", true), ("Amount", false)] {
        let mapping = searching("Opportunity", eq(column, payload("it")));
        let shapes = |schema: &Schema| mapping.key_shapes("acme-crm", schema, &TimeZone::UTC);
        let rekeyed = shapes(&schema()).rekeyed(&shapes(&changed));
        assert_eq!(!rekeyed.is_empty(), expect, "{column}");
    }
}
