//! Turns inbound events into records, in intake order.
//!
//! Plans a slice of events off the writer, then has the store apply it in one
//! command. One slice at a time: while it is applied, the next one gathers.
//! An event that cannot be planned fails with its reason and blocks nothing.
//! If the store is away the slice waits and is planned and tried again, so that
//! order holds. Events whose function is called first go on to
//! [`super::event_calls`]: nothing here waits for a function.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use turnbuckle_store::StoreError;
use turnbuckle_store::inbound::{EventOutcome, FinishEvent, InboundEvent, InboundStatus};

use crate::activity::Listed;
use crate::app::App;
use crate::logging::{Chain, Failing, log_failure};
use crate::processing::{self, Planned};

/// How long to wait before asking a store again that was away.
pub const AWAY_WAIT: Duration = Duration::from_millis(200);

pub async fn run(app: App, shutdown: CancellationToken) {
    while !shutdown.is_cancelled() {
        let events = match app.store.lease_new(app.config.process.batch_max).await {
            Ok(events) => events,
            Err(error) => {
                log_failure!(
                    error: app.log_quota.take(Failing::Processing, app.now()),
                    error = %Chain(&error), "could not read new events"
                );
                Vec::new()
            }
        };
        if events.is_empty() {
            tokio::select! {
                () = app.store.new_event() => {}
                () = shutdown.cancelled() => {}
            }
            continue;
        }
        process(&app, &events, &shutdown).await;
    }
}

/// Plans and applies a slice, however long the store is away.
async fn process(app: &App, events: &[Arc<InboundEvent>], shutdown: &CancellationToken) {
    let mut events = events.to_vec();
    while let Err(error) = try_process(app, &mut events).await {
        if !is_away(&error) || shutdown.is_cancelled() {
            // The events stay new; the next start takes them up again.
            tracing::error!(error = %Chain(&error), "a slice of events could not be applied");
            return;
        }
        log_failure!(
            warn: app.log_quota.take(Failing::Processing, app.now()),
            error = %Chain(&error), "events could not be processed, trying again"
        );
        tokio::time::sleep(AWAY_WAIT).await;
    }
}

/// Takes those events away that wait for a call now.
async fn try_process(app: &App, events: &mut Vec<Arc<InboundEvent>>) -> Result<(), StoreError> {
    let mut work = Vec::with_capacity(events.len());
    let mut to_call = Vec::new();
    for event in events.iter() {
        match processing::plan(app, event, false).await? {
            Planned::Work(planned) => work.push(*planned),
            Planned::Call(..) => to_call.push(event.clone()),
        }
    }
    if !to_call.is_empty() {
        app.store.queue_for_calls(&to_call).await?;
        events.retain(|event| work.iter().any(|planned| planned.event == event.id));
    }
    match events.is_empty() {
        true => Ok(()),
        false => finish(app, events, work).await,
    }
}

pub fn is_away(error: &StoreError) -> bool {
    matches!(error, StoreError::Unavailable { .. } | StoreError::Overloaded)
}

/// Ends events, and tells whoever waits for them.
pub async fn finish(
    app: &App,
    events: &[Arc<InboundEvent>],
    work: Vec<FinishEvent>,
) -> Result<(), StoreError> {
    let outcomes = app.store.finish_events(work).await?;
    log(app, events, &outcomes);
    count(app, events, &outcomes);
    app.activity.note(Listed::InboundEvents, events.iter().map(|event| event.workspace));
    settle(app, outcomes);
    Ok(())
}

fn log(app: &App, events: &[Arc<InboundEvent>], outcomes: &[EventOutcome]) {
    for (event, outcome) in events.iter().zip(outcomes) {
        let (workspace, source, id) = (event.workspace, event.source, event.id);
        for (_, applied) in &outcome.applied {
            tracing::debug!(
                workspace_id = %workspace, event_id = %id, entity = applied.entity,
                record_id = applied.record.id, change = applied.change.map(<&str>::from),
                "a record was written"
            );
        }
        match &outcome.error {
            None => tracing::debug!(
                workspace_id = %workspace, source_id = %source, event_id = %id,
                record_count = outcome.applied.len(), warning_count = outcome.warnings.len(),
                "an inbound event was processed"
            ),
            // Its reason may repeat what was posted, so it stands in the webhook log alone.
            Some(_) => log_failure!(
                app.log_quota.take(Failing::InboundEvents(source), app.now()),
                workspace_id = %workspace, source_id = %source, event_id = %id,
                "an inbound event failed"
            ),
        }
    }
}

fn count(app: &App, events: &[Arc<InboundEvent>], outcomes: &[EventOutcome]) {
    let now = app.now();
    let mut counting = app.statistics.count();
    for (event, outcome) in events.iter().zip(outcomes) {
        let counts = counting.of(event.workspace);
        match outcome.status {
            InboundStatus::Done => counts.processed += 1,
            InboundStatus::Failed => counts.failed += 1,
            // Another process was first, and counts it.
            InboundStatus::New | InboundStatus::Processing => continue,
        }
        counts.process.count(now.abs_diff(event.id.0.millis()));
    }
}

fn settle(app: &App, mut outcomes: Vec<EventOutcome>) {
    // Another process was first; whoever waits learns it from the log.
    outcomes.retain(|outcome| outcome.status != InboundStatus::Processing);
    let failed = outcomes.iter().filter(|outcome| outcome.status == InboundStatus::Failed).count();
    app.metrics.events_finished(outcomes.len() - failed, failed);
    let now = app.now();
    for outcome in &outcomes {
        let age_ms = now.abs_diff(outcome.event.0.millis());
        app.metrics.event_processed(Duration::from_millis(age_ms));
    }
    app.outcomes.settle(outcomes);
}
