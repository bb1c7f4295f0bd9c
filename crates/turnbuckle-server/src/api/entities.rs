//! The entities of a connection's CRM, and their columns.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use turnbuckle_connectors::native;
use turnbuckle_core::entity::{Column, ColumnOption, ColumnType, Entity, did_you_mean};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::listing::{Listing, ListingQuery, PageView};
use crate::app::App;
use crate::auth::{CanManage, CanRead};
use crate::catalog::LiveConnection;
use crate::extract::{JsonBody, PathParams, QueryParams};
use crate::problem::{ApiError, Problem, ProblemBody};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list_entities)).routes(routes!(get_entity, put_entity))
}

/// A type of record in the CRM.
#[derive(Debug, Serialize, ToSchema)]
pub struct EntityView {
    /// Code, stable.
    #[schema(example = "Opportunity")]
    pub name: String,
    pub label: String,
    pub label_plural: String,
    /// Made by the workspace, not delivered.
    pub custom: bool,
}

/// An entity with its columns.
#[derive(Debug, Serialize, ToSchema)]
pub struct EntityDetailView {
    #[serde(flatten)]
    pub entity: EntityView,
    /// The column that stands for a record where people read it.
    pub display: String,
    pub columns: Vec<ColumnView>,
}

/// A property of an entity.
#[derive(Debug, Serialize, ToSchema)]
pub struct ColumnView {
    /// Code, stable.
    #[schema(example = "Title")]
    pub name: String,
    pub label: String,
    /// `text`, `long_text`, `integer`, `decimal`, `boolean`, `date`, `datetime`, `guid`,
    /// `lookup`, `option`, `multi_option`, `object` or `list`.
    #[serde(rename = "type")]
    #[schema(value_type = String)]
    pub column_type: ColumnType,
    /// A record cannot be created without it.
    pub required: bool,
    /// No two records hold the same value.
    pub unique: bool,
    pub readable: bool,
    pub createable: bool,
    pub updateable: bool,
    pub filterable: bool,
    /// The entity that a lookup points to.
    pub lookup: Option<String>,
    /// The choices of an option column; null admits any text.
    pub options: Option<Vec<OptionView>>,
}

/// One choice of an option column.
#[derive(Debug, Serialize, ToSchema)]
pub struct OptionView {
    pub value: String,
    pub label: String,
}

impl From<&Entity> for EntityView {
    fn from(it: &Entity) -> Self {
        Self {
            name: it.name.clone(),
            label: it.label.clone(),
            label_plural: it.label_plural.clone(),
            custom: it.custom,
        }
    }
}

impl From<&Entity> for EntityDetailView {
    fn from(it: &Entity) -> Self {
        Self {
            entity: it.into(),
            display: it.display.clone(),
            columns: it.columns.iter().map(ColumnView::from).collect(),
        }
    }
}

impl From<&Column> for ColumnView {
    fn from(it: &Column) -> Self {
        let option =
            |it: &ColumnOption| OptionView { value: it.value.clone(), label: it.label.clone() };
        Self {
            name: it.name.clone(),
            label: it.label.clone(),
            column_type: it.column_type,
            required: it.required,
            unique: it.unique,
            readable: it.readable,
            createable: it.createable,
            updateable: it.updateable,
            filterable: it.filterable,
            lookup: it.lookup.clone(),
            options: it.options.as_ref().map(|options| options.iter().map(option).collect()),
        }
    }
}

