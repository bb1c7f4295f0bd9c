//! Keys that open functions: one of each function, one of the workspace that opens all. Another
//! is made beside those that there are, so that callers can be moved to it; then the older ones
//! are ended. The newest is the one that is shown and handed to scripts.

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use http::StatusCode;
use serde::Serialize;
use turnbuckle_core::function::function_key_hash;
use turnbuckle_core::id::{FunctionId, FunctionKeyId, WorkspaceId};
use turnbuckle_store::function::FunctionKey;
use utoipa::ToSchema;

use super::{FunctionAnswer, FunctionView, find};
use crate::app::App;
use crate::auth::CanManage;
use crate::base_url::BaseUrl;
use crate::catalog::function_key_context;
use crate::extract::PathParams;
use crate::problem::{ApiError, Problem, ProblemBody};
use crate::random::new_token;

/// Most keys of one function, or of a workspace, at a time.
const KEYS_MAX: usize = 100;

#[derive(Serialize, ToSchema)]
pub struct WorkspaceKeyAnswer {
    /// Opens every function of the workspace.
    zapikey: String,
}

/// A key in the form of Zoho's, and itself.
pub fn new_key(
    app: &App,
    workspace: WorkspaceId,
    function: Option<FunctionId>,
) -> (FunctionKey, String) {
    let token = new_token("");
    let (first, second) = token.split_at(token.len() / 2);
    let key = format!("1003.{first}.{second}");
    let kept = FunctionKey {
        id: FunctionKeyId(app.mint()),
        hash: function_key_hash(&key),
        sealed: app.sealer.seal(&function_key_context(workspace, function), key.as_bytes()),
        created_at: app.now(),
    };
    (kept, key)
}

fn check_number(number: usize) -> Result<(), ApiError> {
    if number < KEYS_MAX {
        return Ok(());
    }
    let detail = format!("there are {KEYS_MAX} keys, the most that may be; end the older ones");
    Err(ApiError::new(Problem::StateConflict, detail))
}

/// Adds a key to a function, which its URLs show from then on. The others go on opening it.
#[utoipa::path(
    post, path = "/api/v1/functions/{function}/keys", tag = "functions",
    params(("function" = String, Path, description = "Name of the function.")),
    responses(
        (status = 201, body = FunctionAnswer),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn create_function_key(
    CanManage(caller): CanManage,
    BaseUrl(base): BaseUrl,
    State(app): State<App>,
    PathParams(name): PathParams<String>,
) -> Result<impl IntoResponse, ApiError> {
    let function = find(&app, caller.workspace, &name).await?;
    check_number(function.keys.len())?;
    let (key, _) = new_key(&app, caller.workspace, Some(function.id));
    app.store.add_function_key(caller.workspace, Some(&name), key).await?;
    let function = find(&app, caller.workspace, &name).await?;
    let view = FunctionView::of(&app, &base, &function, true);
    Ok((StatusCode::CREATED, Json(FunctionAnswer { function: view })))
}

/// Ends all keys of a function but the newest.
#[utoipa::path(
    delete, path = "/api/v1/functions/{function}/keys", tag = "functions",
    params(("function" = String, Path, description = "Name of the function.")),
    responses(
        (status = 204),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn end_function_keys(
    CanManage(caller): CanManage,
    State(app): State<App>,
    PathParams(name): PathParams<String>,
) -> Result<StatusCode, ApiError> {
    find(&app, caller.workspace, &name).await?;
    app.store.end_function_keys(caller.workspace, Some(&name)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Adds a key that opens every function of the workspace, and is handed to scripts from then
/// on. The others go on opening them.
#[utoipa::path(
    post, path = "/api/v1/function-keys", tag = "functions",
    responses(
        (status = 201, body = WorkspaceKeyAnswer),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn create_workspace_function_key(
    CanManage(caller): CanManage,
    State(app): State<App>,
) -> Result<impl IntoResponse, ApiError> {
    check_number(app.store.workspace_keys(caller.workspace).await?.len())?;
    let (key, zapikey) = new_key(&app, caller.workspace, None);
    app.store.add_function_key(caller.workspace, None, key).await?;
    Ok((StatusCode::CREATED, Json(WorkspaceKeyAnswer { zapikey })))
}

/// Ends all keys that open every function of the workspace but the newest.
#[utoipa::path(
    delete, path = "/api/v1/function-keys", tag = "functions",
    responses(
        (status = 204),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn end_workspace_function_keys(
    CanManage(caller): CanManage,
    State(app): State<App>,
) -> Result<StatusCode, ApiError> {
    app.store.end_function_keys(caller.workspace, None).await?;
    Ok(StatusCode::NO_CONTENT)
}
