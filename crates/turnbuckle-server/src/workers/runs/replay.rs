//! Replays: inbound events are processed again, in the order of their intake.
//!
//! An event that wrote a record before updates that record; `as_new` makes
//! another one. What the log says of an event afterwards is how it ended last.

use std::sync::Arc;

use futures_util::future::join_all;
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;
use turnbuckle_core::id::{InboundEventId, SourceId, UnixMs, WorkspaceId};
use turnbuckle_store::StoreError;
use turnbuckle_store::inbound::{EventFilter, InboundStatus, LoggedEvent};
use turnbuckle_store::page::PageRequest;
use turnbuckle_store::replay::Run;

use super::abandon;
use crate::app::App;
use crate::functions::event::{Prepared, begin, prepare};

/// Events of one slice, finished in one transaction.
const SLICE_EVENTS: usize = 100;
/// Calls of functions of one slice, made at once: other runs wait for them.
const SLICE_CALLS: usize = 8;

/// What a replay was asked for, kept with its run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReplayRequest {
    pub selection: Selection,
    /// Make new records even where an event made some before.
    pub as_new: bool,
}

/// Which events are replayed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Selection {
    /// These, each once, in the order of intake.
    Ids(Vec<InboundEventId>),
    /// All that fit.
    Range {
        source: Option<SourceId>,
        status: Option<InboundStatus>,
        since: Option<UnixMs>,
        /// Always set, so that a replay does not run after what comes in meanwhile.
        until: UnixMs,
    },
}

/// A piece of a selection.
pub struct Slice {
    pub events: Vec<LoggedEvent>,
    /// Where to go on; `None` at the end.
    pub next: Option<i64>,
}

impl Selection {
    /// These events in the order of intake, each once.
    pub fn of_ids(mut ids: Vec<InboundEventId>) -> Self {
        ids.sort_unstable_by_key(|id| id.0.row_key());
        ids.dedup();
        Self::Ids(ids)
    }

    pub async fn count(&self, app: &App, workspace: WorkspaceId) -> Result<i64, StoreError> {
        match self {
            Self::Ids(ids) => Ok(ids.len() as i64),
            Self::Range { .. } => app.store.count_events(workspace, &self.filter()).await,
        }
    }

    /// The next events after a position, 0 at first.
    pub async fn slice(
        &self,
        app: &App,
        workspace: WorkspaceId,
        after: i64,
        limit: usize,
    ) -> Result<Slice, StoreError> {
        let Self::Ids(ids) = self else {
            let page = PageRequest { limit, after: Some(after) };
            let page = app.store.events_in_order(workspace, &self.filter(), page).await?;
            return Ok(Slice { events: page.items, next: page.next });
        };
        let left = &ids[ids.partition_point(|id| id.0.row_key() <= after)..];
        let taken = &left[..limit.min(left.len())];
        let mut events = Vec::with_capacity(taken.len());
        for id in taken {
            events.extend(app.store.event(workspace, *id).await?);
        }
        let last = taken.last().filter(|_| taken.len() < left.len());
        Ok(Slice { events, next: last.map(|id| id.0.row_key()) })
    }

    fn filter(&self) -> EventFilter {
        match self {
            Self::Ids(_) => EventFilter::default(),
            Self::Range { source, status, since, until } => EventFilter {
                source: *source,
                status: *status,
                since: *since,
                until: Some(*until),
                ..EventFilter::default()
            },
        }
    }
}

/// Replays the next slice of a run.
pub(super) async fn advance(
    app: &App,
    run: &mut Run,
    shutdown: &CancellationToken,
) -> Result<(), StoreError> {
    let request: ReplayRequest = match serde_json::from_value(run.request.clone()) {
        Ok(request) => request,
        Err(_) => return abandon(app, run, "its request cannot be read").await,
    };
    let slice = request.selection.slice(app, run.workspace, run.position, SLICE_EVENTS).await?;
    let mut next_position = slice.next;
    let mut events = Vec::with_capacity(slice.events.len());
    let (mut calls, mut through) = (0, run.position);
    for logged in slice.events {
        let (status, event) = (logged.status, Arc::new(logged.event));
        match prepare(app, &event, request.as_new).await? {
            // Its own call comes, or is under way.
            Prepared::Call(_) if status.is_pending() => {}
            Prepared::Call(_) if calls == SLICE_CALLS => {
                next_position = Some(through);
                break;
            }
            prepared => {
                calls += usize::from(matches!(prepared, Prepared::Call(_)));
                events.push(prepared);
            }
        }
        through = event.id.0.row_key();
    }
    let next = begin(app, events, shutdown).await?;
    let ends = join_all(next.into_iter().map(|next| next.end(app))).await;
    let ended = ends.into_iter().flatten().collect();
    *run = app.store.finish_replayed(ended, run, next_position).await?;
    Ok(())
}
