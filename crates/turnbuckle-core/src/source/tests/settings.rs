use super::*;

/// The only place that expects settings to be refused when read.
#[track_caller]
fn check_refused(changes: Json, expect: &[(&str, &str)]) {
    let mut document = json!({"name": "a", "connection": "acme-crm"});
    for (name, value) in changes.as_object().unwrap() {
        document[name] = value.clone();
    }
    let invalid = SourceSettings::parse(&document).unwrap_err();
    let found: Vec<(&str, &str)> =
        invalid.iter().map(|it| (it.path.as_str(), told(&it.detail))).collect();
    assert_eq!(found, expect);
}

/// The only place that expects settings not to fit the CRM.
#[track_caller]
fn check_unfit(changes: Json, expect: &[(&str, &str)]) {
    let invalid = settings(changes).check(&schema());
    let found: Vec<(&str, &str)> =
        invalid.iter().map(|it| (it.path.as_str(), told(&it.detail))).collect();
    assert_eq!(found, expect);
}

#[test]
fn settings_are_read_and_written_back() {
    let document = json!({
        "name": "landingi", "connection": "acme-crm", "entities": ["Lead", "Contact"],
        "create_records": false, "reply": "processed", "match_on": {"Lead": ["Email"]},
        "defaults": {"Lead": {"LeadSourceId": "Web"}},
        "mapping": {"entity": "Lead", "columns": {"Email": {"path": "item[\"e.mail\"]"}, "Notes": {"static": null}}, "each": "body.leads"},
        "function": null, "verify": null, "dedupe": {"header": "x-event-id"}, "origins": ["https://example.com", "http://localhost:3000", "*"],
        "redirect": "https://example.com/thanks", "rate_limit": {"per_second": 5},
    });
    let read = SourceSettings::parse(&document).unwrap();
    assert_eq!(read.to_json(), document);
    assert_eq!(read.check(&schema()), []);
    assert_eq!(serde_json::from_value::<SourceSettings>(document).unwrap(), read);
}

#[test]
fn everything_but_name_and_connection_may_be_left_out_or_null() {
    let bare = settings(json!({}));
    assert!(bare.create_records);
    assert_eq!(bare.reply, Reply::Accepted);
    let members = bare.to_json();
    let nulls: Map<String, Json> = members
        .as_object()
        .unwrap()
        .keys()
        .filter(|name| !matches!(name.as_str(), "name" | "connection"))
        .map(|name| (name.clone(), Json::Null))
        .collect();
    assert_eq!(settings(Json::Object(nulls)), bare);
}

#[test]
fn every_wrong_member_is_named() {
    check_refused(
        json!({"name": "", "conection": 1, "reply": "later", "entities": []}),
        &[
            ("/reply", "must be `accepted` or `processed`, not `later`"),
            ("/name", "`name` must be one line of 1 to 200 characters, not all blank"),
            ("/entities", "name an entity, or null for the list of the workspace"),
            ("/conection", "`conection` is not a member here; did you mean `connection`?"),
        ],
    );
    check_refused(json!({"connection": null}), &[("/connection", "`connection` is missing")]);
    check_refused(
        json!({"rate_limit": {"per_second": 0}}),
        &[("/rate_limit/per_second", "`per_second` must be at least 1")],
    );
    check_refused(
        json!({"match_on": {"A/B": []}}),
        &[("/match_on/A~1B", "name 1 to 5 columns to match `A/B` on")],
    );
    check_refused(
        json!({"origins": ["https://example.com/", "https://example.com/page", "ftp://example.com", "example.com"]}),
        &[
            (
                "/origins/1",
                "`https://example.com/page` is not an origin: write `https://example.com`, or `*` for any",
            ),
            (
                "/origins/2",
                "`ftp://example.com` is not an origin: write `https://example.com`, or `*` for any",
            ),
            (
                "/origins/3",
                "`example.com` is not an origin: write `https://example.com`, or `*` for any",
            ),
        ],
    );
    check_refused(
        json!({"redirect": "/thanks"}),
        &[("/redirect", "`redirect` must be a whole URL, `http://…` or `https://…`")],
    );
    assert_eq!(
        SourceSettings::parse(&json!([])).unwrap_err(),
        [Invalid::new("", "must be an object")]
    );
}

