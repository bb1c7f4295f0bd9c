//! The webhook log: every inbound event with its bytes, its headers and how it
//! ended, and the means to process events again.

mod replay;
mod view;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use turnbuckle_core::id::{InboundEventId, SourceId};
use turnbuckle_core::invalid::Invalid;
use turnbuckle_store::inbound::EventFilter;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::listing::{Listing, ListingQuery, PageView};
use crate::api::time::parse_optional;
use crate::app::App;
use crate::auth::CanRead;
use crate::extract::{PathParams, QueryParams};
use crate::problem::{ApiError, Problem, ProblemBody};

pub use view::{BodyEncoding, EventStatus, InboundEventDetailView, InboundEventView};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_inbound_events))
        .routes(routes!(get_inbound_event))
        .routes(routes!(replay::replay_inbound_events))
        .routes(routes!(replay::get_replay))
}

#[derive(Serialize, ToSchema)]
pub struct InboundEventAnswer {
    inbound_event: InboundEventDetailView,
}

#[derive(Serialize, ToSchema)]
pub struct InboundEventsAnswer {
    inbound_events: Vec<InboundEventView>,
    page: PageView,
}

/// Which lines of the log. All that are given must hold.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct InboundEventsQuery {
    /// Items wanted, 1 to 200; 50 if not given.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<usize>,
    /// `page.next` of the page before.
    cursor: Option<String>,
    /// Id of the source.
    source: Option<String>,
    #[param(inline)]
    status: Option<EventStatus>,
    /// Received at or after this time.
    #[param(format = DateTime)]
    since: Option<String>,
    /// Received before this time.
    #[param(format = DateTime)]
    until: Option<String>,
    /// An entity of which a record was written.
    entity: Option<String>,
    /// Id of a record that was written, plain or behind its entity (`Lead:…`).
    record: Option<String>,
    /// Part of the error.
    error: Option<String>,
}

impl InboundEventsQuery {
    fn filter(&self) -> Result<EventFilter, ApiError> {
        Ok(EventFilter {
            source: self.source.as_deref().map(|id| parse_source("?source", id)).transpose()?,
            status: self.status.map(EventStatus::into),
            since: parse_optional("?since", self.since.as_deref())?,
            until: parse_optional("?until", self.until.as_deref())?,
            entity: self.entity.clone(),
            record: self.record.as_deref().map(plain_id),
            error: self.error.clone(),
        })
    }
}

/// The id that the log keeps, also of one as the rest of the API shows it: `Lead:…`.
fn plain_id(record: &str) -> String {
    record.rsplit(':').next().unwrap_or(record).to_owned()
}

fn parse_source(path: &str, id: &str) -> Result<SourceId, ApiError> {
    SourceId::parse(id)
        .map_err(|error| ApiError::invalid(vec![Invalid::new(path, error.to_string())]))
}

/// Lists the webhook log, newest first.
#[utoipa::path(
    get,
    path = "/api/v1/inbound-events",
    tag = "inbound-events",
    params(InboundEventsQuery),
    responses(
        (status = 200, body = InboundEventsAnswer),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
async fn list_inbound_events(
    CanRead(caller): CanRead,
    State(app): State<App>,
    QueryParams(query): QueryParams<InboundEventsQuery>,
) -> Result<Json<InboundEventsAnswer>, ApiError> {
    let filter = query.filter()?;
    // A cursor goes on in the listing it comes from, under the same filter.
    let name = format!("inbound-events/{filter:?}");
    let listing = Listing { workspace: caller.workspace, name: &name };
    let page = listing.request(&app, &ListingQuery { limit: query.limit, cursor: query.cursor })?;
    let listed = app.store.events(caller.workspace, &filter, page).await?;
    Ok(Json(InboundEventsAnswer {
        inbound_events: listed.items.iter().map(InboundEventView::from).collect(),
        page: listing.page(&app, listed.next),
    }))
}

/// Shows an inbound event as it was received, and how it ended.
#[utoipa::path(
    get,
    path = "/api/v1/inbound-events/{event}",
    tag = "inbound-events",
    params(("event" = String, Path, description = "Id of the inbound event")),
    responses(
        (status = 200, body = InboundEventAnswer),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
async fn get_inbound_event(
    CanRead(caller): CanRead,
    State(app): State<App>,
    PathParams(id): PathParams<String>,
) -> Result<Json<InboundEventAnswer>, ApiError> {
    let found = match InboundEventId::parse(&id) {
        Ok(id) => app.store.event(caller.workspace, id).await?,
        Err(_) => None,
    };
    let logged = found.ok_or_else(|| {
        ApiError::new(Problem::InboundEventNotFound, "the log has no such inbound event")
    })?;
    Ok(Json(InboundEventAnswer { inbound_event: InboundEventDetailView::from(&logged) }))
}
