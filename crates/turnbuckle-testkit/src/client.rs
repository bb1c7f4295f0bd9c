//! A client of the hub's API.

use std::fmt;
use std::sync::Once;
use std::time::Duration;

use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use serde_json::Value as Json;

/// Longer than any answer takes on a busy machine.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Calls one hub with one key set, or one token. Cheap to clone.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    base: String,
    shows: Option<Shown>,
}

/// Who a client says that it is.
#[derive(Clone)]
enum Shown {
    Key(String, String),
    Token(String),
}

/// What a call was answered.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The call, for whoever reads why a test failed.
    pub call: String,
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
}

impl Client {
    /// A client of the hub at `base`, e.g. `http://127.0.0.1:8080`, that says
    /// not who it is.
    pub fn new(base: &str) -> Self {
        static PROVIDER: Once = Once::new();
        PROVIDER.call_once(|| {
            // Fails only when the test installed one already, which serves as well.
            let _ = rustls::crypto::ring::default_provider().install_default();
        });
        let http = reqwest::Client::builder()
            .no_proxy()
            .timeout(TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .expect("nothing in these settings can fail");
        Self { http, base: base.to_owned(), shows: None }
    }

    /// The same hub with another key set.
    pub fn with_key(&self, publishable: &str, secret: &str) -> Self {
        let shows = Some(Shown::Key(publishable.to_owned(), secret.to_owned()));
        Self { shows, ..self.clone() }
    }

    /// The same hub with the token of a context.
    pub fn with_token(&self, token: &str) -> Self {
        Self { shows: Some(Shown::Token(token.to_owned())), ..self.clone() }
    }

    /// The same hub with the key set of an answer that made one.
    pub fn with_new_key(&self, key: &Json) -> Self {
        let text = |name: &str| key[name].as_str().unwrap_or_else(|| panic!("{key} has no {name}"));
        self.with_key(text("publishable"), text("secret"))
    }

    /// The same hub without a key.
    pub fn anonymous(&self) -> Self {
        Self { shows: None, ..self.clone() }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.send(self.request(Method::DELETE, path)).await
    }

    /// Posts a document; null posts nothing.
    pub async fn post(&self, path: &str, body: Json) -> Answer {
        let request = self.request(Method::POST, path);
        self.send(if body.is_null() { request } else { request.json(&body) }).await
    }

    pub async fn put(&self, path: &str, body: Json) -> Answer {
        self.send(self.request(Method::PUT, path).json(&body)).await
    }

    pub async fn patch(&self, path: &str, body: Json) -> Answer {
        self.send(self.request(Method::PATCH, path).json(&body)).await
    }

    /// Posts bytes as they are, without a Content-Type where none is given.
    pub async fn post_raw(&self, path: &str, content_type: Option<&str>, body: &[u8]) -> Answer {
        let mut request = self.request(Method::POST, path).body(body.to_vec());
        if let Some(content_type) = content_type {
            request = request.header(CONTENT_TYPE, content_type);
        }
        self.send(request).await
    }

    /// All things of a listing, page by page; `name` is its plural.
    pub async fn list(&self, path: &str, name: &str) -> Vec<Json> {
        let mut found = Vec::new();
        let mut cursor = String::new();
        loop {
            let sign = if path.contains('?') { '&' } else { '?' };
            let page = self.get(&format!("{path}{sign}limit=200{cursor}")).await.expect(200);
            let things = page[name].as_array().unwrap_or_else(|| panic!("{path}: no {name}"));
            found.extend(things.iter().cloned());
            let Some(next) = next_page(&page) else { return found };
            cursor = format!("&cursor={next}");
        }
    }

    /// A request to the hub, still to be sent by [`Client::send`].
    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let url = if path.starts_with("http") { path.to_owned() } else { self.base.clone() + path };
        let request = self.http.request(method, url);
        match &self.shows {
            Some(Shown::Key(publishable, secret)) => request.basic_auth(publishable, Some(secret)),
            Some(Shown::Token(token)) => request.bearer_auth(token),
            None => request,
        }
    }

    /// Sends a request.
    ///
    /// # Panics
    /// When there is no answer.
    pub async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        self.try_send(request).await.unwrap_or_else(|error| panic!("no answer: {error:?}"))
    }

    /// Sends a request to a hub that may be gone.
    ///
    /// # Errors
    /// When there is no whole answer.
    pub async fn try_send(
        &self,
        request: reqwest::RequestBuilder,
    ) -> Result<Answer, reqwest::Error> {
        let request = request.build()?;
        let call = format!("{} {}", request.method(), request.url().path());
        let answer = self.http.execute(request).await?;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        Ok(Answer { call, status, headers, text: answer.text().await? })
    }
}

/// The cursor of the page after this one.
pub fn next_page(page: &Json) -> Option<&str> {
    if page["page"]["has_more"] != true {
        return None;
    }
    Some(page["page"]["next"].as_str().unwrap_or_else(|| panic!("has more but no next: {page}")))
}

impl Answer {
    /// The body, once the status is as expected. An empty body is null.
    ///
    /// # Panics
    /// When it is another status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Json {
        assert_eq!(self.status, status, "{self}");
        self.json()
    }

    /// The body of an answer that says that all went well, 2xx.
    ///
    /// # Panics
    /// When it does not.
    #[track_caller]
    pub fn success(self) -> Json {
        assert!((200..300).contains(&self.status), "{self}");
        self.json()
    }

    /// The body; null where it is empty.
    ///
    /// # Panics
    /// When it is not JSON.
    #[track_caller]
    pub fn json(&self) -> Json {
        if self.text.is_empty() {
            return Json::Null;
        }
        match serde_json::from_str(&self.text) {
            Ok(document) => document,
            Err(error) => panic!("{error} in {self}"),
        }
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} was answered {}: {}", self.call, self.status, self.text)
    }
}
