//! `If-Match` and `If-None-Match`: what they guard, and that no call drops them.

mod support;

use http::{Method, StatusCode};
use serde_json::{Value as Json, json};
use support::{TestHub, problem};
use turnbuckle_server::api::openapi;

const CONNECTION: &str = "/api/v1/connections/acme-crm";

/// Every described call, and whether it takes `If-Match`.
fn calls() -> Vec<(Method, String, bool)> {
    let document: Json = serde_json::from_str(&openapi::rendered()).unwrap();
    let mut calls = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let Ok(method) = method.to_uppercase().parse() else { continue };
            let parameters = operation["parameters"].as_array().into_iter().flatten();
            let takes = parameters.filter(|it| it["name"] == "If-Match").count() == 1;
            calls.push((method, path.clone(), takes));
        }
    }
    calls
}

#[tokio::test]
async fn a_call_that_does_not_look_at_a_condition_refuses_it() {
    let hub = TestHub::with_connection().await;
    for (method, path, _) in calls().into_iter().filter(|(_, _, takes)| !takes) {
        let path = path.replace(['{', '}'], "");
        for header in ["if-match", "if-none-match"] {
            if (header, &method) == ("if-none-match", &Method::GET) {
                continue;
            }
            let answer = hub.json(method.clone(), &path, None, &[(header, "*")]).await;
            let detail = answer.2["detail"].as_str().unwrap_or_default();
            assert_eq!(problem(&answer).1, "invalid-request", "{method} {path} {}", answer.2);
            assert!(detail.contains("`If-Match`"), "{method} {path} {detail}");
        }
    }
}

#[tokio::test]
async fn every_change_of_what_has_an_etag_is_guarded() {
    let hub = TestHub::with_connection().await;
    let made = async |path: &str, body: Json, noun: &str| {
        let (status, _, body) = hub.post(path, body).await;
        assert_eq!(status, StatusCode::CREATED, "{body}");
        body[noun]["id"].as_str().unwrap().to_owned()
    };
    let records = format!("{CONNECTION}/entities/Contact/records");
    let record = made(&records, json!({"data": {"Name": "Ada"}}), "record").await;
    let source = json!({"name": "forms", "connection": "acme-crm"});
    let source_id = made("/api/v1/sources", source.clone(), "source").await;
    let endpoint = json!({"url": "https://app.example/hooks"});
    let endpoint_id = made("/api/v1/endpoints", endpoint.clone(), "endpoint").await;
    let connection = json!({"context": "acme", "connector": "native"});
    let function = json!({"source": "handler = () => 1"});
    hub.put("/api/v1/functions/mine", function.clone()).await;
    let (objects, mapping) = (json!({"objects": {"person": {}}}), json!({"objects": {}}));

    let mut left: Vec<_> = calls().into_iter().filter(|(_, _, takes)| *takes).collect();
    for (template, path, put, patch) in [
        (
            "/entities/{entity}/records/{record}",
            format!("{records}/{record}"),
            None,
            json!({"data": {"Name": "Bob"}}),
        ),
        (
            "/sources/{source}",
            format!("/api/v1/sources/{source_id}"),
            Some(source),
            json!({"name": "other"}),
        ),
        (
            "/endpoints/{endpoint}",
            format!("/api/v1/endpoints/{endpoint_id}"),
            Some(endpoint),
            json!({"description": "x"}),
        ),
        ("/functions/{function}", "/api/v1/functions/mine".to_owned(), Some(function), json!({})),
        ("/objects", format!("{CONNECTION}/objects"), Some(objects), json!({})),
        ("/mapping", format!("{CONNECTION}/mapping"), Some(mapping), json!({})),
        (
            "/connections/{connection}",
            CONNECTION.to_owned(),
            Some(connection),
            json!({"time_zone": "Europe/Berlin"}),
        ),
    ] {
        for (method, body) in
            [(Method::PUT, put), (Method::PATCH, Some(patch)), (Method::DELETE, None)]
        {
            let count = left.len();
            left.retain(|(its, path, _)| *its != method || !path.ends_with(template));
            if left.len() == count {
                continue;
            }
            let etag = async || {
                let (_, headers, _) = hub.get(&path).await;
                headers["etag"].to_str().unwrap().to_owned()
            };
            let call = async |header: &str, value: &str| {
                hub.json(method.clone(), &path, body.clone(), &[(header, value)]).await
            };
            for (header, value) in
                [("if-match", r#""99""#), ("if-match", "nonsense"), ("if-none-match", "*")]
            {
                let before = etag().await;
                let answer = call(header, value).await;
                assert_eq!(problem(&answer).1, "precondition-failed", "{method} {path} {value}");
                assert_eq!(etag().await, before, "{method} {path}");
            }
            let several = format!(r#""99", {}"#, etag().await);
            let (status, _, body) = call("if-match", &several).await;
            assert!(status.is_success(), "{method} {path} {body}");
            if method != Method::DELETE {
                let (status, _, body) = call("if-match", "*").await;
                assert!(status.is_success(), "{method} {path} {body}");
            }
        }
    }
    assert_eq!(left, [], "each is tried above");
}

#[tokio::test]
async fn a_connection_is_made_only_if_there_is_none() {
    let hub = TestHub::start().await;
    let wanted = || Some(json!({"context": "acme", "connector": "native"}));
    for value in ["*", r#""1""#] {
        let answer = hub.if_match(value, Method::PUT, CONNECTION, wanted()).await;
        assert_eq!(problem(&answer).1, "precondition-failed", "{}", answer.2);
        assert_eq!(hub.get(CONNECTION).await.0, StatusCode::NOT_FOUND);
    }
    let none = [("if-none-match", "*")];
    let (status, ..) = hub.json(Method::PUT, CONNECTION, wanted(), &none).await;
    assert_eq!(status, StatusCode::CREATED);
    let answer = hub.json(Method::PUT, CONNECTION, wanted(), &none).await;
    assert_eq!(problem(&answer).1, "precondition-failed", "{}", answer.2);
}
