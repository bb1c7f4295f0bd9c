//! A hub in this process: the real router on the real store in a folder of its
//! own, or on PostgreSQL (see `turnbuckle_testkit::database`), with a key set that
//! may do everything. Nothing listens on a port, and no worker runs unless a test
//! starts it.

#![allow(dead_code, reason = "every test file compiles this and uses a part of it")]

pub mod page;
pub mod provider;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};
use tempfile::TempDir;
use tower::ServiceExt as _;
use turnbuckle_connectors::registry::Registry;
use turnbuckle_core::id::{KeyId, WorkspaceId};
use turnbuckle_server::api;
use turnbuckle_server::app::App;
use turnbuckle_server::clock::SystemClock;
use turnbuckle_server::config::{Config, Sources};
use turnbuckle_store::api_key::ApiKey;
use turnbuckle_store::clock::Clock;
use turnbuckle_testkit::database;

pub const PUBLISHABLE: &str = "pk_test";
pub const SECRET: &str = "sk_test";

pub struct TestHub {
    pub app: App,
    /// The workspace `default`.
    pub workspace: WorkspaceId,
    router: Router,
    authorization: String,
    _data: TempDir,
}

/// Status, headers and body of an answer; the body is null where there is none.
pub type Answer = (StatusCode, HeaderMap, Json);

impl TestHub {
    pub async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// `variables` are `TURNBUCKLE_*`.
    pub async fn start_with(variables: &[(&str, &str)]) -> Self {
        Self::start_on(Arc::new(SystemClock), variables).await
    }

    pub async fn start_on(clock: Arc<dyn Clock>, variables: &[(&str, &str)]) -> Self {
        Self::start_among(Registry::delivered(), clock, variables).await
    }

    /// With other connectors than those delivered.
    pub async fn start_among(
        connectors: Registry,
        clock: Arc<dyn Clock>,
        variables: &[(&str, &str)],
    ) -> Self {
        let data = tempfile::tempdir().unwrap();
        let mut environment = vec![
            ("TURNBUCKLE_DATA".to_owned(), data.path().to_str().unwrap().to_owned()),
            ("TURNBUCKLE_LISTEN".to_owned(), "127.0.0.1:0".to_owned()),
            // Compiled once for all tests.
            ("TURNBUCKLE_FUNCTIONS__CACHE".to_owned(), env!("CARGO_TARGET_TMPDIR").to_owned()),
        ];
        environment
            .extend(variables.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())));
        if let Some(url) = database::chosen().await {
            environment.push(("TURNBUCKLE_STORE".to_owned(), url));
        }
        let config = Config::load(&Sources { environment, ..Sources::default() }).unwrap();
        let app = App::build_on(config, clock, connectors).await.unwrap();
        app.store.begin_work().await.unwrap();
        let workspace = app.store.create_workspace("default", "Default").await.unwrap().id;
        let router = api::router(app.clone());
        let authorization = authorization(PUBLISHABLE, SECRET);
        let hub = Self { app, workspace, router, authorization, _data: data };
        hub.add_key(workspace, PUBLISHABLE, SECRET, &["all", "operator"]).await;
        hub
    }

    /// A hub with the connection `acme-crm` of context `acme` to the built-in CRM.
    pub async fn with_connection() -> Self {
        let hub = Self::start().await;
        let connection = json!({"context": "acme", "connector": "native"});
        let (status, _, body) = hub.put("/api/v1/connections/acme-crm", connection).await;
        assert_eq!(status, StatusCode::CREATED, "{body}");
        hub
    }

    /// Stores a key set.
    pub async fn add_key(
        &self,
        workspace: WorkspaceId,
        publishable: &str,
        secret: &str,
        scopes: &[&str],
    ) {
        let key = ApiKey {
            id: KeyId(self.app.mint()),
            workspace,
            publishable: publishable.to_owned(),
            secret_hash: Sha256::digest(secret.as_bytes()).into(),
            label: String::new(),
            scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
            addresses: Vec::new(),
            created_at: self.app.now(),
            last_used_at: None,
        };
        self.app.store.create_api_key(key).await.unwrap();
    }

    /// The same hub, called with a new key of these scopes in the workspace `default`.
    pub async fn as_key(&self, scopes: &[&str]) -> Caller<'_> {
        let publishable = format!("pk_{}", self.app.mint());
        self.add_key(self.workspace, &publishable, SECRET, scopes).await;
        self.calling_as(&publishable, SECRET)
    }

    /// The same hub, called with this key set.
    pub fn calling_as(&self, publishable: &str, secret: &str) -> Caller<'_> {
        Caller { hub: self, authorization: authorization(publishable, secret) }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.json(Method::GET, path, None, &[]).await
    }

    pub async fn post(&self, path: &str, body: Json) -> Answer {
        self.json(Method::POST, path, Some(body), &[]).await
    }

    pub async fn put(&self, path: &str, body: Json) -> Answer {
        self.json(Method::PUT, path, Some(body), &[]).await
    }

    pub async fn patch(&self, path: &str, body: Json) -> Answer {
        self.json(Method::PATCH, path, Some(body), &[]).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.json(Method::DELETE, path, None, &[]).await
    }

    /// Any call with the hub's own key and further headers.
    pub async fn json(
        &self,
        method: Method,
        path: &str,
        body: Option<Json>,
        headers: &[(&str, &str)],
    ) -> Answer {
        call(&self.router, &self.authorization, method, path, body, headers).await
    }

    /// A call that asks for the version in `etag`, quotes included.
    pub async fn if_match(
        &self,
        etag: &str,
        method: Method,
        path: &str,
        body: Option<Json>,
    ) -> Answer {
        self.json(method, path, body, &[("if-match", etag)]).await
    }

    /// A call with the hub's own key whose answer goes on: its body is not read.
    pub async fn begin(&self, path: &str) -> Response<Body> {
        let request = Request::get(path).header(AUTHORIZATION, &self.authorization);
        self.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
    }

    /// A call as it is, without a key.
    pub async fn send(&self, request: Request<Body>) -> Answer {
        send(&self.router, request).await
    }
}

