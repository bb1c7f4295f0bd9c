//! Connecting a CRM, and disconnecting it.
//!
//! A connection to the built-in CRM is active at once: there is nobody to ask.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use turnbuckle_connectors::registry;
use turnbuckle_core::id::check_chosen_id;
use turnbuckle_core::invalid::Invalid;
use turnbuckle_store::StoreError;
use turnbuckle_store::connection::{ABSENT, Connection, PutConnection};
use turnbuckle_store::page::PageRequest;
use utoipa::{IntoParams, ToSchema};

use super::caller::OfContext;
use super::connectors::{self, LinkConnectorView};
use crate::api::connections as all;
use crate::app::App;
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

/// Whether the CRM lets us in.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuthorizationView {
    pub id: String,
    pub status: AuthorizationStatus,
    pub display_label: Option<String>,
    pub error_code: Option<String>,
    /// Why not, and the cure.
    pub error_message: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AuthorizationStatus {
    Active,
    Error,
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
    pub fn of(it: &Connection) -> Self {
        let error_message = it.error.clone();
        let (status, error_code) = match error_message.is_some() {
            true => (AuthorizationStatus::Error, Some("error".to_owned())),
            false => (AuthorizationStatus::Active, None),
        };
        let id = it.id.clone();
        let authorization =
            AuthorizationView { id, status, display_label: None, error_code, error_message };
        Self { id: it.id.clone(), enabled: true, authorization, connector: None }
    }

    fn with_connector(it: &Connection) -> Self {
        let connector = registry::find(&it.connector).map(LinkConnectorView::of);
        Self { connector, ..Self::of(it) }
    }
}

fn answer(it: &Connection) -> Json<LinkConnectionAnswer> {
    Json(LinkConnectionAnswer { connection: LinkConnectionView::with_connector(it) })
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
    let connections = found.iter().map(LinkConnectionView::with_connector).collect();
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
    connectors::find(&slug)?;
    let found = of_context(&app, &caller, Some(&slug)).await?;
    let none = || {
        let detail = format!("the context has no connection at `{slug}`");
        ApiError::new(Problem::ConnectionNotFound, detail)
    };
    Ok(answer(found.first().ok_or_else(none)?))
}

/// Connects a CRM, or connects it again: under an id that is there the connection stays as it
/// is mapped.
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
    PathParams(slug): PathParams<String>,
    JsonBody(wanted): JsonBody<Connect>,
) -> Result<Json<LinkConnectionAnswer>, ApiError> {
    let connector = connectors::find(&slug)?;
    let Connect { id, time_zone } = wanted;
    check_chosen_id("connection", &id)
        .map_err(|error| ApiError::invalid(vec![Invalid::new("/id", error.to_string())]))?;
    let time_zone = all::zone_name(time_zone.as_deref().unwrap_or("UTC"))
        .map_err(|detail| ApiError::invalid(vec![Invalid::new("/time_zone", detail)]))?;
    match app.catalog.connection(caller.workspace.id, &id).await {
        Ok(_) => {
            let live = caller.connection(&app, &id).await?;
            if live.row.connector != connector.descriptor().slug {
                let detail = format!(
                    "`{id}` is a connection of `{}`, which cannot change; disconnect it first",
                    live.row.connector
                );
                return Err(ApiError::new(Problem::StateConflict, detail));
            }
            Ok(answer(&live.row))
        }
        Err(StoreError::NotFound { .. }) => {
            let context = caller.context.external_id.clone();
            let put = PutConnection { id, context, connector: slug, time_zone };
            // Whoever is first with an id has it.
            let (connection, _) = all::store(&app, caller.workspace.id, put, Some(ABSENT)).await?;
            Ok(answer(&connection))
        }
        Err(error) => Err(error.into()),
    }
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
    Ok(answer(&caller.connection(&app, &id).await?.row))
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
    let row = caller.connection(&app, &id).await?.row.clone();
    // Had it gone to another context meanwhile, it would have another version.
    app.store.delete_connection(caller.workspace.id, &id, Some(row.version)).await?;
    let answer = answer(&row);
    all::deleted(&app, &[row]).await;
    Ok(answer)
}
