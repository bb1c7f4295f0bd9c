//! A hub with a connection and a source, posted to as others would.
#![allow(dead_code, reason = "each test file uses its own part")]

use std::ops::Deref;

use axum::body::Body;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::{Value as Json, json};
use tower::ServiceExt;
use turnbuckle_connectors::native;
use turnbuckle_core::id::WorkspaceId;
use turnbuckle_server::api::webhooks;
use turnbuckle_server::processing::{Planned, plan};
use turnbuckle_store::connection::{InitialRecords, PutConnection};

use crate::support::TestHub;

pub struct Intake(TestHub);

impl Deref for Intake {
    type Target = TestHub;

    fn deref(&self) -> &TestHub {
        &self.0
    }
}

/// What was answered.
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub json: Json,
    pub text: String,
}

impl Answer {
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

impl Intake {
    /// A hub whose workspace has the connection `acme-crm`.
    pub async fn start() -> Self {
        Self::with_connection(TestHub::start().await).await
    }

    pub async fn with_connection(hub: TestHub) -> Self {
        let workspace = hub.app.store.workspace("default").await.unwrap().unwrap().id;
        let connection = PutConnection {
            id: "acme-crm".to_owned(),
            context: "acme".to_owned(),
            connector: "native".to_owned(),
            time_zone: "Europe/Berlin".to_owned(),
        };
        let records = native::standard_values();
        let initial = InitialRecords {
            schema: native::standard_schema(),
            records: records.into_iter().map(|it| (it.entity.to_owned(), it.id, it.data)).collect(),
        };
        hub.app.store.put_connection(workspace, connection, initial, None).await.unwrap();
        Self(hub)
    }

    pub async fn workspace(&self) -> WorkspaceId {
        self.app.store.workspace("default").await.unwrap().unwrap().id
    }

    /// A source with these settings over the usual ones.
    pub async fn source(&self, settings: Json) -> Json {
        let mut document = json!({ "name": "form", "connection": "acme-crm" });
        for (name, value) in settings.as_object().unwrap() {
            document[name] = value.clone();
        }
        let (status, _, answer) = self.post("/api/v1/sources", document).await;
        assert_eq!(status, 201, "{answer}");
        answer["source"].clone()
    }

    /// Where a source takes posts.
    pub fn address(source: &Json) -> String {
        format!("/webhooks/{}", source["keys"][0]["key"].as_str().unwrap())
    }

    pub async fn call(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let router = webhooks::routes().with_state(self.app.clone());
        let response = router.oneshot(request.body(body.into()).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        Answer {
            status: parts.status,
            headers: parts.headers,
            json: serde_json::from_slice(&bytes).unwrap_or(Json::Null),
            text: String::from_utf8_lossy(&bytes).into_owned(),
        }
    }

    /// Posts as a sender would that says nothing of its body.
    pub async fn send_to(&self, source: &Json, body: &str) -> Answer {
        self.call(Method::POST, &Self::address(source), &[], body.to_owned()).await
    }

    /// Processes what is new, as the worker would.
    pub async fn process(&self) -> usize {
        let events = self.app.store.lease_new(1_000).await.unwrap();
        let mut work = Vec::new();
        for event in &events {
            match plan(&self.app, event, false).await.unwrap() {
                Planned::Work(planned) => work.push(*planned),
                Planned::Call(..) => panic!("no source here runs a function"),
            }
        }
        let outcomes = self.app.store.finish_events(work).await.unwrap();
        self.app.outcomes.settle(outcomes);
        events.len()
    }

    /// The event of the log.
    pub async fn event(&self, id: &Json) -> Json {
        let path = format!("/api/v1/inbound-events/{}", id.as_str().unwrap());
        let (status, _, answer) = self.get(&path).await;
        assert_eq!(status, 200, "{answer}");
        answer["inbound_event"].clone()
    }

    /// The data of a record.
    pub async fn record(&self, entity: &str, id: &Json) -> Option<Json> {
        let ids = [id.as_str().unwrap().to_owned()];
        let workspace = self.workspace().await;
        let records = self.app.store.records(workspace, "acme-crm", entity, &ids, &[]).await;
        records.unwrap().0.remove(0).map(|record| Json::Object((*record.data).clone()))
    }
}
