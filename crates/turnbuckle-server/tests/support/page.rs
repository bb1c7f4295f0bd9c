//! A page of the app, as the browser API sees it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use axum::body::Body;
use http::{Method, Request, StatusCode};
use serde_json::{Value as Json, json};
use turnbuckle_core::id::UnixMs;
use turnbuckle_server::clock::SystemClock;
use turnbuckle_store::clock::Clock;

use super::{Answer, TestHub};

/// Where the app's pages are.
pub const APP: &str = "https://app.example";

/// Lets the app's pages call.
pub async fn list_origin(hub: &TestHub) {
    let (status, _, body) = hub.put("/api/v1/settings/origins", json!({"origins": [APP]})).await;
    assert_eq!((status, body), (StatusCode::OK, json!({"origins": [APP]})));
}

/// A token of a context, as the app's backend asks for it.
pub async fn token(hub: &TestHub, context: &str) -> String {
    let wanted = json!({"context": {"external_id": context}});
    let (status, _, body) = hub.post("/api/platform/contexts", wanted).await;
    assert!(status.is_success(), "{body}");
    body["access_token"].as_str().unwrap().to_owned()
}

/// Calls as a page of the app does.
pub struct Page<'a> {
    hub: &'a TestHub,
    pub token: String,
}

impl<'a> Page<'a> {
    pub async fn of(hub: &'a TestHub, context: &str) -> Self {
        Self { hub, token: token(hub, context).await }
    }

    pub fn with(hub: &'a TestHub, token: &str) -> Self {
        Self { hub, token: token.to_owned() }
    }

    pub async fn call(&self, method: Method, path: &str, body: Json) -> Answer {
        self.call_with(method, path, body, &[("origin", APP)]).await
    }

    pub async fn call_with(
        &self,
        method: Method,
        path: &str,
        body: Json,
        headers: &[(&str, &str)],
    ) -> Answer {
        let authorization = format!("Bearer {}", self.token);
        let headers = [headers, &[("authorization", authorization.as_str())]].concat();
        call(self.hub, method, path, body, &headers).await
    }

    pub async fn get(&self, path: &str) -> Json {
        expect(self.call(Method::GET, path, Json::Null).await)
    }

    pub async fn post(&self, path: &str, body: Json) -> Json {
        expect(self.call(Method::POST, path, body).await)
    }

    pub async fn put(&self, path: &str, body: Json) -> Json {
        expect(self.call(Method::PUT, path, body).await)
    }
}

pub async fn call(
    hub: &TestHub,
    method: Method,
    path: &str,
    body: Json,
    headers: &[(&str, &str)],
) -> Answer {
    let mut request = Request::builder().method(method).uri(path).header("host", "hub.example");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let body = match body {
        Json::Null => Body::empty(),
        body => {
            request = request.header("content-type", "application/json");
            Body::from(body.to_string())
        }
    };
    hub.send(request.body(body).unwrap()).await
}

#[track_caller]
pub fn expect((status, _, body): Answer) -> Json {
    assert_eq!(status, StatusCode::OK, "{body}");
    body
}

#[track_caller]
pub fn refused(answer: Answer, slug: &str) -> Json {
    let (status, _, body) = answer;
    assert_eq!(body["type"], format!("https://turnbuckle.dev/problems/{slug}"), "{body}");
    assert_eq!(body["status"], status.as_u16());
    body
}

/// A clock that is moved by hand.
pub struct Moved(AtomicI64);

impl Moved {
    pub fn at(now: UnixMs) -> Arc<Self> {
        Arc::new(Self(AtomicI64::new(now)))
    }

    pub fn advance(&self, millis: i64) {
        self.0.fetch_add(millis, Ordering::Relaxed);
    }
}

impl Clock for Moved {
    fn now(&self) -> UnixMs {
        self.0.load(Ordering::Relaxed)
    }

    fn random(&self) -> u64 {
        SystemClock.random()
    }
}
