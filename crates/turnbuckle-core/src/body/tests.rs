use proptest::prelude::*;
use serde_json::json;

use super::*;

/// The only place that calls the function under test.
fn decoded(content_type: &str, raw: impl AsRef<[u8]>) -> Result<Body, BodyError> {
    decode(Some(content_type), raw.as_ref(), true)
}

#[track_caller]
fn check(content_type: &str, raw: impl AsRef<[u8]>, expect: Json) {
    assert_eq!(decoded(content_type, raw).map(|body| body.value), Ok(expect));
}

#[track_caller]
fn check_unsupported(content_type: &str, raw: impl AsRef<[u8]>) {
    let expect = BodyError::Unsupported { content_type: content_type.to_owned() };
    assert_eq!(decoded(content_type, raw), Err(expect));
}

#[track_caller]
fn check_malformed(content_type: &str, raw: impl AsRef<[u8]>, at: Position) {
    match decoded(content_type, raw) {
        Err(BodyError::Malformed { position, .. }) => assert_eq!(position, at),
        other => panic!("expected a malformed body, got {other:?}"),
    }
}

/// A form of the parts given, with the boundary `b`.
fn form(parts: &[&str]) -> String {
    let mut body: String = parts.iter().map(|part| format!("--b\r\n{part}\r\n")).collect();
    body.push_str("--b--\r\n");
    body
}

const FORM: &str = "multipart/form-data; boundary=b";
const URLENCODED: &str = "application/x-www-form-urlencoded";

