//! Connecting a CRM, and disconnecting it.
//!
//! A connection to the built-in CRM is active at once: there is nobody to ask. At every other it
//! is there once its end user has authorised it ([`crate::authorizations`]); until then an
//! authorization is shown in its place.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use turnbuckle_connectors::auth::AuthScheme;
use turnbuckle_core::id::check_chosen_id;
use turnbuckle_core::invalid::Invalid;
use turnbuckle_store::StoreError;
use turnbuckle_store::authorization::{Authorization, AuthorizationStatus as Status};
use turnbuckle_store::connection::{ABSENT, Connection, PutConnection};
use turnbuckle_store::page::PageRequest;
use utoipa::{IntoParams, ToSchema};

use super::authorizations::AuthorizationView;
use super::caller::OfContext;
use super::connectors::LinkConnectorView;
use crate::api::authorization_pages::callback_url;
use crate::api::{connections as all, connectors};
use crate::app::App;
use crate::authorizations;
use crate::base_url::BaseUrl;
use crate::extract::{JsonBody, PathParams, QueryParams};
use crate::problem::{ApiError, Problem, ProblemBody};

/// Most connections that are listed.
const LISTED_MAX: usize = 200;

/// A connection as the page of its end user sees it.
#[derive(Debug, Serialize, ToSchema)]
pub struct LinkConnectionView {
    pub id: String,
    /// Whether somebody has connected it and not disconnected it since.
    pub enabled: bool,
    pub authorization: AuthorizationView,
    /// Not where its connector is what it is listed under.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connector: Option<LinkConnectorView>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct LinkConnectionAnswer {
    pub connection: LinkConnectionView,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct LinkConnectionListing {
    pub connections: Vec<LinkConnectionView>,
}

/// What to connect.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Connect {
    /// Chosen by the app, or by its page.
    #[schema(min_length = 1, max_length = 200, example = "acme-crm")]
    pub id: String,
    /// IANA name of the end user's time zone, for a new connection. UTC if not given.
    #[schema(example = "Europe/Berlin")]
    pub time_zone: Option<String>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct LinkConnectionsQuery {
    /// Only those of this connector.
    pub slug: Option<String>,
}

impl LinkConnectionView {
    pub fn of(app: &App, it: &Connection) -> Self {
        let authorization = AuthorizationView::settled(app, it);
        Self { id: it.id.clone(), enabled: true, authorization, connector: None }
    }

