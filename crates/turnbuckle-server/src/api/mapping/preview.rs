//! Shows a record as the app would get it, before or after a mapping is saved.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use turnbuckle_core::entity::did_you_mean;
use turnbuckle_core::invalid::Invalid;
use turnbuckle_core::mapping::ObjectMapping;
use turnbuckle_core::record::{Record, Related, parse_universal_id, universal_id};
use turnbuckle_store::StoreError;
use turnbuckle_store::error::Noun;
use utoipa::ToSchema;

use super::{MappingDocument, checked};
use crate::app::App;
use crate::auth::CanRead;
use crate::catalog::{LiveConnection, LiveObject};
use crate::expressions;
use crate::extract::{JsonBody, PathParams};
use crate::problem::{ApiError, Problem, ProblemBody, ProblemError};

/// What to preview.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PreviewMapping {
    /// Slug of the object.
    #[schema(example = "opportunity")]
    pub object: String,
    /// `Entity:id`, or the id alone.
    pub record_id: String,
    /// A mapping that is not saved; the saved one if not given.
    pub mapping: Option<MappingDocument>,
}

/// A record in the app's own fields.
#[derive(Debug, Serialize, ToSchema)]
pub struct PreviewView {
    /// Slug of the object.
    #[serde(rename = "type")]
    pub object: String,
    /// `Entity:id`
    pub id: String,
    #[schema(value_type = Object)]
    pub data: Map<String, Value>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct PreviewAnswer {
    pub record: PreviewView,
    /// Expressions that have no value over this record, by their place in the object's
    /// mapping, and why. Their fields are null.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub errors: Vec<ProblemError>,
}

/// Shows a record as the app would get it, also through a mapping that is not saved.
#[utoipa::path(
    post, path = "/api/v1/connections/{connection}/mapping/preview", tag = "mapping",
    request_body = PreviewMapping,
    params(("connection" = String, Path, description = "Its id, chosen by the app.")),
    responses(
        (status = 200, body = PreviewAnswer),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn preview_mapping(
    CanRead(caller): CanRead,
    State(app): State<App>,
    PathParams(connection): PathParams<String>,
    JsonBody(wanted): JsonBody<PreviewMapping>,
) -> Result<Json<PreviewAnswer>, ApiError> {
    let live = app.catalog.connection(caller.workspace, &connection).await?;
    let PreviewMapping { object, record_id, mapping } = wanted;
    if live.objects.get(&object).is_none() {
        let meant = did_you_mean(&live.objects.nearest(&object));
        return Err(ApiError::new(Problem::ObjectNotFound, format!("no object `{object}`{meant}")));
    }
    let live = match mapping {
        Some(mapping) => {
            let mapping = mapping.into_json();
            checked(&app, &live, &mapping, "/mapping").await?;
            let objects = live.row.objects.clone().unwrap_or_default();
            Arc::new(live.with(&objects, &mapping))
        }
        None => live,
    };
    let mapped = mapped(&live, &object)?;
    let id = id_within(&record_id, &mapped.mapping.entity)?;
    let (entity, ids, paths) = (&mapped.mapping.entity, [id.to_owned()], mapped.compiled.paths());
    let (records, related) =
        app.store.records(caller.workspace, &connection, entity, &ids, paths).await?;
    let record: Vec<&Record> = records.iter().flatten().collect();
    let (record, errors) = render(&app, &live, mapped, &record, &related).await?;
    let not_found = || StoreError::not_found(Noun::Record, &record_id);
    let record = record.into_iter().next().ok_or_else(not_found)?;
    Ok(Json(PreviewAnswer { record, errors }))
}

/// Renders records as the app would get them, and says which expressions have no value, by
/// their place in the object's mapping.
pub async fn render(
    app: &App,
    live: &LiveConnection,
    object: &LiveObject,
    records: &[&Record],
    related: &Related,
) -> Result<(Vec<PreviewView>, Vec<ProblemError>), ApiError> {
    let name = &object.mapping.entity;
    let Some(entity) = live.schema.entity(name) else { return Ok((Vec::new(), Vec::new())) };
    let set = object.expressions.as_ref();
    let computed = expressions::of_records(app, set, entity, records).await?;
    let placed = object.compiled.expressions();
    let (mut views, mut errors) = (Vec::new(), IndexMap::new());
    for (record, computed) in records.iter().zip(computed) {
        let Some(image) = live.image(name, record, related) else { continue };
        let computed: Vec<Value> = placed
            .iter()
            .zip(computed)
            .map(|(placed, value)| {
                let value = value.unwrap_or_else(|reason| {
                    errors.entry(placed.path.clone()).or_insert(reason);
                    None
                });
                value.unwrap_or_default()
            })
            .collect();
        views.push(PreviewView {
            object: object.slug.clone(),
            id: universal_id(name, &record.id),
            data: object.compiled.render(&image, &computed),
        });
    }
    let errors = errors.into_iter().map(|(path, detail)| ProblemError { path, detail });
    Ok((views, errors.collect()))
}

fn mapped<'a>(live: &'a LiveConnection, object: &str) -> Result<&'a LiveObject, ApiError> {
    if let Some(mapped) = live.mapped(object) {
        return Ok(mapped);
    }
    match live.mapping.objects.get(object) {
        Some(ObjectMapping::Entity(mapping)) => {
            let detail = format!("the CRM has no `{}` any more; map it again", mapping.entity);
            Err(ApiError::new(Problem::MappingIncomplete, detail))
        }
        Some(ObjectMapping::OptedOut) => {
            let detail = format!("the user opted out of `{object}`: it has no records");
            Err(ApiError::new(Problem::RecordNotFound, detail))
        }
        None => {
            let detail =
                format!("`{object}` is not mapped to an entity yet; put the mapping first");
            Err(ApiError::new(Problem::MappingIncomplete, detail))
        }
    }
}

/// The id that the CRM knows a record by.
fn id_within<'a>(record_id: &'a str, entity: &str) -> Result<&'a str, ApiError> {
    match parse_universal_id(record_id) {
        None => Ok(record_id),
        Some((of, id)) if of == entity => Ok(id),
        Some((of, _)) => {
            let detail = format!("a record of `{of}`, but the object stands for `{entity}`");
            Err(ApiError::invalid(vec![Invalid::new("/record_id", detail)]))
        }
    }
}