#[test]
fn expressions_are_texts() {
    check_refused(
        json!({"mapping": {"entity": "Lead", "columns": {"Email": {"expression": ""}}, "when": 1}}),
        &[
            ("/mapping/columns/Email/expression", "an expression is not empty"),
            ("/mapping/when", "an expression is a text of JavaScript"),
        ],
    );
}

#[test]
fn a_mapping_names_its_wrong_members() {
    check_refused(
        json!({"mapping": {"columns": {"A": {"path": "body..x"}, "B": {"path": "item.x"}, "C": "body.x", "D": {}, "E": {"path": 1}}}}),
        &[
            ("/mapping/entity", "`entity` is missing"),
            (
                "/mapping/columns/A/path",
                "`body..x` is not a path: write `body.form.email` or `body[\"a name\"][0]`",
            ),
            ("/mapping/columns/B/path", "`item` and `index` need an `each` that names a list"),
            (
                "/mapping/columns/C",
                "write `{\"path\": …}`, `{\"static\": …}` or `{\"expression\": …}`",
            ),
            (
                "/mapping/columns/D",
                "write `{\"path\": …}`, `{\"static\": …}` or `{\"expression\": …}`",
            ),
            ("/mapping/columns/E/path", "a path is a text, e.g. `body.form.email`"),
        ],
    );
    check_refused(
        json!({"mapping": {"entity": "Lead", "columns": {}, "each": "item.x"}}),
        &[
            ("/mapping/each", "`each` names the list itself: start with `body`"),
            ("/mapping/columns", "`columns` must be an object that maps a column"),
        ],
    );
}

#[test]
fn a_function_goes_with_what_has_an_effect() {
    let function = |runs: &str| json!({"name": "clean", "runs": runs, "repeat_cut_off": true});
    for runs in ["before", "instead"] {
        let read = settings(json!({"function": function(runs)}));
        assert_eq!(read.to_json()["function"], function(runs));
    }
    let read = settings(json!({"function": {"name": "clean", "runs": "before"}}));
    assert!(
        !read.function.unwrap().repeat_cut_off,
        "a call is made once unless its source says so"
    );
    check_refused(
        json!({"function": {"nam": "clean", "runs": "after"}}),
        &[
            ("/function/name", "`name` is missing"),
            ("/function/runs", "must be `before` or `instead`, not `after`"),
            ("/function/nam", "`nam` is not a member here; did you mean `name`?"),
        ],
    );
    check_refused(
        json!({"function": {"name": "a b"}}),
        &[
            ("/function/name", "`name` must have 1 to 100 letters, digits and `_`, no digit first"),
            ("/function/runs", "`runs` is missing"),
        ],
    );
    let no_effect = |name: &str| {
        format!(
            "`{name}` has no effect, as the function runs instead of making records; \
             leave it out, or let the function run `before`"
        )
    };
    check_refused(
        json!({
            "function": function("instead"),
            "mapping": {"entity": "Lead", "columns": {"Email": {"path": "body"}}},
            "match_on": {"Lead": ["Email"]},
            "defaults": {"Lead": {"LeadSourceId": "Web"}},
        }),
        &[
            ("/mapping", &no_effect("mapping")),
            ("/match_on", &no_effect("match_on")),
            ("/defaults", &no_effect("defaults")),
        ],
    );
    check_refused(
        json!({"function": function("before"), "create_records": false}),
        &[(
            "/create_records",
            "a source that only stores runs no function; to make no records leave \
             `create_records` on and let the function run `instead`",
        )],
    );
}

