//! What may be posted to a source, in the words of form builders that know
//! Creatio's webhook service: their bodies are answered member for member.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use http::header::CONTENT_TYPE;
use serde::de::IgnoredAny;
use serde_json::Value;
use turnbuckle_connectors::native;
use turnbuckle_core::entity::{did_you_mean, nearest};

use super::open_source;
use crate::app::App;
use crate::catalog::{LiveConnection, LiveSource};
use crate::extract::{PathParams, parse_json, read_body};
use crate::problem::{ApiError, Problem};

/// `POST /get_entities/{key}`
pub async fn get_entities(
    State(app): State<App>,
    PathParams(key): PathParams<String>,
    request: Request,
) -> Result<Json<Value>, ApiError> {
    let (source, connection) = open(&app, &key).await?;
    ignore_body(&app, request).await?;
    let admitted = source.admitted.iter().filter_map(|name| connection.schema.entity(name));
    Ok(Json(native::entities_for_webhooks(admitted)))
}

/// `POST /get_entity_description/{key}/{entity}`
pub async fn get_entity_description(
    State(app): State<App>,
    PathParams((key, name)): PathParams<(String, String)>,
    request: Request,
) -> Result<Json<Value>, ApiError> {
    let (source, connection) = open(&app, &key).await?;
    ignore_body(&app, request).await?;
    let entity = connection.schema.entity(&name).filter(|_| source.admitted.contains(&name));
    let entity = entity.ok_or_else(|| {
        let near = nearest(&name, source.admitted.iter().map(String::as_str));
        let hint = did_you_mean(&near);
        ApiError::new(Problem::EntityNotFound, format!("this source takes no such entity{hint}"))
    })?;
    Ok(Json(native::describe_for_webhooks(entity)))
}

async fn open(app: &App, key: &str) -> Result<(Arc<LiveSource>, Arc<LiveConnection>), ApiError> {
    let source = open_source(app, key).await?;
    let connection = app.catalog.connection_of(&source).await?;
    Ok((source, connection))
}

/// The body repeats what the path says, so it may be absent or anything; but one
/// that says it is JSON and is not shows a mistake of its sender.
async fn ignore_body(app: &App, request: Request) -> Result<(), ApiError> {
    let content_type = request.headers().get(CONTENT_TYPE).cloned();
    let body = read_body(request, app).await?;
    let is_json = content_type.is_none_or(|text| {
        text.as_bytes().to_ascii_lowercase().windows(4).any(|part| part == b"json")
    });
    if is_json && !body.trim_ascii().is_empty() {
        parse_json::<IgnoredAny>(&body)?;
    }
    Ok(())
}
