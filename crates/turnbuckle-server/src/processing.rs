//! Planning what an inbound event becomes: decode, evaluate, map, cast. Off the writer.
//!
//! Where the source of an event runs a function, that comes first
//! ([`crate::functions::event`]), and what it returned is planned here.

use std::sync::Arc;

use turnbuckle_core::body::{self, Body, BodyError};
use turnbuckle_core::change::Origin;
use turnbuckle_core::invalid::Invalid;
use turnbuckle_core::source::{self, EventPlan, SourceFunction};
use turnbuckle_core::write::Strictness;
use turnbuckle_store::StoreError;
use turnbuckle_store::inbound::{EventWork, FinishEvent, InboundEvent, InboundRequest};
use turnbuckle_store::record::{Write, WriteAction};

use crate::app::App;
use crate::catalog::{LiveConnection, LiveSource};
use crate::expressions;

/// What comes next for an event.
pub enum Planned {
    Work(Box<FinishEvent>),
    /// The function of its source is called.
    Call(Arc<LiveSource>, SourceFunction),
}

/// Decodes the body that a sender posted.
///
/// # Errors
/// What is wrong with it, and where.
pub fn decode(request: &InboundRequest) -> Result<Body, BodyError> {
    body::decode(request.headers.get("content-type").as_deref(), &request.body, true)
}

/// What an event becomes with its source and connection as they are now.
///
/// # Errors
/// [`StoreError::Unavailable`]: what could not be looked up may be there.
pub async fn plan(app: &App, event: &InboundEvent, as_new: bool) -> Result<Planned, StoreError> {
    match try_plan(app, event, as_new).await {
        Ok(planned) => Ok(planned),
        Err(Unplanned::Away(error)) => Err(error),
        Err(Unplanned::Failed(reason)) => {
            Ok(Planned::Work(Box::new(failed(event, reason, as_new))))
        }
    }
}

/// What an event becomes with this body in the place of the one that was posted.
///
/// # Errors
/// [`StoreError::Unavailable`]
pub async fn plan_body(
    app: &App,
    source: &LiveSource,
    event: &InboundEvent,
    body: &Body,
    as_new: bool,
) -> Result<FinishEvent, StoreError> {
    let planning = async {
        let connection = app.catalog.connection_of(source).await?;
        let (work, warnings) = work(app, source, &connection, event, body).await?;
        Ok(FinishEvent { warnings, ..finish(&connection, event, work, as_new) })
    };
    match planning.await {
        Ok(planned) => Ok(planned),
        Err(Unplanned::Away(error)) => Err(error),
        Err(Unplanned::Failed(reason)) => Ok(failed(event, reason, as_new)),
    }
}

/// What a source makes of an event by its mapping alone.
///
/// # Errors
/// If the machine cannot evaluate expressions.
pub async fn plan_mapped(
    app: &App,
    source: &LiveSource,
    connection: &LiveConnection,
    event: &InboundEvent,
    as_new: bool,
) -> Result<FinishEvent, StoreError> {
    let (work, warnings) = match decode(&event.request) {
        Ok(body) => work(app, source, connection, event, &body).await?,
        Err(error) => (EventWork::Fail(error.to_string()), Vec::new()),
    };
    Ok(FinishEvent { warnings, ..finish(connection, event, work, as_new) })
}

/// An event of which a trial says no more than that its function would be called: that may
/// write what cannot be taken back.
pub fn not_tried(event: &InboundEvent, function: &SourceFunction) -> FinishEvent {
    let detail = format!(
        "its function `{}` is not called in a trial or a dry run, so what becomes of it is not shown; \
         `/api/v1/functions/{}/try` calls it",
        function.name, function.name
    );
    let nothing = EventWork::Writes(Vec::new());
    let warnings = vec![Invalid::new("", detail)];
    FinishEvent { work: nothing, warnings, ..failed(event, String::new(), false) }
}

/// An event of which nothing is written, and why.
pub fn failed(event: &InboundEvent, reason: String, as_new: bool) -> FinishEvent {
    FinishEvent {
        event: event.id,
        workspace: event.workspace,
        connection: String::new(),
        connection_no: event.connection,
        work: EventWork::Fail(reason),
        warnings: Vec::new(),
        as_new,
        call: None,
    }
}

fn finish(
    connection: &LiveConnection,
    event: &InboundEvent,
    work: EventWork,
    as_new: bool,
) -> FinishEvent {
    FinishEvent {
        connection: connection.row.id.clone(),
        connection_no: connection.row.no,
        work,
        ..failed(event, String::new(), as_new)
    }
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

async fn try_plan(app: &App, event: &InboundEvent, as_new: bool) -> Result<Planned, Unplanned> {
    let source = app.catalog.source(event.workspace, event.source).await?;
    let deleted = "the source of the event was deleted";
    let source = source.ok_or_else(|| Unplanned::Failed(deleted.to_owned()))?;
    if let Some(function) = source.settings.function.clone() {
        return Ok(Planned::Call(source, function));
    }
    let connection = app.catalog.connection_of(&source).await?;
    let work = plan_mapped(app, &source, &connection, event, as_new).await?;
    Ok(Planned::Work(Box::new(work)))
}

async fn work(
    app: &App,
    source: &LiveSource,
    connection: &LiveConnection,
    event: &InboundEvent,
    body: &Body,
) -> Result<(EventWork, Vec<Invalid>), StoreError> {
    let (request, received_at) = (&event.request, event.id.0.millis());
    let query: Vec<_> = url::form_urlencoded::parse(request.query.as_bytes()).collect();
    let inbound = source::InboundRequest {
        body,
        headers: &request.headers.pairs(),
        query: &query,
        received_at: jiff::Timestamp::from_millisecond(received_at).unwrap_or_default(),
    };
    let scopes =
        source.expressions.as_ref().and_then(|_| source::event_scopes(&source.settings, &inbound));
    let computed = match expressions::of_event(app, source, scopes).await? {
        Ok(computed) => computed,
        // Records without what they were to hold would be taken for others.
        Err(reason) => return Ok((EventWork::Fail(reason), Vec::new())),
    };
    let EventPlan { writes, warnings } = source::plan_event(
        &source.settings,
        &connection.schema,
        &source.admitted,
        &inbound,
        &connection.zone,
        &computed,
    );
    let work = match writes {
        Err(failure) => EventWork::Fail(failure.to_string()),
        Ok(records) => EventWork::Writes(
            records.into_iter().map(|record| (record.item_index, write(record))).collect(),
        ),
    };
    Ok((work, warnings))
}

fn write(record: source::PlannedRecord) -> Write {
    let action = match record.match_on.is_empty() {
        true => WriteAction::Create,
        false => WriteAction::Upsert { match_on: record.match_on },
    };
    Write {
        entity: record.entity,
        action,
        values: record.plan.values,
        defaults: record.defaults,
        strictness: Strictness::Lenient,
        origin: Origin::Source,
    }
}
