//! Live updates: who hears of which lists, and for how long.

mod support;

use std::time::Duration;

use axum::body::Body;
use http::{Method, Request, Response, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::{Value as Json, json};
use support::{TestHub, problem};

const STREAM: &str = "/api/v1/stream";
/// Longer than any news takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(10);

/// The next event of a stream, without the lines that keep it alive; `None` at its end.
async fn next(stream: &mut Response<Body>) -> Option<String> {
    loop {
        let frame = stream.body_mut().frame();
        let frame = tokio::time::timeout(PATIENCE, frame).await.expect("there is news")?;
        let text = String::from_utf8(frame.unwrap().into_data().unwrap().to_vec()).unwrap();
        if !text.starts_with(':') {
            return Some(text);
        }
    }
}

/// The path of a source whose events are stored and not processed.
async fn given_source(hub: &TestHub) -> String {
    let wanted = json!({"name": "mine", "connection": "acme-crm", "create_records": false});
    let (status, _, body) = hub.post("/api/v1/sources", wanted).await;
    assert_eq!(status, StatusCode::CREATED, "{body}");
    let url = body["source"]["url"].as_str().unwrap();
    url[url.find("/webhooks/").unwrap()..].to_owned()
}

#[tokio::test]
async fn a_stream_names_the_lists_that_have_changed() {
    let hub = TestHub::with_connection().await;
    let path = given_source(&hub).await;
    let mut stream = hub.begin(STREAM).await;
    assert_eq!(stream.headers()["content-type"], "text/event-stream");
    assert_eq!(stream.headers()["cache-control"], "no-store");
    let (status, _, body) = hub.post(&path, json!({"a": 1})).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    let event = next(&mut stream).await.unwrap();
    // Where other processes may work too, all lists are named now and then.
    assert!(event.starts_with("event: changed\ndata: {\"lists\":[\"inbound-events\""), "{event}");
    hub.app.stopping.cancel();
    while next(&mut stream).await.is_some() {}
}

#[tokio::test]
async fn a_stream_is_for_whoever_may_read() {
    let hub = TestHub::with_connection().await;
    let anonymous = hub.send(Request::get(STREAM).body(Body::empty()).unwrap()).await;
    assert_eq!(problem(&anonymous).0, 401);
    for scope in ["ingest", "operator", "connection:acme-crm"] {
        let caller = hub.as_key(&[scope]).await;
        let answer = caller.call(Method::GET, STREAM, None).await;
        assert_eq!(problem(&answer).0, 403, "{scope}");
    }
}

#[tokio::test]
async fn streams_are_bounded() {
    let hub = TestHub::start().await;
    let mut open = Vec::new();
    loop {
        let mut stream = hub.begin(STREAM).await;
        if stream.status() != StatusCode::OK {
            assert_eq!((open.len(), stream.status()), (200, StatusCode::TOO_MANY_REQUESTS));
            assert!(stream.headers().contains_key("retry-after"));
            let body = stream.body_mut().collect().await.unwrap().to_bytes();
            let body: Json = serde_json::from_slice(&body).unwrap();
            assert!(body["detail"].as_str().unwrap().starts_with("200 streams are open"));
            break;
        }
        open.push(stream);
    }
    open.clear();
    assert_eq!(hub.begin(STREAM).await.status(), StatusCode::OK);
}
