use jiff::tz::TimeZone;
use proptest::prelude::*;

use super::*;
use crate::expression::Computed;
use crate::write::Planned;

/// The only place that plans an event.
fn planned(changes: Json, value: Json) -> EventPlan {
    let admitted = ["Lead", "Contact", "Order", "Opportunity"].map(str::to_owned);
    let request = InboundRequest {
        body: &body(value),
        headers: &[],
        query: &[],
        received_at: "2024-05-01T10:00:00Z".parse().unwrap(),
    };
    plan_event(&settings(changes), &schema(), &admitted, &request, &TimeZone::UTC, &[])
}

/// What a plan writes, as JSON: lookups as they were given.
pub(super) fn columns(values: &[(String, Planned)]) -> Json {
    let values = values.iter().map(|(column, planned)| {
        let value = match planned {
            Planned::Value(value) => value.clone().into_stored(),
            Planned::Lookup { given, .. } => json!({ "lookup": given }),
        };
        (column.clone(), value)
    });
    Json::Object(values.collect())
}

fn warnings(plan: &EventPlan) -> Vec<(&str, &str)> {
    plan.warnings.iter().map(|it| (it.path.as_str(), told(&it.detail))).collect()
}

#[track_caller]
fn check(
    changes: Json,
    value: Json,
    expect: &[(u32, &str, Json)],
    expect_warnings: &[(&str, &str)],
) {
    let plan = planned(changes, value);
    let records = plan.writes.as_ref().unwrap();
    let found: Vec<(u32, &str, Json)> = records
        .iter()
        .map(|it| (it.item_index, it.entity.as_str(), columns(&it.plan.values)))
        .collect();
    assert_eq!(found, expect);
    assert_eq!(warnings(&plan), expect_warnings);
}

#[track_caller]
fn check_failed(changes: Json, value: Json, expect: &str) {
    let failure = planned(changes, value).writes.unwrap_err();
    assert_eq!(failure.to_string(), expect);
}

#[test]
fn the_webhook_of_the_requirements_makes_a_lead_without_warnings() {
    let value = json!({
        "Contact": "New user",
        "Email": "new_user@gmail.com",
        "MobilePhone": "+1 617 221 5187",
        "CountryId": "f8af0e88-f36b-1410-fa98-00155d043204",
        "EntityName": "Lead"
    });
    let lead = json!({
        "Contact": "New user",
        "Email": "new_user@gmail.com",
        "MobilePhone": "+1 617 221 5187",
        "CountryId": {"lookup": "f8af0e88-f36b-1410-fa98-00155d043204"},
    });
    check(json!({}), value, &[(0, "Lead", lead)], &[]);
}

#[test]
fn what_does_not_fit_is_left_out_with_a_warning() {
    check(
        json!({}),
        json!({"EntityName": "Lead", "email": "a@example.com", "Age": "old", "Zebra/x": 1, "Id": "1", "Notes": "kept"}),
        &[(0, "Lead", json!({"Notes": "kept"}))],
        &[
            ("/email", "`email` is ignored: it is not a column of `Lead`; did you mean `Email`?"),
            ("/Zebra~1x", "`Zebra/x` is ignored: it is not a column of `Lead`"),
            ("/Age", "`Age` is left out"),
            ("/Id", "`Id` is set by the CRM"),
        ],
    );
}

#[test]
fn an_event_without_a_known_entity_fails_with_the_reason() {
    let no_entity = "the webhook names no entity: add `EntityName` or give the source a mapping";
    for value in
        [json!({}), json!({"EntityName": null}), json!({"EntityName": ""}), json!([]), json!([1])]
    {
        check_failed(json!({}), value, no_entity);
    }
    check_failed(
        json!({}),
        json!({"EntityName": ["Lead"]}),
        "`EntityName` must be the code of an entity, as text",
    );
    check_failed(
        json!({}),
        json!({"EntityName": "lead"}),
        "`lead` is not an entity of the connection; did you mean `Lead`?",
    );
    check_failed(
        json!({}),
        json!({"EntityName": "Account"}),
        "this source does not admit `Account`; it admits `Lead`, `Contact`, `Order`, `Opportunity`",
    );
    check_failed(
        json!({}),
        json!("Lead"),
        "the body is a text: an object or a list of objects can become records",
    );
}

