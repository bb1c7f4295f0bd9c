//! Calls URLs that users choose.
//!
//! Whoever may name a URL could otherwise make the hub call the machines beside
//! it. So every webhook, and every call of a function, leaves through
//! [`GuardedClient`], which guarantees:
//!
//! - It connects to public addresses and to what the operator allows, to nothing
//!   else. A host name is judged by the addresses it resolves to, and the
//!   connection is made to exactly those, so a name cannot change its mind in
//!   between; an address in the URL itself is judged before the call, because no
//!   resolver is asked for it.
//! - It follows no redirect and reads no proxy from the environment: either
//!   would connect to an address that was not judged.
//! - A call ends within its timeout, and the answer's body is bounded.
//!
//! Of a webhook the status line is the answer. A body that is too long, breaks off or never
//! ends costs the connection, not the verdict: a receiver that has answered 200
//! has the message and must not be sent it again. A function wants the body: its
//! call has the whole of it, or fails.
//!
//! Absent on purpose: retries (the caller's policy decides), cookies,
//! decompression, HTTP/2 (one connection per call in flight is what lets a slow
//! receiver delay nobody else).

mod address;
mod cidr;
mod connector;
mod error;
mod policy;
mod resolver;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::header::RETRY_AFTER;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::time::{Instant, timeout_at};
use url::Url;

pub use cidr::{Cidr, CidrError};
pub use error::EgressError;
pub use policy::EgressPolicy;

use connector::Connector;

/// How much of an answer's body is kept, in bytes.
pub const BODY_START_BYTES_MAX: usize = 4096;

/// The longest a call may take; longer timeouts are cut to it.
pub const TIMEOUT_MS_MAX: u64 = 600_000;

/// What one call, and the pool of connections, may use.
#[derive(Debug, Clone)]
pub struct EgressLimits {
    /// How much of an answer's body is read so that its connection can be used
    /// again. What is longer closes the connection.
    pub response_bytes_max: usize,
    /// The part of a call's timeout that connecting may take, TLS included.
    pub connect_timeout: Duration,
    /// Connections kept open to one host while no call uses them.
    pub idle_connections_per_host_max: usize,
    /// How long they are kept.
    pub idle_timeout: Duration,
}

/// What the receiver answered.
#[derive(Debug)]
pub struct EgressAnswer {
    pub status: StatusCode,
    pub retry_after: Option<HeaderValue>,
    /// The first [`BODY_START_BYTES_MAX`] bytes of the body, for the log.
    pub body_start: Bytes,
    /// From the start of the call to the end of what was read of the body.
    pub duration: Duration,
}

/// An answer that was read to its end.
#[derive(Debug)]
pub struct WholeAnswer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

/// What one call may take.
#[derive(Debug, Clone, Copy)]
pub struct CallBounds {
    /// To the end of the answer; cut to [`TIMEOUT_MS_MAX`].
    pub timeout: Duration,
    /// Of the body of the answer.
    pub body_bytes_max: usize,
}

/// The HTTP client for URLs that users choose. A clone shares the connections.
#[derive(Debug, Clone)]
pub struct GuardedClient {
    client: Client<Connector, Full<Bytes>>,
    policy: Arc<EgressPolicy>,
    response_bytes_max: usize,
}

impl GuardedClient {
    pub fn new(policy: EgressPolicy, limits: EgressLimits) -> Self {
        let policy = Arc::new(policy);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(limits.idle_timeout)
            .pool_max_idle_per_host(limits.idle_connections_per_host_max)
            .build(Connector::new(policy.clone(), limits.connect_timeout));
        Self { client, policy, response_bytes_max: limits.response_bytes_max }
    }

    /// Judges a URL before it is stored; see [`EgressPolicy::check_url`].
    pub fn check_url(&self, url: &Url) -> Result<(), EgressError> {
        self.policy.check_url(url)
    }

