use jiff::tz::TimeZone;
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::change::ChangeType::{self, Create, Delete, Update};
use crate::entity::{Column, ColumnPath, ColumnType, Entity, Schema};
use crate::filter::{Filter, Moment, Values, arbitrary};
use crate::value::Value;

fn schema() -> Schema {
    let columns = vec![
        Column::new("Title", "Name", ColumnType::Text),
        Column::new("Amount", "Amount", ColumnType::Decimal),
        Column::new("Due", "Due", ColumnType::Date),
        Column::new("AccountId", "Account", ColumnType::Text),
        Column::new("Note", "Note", ColumnType::Text),
    ];
    let entity = Entity {
        name: "Opportunity".to_owned(),
        label: "Opportunity".to_owned(),
        label_plural: "Opportunities".to_owned(),
        custom: false,
        display: "Title".to_owned(),
        columns,
    };
    Schema { entities: [(entity.name.clone(), entity)].into_iter().collect() }
}

fn plan_in(filter: Json, schema: &Schema, zone: &TimeZone) -> SearchPlan {
    let filter = Filter::parse(&filter).unwrap();
    let entity = schema.entity("Opportunity").unwrap();
    SearchPlan::compile("acme", "opportunity", "find", &filter, schema, entity, zone).unwrap()
}

fn plan(filter: Json) -> SearchPlan {
    plan_in(filter, &schema(), &TimeZone::UTC)
}

fn equal(column: &str, field: &str) -> Json {
    json!({"column": column, "op": "eq", "payload": field})
}

/// A record out of the stored form of its columns.
struct Stored(Json);

impl Values for Stored {
    fn value(&self, path: &ColumnPath, column_type: ColumnType) -> Value {
        Value::from_stored(column_type, &self.0[&path.column])
    }
}

/// Whether a change of a record with this image finds a subscription with this payload.
#[track_caller]
fn check_found(filter: Json, payload: Json, record: Json, is_found: bool) {
    let plan = plan(filter.clone());
    let stored_under = plan.keys_for_payload(payload.as_object().unwrap());
    let looked_up = plan.keys_for_record(&Stored(record.clone()));
    let found = looked_up.iter().any(|key| stored_under.contains(key));
    assert_eq!(found, is_found, "{filter} with {payload} on {record}");
}

#[test]
fn a_change_finds_the_subscriptions_with_equal_values() {
    let by_account = || json!({"all": [equal("AccountId", "account"), equal("Amount", "amount")]});
    let payload = || json!({"account": "ACME", "amount": 10});
    check_found(by_account(), payload(), json!({"AccountId": "acme", "Amount": 10.0}), true);
    check_found(by_account(), payload(), json!({"AccountId": "acme", "Amount": "10.00"}), true);
    check_found(by_account(), payload(), json!({"AccountId": "acme", "Amount": 11}), false);
    check_found(by_account(), payload(), json!({"AccountId": "other", "Amount": 10}), false);
}

#[test]
fn a_payload_null_finds_null() {
    let by_account = || equal("AccountId", "account");
    check_found(by_account(), json!({"account": null}), json!({}), true);
    check_found(by_account(), json!({"account": null}), json!({"AccountId": "a"}), false);
    check_found(by_account(), json!({"account": "a"}), json!({}), false);
}

#[test]
fn each_alternative_is_a_key_of_its_own() {
    let either = || json!({"any": [equal("Title", "title"), equal("Note", "note")]});
    check_found(either(), json!({"title": "x", "note": "y"}), json!({"Note": "Y"}), true);
    check_found(either(), json!({"title": "x", "note": "y"}), json!({"Title": "X"}), true);
    // The value of one column does not stand for that of the other.
    check_found(either(), json!({"title": "x", "note": "y"}), json!({"Title": "y"}), false);
}

#[test]
fn a_value_that_cannot_be_cast_gives_its_alternative_no_key() {
    let either = plan(json!({"any": [equal("Title", "title"), equal("Amount", "amount")]}));
    let keys = |payload: Json| either.keys_for_payload(payload.as_object().unwrap());
    assert_eq!(keys(json!({"title": "x", "amount": 7})).len(), 2);
    assert_eq!(keys(json!({"title": "x", "amount": "many"})).len(), 1);
    assert_eq!(keys(json!({"amount": "many"})), []);
}

