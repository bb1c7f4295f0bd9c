//! Planning what an inbound event becomes: decode, evaluate, map, cast. Off the writer.

use turnbuckle_core::body::{self, BodyError};
use turnbuckle_core::change::Origin;
use turnbuckle_core::invalid::Invalid;
use turnbuckle_core::source::{self, EventPlan};
use turnbuckle_core::write::Strictness;
use turnbuckle_store::StoreError;
use turnbuckle_store::inbound::{EventWork, FinishEvent, InboundEvent, InboundRequest};
use turnbuckle_store::record::{Write, WriteAction};

use crate::app::App;
use crate::catalog::{LiveConnection, LiveSource};
use crate::expressions;

/// Decodes the body that a sender posted.
///
/// # Errors
/// What is wrong with it, and where.
pub fn decode(request: &InboundRequest) -> Result<body::Body, BodyError> {
    body::decode(request.headers.get("content-type").as_deref(), &request.body, true)
}

/// What an event of a source becomes, as work for the store.
///
/// # Errors
/// If the machine cannot evaluate expressions.
pub async fn plan(
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
    Ok(FinishEvent {
        event: event.id,
        workspace: event.workspace,
        connection: connection.row.id.clone(),
        connection_no: connection.row.no,
        work,
        warnings,
        as_new,
    })
}

async fn work(
    app: &App,
    source: &LiveSource,
    connection: &LiveConnection,
    event: &InboundEvent,
    body: &body::Body,
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
