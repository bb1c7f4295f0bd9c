//! What a sender is told of its event, and what people are told of outcomes.

use axum::Json;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use turnbuckle_core::change::ChangeType;
use turnbuckle_core::id::InboundEventId;
use turnbuckle_core::invalid::Invalid;
use turnbuckle_store::inbound::{EventOutcome, InboundStatus, LoggedEvent};
use turnbuckle_store::record::Applied;
use utoipa::ToSchema;

use super::status_code;

/// A value that was left out, or another thing to look at.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct WarningView {
    /// JSON pointer to the column, behind the item's index where there are several items.
    pub path: String,
    pub detail: String,
}

impl From<&Invalid> for WarningView {
    fn from(it: &Invalid) -> Self {
        Self { path: it.path.clone(), detail: it.detail.clone() }
    }
}

pub fn warnings(invalids: &[Invalid]) -> Vec<WarningView> {
    invalids.iter().map(WarningView::from).collect()
}

/// What became of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RecordChange {
    Created,
    Updated,
    /// It already was as the event wanted it.
    Unchanged,
    Deleted,
}

impl From<&Applied> for RecordChange {
    fn from(it: &Applied) -> Self {
        it.change.into()
    }
}

impl From<Option<ChangeType>> for RecordChange {
    fn from(change: Option<ChangeType>) -> Self {
        match change {
            None => Self::Unchanged,
            Some(ChangeType::Create) => Self::Created,
            Some(ChangeType::Update) => Self::Updated,
            Some(ChangeType::Delete) => Self::Deleted,
        }
    }
}

#[derive(Serialize)]
struct Receipt {
    id: InboundEventId,
    status: InboundStatus,
    #[serde(skip_serializing_if = "Option::is_none")]
    repeat: Option<bool>,
}

/// The outcome of an event, for the sender that waited for it.
#[derive(Serialize)]
struct Processed<'a> {
    id: InboundEventId,
    status: InboundStatus,
    records: Vec<ProcessedRecord<'a>>,
    warnings: &'a [Invalid],
    error: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    repeat: Option<bool>,
}

#[derive(Serialize)]
struct ProcessedRecord<'a> {
    entity: &'a str,
    id: &'a str,
    change: RecordChange,
}

/// The event is durable.
pub fn accepted(id: InboundEventId, status: InboundStatus) -> Response {
    Json(Receipt { id, status, repeat: None }).into_response()
}

/// The event was posted before, as `id`.
pub fn repeated(id: InboundEventId, status: InboundStatus) -> Response {
    Json(Receipt { id, status, repeat: Some(true) }).into_response()
}

/// The event is durable, and nothing else is to be done for it.
pub fn stored(id: InboundEventId) -> Response {
    let status = InboundStatus::Done;
    let records = Vec::new();
    answer(Processed { id, status, records, warnings: &[], error: None, repeat: None })
}

pub fn processed(outcome: &EventOutcome) -> Response {
    let records = outcome.applied.iter().map(|(_, applied)| ProcessedRecord {
        entity: &applied.entity,
        id: &applied.record.id,
        change: RecordChange::from(applied),
    });
    answer(Processed {
        id: outcome.event,
        status: outcome.status,
        records: records.collect(),
        warnings: &outcome.warnings,
        error: outcome.error.as_deref(),
        repeat: None,
    })
}

/// The outcome of an event as the log tells it. A post that repeats another has
/// changed nothing.
pub fn logged(logged: &LoggedEvent, is_repeat: bool) -> Response {
    let records = logged.records.iter().map(|it| ProcessedRecord {
        entity: &it.entity,
        id: &it.id,
        change: it.change.filter(|_| !is_repeat).into(),
    });
    answer(Processed {
        id: logged.event.id,
        status: logged.status,
        records: records.collect(),
        warnings: &logged.warnings,
        error: logged.error.as_deref(),
        repeat: is_repeat.then_some(true),
    })
}

fn answer(processed: Processed<'_>) -> Response {
    (status_code(processed.status), Json(processed)).into_response()
}