#[test]
fn a_list_makes_a_record_of_each_object() {
    check(
        json!({}),
        json!([{"EntityName": "Lead", "Contact": "A"}, 5, {"EntityName": "Contact", "Name": "B", "Nam": 1}]),
        &[(0, "Lead", json!({"Contact": "A"})), (2, "Contact", json!({"Name": "B"}))],
        &[
            ("/1", "a number was left out: only objects become records"),
            ("/2/Nam", "`Nam` is ignored: it is not a column of `Contact`; did you mean `Name`?"),
        ],
    );
    check_failed(
        json!({}),
        json!([{"EntityName": "Lead"}, {"Contact": "A"}]),
        "item 1: the webhook names no entity: add `EntityName` or give the source a mapping",
    );
}

#[test]
fn a_thousand_items_are_taken_and_no_more() {
    let items = |count| Json::from(vec![json!({"EntityName": "Lead"}); count]);
    assert_eq!(planned(json!({}), items(ITEMS_MAX)).writes.unwrap().len(), ITEMS_MAX);
    let refused = "the webhook holds 1001 items; at most 1000 are taken";
    check_failed(json!({}), items(ITEMS_MAX + 1), refused);
    let mapping = json!({"mapping": {"entity": "Lead", "each": "body", "columns": {"Notes": {"path": "index"}}}});
    check_failed(mapping, items(ITEMS_MAX + 1), refused);
}

#[test]
fn warnings_are_bounded() {
    let mut value = json!({"EntityName": "Lead", "x".repeat(1_000_000): 1});
    for number in 0..150 {
        value[format!("Unknown{number}")] = json!(1);
    }
    let plan = planned(json!({}), value);
    assert_eq!(plan.warnings.len(), WARNINGS_MAX + 1);
    assert!(plan.warnings[0].detail.len() < 300);
    assert_eq!(plan.warnings[WARNINGS_MAX].detail, "51 more warnings are not shown");
}

#[test]
fn defaults_fill_what_is_missing_or_empty_and_never_overwrite() {
    let changes = json!({"defaults": {"Lead": {"LeadSourceId": "Web", "Notes": "none", "Contact": "Nobody", "Age": 1}, "Contact": {"Notes": "x"}}});
    let value = json!({"EntityName": "Lead", "Contact": "Ann", "Notes": null, "Age": "old"});
    let plan = planned(changes, value);
    let records = plan.writes.as_ref().unwrap();
    assert_eq!(columns(&records[0].plan.values), json!({"Contact": "Ann", "Notes": null}));
    let defaults =
        json!({"LeadSourceId": {"lookup": "Web"}, "Notes": "none", "Contact": "Nobody", "Age": 1});
    assert_eq!(columns(&records[0].defaults), defaults);
    assert_eq!(plan.warnings.len(), 1);
}

#[test]
fn records_are_matched_on_the_columns_of_their_entity() {
    let changes = json!({"match_on": {"Lead": ["Email", "Contact"]}});
    let value = json!([{"EntityName": "Lead"}, {"EntityName": "Contact"}]);
    let records = planned(changes, value).writes.unwrap();
    assert_eq!(records[0].match_on, ["Email", "Contact"]);
    assert!(records[1].match_on.is_empty());
}

#[test]
fn a_source_that_only_stores_writes_nothing_and_never_fails() {
    for value in [json!("x"), json!({}), json!({"EntityName": "Zebra"})] {
        check(json!({"create_records": false}), value, &[], &[]);
    }
}

