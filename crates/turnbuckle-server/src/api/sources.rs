//! Sources: URLs with keys at which others post webhooks.
//!
//! A source says which connection its webhooks are written to and how. Its keys
//! are secrets that whoever manages the workspace may see again, because they
//! stand in URLs that are pasted into other products; who may only read sees
//! neither keys nor URL.

mod document;
mod keys;
mod trial;

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use http::StatusCode;
use serde::Serialize;
use serde_json::Value;
use turnbuckle_core::expression::NAMES_OF_EVENT;
use turnbuckle_core::id::{ConnectionNo, SourceId, WorkspaceId};
use turnbuckle_core::invalid::Invalid;
use turnbuckle_core::merge_patch::merge_patch;
use turnbuckle_core::source::SourceSettings;
use turnbuckle_core::verify::Verification;
use turnbuckle_store::StoreError;
use turnbuckle_store::error::Noun;
use turnbuckle_store::source::Source;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::etag::{Precondition, etag};
use crate::api::listing::{Listing, ListingQuery, PageView};
use crate::app::App;
use crate::auth::{CanManage, CanRead, ShowsKeys};
use crate::base_url::BaseUrl;
use crate::catalog::{LiveConnection, open_settings, seal_settings};
use crate::expressions;
use crate::extract::{JsonBody, PathParams, QueryParams};
use crate::problem::{ApiError, Problem, ProblemBody};

use document::view;
pub use document::{SourceDocument, SourceKeyView, SourceView};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_sources, create_source))
        .routes(routes!(get_source, replace_source, update_source, delete_source))
        .routes(routes!(keys::create_source_key))
        .routes(routes!(keys::delete_source_key))
        .routes(routes!(trial::try_source))
}

#[derive(Serialize, ToSchema)]
pub struct SourceAnswer {
    source: SourceView,
}

#[derive(Serialize, ToSchema)]
pub struct SourcesAnswer {
    sources: Vec<SourceView>,
    page: PageView,
}

