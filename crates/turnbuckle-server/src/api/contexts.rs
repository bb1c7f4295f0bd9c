//! Contexts: the customers of a workspace's app.
//!
//! Putting a connection makes its context where there is none, so an app that
//! has nothing to say of its customers need not come here. A customer's browser is let in
//! with a token that the app asks for here ([`crate::context_token`]).

mod token;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use turnbuckle_core::id::{WorkspaceId, check_chosen_id};
use turnbuckle_core::invalid::Invalid;
use turnbuckle_core::text::check_line;
use turnbuckle_store::StoreError;
use turnbuckle_store::context::Context;
use turnbuckle_store::error::Noun;
use turnbuckle_store::page::PageRequest;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::connections;
use crate::api::listing::{Listing, ListingQuery, PageView};
use crate::api::time::rfc3339;
use crate::app::App;
use crate::auth::{CanManage, CanRead};
use crate::authorizations::{self, Revocation};
use crate::extract::{JsonBody, PathParams, QueryParams};
use crate::problem::{ApiError, Problem, ProblemBody};

/// Longest name, in characters.
const NAME_CHARS_MAX: usize = 500;
/// Connections that are read at once.
const READ_MAX: usize = 200;
/// Longest attributes, as JSON text.
const ATTRIBUTES_BYTES_MAX: usize = 16 * 1024;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_contexts))
        .routes(routes!(put_context, get_context, delete_context))
        .routes(routes!(token::create_context_token))
}

/// One customer of the app.
#[derive(Debug, Serialize, ToSchema)]
pub struct ContextView {
    /// The app's own id for its customer.
    pub external_id: String,
    pub external_name: Option<String>,
    /// Whatever the app wants kept with it.
    #[schema(value_type = Object)]
    pub attributes: Map<String, Value>,
    pub created_at: String,
}

impl From<Context> for ContextView {
    fn from(it: Context) -> Self {
        Self {
            external_id: it.external_id,
            external_name: it.external_name,
            attributes: it.attributes,
            created_at: rfc3339(it.created_at),
        }
    }
}

#[derive(Debug, Serialize, ToSchema)]
pub struct ContextAnswer {
    pub context: ContextView,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct ContextListing {
    pub contexts: Vec<ContextView>,
    pub page: PageView,
}

/// What the app says of its customer.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PutContext {
    #[schema(max_length = 500)]
    pub external_name: Option<String>,
    /// Up to 16 KiB, kept and given back as they came.
    #[schema(value_type = Option<Object>)]
    pub attributes: Option<Map<String, Value>>,
}

/// Lists the contexts, newest first.
#[utoipa::path(
    get, path = "/api/v1/contexts", tag = "contexts", params(ListingQuery),
    responses(
        (status = 200, body = ContextListing),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn list_contexts(
    CanRead(caller): CanRead,
    State(app): State<App>,
    QueryParams(query): QueryParams<ListingQuery>,
) -> Result<Json<ContextListing>, ApiError> {
    let listing = Listing { workspace: caller.workspace, name: "contexts" };
    let found = app.store.contexts(caller.workspace, listing.request(&app, &query)?).await?;
    let contexts = found.items.into_iter().map(ContextView::from).collect();
    Ok(Json(ContextListing { contexts, page: listing.page(&app, found.next) }))
}

/// Creates or replaces a context.
#[utoipa::path(
    put, path = "/api/v1/contexts/{context}", tag = "contexts", request_body = PutContext,
    params(("context" = String, Path, description = "The app's own id for its customer.")),
    responses(
        (status = 200, body = ContextAnswer),
        (status = 201, body = ContextAnswer),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn put_context(
    CanManage(caller): CanManage,
    State(app): State<App>,
    PathParams(external_id): PathParams<String>,
    JsonBody(wanted): JsonBody<PutContext>,
) -> Result<(StatusCode, Json<ContextAnswer>), ApiError> {
    check_chosen_id("context", &external_id)
        .map_err(|error| ApiError::new(Problem::InvalidRequest, error.to_string()))?;
    let attributes = wanted.attributes.unwrap_or_default();
    check(wanted.external_name.as_deref(), &attributes)?;
    let context = Context {
        external_id,
        external_name: wanted.external_name,
        attributes,
        created_at: app.now(),
    };
    let (context, is_new) = app.store.put_context(caller.workspace, context).await?;
    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(ContextAnswer { context: context.into() })))
}

/// Shows a context.
#[utoipa::path(
    get, path = "/api/v1/contexts/{context}", tag = "contexts",
    params(("context" = String, Path, description = "The app's own id for its customer.")),
    responses(
        (status = 200, body = ContextAnswer),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn get_context(
    CanRead(caller): CanRead,
    State(app): State<App>,
    PathParams(external_id): PathParams<String>,
) -> Result<Json<ContextAnswer>, ApiError> {
    let context = app.store.context(caller.workspace, &external_id).await?;
    let context = context.ok_or_else(|| StoreError::not_found(Noun::Context, external_id))?;
    Ok(Json(ContextAnswer { context: context.into() }))
}

/// Deletes a context with its connections and everything that was stored for them.
#[utoipa::path(
    delete, path = "/api/v1/contexts/{context}", tag = "contexts",
    params(("context" = String, Path, description = "The app's own id for its customer.")),
    responses(
        (status = 204),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn delete_context(
    CanManage(caller): CanManage,
    State(app): State<App>,
    PathParams(external_id): PathParams<String>,
) -> Result<StatusCode, ApiError> {
    let revocations = revocations(&app, caller.workspace, &external_id).await?;
    let connections = app.store.delete_context(caller.workspace, &external_id).await?;
    connections::deleted(&app, &connections).await;
    revocations.into_iter().for_each(|it| authorizations::revoke(&app, it));
    Ok(StatusCode::NO_CONTENT)
}

/// What is to be taken back at providers once the connections of a context are deleted.
async fn revocations(
    app: &App,
    workspace: WorkspaceId,
    context: &str,
) -> Result<Vec<Revocation>, ApiError> {
    let mut revocations = Vec::new();
    let mut page = PageRequest { limit: READ_MAX, after: None };
    loop {
        let found = app.store.connections(workspace, Some(context), page).await?;
        for connection in &found.items {
            revocations.extend(authorizations::revocation(app, connection).await?);
        }
        match found.next {
            None => return Ok(revocations),
            after => page = PageRequest { limit: READ_MAX, after },
        }
    }
}

fn check(name: Option<&str>, attributes: &Map<String, Value>) -> Result<(), ApiError> {
    let wrong = mistakes(name, attributes);
    if wrong.is_empty() { Ok(()) } else { Err(ApiError::invalid(wrong)) }
}

fn mistakes(name: Option<&str>, attributes: &Map<String, Value>) -> Vec<Invalid> {
    let mut wrong = Vec::new();
    if let Some(Err(must)) = name.map(|name| check_line(name, 1..=NAME_CHARS_MAX)) {
        wrong.push(Invalid::new("/external_name", must));
    }
    let bytes = serde_json::to_vec(attributes).map_or(usize::MAX, |text| text.len());
    if ATTRIBUTES_BYTES_MAX < bytes {
        let detail = format!("attributes have at most {ATTRIBUTES_BYTES_MAX} bytes as JSON");
        wrong.push(Invalid::new("/attributes", detail));
    }
    wrong
}
