//! Keeps house: retention, and writing down when keys and endpoints last did well.

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use turnbuckle_core::id::UnixMs;
use turnbuckle_store::StoreError;
use turnbuckle_store::maintenance::Keep;

use crate::app::App;
use crate::config::RetentionConfig;
use crate::logging::Chain;

/// How often uses of keys are written down.
const NOTE_EVERY: Duration = Duration::from_secs(60);
/// Retention runs every so many rounds.
const RETAIN_EVERY: u32 = 60;
const DAY_MS: UnixMs = 24 * 3600 * 1000;

pub async fn run(app: App, shutdown: CancellationToken) {
    let mut round = 0;
    loop {
        if round % RETAIN_EVERY == 0
            && let Err(error) = retain(&app, &shutdown).await
        {
            tracing::error!(error = %Chain(&error), "retention failed, trying again in an hour");
        }
        round += 1;
        tokio::select! {
            () = tokio::time::sleep(NOTE_EVERY) => {}
            () = shutdown.cancelled() => {}
        }
        note_uses(&app).await;
        if shutdown.is_cancelled() {
            return;
        }
    }
}

async fn note_uses(app: &App) {
    let used = app.key_uses.take();
    if !used.is_empty()
        && let Err(error) = app.store.touch_api_keys(used).await
    {
        tracing::warn!(error = %Chain(&error), "uses of keys could not be written down");
    }
    let succeeded = app.lanes.take_successes();
    if !succeeded.is_empty()
        && let Err(error) = app.store.touch_endpoints(succeeded).await
    {
        tracing::warn!(error = %Chain(&error), "successes of endpoints could not be written down");
    }
}

/// Drops what need not be kept, a slice at a time.
async fn retain(app: &App, shutdown: &CancellationToken) -> Result<(), StoreError> {
    let keep = keep(&app.config.retention, app.now());
    while !shutdown.is_cancelled() && app.store.does_upkeep() && app.store.retain(&keep).await? {}
    Ok(())
}

fn keep(retention: &RetentionConfig, now: UnixMs) -> Keep {
    let since = |days: u64| now - days as UnixMs * DAY_MS;
    Keep {
        failed_since: since(retention.failed_days),
        done_since: since(retention.done_days),
        deliveries_since: since(retention.deliveries_days),
        changes_since: since(retention.changes_days),
        calls_since: since(retention.calls_days),
        log_bytes_max: retention.bytes_max,
    }
}
