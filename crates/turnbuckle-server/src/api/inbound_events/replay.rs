//! Processing inbound events again: at once and without effect to see what
//! would change, or in the background with progress to be asked for.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use turnbuckle_core::id::{InboundEventId, ReplayId, SourceId, WorkspaceId};
use turnbuckle_core::invalid::{Invalid, pointer};
use turnbuckle_core::record::Data;
use turnbuckle_store::StoreError;
use turnbuckle_store::error::Noun;
use turnbuckle_store::inbound::{EventOutcome, InboundEvent};
use turnbuckle_store::record::Applied;
use turnbuckle_store::replay::{Run, RunKind};
use utoipa::ToSchema;

use super::parse_source;
use super::view::EventStatus;
use crate::api::time::parse_optional;
use crate::api::time::rfc3339;
use crate::api::webhooks::outcome::{RecordChange, WarningView, warnings};
use crate::app::App;
use crate::auth::{CanManage, CanRead};
use crate::extract::{JsonBody, PathParams};
use crate::problem::{ApiError, Problem, ProblemBody};
use crate::processing::{Planned, not_tried, plan};
use crate::workers::runs::replay::{ReplayRequest, Selection};

/// Most events that a replay can name.
const IDS_MAX: usize = 10_000;

/// Most events that a dry run looks at.
const DRY_RUN_EVENTS_MAX: usize = 100;

/// Which events to process again: either by `ids` or by the other members, of
/// which at least one is needed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplayInboundEvents {
    #[schema(max_items = 10000, example = json!(["in_0198c5a0000070008000000000000000"]))]
    ids: Option<Vec<String>>,
    /// Id of a source.
    source: Option<String>,
    status: Option<EventStatus>,
    /// Received at or after this time.
    #[schema(format = DateTime)]
    since: Option<String>,
    /// Received before this time.
    #[schema(format = DateTime)]
    until: Option<String>,
    /// Shows what would change, for at most the first 100 events, and changes nothing.
    #[serde(default)]
    dry_run: bool,
    /// Makes new records even where an event made some before.
    #[serde(default)]
    as_new: bool,
}

