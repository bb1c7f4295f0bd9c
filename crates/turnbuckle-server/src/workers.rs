//! The stages behind the API: process, match, deliver, and what keeps house.
//!
//! A worker takes no input: whatever woke it, it looks at what is due in the
//! store. Signals only shorten the wait.

pub mod calls;
pub mod deliver;
pub mod erase;
pub mod event_calls;
pub mod housekeeping;
pub mod matching;
pub mod process;
pub mod rekey;
pub mod runs;
pub mod statistics;

use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::app::App;

/// Hints that wake the workers who do upkeep.
#[derive(Default)]
pub struct Signals {
    /// Search keys or match keys may have to be built: a mapping, a connection
    /// or an entity was put.
    pub keys_started: Notify,
    /// There is something to erase.
    pub connection_deleted: Notify,
    /// A replay or a recovery was asked for.
    pub run_requested: Notify,
}

impl App {
    /// Wakes a worker who does upkeep, in whichever process that is.
    pub fn wake(&self, signal: impl Fn(&Signals) -> &Notify) {
        signal(&self.signals).notify_one();
        self.store.ask_for_upkeep();
    }
}

/// Wakes the workers when another process asks for upkeep.
async fn hear(app: App, shutdown: CancellationToken) {
    while shutdown.run_until_cancelled(app.store.upkeep_asked_for()).await.is_some() {
        let Signals { keys_started, connection_deleted, run_requested } = &app.signals;
        for signal in [keys_started, connection_deleted, run_requested] {
            signal.notify_one();
        }
    }
}

/// Starts all workers; they end after `shutdown` is cancelled.
pub fn start(app: &App, shutdown: &CancellationToken) -> JoinSet<()> {
    let mut workers = JoinSet::new();
    workers.spawn(hear(app.clone(), shutdown.clone()));
    workers.spawn(process::run(app.clone(), shutdown.clone()));
    workers.spawn(matching::run(app.clone(), shutdown.clone()));
    workers.spawn(rekey::run(app.clone(), shutdown.clone()));
    workers.spawn(runs::run(app.clone(), shutdown.clone()));
    workers.spawn(erase::run(app.clone(), shutdown.clone()));
    workers.spawn(calls::run(app.clone(), shutdown.clone()));
    workers.spawn(statistics::run(app.clone(), shutdown.clone()));
    workers.spawn(housekeeping::run(app.clone(), shutdown.clone()));
    deliver::start(app, shutdown, &mut workers);
    workers
}
