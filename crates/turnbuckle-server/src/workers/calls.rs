//! Writes calls of functions into their log, as many at once as have gathered.

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use turnbuckle_store::StoreError;
use turnbuckle_store::function::FunctionCall;

use crate::activity::Listed;
use crate::app::App;
use crate::logging::Chain;

/// Calls of one transaction at most.
const BATCH_MAX: usize = 256;
const AWAY_WAIT: Duration = Duration::from_millis(200);
/// Tries at a store that is away before calls are left out.
const TRIES_MAX: usize = 50;

/// Runs until `shutdown` is cancelled and what was handed over before is written.
pub async fn run(app: App, shutdown: CancellationToken) {
    loop {
        tokio::select! {
            () = app.call_log.came() => {}
            () = shutdown.cancelled() => {}
        }
        // Asked before taking: what was handed over before the end is not left behind.
        let is_last = shutdown.is_cancelled();
        let (calls, left_out) = app.call_log.take();
        if 0 < left_out {
            tracing::warn!(count = left_out, "calls of functions were left out of their log");
        }
        for batch in calls.chunks(BATCH_MAX) {
            write(&app, batch, &shutdown).await;
        }
        if is_last {
            return;
        }
    }
}

async fn write(app: &App, batch: &[FunctionCall], shutdown: &CancellationToken) {
    for _ in 0..TRIES_MAX {
        match app.store.add_function_calls(batch.to_vec()).await {
            Ok(()) => {
                let workspaces = batch.iter().map(|call| call.workspace);
                return app.activity.note(Listed::FunctionCalls, workspaces);
            }
            Err(StoreError::Unavailable { .. } | StoreError::Overloaded)
                if !shutdown.is_cancelled() =>
            {
                tokio::time::sleep(AWAY_WAIT).await;
            }
            Err(error) => {
                tracing::error!(error = %Chain(&error), "calls of functions could not be logged");
                break;
            }
        }
    }
    app.metrics.function_calls_left_out(batch.len());
    tracing::warn!(count = batch.len(), "calls of functions were left out of their log");
}