    fn with_connector(app: &App, it: &Connection) -> Self {
        Self { connector: connector(app, &it.connector), ..Self::of(app, it) }
    }
}

fn connector(app: &App, slug: &str) -> Option<LinkConnectorView> {
    app.connectors.find(slug).map(LinkConnectorView::of)
}

fn answer(app: &App, it: &Connection) -> Json<LinkConnectionAnswer> {
    Json(LinkConnectionAnswer { connection: LinkConnectionView::with_connector(app, it) })
}

/// A connection, there or in error, with the authorization that is to mend that.
async fn awaiting(
    app: &App,
    it: &Authorization,
    is_there: bool,
) -> Result<Json<LinkConnectionAnswer>, ApiError> {
    let connection = LinkConnectionView {
        id: it.connection.id.clone(),
        enabled: is_there,
        authorization: AuthorizationView::of(app, it).await?,
        connector: connector(app, &it.connection.connector),
    };
    Ok(Json(LinkConnectionAnswer { connection }))
}

/// Those of the context, newest first.
pub async fn of_context(
    app: &App,
    caller: &OfContext,
    connector: Option<&str>,
) -> Result<Vec<Connection>, ApiError> {
    let page = PageRequest { limit: LISTED_MAX, after: None };
    let context = Some(caller.context.external_id.as_str());
    let mut found = app.store.connections(caller.workspace.id, context, page).await?.items;
    found.retain(|it| connector.is_none_or(|slug| it.connector == slug));
    Ok(found)
}

/// Lists the connections of the context, newest first.
#[utoipa::path(
    get, path = "/api/platform_user/connections", tag = "link", params(LinkConnectionsQuery),
    security(("context_token" = [])),
    responses(
        (status = 200, body = LinkConnectionListing),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn list_link_connections(
    caller: OfContext,
    State(app): State<App>,
    QueryParams(query): QueryParams<LinkConnectionsQuery>,
) -> Result<Json<LinkConnectionListing>, ApiError> {
    let found = of_context(&app, &caller, query.slug.as_deref()).await?;
    let connections = found.iter().map(|it| LinkConnectionView::with_connector(&app, it)).collect();
    Ok(Json(LinkConnectionListing { connections }))
}

/// Shows the newest connection that the context has at a connector.
#[utoipa::path(
    get, path = "/api/platform_user/connections/{connector}", tag = "link",
    security(("context_token" = [])),
    params(("connector" = String, Path, description = "Slug of the connector.")),
    responses(
        (status = 200, body = LinkConnectionAnswer),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn get_connection_of_connector(
    caller: OfContext,
    State(app): State<App>,
    PathParams(slug): PathParams<String>,
) -> Result<Json<LinkConnectionAnswer>, ApiError> {
    Ok(answer(&app, &newest(&app, &caller, &slug).await?))
}

/// The newest connection of the context at a connector.
///
/// # Errors
/// 404
async fn newest(app: &App, caller: &OfContext, slug: &str) -> Result<Connection, ApiError> {
    connectors::find(app, slug)?;
    let found = of_context(app, caller, Some(slug)).await?;
    let none = || {
        let detail = format!("the context has no connection at `{slug}`");
        ApiError::new(Problem::ConnectionNotFound, detail)
    };
    found.into_iter().next().ok_or_else(none)
}

/// Connects a CRM, or connects it again: under an id that is there the connection stays as it
/// is mapped. Where the end user must authorise it, the answer says how, and it is connected when
/// they have.
#[utoipa::path(
    post, path = "/api/platform_user/connections/{connector}", tag = "link",
    request_body = Connect, security(("context_token" = [])),
    params(("connector" = String, Path, description = "Slug of the connector.")),
    responses(
        (status = 200, body = LinkConnectionAnswer),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn connect(
    caller: OfContext,
    State(app): State<App>,
    base: BaseUrl,
    PathParams(slug): PathParams<String>,
    JsonBody(wanted): JsonBody<Connect>,
) -> Result<Json<LinkConnectionAnswer>, ApiError> {
    let connector = connectors::find(&app, &slug)?;
    let Connect { id, time_zone } = wanted;
    check_chosen_id("connection", &id)
        .map_err(|error| ApiError::invalid(vec![Invalid::new("/id", error.to_string())]))?;
    let time_zone = all::zone_name(time_zone.as_deref().unwrap_or("UTC"))
        .map_err(|detail| ApiError::invalid(vec![Invalid::new("/time_zone", detail)]))?;
    let is_there = match app.catalog.connection(caller.workspace.id, &id).await {
        Ok(_) => {
            let live = caller.connection(&app, &id).await?;
            if live.row.connector != connector.descriptor().slug {
                let detail = format!(
                    "`{id}` is a connection of `{}`, which cannot change; disconnect it first",
                    live.row.connector
                );
                return Err(ApiError::new(Problem::StateConflict, detail));
            }
            if live.row.error.is_none() || connector.descriptor().auth == AuthScheme::None {
                return Ok(answer(&app, &live.row));
            }
            true
        }
        Err(StoreError::NotFound { .. }) => false,
        Err(error) => return Err(error.into()),
    };
    let (workspace, context) = (caller.workspace.id, caller.context.external_id.clone());
    let put = PutConnection { id, context, connector: slug, time_zone };
    if connector.descriptor().auth == AuthScheme::None {
        // Whoever is first with an id has it.
        let (connection, _) = all::store(&app, workspace, put, Some(ABSENT)).await?;
        return Ok(answer(&app, &connection));
    }
    let back = callback_url(&base);
    let begun = authorizations::begin(&app, workspace, connector, put, back).await?;
    awaiting(&app, &begun, is_there).await
}

/// Shows a connection.
#[utoipa::path(
    get, path = "/api/platform_user/connection/{connection}", tag = "link",
    security(("context_token" = [])),
    params(("connection" = String, Path, description = "Its id.")),
    responses(
        (status = 200, body = LinkConnectionAnswer),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn get_link_connection(
    caller: OfContext,
    State(app): State<App>,
    PathParams(id): PathParams<String>,
) -> Result<Json<LinkConnectionAnswer>, ApiError> {
    let found = caller.connection(&app, &id).await;
    let row = match &found {
        Ok(live) if live.row.error.is_none() => return Ok(answer(&app, &live.row)),
        Ok(live) => Some(&live.row),
        Err(_) => None,
    };
    let begun = app.store.authorization_of(caller.workspace.id, &id).await?;
    let begun = begun.filter(|it| {
        it.connection.context == caller.context.external_id && it.status != Status::Active
    });
    match (begun, row) {
        (Some(begun), row) => awaiting(&app, &begun, row.is_some()).await,
        (None, Some(row)) => Ok(answer(&app, row)),
        (None, None) => found.map(|live| answer(&app, &live.row)),
    }
}

/// Disconnects a CRM: deletes the connection and everything that was stored for it. Answers it
/// as it was.
#[utoipa::path(
    delete, path = "/api/platform_user/connection/{connection}", tag = "link",
    security(("context_token" = [])),
    params(("connection" = String, Path, description = "Its id.")),
    responses(
        (status = 200, body = LinkConnectionAnswer),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn disconnect(
    caller: OfContext,
    State(app): State<App>,
    PathParams(id): PathParams<String>,
) -> Result<Json<LinkConnectionAnswer>, ApiError> {
    end(&app, caller.connection(&app, &id).await?.row.clone()).await
}

/// Disconnects the newest connection that the context has at a connector.
#[utoipa::path(
    delete, path = "/api/platform_user/connections/{connector}", tag = "link",
    security(("context_token" = [])),
    params(("connector" = String, Path, description = "Slug of the connector.")),
    responses(
        (status = 200, body = LinkConnectionAnswer),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn disconnect_of_connector(
    caller: OfContext,
    State(app): State<App>,
    PathParams(slug): PathParams<String>,
) -> Result<Json<LinkConnectionAnswer>, ApiError> {
    let row = newest(&app, &caller, &slug).await?;
    end(&app, row).await
}

async fn end(app: &App, row: Connection) -> Result<Json<LinkConnectionAnswer>, ApiError> {
    let answer = answer(app, &row);
    // Had it gone to another context meanwhile, it would have another version.
    let version = Some(row.version);
    all::delete(app, row, version).await?;
    Ok(answer)
}
