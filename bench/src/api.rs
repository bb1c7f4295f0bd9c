//! Sets a hub up: connection, mapping, sources, endpoints, as an app would.

use std::net::SocketAddr;

use anyhow::{Context, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use http::{HeaderValue, Method, Request};
use http_body_util::Full;
use serde_json::{Value as Json, json};

use crate::client::connected;
use crate::hub::KEY_SET;

pub const CONNECTION: &str = "bench";
/// The object that stands for leads, with searches [`BY_EMAIL`] and [`BY_COMPANY`].
pub const OBJECT: &str = "lead";
pub const BY_EMAIL: &str = "by_email";
pub const BY_COMPANY: &str = "by_company";

/// The management API of a hub.
#[derive(Clone, Copy)]
pub struct Api(pub SocketAddr);

impl Api {
    /// # Errors
    /// Any answer but a 2xx, with its body.
    pub async fn call(&self, method: Method, path: &str, body: &Json) -> anyhow::Result<Json> {
        let request = request(method.clone(), path, body.to_string());
        let answer = connected(self.0, |mut client| async move { client.send(request).await })
            .await
            .with_context(|| format!("{method} {path}"))?;
        if !answer.status.is_success() {
            let body = String::from_utf8_lossy(&answer.body);
            bail!("{method} {path} answered {}: {body}", answer.status);
        }
        if answer.body.is_empty() {
            return Ok(Json::Null);
        }
        Ok(serde_json::from_slice(&answer.body)?)
    }

    /// A connection to the built-in CRM, with leads mapped.
    pub async fn connect(&self) -> anyhow::Result<()> {
        let connection = json!({"context": "bench", "connector": "native"});
        self.call(Method::PUT, &connection_path(""), &connection).await?;
        self.call(Method::PUT, &connection_path("/objects"), &objects()).await?;
        self.call(Method::PUT, &connection_path("/mapping"), &mapping()).await?;
        Ok(())
    }

    /// A source of leads; gives the path to post to.
    pub async fn create_source(&self, create_records: bool) -> anyhow::Result<String> {
        self.create_source_with(json!({ "create_records": create_records })).await
    }

    /// The same with these settings beside the usual ones.
    pub async fn create_source_with(&self, settings: Json) -> anyhow::Result<String> {
        let mut source = json!({ "name": "bench", "connection": CONNECTION, "entities": ["Lead"] });
        for (name, value) in settings.as_object().into_iter().flatten() {
            source[name] = value.clone();
        }
        let created = self.call(Method::POST, "/api/v1/sources", &source).await?;
        let key = created["source"]["keys"][0]["key"].as_str().context("a source has no key")?;
        Ok(format!("/webhooks/{key}"))
    }

    /// An endpoint at path `/{number}` of the receiver; gives its secret.
    pub async fn create_endpoint(
        &self,
        receiver: SocketAddr,
        number: usize,
        scope: &str,
        format: &str,
    ) -> anyhow::Result<String> {
        let mut endpoint = json!({
            "url": format!("http://{receiver}/{number}"),
            "format": format,
            "scope": scope,
            "coalesce": false,
        });
        if scope == "changes" {
            endpoint["connection"] = CONNECTION.into();
        }
        let created = self.call(Method::POST, "/api/v1/endpoints", &endpoint).await?;
        let secret = created["endpoint"]["secret"].as_str().context("an endpoint has no secret")?;
        Ok(secret.to_owned())
    }

    /// Creates a lead; gives its id.
    pub async fn create_lead(&self) -> anyhow::Result<String> {
        let path = connection_path("/entities/Lead/records");
        let lead = json!({"data": {
            "Contact": "Ada Lovelace",
            "Email": "ada@example.com",
            "Account": "Analytical Engines",
        }});
        let created = self.call(Method::POST, &path, &lead).await?;
        Ok(created["record"]["id"].as_str().context("a record has no id")?.to_owned())
    }
}

/// A request with the bench's key set and a JSON body.
pub fn request(method: Method, path: &str, body: impl Into<Bytes>) -> Request<Full<Bytes>> {
    let authorization = format!("Basic {}", BASE64.encode(KEY_SET));
    let mut request = json_request(method, path, body);
    let value = HeaderValue::from_str(&authorization).expect("base64 may stand in a header");
    request.headers_mut().insert(http::header::AUTHORIZATION, value);
    request
}

/// A request without credentials, as webhooks are.
pub fn json_request(method: Method, path: &str, body: impl Into<Bytes>) -> Request<Full<Bytes>> {
    Request::builder()
        .method(method)
        .uri(path)
        .header(http::header::HOST, HeaderValue::from_static("hub.example"))
        .header(http::header::CONTENT_TYPE, HeaderValue::from_static("application/json"))
        .body(Full::new(body.into()))
        .expect("the bench asks for valid paths only")
}

fn connection_path(rest: &str) -> String {
    format!("/api/v1/connections/{CONNECTION}{rest}")
}

fn objects() -> Json {
    let text = |label: &str| json!({"type": "string", "label": label, "description": label});
    let search = |label: &str, field: &str| {
        json!({
            "type": "search",
            "label": label,
            "description": label,
            "payloadSchema": {field: text(field)},
        })
    };
    json!({"objects": {OBJECT: {
        "label": "Lead",
        "description": "Somebody who may buy",
        "fields": {
            "name": text("Name"),
            "email": text("Email"),
            "company": text("Company"),
            "phone": text("Phone"),
        },
        "events": {
            BY_EMAIL: search("By e-mail", "email"),
            BY_COMPANY: search("By company", "company"),
        },
    }}})
}

fn mapping() -> Json {
    let search = |column: &str, field: &str| {
        let equals = json!({"column": column, "op": "eq", "payload": field});
        json!({"action": "search", "filter": {"all": [equals]}})
    };
    json!({"objects": {OBJECT: {
        "entity": "Lead",
        "fields": {
            "name": {"column": "Contact"},
            "email": {"column": "Email"},
            "company": {"column": "Account"},
            "phone": {"column": "MobilePhone"},
        },
        "events": {
            BY_EMAIL: search("Email", "email"),
            BY_COMPANY: search("Account", "company"),
        },
    }}})
}
