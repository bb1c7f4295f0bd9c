//! Recovering a range: deliveries of an endpoint that ended are sent again.

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;
use turnbuckle_core::id::RecoveryId;
use turnbuckle_core::invalid::Invalid;
use turnbuckle_store::StoreError;
use turnbuckle_store::delivery::RecoverRange;
use turnbuckle_store::error::Noun;
use turnbuckle_store::replay::{Run, RunKind};
use utoipa::ToSchema;

use super::find;
use crate::api::time::{parse, parse_optional, rfc3339};
use crate::app::App;
use crate::auth::{CanManage, CanRead};
use crate::extract::{JsonBody, PathParams};
use crate::problem::{ApiError, ProblemBody};

/// Which deliveries are sent again.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RecoverEndpoint {
    /// Stored at or after this time.
    #[schema(format = DateTime)]
    pub since: String,
    /// Stored before this time; until now if not given.
    #[schema(format = DateTime)]
    pub until: Option<String>,
    /// Those given up, or all that ended.
    #[serde(default)]
    #[schema(required = false)]
    pub only: Only,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Only {
    #[default]
    Dead,
    All,
}

/// A recovery and how far it is.
#[derive(Debug, Serialize, ToSchema)]
pub struct RecoveryView {
    #[schema(example = "rec_0190a3c25c3e7d529a103f6b1c2d4e5f")]
    pub id: String,
    pub endpoint: String,
    /// Deliveries of the range. With `coalesce`, only the latest about each record is sent.
    pub total: i64,
    /// Those that were looked at.
    pub done: i64,
    #[schema(inline)]
    pub status: RecoveryStatus,
    #[schema(format = DateTime)]
    pub started_at: String,
    #[schema(format = DateTime)]
    pub ended_at: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RecoveryStatus {
    Running,
    Done,
}

impl From<Run> for RecoveryView {
    fn from(run: Run) -> Self {
        let status = match run.ended_at {
            None => RecoveryStatus::Running,
            Some(_) => RecoveryStatus::Done,
        };
        Self {
            id: run.id,
            endpoint: run.request["endpoint"].as_str().unwrap_or_default().to_owned(),
            total: run.total,
            done: run.done,
            status,
            started_at: rfc3339(run.started_at),
            ended_at: run.ended_at.map(rfc3339),
        }
    }
}

#[derive(Debug, Serialize, ToSchema)]
pub struct RecoveryAnswer {
    pub recovery: RecoveryView,
}

/// Sends deliveries of a time range again, each with its old id and body, newest first and out
/// of order.
#[utoipa::path(
    post,
    path = "/api/v1/endpoints/{endpoint}/recover",
    tag = "endpoints",
    params(("endpoint" = String, Path, description = "Id of the endpoint")),
    request_body = RecoverEndpoint,
    responses(
        (status = 202, body = RecoveryAnswer),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn recover_endpoint(
    CanManage(caller): CanManage,
    State(app): State<App>,
    PathParams(id): PathParams<String>,
    JsonBody(wanted): JsonBody<RecoverEndpoint>,
) -> Result<impl IntoResponse, ApiError> {
    let endpoint = find(&app, caller.workspace, &id).await?;
    let now = app.now();
    let since = parse("/since", &wanted.since)?;
    // What was stored within this very millisecond is meant too.
    let until = parse_optional("/until", wanted.until.as_deref())?.unwrap_or(now + 1);
    if until < since {
        let detail = "`until` is before `since`";
        return Err(ApiError::invalid(vec![Invalid::new("/until", detail)]));
    }
    let range = RecoverRange { since, until, only_dead: wanted.only == Only::Dead };
    let run = Run {
        id: RecoveryId(app.mint()).to_string(),
        workspace: caller.workspace,
        kind: RunKind::Recovery,
        request: json!({
            "endpoint": endpoint.id, "since": since, "until": until, "only": wanted.only
        }),
        total: app.store.count_recoverable(caller.workspace, endpoint.id, range).await?,
        done: 0,
        failed: 0,
        position: 0,
        started_at: now,
        ended_at: None,
    };
    app.store.create_run(run.clone()).await?;
    app.wake(|signals| &signals.run_requested);
    Ok((StatusCode::ACCEPTED, Json(RecoveryAnswer { recovery: run.into() })))
}

/// Shows how far a recovery is.
#[utoipa::path(
    get,
    path = "/api/v1/recoveries/{recovery}",
    tag = "endpoints",
    params(("recovery" = String, Path, description = "Id of the recovery")),
    responses(
        (status = 200, body = RecoveryAnswer),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn get_recovery(
    CanRead(caller): CanRead,
    State(app): State<App>,
    PathParams(id): PathParams<String>,
) -> Result<Json<RecoveryAnswer>, ApiError> {
    let run = app.store.run(caller.workspace, &id).await?;
    let run = run.filter(|run| run.kind == RunKind::Recovery);
    let run = run.ok_or_else(|| StoreError::not_found(Noun::Recovery, &id))?;
    Ok(Json(RecoveryAnswer { recovery: run.into() }))
}
