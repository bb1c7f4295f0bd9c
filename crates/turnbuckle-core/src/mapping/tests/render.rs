use jiff::tz::TimeZone;

use super::*;
use crate::filter::Values;
use crate::value::Value;

/// A record out of the stored form of its columns, walked ones by their path.
struct Stored(Json);

impl Values for Stored {
    fn value(&self, path: &ColumnPath, column_type: ColumnType) -> Value {
        Value::from_stored(column_type, &self.0[path.to_string()])
    }
}

fn compile(fields: Json) -> CompiledObject {
    let mapping = Mapping::parse(&mapping(fields, json!({}))).unwrap();
    let Some(ObjectMapping::Entity(deal)) = mapping.objects.get("deal") else { unreachable!() };
    let objects = objects();
    let zone = TimeZone::fixed(jiff::tz::offset(2));
    CompiledObject::compile("deal", deal, objects.get("deal").unwrap(), &schema(), &zone)
}

/// Maps one field and renders a record with one column.
#[track_caller]
fn check_rendered(field: &str, mapping: Json, column: &str, stored: Json, expect: Json) {
    let compiled = compile(json!({ field: mapping }));
    let mut record = json!({});
    record[column] = stored;
    assert_eq!(
        compiled.render(&Stored(record.clone()), &[])[field],
        expect,
        "{mapping} of {record}"
    );
}

#[test]
fn unmapped_fields_are_null_and_objects_are_empty_in_declared_order() {
    let data = compile(json!({"flag": {"static": true}, "more": {"column": "Extra"}}))
        .render(&Stored(json!({})), &[]);
    assert_eq!(
        Json::Object(data).to_string(),
        r#"{"text":null,"time":null,"number":null,"whole":null,"flag":true,"more":{},"names":null}"#
    );
}

#[test]
fn children_carry_the_labels_of_the_user() {
    let children = json!({"children": {
        "Stage": {"column": "Stage.Name"}, "Chance %": {"column": "Probability"},
        "By": {"static": "us"}, "Nothing": {"empty": true}
    }});
    let record = Stored(json!({"Stage.Name": "Won", "Probability": 90}));
    let expect = json!({"Stage": "Won", "Chance %": 90, "By": "us", "Nothing": null});
    assert_eq!(compile(json!({ "more": children })).render(&record, &[])["more"], expect);
}

#[test]
fn a_value_is_adapted_to_the_type_of_its_field() {
    let guid = "3a6d2e34-6a5e-4a4e-9d8e-0d8a4bb0a001";
    let cases = [
        ("text", "Title", json!("Apple"), json!("Apple")),
        ("text", "Probability", json!(17), json!("17")),
        ("text", "Amount", json!(12.5), json!("12.5")),
        ("text", "Amount", json!("12345678901234567.89"), json!("12345678901234567.89")),
        ("text", "IsWon", json!(true), json!("true")),
        ("text", "Id", json!(guid), json!(guid)),
        ("text", "StageId", json!(guid), json!(guid)),
        ("text", "Due", json!("2024-01-31"), json!("2024-01-31")),
        ("text", "CreatedOn", json!("2024-01-31T10:00:00Z"), json!("2024-01-31T10:00:00Z")),
        ("time", "CreatedOn", json!("2024-01-31T10:00:00Z"), json!("2024-01-31T10:00:00Z")),
        // The day begins at midnight of the connection's zone, two hours before UTC's.
        ("time", "Due", json!("2024-01-31"), json!("2024-01-30T22:00:00Z")),
        ("number", "Amount", json!(12.5), json!(12.5)),
        ("number", "Amount", json!(350), json!(350)),
        (
            "number",
            "Amount",
            json!("12345678901234567.89"),
            "12345678901234567.89".parse().unwrap(),
        ),
        ("number", "Probability", json!(17), json!(17)),
        ("whole", "Probability", json!(17), json!(17)),
        ("whole", "Amount", json!(17), json!(17)),
        ("whole", "Amount", json!(17.5), json!(null)),
        ("flag", "IsWon", json!(false), json!(false)),
        ("flag", "IsWon", json!(null), json!(null)),
        ("more", "Extra", json!({"a": 1}), json!({"a": 1})),
        ("more", "Extra", json!(null), json!({})),
        ("names", "Tags", json!(["a", "b"]), json!(["a", "b"])),
        ("names", "Lines", json!(["a", 1, {}]), json!(["a", "1", null])),
    ];
    for (field, column, stored, expect) in cases {
        check_rendered(field, json!({ "column": column }), column, stored, expect);
    }
}

