//! What a mapping comes to, on real records, before it is in force.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use turnbuckle_core::filter::BoundFilter;
use turnbuckle_core::invalid::{Invalid, pointer};
use turnbuckle_core::record::Record;
use turnbuckle_store::record::{Search, SearchPage, Sort};
use utoipa::ToSchema;

use super::caller::OfContext;
use super::link::read_objects;
use crate::api::crm::{object, search as crm_search};
use crate::api::entities;
use crate::api::mapping::{checked, preview};
use crate::api::records::{CountView, read_filter};
use crate::app::App;
use crate::catalog::{LiveConnection, LiveObject};
use crate::extract::{JsonBody, PathParams};
use crate::problem::{ApiError, ProblemBody, ProblemError};

/// Records that are shown.
const SHOWN: usize = 3;

/// A mapping of one object that is not in force.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PreviewLink {
    /// The `objects` option of `linkCRM`.
    #[schema(value_type = Object)]
    pub objects: Map<String, Value>,
    /// Slug of the object.
    pub object: String,
    /// Of this object: `{"entity":…,"fields":{…},"events":{…}}`. Nothing need be complete.
    #[schema(value_type = Object)]
    pub mapping: Value,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct PreviewLinkAnswer {
    /// Up to three, as the app would get them.
    pub records: Vec<preview::PreviewView>,
    /// Expressions that have no value over one of them, by their place in the object's mapping.
    pub errors: Vec<ProblemError>,
}

/// A search that is not in force.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SearchLink {
    /// The `objects` option of `linkCRM`.
    #[schema(value_type = Object)]
    pub objects: Map<String, Value>,
    /// Slug of the object.
    pub object: String,
    /// The search event.
    pub event: String,
    /// Of this object, with what the event does.
    #[schema(value_type = Object)]
    pub mapping: Value,
    /// What the app would invoke it with.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub payload: Map<String, Value>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct SearchLinkAnswer {
    /// Up to 1,000.
    pub count: CountView,
    /// Up to three, as the app would get them.
    pub records: Vec<FoundView>,
    /// Conditions that the hub judges, by their place in the filter, because the CRM cannot.
    pub evaluated_by_hub: Vec<String>,
}

/// A record that was found.
#[derive(Debug, Serialize, ToSchema)]
pub struct FoundView {
    /// What stands for it where people read it.
    pub label: String,
    #[serde(flatten)]
    pub record: preview::PreviewView,
}

/// Shows up to three records as the app would get them.
#[utoipa::path(
    post, path = "/api/platform_user/connection/{connection}/link/preview", tag = "link",
    request_body = PreviewLink, security(("context_token" = [])),
    params(("connection" = String, Path, description = "Its id.")),
    responses(
        (status = 200, body = PreviewLinkAnswer),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn preview_link(
    caller: OfContext,
    State(app): State<App>,
    PathParams(connection): PathParams<String>,
    JsonBody(wanted): JsonBody<PreviewLink>,
) -> Result<Json<PreviewLinkAnswer>, ApiError> {
    let PreviewLink { objects, object, mapping } = wanted;
    let live = caller.connection(&app, &connection).await?;
    let trial = trial(&app, &live, &objects, &object, mapping).await?;
    let Some(mapped) = trial.mapped(&object) else {
        return Ok(Json(PreviewLinkAnswer { records: Vec::new(), errors: Vec::new() }));
    };
    let entity = entities::find(&trial, &mapped.mapping.entity)?;
    let everything = json!({ "all": [] });
    let filter = read_filter(&trial, entity, &everything).map_err(ApiError::invalid)?;
    let found = find(&app, &trial, mapped, filter, Vec::new(), false).await?;
    let records: Vec<&Record> = found.records.iter().collect();
    let (records, errors) = preview::render(&app, &trial, mapped, &records, &found.related).await?;
    Ok(Json(PreviewLinkAnswer { records, errors }))
}

/// Runs a search that is being built: how many records it finds, and up to three of them.
#[utoipa::path(
    post, path = "/api/platform_user/connection/{connection}/link/search", tag = "link",
    request_body = SearchLink, security(("context_token" = [])),
    params(("connection" = String, Path, description = "Its id.")),
    responses(
        (status = 200, body = SearchLinkAnswer),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn search_link(
    caller: OfContext,
    State(app): State<App>,
    PathParams(connection): PathParams<String>,
    JsonBody(wanted): JsonBody<SearchLink>,
) -> Result<Json<SearchLinkAnswer>, ApiError> {
    let SearchLink { objects, object, event, mapping, payload } = wanted;
    let live = caller.connection(&app, &connection).await?;
    let trial = trial(&app, &live, &objects, &object, mapping).await?;
    object::check_payload(object::event(&trial, &object, &event)?, &payload)?;
    let Some(mapped) = trial.mapped(&object) else {
        let count = CountView { value: 0, exact: true };
        let none = SearchLinkAnswer { count, records: Vec::new(), evaluated_by_hub: Vec::new() };
        return Ok(Json(none));
    };
    let search = crm_search::find(mapped, &event)?;
    let filter = crm_search::bind(&trial, mapped, search, &payload)?;
    let sort = search.sort.iter().map(crm_search::sort).collect();
    let found = find(&app, &trial, mapped, filter, sort, true).await?;
    let records: Vec<&Record> = found.records.iter().collect();
    let (views, _) = preview::render(&app, &trial, mapped, &records, &found.related).await?;
    let label = |record: &Record| {
        let entity = trial.schema.entity(&mapped.mapping.entity);
        let label = entity.and_then(|entity| record.data.get(&entity.display)?.as_str());
        label.unwrap_or(&record.id).to_owned()
    };
    let records = records.iter().zip(views);
    let (value, exact) = found.count.unwrap_or_default();
    Ok(Json(SearchLinkAnswer {
        count: CountView { value, exact },
        records: records.map(|(it, record)| FoundView { label: label(it), record }).collect(),
        // The records are here, and so is whoever judges them.
        evaluated_by_hub: Vec::new(),
    }))
}

/// The connection as it would be with these objects and a mapping of one of them.
///
/// # Errors
/// 400 with what is wrong, below `/objects` and `/mapping`.
async fn trial(
    app: &App,
    live: &LiveConnection,
    objects: &Map<String, Value>,
    object: &str,
    mapping: Value,
) -> Result<LiveConnection, ApiError> {
    let objects = read_objects(objects)?;
    let document = json!({ "objects": { object: mapping } });
    let trial = live.with(&objects, &document);
    let above = pointer("/objects", object);
    let of_object = |wrong: &Invalid| {
        let path = wrong.path.strip_prefix(&above).unwrap_or(&wrong.path);
        Invalid::new(format!("/mapping{path}"), wrong.detail.clone())
    };
    match checked(app, &trial, &document, "").await {
        Ok(_) => Ok(trial),
        Err(error) if error.errors().is_empty() => Err(error),
        Err(error) => Err(ApiError::invalid(error.errors().iter().map(of_object).collect())),
    }
}

async fn find(
    app: &App,
    trial: &LiveConnection,
    object: &LiveObject,
    filter: BoundFilter,
    sort: Vec<Sort>,
    count: bool,
) -> Result<SearchPage, ApiError> {
    let search = Search {
        entity: object.mapping.entity.clone(),
        filter,
        moment: trial.moment(app.now()),
        sort,
        limit: SHOWN,
        after: None,
        paths: object.walked.iter().cloned().collect(),
        count,
    };
    Ok(app.store.search(trial.row.workspace, &trial.row.id, search).await?)
}
