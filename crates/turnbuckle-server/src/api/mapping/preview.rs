//! Shows a record as the app would get it, before or after a mapping is saved.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use turnbuckle_core::entity::did_you_mean;
use turnbuckle_core::expression::NAMES_OF_RECORD;
use turnbuckle_core::invalid::Invalid;
use turnbuckle_core::mapping::{CompiledObject, EntityMapping, Mapping, ObjectMapping};
use turnbuckle_core::record::{parse_universal_id, universal_id};
use turnbuckle_store::StoreError;
use turnbuckle_store::error::Noun;
use utoipa::ToSchema;

use super::{MappingDocument, checked};
use crate::app::App;
use crate::auth::CanRead;
use crate::expressions::{self, set_of};
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
    let Some(declaration) = live.objects.get(&object) else {
        let meant = did_you_mean(&live.objects.nearest(&object));
        return Err(ApiError::new(Problem::ObjectNotFound, format!("no object `{object}`{meant}")));
    };
    let unsaved = match mapping {
        Some(mapping) => Some(checked(&app, &live, &mapping.into_json(), "/mapping").await?),
        None => None,
    };
    let mapping = entity_mapping(unsaved.as_ref().unwrap_or(&live.mapping), &object)?;
    let id = id_within(&record_id, &mapping.entity)?;

    let compiled = CompiledObject::compile(&object, mapping, declaration, &live.schema, &live.zone);
    let (records, related) = app
        .store
        .records(caller.workspace, &connection, &mapping.entity, &[id.to_owned()], compiled.paths())
        .await?;
    let not_found = || StoreError::not_found(Noun::Record, &record_id);
    let record = records.into_iter().next().flatten().ok_or_else(not_found)?;
    let image = live.image(&mapping.entity, &record, &related).ok_or_else(not_found)?;
    let placed = compiled.expressions();
    let set = set_of(live.owner(), NAMES_OF_RECORD, placed);
    let computed = expressions::of_records(&app, set.as_ref(), image.entity, &[&record]).await?;
    let mut errors = Vec::new();
    let computed = placed.iter().zip(computed.into_iter().flatten()).map(|(placed, value)| {
        value.unwrap_or_else(|reason| {
            errors.push(ProblemError { path: placed.path.clone(), detail: reason });
            None
        })
    });
    let computed: Vec<Value> = computed.map(Option::unwrap_or_default).collect();
    let data = compiled.render(&image, &computed);
    let id = universal_id(&mapping.entity, &record.id);
    Ok(Json(PreviewAnswer { record: PreviewView { object, id, data }, errors }))
}

fn entity_mapping<'a>(mapping: &'a Mapping, object: &str) -> Result<&'a EntityMapping, ApiError> {
    match mapping.objects.get(object) {
        Some(ObjectMapping::Entity(mapping)) => Ok(mapping),
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
