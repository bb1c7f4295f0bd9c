//! Gives search keys to columns and match keys to subscriptions after a
//! mapping was saved, in slices behind all other work.
//!
//! While an object's keys are rebuilt its changes are put off; before matching
//! goes on, the changes put off are matched in order. A restart begins again,
//! and so does a mapping that is saved meanwhile: every step may be repeated.

use std::time::Duration;

use indexmap::IndexMap;
use tokio_util::sync::CancellationToken;
use turnbuckle_core::subscription::record_key;
use turnbuckle_store::StoreError;
use turnbuckle_store::error::Noun;
use turnbuckle_store::subscription::{Followed, Rekeying, Subscription};

use crate::app::App;
use crate::catalog::LiveSearch;
use crate::logging::Chain;
use crate::workers::matching;

/// Subscriptions that get their keys in one transaction.
const SLICE: usize = 500;
/// Changes that were put off and are matched in one transaction.
const DEFERRED_SLICE: usize = 256;
/// How long to wait before trying again what failed.
const AWAY_WAIT: Duration = Duration::from_secs(1);
/// How often somebody looks whether there are keys to build. Whoever started
/// them may have gone away before saying so.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

pub async fn run(app: App, shutdown: CancellationToken) {
    while !shutdown.is_cancelled() {
        // Created before the work, so that a mapping saved meanwhile is not missed.
        let saved = app.signals.keys_started.notified();
        match build_keys(&app).await {
            Ok(()) => tokio::select! {
                () = saved => {}
                () = tokio::time::sleep(LOOK_AGAIN) => {}
                () = shutdown.cancelled() => {}
            },
            // The mapping was saved again meanwhile.
            Err(StoreError::VersionMismatch { .. }) => tokio::task::yield_now().await,
            Err(error) => {
                tracing::error!(error = %Chain(&error), "keys could not be built, trying again");
                tokio::select! {
                    () = tokio::time::sleep(AWAY_WAIT) => {}
                    () = shutdown.cancelled() => {}
                }
            }
        }
    }
}

async fn build_keys(app: &App) -> Result<(), StoreError> {
    while app.store.does_upkeep() {
        let rekeyings = app.store.rekeyings().await?;
        if rekeyings.is_empty() {
            break;
        }
        for rekeying in &rekeyings {
            rekey(app, rekeying).await?;
        }
    }
    if app.store.does_upkeep() {
        app.store.fill_started_keys().await?;
    }
    Ok(())
}

/// # Errors
/// [`StoreError::VersionMismatch`] if there is another mapping by now.
async fn rekey(app: &App, rekeying: &Rekeying) -> Result<(), StoreError> {
    let Rekeying { workspace, connection, object, mapping_version } = rekeying;
    let live = app.catalog.connection(*workspace, connection).await?;
    if live.row.mapping_version != *mapping_version {
        let id = connection.clone();
        return Err(StoreError::VersionMismatch { noun: Noun::Connection, id });
    }
    let searches = live.mapped_searches(object);
    let mut after = i64::MIN;
    loop {
        let slice = app.store.subscriptions_to_rekey(rekeying, after, SLICE).await?;
        let Some((last, _)) = slice.last() else { break };
        after = *last;
        let keys = slice
            .iter()
            .map(|(position, it)| (*position, keys(connection, &searches, it)))
            .collect();
        app.store.rekey(*workspace, keys).await?;
    }
    loop {
        let deferred =
            app.store.deferred_changes(*workspace, connection, object, DEFERRED_SLICE).await?;
        if deferred.is_empty() {
            break;
        }
        matching::match_deferred(app, &live, object, &deferred).await?;
    }
    app.store.end_rekeying(rekeying).await.map(|_| ())
}

/// The keys of a subscription by the mapping as it is now; none when its object
/// or search is not there (any more).
fn keys(
    connection: &str,
    searches: &IndexMap<String, LiveSearch>,
    subscription: &Subscription,
) -> Vec<i64> {
    match &subscription.followed {
        Followed::Record { entity, id } => vec![record_key(connection, entity, id).0],
        Followed::Search { event, payload } => searches
            .get(event)
            .and_then(|search| search.plan.as_ref())
            .map(|plan| plan.keys_for_payload(payload).into_iter().map(|key| key.0).collect())
            .unwrap_or_default(),
    }
}
