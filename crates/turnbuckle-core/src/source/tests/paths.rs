use std::borrow::Cow;

use proptest::prelude::*;

use super::*;
use crate::body::FilePart;

/// The only place that looks paths up.
fn found(path: &str) -> Result<Option<Json>, String> {
    let file = FilePart {
        name: "cv".to_owned(),
        file_name: "cv.pdf".to_owned(),
        content_type: None,
        size_bytes: 4,
        at: 0..4,
    };
    let value = json!({
        "form": {"email": "a@example.com", "a.b c": [{"c": 1}, null], "0": "zero", "it's \"x\"": true},
        "packed": "{\"answers\":[{\"id\":7,\"text\":\"yes\"}]}",
        "word": "true", "cut": "{\"a\":",
        "fields": [{"key": "NAME", "value": "Ann"}, 5, {"key": "AGE", "n": {"id": 5, "is": true}, "value": 33}],
    });
    let body = Body { value, files: vec![file] };
    let request = InboundRequest {
        body: &body,
        headers: &pairs(&[("X-Event-Id", "17"), ("Via", "a"), ("via", "b")]),
        query: &pairs(&[("utm_source", "mail"), ("tag", "1"), ("tag", "2")]),
        received_at: "2024-05-01T10:00:00Z".parse().unwrap(),
    };
    let element = json!({"x": "of item"});
    let scope = Scope { request: &request, item: Some((&element, 3)) };
    EventPath::parse(path).map(|path| path.find(&scope).map(Cow::into_owned))
}

#[track_caller]
fn check(path: &str, expect: Json) {
    assert_eq!(found(path), Ok(Some(expect)), "{path}");
}

#[track_caller]
fn check_absent(path: &str) {
    assert_eq!(found(path), Ok(None), "{path}");
}

#[test]
fn members_and_elements_are_reached_with_dots_and_brackets() {
    check("body.form.email", json!("a@example.com"));
    check("body[\"form\"]['email']", json!("a@example.com"));
    check("body.form[\"a.b c\"][0].c", json!(1));
    check("body.form[\"a.b c\"].0.c", json!(1));
    check("body.form[\"a.b c\"][1]", json!(null));
    check("body.form.0", json!("zero"));
    check("body.form['it\\'s \"x\"']", json!(true));
    for absent in [
        "body.form.phone",
        "body.form.email.x",
        "body.fields.9",
        "body.fields.x",
        "body.form[\"a.b c\"][1].c",
    ] {
        check_absent(absent);
    }
}

#[test]
fn the_rest_of_the_request_is_in_scope() {
    check("headers.x-event-id", json!("17"));
    check("headers[\"VIA\"]", json!("a, b"));
    check("headers", json!({"x-event-id": "17", "via": "a, b"}));
    check("query.utm_source", json!("mail"));
    check("query.tag", json!(["1", "2"]));
    check("query.tag[1]", json!("2"));
    check("files.0.file_name", json!("cv.pdf"));
    check("files[0].size_bytes", json!(4));
    check("received_at", json!("2024-05-01T10:00:00Z"));
    check("item.x", json!("of item"));
    check("index", json!(3));
    for absent in ["headers.x-other", "query.Tag", "files.1", "index.x", "headers[a=\"b\"]"] {
        check_absent(absent);
    }
}

#[test]
fn an_element_is_found_by_what_it_holds() {
    check("body.fields[key=\"AGE\"].value", json!(33));
    check("body.fields[n.id=\"5\"].key", json!("AGE"));
    check("body.fields[n.is='true'].key", json!("AGE"));
    for absent in ["body.fields[key=\"age\"].value", "body.form[email=\"a@example.com\"]"] {
        check_absent(absent);
    }
}

#[test]
fn a_text_that_is_json_is_walked_into() {
    check("body.packed.answers[id=\"7\"].text", json!("yes"));
    check("body.packed.answers.0", json!({"id": 7, "text": "yes"}));
    for absent in ["body.packed.other", "body.word.x", "body.cut.a"] {
        check_absent(absent);
    }
}

#[test]
fn what_is_not_a_path_is_refused() {
    for text in [
        "",
        "email",
        "Body.x",
        "bodyx",
        ".body",
        "body.",
        "body..x",
        "body.a b",
        "body[",
        "body[]",
        "body[x]",
        "body[-1]",
        "body[\"x]",
        "body[\"x\"",
        "body[\"x\"]y",
        "body[=\"x\"]",
        "body[a..b=\"x\"]",
        "body[a=x]",
        "body]",
    ] {
        assert!(found(text).is_err(), "{text}");
    }
    assert!(found(&format!("body.{}", "x".repeat(500))).is_err());
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "(body|item|query)([.=\"'\\[\\]\\\\a0é ]|\\PC){0,20}") {
        if let Ok(path) = EventPath::parse(&text) {
            prop_assert_eq!(path.to_string(), text.clone());
            let _ = found(&text);
        }
    }
}
