//! Records of a CRM in its own columns: read, written, found.
//!
//! A lookup column takes an id or a display value on write and is read as an
//! id. What cannot be written refuses the whole write and is named member by
//! member. Deleting is final.

mod search;

use axum::Json;
use axum::extract::State;
use http::{HeaderName, HeaderValue, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use turnbuckle_core::change::Origin;
use turnbuckle_core::entity::Entity;
use turnbuckle_core::id::WorkspaceId;
use turnbuckle_core::invalid::Invalid;
use turnbuckle_core::record::Record;
use turnbuckle_core::write::{self, Planned, Strictness};
use turnbuckle_store::StoreError;
use turnbuckle_store::error::Noun;
use turnbuckle_store::record::{Applied, Write, WriteAction};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::entities;
use crate::api::etag::{Precondition, etag};
use crate::api::time::rfc3339;
use crate::app::App;
use crate::auth::{Caller, CanRead, CanWrite};
use crate::catalog::LiveConnection;
use crate::extract::{JsonBody, PathParams};
use crate::problem::{ApiError, ProblemBody};

pub use search::{CountView, read_filter};

/// Most ids of one batch.
const BATCH_MAX: usize = 1_000;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(create_record))
        .routes(routes!(batch_records))
        .routes(routes!(search::search_records))
        .routes(routes!(get_record, update_record, delete_record))
}

/// One row of an entity.
#[derive(Debug, Serialize, ToSchema)]
pub struct RecordView {
    pub id: String,
    /// Counts the records of the entity from 1.
    pub number: i64,
    pub entity: String,
    /// Counts the writes of the record from 1; also its `ETag`.
    pub version: i64,
    /// Every column of the entity, null where it is empty. A key that may write but not read
    /// is answered without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub data: Option<Map<String, Value>>,
    pub created_at: String,
    pub updated_at: String,
}

impl RecordView {
    fn of(entity: &Entity, record: &Record) -> Self {
        let column = |column: &turnbuckle_core::entity::Column| {
            let value = record.value(&column.name, column.column_type).into_stored();
            (column.name.clone(), value)
        };
        Self {
            id: record.id.clone(),
            number: record.number,
            entity: entity.name.clone(),
            version: record.version,
            data: Some(entity.columns.iter().filter(|it| it.readable).map(column).collect()),
            created_at: rfc3339(record.created_at),
            updated_at: rfc3339(record.updated_at),
        }
    }
}

#[derive(Debug, Serialize, ToSchema)]
pub struct RecordAnswer {
    pub record: RecordView,
}

/// Answered with the version of the record as its `ETag`.
type VersionedRecord = ([(HeaderName, HeaderValue); 1], Json<RecordAnswer>);

fn answer(caller: &Caller, entity: &Entity, record: &Record) -> VersionedRecord {
    let mut view = RecordView::of(entity, record);
    if !caller.may_read() {
        view.data = None;
    }
    (etag(record.version), Json(RecordAnswer { record: view }))
}

/// Values by column.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WriteRecord {
    /// Null clears a column. A lookup takes an id or a display value.
    #[schema(value_type = Object)]
    pub data: Map<String, Value>,
}

/// Which records to read.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BatchRecords {
    #[schema(max_items = 1000)]
    pub ids: Vec<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct BatchAnswer {
    /// In the order asked; null where there is no such record.
    pub records: Vec<Option<RecordView>>,
}