#[test]
fn what_a_function_returns_takes_the_place_of_the_body() {
    let value = |returned: Json| returned_body(&returned).map(|body| body.map(|body| body.value));
    for same in [json!({"a": 1.50}), json!([1]), json!(false)] {
        assert_eq!(value(same.clone()), Ok(Some(same)));
    }
    assert_eq!(value(json!(r#"{"a":[1]}"#)), Ok(Some(json!({"a": [1]}))));
    for nothing in [json!(null), json!(""), json!(" "), json!("null"), json!([]), json!("[]")] {
        assert_eq!(value(nothing), Ok(None));
    }
    let refused = value(json!("a=1")).unwrap_err();
    assert!(refused.starts_with("it returned a text that is not JSON: "), "{refused}");
}

#[test]
fn dedupe_is_one_header_or_one_path_of_the_body() {
    let both = "write either `{\"header\": …}` or `{\"path\": …}`; \
                a patch keeps the other unless it sets it to null";
    check_refused(json!({"dedupe": {}}), &[("/dedupe", both)]);
    check_refused(json!({"dedupe": {"header": "x-id", "path": "body.id"}}), &[("/dedupe", both)]);
    check_refused(
        json!({"dedupe": {"header": "x id"}}),
        &[("/dedupe/header", "`header` must be the name of a header")],
    );
    check_refused(
        json!({"dedupe": {"path": "query.id"}}),
        &[("/dedupe/path", "`path` must start with `body`")],
    );
}

#[test]
fn names_that_the_crm_lacks_are_refused_with_the_nearest() {
    check_unfit(
        json!({
            "entities": ["Leed"],
            "match_on": {"Lead": ["email", "Id", "Answers"], "Zebra": ["A"]},
            "defaults": {"Contact": {"Surnam": "x", "Age": "old"}},
            "mapping": {"entity": "Contact", "columns": {"Emal": {"path": "body"}, "Id": {"path": "body"}, "Age": {"static": "old"}}},
        }),
        &[
            ("/entities/0", "`Leed` is not an entity of the connection; did you mean `Lead`?"),
            ("/match_on/Lead/0", "`email` is not a column of `Lead`; did you mean `Email`?"),
            ("/match_on/Lead/1", "`Id` is set by the CRM"),
            ("/match_on/Lead/2", "`Answers` cannot be compared"),
            ("/match_on/Zebra", "`Zebra` is not an entity of the connection"),
            (
                "/defaults/Contact/Surnam",
                "`Surnam` is not a column of `Contact`; did you mean `Surname`?",
            ),
            ("/defaults/Contact/Age", "`Age` is refused"),
            ("/mapping/entity", "`Contact` is not among the `entities` of this source"),
            ("/mapping/columns/Emal", "`Emal` is not a column of `Contact`; did you mean `Email`?"),
            ("/mapping/columns/Id", "`Id` is set by the CRM"),
            ("/mapping/columns/Age", "`Age` is refused"),
        ],
    );
}

#[test]
fn a_dedupe_key_is_what_the_sender_gave_or_nothing() {
    let headers = pairs(&[("X-Event-Id", " 17 "), ("x-empty", "")]);
    let body = json!({"id": 18446744073709551615_u64, "text": "a", "none": null, "list": [1, {"b": 2}], "empty": " "});
    let check = |dedupe: Option<Json>, expect: Option<&str>| {
        let dedupe = dedupe.map(|document| Dedupe::parse(&document).unwrap());
        assert_eq!(dedupe_key(dedupe.as_ref(), &headers, &body).as_deref(), expect, "{dedupe:?}");
    };
    check(None, None);
    check(Some(json!({"header": "x-event-ID"})), Some("17"));
    check(Some(json!({"header": "x-empty"})), None);
    check(Some(json!({"header": "x-other"})), None);
    check(Some(json!({"path": "body.id"})), Some("18446744073709551615"));
    check(Some(json!({"path": "body.text"})), Some("a"));
    check(Some(json!({"path": "body.list"})), Some("[1,{\"b\":2}]"));
    for absent in ["body.none", "body.other", "body.empty"] {
        check(Some(json!({"path": absent})), None);
    }
}

#[test]
fn a_long_dedupe_key_is_hashed() {
    let dedupe = Some(Dedupe::Header("id".to_owned()));
    let key = |length: usize| {
        dedupe_key(dedupe.as_ref(), &pairs(&[("id", &"x".repeat(length))]), &Json::Null).unwrap()
    };
    assert_eq!(key(DEDUPE_KEY_BYTES_MAX), "x".repeat(DEDUPE_KEY_BYTES_MAX));
    assert!(key(501).starts_with("sha256:") && key(501).len() == 71);
    assert_ne!(key(501), key(502));
}

#[test]
fn a_source_key_is_hashed_with_sha_256() {
    assert_eq!(source_key_hash("abc")[..4], [0xba, 0x78, 0x16, 0xbf]);
}
