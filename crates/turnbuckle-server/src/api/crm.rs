//! The universal CRM API: records of any CRM in the fields that the app
//! declared, by the mapping that the connection's user made.
//!
//! What an object answers depends on where it stands:
//!
//! | the object | reading a record | search | create, update, delete |
//! |---|---|---|---|
//! | is not declared | 404 | 404 | 404 |
//! | is not mapped, or the event has no action | 409 | 409 | 409 |
//! | was opted out of | 404 | 200, empty | 204 |
//! | is mapped, the event to `noop` | | 200, empty | 204 |
//! | is mapped | 200 | 200 | 201, 200, 204 |
//!
//! Which records an app may see is said by the user in the mapping alone, so
//! there is no way around it here: no free search, and a record of another
//! entity than the mapped one is not found.

mod events;
pub mod object;
mod records;
pub mod search;
mod subscriptions;
mod write;

use serde::Serialize;
use serde_json::{Map, Value as Json};
use turnbuckle_core::record::{Record, Related, universal_id};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::catalog::{LiveConnection, LiveObject};
use crate::expressions;
use crate::problem::ApiError;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(records::get_crm_record))
        .routes(routes!(records::get_crm_records))
        .routes(routes!(events::invoke_event))
        .routes(routes!(subscriptions::subscribe_to_record, subscriptions::unsubscribe_from_record))
        .routes(routes!(subscriptions::subscribe_to_search, subscriptions::unsubscribe_from_search))
}

/// A record in the app's own fields.
#[derive(Debug, Serialize, ToSchema)]
pub struct CrmRecordView {
    /// The object that it was asked for as.
    #[serde(rename = "type")]
    #[schema(example = "opportunity")]
    pub object: String,
    /// Entity and id in the CRM; take it as it is.
    #[schema(example = "Opportunity:0190a3c2-5c3e-7d52-9a10-3f6b1c2d4e5f")]
    pub id: String,
    /// Every declared field. What is not mapped or has no value is null, or `{}` where
    /// the field is an object. A key that may write but not read is answered without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub data: Option<Map<String, Json>>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct CrmRecordAnswer {
    pub record: CrmRecordView,
}

impl CrmRecordView {
    /// Renders records in their order; none when the CRM no longer has the entity.
    async fn render_all(
        app: &App,
        live: &LiveConnection,
        object: &LiveObject,
        records: &[&Record],
        related: &Related,
    ) -> Result<Vec<Self>, ApiError> {
        let entity = &object.mapping.entity;
        let computed = expressions::of_fields(app, live, object, records).await?;
        let view = |(record, computed): (&&Record, Vec<Json>)| {
            let image = live.image(entity, record, related)?;
            Some(Self {
                object: object.slug.clone(),
                id: universal_id(entity, &record.id),
                data: Some(object.compiled.render(&image, &computed)),
            })
        };
        Ok(records.iter().zip(computed).filter_map(view).collect())
    }

    /// `None` when the CRM no longer has the entity.
    async fn render(
        app: &App,
        live: &LiveConnection,
        object: &LiveObject,
        record: &Record,
        related: &Related,
    ) -> Result<Option<Self>, ApiError> {
        let views = Self::render_all(app, live, object, &[record], related).await?;
        Ok(views.into_iter().next())
    }
}