#[test]
fn a_date_is_iso_8601_text() {
    let cases = [
        ("text", "Due", json!("2024-01-31"), json!("2024-01-31")),
        ("time", "Due", json!("2024-01-31"), json!("2024-01-30T22:00:00Z")),
        ("time", "Probability", json!(1_706_745_600), json!("2024-02-01T00:00:00Z")),
        ("time", "Probability", json!(1_706_745_600_500i64), json!("2024-02-01T00:00:00.5Z")),
        ("time", "Title", json!("2024-01-31T10:00:00+01:00"), json!("2024-01-31T09:00:00Z")),
        ("text", "Title", json!("2024-01-31 10:00"), json!("2024-01-31T08:00:00Z")),
        ("time", "Title", json!("soon"), json!(null)),
        ("time", "Title", json!(null), json!(null)),
    ];
    for (field, column, stored, expect) in cases {
        let mapping = json!({ "column": column, "transform": "date" });
        check_rendered(field, mapping, column, stored, expect);
    }
}

#[test]
fn an_item_of_a_list_is_found_by_a_property() {
    let lines = || json!([1, {"kind": "tax", "sum": 2}, {"kind": "net", "sum": 9, "to": {"a": 1}}]);
    let find = |equals: &str, extract: Option<&str>| {
        json!({"column": "Lines", "transform": "find",
               "where": {"property": "kind", "equals": equals}, "extract": extract})
    };
    check_rendered("number", find("net", Some("sum")), "Lines", lines(), json!(9));
    check_rendered("text", find("net", Some("sum")), "Lines", lines(), json!("9"));
    check_rendered("flag", find("net", Some("sum")), "Lines", lines(), json!(null));
    check_rendered("more", find("net", Some("to")), "Lines", lines(), json!({"a": 1}));
    check_rendered("more", find("tax", None), "Lines", lines(), json!({"kind": "tax", "sum": 2}));
    check_rendered("more", find("gross", None), "Lines", lines(), json!({}));
    check_rendered("number", find("tax", Some("to")), "Lines", lines(), json!(null));
}

#[test]
fn one_property_of_every_item_is_collected() {
    let collect = json!({"column": "Lines", "transform": "collect", "property": "name"});
    let lines = json!([{"name": "a"}, {"other": 1}, 5, {"name": 7}, {"name": null}]);
    check_rendered("names", collect.clone(), "Lines", lines, json!(["a", "7", null]));
    check_rendered("names", collect, "Lines", json!(null), json!(null));
}

#[test]
fn a_compiled_object_lists_the_columns_that_it_needs() {
    let search = json!({"action": "search", "filter": {"all": [
        {"column": "Stage.Name", "op": "eq", "value": "Won"},
        {"column": "Title", "op": "eq", "payload": "title"}
    ]}});
    let mapping = Mapping::parse(&mapping(
        json!({"text": {"column": "Title"}, "more": {"children": {"N": {"column": "Amount"}}},
               "whole": {"column": "Gone"}}),
        json!({ "find": search }),
    ))
    .unwrap();
    let Some(ObjectMapping::Entity(deal)) = mapping.objects.get("deal") else { unreachable!() };
    let objects = objects();
    let deal = objects.get("deal").map(|it| (deal, it)).unwrap();
    let compiled = CompiledObject::compile("deal", deal.0, deal.1, &schema(), &TimeZone::UTC);
    let text = |path: &ColumnPath| path.to_string();
    let paths: Vec<String> = compiled.paths().iter().map(text).collect();
    assert_eq!(paths, ["Title", "Amount", "Stage.Name"]);
    assert_eq!(compiled.walked_paths().map(text).collect::<Vec<_>>(), ["Stage.Name"]);

    // A CRM that lost the entity still renders.
    let lost = CompiledObject::compile("deal", deal.0, deal.1, &Schema::default(), &TimeZone::UTC);
    assert_eq!(lost.render(&Stored(json!({})), &[])["text"], json!(null));
}

#[test]
fn what_expressions_came_to_is_fitted_to_the_fields() {
    let compiled = compile(json!({
        "number": {"expression": "a"}, "text": {"expression": "b"}, "flag": {"expression": "c"},
        "more": {"children": {"x": {"expression": "d"}, "y": {"static": 1}}},
    }));
    // In the order of the declared fields, not of the document.
    let order: Vec<_> = compiled.expressions().iter().map(|it| it.path.as_str()).collect();
    let expected = [
        "/fields/text/expression",
        "/fields/number/expression",
        "/fields/flag/expression",
        "/fields/more/children/x/expression",
    ];
    assert_eq!(order, expected);
    let computed = [json!(17), json!(2.5), json!("no boolean"), json!([1])];
    let data = compiled.render(&Stored(json!({})), &computed);
    assert_eq!(data["text"], json!("17"));
    assert_eq!(data["number"], json!(2.5));
    assert_eq!(data["flag"], json!(null));
    assert_eq!(data["more"], json!({"x": [1], "y": 1}));
    let without = compiled.render(&Stored(json!({})), &[]);
    assert_eq!(without["text"], json!(null));
}
