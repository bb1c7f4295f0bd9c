use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::routing::post;
use http_body_util::BodyExt;
use serde::Deserialize;
use serde_json::Value;
use tower::ServiceExt;

use super::*;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Outer {
    #[serde(default)]
    inner: Vec<Inner>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Inner {
    name: String,
    #[serde(default)]
    count: u8,
    #[serde(default)]
    side: Option<Side>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Side {
    Left,
    Right,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Page {
    limit: Option<u8>,
    cursor: Option<String>,
}

const BODY_BYTES_MAX: usize = 1000;

/// Status, and the problem if there is one.
async fn ask(path: &str, content_type: Option<&str>, body: impl Into<Body>) -> (u16, Value) {
    let router: Router = Router::new()
        .route(
            "/json",
            post(async |JsonBody(body): JsonBody<Outer>| {
                body.inner
                    .iter()
                    .map(|inner| format!("{}{}{:?}", inner.name, inner.count, inner.side))
                    .collect::<String>()
            }),
        )
        .route(
            "/query",
            post(async |QueryParams(page): QueryParams<Page>| {
                format!("{:?} {:?}", page.limit, page.cursor)
            }),
        )
        .route(
            "/path/{number}",
            post(async |PathParams(number): PathParams<u8>| number.to_string()),
        )
        .route("/no-path", post(async |_: PathParams<u8>| ()))
        .with_state(BodyBounds { bytes_max: BODY_BYTES_MAX, timeout: Duration::from_secs(60) });
    let mut request = Request::post(path);
    if let Some(content_type) = content_type {
        request = request.header(CONTENT_TYPE, content_type);
    }
    let response = router.oneshot(request.body(body.into()).unwrap()).await.unwrap();
    let status = response.status().as_u16();
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
}

/// The problem must be `slug`, and its text must hold `part`.
async fn check(path: &str, body: impl Into<Body>, slug: &str, part: &str) {
    let (_, problem) = ask(path, None, body).await;
    assert_eq!(problem["type"], format!("https://turnbuckle.dev/problems/{slug}"), "{problem}");
    assert!(problem.to_string().contains(part), "{problem} says {part}");
}

#[tokio::test]
async fn a_missing_content_type_means_json() {
    for declared in [
        None,
        Some("application/json"),
        Some("Application/JSON; charset=utf-8"),
        Some("application/vnd.acme+json"),
    ] {
        assert_eq!(ask("/json", declared, "{}").await.0, 200, "{declared:?}");
    }
    for declared in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/xml",
        "",
        "application/json; charset=utf-16",
        "application/json;charset=\"iso-8859-1\"",
    ] {
        assert_eq!(ask("/json", Some(declared), "{}").await.0, 415, "{declared:?}");
    }
}

#[tokio::test]
async fn malformed_json_is_located() {
    let malformed = "malformed-json";
    check("/json", "{\n  \"inner\": [,]\n}", malformed, "line 2 column 13").await;
    check("/json", "{} x", malformed, "line 1 column 4").await;
    check("/json", "{", malformed, "line 1 column 1").await;
    check("/json", " \n", malformed, "it is empty").await;
    check("/json", r#"{"inner":["#, malformed, "line 1 column 10: it ends within a list").await;
    let deep = "line 1 column 101: it nests deeper than 100 levels";
    check("/json", "[".repeat(900), malformed, deep).await;
    check("/json", b"{\"inner\":[{\"name\":\"\xff\"}]}".as_slice(), malformed, "line 1 column")
        .await;
    check("/json", r#"{"inner":[{"name":"\ud800"}]}"#, malformed, "line 1 column").await;
}

#[tokio::test]
async fn a_wrong_member_is_named() {
    let invalid = "invalid-request";
    for (body, path, detail) in [
        (r#"{"inner":[{"nam":"x"}]}"#, "/inner/0/nam", "did you mean `name`?"),
        (r#"{"zebra":1}"#, "/zebra", "known are `inner`"),
        (r#"{"inner":[{"name":"x"},{}]}"#, "/inner/1/name", "`name` is required"),
        (r#"{"inner":[{"name":7}]}"#, "/inner/0/name", "must be a string, not 7"),
        (r#"{"inner":[{"name":"x","side":"up"}]}"#, "/inner/0/side", "must be `left` or `right`"),
        (r#"{"inner":[{"name":"x","side":1}]}"#, "/inner/0/side", "must be a string"),
        (r#"{"inner":[{"name":"x","count":300}]}"#, "/inner/0/count", "from 0 to 255, not 300"),
        (r#"{"a/b":1}"#, "/a~1b", "`a/b` is not known"),
        (r#"{"inner":[],"inner":[]}"#, "/inner", "`inner` is given twice"),
        (r#"{"inner":[{"name":"x","name":"y"}]}"#, "/inner/0/name", "`name` is given twice"),
    ] {
        check("/json", body, invalid, &format!(r#""path":"{path}""#)).await;
        check("/json", body, invalid, detail).await;
    }
    for body in ["[]", "null", " [[\"x\", 1]]", "7"] {
        check("/json", body, invalid, "the body must be a JSON object").await;
    }
}

#[tokio::test]
async fn what_a_sender_wrote_is_not_repeated_at_length() {
    let (_, problem) = ask("/json", None, format!(r#"{{"{}":1}}"#, "é".repeat(450))).await;
    assert!(problem.to_string().len() < 1200, "{problem}");
}

#[tokio::test]
async fn a_body_beyond_the_limit_is_too_large() {
    check("/json", " ".repeat(BODY_BYTES_MAX + 1), "payload-too-large", "413").await;
    check("/json", " ".repeat(BODY_BYTES_MAX + 1), "payload-too-large", "1000 bytes").await;
}

#[tokio::test]
async fn a_wrong_query_parameter_is_named() {
    assert_eq!(ask("/query?limit=7&cursor=a%20b", None, "").await.0, 200);
    assert_eq!(ask("/query", None, "").await.0, 200);
    let invalid = "invalid-request";
    check("/query?limt=7", "", invalid, r#""path":"?limt""#).await;
    check("/query?limt=7", "", invalid, "did you mean `limit`?").await;
    for (given, detail) in
        [("many", "is a whole number"), ("", "is a whole number"), ("1e99", "is a whole number")]
    {
        check(&format!("/query?limit={given}"), "", invalid, r#""path":"?limit""#).await;
        check(&format!("/query?limit={given}"), "", invalid, detail).await;
    }
    let long = "9".repeat(30);
    check(&format!("/query?limit={long}"), "", invalid, "is a smaller number").await;
    check("/query?limit=1&limit=2", "", invalid, r#""path":"?limit""#).await;
    check("/query?limit=1&limit=2", "", invalid, "`limit` is given twice").await;
}

#[tokio::test]
async fn a_wrong_path_parameter_is_the_senders_and_an_absent_one_ours() {
    assert_eq!(ask("/path/7", None, "").await.0, 200);
    check("/path/seven", "", "invalid-request", "seven").await;
    check("/path/%ff", "", "invalid-request", "UTF-8").await;
    check("/no-path", "", "internal", "500").await;
}
