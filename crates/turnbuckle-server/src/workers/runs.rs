//! Long work that somebody asked for: replays of inbound events and recoveries
//! of deliveries.
//!
//! A run goes on slice by slice, and how far it came is stored after each, so
//! that it is taken up again after a restart: a replay in the transaction that ends its
//! events, a recovery after it, so that the slice in which the process died is done twice. Open runs take turns: a long one does not keep the
//! others waiting.

pub mod recover;
pub mod replay;

use std::pin::pin;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use turnbuckle_store::StoreError;
use turnbuckle_store::replay::{Run, RunKind};

use crate::app::App;
use crate::logging::Chain;

/// How long after a failure the open runs are tried again, and how often
/// somebody looks whether there are any.
const RETRY_AFTER: Duration = Duration::from_secs(5);

/// Carries out runs until `shutdown` is cancelled.
pub async fn run(app: App, shutdown: CancellationToken) {
    while !shutdown.is_cancelled() {
        // Listening starts before looking, so that no request falls in between.
        let mut requested = pin!(app.signals.run_requested.notified());
        requested.as_mut().enable();
        let is_more = match advance_all(&app, &shutdown).await {
            Ok(is_more) => is_more,
            Err(error) => {
                tracing::warn!(error = %Chain(&error), "open runs could not be read");
                false
            }
        };
        if is_more {
            continue;
        }
        tokio::select! {
            () = shutdown.cancelled() => {}
            () = requested => {}
            () = tokio::time::sleep(RETRY_AFTER) => {}
        }
    }
}

/// Does one slice of every open run; whether any can go on at once.
async fn advance_all(app: &App, shutdown: &CancellationToken) -> Result<bool, StoreError> {
    let mut is_more = false;
    if !app.store.does_upkeep() {
        return Ok(false);
    }
    for mut run in app.store.open_runs().await? {
        if shutdown.is_cancelled() || !app.store.does_upkeep() {
            break;
        }
        let advanced = match run.kind {
            RunKind::Replay => replay::advance(app, &mut run, shutdown).await,
            RunKind::Recovery => recover::advance(app, &mut run).await,
        };
        match advanced {
            Ok(()) => is_more |= run.ended_at.is_none(),
            // The others go on; this one is tried again later.
            Err(error) => {
                tracing::warn!(run_id = run.id, error = %Chain(&error), "a run could not go on");
            }
        }
    }
    Ok(is_more)
}

/// Ends a run whose request nobody can carry out (any more).
async fn abandon(app: &App, run: &mut Run, reason: &str) -> Result<(), StoreError> {
    tracing::warn!(run_id = run.id, reason, "a run was abandoned");
    end(app, run).await
}

async fn end(app: &App, run: &mut Run) -> Result<(), StoreError> {
    run.end(app.now());
    app.store.update_run(run).await
}
