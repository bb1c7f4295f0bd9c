//! The app whose page asks, as its end users know it.

use axum::Json;
use axum::extract::{FromRequestParts, State};
use http::header::AUTHORIZATION;
use http::request::Parts;
use serde::Serialize;
use turnbuckle_store::workspace::Workspace;
use utoipa::ToSchema;

use super::caller::OfContext;
use super::origin;
use crate::api::settings::origins::origins;
use crate::app::App;
use crate::problem::{ApiError, Problem, ProblemBody};

#[derive(Debug, Serialize, ToSchema)]
pub struct PlatformAnswer {
    pub platform: PlatformView,
}

/// The app, which is a workspace of this hub.
#[derive(Debug, Serialize, ToSchema)]
pub struct PlatformView {
    pub name: String,
    pub slug: String,
    /// The origins whose pages may open Link, and where it may return to.
    pub website_origins: Vec<String>,
}

/// The workspace that a page means: its token's, else the one that lists its origin, else the
/// first of this installation.
pub struct Meant(Workspace);

impl FromRequestParts<App> for Meant {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        if parts.headers.contains_key(AUTHORIZATION) {
            return Ok(Self(OfContext::from_request_parts(parts, app).await?.workspace));
        }
        let listing = match origin::origin_of(&parts.headers) {
            Some(origin) => app.store.workspaces_of_origin(origin).await?,
            None => Vec::new(),
        };
        let mut workspaces = app.store.workspaces().await?;
        let index = workspaces.iter().position(|it| listing.first().is_none_or(|id| *id == it.id));
        let index = index.ok_or_else(|| ApiError::from(Problem::WorkspaceNotFound))?;
        Ok(Self(workspaces.swap_remove(index)))
    }
}

/// Shows the app. Asks for no token; with one, the app is the token's.
#[utoipa::path(
    get, path = "/api/platform_user/platform", tag = "link",
    security((), ("context_token" = [])),
    responses(
        (status = 200, body = PlatformAnswer),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn get_platform(
    Meant(workspace): Meant,
    State(app): State<App>,
) -> Result<Json<PlatformAnswer>, ApiError> {
    let Workspace { id, slug, label, .. } = workspace;
    let website_origins = origins(&app, id).await?;
    let name = if label.is_empty() { slug.clone() } else { label };
    Ok(Json(PlatformAnswer { platform: PlatformView { name, slug, website_origins } }))
}
