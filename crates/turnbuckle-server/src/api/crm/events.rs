//! Invoking the events that the app declared.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use turnbuckle_core::invalid::Invalid;
use turnbuckle_core::mapping::EventAction;
use turnbuckle_core::object::EventType;
use utoipa::{IntoParams, ToSchema};

use super::object::{self, Standing};
use super::search::{self, CrmSearchAnswer, Wanted};
use super::{CrmRecordAnswer, write};
use crate::api::listing::{LIMIT_DEFAULT, LIMIT_MAX};
use crate::app::App;
use crate::auth::CanInvoke;
use crate::extract::{OptionalJson, PathParams, QueryParams};
use crate::problem::{ApiError, ProblemBody};

/// What an event is invoked with.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InvokeEvent {
    /// As the event's payload schema says. A write skips what is missing and clears what is
    /// null; a search needs every member that its filter compares, and null equals null.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub payload: Map<String, Value>,
    /// Records of a page, 1 to 200; 50 if not given. Searches only.
    #[schema(minimum = 1, maximum = 200)]
    pub limit: Option<usize>,
    /// The record that is updated or deleted: `Entity:id`.
    pub record_id: Option<String>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct InvokeEventQuery {
    /// `page.next` of the page before, with the same payload. Searches only.
    pub next: Option<String>,
}

/// What an event brought.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub enum EventAnswer {
    Search(CrmSearchAnswer),
    Record(CrmRecordAnswer),
}

/// Invokes an event: finds the records that the user's search finds, or creates, updates or
/// deletes one as the user mapped it. Nothing comes back where the user lets the event do nothing.
#[utoipa::path(
    post,
    path = "/api/v1/crm/{connection}/objects/{object}/events/{event}",
    tag = "crm",
    params(
        ("connection" = String, Path, description = "Id of the connection"),
        ("object" = String, Path, description = "An object that the app declared"),
        ("event" = String, Path, description = "An event of the object"),
        InvokeEventQuery,
    ),
    request_body = InvokeEvent,
    responses(
        (status = 200, description = "What was found or updated", body = EventAnswer),
        (status = 201, description = "What was created", body = CrmRecordAnswer),
        (status = 204, description = "The record was deleted, or the user lets this event do nothing"),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn invoke_event(
    caller: CanInvoke,
    State(app): State<App>,
    PathParams((connection, slug, event)): PathParams<(String, String, String)>,
    QueryParams(InvokeEventQuery { next }): QueryParams<InvokeEventQuery>,
    OptionalJson(invocation): OptionalJson<InvokeEvent>,
) -> Result<Response, ApiError> {
    let live = app.catalog.connection(caller.workspace(), &connection).await?;
    let declaration = object::event(&live, &slug, &event)?;
    let event_type = declaration.event_type;
    let caller = match event_type {
        EventType::Search => caller.to_read()?,
        EventType::Create | EventType::Update | EventType::Delete => caller.to_write()?,
    };
    let workspace = caller.workspace;
    check_members(event_type, &invocation, next.is_some())?;
    object::check_payload(declaration, &invocation.payload)?;

    let Standing::Mapped(object) = object::standing(&live, &slug)? else {
        return Ok(nothing(event_type));
    };
    let action = object::action(object, &event)?;
    let InvokeEvent { payload, limit, record_id } = invocation;
    let (status, answer) = match action {
        EventAction::Noop => return Ok(nothing(event_type)),
        EventAction::Search { .. } => {
            let wanted = Wanted { payload, limit: limit.unwrap_or(LIMIT_DEFAULT), next };
            let found = search::search(&app, workspace, &live, object, &event, wanted).await?;
            (StatusCode::OK, EventAnswer::Search(found))
        }
        EventAction::Create { .. } | EventAction::Update { .. } | EventAction::Delete => {
            let target = record_id.as_deref();
            let written =
                write::write(&app, workspace, &live, object, action, target, &payload).await?;
            let Some(mut record) = written else {
                return Ok(StatusCode::NO_CONTENT.into_response());
            };
            if !caller.may_read() {
                record.data = None;
            }
            let status = match action {
                EventAction::Create { .. } => StatusCode::CREATED,
                _ => StatusCode::OK,
            };
            (status, EventAnswer::Record(CrmRecordAnswer { record }))
        }
    };
    Ok((status, Json(answer)).into_response())
}

/// The answer where the user lets an event do nothing.
fn nothing(event_type: EventType) -> Response {
    match event_type {
        EventType::Search => Json(EventAnswer::Search(CrmSearchAnswer::empty())).into_response(),
        EventType::Create | EventType::Update | EventType::Delete => {
            StatusCode::NO_CONTENT.into_response()
        }
    }
}

/// Refuses members that mean nothing for an event of this type, and those that it lacks.
fn check_members(
    event_type: EventType,
    invocation: &InvokeEvent,
    has_next: bool,
) -> Result<(), ApiError> {
    let article = event_type.article();
    let is_search = event_type == EventType::Search;
    let needs_record = matches!(event_type, EventType::Update | EventType::Delete);
    let mut wrong = Vec::new();
    match &invocation.record_id {
        None if needs_record => {
            let detail = format!("{article} event names the record in `record_id`");
            wrong.push(Invalid::new("/record_id", detail));
        }
        Some(_) if !needs_record => {
            let detail = format!("{article} event has no `record_id`");
            wrong.push(Invalid::new("/record_id", detail));
        }
        _ => {}
    }
    match invocation.limit {
        None => {}
        Some(_) if !is_search => {
            wrong.push(Invalid::new("/limit", format!("{article} event has no `limit`")));
        }
        Some(1..=LIMIT_MAX) => {}
        Some(_) => wrong.push(Invalid::new("/limit", format!("is 1 to {LIMIT_MAX}"))),
    }
    if has_next && !is_search {
        wrong.push(Invalid::new("?next", format!("{article} event has no pages")));
    }
    if wrong.is_empty() { Ok(()) } else { Err(ApiError::invalid(wrong)) }
}