#[test]
fn a_mapped_path_that_is_not_there_leaves_its_column_alone() {
    let mapping = json!({"mapping": {"entity": "Lead", "columns": {
        "Contact": {"path": "body.name"}, "Email": {"path": "body.email"}, "Notes": {"path": "body.notes"},
        "UtmSourceStr": {"static": "web"}, "Age": {"path": "body.name"},
    }}});
    check(
        mapping,
        json!({"EntityName": "Order", "name": "Ann", "notes": null}),
        &[(0, "Lead", json!({"Contact": "Ann", "Notes": null, "UtmSourceStr": "web"}))],
        &[("/Age", "`Age` is left out")],
    );
}

#[test]
fn each_makes_a_record_of_every_element() {
    let mapping = json!({"mapping": {"entity": "Lead", "each": "body.leads", "columns": {
        "Contact": {"path": "item.name"}, "Age": {"path": "index"}, "Notes": {"path": "body.form"},
    }}});
    check(
        mapping.clone(),
        json!({"form": "F", "leads": [{"name": "A"}, {"name": {"first": "B"}}]}),
        &[
            (0, "Lead", json!({"Contact": "A", "Age": 0, "Notes": "F"})),
            (1, "Lead", json!({"Age": 1, "Notes": "F"})),
        ],
        &[("/1/Contact", "`Contact` is left out")],
    );
    check(mapping.clone(), json!({"leads": []}), &[], &[]);
    check(
        mapping.clone(),
        json!({}),
        &[],
        &[("", "`body.leads` is not in the webhook, so it made no record")],
    );
    check_failed(
        mapping,
        json!({"leads": {"name": "A"}}),
        "`body.leads` is an object, and `each` needs a list",
    );
}

#[test]
fn an_element_of_which_nothing_can_be_read_is_left_out() {
    let mapping = |path: &str| {
        json!({"mapping": {"entity": "Lead", "each": "body", "columns": {
            "Contact": {"path": path}, "Notes": {"static": "batch"},
        }}})
    };
    let lead =
        |index, contact: &str| (index, "Lead", json!({"Contact": contact, "Notes": "batch"}));
    check(
        mapping("item.name"),
        json!(["Ada", {"name": "B"}, null, 5, "{\"name\":\"C\"}"]),
        &[lead(1, "B"), lead(4, "C")],
        &[
            ("/0", "a text was left out: no `item` path leads into it"),
            ("/2", "null was left out: no `item` path leads into it"),
            ("/3", "a number was left out: no `item` path leads into it"),
        ],
    );
    check(
        mapping("item"),
        json!(["Ada", null]),
        &[lead(0, "Ada")],
        &[("/1", "null was left out: no `item` path leads into it")],
    );
    check(mapping("index"), json!(["Ada"]), &[lead(0, "0")], &[]);
}

#[test]
fn a_mapped_entity_must_be_known_and_admitted() {
    let mapping = |entity: &str| json!({"mapping": {"entity": entity, "columns": {"Name": {"path": "body"}}}});
    check_failed(
        mapping("Contac"),
        json!({}),
        "`Contac` is not an entity of the connection; did you mean `Contact`?",
    );
    check_failed(
        mapping("Account"),
        json!({}),
        "this source does not admit `Account`; it admits `Lead`, `Contact`, `Order`, `Opportunity`",
    );
}

/// Bodies out of the names that the tests' CRM knows, so that chance gets far.
fn likely_body() -> impl Strategy<Value = Json> {
    let name = "EntityName|Contact|Email|Age|CountryId|Id|leads|\\PC{0,3}";
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<f64>().prop_map(Json::from),
        "Lead|Contact|[0-9.e-]{0,5}|\\PC{0,5}".prop_map(Json::from),
    ];
    leaf.prop_recursive(3, 24, 6, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Json::from),
            proptest::collection::vec((name, inner), 0..6)
                .prop_map(|members| Json::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn no_body_makes_it_panic(value in likely_body()) {
        let mapping = json!({"mapping": {"entity": "Lead", "each": "body.leads", "columns": {
            "Contact": {"path": "item.Contact"}, "Age": {"path": "body.leads[0].Age"}, "CountryId": {"path": "item"},
        }}});
        for changes in [json!({}), json!({"defaults": {"Lead": {"Age": 1}}}), mapping] {
            let plan = planned(changes, value.clone());
            for record in plan.writes.iter().flatten() {
                prop_assert!(["Lead", "Contact"].contains(&record.entity.as_str()));
            }
        }
    }
}

