//! Calls the API of a running server.

use std::net::IpAddr;
use std::time::Duration;

use anyhow::{Context as _, bail};
use http::{Method, StatusCode};
use serde_json::Value;
use turnbuckle_server::secret::SecretText;
use url::{Host, Url};

use super::arguments::ClientArguments;
use super::output::cell;

const TIMEOUT: Duration = Duration::from_secs(30);
/// Most pages of one listing that are read.
const PAGES_MAX: usize = 100;

pub struct Client {
    http: reqwest::Client,
    base: String,
    publishable: String,
    secret: SecretText,
}

impl Client {
    /// # Errors
    /// If no key set is named, or the address is none.
    pub fn new(arguments: &ClientArguments) -> anyhow::Result<Self> {
        let key = arguments.key.as_deref().context(
            "name the key set to call with: --key publishable:secret, or TURNBUCKLE_KEY",
        )?;
        let (publishable, secret) =
            key.split_once(':').context("a key set is `publishable:secret`")?;
        Self::with_key(&arguments.url, publishable, SecretText::new(secret))
    }

    pub fn with_key(url: &str, publishable: &str, secret: SecretText) -> anyhow::Result<Self> {
        let base = url.trim_end_matches('/').to_owned();
        let http = http_client(&base)?;
        Ok(Self { http, base, publishable: publishable.to_owned(), secret })
    }

    pub fn base(&self) -> &str {
        &self.base
    }

    pub async fn get(&self, path: &str) -> anyhow::Result<Value> {
        self.call(Method::GET, path, None).await.map(|(_, answer)| answer)
    }

    /// What is at a path, if anything is.
    pub async fn find(&self, path: &str) -> anyhow::Result<Option<Value>> {
        match self.send(Method::GET, path, None).await? {
            (StatusCode::NOT_FOUND, _) => Ok(None),
            (status, answer) => succeeded(status, answer).map(|(_, answer)| Some(answer)),
        }
    }

    pub async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        self.call(Method::POST, path, Some(body)).await.map(|(_, answer)| answer)
    }

    pub async fn patch(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        self.call(Method::PATCH, path, Some(body)).await.map(|(_, answer)| answer)
    }

    pub async fn delete(&self, path: &str) -> anyhow::Result<()> {
        self.call(Method::DELETE, path, None).await.map(drop)
    }

    /// One call; the answer is null where there is no body.
    ///
    /// # Errors
    /// What the server says is wrong, or why it could not be reached.
    pub async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> anyhow::Result<(StatusCode, Value)> {
        let (status, answer) = self.send(method, path, body).await?;
        succeeded(status, answer)
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> anyhow::Result<(StatusCode, Value)> {
        let url = format!("{}{path}", self.base);
        let mut request = self
            .http
            .request(method, &url)
            .basic_auth(&self.publishable, Some(self.secret.reveal()));
        if let Some(body) = body {
            request = request.json(body);
        }
        let unreachable = || format!("no server answers at {}", self.base);
        let answer = request.send().await.with_context(unreachable)?;
        let status = answer.status();
        let body = answer.bytes().await.with_context(unreachable)?;
        let body = if body.is_empty() {
            Value::Null
        } else {
            serde_json::from_slice(&body).with_context(|| format!("{url} did not answer JSON"))?
        };
        Ok((status, body))
    }

    /// All items of a listing, `plural` being their member.
    pub async fn list(&self, path: &str, plural: &str) -> anyhow::Result<Vec<Value>> {
        let separator = if path.contains('?') { '&' } else { '?' };
        let mut items = Vec::new();
        let mut cursor = String::new();
        for _ in 0..PAGES_MAX {
            let mut page = self.get(&format!("{path}{separator}limit=200{cursor}")).await?;
            if let Value::Array(found) = page[plural].take() {
                items.extend(found);
            }
            // Cursors are made of characters that need no escape.
            match page["page"]["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        Ok(items)
    }
}

fn succeeded(status: StatusCode, answer: Value) -> anyhow::Result<(StatusCode, Value)> {
    if !status.is_success() {
        bail!("{}", problem(status, &answer));
    }
    Ok((status, answer))
}

/// A client for addresses that whoever runs the command names: unlike that of
/// the server it may call any.
pub fn http_client(url: &str) -> anyhow::Result<reqwest::Client> {
    let url = Url::parse(url).with_context(|| format!("`{url}` is not an address"))?;
    // Fails only if a provider is installed already, which then serves as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut builder = reqwest::Client::builder().timeout(TIMEOUT);
    if is_this_machine(&url) {
        builder = builder.no_proxy();
    }
    builder.build().context("the HTTP client could not be made")
}

pub fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => IpAddr::from(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::from(address).is_loopback(),
        None => false,
    }
}

/// What a problem says, on one line.
fn problem(status: StatusCode, body: &Value) -> String {
    let title = body["title"].as_str().unwrap_or("the server refused");
    let errors = body["errors"].as_array().into_iter().flatten();
    let errors: Vec<_> =
        errors.map(|it| format!("{}: {}", cell(&it["path"]), cell(&it["detail"]))).collect();
    match (body["detail"].as_str(), errors.is_empty()) {
        (_, false) => format!("{title} ({status}): {}", errors.join("; ")),
        (Some(detail), true) => format!("{title} ({status}): {detail}"),
        (None, true) => format!("{title} ({status})"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_problem_is_told_with_every_wrong_member() {
        let check = |body: Value, expect: &str| {
            assert_eq!(problem(StatusCode::BAD_REQUEST, &body), expect);
        };
        check(
            json!({"title": "Not valid", "detail": "2 members are wrong",
                   "errors": [{"path": "/a", "detail": "no"}, {"path": "/b", "detail": "neither"}]}),
            "Not valid (400 Bad Request): /a: no; /b: neither",
        );
        check(json!({"title": "T", "detail": "d"}), "T (400 Bad Request): d");
        check(json!(null), "the server refused (400 Bad Request)");
    }

    #[test]
    fn this_machine_is_known_by_its_names() {
        let check = |url: &str, expect| {
            assert_eq!(is_this_machine(&Url::parse(url).unwrap()), expect, "{url}");
        };
        check("http://localhost:8080", true);
        check("http://127.0.0.1", true);
        check("http://[::1]:80", true);
        check("https://hub.example", false);
        check("http://10.0.0.1", false);
    }
}
