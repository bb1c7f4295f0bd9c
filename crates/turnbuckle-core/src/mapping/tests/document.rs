use super::*;

#[track_caller]
fn check_refused(document: Json, expect: &[(&str, &str)]) {
    check_listed(&Mapping::parse(&document).expect_err("the document is wrong"), expect);
}

#[test]
fn a_mapping_is_written_as_it_was_read() {
    let document = mapping(
        json!({
            "text": {"column": "Stage.Name"},
            "time": {"column": "Due", "transform": "date"},
            "number": {"column": "Lines", "transform": "find",
                       "where": {"property": "kind", "equals": "net"}, "extract": "sum"},
            "whole": {"empty": true},
            "flag": {"static": true},
            "more": {"children": {"Stage / now": {"column": "Stage.Name"}, "~": {"static": "x"}}},
            "names": {"column": "Lines", "transform": "collect", "property": "name"}
        }),
        json!({
            "find": {"action": "search",
                     "filter": {"all": [{"column": "Title", "op": "eq", "payload": "title"}]},
                     "sort": [{"column": "CreatedOn", "descending": true}]},
            "make": {"action": "create",
                     "columns": {"Title": {"payload": "title"}, "IsWon": {"static": false}}},
            "change": {"action": "noop"},
            "drop": {"action": "delete"}
        }),
    );
    let mapping = Mapping::parse(&document).unwrap();
    assert_eq!(mapping.to_json(), document);
    assert_eq!(listed(&mapping.check(&objects(), &schema(), &[])), []);
    assert!(mapping.is_complete("deal", objects().get("deal").unwrap()));

    let opted_out = json!({"objects": {"deal": {"entity": null}}});
    assert_eq!(Mapping::parse(&opted_out).unwrap().to_json(), opted_out);
}

#[test]
fn expressions_are_kept_as_written_and_found_by_their_places() {
    let document = mapping(
        json!({"text": {"expression": "record.Title\n"},
               "more": {"children": {"a/b": {"expression": "1"}, "c": {"static": 1}}}}),
        json!({"make": {"action": "create", "columns": {
            "Title": {"expression": "payload.a"}, "Amount": {"static": 1}}}}),
    );
    let parsed = Mapping::parse(&document).unwrap();
    assert_eq!(parsed.to_json(), document);
    let (of_records, of_payloads) = parsed.expressions();
    let shown = |placed: Vec<Placed>| -> Vec<(String, String)> {
        placed.into_iter().map(|it| (it.path, it.expression.to_string())).collect()
    };
    let pair = |path: &str, text: &str| (path.to_owned(), text.to_owned());
    let expected = [
        pair("/objects/deal/fields/text/expression", "record.Title\n"),
        pair("/objects/deal/fields/more/children/a~1b/expression", "1"),
    ];
    assert_eq!(shown(of_records), expected);
    let expected = [pair("/objects/deal/events/make/columns/Title/expression", "payload.a")];
    assert_eq!(shown(of_payloads), expected);

    check_refused(
        mapping(
            json!({"text": {"expression": " "}, "more": {"children": {"Mail": {"expression": 1}}}}),
            json!({"drop": {"action": "delete", "when": "true"}}),
        ),
        &[
            ("/fields/text/expression", "an expression is not empty"),
            ("/fields/more/children/Mail/expression", "an expression is a text of JavaScript"),
            ("/events/drop/when", "`when` is not known here"),
        ],
    );
}

#[test]
fn what_an_event_writes_by_expressions_is_what_they_came_to() {
    let document = mapping(
        json!({}),
        json!({"make": {"action": "create", "columns": {
            "Title": {"expression": "a"}, "Amount": {"payload": "amount"},
            "Due": {"expression": "b"}, "Notes": {"expression": "c"}}}}),
    );
    let parsed = Mapping::parse(&document).unwrap();
    let ObjectMapping::Entity(deal) = &parsed.objects["deal"] else { panic!() };
    let payload = Map::from_iter([("amount".to_owned(), json!(5))]);
    let make = &deal.events["make"];
    let written =
        make.write_input(&payload, vec![Ok(Some(json!("x"))), Ok(None), Ok(Some(Json::Null))]);
    assert_eq!(Json::Object(written.unwrap()), json!({"Title": "x", "Amount": 5, "Notes": null}));
    let failed = vec![Err("it broke".to_owned()), Ok(None), Err("so did it".to_owned())];
    let wrong = make.write_input(&payload, failed).unwrap_err();
    let expected = [
        Invalid::new("/columns/Title/expression", "it broke"),
        Invalid::new("/columns/Notes/expression", "so did it"),
    ];
    assert_eq!(wrong, expected);
}

