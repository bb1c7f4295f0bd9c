//! Finds out whom a change concerns and what they are told.
//!
//! Takes the unmatched changes in the order of the feed, renders both images
//! with the mapping as it is now, finds subscriptions by match keys, and stores
//! the messages together with the mark that the changes are matched. If the
//! process dies before that, the same changes are matched again and nothing
//! was stored twice.

mod drafts;
mod find;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use turnbuckle_core::change::Change;
use turnbuckle_core::id::WorkspaceId;
use turnbuckle_store::StoreError;
use turnbuckle_store::delivery::Matched;

use crate::app::App;
use crate::logging::Chain;

pub use find::match_changes;

/// How long to wait before asking a store again that was away.
const AWAY_WAIT: Duration = Duration::from_millis(200);

/// Objects whose matching waits because their keys are being rebuilt.
pub type Waiting = HashSet<(WorkspaceId, String, String)>;

pub async fn run(app: App, shutdown: CancellationToken) {
    while !shutdown.is_cancelled() {
        match match_slice(&app).await {
            Ok(0) => tokio::select! {
                () = app.store.new_change() => {}
                () = shutdown.cancelled() => {}
            },
            Ok(_) => {}
            Err(error) => {
                tracing::error!(error = %Chain(&error), "changes could not be matched, trying again");
                tokio::select! {
                    () = tokio::time::sleep(AWAY_WAIT) => {}
                    () = shutdown.cancelled() => {}
                }
            }
        }
    }
}

/// Matches the next changes; answers how many.
async fn match_slice(app: &App) -> Result<usize, StoreError> {
    let changes = app.store.unmatched_changes(app.config.matching.batch_max).await?;
    if changes.is_empty() {
        return Ok(0);
    }
    let waiting = waiting_objects(app).await?;
    let matched = match_changes(app, &changes, &waiting).await?;
    store(app, matched, None).await?;
    app.metrics.changes_matched(changes.len());
    Ok(changes.len())
}

async fn waiting_objects(app: &App) -> Result<Waiting, StoreError> {
    let rekeyings = app.store.rekeyings().await?;
    let name =
        |it: turnbuckle_store::subscription::Rekeying| (it.workspace, it.connection, it.object);
    Ok(rekeyings.into_iter().map(name).collect())
}

/// Stores what was matched and hands over what became due.
pub async fn store(
    app: &App,
    matched: Vec<Matched>,
    deferred: Option<&str>,
) -> Result<(), StoreError> {
    let messages = matched.iter().map(|matched| matched.messages.len()).sum();
    let due = app.store.store_matches(matched, deferred).await?;
    app.metrics.messages_stored(messages);
    app.lanes.enqueue(due);
    Ok(())
}

/// Changes that were put off while the keys of `object` were rebuilt, matched
/// for that object alone.
pub async fn match_deferred(
    app: &App,
    object: &str,
    changes: &[Arc<Change>],
) -> Result<(), StoreError> {
    let matched = find::match_object(app, object, changes).await?;
    store(app, matched, Some(object)).await
}
