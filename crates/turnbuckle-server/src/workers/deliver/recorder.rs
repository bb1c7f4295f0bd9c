//! Writes down how attempts ended, many in one transaction.

use std::time::Duration;

use tokio::sync::mpsc;
use turnbuckle_store::StoreError;
use turnbuckle_store::delivery::{AfterAttempt, Attempt, Permit};

use super::Command;
use crate::app::App;
use crate::logging::Chain;

/// Attempts of one transaction at most.
const BATCH_MAX: usize = 512;
const AWAY_WAIT: Duration = Duration::from_millis(200);
/// Tries at a store that is away before the attempts are left to be made again.
const TRIES_MAX: usize = 50;

/// An attempt that was made, with what let it be made until it is written down.
pub type Made = (Attempt, Permit);

/// Runs until every shard is gone and all is written.
pub async fn run(app: App, mut attempts: mpsc::UnboundedReceiver<Made>) {
    let mut batch = Vec::with_capacity(BATCH_MAX);
    while attempts.recv_many(&mut batch, BATCH_MAX).await > 0 {
        let (attempts, permits): (Vec<Attempt>, Vec<Permit>) = batch.drain(..).unzip();
        record(&app, attempts).await;
        drop(permits);
    }
}

async fn record(app: &App, attempts: Vec<Attempt>) {
    let recorded: Vec<Command> = attempts
        .iter()
        .map(|attempt| Command::Recorded {
            endpoint: attempt.endpoint,
            delivery: attempt.delivery,
            retry_at: match attempt.next {
                AfterAttempt::RetryAt(at) => Some(at),
                AfterAttempt::Delivered | AfterAttempt::Dead => None,
            },
        })
        .collect();
    for _ in 0..TRIES_MAX {
        match app.store.finish_attempts(attempts.clone()).await {
            Ok(due) => {
                for command in recorded {
                    if let Command::Recorded { endpoint, .. } = command {
                        app.lanes.tell(endpoint, command);
                    }
                }
                return app.lanes.promote(due);
            }
            Err(StoreError::Unavailable { .. } | StoreError::Overloaded) => {
                tokio::time::sleep(AWAY_WAIT).await;
            }
            Err(error) => {
                tracing::error!(error = %Chain(&error), "attempts could not be recorded");
                return;
            }
        }
    }
    tracing::error!(
        count = attempts.len(),
        "the store stayed away: these attempts are made again after a restart"
    );
}
