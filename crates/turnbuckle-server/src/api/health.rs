//! Whether the server is up, whether it can work, and what it has done. These
//! need no key and tell nothing of any workspace.

use axum::Router;
use axum::extract::State;
use axum::response::IntoResponse;
use axum::routing::get;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};

use crate::app::App;
use crate::problem::ApiError;

const PROMETHEUS_TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

pub fn routes() -> Router<App> {
    Router::new()
        .route("/healthz", get(get_health))
        .route("/readyz", get(get_readiness))
        .route("/metrics", get(get_metrics))
}

/// The process answers.
async fn get_health() -> impl IntoResponse {
    ([(CACHE_CONTROL, "no-store")], "ok\n")
}

/// The store can write, so requests will succeed.
async fn get_readiness(State(app): State<App>) -> Result<impl IntoResponse, ApiError> {
    app.store.check_health().await?;
    Ok(([(CACHE_CONTROL, "no-store")], "ready\n"))
}

/// Also while the store is away, when they are looked at most: what it would have to
/// be asked for is as it was then.
async fn get_metrics(State(app): State<App>) -> impl IntoResponse {
    if let Ok(backlog) = app.store.backlog().await {
        app.metrics.set_backlog(&backlog, app.now());
    }
    ([(CONTENT_TYPE, PROMETHEUS_TEXT)], app.metrics.render())
}