/// Calls the hub with another key.
pub struct Caller<'a> {
    hub: &'a TestHub,
    authorization: String,
}

impl Caller<'_> {
    pub async fn call(&self, method: Method, path: &str, body: Option<Json>) -> Answer {
        self.call_with(method, path, body, &[]).await
    }

    pub async fn call_with(
        &self,
        method: Method,
        path: &str,
        body: Option<Json>,
        headers: &[(&str, &str)],
    ) -> Answer {
        call(&self.hub.router, &self.authorization, method, path, body, headers).await
    }
}

fn authorization(publishable: &str, secret: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{publishable}:{secret}")))
}

async fn call(
    router: &Router,
    authorization: &str,
    method: Method,
    path: &str,
    body: Option<Json>,
    headers: &[(&str, &str)],
) -> Answer {
    let mut request =
        Request::builder().method(method).uri(path).header(AUTHORIZATION, authorization);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = match body {
        None => request.body(Body::empty()),
        Some(body) => {
            request.header(CONTENT_TYPE, "application/json").body(Body::from(body.to_string()))
        }
    };
    send(router, request.unwrap()).await
}

async fn send(router: &Router, request: Request<Body>) -> Answer {
    let response = router.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let body = match serde_json::from_slice(&body) {
        Ok(json) => json,
        Err(_) if body.is_empty() => Json::Null,
        Err(_) => Json::String(String::from_utf8_lossy(&body).into_owned()),
    };
    assert!(!parts.status.is_server_error(), "{} {body}", parts.status);
    (parts.status, parts.headers, body)
}

/// What a problem says: its status, the last segment of its type and the paths of its errors.
pub fn problem(answer: &Answer) -> (u16, String, Vec<String>) {
    let (status, _, body) = answer;
    let kind = body["type"].as_str().unwrap_or_default();
    let errors = body["errors"].as_array().into_iter().flatten();
    let paths = errors.map(|error| error["path"].as_str().unwrap_or_default().to_owned());
    (status.as_u16(), kind.rsplit('/').next().unwrap_or_default().to_owned(), paths.collect())
}
