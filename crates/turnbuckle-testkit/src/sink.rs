//! A receiver of webhooks that answers as it is told and keeps every call.
//!
//! What it answers comes, in this order, from: the script (one [`Reply`] for
//! each call, in turn), the rule that [`WebhookSink::always`] sets, 200.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant, SystemTime};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::Value as Json;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use turnbuckle_core::signature::{
    self, ID_HEADER, PublicKey, Received, SIGNATURE_HEADER, Secret, TIMESTAMP_HEADER, VerifyError,
};

use crate::wait;

/// One call of the sink.
#[derive(Debug, Clone)]
pub struct Call {
    pub path: String,
    pub headers: HeaderMap,
    pub body: Bytes,
    /// When it arrived.
    pub at: Instant,
    /// The same in Unix seconds, as signatures count.
    pub at_s: i64,
}

/// What one call is answered.
#[derive(Debug, Clone)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: String,
    /// Answers only after [`WebhookSink::release`].
    pub hangs: bool,
    /// Waits before it answers.
    pub delay: Duration,
}

impl Reply {
    pub fn status(status: u16) -> Self {
        let (headers, body, delay) = (Vec::new(), String::new(), Duration::ZERO);
        Self { status, headers, body, hangs: false, delay }
    }

    /// 503 that names the seconds after which to come again.
    pub fn busy(retry_after_s: u64) -> Self {
        let headers = vec![("retry-after", retry_after_s.to_string())];
        Self { headers, ..Self::status(503) }
    }

    /// No answer until the sink is released, then 200.
    pub fn hang() -> Self {
        Self { hangs: true, ..Self::status(200) }
    }

    pub fn delayed(self, delay: Duration) -> Self {
        Self { delay, ..self }
    }
}

impl From<u16> for Reply {
    fn from(status: u16) -> Self {
        Self::status(status)
    }
}

type Rule = Box<dyn FnMut(&Call) -> Reply + Send>;

struct Shared {
    calls: Mutex<Vec<Call>>,
    script: Mutex<VecDeque<Reply>>,
    rule: Mutex<Rule>,
    /// Counts releases; a hanging call waits for the next one.
    released: watch::Sender<u64>,
}

/// The receiver; it stops with this value.
pub struct WebhookSink {
    url: String,
    shared: Arc<Shared>,
    /// Ends with the sink.
    _server: JoinSet<()>,
}

impl WebhookSink {
    /// A sink that answers 200.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let address = listener.local_addr().expect("a bound port has an address");
        let shared = Arc::new(Shared {
            calls: Mutex::default(),
            script: Mutex::default(),
            rule: Mutex::new(Box::new(|_| Reply::status(200))),
            released: watch::Sender::new(0),
        });
        let router = Router::new().fallback(receive).with_state(shared.clone());
        let mut server = JoinSet::new();
        server.spawn(async move {
            axum::serve(listener, router).await.expect("a bound port can be served");
        });
        Self { url: format!("http://{address}/hooks"), shared, _server: server }
    }

    /// A sink that answers the first calls so, and 200 afterwards.
    pub async fn answering<R: Into<Reply>>(script: impl IntoIterator<Item = R>) -> Self {
        let sink = Self::start().await;
        sink.answer_next(script);
        sink
    }

    /// Adds answers for the next calls.
    pub fn answer_next<R: Into<Reply>>(&self, script: impl IntoIterator<Item = R>) {
        lock(&self.shared.script).extend(script.into_iter().map(Into::into));
    }

    /// Answers by a rule from now on, once the script is over.
    pub fn always(&self, rule: impl FnMut(&Call) -> Reply + Send + 'static) {
        *lock(&self.shared.rule) = Box::new(rule);
    }

    /// Lets every hanging call be answered. Later ones hang again.
    pub fn release(&self) {
        self.shared.released.send_modify(|count| *count += 1);
    }

    /// The URL for an endpoint.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What has arrived so far, in order.
    pub fn calls(&self) -> Vec<Call> {
        lock(&self.shared.calls).clone()
    }

    pub fn count(&self) -> usize {
        lock(&self.shared.calls).len()
    }

    /// Forgets what has arrived so far.
    pub fn clear(&self) {
        lock(&self.shared.calls).clear();
    }

    /// Waits until at least `count` calls have arrived and answers them.
    pub async fn wait_for(&self, count: usize) -> Vec<Call> {
        self.wait_until(&format!("{count} calls"), |calls| calls.len() >= count).await
    }

    /// Waits until what has arrived is as asked for and answers it.
    pub async fn wait_until(&self, what: &str, is_so: impl Fn(&[Call]) -> bool) -> Vec<Call> {
        wait::until(what, async || {
            let calls = lock(&self.shared.calls);
            is_so(&calls).then(|| calls.clone())
        })
        .await
    }
}

impl Call {
    /// The `webhook-id`.
    ///
    /// # Panics
    /// When there is none.
    pub fn id(&self) -> &str {
        self.header(ID_HEADER).unwrap_or_else(|| panic!("a message without {ID_HEADER}: {self:?}"))
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The body.
    ///
    /// # Panics
    /// When it is not JSON.
    pub fn json(&self) -> Json {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error} in {:?}", String::from_utf8_lossy(&self.body)))
    }

    /// Checks the signature as a receiver would that knows one secret, `whsec_…`.
    ///
    /// # Errors
    /// Why a receiver would refuse the message.
    pub fn verify(&self, secret: &str) -> Result<(), VerifyError> {
        let secret = Secret::parse(secret).expect("a secret as the hub shows it");
        self.verify_by(&[secret], None)
    }

    /// Checks the Ed25519 signature with the endpoint's public key, `whpk_…`.
    ///
    /// # Errors
    /// Why a receiver would refuse the message.
    pub fn verify_by_key(&self, public_key: &str) -> Result<(), VerifyError> {
        let key = PublicKey::parse(public_key).expect("a public key as the hub shows it");
        self.verify_by(&[], Some(&key))
    }

    fn verify_by(&self, secrets: &[Secret], key: Option<&PublicKey>) -> Result<(), VerifyError> {
        let received = Received {
            id: self.header(ID_HEADER),
            timestamp: self.header(TIMESTAMP_HEADER),
            signature: self.header(SIGNATURE_HEADER),
        };
        signature::verify(secrets, key, received, &self.body, self.at_s)
    }
}

async fn receive(
    State(shared): State<Arc<Shared>>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    // Before the call is counted, so that a release after it was seen frees it.
    let mut released = shared.released.subscribe();
    let path = uri.path().to_owned();
    let call = Call { path, headers, body, at: Instant::now(), at_s: unix_seconds() };
    let scripted = lock(&shared.script).pop_front();
    let reply = scripted.unwrap_or_else(|| lock(&shared.rule)(&call));
    lock(&shared.calls).push(call);

    if reply.hangs {
        // The sender is never gone, the sink holds it.
        let _ = released.changed().await;
    }
    if !reply.delay.is_zero() {
        tokio::time::sleep(reply.delay).await;
    }
    let status = StatusCode::from_u16(reply.status).expect("a scripted status exists");
    let mut response = (status, reply.body).into_response();
    for (name, value) in reply.headers {
        let value = value.parse().expect("a scripted header can be sent");
        response.headers_mut().insert(name, value);
    }
    response
}

#[expect(clippy::disallowed_methods, reason = "a receiver lives in the world's own time")]
fn unix_seconds() -> i64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    now.as_secs().try_into().unwrap_or(i64::MAX)
}

/// A panic of another test thread leaves nothing half-done behind these locks.
fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
