//! Calls the functions of sources for the events that wait for them.
//!
//! A source has a lane of its own, in which a slice of its events goes from beginning to
//! end: the calls of a slice run at once, and its events end in intake order. Lanes do not
//! wait for each other, as long as there are calls to be had. When the hub stops, no call
//! begins any more and those under way get the time that requests get.

use std::collections::HashMap;
use std::sync::Arc;

use futures_util::future::join_all;
use tokio::sync::Semaphore;
use tokio::task::{Id, JoinSet};
use tokio_util::sync::CancellationToken;
use turnbuckle_core::id::SourceId;
use turnbuckle_store::StoreError;
use turnbuckle_store::event_call::CallLimit;
use turnbuckle_store::inbound::{FinishEvent, InboundEvent};

use super::process::{AWAY_WAIT, finish};
use crate::app::App;
use crate::functions::event::{begin, prepare, until_back};
use crate::logging::{Chain, Failing, log_failure};

/// Lanes at once, each with the events of a slice in memory.
const LANES_MAX: usize = 64;
/// Calls of one slice.
const SLICE_CALLS: usize = 8;

pub async fn run(app: App, shutdown: CancellationToken) {
    // The rest is for those who call functions by URL and wait.
    let calls_max = (app.config.functions.running_max * 3 / 4).max(1);
    let room = Arc::new(Semaphore::new(calls_max));
    let mut lanes = JoinSet::new();
    let mut busy: HashMap<Id, SourceId> = HashMap::new();
    while !shutdown.is_cancelled() {
        for (source, events) in lease(&app, &busy, calls_max).await {
            let lane = run_slice(app.clone(), room.clone(), events, shutdown.clone());
            busy.insert(lanes.spawn(lane).id(), source);
        }
        tokio::select! {
            Some(ended) = lanes.join_next_with_id() => forget(&mut busy, ended),
            () = app.store.new_for_calls() => {}
            () = shutdown.cancelled() => {}
        }
    }
    while let Some(ended) = lanes.join_next_with_id().await {
        forget(&mut busy, ended);
    }
}

fn forget(busy: &mut HashMap<Id, SourceId>, ended: Result<(Id, ()), tokio::task::JoinError>) {
    match ended {
        Ok((id, ())) => drop(busy.remove(&id)),
        Err(error) => {
            tracing::error!(%error, "the calls of a source panicked");
            busy.remove(&error.id());
        }
    }
}

/// Slices of events that wait, by source.
async fn lease(
    app: &App,
    busy: &HashMap<Id, SourceId>,
    calls_max: usize,
) -> HashMap<SourceId, Vec<Arc<InboundEvent>>> {
    let sources = LANES_MAX.saturating_sub(busy.len());
    if sources == 0 {
        return HashMap::new();
    }
    let busy: Vec<SourceId> = busy.values().copied().collect();
    let limit = CallLimit { sources, per_source: SLICE_CALLS.min(calls_max) };
    let events = match app.store.lease_for_calls(&busy, limit).await {
        Ok(events) => events,
        Err(error) => {
            log_failure!(
                error: app.log_quota.take(Failing::Processing, app.now()),
                error = %Chain(&error), "could not read events that wait for calls"
            );
            tokio::time::sleep(AWAY_WAIT).await;
            Vec::new()
        }
    };
    let mut by_source: HashMap<SourceId, Vec<Arc<InboundEvent>>> = HashMap::new();
    for event in events {
        by_source.entry(event.source).or_default().push(event);
    }
    by_source
}

/// Calls for the events of one source, and ends them.
async fn run_slice(
    app: App,
    room: Arc<Semaphore>,
    events: Vec<Arc<InboundEvent>>,
    shutdown: CancellationToken,
) {
    let count = events.len() as u32;
    let taking = shutdown.run_until_cancelled(room.acquire_many(count)).await;
    let Some(Ok(_room)) = taking else { return };
    if let Err(error) = call_and_end(&app, events, &shutdown).await {
        // What has not begun waits for the next start; what has is known to have.
        tracing::error!(error = %Chain(&error), "events that wait for calls could not be ended");
    }
}

async fn call_and_end(
    app: &App,
    events: Vec<Arc<InboundEvent>>,
    shutdown: &CancellationToken,
) -> Result<(), StoreError> {
    let mut prepared = Vec::with_capacity(events.len());
    for event in &events {
        prepared.push(until_back(shutdown, || prepare(app, event, false)).await?);
    }
    let next = begin(app, prepared, shutdown).await?;
    let ends = join_all(next.into_iter().map(|next| next.end(app))).await;
    let work: Vec<FinishEvent> = ends.into_iter().flatten().collect();
    let is_ended = |event: &Arc<InboundEvent>| work.iter().any(|it| it.event == event.id);
    let events: Vec<_> = events.into_iter().filter(is_ended).collect();
    if events.is_empty() {
        return Ok(());
    }
    until_back(shutdown, || finish(app, &events, work.clone())).await
}