/// A replay and how far it is.
#[derive(Serialize, ToSchema)]
pub struct ReplayView {
    /// Null for a dry run, which is not kept.
    #[schema(required)]
    id: Option<String>,
    status: ReplayStatus,
    dry_run: bool,
    as_new: bool,
    /// Events to process.
    total: i64,
    /// Events that were processed and are done.
    done: i64,
    /// Events that were processed and failed.
    failed: i64,
    started_at: String,
    #[schema(required)]
    ended_at: Option<String>,
    /// What a dry run would change, by event in the order of intake.
    #[serde(skip_serializing_if = "Option::is_none")]
    events: Option<Vec<EventDifferenceView>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReplayStatus {
    Running,
    Done,
}

/// What one event would change. Each event is looked at alone: what earlier ones
/// would change is not seen by later ones.
#[derive(Serialize, ToSchema)]
pub struct EventDifferenceView {
    /// Id of the event.
    event: String,
    /// How it would end.
    status: EventStatus,
    records: Vec<RecordDifferenceView>,
    #[schema(required)]
    error: Option<String>,
    warnings: Vec<WarningView>,
}

#[derive(Serialize, ToSchema)]
pub struct RecordDifferenceView {
    entity: String,
    /// Null if the record would be created, by this item or one before it.
    #[schema(required)]
    id: Option<String>,
    change: RecordChange,
    /// By column.
    #[schema(value_type = Object)]
    differences: IndexMap<String, DifferenceView>,
}

#[derive(Serialize, ToSchema)]
pub struct DifferenceView {
    before: Value,
    after: Value,
}

#[derive(Serialize, ToSchema)]
pub struct ReplayAnswer {
    replay: ReplayView,
}

/// Processes inbound events again, in the order of their intake.
#[utoipa::path(
    post,
    path = "/api/v1/inbound-events/replay",
    tag = "inbound-events",
    request_body = ReplayInboundEvents,
    responses(
        (status = 200, description = "A dry run", body = ReplayAnswer),
        (status = 202, description = "The replay goes on in the background", body = ReplayAnswer),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn replay_inbound_events(
    CanManage(caller): CanManage,
    State(app): State<App>,
    JsonBody(asked): JsonBody<ReplayInboundEvents>,
) -> Result<Response, ApiError> {
    let workspace = caller.workspace;
    let is_dry = asked.dry_run;
    let request =
        ReplayRequest { as_new: asked.as_new, selection: select(&app, workspace, asked).await? };
    let total = request.selection.count(&app, workspace).await?;
    if is_dry {
        let replay = dry_run(&app, workspace, &request, total).await?;
        return Ok(Json(ReplayAnswer { replay }).into_response());
    }
    let run = Run {
        id: ReplayId(app.mint()).to_string(),
        workspace,
        kind: RunKind::Replay,
        request: serde_json::to_value(&request)
            .map_err(|error| ApiError::caused_by(Problem::Internal, error))?,
        total,
        done: 0,
        failed: 0,
        position: 0,
        started_at: app.now(),
        ended_at: None,
    };
    app.store.create_run(run.clone()).await?;
    app.wake(|signals| &signals.run_requested);
    let replay = ReplayView::of(run);
    Ok((StatusCode::ACCEPTED, Json(ReplayAnswer { replay })).into_response())
}

/// Shows how far a replay is.
#[utoipa::path(
    get,
    path = "/api/v1/replays/{replay}",
    tag = "inbound-events",
    params(("replay" = String, Path, description = "Id of the replay")),
    responses(
        (status = 200, body = ReplayAnswer),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn get_replay(
    CanRead(caller): CanRead,
    State(app): State<App>,
    PathParams(id): PathParams<String>,
) -> Result<Json<ReplayAnswer>, ApiError> {
    let found = app.store.run(caller.workspace, &id).await?;
    let run = found.filter(|run| run.kind == RunKind::Replay);
    let not_found = || ApiError::new(Problem::ReplayNotFound, "the workspace has no such replay");
    Ok(Json(ReplayAnswer { replay: ReplayView::of(run.ok_or_else(not_found)?) }))
}

/// # Errors
/// 400 if it is not clear which events are meant, 404 for an id that the log does not have.
async fn select(
    app: &App,
    workspace: WorkspaceId,
    asked: ReplayInboundEvents,
) -> Result<Selection, ApiError> {
    let ReplayInboundEvents { ids, source, status, since, until, .. } = asked;
    let is_range = source.is_some() || status.is_some() || since.is_some() || until.is_some();
    match ids {
        Some(ids) if !is_range => select_ids(app, workspace, &ids).await,
        None if is_range => {
            let since = parse_optional("/since", since.as_deref())?;
            // What came in within this very millisecond is meant too.
            let until = parse_optional("/until", until.as_deref())?.unwrap_or(app.now() + 1);
            if since.is_some_and(|since| until < since) {
                let detail = "`until` is before `since`";
                return Err(ApiError::invalid(vec![Invalid::new("/until", detail)]));
            }
            let source = match source {
                Some(id) => Some(find_source(app, workspace, &id).await?),
                None => None,
            };
            Ok(Selection::Range { source, status: status.map(EventStatus::into), since, until })
        }
        _ => {
            let detail = "give either `ids`, or some of `source`, `status`, `since` and `until`";
            Err(ApiError::new(Problem::InvalidRequest, detail))
        }
    }
}

/// # Errors
/// 404 if the workspace has no such source: nothing of it can be processed.
async fn find_source(app: &App, workspace: WorkspaceId, id: &str) -> Result<SourceId, ApiError> {
    let id = parse_source("/source", id)?;
    match app.store.source(workspace, id).await? {
        Some(_) => Ok(id),
        None => Err(StoreError::not_found(Noun::Source, id).into()),
    }
}

async fn select_ids(
    app: &App,
    workspace: WorkspaceId,
    ids: &[String],
) -> Result<Selection, ApiError> {
    if !(1..=IDS_MAX).contains(&ids.len()) {
        let detail = format!("name 1 to {IDS_MAX} events");
        return Err(ApiError::invalid(vec![Invalid::new("/ids", detail)]));
    }
    let mut parsed = Vec::with_capacity(ids.len());
    let mut invalid = Vec::new();
    for (index, id) in ids.iter().enumerate() {
        match InboundEventId::parse(id) {
            Ok(id) => parsed.push(id),
            Err(error) => invalid.push(Invalid::new(pointer("/ids", index), error.to_string())),
        }
    }
    if !invalid.is_empty() {
        return Err(ApiError::invalid(invalid));
    }
    for id in &parsed {
        if app.store.event(workspace, *id).await?.is_none() {
            let detail = format!("the log has no inbound event `{id}`");
            return Err(ApiError::new(Problem::InboundEventNotFound, detail));
        }
    }
    Ok(Selection::of_ids(parsed))
}

async fn dry_run(
    app: &App,
    workspace: WorkspaceId,
    request: &ReplayRequest,
    total: i64,
) -> Result<ReplayView, ApiError> {
    let started_at = rfc3339(app.now());
    let slice = request.selection.slice(app, workspace, 0, DRY_RUN_EVENTS_MAX).await?;
    let mut events = Vec::with_capacity(slice.events.len());
    for logged in &slice.events {
        events.push(difference(app, &logged.event, request.as_new).await?);
    }
    let failed = events.iter().filter(|it| it.status == EventStatus::Failed).count();
    Ok(ReplayView {
        id: None,
        status: ReplayStatus::Done,
        dry_run: true,
        as_new: request.as_new,
        total,
        done: (events.len() - failed) as i64,
        failed: failed as i64,
        started_at,
        ended_at: Some(rfc3339(app.now())),
        events: Some(events),
    })
}

async fn difference(
    app: &App,
    event: &InboundEvent,
    as_new: bool,
) -> Result<EventDifferenceView, StoreError> {
    let work = match plan(app, event, as_new).await? {
        Planned::Work(work) => *work,
        Planned::Call(_, function) => not_tried(event, &function),
    };
    let connection = work.connection.clone();
    let outcome: EventOutcome = app.store.try_event(work).await?;
    let mut records = Vec::with_capacity(outcome.applied.len());
    // Records as the items so far leave them: each item is told by what it adds to that.
    let mut left: HashMap<String, Arc<Data>> = HashMap::new();
    let mut made: HashSet<String> = HashSet::new();
    for (_, applied) in outcome.applied {
        let change = RecordChange::from(&applied);
        let id = applied.record.id.clone();
        if change == RecordChange::Created {
            made.insert(id.clone());
        }
        let before = match left.get(&id) {
            Some(before) => before.clone(),
            None if made.contains(&id) => Arc::default(),
            None => data_now(app, event.workspace, &connection, &applied).await?,
        };
        records.push(RecordDifferenceView {
            entity: applied.entity,
            id: (!made.contains(&id)).then(|| id.clone()),
            change,
            differences: differences(&before, &applied.record.data),
        });
        left.insert(id, applied.record.data);
    }
    Ok(EventDifferenceView {
        event: event.id.to_string(),
        status: outcome.status.into(),
        records,
        error: outcome.error,
        warnings: warnings(&outcome.warnings),
    })
}

/// The record as it is: the trial left nothing behind.
async fn data_now(
    app: &App,
    workspace: WorkspaceId,
    connection: &str,
    applied: &Applied,
) -> Result<Arc<Data>, StoreError> {
    let ids = [applied.record.id.clone()];
    let (records, _) = app.store.records(workspace, connection, &applied.entity, &ids, &[]).await?;
    Ok(records.into_iter().flatten().next().map(|record| record.data).unwrap_or_default())
}

/// The columns that differ; an absent one is null.
fn differences(before: &Data, after: &Data) -> IndexMap<String, DifferenceView> {
    let value = |data: &Data, column: &String| data.get(column).cloned().unwrap_or(Value::Null);
    let gone = before.keys().filter(|column| !after.contains_key(*column));
    let columns = after.keys().chain(gone);
    let differing = columns.filter(|column| before.get(*column) != after.get(*column));
    differing
        .map(|column| {
            let (before, after) = (value(before, column), value(after, column));
            (column.clone(), DifferenceView { before, after })
        })
        .collect()
}

impl ReplayView {
    fn of(run: Run) -> Self {
        let request = serde_json::from_value::<ReplayRequest>(run.request).ok();
        Self {
            id: Some(run.id),
            status: match run.ended_at {
                None => ReplayStatus::Running,
                Some(_) => ReplayStatus::Done,
            },
            dry_run: false,
            as_new: request.is_some_and(|request| request.as_new),
            total: run.total,
            done: run.done,
            failed: run.failed,
            started_at: rfc3339(run.started_at),
            ended_at: run.ended_at.map(rfc3339),
            events: None,
        }
    }
}
