//! Endpoints: URLs that receive messages.
//!
//! What its owner decides is one document (`turnbuckle_core::endpoint`). Token,
//! headers, secrets and signing key are sealed apart from it: a secret is shown in the
//! answer that made it and never again, the token not at all, the value of a
//! header to those who may change it. What changes here holds for messages that
//! wait already.

pub(super) mod check;
mod document;
mod operations;
mod recovery;
mod sample;
mod secrets;

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use http::{HeaderName, HeaderValue, StatusCode};
use serde::Serialize;
use serde_json::Value;
use turnbuckle_core::endpoint::EndpointSettings;
use turnbuckle_core::id::{EndpointId, WorkspaceId};
use turnbuckle_store::StoreError;
use turnbuckle_store::endpoint::{Endpoint, EndpointStatus};
use turnbuckle_store::error::Noun;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::etag::{Precondition, etag};
use crate::api::listing::{Listing, ListingQuery, PageView};
use crate::app::App;
use crate::auth::{Caller, CanManage, CanRead};
use crate::catalog::EndpointSecrets;
use crate::extract::{JsonBody, PathParams, QueryParams};
use crate::problem::{ApiError, ProblemBody};

pub use document::{EndpointDocument, EndpointStatusView, EndpointView};

/// How often a change is tried while others change the same endpoint.
const TRIES_MAX: usize = 10;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_endpoints, create_endpoint))
        .routes(routes!(get_endpoint, replace_endpoint, update_endpoint, delete_endpoint))
        .routes(routes!(operations::pause_endpoint))
        .routes(routes!(operations::resume_endpoint))
        .routes(routes!(operations::test_endpoint))
        .routes(routes!(operations::rotate_endpoint_secret))
        .routes(routes!(recovery::recover_endpoint))
        .routes(routes!(recovery::get_recovery))
}

