//! Drives the lanes of some endpoints: starts requests, reads more when a lane
//! runs low, hands what ended to the recorder.

use std::collections::HashMap;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use turnbuckle_core::id::{EndpointId, UnixMs, WorkspaceId};
use turnbuckle_store::StoreError;
use turnbuckle_store::delivery::{DueDelivery, DueSlice};

use super::attempt::{self, Attempted};
use super::lane::{Lane, REFILL};
use super::recorder::Made;
use super::{Command, SHARDS};
use crate::app::App;
use crate::logging::Chain;

/// Commands taken at once.
const COMMANDS_MAX: usize = 512;
/// How long to wait before reading again from a store that was away.
const AWAY_WAIT: Duration = Duration::from_millis(500);

/// What a task of this shard brought.
enum Done {
    Attempted(EndpointId, Attempted),
    Refilled(EndpointId, Result<DueSlice, StoreError>),
}

struct Shard {
    app: App,
    lanes: HashMap<EndpointId, Lane>,
    running: FuturesUnordered<BoxFuture<'static, Done>>,
    /// Requests in flight in all lanes.
    in_flight: usize,
    in_flight_max: usize,
    recorder: mpsc::UnboundedSender<Made>,
}

pub async fn run(
    app: App,
    mut commands: mpsc::UnboundedReceiver<Command>,
    recorder: mpsc::UnboundedSender<Made>,
    shutdown: CancellationToken,
) {
    let in_flight_max = (app.config.deliver.in_flight_max / SHARDS).max(1);
    let mut shard = Shard {
        app,
        lanes: HashMap::new(),
        running: FuturesUnordered::new(),
        in_flight: 0,
        in_flight_max,
        recorder,
    };
    let mut taken = Vec::with_capacity(COMMANDS_MAX);
    while !shutdown.is_cancelled() {
        let sleep = shard.until_next_due();
        tokio::select! {
            biased;
            () = shutdown.cancelled() => break,
            Some(done) = shard.running.next(), if !shard.running.is_empty() => shard.done(done),
            _ = commands.recv_many(&mut taken, COMMANDS_MAX) => {
                for command in taken.drain(..) {
                    shard.obey(command);
                }
            }
            () = tokio::time::sleep(sleep) => shard.start_all(),
        }
    }
    // Requests in flight may end; what they bring is recorded.
    while let Some(done) = shard.running.next().await {
        if let Done::Attempted(_, Attempted::Answered { attempt, permit, .. }) = done {
            let _ = shard.recorder.send((attempt, permit));
        }
    }
}

impl Shard {
    fn lane(&mut self, workspace: WorkspaceId, endpoint: EndpointId) -> &mut Lane {
        let in_flight_max = self.app.config.deliver.in_flight_per_endpoint_max;
        self.lanes.entry(endpoint).or_insert_with(|| Lane::new(workspace, in_flight_max))
    }

    fn obey(&mut self, command: Command) {
        let (endpoint, let_go) = match command {
            Command::Stored(due) => {
                let endpoint = due.endpoint;
                (endpoint, self.lane(due.workspace, endpoint).store(due))
            }
            Command::Promoted(due) => {
                let endpoint = due.endpoint;
                (endpoint, self.lane(due.workspace, endpoint).promote(due))
            }
            Command::Spilled(workspace, endpoint) => {
                self.lane(workspace, endpoint).spill();
                (endpoint, None)
            }
            Command::Wake(workspace, endpoint) => {
                self.lane(workspace, endpoint).wake();
                (endpoint, None)
            }
            Command::Recorded { endpoint, delivery, retry_at } => {
                if let Some(lane) = self.lanes.get_mut(&endpoint) {
                    lane.recorded(delivery, retry_at);
                }
                (endpoint, None)
            }
        };
        self.let_go(let_go);
        self.start(endpoint);
    }

    fn done(&mut self, done: Done) {
        match done {
            Done::Refilled(endpoint, Ok(slice)) => {
                let Some(lane) = self.lanes.get_mut(&endpoint) else { return };
                slice.due.iter().for_each(|due| self.app.lanes.budget.add(due));
                let let_go = lane.refill(slice);
                self.let_go(let_go);
                self.start(endpoint);
            }
            Done::Refilled(endpoint, Err(error)) => {
                tracing::error!(error = %Chain(&error), "due deliveries could not be read");
                if let Some(lane) = self.lanes.get_mut(&endpoint) {
                    lane.refill_failed();
                }
            }
            Done::Attempted(endpoint, attempted) => self.attempted(endpoint, attempted),
        }
    }

    fn attempted(&mut self, endpoint: EndpointId, attempted: Attempted) {
        self.in_flight -= 1;
        let Some(lane) = self.lanes.get_mut(&endpoint) else { return };
        match attempted {
            Attempted::Answered { due, attempt, is_success, permit } => {
                lane.ended(is_success);
                if is_success {
                    let at = attempt.at;
                    if lane.last_success_at.is_none_or(|last| last + 1_000 < at) {
                        lane.last_success_at = Some(at);
                        self.app.lanes.note_success(endpoint, at);
                    }
                }
                self.let_go([due]);
                // The recorder outlives the shards.
                let _ = self.recorder.send((attempt, permit));
            }
            Attempted::Erased(due) => {
                lane.drop(due.id);
                self.let_go([due]);
            }
            Attempted::NotNow(due) => {
                let let_go = lane.suspend(due);
                self.let_go(let_go);
            }
        }
        self.start(endpoint);
    }

    fn let_go(&self, due: impl IntoIterator<Item = DueDelivery>) {
        for due in due {
            self.app.lanes.budget.give_back(&due);
        }
    }

    fn start_all(&mut self) {
        let endpoints: Vec<EndpointId> = self.lanes.keys().copied().collect();
        for endpoint in endpoints {
            self.start(endpoint);
        }
    }

    /// Starts what the lane may have in flight, and reads more if it runs low.
    fn start(&mut self, endpoint: EndpointId) {
        let now = self.app.now();
        let Some(lane) = self.lanes.get_mut(&endpoint) else { return };
        while self.in_flight < self.in_flight_max
            && let Some(due) = lane.next()
        {
            self.in_flight += 1;
            let (app, last_success_at) = (self.app.clone(), lane.last_success_at);
            self.running.push(Box::pin(async move {
                Done::Attempted(endpoint, attempt::attempt(&app, due, last_success_at).await)
            }));
        }
        if lane.wants_refill(now) {
            let (workspace, held) = (lane.workspace, lane.begin_refill());
            let app = self.app.clone();
            self.running.push(Box::pin(async move {
                let slice = app.store.due_deliveries(workspace, endpoint, now, &held, REFILL).await;
                if slice.is_err() {
                    tokio::time::sleep(AWAY_WAIT).await;
                }
                Done::Refilled(endpoint, slice)
            }));
        }
        if lane.is_idle() {
            self.lanes.remove(&endpoint);
        }
    }

    /// How long nothing is due, at most a second: timers are as fine as the
    /// retry schedule is coarse.
    fn until_next_due(&self) -> Duration {
        const LONGEST: UnixMs = 1_000;
        if self.lanes.is_empty() {
            return Duration::from_secs(3_600);
        }
        let next = self.lanes.values().filter_map(|lane| lane.next_due_at).min();
        let wait = next.map_or(LONGEST, |at| (at - self.app.now()).clamp(1, LONGEST));
        Duration::from_millis(wait.unsigned_abs())
    }
}
