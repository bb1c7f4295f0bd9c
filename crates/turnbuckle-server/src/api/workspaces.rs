//! Workspaces of this installation, for its operator.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use turnbuckle_core::id::WorkspaceId;
use turnbuckle_core::invalid::Invalid;
use turnbuckle_core::text::check_line;
use turnbuckle_store::workspace::Workspace;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::keys::NewKeyView;
use crate::api::listing::{Listing, ListingQuery, PageView};
use crate::api::time::rfc3339;
use crate::app::App;
use crate::auth::CanOperate;
use crate::bootstrap;
use crate::extract::{JsonBody, QueryParams};
use crate::problem::{ApiError, Problem, ProblemBody};

/// A slug may become a label of a host name, which has no more.
const SLUG_CHARS_MAX: usize = 63;
/// Longest label, in characters.
const LABEL_CHARS_MAX: usize = 200;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list_workspaces, create_workspace))
}

/// The workspace of somebody who was let in.
///
/// # Errors
/// 404
pub async fn find(app: &App, id: WorkspaceId) -> Result<Workspace, ApiError> {
    let workspaces = app.store.workspaces().await?;
    let found = workspaces.into_iter().find(|it| it.id == id);
    found.ok_or_else(|| Problem::WorkspaceNotFound.into())
}

/// One app (or company) that uses this installation.
#[derive(Debug, Serialize, ToSchema)]
pub struct WorkspaceView {
    /// Public name, unique in the installation.
    pub slug: String,
    pub label: String,
    pub created_at: String,
}

impl From<Workspace> for WorkspaceView {
    fn from(it: Workspace) -> Self {
        Self { slug: it.slug, label: it.label, created_at: rfc3339(it.created_at) }
    }
}

/// A workspace with the key set to begin with.
#[derive(Debug, Serialize, ToSchema)]
pub struct NewWorkspaceAnswer {
    pub workspace: WorkspaceView,
    /// May do everything in the workspace. Its secret is in this answer only.
    pub key: NewKeyView,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct WorkspaceListing {
    pub workspaces: Vec<WorkspaceView>,
    pub page: PageView,
}

/// A workspace to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateWorkspace {
    /// Lower-case letters, digits and hyphens within.
    #[schema(min_length = 1, max_length = 63, pattern = "^[a-z0-9]([a-z0-9-]*[a-z0-9])?$")]
    pub slug: String,
    /// For people; the slug if not given.
    #[schema(max_length = 200)]
    pub label: Option<String>,
}

/// Lists all workspaces, oldest first. Needs the scope `operator`.
#[utoipa::path(
    get, path = "/api/v1/workspaces", tag = "workspaces", params(ListingQuery),
    responses(
        (status = 200, body = WorkspaceListing),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn list_workspaces(
    CanOperate(caller): CanOperate,
    State(app): State<App>,
    QueryParams(query): QueryParams<ListingQuery>,
) -> Result<Json<WorkspaceListing>, ApiError> {
    let listing = Listing { workspace: caller.workspace, name: "workspaces" };
    let workspaces = app.store.workspaces().await?;
    let (workspaces, page) = listing.slice(&app, workspaces, &query)?;
    let workspaces = workspaces.into_iter().map(WorkspaceView::from).collect();
    Ok(Json(WorkspaceListing { workspaces, page }))
}

/// Makes a workspace with a first key set. Needs the scope `operator`.
#[utoipa::path(
    post, path = "/api/v1/workspaces", tag = "workspaces", request_body = CreateWorkspace,
    responses(
        (status = 201, body = NewWorkspaceAnswer),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn create_workspace(
    CanOperate(_caller): CanOperate,
    State(app): State<App>,
    JsonBody(wanted): JsonBody<CreateWorkspace>,
) -> Result<(StatusCode, Json<NewWorkspaceAnswer>), ApiError> {
    let label = wanted.label.filter(|label| !label.is_empty());
    let label = label.unwrap_or_else(|| wanted.slug.clone());
    check(&wanted.slug, &label)?;
    let workspace = app.store.create_workspace(&wanted.slug, &label).await?;
    let scopes = vec!["all".to_owned()];
    let key = bootstrap::create_key(&app, workspace.id, scopes, Vec::new(), "First key".to_owned())
        .await?;
    let answer = NewWorkspaceAnswer { workspace: workspace.into(), key: NewKeyView::of(key) };
    Ok((StatusCode::CREATED, Json(answer)))
}

/// Checks a new workspace, however it is asked for.
///
/// # Errors
/// 400 that names each wrong member.
pub fn check(slug: &str, label: &str) -> Result<(), ApiError> {
    let mut wrong = Vec::new();
    let is_label_of_host = (1..=SLUG_CHARS_MAX).contains(&slug.len())
        && slug.bytes().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'-')
        && !slug.starts_with('-')
        && !slug.ends_with('-');
    if !is_label_of_host {
        let detail = format!(
            "a slug has 1 to {SLUG_CHARS_MAX} lower-case letters, digits and hyphens, and begins \
             and ends without a hyphen"
        );
        wrong.push(Invalid::new("/slug", detail));
    }
    if let Err(must) = check_line(label, 0..=LABEL_CHARS_MAX) {
        wrong.push(Invalid::new("/label", must));
    }
    if wrong.is_empty() { Ok(()) } else { Err(ApiError::invalid(wrong)) }
}
