//! Writes down what was counted, after every minute.

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use turnbuckle_store::statistics::MINUTE_MS;

use crate::app::App;
use crate::logging::Chain;
use crate::statistics::minute_of;

/// Rows of one transaction at most.
const BATCH_MAX: usize = 500;

pub async fn run(app: App, shutdown: CancellationToken) {
    let minute_ends = || {
        let left_ms = MINUTE_MS - app.now().rem_euclid(MINUTE_MS);
        tokio::time::sleep(Duration::from_millis(left_ms as u64))
    };
    while shutdown.run_until_cancelled(minute_ends()).await.is_some() {
        write(&app, minute_of(app.now())).await;
    }
}

/// The same of everything: at the end, once nobody counts any more.
pub async fn write_all(app: &App) {
    write(app, i64::MAX).await;
}

/// What cannot be written waits for the next time.
async fn write(app: &App, before: i64) {
    let (rows, left_out) = app.statistics.end(before);
    if 0 < left_out {
        tracing::warn!(count = left_out, "too many statistics waited: the oldest were left out");
    }
    for batch in rows.chunks(BATCH_MAX) {
        if let Err(error) = app.store.add_statistics(batch.to_vec()).await {
            tracing::warn!(error = %Chain(&error), "statistics could not be written down");
            return;
        }
        app.statistics.written(batch);
    }
}
