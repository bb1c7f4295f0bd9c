//! Turns inbound events into records, in intake order.
//!
//! Plans a slice of events off the writer, then has the store apply it in one
//! command. One slice at a time: while it is applied, the next one gathers.
//! An event that cannot be planned fails with its reason and blocks nothing.
//! If the store is away the slice waits and is planned and tried again, so that
//! order holds.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use turnbuckle_store::StoreError;
use turnbuckle_store::inbound::{
    EventOutcome, EventWork, FinishEvent, InboundEvent, InboundStatus,
};

use crate::app::App;
use crate::logging::{Chain, Failing, log_failure};
use crate::processing;

/// How long to wait before asking a store again that was away.
const AWAY_WAIT: Duration = Duration::from_millis(200);

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

/// # Errors
/// [`StoreError::Unavailable`]: what could not be looked up may be there.
async fn plan(app: &App, event: &Arc<InboundEvent>) -> Result<FinishEvent, StoreError> {
    match try_plan(app, event).await {
        Ok(work) => Ok(work),
        Err(Unplanned::Away(error)) => Err(error),
        Err(Unplanned::Failed(reason)) => Ok(FinishEvent {
            event: event.id,
            workspace: event.workspace,
            connection: String::new(),
            connection_no: event.connection,
            work: EventWork::Fail(reason),
            warnings: Vec::new(),
            as_new: false,
        }),
    }
}

async fn plan_all(app: &App, events: &[Arc<InboundEvent>]) -> Result<Vec<FinishEvent>, StoreError> {
    let mut work = Vec::with_capacity(events.len());
    for event in events {
        work.push(plan(app, event).await?);
    }
    Ok(work)
}

/// Why there is no plan.
enum Unplanned {
    Away(StoreError),
    /// What people read in the log.
    Failed(String),
}

impl From<StoreError> for Unplanned {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable { .. } => Self::Away(error),
            error => Self::Failed(error.to_string()),
        }
    }
}

async fn try_plan(app: &App, event: &Arc<InboundEvent>) -> Result<FinishEvent, Unplanned> {
    let source = app.catalog.source(event.workspace, event.source).await?;
    let deleted = "its source was deleted before it was processed";
    let source = source.ok_or_else(|| Unplanned::Failed(deleted.to_owned()))?;
    let connection = app.catalog.connection_of(&source).await?;
    Ok(processing::plan(app, &source, &connection, event, false).await?)
}

/// Plans and applies a slice, however long the store is away.
async fn process(app: &App, events: &[Arc<InboundEvent>], shutdown: &CancellationToken) {
    loop {
        let finished = match plan_all(app, events).await {
            Ok(work) => app.store.finish_events(work).await,
            Err(error) => Err(error),
        };
        match finished {
            Ok(outcomes) => {
                log(app, events, &outcomes);
                return settle(app, outcomes);
            }
            Err(error @ (StoreError::Unavailable { .. } | StoreError::Overloaded))
                if !shutdown.is_cancelled() =>
            {
                log_failure!(
                    warn: app.log_quota.take(Failing::Processing, app.now()),
                    error = %Chain(&error), "events could not be processed, trying again"
                );
                tokio::time::sleep(AWAY_WAIT).await;
            }
            Err(error) => {
                // The events stay new; the next start takes them up again.
                tracing::error!(error = %Chain(&error), "a slice of events could not be applied");
                return;
            }
        }
    }
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
