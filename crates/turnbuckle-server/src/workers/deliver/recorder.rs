//! Writes down how attempts ended, many in one transaction, however long the store is
//! away: until it is written, an attempt holds its place in its lane.

use std::time::Duration;

use tokio::sync::mpsc;
use turnbuckle_core::id::UnixMs;
use turnbuckle_store::StoreError;
use turnbuckle_store::delivery::{AfterAttempt, Attempt, Permit};

use super::Command;
use crate::activity::Listed;
use crate::app::App;
use crate::logging::Chain;

/// Attempts of one transaction at most.
const BATCH_MAX: usize = 512;
const AWAY_WAIT: Duration = Duration::from_millis(200);
/// Tries at a store that is away once the process ends. What is not written by then is made
/// again after the next start.
const LAST_TRIES_MAX: usize = 10;
/// After what time an attempt is made again that the store refuses to take.
const REFUSED_RETRY_MS: UnixMs = 60_000;

/// An attempt that was made, with what let it be made until it is written down.
pub type Made = (Attempt, Permit);

/// Runs until every shard is gone and all is written.
pub async fn run(app: App, mut incoming: mpsc::UnboundedReceiver<Made>) {
    let mut batch = Vec::with_capacity(BATCH_MAX);
    while incoming.recv_many(&mut batch, BATCH_MAX).await > 0 {
        let (attempts, permits): (Vec<Attempt>, Vec<Permit>) = batch.drain(..).unzip();
        let mut tries_left = LAST_TRIES_MAX;
        while let Err(Away) = record(&app, &attempts).await {
            if incoming.is_closed() {
                tries_left -= 1;
            }
            if tries_left == 0 {
                tracing::error!(
                    count = attempts.len(),
                    "the store is away at the end: these attempts are made again after a restart"
                );
                break;
            }
            tokio::time::sleep(AWAY_WAIT).await;
        }
        drop(permits);
    }
}

/// The store can take nothing at present.
struct Away;

/// Writes attempts down and tells their lanes; one that the store refuses is left to be
/// made again later, and keeps no other from being written.
async fn record(app: &App, attempts: &[Attempt]) -> Result<(), Away> {
    match app.store.finish_attempts(attempts.to_vec()).await {
        Ok(due) => {
            for attempt in attempts {
                let retry_at = match attempt.next {
                    AfterAttempt::RetryAt(at) => Some(at),
                    AfterAttempt::Delivered | AfterAttempt::Dead => None,
                };
                tell(app, attempt, retry_at);
            }
            app.lanes.promote(due);
            count(app, attempts);
            let workspaces = attempts.iter().map(|attempt| attempt.workspace);
            app.activity.note(Listed::Deliveries, workspaces);
            Ok(())
        }
        Err(StoreError::Unavailable { .. } | StoreError::Overloaded) => Err(Away),
        Err(error) => match attempts {
            [attempt] => {
                tracing::error!(
                    delivery_id = %attempt.delivery, error = %Chain(&error),
                    "an attempt could not be recorded"
                );
                tell(app, attempt, Some(app.now() + REFUSED_RETRY_MS));
                Ok(())
            }
            several => {
                for attempt in several {
                    Box::pin(record(app, std::slice::from_ref(attempt))).await?;
                }
                Ok(())
            }
        },
    }
}

fn count(app: &App, attempts: &[Attempt]) {
    let mut counting = app.statistics.count();
    for Attempt { delivery, workspace, at, duration_ms, next, .. } in attempts {
        let counts = counting.of(*workspace);
        match next {
            AfterAttempt::Delivered => {
                counts.delivered += 1;
                let delivered_at = at + UnixMs::from(*duration_ms);
                counts.delivery.count(delivered_at.abs_diff(delivery.0.millis()));
            }
            AfterAttempt::RetryAt(_) => counts.failed_attempts += 1,
            AfterAttempt::Dead => {
                counts.failed_attempts += 1;
                counts.dead += 1;
            }
        }
    }
}

fn tell(app: &App, attempt: &Attempt, retry_at: Option<UnixMs>) {
    let Attempt { endpoint, delivery, .. } = *attempt;
    app.lanes.tell(endpoint, Command::Recorded { endpoint, delivery, retry_at });
}