#[derive(Debug, Serialize, ToSchema)]
pub struct EntityAnswer {
    pub entity: EntityDetailView,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct EntityListing {
    pub entities: Vec<EntityView>,
    pub page: PageView,
}

/// What an entity is to have. Nothing is taken away: an entity keeps the columns
/// and members that are not named. What a read of it shows may be sent back.
#[derive(Debug, Deserialize, ToSchema)]
#[expect(dead_code, reason = "describes the body; the rules of custom entities read it")]
pub struct PutEntity {
    #[schema(max_length = 200)]
    label: Option<String>,
    #[schema(max_length = 200)]
    label_plural: Option<String>,
    /// A column of type `text` or `option`.
    display: Option<String>,
    /// Columns to add or change, each with `name`, `label`, `type` and whatever a read shows.
    #[schema(value_type = Option<Vec<Object>>)]
    columns: Option<Vec<Value>>,
}

/// Lists the entities of a connection.
#[utoipa::path(
    get, path = "/api/v1/connections/{connection}/entities", tag = "entities",
    params(
        ("connection" = String, Path, description = "Its id, chosen by the app."),
        ListingQuery,
    ),
    responses(
        (status = 200, body = EntityListing),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn list_entities(
    CanRead(caller): CanRead,
    State(app): State<App>,
    PathParams(connection): PathParams<String>,
    QueryParams(query): QueryParams<ListingQuery>,
) -> Result<Json<EntityListing>, ApiError> {
    let live = app.catalog.connection(caller.workspace, &connection).await?;
    let name = format!("entities/{connection}");
    let listing = Listing { workspace: caller.workspace, name: &name };
    let entities = live.schema.entities.values().map(EntityView::from).collect();
    let (entities, page) = listing.slice(&app, entities, &query)?;
    Ok(Json(EntityListing { entities, page }))
}

/// Shows an entity with its columns.
#[utoipa::path(
    get, path = "/api/v1/connections/{connection}/entities/{entity}", tag = "entities",
    params(
        ("connection" = String, Path, description = "Its id, chosen by the app."),
        ("entity" = String, Path, description = "Its name."),
    ),
    responses(
        (status = 200, body = EntityAnswer),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn get_entity(
    CanRead(caller): CanRead,
    State(app): State<App>,
    PathParams((connection, entity)): PathParams<(String, String)>,
) -> Result<Json<EntityAnswer>, ApiError> {
    let live = app.catalog.connection(caller.workspace, &connection).await?;
    Ok(Json(EntityAnswer { entity: find(&live, &entity)?.into() }))
}

/// Adds an entity to the built-in CRM, or columns to one that it has.
#[utoipa::path(
    put, path = "/api/v1/connections/{connection}/entities/{entity}", tag = "entities",
    request_body = PutEntity,
    params(
        ("connection" = String, Path, description = "Its id, chosen by the app."),
        ("entity" = String, Path, description = "Its name: letters, digits and `_`."),
    ),
    responses(
        (status = 200, body = EntityAnswer),
        (status = 201, body = EntityAnswer),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn put_entity(
    CanManage(caller): CanManage,
    State(app): State<App>,
    PathParams((connection, entity)): PathParams<(String, String)>,
    JsonBody(document): JsonBody<Value>,
) -> Result<(StatusCode, Json<EntityAnswer>), ApiError> {
    let live = app.catalog.connection(caller.workspace, &connection).await?;
    let connector = app.connectors.find(&live.row.connector);
    if !connector.is_some_and(|connector| connector.descriptor().is_native) {
        let detail = "only the built-in CRM takes entities from here; make it in the CRM itself";
        return Err(ApiError::new(Problem::StateConflict, detail));
    }
    let entity =
        native::check_custom_entity(&live.schema, &entity, &document).map_err(ApiError::invalid)?;
    let is_new = app.store.put_entity(caller.workspace, &connection, entity.clone()).await?;
    app.wake(|signals| &signals.keys_started);
    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(EntityAnswer { entity: (&entity).into() })))
}

/// The entity of this name.
///
/// # Errors
/// 404 with the nearest one.
pub fn find<'a>(live: &'a LiveConnection, name: &str) -> Result<&'a Entity, ApiError> {
    live.schema.entity(name).ok_or_else(|| {
        let meant = did_you_mean(&live.schema.nearest_entity(name));
        ApiError::new(Problem::EntityNotFound, format!("no entity `{name}`{meant}"))
    })
}
