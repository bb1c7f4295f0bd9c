//! Reading records by id.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use turnbuckle_core::invalid::Invalid;
use turnbuckle_core::record::Record;
use utoipa::ToSchema;

use super::object::{self, Standing};
use super::{CrmRecordAnswer, CrmRecordView};
use crate::app::App;
use crate::auth::CanRead;
use crate::extract::{JsonBody, PathParams};
use crate::problem::{ApiError, ProblemBody};

/// Most ids of one batch.
const IDS_MAX: usize = 1_000;

/// The records wanted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GetCrmRecords {
    /// Up to 1,000 record ids.
    #[schema(max_items = 1000)]
    pub ids: Vec<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct CrmRecordsAnswer {
    /// In the order asked; null where there is no such record.
    pub records: Vec<Option<CrmRecordView>>,
}

/// Reads a record in the fields that the app declared.
#[utoipa::path(
    get,
    path = "/api/v1/crm/{connection}/objects/{object}/{record}/mapping",
    tag = "crm",
    params(
        ("connection" = String, Path, description = "Id of the connection"),
        ("object" = String, Path, description = "An object that the app declared"),
        ("record" = String, Path, description = "Record id: `Entity:id`"),
    ),
    responses(
        (status = 200, body = CrmRecordAnswer),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn get_crm_record(
    CanRead(caller): CanRead,
    State(app): State<App>,
    PathParams((connection, slug, record)): PathParams<(String, String, String)>,
) -> Result<Json<CrmRecordAnswer>, ApiError> {
    let live = app.catalog.connection(caller.workspace, &connection).await?;
    let Standing::Mapped(object) = object::standing(&live, &slug)? else {
        return Err(object::record_not_found(&record));
    };
    let id = object::record_id(object, &record)?.to_owned();
    let (entity, paths) = (&object.mapping.entity, object.compiled.paths());
    let (found, related) =
        app.store.records(caller.workspace, &connection, entity, &[id], paths).await?;
    let not_found = || object::record_not_found(&record);
    let found = found.into_iter().flatten().next().ok_or_else(not_found)?;
    let view = CrmRecordView::render(&app, &live, object, &found, &related).await?;
    let record = view.ok_or_else(not_found)?;
    Ok(Json(CrmRecordAnswer { record }))
}

/// Reads many records at once.
#[utoipa::path(
    post,
    path = "/api/v1/crm/{connection}/objects/{object}/mapping",
    tag = "crm",
    params(
        ("connection" = String, Path, description = "Id of the connection"),
        ("object" = String, Path, description = "An object that the app declared"),
    ),
    request_body = GetCrmRecords,
    responses(
        (status = 200, body = CrmRecordsAnswer),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn get_crm_records(
    CanRead(caller): CanRead,
    State(app): State<App>,
    PathParams((connection, slug)): PathParams<(String, String)>,
    JsonBody(GetCrmRecords { ids }): JsonBody<GetCrmRecords>,
) -> Result<Json<CrmRecordsAnswer>, ApiError> {
    if IDS_MAX < ids.len() {
        let detail = format!("at most {IDS_MAX} ids, and there are {}", ids.len());
        return Err(ApiError::invalid(vec![Invalid::new("/ids", detail)]));
    }
    let live = app.catalog.connection(caller.workspace, &connection).await?;
    let Standing::Mapped(object) = object::standing(&live, &slug)? else {
        return Ok(Json(CrmRecordsAnswer { records: ids.iter().map(|_| None).collect() }));
    };
    // What is no id of this entity is asked for all the same, as an id that no
    // record has: so the answer is in the order asked.
    let ids: Vec<String> = ids
        .iter()
        .map(|text| object::record_id(object, text).unwrap_or_default().to_owned())
        .collect();
    let (entity, paths) = (&object.mapping.entity, object.compiled.paths());
    let (found, related) =
        app.store.records(caller.workspace, &connection, entity, &ids, paths).await?;
    let there: Vec<&Record> = found.iter().flatten().collect();
    let views = CrmRecordView::render_all(&app, &live, object, &there, &related).await?;
    let mut views = views.into_iter();
    let records = found.iter().map(|found| found.as_ref().and_then(|_| views.next())).collect();
    Ok(Json(CrmRecordsAnswer { records }))
}