/// Lists the sources of the workspace, newest first.
#[utoipa::path(
    get,
    path = "/api/v1/sources",
    tag = "sources",
    params(ListingQuery),
    responses(
        (status = 200, body = SourcesAnswer),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
async fn list_sources(
    CanRead(caller): CanRead,
    ShowsKeys(shows_keys): ShowsKeys,
    BaseUrl(base): BaseUrl,
    State(app): State<App>,
    QueryParams(query): QueryParams<ListingQuery>,
) -> Result<Json<SourcesAnswer>, ApiError> {
    let listing = Listing { workspace: caller.workspace, name: "sources" };
    let listed = app.store.sources(caller.workspace, listing.request(&app, &query)?).await?;
    let sources = listed.items.into_iter().map(|source| view(&app, &base, source, shows_keys));
    Ok(Json(SourcesAnswer { sources: sources.collect(), page: listing.page(&app, listed.next) }))
}

/// Creates a source with one key.
#[utoipa::path(
    post,
    path = "/api/v1/sources",
    tag = "sources",
    request_body = SourceDocument,
    responses(
        (status = 201, body = SourceAnswer),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
async fn create_source(
    CanManage(caller): CanManage,
    BaseUrl(base): BaseUrl,
    State(app): State<App>,
    JsonBody(mut document): JsonBody<Value>,
) -> Result<impl IntoResponse, ApiError> {
    unmask(&mut document, None)?;
    let (settings, connection) = prepare(&app, caller.workspace, &document, None).await?;
    let id = SourceId(app.mint());
    let now = app.now();
    let source = Source {
        id,
        workspace: caller.workspace,
        connection,
        name: settings.name.clone(),
        settings: seal_settings(&app.sealer, caller.workspace, id, &settings),
        keys: vec![keys::new_key(&app, caller.workspace, id)],
        version: 1,
        created_at: now,
        updated_at: now,
    };
    app.store.create_source(source.clone()).await?;
    let tag = etag(source.version);
    let source = view(&app, &base, source, true);
    Ok((StatusCode::CREATED, tag, Json(SourceAnswer { source })))
}

/// Shows a source.
#[utoipa::path(
    get,
    path = "/api/v1/sources/{source}",
    tag = "sources",
    params(("source" = String, Path, description = "Id of the source")),
    responses(
        (status = 200, body = SourceAnswer),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
async fn get_source(
    CanRead(caller): CanRead,
    ShowsKeys(shows_keys): ShowsKeys,
    BaseUrl(base): BaseUrl,
    State(app): State<App>,
    PathParams(id): PathParams<String>,
) -> Result<impl IntoResponse, ApiError> {
    let source = find(&app, caller.workspace, &id).await?;
    let tag = etag(source.version);
    Ok((tag, Json(SourceAnswer { source: view(&app, &base, source, shows_keys) })))
}

/// Replaces the settings of a source. Its keys stay.
#[utoipa::path(
    put,
    path = "/api/v1/sources/{source}",
    tag = "sources",
    params(("source" = String, Path, description = "Id of the source"), Precondition),
    request_body = SourceDocument,
    responses(
        (status = 200, body = SourceAnswer),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
async fn replace_source(
    CanManage(caller): CanManage,
    BaseUrl(base): BaseUrl,
    State(app): State<App>,
    PathParams(id): PathParams<String>,
    precondition: Precondition,
    JsonBody(mut document): JsonBody<Value>,
) -> Result<impl IntoResponse, ApiError> {
    let source = find(&app, caller.workspace, &id).await?;
    let mut version = precondition.version(Noun::Source, &id, Some(source.version))?;
    // Whoever writes all of it may do so over settings that cannot be read.
    let before = open_settings(&app.sealer, &source).ok();
    if unmask(&mut document, before.as_ref())? {
        // What is kept is what was read.
        version = Some(source.version);
    }
    save(&app, &base, source, &document, before.as_ref(), version).await
}

/// Changes settings of a source: a JSON merge patch, where null resets a member.
#[utoipa::path(
    patch,
    path = "/api/v1/sources/{source}",
    tag = "sources",
    params(("source" = String, Path, description = "Id of the source"), Precondition),
    request_body = Object,
    responses(
        (status = 200, body = SourceAnswer),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
async fn update_source(
    CanManage(caller): CanManage,
    BaseUrl(base): BaseUrl,
    State(app): State<App>,
    PathParams(id): PathParams<String>,
    precondition: Precondition,
    JsonBody(patch): JsonBody<Value>,
) -> Result<impl IntoResponse, ApiError> {
    let source = find(&app, caller.workspace, &id).await?;
    let before = open_settings(&app.sealer, &source)?;
    let mut document = before.to_json();
    merge_patch(&mut document, patch);
    unmask(&mut document, Some(&before))?;
    // What was patched is what was read.
    let version = Some(source.version);
    precondition.version(Noun::Source, &id, version)?;
    save(&app, &base, source, &document, Some(&before), version).await
}

/// Deletes a source: its keys are unknown at once, its events stay in the log.
#[utoipa::path(
    delete,
    path = "/api/v1/sources/{source}",
    tag = "sources",
    params(("source" = String, Path, description = "Id of the source"), Precondition),
    responses(
        (status = 204),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
async fn delete_source(
    CanManage(caller): CanManage,
    State(app): State<App>,
    PathParams(id): PathParams<String>,
    precondition: Precondition,
) -> Result<StatusCode, ApiError> {
    let source = find(&app, caller.workspace, &id).await?;
    let version = precondition.version(Noun::Source, &id, Some(source.version))?;
    app.store.delete_source(caller.workspace, source.id, version).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// # Errors
/// 404 if the workspace has no source of this id.
async fn find(app: &App, workspace: WorkspaceId, id: &str) -> Result<Source, ApiError> {
    let found = match SourceId::parse(id) {
        Ok(id) => app.store.source(workspace, id).await?,
        Err(_) => None,
    };
    found.ok_or_else(|| ApiError::new(Problem::SourceNotFound, "the workspace has no such source"))
}

async fn save(
    app: &App,
    base: &str,
    source: Source,
    document: &Value,
    before: Option<&SourceSettings>,
    version: Option<i64>,
) -> Result<impl IntoResponse + use<>, ApiError> {
    let (settings, connection) = prepare(app, source.workspace, document, before).await?;
    let Source { workspace, id, .. } = source;
    let document = seal_settings(&app.sealer, workspace, id, &settings);
    let name = &settings.name;
    let source =
        app.store.update_source(workspace, id, name, &document, connection, version).await?;
    let tag = etag(source.version);
    Ok((tag, Json(SourceAnswer { source: view(app, base, source, true) })))
}

/// Puts the sender's secrets that are kept in the place of their masks. Answers whether
/// there were any.
fn unmask(document: &mut Value, before: Option<&SourceSettings>) -> Result<bool, ApiError> {
    let Some(verify) = document.get_mut("verify") else { return Ok(false) };
    let before = before.and_then(|before| before.verify.as_ref());
    Verification::unmask(verify, before).map_err(|invalids| {
        let invalids = invalids.into_iter().map(|invalid| invalid.under("/verify"));
        ApiError::invalid(invalids.collect())
    })
}

/// What is wrong with the function that a source is to run.
async fn check_function(
    app: &App,
    workspace: WorkspaceId,
    name: &str,
) -> Result<Option<Invalid>, ApiError> {
    let detail = match app.catalog.function(workspace, name).await? {
        None => format!("the workspace has no function `{name}`"),
        Some(function) if function.row.published.is_none() => {
            format!("`{name}` has no published version: publish one first")
        }
        Some(_) => return Ok(None),
    };
    Ok(Some(Invalid::new("/function/name", detail)))
}

/// Reads settings. Answers them with the connection that they name.
///
/// # Errors
/// 400 with every member that is wrong.
async fn read(
    app: &App,
    workspace: WorkspaceId,
    document: &Value,
    before: Option<&SourceSettings>,
) -> Result<(SourceSettings, Arc<LiveConnection>), ApiError> {
    let settings = SourceSettings::parse(document).map_err(ApiError::invalid)?;
    let connection = match app.catalog.connection(workspace, &settings.connection).await {
        Err(error @ StoreError::NotFound { noun: Noun::Connection, .. }) => {
            return Err(ApiError::invalid(vec![Invalid::new("/connection", error.to_string())]));
        }
        found => found?,
    };
    let mut mistakes = settings.check(&connection.schema);
    if let Some(mapping) = &settings.mapping {
        let placed = mapping.expressions();
        let wrong = expressions::check(app, &connection, NAMES_OF_EVENT, &placed).await?;
        mistakes.extend(wrong.into_iter().map(|it| it.under("/mapping")));
    }
    // One that was deleted since must not be in the way of other changes.
    let was = before.and_then(|before| before.function.as_ref()).map(|it| &it.name);
    if let Some(function) = settings.function.as_ref().filter(|it| was != Some(&it.name)) {
        mistakes.extend(check_function(app, workspace, &function.name).await?);
    }
    if mistakes.is_empty() { Ok((settings, connection)) } else { Err(ApiError::invalid(mistakes)) }
}

/// Reads settings and makes ready what they need.
///
/// # Errors
/// As [`read`].
async fn prepare(
    app: &App,
    workspace: WorkspaceId,
    document: &Value,
    before: Option<&SourceSettings>,
) -> Result<(SourceSettings, ConnectionNo), ApiError> {
    let (settings, connection) = read(app, workspace, document, before).await?;
    let compared = settings.match_on.iter().flat_map(|(entity, columns)| {
        columns.iter().map(|column| (entity.clone(), column.clone()))
    });
    let compared: Vec<(String, String)> = compared.collect();
    if !compared.is_empty() {
        app.store.ensure_keys(workspace, &settings.connection, &compared).await?;
    }
    Ok((settings, connection.row.no))
}
