//! Mapping in the words of `xkit.js`: its four calls, translated into ours and back.
//!
//! Ids of objects are their places in what the app declared, those of entities their places in the
//! schema: both are taken from the same request, or said anew in each answer. What its shapes have
//! no words for (expressions, groups of conditions) is left out of what is shown: a page that saves
//! must say it anew, and is told so. Link's own calls ([`super::link`]) carry all of it.
//!
//! A pointer is `#/definitions/{entity}/properties/{column}`, with a lookup's own columns behind
//! another `/properties/`.

mod document;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use turnbuckle_core::entity::{ColumnOption, Entity};
use turnbuckle_core::object::Objects;
use utoipa::ToSchema;

use super::caller::OfContext;
use super::entities::{self, FieldTypeView, feeds, unless_pending};
use super::link::{LinkObjects, Seen, filled, finish};
use crate::api::entities as all;
use crate::app::App;
use crate::catalog::LiveConnection;
use crate::extract::{JsonBody, PathParams};
use crate::problem::{ApiError, ProblemBody};

/// An object of the app.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CrmObject {
    /// Its place among the objects, from 1.
    pub id: u64,
    pub slug: String,
    #[serde(default)]
    pub label: String,
    #[serde(default)]
    pub description: String,
    #[serde(default)]
    pub fields: Vec<CrmField>,
    #[serde(default)]
    pub events: Vec<CrmEvent>,
}

/// A field of an object or of a payload, or a part of a field that the user made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CrmField {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<u64>,
    /// Of a part: the field's, a dot, and its label.
    pub slug: String,
    #[serde(default)]
    pub label: String,
    #[serde(default)]
    pub description: String,
    pub simple_type: SimpleType,
    /// The field that it is a part of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_slug: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SimpleType {
    #[serde(rename = "type")]
    pub kind: String,
    #[serde(default)]
    pub format: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CrmEvent {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<u64>,
    pub slug: String,
    #[serde(rename = "type")]
    pub kind: String,
    #[serde(default)]
    pub label: String,
    #[serde(default)]
    pub description: String,
    /// Of its payload.
    #[serde(default)]
    pub fields: Vec<CrmField>,
}

/// How an object is mapped.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CrmObjectMapping {
    pub crm_object_id: u64,
    /// The entity; null if the user opted out of the object.
    pub api_object_id: Option<u64>,
    #[serde(default)]
    pub transformations: Vec<Transformation>,
    #[serde(default)]
    pub event_actions: Vec<CrmEventAction>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CrmEventAction {
    pub event: Named,
    /// `search`, `create`, `update`, `delete` or `noop`.
    pub action_type: String,
    #[serde(default)]
    pub transformations: Vec<Transformation>,
}

/// What is meant, by its slug.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Named {
    pub slug: String,
}

/// What a field gets, what a column is given, or what a search compares.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Transformation {
    /// The field, of the object or of the payload.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<Named>,
    /// `direct`, `date`, `static` or `empty`.
    pub name: String,
    /// The column.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_pointer: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub static_value: Option<Value>,
    /// Of a search: `eq` or `contains`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub criteria_operator: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct CrmObjectListing {
    pub objects: Vec<CrmObject>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct CrmMappingView {
    pub mapping: Vec<CrmObjectMapping>,
    pub objects: Vec<CrmObject>,
}

/// A mapping, whole.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SaveCrmMapping {
    /// As they were answered, with the parts that the user made of object fields.
    pub objects: Vec<CrmObject>,
    pub mapping: Vec<CrmObjectMapping>,
}

/// An entity of the CRM.
#[derive(Debug, Serialize, ToSchema)]
pub struct ApiObject {
    /// Its place among the entities, from 1.
    pub id: u64,
    pub slug: String,
    pub label_one: String,
    pub label_many: String,
    /// Its columns; not in a list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub selector: Option<Selector>,
}

