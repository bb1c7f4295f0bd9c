//! Objects: what the app declares, on a connection or once for its workspace.
//!
//! On a connection they are the `objects` option of `linkCRM`, kept and given
//! back word for word. A label and a description that hold wherever an object
//! is declared without its own are said once for the workspace.

pub mod defaults;

use axum::Json;
use axum::extract::State;
use http::{HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use turnbuckle_core::object::Objects;
use turnbuckle_store::error::Noun;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::connections;
use crate::api::etag::{Precondition, etag};
use crate::app::App;
use crate::auth::{CanManage, CanRead};
use crate::extract::{JsonBody, PathParams, QueryParams};
use crate::problem::{ApiError, ProblemBody};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(put_connection_objects, get_connection_objects))
        .routes(routes!(defaults::list_objects))
        .routes(routes!(defaults::put_object, defaults::get_object, defaults::delete_object))
}

/// What the app declares: the `objects` option of `linkCRM`.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ObjectsDocument {
    /// By slug: `{"label"?,"description"?,"fields":{…},"events":{…}}`.
    #[schema(value_type = Object)]
    pub objects: Map<String, Value>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ObjectsQuery {
    /// Fill labels and descriptions that are missing with those of the workspace.
    #[serde(default)]
    pub with_defaults: bool,
}

/// Declares the objects of a connection, in place of those it had. A mapping
/// stays as it is; what it says of fields and events that are gone is not used.
#[utoipa::path(
    put, path = "/api/v1/connections/{connection}/objects", tag = "objects",
    request_body = ObjectsDocument,
    params(
        ("connection" = String, Path, description = "Its id, chosen by the app."),
        Precondition,
    ),
    responses(
        (status = 200, body = ObjectsDocument),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn put_connection_objects(
    CanManage(caller): CanManage,
    State(app): State<App>,
    PathParams(connection): PathParams<String>,
    precondition: Precondition,
    JsonBody(document): JsonBody<ObjectsDocument>,
) -> Result<([(HeaderName, HeaderValue); 1], Json<ObjectsDocument>), ApiError> {
    let objects = Value::Object(document.objects.clone());
    Objects::parse(&objects).map_err(|wrong| {
        ApiError::invalid(wrong.into_iter().map(|it| it.under("/objects")).collect())
    })?;
    let before = connections::find(&app, caller.workspace, &connection).await?;
    let version = precondition.version(Noun::Connection, &connection, Some(before.version))?;
    let row = app.store.put_objects(caller.workspace, &connection, &objects, version).await?;
    Ok((etag(row.version), Json(document)))
}

/// Answers the objects of a connection word for word.
#[utoipa::path(
    get, path = "/api/v1/connections/{connection}/objects", tag = "objects",
    params(
        ("connection" = String, Path, description = "Its id, chosen by the app."),
        ObjectsQuery,
    ),
    responses(
        (status = 200, body = ObjectsDocument),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn get_connection_objects(
    CanRead(caller): CanRead,
    State(app): State<App>,
    PathParams(connection): PathParams<String>,
    QueryParams(query): QueryParams<ObjectsQuery>,
) -> Result<([(HeaderName, HeaderValue); 1], Json<ObjectsDocument>), ApiError> {
    let row = connections::find(&app, caller.workspace, &connection).await?;
    let mut objects = match row.objects {
        Some(Value::Object(objects)) => objects,
        _ => Map::new(),
    };
    if query.with_defaults {
        defaults::fill(&mut objects, &defaults::all(&app, caller.workspace).await?);
    }
    Ok((etag(row.version), Json(ObjectsDocument { objects })))
}
