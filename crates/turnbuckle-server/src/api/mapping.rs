//! The mapping of a connection: what Link saves, put and read by API.
//!
//! A mapping is checked against what the app declared and what the CRM has
//! before it is saved. Saving it raises its version and starts what the store
//! must build for it (`turnbuckle_core::mapping::KeyShapes`); the building itself
//! is the work of a worker, and searches answer the same before and after it.

pub mod preview;

use axum::Json;
use axum::extract::State;
use http::{HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use turnbuckle_connectors::native;
use turnbuckle_core::expression::{NAMES_OF_PAYLOAD, NAMES_OF_RECORD};
use turnbuckle_core::invalid::Invalid;
use turnbuckle_core::mapping::Mapping;
use turnbuckle_store::error::Noun;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::connections;
use crate::api::etag::{Precondition, etag};
use crate::app::App;
use crate::auth::{CanManage, CanRead};
use crate::catalog::LiveConnection;
use crate::expressions;
use crate::extract::{JsonBody, PathParams};
use crate::problem::{ApiError, Problem, ProblemBody};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(put_mapping, get_mapping))
        .routes(routes!(preview::preview_mapping))
}

/// How the app's objects and the entities of the CRM stand for each other.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MappingDocument {
    /// By the slug of the object: `{"entity":…,"fields":{…},"events":{…}}`, or
    /// `{"entity":null}` for one that the user opted out of.
    #[schema(value_type = Object)]
    pub objects: Map<String, Value>,
}

impl MappingDocument {
    pub fn into_json(self) -> Value {
        json!({ "objects": self.objects })
    }
}

/// Saves the mapping of a connection. Its objects must be declared before.
#[utoipa::path(
    put, path = "/api/v1/connections/{connection}/mapping", tag = "mapping",
    request_body = MappingDocument,
    params(
        ("connection" = String, Path, description = "Its id, chosen by the app."),
        Precondition,
    ),
    responses(
        (status = 200, body = MappingDocument),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn put_mapping(
    CanManage(caller): CanManage,
    State(app): State<App>,
    PathParams(connection): PathParams<String>,
    precondition: Precondition,
    JsonBody(document): JsonBody<MappingDocument>,
) -> Result<([(HeaderName, HeaderValue); 1], Json<Value>), ApiError> {
    let document = document.into_json();
    let live = app.catalog.connection(caller.workspace, &connection).await?;
    checked(&app, &live, &document, "").await?;
    let current = Some(live.row.version);
    let version = precondition.version(Noun::Connection, &connection, current)?;
    let row = app.store.put_mapping(caller.workspace, &connection, &document, version).await?;
    app.wake(|signals| &signals.keys_started);
    Ok((etag(row.version), Json(document)))
}

/// Answers the mapping as it was saved; without objects while there is none.
#[utoipa::path(
    get, path = "/api/v1/connections/{connection}/mapping", tag = "mapping",
    params(("connection" = String, Path, description = "Its id, chosen by the app.")),
    responses(
        (status = 200, body = MappingDocument),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn get_mapping(
    CanRead(caller): CanRead,
    State(app): State<App>,
    PathParams(connection): PathParams<String>,
) -> Result<([(HeaderName, HeaderValue); 1], Json<Value>), ApiError> {
    let row = connections::find(&app, caller.workspace, &connection).await?;
    let document = row.mapping.unwrap_or_else(|| json!({ "objects": {} }));
    Ok((etag(row.version), Json(document)))
}

/// Reads a mapping and checks it against the connection. `at` is where it
/// stands in the request.
///
/// # Errors
/// 409 while nothing is declared; 400 with each member that is wrong.
pub async fn checked(
    app: &App,
    live: &LiveConnection,
    document: &Value,
    at: &str,
) -> Result<Mapping, ApiError> {
    if live.objects.is_empty() {
        let detail = format!(
            "no objects are declared on `{0}`; put them to /api/v1/connections/{0}/objects first",
            live.row.id
        );
        return Err(ApiError::new(Problem::StateConflict, detail));
    }
    let composed: Vec<_> = native::COMPOSED.iter().map(|it| (it.entity, it.column)).collect();
    let refused =
        |wrong: Vec<Invalid>| ApiError::invalid(wrong.into_iter().map(|it| it.under(at)).collect());
    let mapping = Mapping::parse(document).map_err(refused)?;
    let mut wrong = mapping.check(&live.objects, &live.schema, &composed);
    let (of_records, of_payloads) = mapping.expressions();
    wrong.extend(expressions::check(app, live, NAMES_OF_RECORD, &of_records).await?);
    wrong.extend(expressions::check(app, live, NAMES_OF_PAYLOAD, &of_payloads).await?);
    if wrong.is_empty() { Ok(mapping) } else { Err(refused(wrong)) }
}
