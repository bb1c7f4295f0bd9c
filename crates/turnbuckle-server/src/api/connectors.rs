//! The connectors that this server has.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use turnbuckle_connectors::auth::AuthScheme;
use turnbuckle_connectors::connector::{Capability, Connector};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::listing::{Listing, ListingQuery, PageView};
use crate::app::App;
use crate::auth::CanRead;
use crate::extract::QueryParams;
use crate::problem::{ApiError, Problem, ProblemBody};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list_connectors))
}

/// Our code for one provider.
#[derive(Debug, Serialize, ToSchema)]
pub struct ConnectorView {
    /// What `connector` of a connection says.
    #[schema(value_type = String)]
    pub slug: &'static str,
    #[schema(value_type = String)]
    pub display_name: &'static str,
    /// How an end user authorises us.
    #[schema(value_type = String)]
    pub auth: AuthScheme,
    /// Whether its records lie in this hub.
    pub is_native: bool,
    /// What it can do today.
    #[schema(value_type = Vec<String>)]
    pub capabilities: &'static [Capability],
}

impl From<&dyn Connector> for ConnectorView {
    fn from(it: &dyn Connector) -> Self {
        let it = it.descriptor();
        Self {
            slug: it.slug,
            display_name: it.display_name,
            auth: it.auth,
            is_native: it.is_native,
            capabilities: it.capabilities,
        }
    }
}

#[derive(Debug, Serialize, ToSchema)]
pub struct ConnectorListing {
    pub connectors: Vec<ConnectorView>,
    pub page: PageView,
}

/// Lists the connectors with what each can do.
#[utoipa::path(
    get, path = "/api/v1/connectors", tag = "connectors", params(ListingQuery),
    responses(
        (status = 200, body = ConnectorListing),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn list_connectors(
    CanRead(caller): CanRead,
    State(app): State<App>,
    QueryParams(query): QueryParams<ListingQuery>,
) -> Result<Json<ConnectorListing>, ApiError> {
    let listing = Listing { workspace: caller.workspace, name: "connectors" };
    let connectors = app.connectors.all().iter().map(|it| ConnectorView::from(*it)).collect();
    let (connectors, page) = listing.slice(&app, connectors, &query)?;
    Ok(Json(ConnectorListing { connectors, page }))
}

/// The connector of this slug.
///
/// # Errors
/// 404
pub fn find(app: &App, slug: &str) -> Result<&'static dyn Connector, ApiError> {
    app.connectors.find(slug).ok_or_else(|| {
        let detail = format!("no connector `{slug}`");
        ApiError::new(Problem::ConnectorNotFound, detail)
    })
}