#[derive(Debug, Serialize, ToSchema)]
pub struct EndpointAnswer {
    pub endpoint: EndpointView,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct EndpointsAnswer {
    pub endpoints: Vec<EndpointView>,
    pub page: PageView,
}

type Answer = ([(HeaderName, HeaderValue); 1], Json<EndpointAnswer>);

fn answer(caller: &Caller, endpoint: &Endpoint, secrets: Option<&EndpointSecrets>) -> Answer {
    let view = EndpointView::of(caller, endpoint, secrets);
    (etag(endpoint.version), Json(EndpointAnswer { endpoint: view }))
}

/// Lists the endpoints of the workspace, newest first.
#[utoipa::path(
    get,
    path = "/api/v1/endpoints",
    tag = "endpoints",
    params(ListingQuery),
    responses(
        (status = 200, body = EndpointsAnswer),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn list_endpoints(
    CanRead(caller): CanRead,
    State(app): State<App>,
    QueryParams(query): QueryParams<ListingQuery>,
) -> Result<Json<EndpointsAnswer>, ApiError> {
    let listing = Listing { workspace: caller.workspace, name: "endpoints" };
    let listed = app.store.endpoints(caller.workspace, listing.request(&app, &query)?).await?;
    let view = |endpoint: &Endpoint| {
        let secrets = EndpointSecrets::open(&app.sealer, endpoint);
        EndpointView::of(&caller, endpoint, secrets.as_ref())
    };
    Ok(Json(EndpointsAnswer {
        endpoints: listed.items.iter().map(view).collect(),
        page: listing.page(&app, listed.next),
    }))
}

/// Creates an endpoint. The answer shows its secret, once.
#[utoipa::path(
    post,
    path = "/api/v1/endpoints",
    tag = "endpoints",
    request_body = EndpointDocument,
    responses(
        (status = 201, body = EndpointAnswer),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn create_endpoint(
    CanManage(caller): CanManage,
    State(app): State<App>,
    JsonBody(document): JsonBody<Value>,
) -> Result<impl IntoResponse, ApiError> {
    let settings = EndpointSettings::parse(&document).map_err(ApiError::invalid)?;
    let connection = check::check(&app, caller.workspace, &settings).await?;
    let secrets = secrets::first(&settings);
    let id = EndpointId(app.mint());
    let now = app.now();
    let endpoint = Endpoint {
        id,
        workspace: caller.workspace,
        connection,
        settings: Value::Object(settings.to_document()),
        sealed: secrets.seal(&app.sealer, caller.workspace, id),
        status: EndpointStatus::Active,
        status_reason: None,
        last_success_at: None,
        version: 1,
        created_at: now,
        updated_at: now,
    };
    app.store.create_endpoint(endpoint.clone()).await?;
    let (tag, Json(mut answer)) = answer(&caller, &endpoint, Some(&secrets));
    answer.endpoint.secret = secrets::newest(&secrets);
    Ok((StatusCode::CREATED, tag, Json(answer)))
}

/// Shows an endpoint.
#[utoipa::path(
    get,
    path = "/api/v1/endpoints/{endpoint}",
    tag = "endpoints",
    params(("endpoint" = String, Path, description = "Id of the endpoint")),
    responses(
        (status = 200, body = EndpointAnswer),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn get_endpoint(
    CanRead(caller): CanRead,
    State(app): State<App>,
    PathParams(id): PathParams<String>,
) -> Result<Answer, ApiError> {
    let endpoint = find(&app, caller.workspace, &id).await?;
    Ok(answer(&caller, &endpoint, EndpointSecrets::open(&app.sealer, &endpoint).as_ref()))
}

/// Replaces the settings of an endpoint; what is not given has its default, so a token that is
/// not given is gone. Secrets stay.
#[utoipa::path(
    put,
    path = "/api/v1/endpoints/{endpoint}",
    tag = "endpoints",
    params(("endpoint" = String, Path, description = "Id of the endpoint"), Precondition),
    request_body = EndpointDocument,
    responses(
        (status = 200, body = EndpointAnswer),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn replace_endpoint(
    CanManage(caller): CanManage,
    State(app): State<App>,
    PathParams(id): PathParams<String>,
    precondition: Precondition,
    JsonBody(document): JsonBody<Value>,
) -> Result<Answer, ApiError> {
    let settings = EndpointSettings::parse(&document).map_err(ApiError::invalid)?;
    check::check(&app, caller.workspace, &settings).await?;
    save(&app, &caller, &id, &precondition, |_, _| Ok(settings.clone())).await
}

/// Changes settings of an endpoint: a JSON merge patch, where null puts a member back to its
/// default.
#[utoipa::path(
    patch,
    path = "/api/v1/endpoints/{endpoint}",
    tag = "endpoints",
    params(("endpoint" = String, Path, description = "Id of the endpoint"), Precondition),
    request_body = Object,
    responses(
        (status = 200, body = EndpointAnswer),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn update_endpoint(
    CanManage(caller): CanManage,
    State(app): State<App>,
    PathParams(id): PathParams<String>,
    precondition: Precondition,
    JsonBody(patch): JsonBody<Value>,
) -> Result<Answer, ApiError> {
    let patched = |settings: &EndpointSettings| settings.patch(&patch).map_err(ApiError::invalid);
    let endpoint = find(&app, caller.workspace, &id).await?;
    let (settings, _) = open(&app, &endpoint)?;
    check::check(&app, caller.workspace, &patched(&settings)?).await?;
    save(&app, &caller, &id, &precondition, |settings, _| patched(settings)).await
}

/// Deletes an endpoint. What waits for it is never sent.
#[utoipa::path(
    delete,
    path = "/api/v1/endpoints/{endpoint}",
    tag = "endpoints",
    params(("endpoint" = String, Path, description = "Id of the endpoint"), Precondition),
    responses(
        (status = 204),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn delete_endpoint(
    CanManage(caller): CanManage,
    State(app): State<App>,
    PathParams(id): PathParams<String>,
    precondition: Precondition,
) -> Result<StatusCode, ApiError> {
    let endpoint = find(&app, caller.workspace, &id).await?;
    let version = precondition.version(Noun::Endpoint, &id, Some(endpoint.version))?;
    app.store.delete_endpoint(caller.workspace, endpoint.id, version).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// # Errors
/// 404
async fn find(app: &App, workspace: WorkspaceId, id: &str) -> Result<Endpoint, ApiError> {
    let found = match EndpointId::parse(id) {
        Ok(id) => app.store.endpoint(workspace, id).await?,
        Err(_) => None,
    };
    Ok(found.ok_or_else(|| StoreError::not_found(Noun::Endpoint, id))?)
}

/// The settings of a stored endpoint, whole, and its secrets.
///
/// # Errors
/// A defect if they were sealed with a key that this server does not have.
pub fn open(
    app: &App,
    endpoint: &Endpoint,
) -> Result<(EndpointSettings, EndpointSecrets), ApiError> {
    let defect = |reason: &str| {
        let action = "read an endpoint";
        ApiError::from(StoreError::Defect { action, source: reason.into() })
    };
    let secrets = EndpointSecrets::open(&app.sealer, endpoint)
        .ok_or_else(|| defect("its secrets were sealed with another key"))?;
    let settings =
        secrets.complete(endpoint).ok_or_else(|| defect("its settings cannot be read"))?;
    Ok((settings, secrets))
}

/// Saves what `change` makes of settings and secrets as they are, over whatever
/// others save at the same time, as long as the precondition holds.
async fn save(
    app: &App,
    caller: &Caller,
    id: &str,
    precondition: &Precondition,
    mut change: impl FnMut(
        &EndpointSettings,
        &mut EndpointSecrets,
    ) -> Result<EndpointSettings, ApiError>,
) -> Result<Answer, ApiError> {
    let workspace = caller.workspace;
    let mut tries = 1;
    loop {
        let endpoint = find(app, workspace, id).await?;
        precondition.version(Noun::Endpoint, id, Some(endpoint.version))?;
        let (before, mut secrets) = open(app, &endpoint)?;
        let settings = change(&before, &mut secrets)?;
        secrets::follow(&mut secrets, &settings);
        let sealed = secrets.seal(&app.sealer, workspace, endpoint.id);
        let connection = match settings.connection == before.connection {
            true => endpoint.connection,
            false => check::check(app, workspace, &settings).await?,
        };
        let (id, document) = (endpoint.id, Value::Object(settings.to_document()));
        let read = Some(endpoint.version);
        match app.store.update_endpoint(workspace, id, &document, &sealed, connection, read).await {
            Err(StoreError::VersionMismatch { .. }) if tries < TRIES_MAX => tries += 1,
            saved => {
                // What waits may be sent elsewhere now, or be due sooner.
                app.lanes.wake(workspace, id);
                return Ok(answer(caller, &saved?, Some(&secrets)));
            }
        }
    }
}