/// Plans with what the expressions of the mapping came to.
fn planned_with(mapping: Json, value: Json, computed: &[Vec<Computed>]) -> (EventPlan, Scopes) {
    let admitted = ["Lead".to_owned()];
    let settings = settings(json!({ "mapping": mapping }));
    let request = InboundRequest {
        body: &body(value),
        headers: &[("X-Id".into(), "7".into())],
        query: &[("a".into(), "1".into()), ("a".into(), "2".into())],
        received_at: "2024-05-01T10:00:00Z".parse().unwrap(),
    };
    let scopes = event_scopes(&settings, &request).map(|it| (it.shared, it.items));
    (plan_event(&settings, &schema(), &admitted, &request, &TimeZone::UTC, computed), scopes)
}

type Scopes = Option<(Json, Vec<Json>)>;

#[test]
fn expressions_are_evaluated_on_what_is_in_scope() {
    let mapping = json!({"entity": "Lead", "columns": {"Email": {"expression": "body.e"}}});
    let (plan, scopes) =
        planned_with(mapping, json!({"e": "a@b.c"}), &[vec![Ok(Some(json!("a@b.c")))]]);
    let shared = json!({"body": {"e": "a@b.c"}, "headers": {"x-id": "7"}, "query": {"a": ["1", "2"]},
        "files": [], "received_at": "2024-05-01T10:00:00Z"});
    assert_eq!(scopes, Some((shared, vec![json!({})])));
    let records = plan.writes.unwrap();
    assert_eq!(columns(&records[0].plan.values), json!({"Email": "a@b.c"}));

    let paths = json!({"entity": "Lead", "columns": {"Email": {"path": "body.e"}}});
    assert_eq!(planned_with(paths, json!({}), &[]).1, None, "nothing is evaluated for nothing");
}

#[test]
fn each_item_has_values_of_its_own_and_when_chooses_among_them() {
    let mapping = json!({"entity": "Lead", "each": "body", "when": "item.ok",
        "columns": {"Contact": {"expression": "item.n"}, "Email": {"expression": "item.e"}}});
    let value = json!([{"n": "a"}, {"n": "b"}, {"n": "c"}]);
    let computed = [
        vec![Ok(Some(json!(true))), Ok(Some(json!("a"))), Err("no such thing".to_owned())],
        vec![Ok(None), Ok(Some(json!("b"))), Ok(None)],
        vec![Ok(Some(json!(1))), Ok(None), Ok(Some(json!("c@b.c")))],
    ];
    let (plan, scopes) = planned_with(mapping.clone(), value.clone(), &computed);
    let items = scopes.unwrap().1;
    assert_eq!(items[2], json!({"item": {"n": "c"}, "index": 2}));
    let records = plan.writes.as_ref().unwrap();
    let written: Vec<_> =
        records.iter().map(|it| (it.item_index, columns(&it.plan.values))).collect();
    let expected = [(0, json!({"Contact": "a"})), (2, json!({"Email": "c@b.c"}))];
    assert_eq!(written, expected);
    let warned = "`Email` is left out, it has no value: no such thing";
    assert_eq!(plan.warnings, [Invalid::new("/0/Email", warned)]);

    let unclear = [computed[0].clone(), vec![Err("it broke".to_owned()), Ok(None), Ok(None)]];
    let failure = planned_with(mapping, value, &unclear).0.writes.unwrap_err();
    assert_eq!(failure.to_string(), "item 1: `when` has no value: it broke");
}
