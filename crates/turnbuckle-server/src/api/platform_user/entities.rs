//! What the CRM has, with what each column can be used for.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use strum::VariantArray as _;
use turnbuckle_connectors::native;
use turnbuckle_core::entity::{Column, ColumnType, Entity};
use turnbuckle_core::filter::{Arity, Op};
use turnbuckle_core::mapping::{feeding, fills};
use turnbuckle_core::object::FieldType;
use utoipa::ToSchema;

use super::caller::OfContext;
use crate::api::entities::{self as all, ColumnView, EntityView};
use crate::app::App;
use crate::catalog::LiveConnection;
use crate::extract::PathParams;
use crate::problem::{ApiError, Problem, ProblemBody};

/// The types that fields and members of payloads have.
const FIELD_TYPES: [FieldType; 7] = [
    FieldType::String,
    FieldType::Datetime,
    FieldType::Number,
    FieldType::Integer,
    FieldType::Boolean,
    FieldType::Object,
    FieldType::Array(None),
];

#[derive(Debug, Serialize, ToSchema)]
pub struct LinkEntityListing {
    pub entities: Vec<EntityView>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct LinkEntityAnswer {
    pub entity: LinkEntityView,
}

/// An entity with its columns, and what each can be used for.
#[derive(Debug, Serialize, ToSchema)]
pub struct LinkEntityView {
    #[serde(flatten)]
    pub entity: EntityView,
    /// The column that stands for a record where people read it.
    pub display: String,
    pub columns: Vec<LinkColumnView>,
}

/// A column, and what it can be used for.
#[derive(Debug, Serialize, ToSchema)]
pub struct LinkColumnView {
    #[serde(flatten)]
    pub column: ColumnView,
    /// Whether an event that creates a record must give it: it is required, and the CRM does
    /// not make it up itself.
    pub required_on_create: bool,
    /// The types of fields that it can be read into.
    pub feeds: Vec<FeedsView>,
    /// The types of payload members that can be written to it.
    pub filled_by: Vec<FieldTypeView>,
    /// How a search can compare it.
    pub operators: Vec<OperatorView>,
}

/// A type that the app declares.
#[derive(Debug, Serialize, ToSchema)]
pub struct FieldTypeView {
    #[serde(rename = "type")]
    #[schema(value_type = String)]
    pub field_type: &'static str,
    #[schema(value_type = Option<String>)]
    pub format: Option<&'static str>,
}

/// A type of field, and how a column gets into it.
#[derive(Debug, Serialize, ToSchema)]
pub struct FeedsView {
    #[serde(flatten)]
    pub field_type: FieldTypeView,
    /// `direct`, or what `transform` of the mapping says: `date`, `find`, `collect`.
    #[schema(value_type = Vec<String>)]
    pub transforms: Vec<&'static str>,
}

/// An operator of the filter language.
#[derive(Debug, Serialize, ToSchema)]
pub struct OperatorView {
    #[schema(value_type = String)]
    pub op: Op,
    pub operands: Operands,
    pub evaluated_by: EvaluatedBy,
}

/// How many values an operator compares with.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Operands {
    None,
    One,
    Two,
    Many,
}

/// Who evaluates a condition.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EvaluatedBy {
    Crm,
}

impl From<FieldType> for FieldTypeView {
    fn from(it: FieldType) -> Self {
        let (field_type, format) = it.words();
        Self { field_type, format }
    }
}

impl From<Arity> for Operands {
    fn from(it: Arity) -> Self {
        match it {
            Arity::None => Self::None,
            Arity::One => Self::One,
            Arity::Two => Self::Two,
            Arity::Many => Self::Many,
        }
    }
}

impl LinkColumnView {
    pub fn of(entity: &Entity, column: &Column) -> Self {
        let is_composed =
            |it: &&native::Composed| it.entity == entity.name && it.column == column.name;
        let column_type = column.column_type;
        Self {
            required_on_create: column.required
                && column.createable
                && !native::COMPOSED.iter().any(|it| is_composed(&it)),
            feeds: feeds(column_type),
            filled_by: FIELD_TYPES
                .into_iter()
                .filter(|it| fills(*it, column_type))
                .map(Into::into)
                .collect(),
            operators: match column.filterable {
                true => operators(column_type),
                false => Vec::new(),
            },
            column: column.into(),
        }
    }
}

pub fn feeds(column_type: ColumnType) -> Vec<FeedsView> {
    let feeds = |wanted: FieldType| {
        let transforms: Vec<&str> =
            feeding(column_type, wanted).into_iter().map(Into::into).collect();
        (!transforms.is_empty()).then(|| FeedsView { field_type: wanted.into(), transforms })
    };
    FIELD_TYPES.into_iter().filter_map(feeds).collect()
}

fn operators(column_type: ColumnType) -> Vec<OperatorView> {
    let view = |op: Op| OperatorView {
        op,
        operands: op.arity().into(),
        // The records are here, and so is whoever judges them.
        evaluated_by: EvaluatedBy::Crm,
    };
    Op::VARIANTS.iter().copied().filter(|op| op.admits(column_type)).map(view).collect()
}

/// Lists the entities of a connection's CRM.
#[utoipa::path(
    get, path = "/api/platform_user/connection/{connection}/entities", tag = "link",
    security(("context_token" = [])),
    params(("connection" = String, Path, description = "Its id.")),
    responses(
        (status = 200, body = LinkEntityListing),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn list_link_entities(
    caller: OfContext,
    State(app): State<App>,
    PathParams(connection): PathParams<String>,
) -> Result<Json<LinkEntityListing>, ApiError> {
    let live: Arc<LiveConnection> = caller.connection(&app, &connection).await?;
    unless_pending(&app, &live)?;
    let entities = live.schema.entities.values().map(EntityView::from).collect();
    Ok(Json(LinkEntityListing { entities }))
}

/// Shows an entity with its columns, and what each can be used for.
#[utoipa::path(
    get, path = "/api/platform_user/connection/{connection}/entities/{entity}", tag = "link",
    security(("context_token" = [])),
    params(
        ("connection" = String, Path, description = "Its id."),
        ("entity" = String, Path, description = "Name of the entity."),
    ),
    responses(
        (status = 200, body = LinkEntityAnswer),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn get_link_entity(
    caller: OfContext,
    State(app): State<App>,
    PathParams((connection, entity)): PathParams<(String, String)>,
) -> Result<Json<LinkEntityAnswer>, ApiError> {
    let live = caller.connection(&app, &connection).await?;
    unless_pending(&app, &live)?;
    let entity = all::find(&live, &entity)?;
    let columns = entity.columns.iter().map(|it| LinkColumnView::of(entity, it)).collect();
    let display = entity.display.clone();
    Ok(Json(LinkEntityAnswer {
        entity: LinkEntityView { entity: entity.into(), display, columns },
    }))
}

/// # Errors
/// 424 while the schema of a CRM has not been read.
pub fn unless_pending(app: &App, live: &LiveConnection) -> Result<(), ApiError> {
    let connector = app.connectors.find(&live.row.connector);
    let is_native = connector.is_some_and(|it| it.descriptor().is_native);
    match live.schema.entities.is_empty() && !is_native {
        true => Err(Problem::SchemaPending.into()),
        false => Ok(()),
    }
}
