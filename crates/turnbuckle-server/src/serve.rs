//! Serves: the store, the workers and the HTTP surfaces of one process, from
//! start to stop.
//!
//! Stopping has an order. The listener closes first and requests in flight are
//! answered, because some of them wait for a worker; then the workers end; then
//! the store finishes what is queued and closes. What does not end in its time is
//! cut off, which loses nothing: whatever was acknowledged is in the store.

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use axum::Router;
use axum::extract::ConnectInfo;
use axum::serve::{Listener as _, ListenerExt as _};
use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_io_timeout::TimeoutStream;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;
use turnbuckle_connectors::registry::Registry;
use turnbuckle_store::clock::Clock;

use crate::app::App;
use crate::bootstrap::{self, FirstStart};
use crate::clock::SystemClock;
use crate::config::Config;
use crate::logging::Chain;
use crate::{api, workers};

/// How long requests in flight may take to be answered when the server stops.
const REQUESTS_END_MAX: Duration = Duration::from_secs(6);
/// How long workers may take to end after that.
const WORKERS_END_MAX: Duration = Duration::from_millis(2_500);

/// How long the last statistics may take to be written after that.
const STATISTICS_END_MAX: Duration = Duration::from_millis(500);

/// Open files beside connections and calls: the database, its readers, the log.
const OWN_FILES: usize = 100;

/// How often samples of histograms are sorted.
const UPKEEP_INTERVAL: Duration = Duration::from_secs(1);

/// A server that runs until its token is cancelled.
pub struct Serving {
    app: App,
    address: SocketAddr,
    first_start: Option<FirstStart>,
    shutdown: CancellationToken,
    /// One task, which ends when everything has stopped.
    running: JoinSet<()>,
}

/// Starts a server; it answers when this returns. Cancelling `shutdown` stops it.
///
/// # Errors
/// With a sentence for the operator: the address, the data folder, the key file
/// or the database cannot be used.
pub async fn serve(config: Config, shutdown: CancellationToken) -> anyhow::Result<Serving> {
    serve_among(config, Arc::new(SystemClock), Registry::delivered(), shutdown).await
}

/// The same on another clock and with other connectors, as [`App::build_on`].
///
/// # Errors
/// As [`serve`].
pub async fn serve_among(
    config: Config,
    clock: Arc<dyn Clock>,
    connectors: Registry,
    shutdown: CancellationToken,
) -> anyhow::Result<Serving> {
    raise_open_files(&config);
    // First, because a wrong address must not leave a data folder behind.
    let listener = TcpListener::bind(config.listen)
        .await
        .with_context(|| format!("cannot listen on {}", config.listen))?;
    let address = listener.local_addr().context("the listener has no address")?;
    bootstrap::warn_of_new_database(&config);
    let app = App::build_on(config, clock, connectors).await?;
    let first_start = bootstrap::first_start(&app).await?;
    app.store.begin_work().await.context("cannot begin to work on what is stored")?;
    let mut running = JoinSet::new();
    running.spawn(run(app.clone(), listener, shutdown.clone()));
    Ok(Serving { app, address, first_start, shutdown, running })
}

impl Serving {
    pub fn app(&self) -> &App {
        &self.app
    }

    /// Where it listens; the port is the real one, also if 0 was asked for.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// What this start made if it was the first, to be printed once.
    pub fn first_start(&self) -> Option<&FirstStart> {
        self.first_start.as_ref()
    }

    /// Waits until somebody cancels the token and everything has stopped.
    ///
    /// # Errors
    /// If serving ended in a panic.
    pub async fn stopped(mut self) -> anyhow::Result<()> {
        match self.running.join_next().await {
            Some(ended) => ended.context("the server panicked"),
            None => Ok(()),
        }
    }

    /// Stops everything and waits for it.
    ///
    /// # Errors
    /// If serving ended in a panic.
    pub async fn shutdown(self) -> anyhow::Result<()> {
        self.shutdown.cancel();
        self.stopped().await
    }
}

async fn run(app: App, listener: TcpListener, shutdown: CancellationToken) {
    let stop_workers = CancellationToken::new();
    let mut workers = workers::start(&app, &stop_workers);
    // No call begins any more as soon as the hub stops.
    workers.spawn(workers::event_calls::run(app.clone(), shutdown.clone()));
    workers.spawn(keep_metrics_up(app.clone(), stop_workers.clone()));
    workers.spawn(prepare_engines(app.clone()));

    serve_http(&app, listener, &shutdown).await;
    stop_workers.cancel();
    let ended = timeout(WORKERS_END_MAX, async {
        while let Some(ended) = workers.join_next().await {
            if let Err(error) = ended {
                tracing::error!(%error, "a worker panicked");
            }
        }
    });
    if ended.await.is_err() {
        tracing::warn!(workers = workers.len(), "some workers did not end in time");
        workers.shutdown().await;
    }
    // Last, because the others count until they end.
    let written = timeout(STATISTICS_END_MAX, workers::statistics::write_all(&app));
    if written.await.is_err() {
        tracing::warn!("the last statistics were not written in time");
    }
    app.store.close().await;
}

