//! Listing what the app subscribed to.
//!
//! Subscriptions are made and ended at the object or the search that they
//! follow, see [`crate::api::crm`].

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use turnbuckle_core::record::universal_id;
use turnbuckle_store::subscription::{Followed, Subscription};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::listing::{Listing, ListingQuery, PageView};
use crate::api::time::rfc3339;
use crate::app::App;
use crate::auth::CanReadOf;
use crate::extract::QueryParams;
use crate::problem::{ApiError, ProblemBody};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list_subscriptions))
}

/// The wish to hear of changes to one record, or to the records that match a search.
#[derive(Debug, Serialize, ToSchema)]
pub struct SubscriptionView {
    #[schema(example = "sub_0190a3c25c3e7d529a103f6b1c2d4e5f")]
    pub id: String,
    pub connection: String,
    pub object: String,
    /// The record that is followed: `Entity:id`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record_id: Option<String>,
    /// The search that is followed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<String>,
    /// What the search is made with.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub payload: Option<Map<String, Value>>,
    #[schema(format = DateTime)]
    pub created_at: String,
}

impl From<Subscription> for SubscriptionView {
    fn from(it: Subscription) -> Self {
        let (record_id, event, payload) = match it.followed {
            Followed::Record { entity, id } => (Some(universal_id(&entity, &id)), None, None),
            Followed::Search { event, payload } => (None, Some(event), Some(payload)),
        };
        Self {
            id: it.id.to_string(),
            connection: it.connection,
            object: it.object,
            record_id,
            event,
            payload,
            created_at: rfc3339(it.created_at),
        }
    }
}

#[derive(Debug, Serialize, ToSchema)]
pub struct SubscriptionsAnswer {
    pub subscriptions: Vec<SubscriptionView>,
    pub page: PageView,
}

/// Which subscriptions. All that are given must hold.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct SubscriptionsQuery {
    /// Id of the connection.
    pub connection: Option<String>,
    /// An object that the app declared.
    pub object: Option<String>,
    /// Items wanted, 1 to 200; 50 if not given.
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<usize>,
    /// `page.next` of the page before.
    pub cursor: Option<String>,
}

/// Lists subscriptions, newest first.
#[utoipa::path(
    get,
    path = "/api/v1/subscriptions",
    tag = "subscriptions",
    params(SubscriptionsQuery),
    responses(
        (status = 200, body = SubscriptionsAnswer),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn list_subscriptions(
    CanReadOf(caller): CanReadOf,
    State(app): State<App>,
    QueryParams(query): QueryParams<SubscriptionsQuery>,
) -> Result<Json<SubscriptionsAnswer>, ApiError> {
    let SubscriptionsQuery { connection, object, limit, cursor } = query;
    let (connection, object) = (connection.as_deref(), object.as_deref());
    let name = format!("subscriptions/{connection:?}/{object:?}");
    let listing = Listing { workspace: caller.workspace, name: &name };
    let page = listing.request(&app, &ListingQuery { limit, cursor })?;
    let listed = app.store.subscriptions(caller.workspace, connection, object, page).await?;
    Ok(Json(SubscriptionsAnswer {
        subscriptions: listed.items.into_iter().map(SubscriptionView::from).collect(),
        page: listing.page(&app, listed.next),
    }))
}
