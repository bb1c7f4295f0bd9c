//! The CRMs that an end user can choose from.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use turnbuckle_connectors::auth::AuthScheme;
use turnbuckle_connectors::connector::Connector;
use utoipa::ToSchema;

use super::caller::OfContext;
use super::connections::{self, LinkConnectionView};
use super::platform::Meant;
use crate::api::connectors::find;
use crate::app::App;
use crate::extract::PathParams;
use crate::problem::{ApiError, Problem, ProblemBody};

/// A CRM, as an end user chooses among them.
#[derive(Debug, Serialize, ToSchema)]
pub struct LinkConnectorView {
    pub name: String,
    pub slug: String,
    pub short_description: String,
    /// Where its picture is.
    pub mark_url: Option<String>,
    /// Whether it can be mapped; every connector of this hub can.
    pub crm: bool,
    pub supports_multiple_connections: bool,
    /// How the end user authorises the app: `none` where there is nobody to ask.
    #[schema(value_type = String)]
    pub auth: AuthScheme,
    /// Those that the context has. Not with a connection.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(no_recursion)]
    pub connections: Option<Vec<LinkConnectionView>>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct LinkConnectorListing {
    pub connectors: Vec<LinkConnectorView>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct LinkConnectorAnswer {
    pub connector: LinkConnectorView,
}

impl LinkConnectorView {
    pub fn of(connector: &dyn Connector) -> Self {
        let it = connector.descriptor();
        Self {
            name: it.display_name.to_owned(),
            slug: it.slug.to_owned(),
            short_description: it.short_description.to_owned(),
            mark_url: None,
            crm: true,
            supports_multiple_connections: true,
            auth: it.auth,
            connections: None,
        }
    }

    async fn with_connections(app: &App, caller: &OfContext) -> Result<Vec<Self>, ApiError> {
        let found = connections::of_context(app, caller, None).await?;
        let connector = |it: &&dyn Connector| {
            let slug = it.descriptor().slug;
            let of_it = found.iter().filter(|it| it.connector == slug);
            let connections = Some(of_it.map(|it| LinkConnectionView::of(app, it)).collect());
            Self { connections, ..Self::of(*it) }
        };
        Ok(app.connectors.all().iter().map(connector).collect())
    }
}

/// Lists the CRMs, with the connections that the context has.
#[utoipa::path(
    get, path = "/api/platform_user/connectors", tag = "link", security(("context_token" = [])),
    responses(
        (status = 200, body = LinkConnectorListing),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn list_link_connectors(
    caller: OfContext,
    State(app): State<App>,
) -> Result<Json<LinkConnectorListing>, ApiError> {
    let connectors = LinkConnectorView::with_connections(&app, &caller).await?;
    Ok(Json(LinkConnectorListing { connectors }))
}

/// Shows a CRM, with the connections that the context has.
#[utoipa::path(
    get, path = "/api/platform_user/connectors/{connector}", tag = "link",
    security(("context_token" = [])),
    params(("connector" = String, Path, description = "Slug of the connector.")),
    responses(
        (status = 200, body = LinkConnectorAnswer),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn get_link_connector(
    caller: OfContext,
    State(app): State<App>,
    PathParams(slug): PathParams<String>,
) -> Result<Json<LinkConnectorAnswer>, ApiError> {
    find(&app, &slug)?;
    let all = LinkConnectorView::with_connections(&app, &caller).await?;
    let connector = all.into_iter().find(|it| it.slug == slug);
    let connector = connector.ok_or_else(|| ApiError::from(Problem::ConnectorNotFound))?;
    Ok(Json(LinkConnectorAnswer { connector }))
}

/// Lists the CRMs to a page that has no token yet.
#[utoipa::path(
    get, path = "/api/platform_user/platform/connectors", tag = "link",
    security((), ("context_token" = [])),
    responses(
        (status = 200, body = LinkConnectorListing),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn list_connectors_of_platform(
    _: Meant,
    State(app): State<App>,
) -> Json<LinkConnectorListing> {
    let connectors = app.connectors.all().iter().map(|it| LinkConnectorView::of(*it)).collect();
    Json(LinkConnectorListing { connectors })
}

/// Shows a CRM to a page that has no token yet.
#[utoipa::path(
    get, path = "/api/platform_user/platform/connectors/{connector}", tag = "link",
    security((), ("context_token" = [])),
    params(("connector" = String, Path, description = "Slug of the connector.")),
    responses(
        (status = 200, body = LinkConnectorAnswer),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn get_connector_of_platform(
    _: Meant,
    State(app): State<App>,
    PathParams(slug): PathParams<String>,
) -> Result<Json<LinkConnectorAnswer>, ApiError> {
    Ok(Json(LinkConnectorAnswer { connector: LinkConnectorView::of(find(&app, &slug)?) }))
}
