//! Functions: JavaScript of users, saved in versions, called by URL and key.
//!
//! Saving makes a draft, which the sandbox URL runs; publishing gives a version, the
//! newest or an earlier one, to the callers of the production URL. The keys stand in
//! URLs that are pasted into other products, so who manages the workspace may see
//! them again; who may only read sees neither keys nor URLs.

mod calls;
mod diff;
mod document;
mod keys;
mod trial;

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;
use turnbuckle_core::function::{FunctionCode, FunctionSettings, check_name};
use turnbuckle_core::id::{FunctionId, WorkspaceId};
use turnbuckle_core::invalid::Invalid;
use turnbuckle_functions::Failure;
use turnbuckle_store::StoreError;
use turnbuckle_store::error::Noun;
use turnbuckle_store::function::{Function, PutFunction};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::etag::{Precondition, etag};
use crate::api::listing::{Listing, ListingQuery, PageView};
use crate::app::App;
use crate::auth::{CanManage, CanRead, ShowsKeys};
use crate::base_url::BaseUrl;
use crate::extract::{JsonBody, PathParams, QueryParams};
use crate::problem::{ApiError, Problem, ProblemBody};

use document::{FunctionView, VersionView};
use keys::new_key;
pub use trial::user_info;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_functions))
        .routes(routes!(get_function, put_function, delete_function))
        .routes(routes!(publish_function))
        .routes(routes!(list_function_versions))
        .routes(routes!(get_function_version))
        .routes(routes!(diff::diff_function_versions))
        .routes(routes!(keys::create_function_key, keys::end_function_keys))
        .routes(routes!(keys::create_workspace_function_key, keys::end_workspace_function_keys))
        .routes(routes!(trial::try_function))
        .routes(routes!(calls::list_function_calls))
        .routes(routes!(calls::get_function_call))
}

/// A function as it is written.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PutFunctionDocument {
    /// JavaScript that defines `handler`, up to 256 KiB.
    #[schema(example = "function handler(crmAPIRequest) { return crmAPIRequest.get(\"body\"); }")]
    source: String,
    /// Whether it is called by URL. Off by default.
    #[serde(default)]
    rest_api: bool,
    /// Names of arguments that callers may send, up to 50.
    #[serde(default)]
    #[schema(example = json!(["id"]))]
    arguments: Vec<String>,
    /// The connection that `zoho.crm` means where a call of it names none.
    #[serde(default)]
    #[schema(required = false, nullable, example = "acme-crm")]
    connection: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct FunctionAnswer {
    function: FunctionView,
}

#[derive(Serialize, ToSchema)]
pub struct FunctionsAnswer {
    functions: Vec<FunctionView>,
    page: PageView,
}

#[derive(Serialize, ToSchema)]
pub struct VersionAnswer {
    version: VersionView,
}

#[derive(Serialize, ToSchema)]
pub struct VersionsAnswer {
    versions: Vec<VersionView>,
    page: PageView,
}

/// The version to give to callers.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PublishFunction {
    #[schema(example = 3)]
    version: i64,
}