#[test]
fn json_is_known_by_its_names() {
    for name in [
        "application/json",
        "Application/JSON; charset=UTF-8",
        "application/json;charset=\"utf-8\"",
        "application/vnd.api+json",
        "text/json",
        "application/json; charset=iso-8859-1",
    ] {
        check(name, r#"{"a":1}"#, json!({"a": 1}));
    }
    check("application/json", "\u{feff}[1]", json!([1]));
    check("application/json", r#"{"id":18446744073709551615}"#, json!({"id": u64::MAX}));
}

#[test]
fn a_missing_type_means_json_where_the_caller_says_so() {
    for missing in [None, Some(""), Some("  ")] {
        assert_eq!(decode(missing, b"{}", true).map(|body| body.value), Ok(json!({})));
        assert!(matches!(decode(missing, b"{}", false), Err(BodyError::Unsupported { .. })));
    }
}

#[test]
fn other_types_and_character_sets_are_unsupported() {
    check_unsupported("text/plain", "{}");
    check_unsupported("application/xml", "<a/>");
    check_unsupported("text/html+json", "{}");
    check_unsupported("application/json; charset=iso-8859-1", b"\"\xe9\"");
    check_unsupported("application/json; charset=utf-16", b"{\0}\0");
    check_unsupported("application/x-www-form-urlencoded; charset=windows-1252", b"a=\xe9");
}

#[test]
fn malformed_json_names_its_position() {
    let line = |line, column| Position::Line { line, column };
    check_malformed("application/json", "{\n  \"a\": 1\n  \"b\": 2\n}", line(3, 3));
    check_malformed("application/json", "", line(1, 0));
    check_malformed("application/json", "{} x", line(1, 4));
    check_malformed("application/json", b"[1,\n\"\xff\"]", line(2, 2));
    for (raw, detail) in [
        (b"{\"a\":}".as_slice(), "line 1 column 6: expected value"),
        (b" ", "line 1 column 0: it is empty"),
        (b"\"\xff\"", "line 1 column 2: it is not UTF-8"),
        (b"{\"a\":[1", "line 1 column 7: it ends within a list"),
        (b"1 2", "line 1 column 3: something follows the value"),
        (b"[1,]", "line 1 column 4: nothing follows the comma"),
        (b"\"\\ud800\"", "line 1 column 8: half of a surrogate pair stands alone"),
    ] {
        let error = decoded("application/json", raw).unwrap_err().to_string();
        assert_eq!(error, format!("the body cannot be parsed at {detail}"));
    }
}

#[test]
fn json_may_nest_a_hundred_levels_and_no_more() {
    let nested = |levels| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    assert!(decoded("application/json", nested(DEPTH_MAX)).is_ok());
    for too_deep in [nested(DEPTH_MAX + 1), "[".repeat(1_000_000)] {
        let error = decoded("application/json", format!("[1,\n{too_deep}]")).unwrap_err();
        let told =
            "the body cannot be parsed at line 2 column 100: it nests deeper than 100 levels";
        assert_eq!(error.to_string(), told);
    }
    check("application/json", r#"["[[\"[[", "{{\\"]"#, json!(["[[\"[[", "{{\\"]));
}

#[test]
fn no_member_has_a_name_of_the_parsers_own() {
    for (raw, column) in [
        (r#"{"$serde_json::private::RawValue":"[]"}"#, 2),
        (r#"{"$serde_json::private::Number" : "12"}"#, 2),
        (r#"[{"a":{"\u0024serde\u005fjson::private::RawValue":"[]"}}]"#, 8),
    ] {
        let error = decoded("application/json", raw).unwrap_err();
        let told = "no member may be named `$serde_json::private::…`";
        let place = format!("the body cannot be parsed at line 1 column {column}: {told}");
        assert_eq!(error.to_string(), place);
    }
    let fine = r#"{"$serde_json":1,"$a":"$serde_json::private::Number","\"":["$serde_json::private::Number"]}"#;
    assert!(decoded("application/json", fine).is_ok());
}

#[test]
fn urlencoded_names_stay_as_they_are_and_repeats_make_lists() {
    check(URLENCODED, "", json!({}));
    check(
        URLENCODED,
        "a=1+2&b=%C3%A9%20&c&=d&a=3&a=4",
        json!({"a": ["1 2", "3", "4"], "b": "é ", "c": "", "": "d"}),
    );
    check(
        URLENCODED,
        "data[merges][EMAIL]=x&t[]=1&t%5B%5D=2",
        json!({"data[merges][EMAIL]": "x", "t[]": ["1", "2"]}),
    );
    check(URLENCODED, "&a=%zz%4&&b==c+%2B&", json!({"a": "%zz%4", "b": "=c +"}));
}

#[test]
fn a_field_that_is_not_utf8_is_named_with_its_position() {
    let check = |content_type: &str, raw: &[u8], at: usize, detail: &str| {
        let position = Position::Byte(at);
        let expect = BodyError::Malformed { detail: detail.to_owned(), position };
        assert_eq!(decoded(content_type, raw), Err(expect));
    };
    check(URLENCODED, b"a=1&b=%E9", 6, "the field `b` is not UTF-8");
    check(URLENCODED, b"a=1&b=\xe9", 6, "the field `b` is not UTF-8");
    check(URLENCODED, b"a=1&%E9=1", 4, "the name of a field is not UTF-8");
    let part = b"--b\r\nContent-Disposition: form-data; name=a\r\n\r\nt\xe9\r\n--b--";
    check(FORM, part, 48, "the field `a` is not UTF-8");
    let part = b"--b\r\nContent-Disposition: form-data; name=\xe9\r\n\r\n1\r\n--b--";
    check(FORM, part, 5, "the headers of a part are not UTF-8");
    let file = b"--b\r\nContent-Disposition: form-data; name=a; filename=f\r\n\r\n\xe9\r\n--b--";
    assert_eq!(decoded(FORM, file).unwrap().value, json!({"a": "f"}), "a file is bytes");
}

#[test]
fn multipart_fields_are_texts_and_repeats_make_lists() {
    let body = form(&[
        "Content-Disposition: form-data; name=\"Email\"\r\n\r\na@example.com",
        "content-disposition: form-data; name=note\r\nContent-Type: text/plain\r\n\r\nline 1\r\nline 2\r\n",
        "Content-Disposition: form-data; name=\"t[]\"\r\n\r\n1",
        "Content-Disposition: form-data; name=\"t[]\"\r\n\r\n",
    ]);
    let expect =
        json!({"Email": "a@example.com", "note": "line 1\r\nline 2\r\n", "t[]": ["1", ""]});
    check(FORM, &body, expect.clone());
    check(FORM, format!("preamble\r\n{body}epilogue"), expect);
    check(
        "multipart/form-data; boundary=\"b\"; charset=utf-8",
        body.replace("--b\r", "--b \t\r"),
        json!({"Email": "a@example.com", "note": "line 1\r\nline 2\r\n", "t[]": ["1", ""]}),
    );
    check(FORM, "--b\nContent-Disposition: form-data; name=a\n\n1\n--b--", json!({"a": "1"}));
    check(FORM, "--b--", json!({}));
}

#[test]
fn a_line_that_only_begins_like_the_boundary_is_content() {
    let body = form(&["Content-Disposition: form-data; name=a\r\n\r\n--bc\r\n --b\r\nx--b--"]);
    check(FORM, body, json!({"a": "--bc\r\n --b\r\nx--b--"}));
}

#[test]
fn files_are_listed_and_their_member_holds_the_name() {
    let body = form(&[
        "Content-Disposition: form-data; name=\"cv\"; filename=\"C:\\docs\\a \\\"b\\\".pdf\"\r\nContent-Type: application/pdf\r\n\r\n%PDF",
        "Content-Disposition: form-data; name=\"photo\"; filename=\"\"\r\nContent-Type: application/octet-stream\r\n\r\n",
        "Content-Disposition: form-data; name*=utf-8''f%C3%BCr; filename*=UTF-8''%e2%82%ac%20x.txt\r\n\r\n1",
        "Content-Disposition: form-data; name=\"q%22%0D%0A%41\"\r\n\r\n2",
    ]);
    let body = decoded(FORM, body).unwrap();
    let name = r#"C:\docs\a "b".pdf"#;
    assert_eq!(body.value, json!({"cv": name, "photo": "", "für": "€ x.txt", "q\"\r\n%41": "2"}));
    assert_eq!(
        serde_json::to_value(&body.files).unwrap(),
        json!([
            {"name": "cv", "file_name": name, "content_type": "application/pdf", "size_bytes": 4},
            {"name": "für", "file_name": "€ x.txt", "content_type": null, "size_bytes": 1},
        ])
    );
}

#[test]
fn a_form_that_was_cut_off_or_has_no_names_is_malformed() {
    check_malformed("multipart/form-data", "--b--", Position::Byte(0));
    check_malformed(FORM, "", Position::Byte(0));
    check_malformed(FORM, "--c--", Position::Byte(0));
    let cut = "--b\r\nContent-Disposition: form-data; name=a\r\n\r\n1";
    check_malformed(FORM, cut, Position::Byte(cut.len()));
    check_malformed(FORM, form(&["X: y\r\n\r\n1"]), Position::Byte(5));
    check_malformed(FORM, form(&["Content-Disposition: form-data\r\n\r\n1"]), Position::Byte(5));
}

/// Bytes out of which forms and JSON are made, so that chance gets far.
fn likely_bytes() -> impl Strategy<Value = Vec<u8>> {
    let pieces: &[&[u8]] = &[
        b"--b",
        b"--",
        b"\r\n",
        b"\n",
        b"Content-Disposition: form-data; name=",
        b"\"",
        b"a",
        b";",
        b"filename*=utf-8''%",
        b"=",
        b"\\",
        b"%4",
        b"&",
        b"{",
        b"[",
        b"]",
        b"}",
        b":",
        b"1e9",
        b"\xff",
    ];
    let piece = proptest::sample::select(pieces.to_vec());
    proptest::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(
        content_type in prop_oneof![
            Just(FORM.to_owned()),
            Just(URLENCODED.to_owned()),
            Just("application/json".to_owned()),
            "[ -~]{0,40}",
            "multipart/form-data;[ -~]{0,20}",
        ],
        raw in prop_oneof![likely_bytes(), any::<Vec<u8>>()],
    ) {
        let _ = decoded(&content_type, raw);
    }

    #[test]
    fn a_form_gives_back_what_was_put_in(
        fields in proptest::collection::btree_map("[a-z]{1,8}", "[^\u{0}]{0,20}", 0..6),
    ) {
        let expect: Map<String, Json> =
            fields.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
        let mut parts = String::new();
        for (name, value) in &fields {
            parts += &format!("--0f\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
        }
        let body = decoded("multipart/form-data; boundary=0f", parts + "--0f--").unwrap();
        prop_assert_eq!(&body.value, &Json::Object(expect.clone()));
        let encoded = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&fields).finish();
        prop_assert_eq!(decoded(URLENCODED, encoded).unwrap().value, Json::Object(expect));
    }
}

#[test]
fn an_object_that_was_sent_as_a_form_is_an_object() {
    let decoded = |raw: &[u8]| decode(Some(URLENCODED), raw, true).unwrap().value;
    assert_eq!(decoded(br#" {"a": {"b": 1}} "#), json!({"a": {"b": 1}}));
    assert_eq!(decoded(br#"{"a": 1"#), json!({r#"{"a": 1"#: ""}));
    assert_eq!(decoded(b"[1]"), json!({"[1]": ""}));
}