#[test]
fn a_search_without_equality_has_one_key_for_all() {
    let above = plan(json!({"column": "Amount", "op": "gt", "payload": "amount"}));
    let shared = vec![search_key("acme", "opportunity", "find", None)];
    assert_eq!(above.keys_for_payload(&Map::new()), shared);
    assert_eq!(above.keys_for_record(&Stored(json!({"Amount": 3}))), shared);
    assert!(above.needs_recheck());
}

#[test]
fn a_plan_makes_the_keys_that_search_key_describes() {
    let both = plan(json!({"all": [equal("Title", "title"), equal("AccountId", "account")]}));
    let payload = json!({"title": "Deal", "account": "A1"});
    let account = crate::key::encode(&Value::Text("a1".to_owned()));
    let title = crate::key::encode(&Value::Text("deal".to_owned()));
    let values: [(&str, &[u8]); 2] = [("AccountId", &account), ("Title", &title)];
    let expect = search_key("acme", "opportunity", "find", Some(&values));
    assert_eq!(both.keys_for_payload(payload.as_object().unwrap()), [expect]);
    assert!(!both.needs_recheck());
}

#[test]
fn constants_are_judged_apart_from_keys() {
    let open = json!({"column": "Note", "op": "eq", "value": "open"});
    let plan = plan(json!({"all": [open, equal("Title", "title")]}));
    let moment = Moment { now: jiff::Timestamp::UNIX_EPOCH, zone: TimeZone::UTC };
    assert!(plan.constants_hold(&Stored(json!({"Note": "Open"})), &moment));
    assert!(!plan.constants_hold(&Stored(json!({"Note": "won"})), &moment));
}

#[test]
fn the_shape_changes_only_with_what_keys_are_made_of() {
    let by_title = |note: &str| json!({"all": [equal("Title", "title"), {"column": "Note", "op": "contains", "value": note}]});
    assert_eq!(plan(by_title("a")).key_shape(), plan(by_title("b")).key_shape());
    assert_ne!(plan(by_title("a")).key_shape(), plan(equal("Title", "name")).key_shape());
    assert_ne!(plan(by_title("a")).key_shape(), plan(equal("Note", "title")).key_shape());

    let mut retyped = schema();
    retyped.entities["Opportunity"].columns[0].column_type = ColumnType::Integer;
    let retyped = plan_in(by_title("a"), &retyped, &TimeZone::UTC);
    assert_ne!(plan(by_title("a")).key_shape(), retyped.key_shape());
}

#[test]
fn a_time_zone_is_part_of_the_shape_only_where_it_places_a_value() {
    let elsewhere = TimeZone::fixed(jiff::tz::offset(2));
    let shape =
        |column: &str, zone: &TimeZone| plan_in(equal(column, "f"), &schema(), zone).key_shape();
    assert_eq!(shape("Title", &TimeZone::UTC), shape("Title", &elsewhere));
    assert_ne!(shape("Due", &TimeZone::UTC), shape("Due", &elsewhere));
}

#[test]
fn a_column_that_is_gone_is_named() {
    let filter = Filter::parse(&equal("Titl", "title")).unwrap();
    let schema = schema();
    let entity = schema.entity("Opportunity").unwrap();
    let compiled =
        SearchPlan::compile("acme", "o", "find", &filter, &schema, entity, &TimeZone::UTC);
    let wrong = compiled.expect_err("there is no such column");
    assert!(wrong[0].detail.contains("did you mean `Title`?"), "{wrong:?}");
}

#[test]
fn keys_of_different_kinds_are_different() {
    assert_ne!(record_key("a", "b", "c"), search_key("a", "b", "c", None));
    assert_ne!(search_key("a", "b", "c", None), search_key("a", "b", "c", Some(&[("d", b"e")])));
}