#[test]
fn every_wrong_member_of_a_field_is_named() {
    check_refused(
        mapping(
            json!({
                "a": {"colum": "Title"},
                "b": {},
                "c": {"column": "Title", "static": 1},
                "d": {"column": "A.B.C.D"},
                "e": {"column": "Due", "transform": "dat"},
                "f": {"column": "Lines", "transform": "find", "where": {"property": "k"}},
                "g": {"column": "Lines", "transform": "collect", "where": {}},
                "h": {"empty": false},
                "i": {"children": {" x": {"empty": true}, "y": {"children": {}}}},
                "j": []
            }),
            json!({}),
        ),
        &[
            ("/fields/a/colum", "`colum` is not known here; did you mean `column`?"),
            ("/fields/b", "must have one of `column`, `static`, `expression`, `children`, `empty`"),
            ("/fields/c", "can have only one of `column`, `static`"),
            (
                "/fields/d/column",
                "`A.B.C.D` is not a column path: write `Column` or `Lookup.Column`, \
                 up to two lookups",
            ),
            (
                "/fields/e/transform",
                "`transform` must be one of `direct`, `date`, `find`, `collect`; \
                 did you mean `date`?",
            ),
            ("/fields/f/where/equals", "`equals` must be given; it may be any value"),
            ("/fields/g/where", "`where` is not known here"),
            ("/fields/g/property", "`property` must be a text and may not be empty"),
            ("/fields/h/empty", "`empty` is `true` or left out"),
            ("/fields/i/children/ x", "a label has 1 to 200 characters and no blanks around it"),
            ("/fields/i/children/y/children", "a child has no children of its own"),
            ("/fields/j", "must be a JSON object"),
        ],
    );
}

#[test]
fn every_wrong_member_of_an_event_is_named() {
    check_refused(
        mapping(
            json!({}),
            json!({
                "a": {"action": "serch"},
                "b": {"action": "search"},
                "c": {"action": "search", "filter": {"all": []}, "sort": [{"column": "T", "desc": 1}]},
                "d": {"action": "create"},
                "e": {"action": "update", "columns": {"Title": {"paylod": "t"}}},
                "f": {"action": "delete", "columns": {}}
            }),
        ),
        &[
            (
                "/events/a/action",
                "`action` must be one of `search`, `create`, `update`, `delete`, `noop`; \
                 did you mean `search`?",
            ),
            ("/events/b/filter", "`filter` must be given; `{\"all\":[]}` matches everything"),
            ("/events/c/sort/0/desc", "`desc` is not known here"),
            ("/events/d/columns", "must be a JSON object"),
            (
                "/events/e/columns/Title/paylod",
                "`paylod` is not known here; did you mean `payload`?",
            ),
            ("/events/f/columns", "`columns` is not known here"),
        ],
    );
}

#[test]
fn an_object_that_is_opted_out_maps_nothing() {
    check_refused(
        json!({"objects": {"deal": {"entity": null, "fields": {"text": {"empty": true}}}}}),
        &[("/fields", "an object that is opted out (`\"entity\":null`) has no `fields`")],
    );
}

#[test]
fn what_is_declared_must_be_mapped_or_opted_out_of() {
    let deal = |events: Json| Mapping::parse(&mapping(json!({}), events)).unwrap();
    let missing = Mapping::default().completeness(&objects());
    assert_eq!(listed(&missing), [("/objects/deal", "`deal` is not mapped to an entity")]);

    let noop = json!({"action": "noop"});
    let partial = deal(json!({"find": noop, "make": noop, "change": noop}));
    let missing = partial.completeness(&objects());
    assert_eq!(listed(&missing), [("/objects/deal/events/drop", "`drop` has no action")]);

    // Fields may stay unmapped: they read as null.
    let whole = deal(json!({"find": noop, "make": noop, "change": noop, "drop": noop}));
    assert_eq!(whole.completeness(&objects()), []);

    // Whoever maps says so.
    let unfinished = whole.unfinished(&objects());
    assert_eq!(unfinished.len(), objects().get("deal").unwrap().fields.len());
    assert_eq!(unfinished[0].path, "/objects/deal/fields/text");

    let opted_out = Mapping::parse(&json!({"objects": {"deal": {"entity": null}}})).unwrap();
    assert_eq!(opted_out.completeness(&objects()), []);
    assert_eq!(opted_out.unfinished(&objects()), []);
}

#[test]
fn a_write_skips_what_the_payload_lacks_and_null_clears() {
    let columns = json!({"Title": {"payload": "title"}, "Amount": {"payload": "amount"},
                         "Extra": {"payload": "extra"}, "IsWon": {"static": false}});
    let events =
        json!({"change": {"action": "update", "columns": columns}, "drop": {"action": "delete"}});
    let mapping = Mapping::parse(&mapping(json!({}), events)).unwrap();
    let Some(ObjectMapping::Entity(deal)) = mapping.objects.get("deal") else { unreachable!() };
    let payload = json!({"title": "New", "amount": null, "lines": []});
    let payload = payload.as_object().unwrap();
    let written = deal.events["change"].write_input(payload, Vec::new()).unwrap();
    assert_eq!(Json::Object(written), json!({"Title": "New", "Amount": null, "IsWon": false}));
    assert_eq!(deal.events["drop"].write_input(payload, Vec::new()), Ok(Map::new()));
}