/// Lists the functions of the workspace, newest first.
#[utoipa::path(
    get, path = "/api/v1/functions", tag = "functions",
    params(ListingQuery),
    responses(
        (status = 200, body = FunctionsAnswer),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
async fn list_functions(
    CanRead(caller): CanRead,
    ShowsKeys(shows_keys): ShowsKeys,
    BaseUrl(base): BaseUrl,
    State(app): State<App>,
    QueryParams(query): QueryParams<ListingQuery>,
) -> Result<Json<FunctionsAnswer>, ApiError> {
    let listing = Listing { workspace: caller.workspace, name: "functions" };
    let listed = app.store.functions(caller.workspace, listing.request(&app, &query)?).await?;
    let functions =
        listed.items.iter().map(|function| FunctionView::of(&app, &base, function, shows_keys));
    Ok(Json(FunctionsAnswer {
        functions: functions.collect(),
        page: listing.page(&app, listed.next),
    }))
}

/// Shows a function.
#[utoipa::path(
    get, path = "/api/v1/functions/{function}", tag = "functions",
    params(("function" = String, Path, description = "Name of the function.")),
    responses(
        (status = 200, body = FunctionAnswer),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
async fn get_function(
    CanRead(caller): CanRead,
    ShowsKeys(shows_keys): ShowsKeys,
    BaseUrl(base): BaseUrl,
    State(app): State<App>,
    PathParams(name): PathParams<String>,
) -> Result<impl IntoResponse, ApiError> {
    let function = find(&app, caller.workspace, &name).await?;
    let view = FunctionView::of(&app, &base, &function, shows_keys);
    Ok((etag(function.version), Json(FunctionAnswer { function: view })))
}

/// Saves a function: as its first version or, if the script or its arguments are other
/// ones than those of the draft, as the next. What is published stays published.
#[utoipa::path(
    put, path = "/api/v1/functions/{function}", tag = "functions",
    params(
        ("function" = String, Path, description = "Its name: letters, digits and `_`, unique in the workspace."),
        Precondition,
    ),
    request_body = PutFunctionDocument,
    responses(
        (status = 200, body = FunctionAnswer),
        (status = 201, body = FunctionAnswer),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
async fn put_function(
    CanManage(caller): CanManage,
    ShowsKeys(shows_keys): ShowsKeys,
    BaseUrl(base): BaseUrl,
    State(app): State<App>,
    PathParams(name): PathParams<String>,
    precondition: Precondition,
    JsonBody(document): JsonBody<PutFunctionDocument>,
) -> Result<impl IntoResponse, ApiError> {
    check_name(&name).map_err(|must| {
        ApiError::new(Problem::InvalidRequest, format!("the name of a function {must}"))
    })?;
    let PutFunctionDocument { source, rest_api, arguments, connection } = document;
    let settings = FunctionSettings { rest_api, connection };
    let code = FunctionCode { source, arguments };
    check(&app, caller.workspace, &name, &settings, &code).await?;
    let current = app.store.function(caller.workspace, &name).await?.map(|it| it.version);
    let version = precondition.version(Noun::Function, &name, current)?;
    let id = FunctionId(app.mint());
    let put = PutFunction {
        workspace: caller.workspace,
        name,
        settings: json!(settings),
        code: json!(code),
        id,
        key: new_key(&app, caller.workspace, Some(id)).0,
        workspace_key: new_key(&app, caller.workspace, None).0,
    };
    let (function, is_new) = app.store.put_function(put, version).await?;
    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    let view = FunctionView::of(&app, &base, &function, shows_keys);
    Ok((status, etag(function.version), Json(FunctionAnswer { function: view })))
}

/// Deletes a function with its versions and keys.
#[utoipa::path(
    delete, path = "/api/v1/functions/{function}", tag = "functions",
    params(("function" = String, Path, description = "Name of the function."), Precondition),
    responses(
        (status = 204),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
async fn delete_function(
    CanManage(caller): CanManage,
    State(app): State<App>,
    PathParams(name): PathParams<String>,
    precondition: Precondition,
) -> Result<StatusCode, ApiError> {
    let function = find(&app, caller.workspace, &name).await?;
    let version = precondition.version(Noun::Function, &name, Some(function.version))?;
    app.store.delete_function(caller.workspace, &name, version).await?;
    // Its calls are erased behind other work.
    app.wake(|signals| &signals.connection_deleted);
    Ok(StatusCode::NO_CONTENT)
}

/// Publishes a version: the production URL runs it from now on. An earlier one rolls back.
#[utoipa::path(
    post, path = "/api/v1/functions/{function}/publish", tag = "functions",
    params(("function" = String, Path, description = "Name of the function.")),
    request_body = PublishFunction,
    responses(
        (status = 200, body = FunctionAnswer),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
async fn publish_function(
    CanManage(caller): CanManage,
    ShowsKeys(shows_keys): ShowsKeys,
    BaseUrl(base): BaseUrl,
    State(app): State<App>,
    PathParams(name): PathParams<String>,
    JsonBody(PublishFunction { version: number }): JsonBody<PublishFunction>,
) -> Result<impl IntoResponse, ApiError> {
    let function = find(&app, caller.workspace, &name).await?;
    let published = app.store.publish_function(caller.workspace, &name, number, None).await;
    let function = published.map_err(|error| match error {
        StoreError::NotFound { noun: Noun::FunctionVersion, .. } => {
            let detail =
                format!("`{name}` has no version {number}; its newest is {}", function.draft);
            ApiError::invalid(vec![Invalid::new("/version", detail)])
        }
        error => error.into(),
    })?;
    let view = FunctionView::of(&app, &base, &function, shows_keys);
    Ok((etag(function.version), Json(FunctionAnswer { function: view })))
}

/// Lists the versions of a function, newest first.
#[utoipa::path(
    get, path = "/api/v1/functions/{function}/versions", tag = "functions",
    params(("function" = String, Path, description = "Name of the function."), ListingQuery),
    responses(
        (status = 200, body = VersionsAnswer),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
async fn list_function_versions(
    CanRead(caller): CanRead,
    State(app): State<App>,
    PathParams(name): PathParams<String>,
    QueryParams(query): QueryParams<ListingQuery>,
) -> Result<Json<VersionsAnswer>, ApiError> {
    let function = find(&app, caller.workspace, &name).await?;
    let list = format!("function/{}/versions", function.id);
    let listing = Listing { workspace: caller.workspace, name: &list };
    let request = listing.request(&app, &query)?;
    let listed = app.store.function_versions(caller.workspace, function.id, request).await?;
    let versions = listed.items.iter().map(VersionView::of).collect();
    Ok(Json(VersionsAnswer { versions, page: listing.page(&app, listed.next) }))
}

/// Shows one version of a function.
#[utoipa::path(
    get, path = "/api/v1/functions/{function}/versions/{version}", tag = "functions",
    params(
        ("function" = String, Path, description = "Name of the function."),
        ("version" = i64, Path, description = "Number of the version."),
    ),
    responses(
        (status = 200, body = VersionAnswer),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
async fn get_function_version(
    CanRead(caller): CanRead,
    State(app): State<App>,
    PathParams((name, number)): PathParams<(String, i64)>,
) -> Result<Json<VersionAnswer>, ApiError> {
    let function = find(&app, caller.workspace, &name).await?;
    let version = app.store.function_version(caller.workspace, function.id, number).await?;
    let missing = || StoreError::not_found(Noun::FunctionVersion, number);
    Ok(Json(VersionAnswer { version: VersionView::of(&version.ok_or_else(missing)?) }))
}

/// # Errors
/// 404 if the workspace has no function of this name.
async fn find(app: &App, workspace: WorkspaceId, name: &str) -> Result<Function, ApiError> {
    let found = app.store.function(workspace, name).await?;
    Ok(found.ok_or_else(|| StoreError::not_found(Noun::Function, name))?)
}

/// # Errors
/// 400 with every member that is wrong; of a script also where.
async fn check(
    app: &App,
    workspace: WorkspaceId,
    name: &str,
    settings: &FunctionSettings,
    code: &FunctionCode,
) -> Result<(), ApiError> {
    let mut invalid = settings.check();
    invalid.extend(code.check());
    if let (Some(id), true) = (&settings.connection, invalid.is_empty()) {
        match app.catalog.connection(workspace, id).await {
            Err(error @ StoreError::NotFound { noun: Noun::Connection, .. }) => {
                invalid.push(Invalid::new("/connection", error.to_string()));
            }
            found => drop(found?),
        }
    }
    if invalid.is_empty() {
        let sandbox = app.functions.sandbox().await.map_err(not_run)?;
        let checked = sandbox.check(name, &code.source).await;
        invalid.extend(checked.err().map(|failure| Invalid::new("/source", mistake(&failure))));
    }
    if invalid.is_empty() { Ok(()) } else { Err(ApiError::invalid(invalid)) }
}

/// This machine cannot run scripts.
fn not_run(error: anyhow::Error) -> ApiError {
    ApiError::caused_by(Problem::Internal, error)
}

/// What is wrong with a script, as one sentence.
fn mistake(failure: &Failure) -> String {
    match failure {
        Failure::Thrown(thrown) => {
            let place = match (thrown.line, thrown.column) {
                (Some(line), Some(column)) => format!("line {line}, column {column}: "),
                _ => String::new(),
            };
            format!("{place}{}: {}", thrown.name, thrown.message)
        }
        other => other.to_string(),
    }
}