proptest! {
    #[test]
    fn keys_are_positive_and_do_not_collide_by_concatenation(
        connection in "[ab]{0,3}", entity in "[ab]{0,3}", id in "[ab]{0,3}",
        other_connection in "[ab]{0,3}", other_entity in "[ab]{0,3}", other_id in "[ab]{0,3}",
    ) {
        let key = record_key(&connection, &entity, &id);
        let other = record_key(&other_connection, &other_entity, &other_id);
        let is_same =
            (connection, entity, id) == (other_connection, other_entity, other_id);
        prop_assert!(0 <= key.0);
        prop_assert_eq!(key == other, is_same);
    }

    #[test]
    fn every_match_is_found(
        filter in arbitrary::arb_filter(false),
        payload in arbitrary::arb_payload(),
        data in arbitrary::arb_record_data(),
        moment in arbitrary::arb_moment(),
    ) {
        let schema = arbitrary::schema();
        let entity = arbitrary::entity(&schema);
        let bound = filter.bind(&schema, entity, &payload, &TimeZone::UTC).unwrap();
        let plan =
            SearchPlan::compile("c", "o", "e", &filter, &schema, entity, &TimeZone::UTC).unwrap();
        let record = arbitrary::Sample(data);
        let stored_under = plan.keys_for_payload(&payload);
        let is_found = plan.constants_hold(&record, &moment)
            && plan.keys_for_record(&record).iter().any(|key| stored_under.contains(key));
        prop_assert!(stored_under.len() <= SearchPlan::KEYS_MAX);
        prop_assert!(is_found || !bound.matches(&record, &moment));
    }

    #[test]
    fn a_payload_is_the_same_in_any_order_of_its_members(
        members in proptest::collection::btree_map("[a-c\"é]{0,3}", any::<i64>(), 0..6),
    ) {
        let forth: Map<String, Json> =
            members.iter().map(|(name, value)| (name.clone(), json!({"b": value, "a": [value]}))).collect();
        let back: Map<String, Json> =
            members.iter().rev().map(|(name, value)| (name.clone(), json!({"a": [value], "b": value}))).collect();
        prop_assert_eq!(payload_identity(&forth), payload_identity(&back));
        let read: Map<String, Json> = serde_json::from_str(&payload_identity(&forth)).unwrap();
        prop_assert_eq!(read, forth);
    }
}

#[test]
fn payloads_that_differ_are_told_apart() {
    let identity = |payload: Json| payload_identity(payload.as_object().unwrap());
    assert_eq!(identity(json!({"b": 1, "a": "x"})), r#"{"a":"x","b":1}"#);
    assert_ne!(identity(json!({"a": "1"})), identity(json!({"a": 1})));
    assert_ne!(identity(json!({"a": null})), identity(json!({})));
    assert_ne!(identity(json!({"a": [1, 2]})), identity(json!({"a": [2, 1]})));
}

#[test]
fn a_search_is_told_of_what_enters_stays_and_leaves() {
    // (change, mapped changed, matches before, after) → told
    let table = [
        ((Create, false, false, true), true),
        ((Create, true, false, false), false),
        ((Update, false, false, false), false),
        ((Update, true, false, false), false),
        ((Update, false, false, true), true),
        ((Update, true, false, true), true),
        ((Update, false, true, false), true),
        ((Update, true, true, false), true),
        ((Update, false, true, true), false),
        ((Update, true, true, true), true),
        ((Delete, false, true, false), true),
        ((Delete, true, false, false), false),
    ];
    for ((change_type, mapped_changed, before, after), is_told) in table {
        assert_eq!(
            search_verdict(change_type, mapped_changed, before, after),
            is_told.then_some(change_type),
            "{change_type:?} mapped_changed={mapped_changed} {before}→{after}"
        );
    }
}

#[test]
fn a_record_is_told_of_every_change_but_of_unmapped_columns() {
    let table: [(ChangeType, bool, bool); 6] = [
        (Create, false, true),
        (Create, true, true),
        (Update, false, false),
        (Update, true, true),
        (Delete, false, true),
        (Delete, true, true),
    ];
    for (change_type, mapped_changed, is_told) in table {
        assert_eq!(record_verdict(change_type, mapped_changed), is_told.then_some(change_type));
    }
}
