//! The delivery log: every message on its way to an endpoint, and how its
//! attempts ended.

mod view;

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use turnbuckle_core::id::{DeliveryId, EndpointId};
use turnbuckle_core::invalid::Invalid;
use turnbuckle_store::StoreError;
use turnbuckle_store::delivery::DeliveryFilter;
use turnbuckle_store::error::Noun;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::listing::{Listing, ListingQuery, PageView};
use crate::api::time::parse_optional;
use crate::app::App;
use crate::auth::{CanManage, CanRead};
use crate::extract::{PathParams, QueryParams};
use crate::problem::{ApiError, ProblemBody};

pub use view::{AttemptView, DeliveryDetailView, DeliveryStatusView, DeliveryView};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_deliveries))
        .routes(routes!(get_delivery))
        .routes(routes!(resend_delivery))
}

#[derive(Debug, Serialize, ToSchema)]
pub struct DeliveriesAnswer {
    pub deliveries: Vec<DeliveryView>,
    pub page: PageView,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct DeliveryAnswer {
    pub delivery: DeliveryView,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct DeliveryDetailAnswer {
    pub delivery: DeliveryDetailView,
}

/// Which lines of the log. All that are given must hold.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct DeliveriesQuery {
    /// Id of the endpoint.
    pub endpoint: Option<String>,
    #[param(inline)]
    pub status: Option<DeliveryStatusView>,
    /// Stored at or after this time.
    #[param(format = DateTime)]
    pub since: Option<String>,
    /// Stored before this time.
    #[param(format = DateTime)]
    pub until: Option<String>,
    /// Items wanted, 1 to 200; 50 if not given.
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<usize>,
    /// `page.next` of the page before.
    pub cursor: Option<String>,
}

impl DeliveriesQuery {
    fn filter(&self) -> Result<DeliveryFilter, ApiError> {
        let endpoint = |id: &str| {
            EndpointId::parse(id).map_err(|error| {
                ApiError::invalid(vec![Invalid::new("?endpoint", error.to_string())])
            })
        };
        Ok(DeliveryFilter {
            endpoint: self.endpoint.as_deref().map(endpoint).transpose()?,
            status: self.status.map(DeliveryStatusView::into),
            since: parse_optional("?since", self.since.as_deref())?,
            until: parse_optional("?until", self.until.as_deref())?,
        })
    }
}

/// Lists the delivery log, newest first.
#[utoipa::path(
    get,
    path = "/api/v1/deliveries",
    tag = "deliveries",
    params(DeliveriesQuery),
    responses(
        (status = 200, body = DeliveriesAnswer),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn list_deliveries(
    CanRead(caller): CanRead,
    State(app): State<App>,
    QueryParams(query): QueryParams<DeliveriesQuery>,
) -> Result<Json<DeliveriesAnswer>, ApiError> {
    let filter = query.filter()?;
    let name = format!("deliveries/{filter:?}");
    let listing = Listing { workspace: caller.workspace, name: &name };
    let page = listing.request(&app, &ListingQuery { limit: query.limit, cursor: query.cursor })?;
    let listed = app.store.deliveries(caller.workspace, &filter, page).await?;
    Ok(Json(DeliveriesAnswer {
        deliveries: listed.items.iter().map(DeliveryView::from).collect(),
        page: listing.page(&app, listed.next),
    }))
}

/// Shows a delivery with its body and its attempts.
#[utoipa::path(
    get,
    path = "/api/v1/deliveries/{delivery}",
    tag = "deliveries",
    params(("delivery" = String, Path, description = "Id of the delivery")),
    responses(
        (status = 200, body = DeliveryDetailAnswer),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn get_delivery(
    CanRead(caller): CanRead,
    State(app): State<App>,
    PathParams(id): PathParams<String>,
) -> Result<Json<DeliveryDetailAnswer>, ApiError> {
    let found = app.store.delivery(caller.workspace, parse(&id)?).await?;
    let (delivery, attempts) = found.ok_or_else(|| not_found(&id))?;
    Ok(Json(DeliveryDetailAnswer { delivery: DeliveryDetailView::of(&delivery, attempts) }))
}

/// Sends a delivery again, with its old id and body and out of order. One that waits to be tried
/// again is tried at once; one that waits for another about the same record goes on waiting.
#[utoipa::path(
    post,
    path = "/api/v1/deliveries/{delivery}/resend",
    tag = "deliveries",
    params(("delivery" = String, Path, description = "Id of the delivery")),
    responses(
        (status = 202, body = DeliveryAnswer),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn resend_delivery(
    CanManage(caller): CanManage,
    State(app): State<App>,
    PathParams(id): PathParams<String>,
) -> Result<impl IntoResponse, ApiError> {
    let delivery = parse(&id)?;
    let due = app.store.resend(caller.workspace, delivery).await?;
    app.lanes.wake(due.workspace, due.endpoint);
    let found = app.store.delivery(caller.workspace, delivery).await?;
    let (delivery, _) = found.ok_or_else(|| not_found(&id))?;
    let answer = DeliveryAnswer { delivery: DeliveryView::from(&delivery) };
    Ok((StatusCode::ACCEPTED, Json(answer)))
}

fn parse(id: &str) -> Result<DeliveryId, ApiError> {
    DeliveryId::parse(id).map_err(|_| not_found(id))
}

fn not_found(id: &str) -> ApiError {
    StoreError::not_found(Noun::Delivery, id).into()
}