/// Creates a record.
#[utoipa::path(
    post, path = "/api/v1/connections/{connection}/entities/{entity}/records", tag = "records",
    request_body = WriteRecord,
    params(
        ("connection" = String, Path, description = "Id of the connection."),
        ("entity" = String, Path, description = "Name of the entity."),
    ),
    responses(
        (status = 201, body = RecordAnswer),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn create_record(
    CanWrite(caller): CanWrite,
    State(app): State<App>,
    PathParams((connection, entity)): PathParams<(String, String)>,
    JsonBody(given): JsonBody<WriteRecord>,
) -> Result<(StatusCode, VersionedRecord), ApiError> {
    let live = app.catalog.connection(caller.workspace, &connection).await?;
    let entity = entities::find(&live, &entity)?;
    let values = plan(&live, entity, &given.data)?;
    let applied = apply(&app, &caller, &live, entity, WriteAction::Create, values).await?;
    Ok((StatusCode::CREATED, answer(&caller, entity, &applied.record)))
}

/// Reads a record.
#[utoipa::path(
    get, path = "/api/v1/connections/{connection}/entities/{entity}/records/{record}",
    tag = "records",
    params(
        ("connection" = String, Path, description = "Id of the connection."),
        ("entity" = String, Path, description = "Name of the entity."),
        ("record" = String, Path, description = "Id of the record."),
    ),
    responses(
        (status = 200, body = RecordAnswer),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn get_record(
    CanRead(caller): CanRead,
    State(app): State<App>,
    PathParams((connection, entity, record)): PathParams<(String, String, String)>,
) -> Result<VersionedRecord, ApiError> {
    let live = app.catalog.connection(caller.workspace, &connection).await?;
    let entity = entities::find(&live, &entity)?;
    let found = find(&app, caller.workspace, &connection, entity, &record).await?;
    Ok(answer(&caller, entity, &found))
}

/// Changes the columns that are named; null clears one.
#[utoipa::path(
    patch, path = "/api/v1/connections/{connection}/entities/{entity}/records/{record}",
    tag = "records", request_body = WriteRecord,
    params(
        ("connection" = String, Path, description = "Id of the connection."),
        ("entity" = String, Path, description = "Name of the entity."),
        ("record" = String, Path, description = "Id of the record."),
        Precondition,
    ),
    responses(
        (status = 200, body = RecordAnswer),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn update_record(
    CanWrite(caller): CanWrite,
    State(app): State<App>,
    PathParams((connection, entity, id)): PathParams<(String, String, String)>,
    precondition: Precondition,
    JsonBody(given): JsonBody<WriteRecord>,
) -> Result<VersionedRecord, ApiError> {
    let live = app.catalog.connection(caller.workspace, &connection).await?;
    let entity = entities::find(&live, &entity)?;
    let values = plan(&live, entity, &given.data)?;
    let version = expected(&app, &caller, &live, entity, &id, &precondition).await?;
    let action = WriteAction::Update { id, version };
    let applied = apply(&app, &caller, &live, entity, action, values).await?;
    Ok(answer(&caller, entity, &applied.record))
}

/// Deletes a record for good.
#[utoipa::path(
    delete, path = "/api/v1/connections/{connection}/entities/{entity}/records/{record}",
    tag = "records",
    params(
        ("connection" = String, Path, description = "Id of the connection."),
        ("entity" = String, Path, description = "Name of the entity."),
        ("record" = String, Path, description = "Id of the record."),
        Precondition,
    ),
    responses(
        (status = 204),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn delete_record(
    CanWrite(caller): CanWrite,
    State(app): State<App>,
    PathParams((connection, entity, id)): PathParams<(String, String, String)>,
    precondition: Precondition,
) -> Result<StatusCode, ApiError> {
    let live = app.catalog.connection(caller.workspace, &connection).await?;
    let entity = entities::find(&live, &entity)?;
    let version = expected(&app, &caller, &live, entity, &id, &precondition).await?;
    let action = WriteAction::Delete { id, version };
    apply(&app, &caller, &live, entity, action, Vec::new()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Reads up to 1,000 records by id.
#[utoipa::path(
    post, path = "/api/v1/connections/{connection}/entities/{entity}/records/batch",
    tag = "records", request_body = BatchRecords,
    params(
        ("connection" = String, Path, description = "Id of the connection."),
        ("entity" = String, Path, description = "Name of the entity."),
    ),
    responses(
        (status = 200, body = BatchAnswer),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn batch_records(
    CanRead(caller): CanRead,
    State(app): State<App>,
    PathParams((connection, entity)): PathParams<(String, String)>,
    JsonBody(BatchRecords { ids }): JsonBody<BatchRecords>,
) -> Result<Json<BatchAnswer>, ApiError> {
    if BATCH_MAX < ids.len() {
        let detail = format!("at most {BATCH_MAX} ids at once");
        return Err(ApiError::invalid(vec![Invalid::new("/ids", detail)]));
    }
    let live = app.catalog.connection(caller.workspace, &connection).await?;
    let entity = entities::find(&live, &entity)?;
    let (found, _) =
        app.store.records(caller.workspace, &connection, &entity.name, &ids, &[]).await?;
    let view = |record: &Option<Record>| Some(RecordView::of(entity, record.as_ref()?));
    Ok(Json(BatchAnswer { records: found.iter().map(view).collect() }))
}

fn plan(
    live: &LiveConnection,
    entity: &Entity,
    data: &Map<String, Value>,
) -> Result<Vec<(String, Planned)>, ApiError> {
    write::plan(entity, data, Strictness::Strict, &live.zone)
        .map(|plan| plan.values)
        .map_err(in_data)
}

/// The version in which the store must find a record.
///
/// # Errors
/// 404; 412
async fn expected(
    app: &App,
    caller: &Caller,
    live: &LiveConnection,
    entity: &Entity,
    id: &str,
    precondition: &Precondition,
) -> Result<Option<i64>, ApiError> {
    if precondition.is_none() {
        return Ok(None);
    }
    let found = find(app, caller.workspace, &live.row.id, entity, id).await?;
    let name = format!("{}:{id}", entity.name);
    Ok(precondition.version(Noun::Record, &name, Some(found.version))?)
}

/// # Errors
/// 404
async fn find(
    app: &App,
    workspace: WorkspaceId,
    connection: &str,
    entity: &Entity,
    id: &str,
) -> Result<Record, ApiError> {
    let ids = [id.to_owned()];
    let (found, _) = app.store.records(workspace, connection, &entity.name, &ids, &[]).await?;
    let found = found.into_iter().next().flatten();
    Ok(found.ok_or_else(|| StoreError::not_found(Noun::Record, id))?)
}

async fn apply(
    app: &App,
    caller: &Caller,
    live: &LiveConnection,
    entity: &Entity,
    action: WriteAction,
    values: Vec<(String, Planned)>,
) -> Result<Applied, ApiError> {
    let write = Write {
        entity: entity.name.clone(),
        action,
        values,
        defaults: Vec::new(),
        strictness: Strictness::Strict,
        origin: Origin::Records,
    };
    app.store.write(caller.workspace, &live.row.id, write).await.map_err(|error| match error {
        StoreError::Invalid(wrong) => in_data(wrong),
        error => error.into(),
    })
}

/// What is wrong with columns is told at their place in the body.
fn in_data(wrong: Vec<Invalid>) -> ApiError {
    ApiError::invalid(wrong.into_iter().map(|it| it.under("/data")).collect())
}
