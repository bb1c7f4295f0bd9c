//! Finds out whom a change concerns and what they are told.
//!
//! Takes the unmatched changes in the order of the feed, renders both images
//! with the mapping as it is now, finds subscriptions by match keys, and stores
//! the messages together with the mark that the changes are matched. If the
//! process dies before that, the same changes are matched again and nothing
//! was stored twice.
//!
//! No subscription is missed while mappings are saved. The catalog reads a
//! connection's row, of mapping version *v*, and then which objects wait for
//! their match keys; after both, matching looks up candidates. An object that
//! did not wait had all its keys of *v*, or of a later version. The store takes
//! the matches only while *v* is current, and a version is raised in the
//! transaction that makes objects wait: so the keys were those of *v* from that
//! reading to the storing, when the candidates were looked up too. An object
//! that waited is put off, which the store refuses if it waits no more.

mod drafts;
mod find;

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use turnbuckle_core::change::Change;
use turnbuckle_store::StoreError;
use turnbuckle_store::delivery::{DueDelivery, Matched};

use crate::activity::Listed;
use crate::app::App;
use crate::catalog::LiveConnection;
use crate::logging::Chain;

pub use find::match_changes;

/// How long to wait before asking a store again that was away.
const AWAY_WAIT: Duration = Duration::from_millis(200);

pub async fn run(app: App, shutdown: CancellationToken) {
    while !shutdown.is_cancelled() {
        match match_slice(&app).await {
            Ok(0) => tokio::select! {
                () = app.store.new_change() => {}
                () = shutdown.cancelled() => {}
            },
            // The catalog knows by now what was changed meanwhile.
            Ok(_) | Err(StoreError::VersionMismatch { .. }) => {}
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
    let matched = match_changes(app, &changes).await?;
    store(app, matched, None).await?;
    app.metrics.changes_matched(changes.len());
    Ok(changes.len())
}

/// Stores what was matched and hands over what became due.
pub async fn store(
    app: &App,
    matched: Vec<Matched>,
    deferred: Option<&str>,
) -> Result<(), StoreError> {
    let messages = matched.iter().map(|matched| matched.messages.len()).sum();
    // Of everything that is matched nothing is remembered while nobody watches.
    let told = (0 < app.activity.watchers())
        .then(|| matched.iter().map(|matched| matched.workspace).collect::<Vec<_>>());
    for Matched { change, workspace, connection, messages, .. } in &matched {
        tracing::debug!(
            workspace_id = %workspace, connection_id = connection, change_id = %change,
            message_count = messages.len(), "a change is matched"
        );
    }
    let due = app.store.store_matches(matched, deferred).await?;
    for DueDelivery { id, workspace, endpoint, .. } in &due {
        tracing::debug!(
            workspace_id = %workspace, endpoint_id = %endpoint, delivery_id = %id,
            "a delivery is due"
        );
    }
    app.metrics.messages_stored(messages);
    for listed in [Listed::Changes, Listed::Deliveries] {
        app.activity.note(listed, told.iter().flatten().copied());
    }
    app.lanes.enqueue(due);
    Ok(())
}

/// Changes that were put off while the keys of `object` were rebuilt, matched
/// for that object alone, with the connection that its keys were built by.
pub async fn match_deferred(
    app: &App,
    connection: &Arc<LiveConnection>,
    object: &str,
    changes: &[Arc<Change>],
) -> Result<(), StoreError> {
    let matched = find::match_object(app, connection, object, changes).await?;
    store(app, matched, Some(object)).await
}
