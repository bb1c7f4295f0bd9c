//! The app at the other end: takes what is delivered and writes it down.
//!
//! One thread with a runtime of its own, so that the generator's work delays no
//! arrival. Endpoint number `n` has the path `/n`. An endpoint can be made to
//! hang: it then reads a message and never answers.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, RwLock};
use std::thread;

use anyhow::Context;
use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use turnbuckle_core::signature::{self, Received, Secret};

use crate::ledger::{Ledger, Mark};

/// Endpoints from this number on hang while there is one.
type FirstHanging = Option<usize>;

/// Listens until it is dropped.
pub struct Receiver {
    pub address: SocketAddr,
    state: Arc<RwLock<State>>,
    /// Dropped to end the thread.
    _running: oneshot::Sender<Infallible>,
}

struct State {
    ledger: Arc<Ledger>,
    first_hanging: FirstHanging,
    sample: Option<(HeaderMap, Bytes)>,
}

impl Receiver {
    pub fn start() -> anyhow::Result<Self> {
        let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let state =
            State { ledger: Arc::new(Ledger::new(0, 0, 1)), first_hanging: None, sample: None };
        let state = Arc::new(RwLock::new(state));
        let (running, ended) = oneshot::channel();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let served = state.clone();
        thread::Builder::new().name("receiver".to_owned()).spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    done = accept(listener, served) => drop(done),
                    _ = ended => (),
                }
            });
        })?;
        Ok(Self { address, state, _running: running })
    }

    /// Writes arrivals into `ledger` from now on.
    pub fn keep(&self, ledger: Arc<Ledger>) {
        let mut state = self.state.write().expect("no code panics holding it");
        state.ledger = ledger;
        state.sample = None;
    }

    /// Makes the endpoints from number `first` on hang.
    pub fn hang_from(&self, first: FirstHanging) {
        self.state.write().expect("no code panics holding it").first_hanging = first;
    }

    /// Checks that the first message since [`keep`](Self::keep) was signed with `secret`.
    pub fn check_signature(&self, secret: &str) -> anyhow::Result<()> {
        let sample = self.state.read().expect("no code panics holding it").sample.clone();
        let (headers, body) = sample.context("nothing arrived")?;
        let header = |name: &str| headers.get(name).and_then(|it| it.to_str().ok());
        let received = Received {
            id: header("webhook-id"),
            timestamp: header("webhook-timestamp"),
            signature: header("webhook-signature"),
        };
        let now_s = jiff::Timestamp::now().as_second();
        signature::verify(&[Secret::parse(secret)?], None, received, &body, now_s)
            .context("what was measured is not signed")
    }
}

async fn accept(listener: std::net::TcpListener, state: Arc<RwLock<State>>) -> anyhow::Result<()> {
    let listener = TcpListener::from_std(listener)?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let state = state.clone();
        let take = service_fn(move |request| take(state.clone(), request));
        // Ends with the runtime; the hub breaking a connection off is its own affair.
        #[expect(clippy::disallowed_methods, reason = "a connection ends with the run")]
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), take));
    }
}

async fn take(
    state: Arc<RwLock<State>>,
    request: Request<Incoming>,
) -> Result<Response<Empty<Bytes>>, hyper::Error> {
    let (head, body) = request.into_parts();
    let body = body.collect().await?.to_bytes();
    let endpoint: usize = head.uri.path()[1..].parse().unwrap_or(usize::MAX);
    let (is_hanging, needs_sample) = {
        let state = state.read().expect("no code panics holding it");
        let is_hanging = state.first_hanging.is_some_and(|first| first <= endpoint);
        if !is_hanging {
            state.ledger.arrive(Mark::find(&body), endpoint);
        }
        (is_hanging, state.sample.is_none())
    };
    if is_hanging {
        std::future::pending::<()>().await;
    }
    if needs_sample {
        let sample = Some((head.headers, body));
        state.write().expect("no code panics holding it").sample = sample;
    }
    let mut answer = Response::new(Empty::new());
    *answer.status_mut() = StatusCode::NO_CONTENT;
    Ok(answer)
}
