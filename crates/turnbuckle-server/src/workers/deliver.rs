//! Sends what is due.
//!
//! Every endpoint has a *lane*: its own queue, its own number of requests in
//! flight, so a receiver that hangs slows no other. Lanes are spread over a few
//! *shards*, each a task that drives the requests of its lanes. How attempts
//! ended is written by one *recorder* in batches; the rows that this promotes
//! come back to the lanes.
//!
//! The store is the truth about what is due. A lane holds a bounded part of it;
//! what does not fit stays in the store and is read when the lane runs low.
//! Deliveries are at least once: a process that dies after a request and before
//! its record sends the same id and body again.

mod attempt;
mod lane;
mod recorder;
mod shard;

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use turnbuckle_core::id::{DeliveryId, EndpointId, UnixMs, WorkspaceId};
use turnbuckle_store::delivery::DueDelivery;

use crate::app::App;
use crate::config::DeliverConfig;
use crate::logging::Chain;

/// Tasks that drive requests.
const SHARDS: usize = 2;

/// What a shard is told.
enum Command {
    /// Heads that became due by being stored.
    Stored(DueDelivery),
    /// A head became due by being stored, but memory is full: it is read later.
    Spilled(WorkspaceId, EndpointId),
    /// A head became due by the end of the one before it.
    Promoted(DueDelivery),
    /// An attempt is written down.
    Recorded { endpoint: EndpointId, delivery: DeliveryId, retry_at: Option<UnixMs> },
    /// Something about the endpoint changed: look at what is due.
    Wake(WorkspaceId, EndpointId),
}

/// Where deliveries that became due are handed over.
pub struct Lanes {
    shards: Vec<mpsc::UnboundedSender<Command>>,
    receivers: Mutex<Vec<mpsc::UnboundedReceiver<Command>>>,
    budget: Budget,
    successes: Mutex<HashMap<EndpointId, UnixMs>>,
}

/// Bounds what all lanes hold in memory.
struct Budget {
    count: AtomicUsize,
    bytes: AtomicUsize,
    count_max: usize,
    bytes_max: usize,
}

/// Memory of a delivery beside its body.
const OVERHEAD_BYTES: usize = 256;

impl Budget {
    fn take(&self, due: &DueDelivery) -> bool {
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        let bytes = self.bytes.fetch_add(due.body.len() + OVERHEAD_BYTES, Ordering::Relaxed);
        let fits = count < self.count_max && bytes < self.bytes_max;
        if !fits {
            self.give_back(due);
        }
        fits
    }

    /// Counts what is held whether it fits or not: a slice that was read, or
    /// the next of a line that waits for nothing else.
    fn add(&self, due: &DueDelivery) {
        self.count.fetch_add(1, Ordering::Relaxed);
        self.bytes.fetch_add(due.body.len() + OVERHEAD_BYTES, Ordering::Relaxed);
    }

    fn give_back(&self, due: &DueDelivery) {
        self.count.fetch_sub(1, Ordering::Relaxed);
        self.bytes.fetch_sub(due.body.len() + OVERHEAD_BYTES, Ordering::Relaxed);
    }
}

impl Lanes {
    pub fn new(config: &DeliverConfig) -> Self {
        let (shards, receivers) = (0..SHARDS).map(|_| mpsc::unbounded_channel()).unzip();
        Self {
            shards,
            receivers: Mutex::new(receivers),
            budget: Budget {
                count: AtomicUsize::new(0),
                bytes: AtomicUsize::new(0),
                count_max: config.pending_count_max,
                bytes_max: config.pending_bytes_max,
            },
            successes: Mutex::default(),
        }
    }

    /// Hands over heads that were just stored; what does not fit into memory
    /// stays in the store.
    pub fn enqueue(&self, due: Vec<DueDelivery>) {
        for delivery in due {
            let (workspace, endpoint) = (delivery.workspace, delivery.endpoint);
            let command = match self.budget.take(&delivery) {
                true => Command::Stored(delivery),
                false => Command::Spilled(workspace, endpoint),
            };
            self.tell(endpoint, command);
        }
    }

    /// Looks for what is due at an endpoint, e.g. after it was resumed, changed or recovered.
    pub fn wake(&self, workspace: WorkspaceId, endpoint: EndpointId) {
        self.tell(endpoint, Command::Wake(workspace, endpoint));
    }

    /// When endpoints last answered well, as far as not taken before.
    pub fn take_successes(&self) -> Vec<(EndpointId, UnixMs)> {
        self.successes.lock().expect("no code panics holding the map").drain().collect()
    }

    fn note_success(&self, endpoint: EndpointId, at: UnixMs) {
        self.successes.lock().expect("no code panics holding the map").insert(endpoint, at);
    }

    fn promote(&self, due: Vec<DueDelivery>) {
        for delivery in due {
            let endpoint = delivery.endpoint;
            self.budget.add(&delivery);
            self.tell(endpoint, Command::Promoted(delivery));
        }
    }

    fn tell(&self, endpoint: EndpointId, command: Command) {
        let shard = endpoint.0.tail() as usize % self.shards.len();
        // A shard is gone only when the process ends; the store keeps what is due.
        let _ = self.shards[shard].send(command);
    }
}

pub fn start(app: &App, shutdown: &CancellationToken, workers: &mut JoinSet<()>) {
    let receivers =
        std::mem::take(&mut *app.lanes.receivers.lock().expect("no code panics holding it"));
    let (recorder, attempts) = mpsc::unbounded_channel();
    for receiver in receivers {
        workers.spawn(shard::run(app.clone(), receiver, recorder.clone(), shutdown.clone()));
    }
    workers.spawn(recorder::run(app.clone(), attempts));
    workers.spawn(wake_due(app.clone(), shutdown.clone()));
    workers.spawn(wake_due_elsewhere(app.clone(), shutdown.clone()));
}

/// Finds what is due at the start, and whatever a lost signal left behind.
async fn wake_due(app: App, shutdown: CancellationToken) {
    while !shutdown.is_cancelled() {
        match app.store.endpoints_due().await {
            Ok(endpoints) => {
                for (workspace, endpoint, _) in endpoints {
                    app.lanes.wake(workspace, endpoint);
                }
            }
            Err(error) => tracing::error!(error = %Chain(&error), "could not look for what is due"),
        }
        tokio::select! {
            () = tokio::time::sleep(app.config.deliver.poll_interval) => {}
            () = shutdown.cancelled() => {}
        }
    }
}

/// Looks for what other processes made due for this one to send.
async fn wake_due_elsewhere(app: App, shutdown: CancellationToken) {
    while let Some(endpoints) = shutdown.run_until_cancelled(app.store.due_elsewhere()).await {
        for (workspace, endpoint) in endpoints {
            app.lanes.wake(workspace, endpoint);
        }
    }
}
