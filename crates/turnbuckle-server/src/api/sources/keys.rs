//! Keys of a source: added and ended with an overlap, so that senders can be
//! moved to a new one without losing a post.

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use turnbuckle_core::id::{SourceId, SourceKeyId, UnixMs, WorkspaceId};
use turnbuckle_core::invalid::Invalid;
use turnbuckle_core::source::source_key_hash;
use turnbuckle_store::source::SourceKey;
use utoipa::{IntoParams, ToSchema};

use super::document::{SourceKeyView, key_view};
use super::find;
use crate::api::time::parse_span;
use crate::app::App;
use crate::auth::CanManage;
use crate::base_url::BaseUrl;
use crate::catalog::source_key_context;
use crate::extract::{PathParams, QueryParams};
use crate::problem::{ApiError, Problem, ProblemBody};
use crate::random::new_token;

/// Most keys that a source has at a time.
const KEYS_MAX: usize = 100;

/// The longest overlap.
const AFTER_DAYS_MAX: i64 = 365;
const AFTER_MS_MAX: UnixMs = AFTER_DAYS_MAX * 86_400_000;

#[derive(Serialize, ToSchema)]
pub struct SourceKeyAnswer {
    key: SourceKeyView,
}

/// When a key ends.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct EndKey {
    /// How long it still works, such as `30s`, `15m`, `24h` or `7d`. Not given: it ends at once.
    #[param(example = "24h")]
    after: Option<String>,
}

pub fn new_key(app: &App, workspace: WorkspaceId, source: SourceId) -> SourceKey {
    let key = new_token("");
    SourceKey {
        id: SourceKeyId(app.mint()),
        hash: source_key_hash(&key),
        sealed: app.sealer.seal(&source_key_context(workspace, source), key.as_bytes()),
        created_at: app.now(),
        expires_at: None,
    }
}

/// Adds a key to a source. The others keep working.
#[utoipa::path(
    post,
    path = "/api/v1/sources/{source}/keys",
    tag = "sources",
    params(("source" = String, Path, description = "Id of the source")),
    responses(
        (status = 201, body = SourceKeyAnswer),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn create_source_key(
    CanManage(caller): CanManage,
    BaseUrl(base): BaseUrl,
    State(app): State<App>,
    PathParams(id): PathParams<String>,
) -> Result<impl IntoResponse, ApiError> {
    let source = find(&app, caller.workspace, &id).await?;
    if KEYS_MAX <= source.keys.len() {
        let detail = format!("a source has at most {KEYS_MAX} keys; end one first");
        return Err(ApiError::new(Problem::StateConflict, detail));
    }
    let key = new_key(&app, caller.workspace, source.id);
    let answer = SourceKeyAnswer { key: key_view(&app, &base, &source, &key) };
    app.store.add_source_key(caller.workspace, source.id, key).await?;
    Ok((StatusCode::CREATED, Json(answer)))
}

/// Ends a key of a source, at once or after a while.
#[utoipa::path(
    delete,
    path = "/api/v1/sources/{source}/keys/{key}",
    tag = "sources",
    params(
        ("source" = String, Path, description = "Id of the source"),
        ("key" = String, Path, description = "Id of the key"),
        EndKey,
    ),
    responses(
        (status = 204),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn delete_source_key(
    CanManage(caller): CanManage,
    State(app): State<App>,
    PathParams((id, key)): PathParams<(String, String)>,
    QueryParams(query): QueryParams<EndKey>,
) -> Result<StatusCode, ApiError> {
    let after_ms = match &query.after {
        None => 0,
        Some(text) => parse_span(text).filter(|ms| *ms <= AFTER_MS_MAX).ok_or_else(|| {
            let detail =
                format!("`after` is a time such as 30s, 15m, 24h or 7d, at most {AFTER_DAYS_MAX}d");
            ApiError::invalid(vec![Invalid::new("?after", detail)])
        })?,
    };
    let source = find(&app, caller.workspace, &id).await?;
    let key = SourceKeyId::parse(&key)
        .map_err(|_| ApiError::new(Problem::KeyNotFound, "the source has no such key"))?;
    let at = app.now() + after_ms;
    app.store.expire_source_key(caller.workspace, source.id, key, at).await?;
    Ok(StatusCode::NO_CONTENT)
}