/// Lets this process open as many files as its system allows, and says so where that
/// is fewer than its settings ask for: without a free one nothing can be accepted
/// and nothing delivered.
#[cfg(unix)]
fn raise_open_files(config: &Config) {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let allowed = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: allowed.maximum, ..allowed };
    let current = match setrlimit(Resource::Nofile, raised) {
        Ok(()) => raised.current,
        // Systems may have a bound of their own below the maximum.
        Err(_) => allowed.current,
    };
    let wanted = config.http.connections_max + config.deliver.in_flight_max + OWN_FILES;
    if current.is_some_and(|current| current < wanted as u64) {
        tracing::warn!(
            open_files_max = current,
            open_files_wanted = wanted,
            "the system lets this process open fewer files than its settings ask for; raise that \
             limit (`ulimit -n`, `LimitNOFILE`) or lower `http.connections_max`"
        );
    }
}

#[cfg(not(unix))]
fn raise_open_files(_: &Config) {}

/// Serves until `shutdown`, then until requests in flight are answered.
async fn serve_http(app: &App, listener: TcpListener, shutdown: &CancellationToken) {
    let mut listener = listener.tap_io(|stream| {
        // Answers are small and written whole; waiting to fill a packet only delays them.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "could not turn off Nagle's algorithm");
        }
    });
    let surface = Surface::new(app);
    let connections_max = app.config.http.connections_max;
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            () = shutdown.cancelled() => break,
            Some(_) = connections.join_next() => {}
            // Whoever finds no room waits in the queue of the listener.
            (stream, peer) = listener.accept(), if connections.len() < connections_max => {
                connections.spawn(surface.clone().serve(stream, peer));
            }
        }
    }
    drop(listener);
    app.stopping.cancel();
    app.unfinished.close();
    let answered = timeout(REQUESTS_END_MAX, async {
        while connections.join_next().await.is_some() {}
        app.unfinished.wait().await;
    });
    if answered.await.is_err() {
        tracing::warn!("some requests were cut off");
    }
}

/// What a connection talks to.
#[derive(Clone)]
struct Surface {
    protocol: http1::Builder,
    router: Router,
    /// How long a caller may take nothing of an answer.
    answer_timeout: Duration,
    /// Ends a connection after the answer that is on its way.
    stopping: CancellationToken,
}

impl Surface {
    fn new(app: &App) -> Self {
        let mut protocol = http1::Builder::new();
        protocol.timer(TokioTimer::new()).header_read_timeout(app.config.http.head_timeout);
        let answer_timeout = app.config.http.body_timeout;
        let (router, stopping) = (api::router(app.clone()), app.stopping.clone());
        Self { protocol, router, answer_timeout, stopping }
    }

    async fn serve(self, stream: TcpStream, peer: SocketAddr) {
        // Whoever asks and does not listen holds a connection, too.
        let mut stream = TimeoutStream::new(stream);
        stream.set_write_timeout(Some(self.answer_timeout));
        let stream = Box::pin(stream);
        let answer = service_fn(|mut request: Request<Incoming>| {
            request.extensions_mut().insert(ConnectInfo(peer));
            self.router.clone().oneshot(request)
        });
        let connection = self.protocol.serve_connection(TokioIo::new(stream), answer);
        let mut connection = pin!(connection.with_upgrades());
        let ended = tokio::select! {
            ended = &mut connection => ended,
            () = self.stopping.cancelled() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%error, "a connection ended early");
        }
    }
}

/// Whoever needs an engine that could not be made is told why, each time.
async fn prepare_engines(app: App) {
    if let Err(error) = app.evaluator.prepare().await {
        tracing::warn!(error = %Chain(&error), "expressions cannot be evaluated");
    }
    if let Err(error) = app.functions.prepare().await {
        tracing::warn!(%error, "functions cannot be run");
    }
}

async fn keep_metrics_up(app: App, shutdown: CancellationToken) {
    while shutdown.run_until_cancelled(tokio::time::sleep(UPKEEP_INTERVAL)).await.is_some() {
        app.metrics.run_upkeep();
    }
}
