use serde_json::json;

use super::*;

/// The example of seed 000, fields and search event in one document.
fn seed() -> Json {
    json!({
        "opportunity": {
            "fields": {
                "document_name": {
                    "type": "string",
                    "label": "Document Name",
                    "description": "The name of the document to pre-populate during document creation."
                },
                "document_tags": {
                    "type": "object",
                    "label": "Document Tags",
                    "description": "Tags to apply to the document during creation"
                }
            },
            "events": {
                "find_proposal_opportunities": {
                    "type": "search",
                    "label": "Find Opportunities in Proposal",
                    "payloadSchema": { "account_id": { "label": "Account ID", "type": "string" } }
                }
            }
        }
    })
}

#[track_caller]
fn check_refused(document: Json, expect: &[(&str, &str)]) {
    let wrong = Objects::parse(&document).expect_err("the document is wrong");
    let found: Vec<(&str, &str)> =
        wrong.iter().map(|it| (it.path.as_str(), it.detail.as_str())).collect();
    assert_eq!(found, expect);
}

/// Declares one field and offers it a payload value.
#[track_caller]
fn check_payload(field: Json, value: Json, is_admitted: bool) {
    let document =
        json!({"o": {"events": {"e": {"type": "create", "payloadSchema": {"f": field}}}}});
    let objects = Objects::parse(&document).unwrap();
    let payload = Map::from_iter([("f".to_owned(), value)]);
    let wrong = objects.get("o").unwrap().events["e"].check_payload(&payload);
    let paths: Vec<&str> = wrong.iter().map(|it| it.path.as_str()).collect();
    assert_eq!(paths, if is_admitted { vec![] } else { vec!["/payload/f"] }, "{payload:?}");
}

#[test]
fn the_seed_is_read_and_given_back_word_for_word() {
    let objects = Objects::parse(&seed()).unwrap();
    assert_eq!(objects.to_json().to_string(), seed().to_string());
    let opportunity = objects.get("opportunity").unwrap();
    assert_eq!(opportunity.label, None);
    assert_eq!(opportunity.fields["document_tags"].field_type, FieldType::Object);
    let event = &opportunity.events["find_proposal_opportunities"];
    assert_eq!(event.event_type, EventType::Search);
    assert_eq!(event.payload_schema["account_id"].label.as_deref(), Some("Account ID"));
}

#[test]
fn what_was_not_given_stays_out() {
    let document = json!({"lead": {}, "deal": {"fields": {}, "label": null}});
    assert_eq!(Objects::parse(&document).unwrap().to_json(), document);
}

#[test]
fn an_event_may_say_name_for_label() {
    let document = json!({"o": {"events": {"e": {"type": "update", "name": "Signed"}}}});
    let objects = Objects::parse(&document).unwrap();
    assert_eq!(objects.get("o").unwrap().events["e"].label.as_deref(), Some("Signed"));
    assert_eq!(objects.to_json(), document);
}

#[test]
fn every_mistake_is_named_at_once() {
    check_refused(
        json!({"o": {
            "filds": {},
            "fields": {"a": {"type": "sting"}, "b": {"label": 7}, "c/d": {"type": "string"}},
            "events": {"e": {"type": "serch", "payload_schema": {}}, "f": []}
        }}),
        &[
            ("/o/filds", "`filds` is not known here; did you mean `fields`?"),
            (
                "/o/fields/c~1d",
                "`field` must be 1 to 100 characters out of letters, digits and `-_.`, and neither `.` nor `..`",
            ),
            (
                "/o/fields/a/type",
                "`type` must be one of `string`, `number`, `integer`, `boolean`, `object`, `array`; \
                 did you mean `string`?",
            ),
            ("/o/fields/b/label", "`label` must be a text of at most 200 characters"),
            (
                "/o/fields/b/type",
                "`type` must be one of `string`, `number`, `integer`, `boolean`, `object`, `array`",
            ),
            (
                "/o/events/e/payload_schema",
                "`payload_schema` is not known here; did you mean `payloadSchema`?",
            ),
            (
                "/o/events/e/type",
                "`type` must be one of `search`, `create`, `update`, `delete`; did you mean `search`?",
            ),
            ("/o/events/f", "must be a JSON object"),
        ],
    );
}

#[test]
fn a_format_belongs_to_strings_and_arrays() {
    check_refused(
        json!({"o": {"fields": {
            "a": {"type": "integer", "format": "datetime"},
            "b": {"type": "string", "format": "date"},
            "c": {"type": "array", "format": "datetime"}
        }}}),
        &[
            ("/o/fields/a/format", "only a `string` or an `array` has a `format`"),
            ("/o/fields/b/format", "`format` must be one of `datetime`"),
            (
                "/o/fields/c/format",
                "`format` must be one of `string`, `number`, `integer`, `boolean`, `object`",
            ),
        ],
    );
}

#[test]
fn the_number_of_objects_is_bounded() {
    let many =
        |count: usize| (0..count).map(|i| (format!("o{i}"), json!({}))).collect::<Map<_, _>>();
    assert!(Objects::parse(&Json::Object(many(OBJECTS_MAX))).is_ok());
    check_refused(Json::Object(many(OBJECTS_MAX + 1)), &[("", "has 101 members; at most 100")]);
}

#[test]
fn a_payload_value_is_of_the_declared_type_or_null() {
    let string = json!({"type": "string"});
    let integer = json!({"type": "integer"});
    let number = json!({"type": "number"});
    let datetime = json!({"type": "string", "format": "datetime"});
    let names = json!({"type": "array", "format": "string"});
    let anything = json!({"type": "array", "format": null});
    let cases = [
        (&string, json!("x"), true),
        (&string, json!(null), true),
        (&string, json!(7), false),
        (&integer, json!(3), true),
        (&integer, json!(u64::MAX), true),
        (&integer, json!(3.0), false),
        (&integer, json!("3"), false),
        (&number, json!(3.5), true),
        (&number, json!("3.5"), false),
        (&datetime, json!("2024-02-29T10:00:00+01:00"), true),
        (&datetime, json!("2023-02-29T10:00:00Z"), false),
        (&datetime, json!("2024-02-29"), false),
        (&names, json!(["a", null]), true),
        (&names, json!(["a", 1]), false),
        (&names, json!("a"), false),
        (&anything, json!(["a", 1, {}]), true),
    ];
    for (field, value, is_admitted) in cases {
        check_payload(field.clone(), value, is_admitted);
    }
    check_payload(json!({"type": "boolean"}), json!("true"), false);
    check_payload(json!({"type": "object"}), json!([]), false);
}

#[test]
fn a_payload_member_outside_the_schema_is_named() {
    let objects = Objects::parse(&seed()).unwrap();
    let event = &objects.get("opportunity").unwrap().events["find_proposal_opportunities"];
    let payload = Map::from_iter([("acount_id".to_owned(), json!("45678"))]);
    let detail = "`acount_id` is not in the payload schema of this event; \
                  did you mean `account_id`?";
    assert_eq!(event.check_payload(&payload), [Invalid::new("/payload/acount_id", detail)]);
    assert_eq!(event.check_payload(&Map::new()), []);
}
