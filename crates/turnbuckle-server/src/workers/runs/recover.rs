//! Recoveries: deliveries of one endpoint that ended are sent again, newest
//! first.
//!
//! Where the endpoint coalesces, only the latest message about each record goes
//! out. Which records those were is kept with the run, so a restart changes
//! nothing. Recover is exempt from order, and receivers know a message by its id.

use serde::Deserialize;
use turnbuckle_core::id::{EndpointId, UnixMs};
use turnbuckle_store::StoreError;
use turnbuckle_store::delivery::{RecoverRange, RecoverSlice};
use turnbuckle_store::replay::Run;

use super::{abandon, end};
use crate::app::App;

/// Deliveries of one slice, made due in one transaction.
const SLICE_DELIVERIES: usize = 500;

/// What a recovery was asked for, kept with its run.
#[derive(Debug, Deserialize)]
struct RecoverRequest {
    endpoint: EndpointId,
    since: Moment,
    /// When the run was asked for, if not given.
    until: Option<Moment>,
    #[serde(default)]
    only: Only,
}

/// RFC 3339, or milliseconds.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Moment {
    Millis(UnixMs),
    Text(jiff::Timestamp),
}

impl Moment {
    fn millis(&self) -> UnixMs {
        match self {
            Self::Millis(at) => *at,
            Self::Text(at) => at.as_millisecond(),
        }
    }
}

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Only {
    #[default]
    Dead,
    All,
}

/// Makes the next slice of a run due.
pub(super) async fn advance(app: &App, run: &mut Run) -> Result<(), StoreError> {
    let request: RecoverRequest = match serde_json::from_value(run.request.clone()) {
        Ok(request) => request,
        Err(_) => return abandon(app, run, "its request cannot be read").await,
    };
    let Some(endpoint) = app.catalog.endpoint(run.workspace, request.endpoint).await? else {
        return abandon(app, run, "its endpoint was deleted").await;
    };
    let slice = RecoverSlice {
        range: RecoverRange {
            since: request.since.millis(),
            until: request.until.map_or(run.started_at, |until| until.millis()),
            only_dead: request.only == Only::Dead,
        },
        // Positions are above 0, and a run starts at none.
        before: if 0 < run.position { run.position } else { i64::MAX },
        limit: SLICE_DELIVERIES,
        latest_for: endpoint.settings.coalesce.then(|| run.id.clone()),
    };
    let recovered = app.store.recover_slice(run.workspace, request.endpoint, slice).await?;
    run.done += recovered.looked_at as i64;
    match recovered.next {
        None => end(app, run).await?,
        Some(position) => {
            run.position = position;
            app.store.update_run(run).await?;
        }
    }
    app.lanes.wake(run.workspace, request.endpoint);
    Ok(())
}
