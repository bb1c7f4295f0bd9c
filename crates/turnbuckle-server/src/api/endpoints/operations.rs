//! What can be done with an endpoint beside changing its settings.

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use turnbuckle_core::invalid::Invalid;
use turnbuckle_store::endpoint::{Endpoint, EndpointStatus};
use utoipa::ToSchema;

use super::{Answer, EndpointAnswer, answer, find, open, sample, save, secrets};
use crate::api::etag::Precondition;
use crate::api::time::parse_span;
use crate::app::App;
use crate::auth::{Caller, CanManage};
use crate::catalog::EndpointSecrets;
use crate::extract::{OptionalJson, PathParams};
use crate::problem::{ApiError, ProblemBody};

const DAY_MS: i64 = 86_400_000;
/// How long secrets overlap unless the caller says otherwise.
const OVERLAP_MS_DEFAULT: i64 = DAY_MS;
const OVERLAP_DAYS_MAX: i64 = 30;

/// How a secret is rotated.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RotateSecret {
    /// How long the secrets there were still sign beside the new one: such as `15m`, `24h` or
    /// `7d`, at most 30 days; `24h` if not given.
    #[schema(example = "24h")]
    pub overlap: Option<String>,
}

/// A delivery that was begun.
#[derive(Debug, Serialize, ToSchema)]
pub struct BegunDelivery {
    #[schema(example = "dlv_0190a3c25c3e7d529a103f6b1c2d4e5f")]
    pub id: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct BegunDeliveryAnswer {
    pub delivery: BegunDelivery,
}

/// Pauses an endpoint: its messages wait.
#[utoipa::path(
    post,
    path = "/api/v1/endpoints/{endpoint}/pause",
    tag = "endpoints",
    params(("endpoint" = String, Path, description = "Id of the endpoint")),
    responses(
        (status = 200, body = EndpointAnswer),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn pause_endpoint(
    CanManage(caller): CanManage,
    State(app): State<App>,
    PathParams(id): PathParams<String>,
) -> Result<Answer, ApiError> {
    let endpoint = find(&app, caller.workspace, &id).await?;
    set_status(&app, &caller, endpoint, EndpointStatus::Paused).await
}

/// Resumes an endpoint that was paused or disabled: what waited is sent.
#[utoipa::path(
    post,
    path = "/api/v1/endpoints/{endpoint}/resume",
    tag = "endpoints",
    params(("endpoint" = String, Path, description = "Id of the endpoint")),
    responses(
        (status = 200, body = EndpointAnswer),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn resume_endpoint(
    CanManage(caller): CanManage,
    State(app): State<App>,
    PathParams(id): PathParams<String>,
) -> Result<Answer, ApiError> {
    let endpoint = find(&app, caller.workspace, &id).await?;
    set_status(&app, &caller, endpoint, EndpointStatus::Active).await
}

async fn set_status(
    app: &App,
    caller: &Caller,
    mut endpoint: Endpoint,
    status: EndpointStatus,
) -> Result<Answer, ApiError> {
    if endpoint.status != status {
        let (workspace, id) = (endpoint.workspace, endpoint.id);
        endpoint = app.store.set_endpoint_status(workspace, id, status, None).await?;
    }
    app.lanes.wake(endpoint.workspace, endpoint.id);
    Ok(answer(caller, &endpoint, EndpointSecrets::open(&app.sealer, &endpoint).as_ref()))
}

/// Sends a sample message in the endpoint's format. While the endpoint is paused or disabled it
/// waits like any other.
#[utoipa::path(
    post,
    path = "/api/v1/endpoints/{endpoint}/test",
    tag = "endpoints",
    params(("endpoint" = String, Path, description = "Id of the endpoint")),
    responses(
        (status = 202, body = BegunDeliveryAnswer),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn test_endpoint(
    CanManage(caller): CanManage,
    State(app): State<App>,
    PathParams(id): PathParams<String>,
) -> Result<impl IntoResponse, ApiError> {
    let endpoint = find(&app, caller.workspace, &id).await?;
    let (settings, _) = open(&app, &endpoint)?;
    let draft = sample::draft(&app, caller.workspace, settings).await?;
    let stored =
        app.store.store_message(caller.workspace, endpoint.id, sample::OBJECT, draft).await?;
    let delivery = BegunDelivery { id: stored.id.to_string() };
    app.lanes.enqueue(vec![stored]);
    Ok((StatusCode::ACCEPTED, Json(BegunDeliveryAnswer { delivery })))
}

/// Makes a new secret, shown in this answer only. Until the overlap has passed messages are
/// signed with both.
#[utoipa::path(
    post,
    path = "/api/v1/endpoints/{endpoint}/rotate-secret",
    tag = "endpoints",
    params(("endpoint" = String, Path, description = "Id of the endpoint")),
    request_body(content = Option<RotateSecret>),
    responses(
        (status = 200, body = EndpointAnswer),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn rotate_endpoint_secret(
    CanManage(caller): CanManage,
    State(app): State<App>,
    PathParams(id): PathParams<String>,
    OptionalJson(RotateSecret { overlap }): OptionalJson<RotateSecret>,
) -> Result<Answer, ApiError> {
    let overlap_ms = overlap.as_deref().map_or(Some(OVERLAP_MS_DEFAULT), parse_span);
    let overlap_ms = overlap_ms.filter(|ms| *ms <= OVERLAP_DAYS_MAX * DAY_MS).ok_or_else(|| {
        let detail = format!("is a span such as 15m, 24h or 7d, at most {OVERLAP_DAYS_MAX}d");
        ApiError::invalid(vec![Invalid::new("/overlap", detail)])
    })?;
    let now = app.now();
    let mut made = None;
    let any = Precondition::default();
    let (tag, Json(mut answer)) = save(&app, &caller, &id, &any, |settings, sealed| {
        secrets::rotate(sealed, now, now + overlap_ms);
        made = secrets::newest(sealed);
        Ok(settings.clone())
    })
    .await?;
    answer.endpoint.secret = made;
    Ok((tag, Json(answer)))
}
