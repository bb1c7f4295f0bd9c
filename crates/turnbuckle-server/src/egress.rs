//! Calls URLs that users choose.
//!
//! Whoever may name a URL could otherwise make the hub call the machines beside
//! it. So every webhook leaves through [`GuardedClient`], which guarantees:
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
//! The status line is the answer. A body that is too long, breaks off or never
//! ends costs the connection, not the verdict: a receiver that has answered 200
//! has the message and must not be sent it again.
//!
//! Absent on purpose: retries (the caller's policy decides), cookies,
//! decompression, HTTP/2 (one connection per call in flight is what lets a slow
//! receiver delay nobody else).

mod address;
mod cidr;
mod error;
mod policy;
mod resolver;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::RETRY_AFTER;
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use tokio::time::{Instant, timeout_at};
use url::Url;

pub use cidr::{Cidr, CidrError};
pub use error::EgressError;
pub use policy::EgressPolicy;

use resolver::GuardedResolver;

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

/// The HTTP client for URLs that users choose. A clone shares the connections.
#[derive(Debug, Clone)]
pub struct GuardedClient {
    client: reqwest::Client,
    policy: Arc<EgressPolicy>,
    response_bytes_max: usize,
}

impl GuardedClient {
    /// # Errors
    /// If the TLS library cannot be set up.
    pub fn new(policy: EgressPolicy, limits: EgressLimits) -> Result<Self, reqwest::Error> {
        // Fails only if a provider is installed already, which then serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();

        let policy = Arc::new(policy);
        let builder = || {
            reqwest::Client::builder()
                .dns_resolver(GuardedResolver { policy: policy.clone() })
                .redirect(reqwest::redirect::Policy::none())
                .no_proxy()
                .referer(false)
                .retry(reqwest::retry::never())
                .user_agent(concat!("Turnbuckle/", env!("CARGO_PKG_VERSION")))
                .http1_only()
                .tcp_nodelay(true)
                .connect_timeout(limits.connect_timeout)
                .pool_idle_timeout(limits.idle_timeout)
                .pool_max_idle_per_host(limits.idle_connections_per_host_max)
        };
        let client = builder().build().or_else(|error| {
            // A container without root certificates can still call http URLs.
            tracing::warn!(%error, "no root certificates found, https calls will fail");
            builder().tls_certs_only([]).build()
        })?;
        Ok(Self { client, policy, response_bytes_max: limits.response_bytes_max })
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
        self.policy.check_url(url)?;

        let mut request = reqwest::Request::new(Method::POST, url.clone());
        *request.headers_mut() = headers;
        *request.body_mut() = Some(body.into());

        let started = Instant::now();
        let timeout = timeout.min(Duration::from_millis(TIMEOUT_MS_MAX));
        let deadline = started + timeout;
        let mut response = timeout_at(deadline, self.client.execute(request))
            .await
            .map_err(|_| EgressError::Timeout { after_ms: timeout.as_millis() })?
            .map_err(|error| EgressError::classify(&error, started.elapsed()))?;

        Ok(EgressAnswer {
            status: response.status(),
            retry_after: response.headers().get(RETRY_AFTER).cloned(),
            body_start: self.read_body(&mut response, deadline).await,
            duration: started.elapsed(),
        })
    }

    /// Reads the body so that the connection can be used again, keeps its start.
    async fn read_body(&self, response: &mut reqwest::Response, deadline: Instant) -> Bytes {
        let mut start = Bytes::new();
        let mut read = 0;
        while let Ok(Ok(Some(chunk))) = timeout_at(deadline, response.chunk()).await {
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