/// A column, or the entity itself with its columns.
#[derive(Debug, Serialize, ToSchema)]
pub struct Selector {
    /// Null of what can be shown and not chosen.
    pub pointer: Option<String>,
    pub label: String,
    pub api_name: String,
    pub type_label: String,
    /// What it can feed, and how.
    pub input_types: Vec<InputType>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(no_recursion)]
    pub children: Option<Vec<Selector>>,
    /// What can be chosen from.
    #[serde(rename = "enum", skip_serializing_if = "Option::is_none")]
    pub options: Option<Vec<SelectorOption>>,
    pub readable: bool,
    pub createable: bool,
    pub updateable: bool,
    pub searchable: bool,
    /// Whether a create must give it.
    pub required: bool,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct InputType {
    pub input_type: FieldTypeView,
    pub transformations: Vec<&'static str>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct SelectorOption {
    pub label: String,
    pub value: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct ApiObjectListing {
    pub api_objects: Vec<ApiObject>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct ApiObjectAnswer {
    pub api_object: ApiObject,
}

impl CrmMappingView {
    fn of(live: &LiveConnection) -> Self {
        let mut objects = document::objects(&live.objects);
        let mapping = document::mapping(live, &mut objects);
        Self { mapping, objects }
    }
}

impl ApiObject {
    fn of(live: &LiveConnection, entity: &Entity) -> Self {
        Self {
            id: document::place(&live.schema, &entity.name).unwrap_or_default(),
            slug: entity.name.clone(),
            label_one: entity.label.clone(),
            label_many: entity.label_plural.clone(),
            selector: None,
        }
    }
}

impl Selector {
    fn of(entity: &Entity) -> Self {
        let columns = entity.columns.iter().map(|column| {
            let view = entities::LinkColumnView::of(entity, column);
            let options = column.options.as_ref().map(|options| {
                let option = |it: &ColumnOption| SelectorOption {
                    label: it.label.clone(),
                    value: it.value.clone(),
                };
                options.iter().map(option).collect()
            });
            Self {
                pointer: Some(document::pointer(&entity.name, &column.name)),
                label: column.label.clone(),
                api_name: column.name.clone(),
                type_label: <&str>::from(column.column_type).to_owned(),
                input_types: feeds(column.column_type).into_iter().map(InputType::from).collect(),
                children: None,
                options,
                readable: column.readable,
                createable: column.createable,
                updateable: column.updateable,
                searchable: column.filterable,
                required: view.required_on_create,
            }
        });
        Self {
            pointer: None,
            label: entity.label.clone(),
            api_name: entity.name.clone(),
            type_label: "object".to_owned(),
            input_types: Vec::new(),
            children: Some(columns.collect()),
            options: None,
            readable: true,
            createable: false,
            updateable: false,
            searchable: false,
            required: false,
        }
    }
}

impl From<entities::FeedsView> for InputType {
    fn from(it: entities::FeedsView) -> Self {
        Self { input_type: it.field_type, transformations: it.transforms }
    }
}

/// Checks what an app declares and says it in the shape of `crm_mapping`. Stores nothing.
#[utoipa::path(
    post, path = "/api/platform_user/connection/{connection}/crm_setup", tag = "link",
    request_body = LinkObjects, security(("context_token" = [])),
    params(("connection" = String, Path, description = "Its id.")),
    responses(
        (status = 200, body = CrmObjectListing),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn set_up_crm(
    caller: OfContext,
    State(app): State<App>,
    PathParams(connection): PathParams<String>,
    JsonBody(LinkObjects { objects }): JsonBody<LinkObjects>,
) -> Result<Json<CrmObjectListing>, ApiError> {
    caller.connection(&app, &connection).await?;
    let objects = filled(&app, caller.workspace.id, objects).await?;
    let declared = Objects::parse(&Value::Object(objects)).map_err(ApiError::invalid)?;
    Ok(Json(CrmObjectListing { objects: document::objects(&declared) }))
}

/// Lists the entities of a connection's CRM.
#[utoipa::path(
    get, path = "/api/platform_user/connection/{connection}/api_objects", tag = "link",
    security(("context_token" = [])),
    params(("connection" = String, Path, description = "Its id.")),
    responses(
        (status = 200, body = ApiObjectListing),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn list_api_objects(
    caller: OfContext,
    State(app): State<App>,
    PathParams(connection): PathParams<String>,
) -> Result<Json<ApiObjectListing>, ApiError> {
    let live = caller.connection(&app, &connection).await?;
    unless_pending(&app, &live)?;
    let api_objects = live.schema.entities.values().map(|it| ApiObject::of(&live, it)).collect();
    Ok(Json(ApiObjectListing { api_objects }))
}

/// Shows an entity with its columns.
#[utoipa::path(
    get, path = "/api/platform_user/connection/{connection}/api_objects/{entity}", tag = "link",
    security(("context_token" = [])),
    params(
        ("connection" = String, Path, description = "Its id."),
        ("entity" = String, Path, description = "Name of the entity."),
    ),
    responses(
        (status = 200, body = ApiObjectAnswer),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn get_api_object(
    caller: OfContext,
    State(app): State<App>,
    PathParams((connection, entity)): PathParams<(String, String)>,
) -> Result<Json<ApiObjectAnswer>, ApiError> {
    let live = caller.connection(&app, &connection).await?;
    unless_pending(&app, &live)?;
    let entity = all::find(&live, &entity)?;
    let selector = Some(Selector::of(entity));
    Ok(Json(ApiObjectAnswer { api_object: ApiObject { selector, ..ApiObject::of(&live, entity) } }))
}

/// Shows what is in force, as far as these shapes can say it.
#[utoipa::path(
    get, path = "/api/platform_user/connection/{connection}/crm_mapping", tag = "link",
    security(("context_token" = [])),
    params(("connection" = String, Path, description = "Its id.")),
    responses(
        (status = 200, body = CrmMappingView),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn get_crm_mapping(
    caller: OfContext,
    State(app): State<App>,
    PathParams(connection): PathParams<String>,
) -> Result<Json<CrmMappingView>, ApiError> {
    Ok(Json(CrmMappingView::of(&*caller.connection(&app, &connection).await?)))
}

/// Declares the objects and puts a mapping in place of the one in force, as a finish in Link does.
#[utoipa::path(
    post, path = "/api/platform_user/connection/{connection}/crm_mapping", tag = "link",
    request_body = SaveCrmMapping, security(("context_token" = [])),
    params(("connection" = String, Path, description = "Its id.")),
    responses(
        (status = 200, body = CrmMappingView),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn save_crm_mapping(
    caller: OfContext,
    State(app): State<App>,
    PathParams(connection): PathParams<String>,
    JsonBody(SaveCrmMapping { objects, mapping }): JsonBody<SaveCrmMapping>,
) -> Result<Json<CrmMappingView>, ApiError> {
    let live = caller.connection(&app, &connection).await?;
    let declared: Map<String, Value> = document::declare(&objects);
    let document = document::read(&live, &objects, &mapping).map_err(ApiError::invalid)?;
    let draft = app.store.link_draft(caller.workspace.id, &connection).await?;
    let seen = Seen::of(&live.row, draft.as_ref());
    finish(&app, &live, &declared, json!({ "objects": document }), seen).await?;
    Ok(Json(CrmMappingView::of(&*caller.connection(&app, &connection).await?)))
}
