//! The pages of Link, and the script that opens them.
//!
//! Only pages of the workspace's website origins can show Link in a frame: the browser is told
//! so, before any script of the page runs. The page knows nobody; who uses it is said by the
//! token that the embedding page hands over.

use axum::Router;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::header::ACCESS_CONTROL_ALLOW_ORIGIN;
use http::{HeaderMap, HeaderName, HeaderValue};
use rust_embed::RustEmbed;

use crate::api::pages::Pages;
use crate::api::settings::origins::origins;
use crate::app::App;
use crate::problem::{ApiError, Problem, route_not_found};

#[derive(RustEmbed)]
#[folder = "../../ui/dist/link"]
#[allow_missing = true]
struct Files;

const PAGES: Pages = Pages { file: Files::get };

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; \
    form-action 'none'";

const CROSS_ORIGIN_RESOURCE_POLICY: HeaderName =
    HeaderName::from_static("cross-origin-resource-policy");

pub fn routes() -> Router<App> {
    Router::new()
        .route("/link.js", get(get_script))
        .route("/link/{workspace}", get(get_page))
        .route("/link/assets/{*path}", get(get_asset))
}

async fn get_page(
    State(app): State<App>,
    Path(workspace): Path<String>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let workspace = app.store.workspace(&workspace).await?;
    let workspace = workspace.ok_or_else(|| ApiError::from(Problem::WorkspaceNotFound))?;
    let origins = origins(&app, workspace.id).await?;
    let ancestors = if origins.is_empty() { "'none'".to_owned() } else { origins.join(" ") };
    let policy = HeaderValue::from_str(&format!("{POLICY}; frame-ancestors {ancestors}"))
        .map_err(|error| ApiError::caused_by(Problem::Internal, error))?;
    Ok(PAGES.index(&headers, policy))
}

async fn get_asset(Path(path): Path<String>, headers: HeaderMap) -> Response {
    match PAGES.asset(&format!("assets/{path}"), &headers) {
        Some(found) => found,
        None => route_not_found().await.into_response(),
    }
}

/// The script that pages of other origins load.
async fn get_script(headers: HeaderMap) -> Response {
    let Some(mut found) = PAGES.stable("link.js", &headers) else {
        return route_not_found().await.into_response();
    };
    let headers = found.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(CROSS_ORIGIN_RESOURCE_POLICY, HeaderValue::from_static("cross-origin"));
    found
}