    /// Posts `body` and returns the answer, whatever its status.
    ///
    /// # Errors
    /// If no status came back: the address is refused, the name unknown, the
    /// connection impossible or broken, or `timeout` passed.
    pub async fn post(
        &self,
        url: &Url,
        headers: HeaderMap,
        body: Bytes,
        timeout: Duration,
    ) -> Result<EgressAnswer, EgressError> {
        let started = Instant::now();
        let deadline = Deadline::after(timeout);
        let answered = self.begin(Method::POST, url, headers, body, deadline).await?;
        let (head, mut body) = answered.into_parts();

        Ok(EgressAnswer {
            status: head.status,
            retry_after: head.headers.get(RETRY_AFTER).cloned(),
            body_start: self.read_body(&mut body, deadline.at).await,
            duration: started.elapsed(),
        })
    }

    /// Makes any call and returns the whole answer, whatever its status.
    ///
    /// # Errors
    /// As of [`Self::post`], and if the body is too large or breaks off.
    pub async fn call(
        &self,
        method: Method,
        url: &Url,
        headers: HeaderMap,
        body: Bytes,
        bounds: CallBounds,
    ) -> Result<WholeAnswer, EgressError> {
        let deadline = Deadline::after(bounds.timeout);
        let answered = self.begin(method, url, headers, body, deadline).await?;
        let (head, mut body) = answered.into_parts();
        let mut read = BytesMut::new();
        while let Some(frame) = deadline.wait_for(body.frame()).await? {
            let frame = frame.map_err(|error| EgressError::Broken { reason: error.to_string() })?;
            // Trailers are read and dropped.
            let Ok(chunk) = frame.into_data() else { continue };
            if bounds.body_bytes_max < read.len() + chunk.len() {
                return Err(EgressError::TooLarge { bytes_max: bounds.body_bytes_max });
            }
            read.extend_from_slice(&chunk);
        }
        Ok(WholeAnswer { status: head.status, headers: head.headers, body: read.freeze() })
    }

    /// Sends a request and waits until its answer begins.
    async fn begin(
        &self,
        method: Method,
        url: &Url,
        headers: HeaderMap,
        body: Bytes,
        deadline: Deadline,
    ) -> Result<Response<Incoming>, EgressError> {
        self.policy.check_url(url)?;
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = method;
        *request.uri_mut() = target(url)?;
        *request.headers_mut() = headers;
        let answered = deadline.wait_for(self.client.request(request)).await?;
        answered.map_err(|error| EgressError::classify(&error))
    }

    /// Reads the body so that the connection can be used again, keeps its start.
    async fn read_body(&self, body: &mut Incoming, deadline: Instant) -> Bytes {
        let mut start = Bytes::new();
        let mut read = 0;
        while let Ok(Some(Ok(frame))) = timeout_at(deadline, body.frame()).await {
            // Trailers are read and dropped.
            let Ok(chunk) = frame.into_data() else { continue };
            read += chunk.len();
            let room = BODY_START_BYTES_MAX - start.len();
            if 0 < room {
                let part = chunk.slice(..room.min(chunk.len()));
                // Nearly every body is one chunk, which is then not copied.
                start = if start.is_empty() { part } else { [start, part].concat().into() };
            }
            if self.response_bytes_max < read {
                break;
            }
        }
        start
    }
}

/// When a call ends at the latest.
#[derive(Clone, Copy)]
struct Deadline {
    at: Instant,
    timeout: Duration,
}

impl Deadline {
    fn after(timeout: Duration) -> Self {
        let timeout = timeout.min(Duration::from_millis(TIMEOUT_MS_MAX));
        Self { at: Instant::now() + timeout, timeout }
    }

    async fn wait_for<T>(self, work: impl Future<Output = T>) -> Result<T, EgressError> {
        let after_ms = self.timeout.as_millis();
        timeout_at(self.at, work).await.map_err(|_| EgressError::Timeout { after_ms })
    }
}

/// What is asked for: the URL without its fragment.
fn target(url: &Url) -> Result<Uri, EgressError> {
    let text = &url[..url::Position::AfterQuery];
    text.parse().map_err(|_| EgressError::BadUrl { reason: "cannot be asked for over HTTP" })
}
