//! Connections: one context's account at one provider.
//!
//! A connection to the built-in CRM is ready at once, with the delivered
//! entities and the records that their lookups start with.

mod view;

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use http::{HeaderName, HeaderValue, StatusCode};
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use turnbuckle_connectors::auth::AuthScheme;
use turnbuckle_connectors::native;
use turnbuckle_core::entity::{did_you_mean, nearest};
use turnbuckle_core::id::{WorkspaceId, check_chosen_id};
use turnbuckle_core::invalid::Invalid;
use turnbuckle_core::merge_patch::merge_patch;
use turnbuckle_core::message::notice::{ConnectionFacts, Notice};
use turnbuckle_store::StoreError;
use turnbuckle_store::connection::{Connection, InitialRecords, PutConnection as Put};
use turnbuckle_store::error::Noun;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::etag::{Precondition, etag};
use crate::api::listing::{Listing, ListingQuery, PageView};
use crate::app::App;
use crate::auth::{Caller, CanManage, CanRead};
use crate::authorizations;
use crate::catalog::LiveConnection;
use crate::extract::{JsonBody, PathParams, QueryParams, parse_json};
use crate::notices;
use crate::problem::{ApiError, Problem, ProblemBody};

pub use view::{ConnectionStatus, ConnectionView, MappingStateView};

/// Longest name of a time zone that is looked up.
const ZONE_BYTES_MAX: usize = 100;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list_connections)).routes(routes!(
        put_connection,
        get_connection,
        update_connection,
        delete_connection
    ))
}

#[derive(Debug, Serialize, ToSchema)]
pub struct ConnectionAnswer {
    pub connection: ConnectionView,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct ConnectionListing {
    pub connections: Vec<ConnectionView>,
    pub page: PageView,
}

/// What the app says of a connection.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PutConnection {
    /// The context that it belongs to; made if there is none.
    #[schema(min_length = 1, max_length = 200, example = "acme")]
    pub context: String,
    /// Slug of its connector; cannot change later.
    #[schema(example = "native")]
    pub connector: String,
    /// IANA name; relative dates and times without an offset are read in it. UTC if not given.
    #[schema(example = "Europe/Berlin")]
    pub time_zone: Option<String>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ConnectionsQuery {
    /// Only those of this context.
    pub context: Option<String>,
    /// Items wanted, 1 to 200; 50 if not given.
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<usize>,
    /// `page.next` of the page before.
    pub cursor: Option<String>,
}

/// Lists the connections, newest first.
#[utoipa::path(
    get, path = "/api/v1/connections", tag = "connections", params(ConnectionsQuery),
    responses(
        (status = 200, body = ConnectionListing),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn list_connections(
    CanRead(caller): CanRead,
    State(app): State<App>,
    QueryParams(query): QueryParams<ConnectionsQuery>,
) -> Result<Json<ConnectionListing>, ApiError> {
    let ConnectionsQuery { context, limit, cursor } = query;
    let name = format!("connections?{}", context.as_deref().unwrap_or_default());
    let listing = Listing { workspace: caller.workspace, name: &name };
    let page = listing.request(&app, &ListingQuery { limit, cursor })?;
    let found = app.store.connections(caller.workspace, context.as_deref(), page).await?;
    let connections = found.items.into_iter().map(ConnectionView::from).collect();
    Ok(Json(ConnectionListing { connections, page: listing.page(&app, found.next) }))
}

/// Creates or updates a connection. Its id is the app's choice.
#[utoipa::path(
    put, path = "/api/v1/connections/{connection}", tag = "connections",
    request_body = PutConnection,
    params(
        ("connection" = String, Path, description = "Its id, chosen by the app."),
        Precondition,
    ),
    responses(
        (status = 200, body = ConnectionAnswer),
        (status = 201, body = ConnectionAnswer),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn put_connection(
    CanManage(caller): CanManage,
    State(app): State<App>,
    PathParams(id): PathParams<String>,
    precondition: Precondition,
    JsonBody(wanted): JsonBody<PutConnection>,
) -> Result<(StatusCode, [(HeaderName, HeaderValue); 1], Json<ConnectionAnswer>), ApiError> {
    let put = check(&app, id, wanted)?;
    let before = match app.catalog.connection(caller.workspace, &put.id).await {
        Ok(live) => Some(live),
        Err(StoreError::NotFound { .. }) => None,
        Err(error) => return Err(error.into()),
    };
    let current = before.as_ref().map(|it| it.row.version);
    let mut version = precondition.version(Noun::Connection, &put.id, current)?;
    if !caller.may_manage_workspace() {
        // Its context is the one that is judged.
        version = version.or(current);
    }
    let (connection, is_new) = save(&app, &caller, put, before, version).await?;
    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    let answer = ConnectionAnswer { connection: ConnectionView::from(connection) };
    Ok((status, etag(answer.connection.version), Json(answer)))
}

/// Changes a connection: a JSON merge patch of what `PUT` takes, where null puts the time zone
/// back to UTC.
#[utoipa::path(
    patch, path = "/api/v1/connections/{connection}", tag = "connections",
    request_body = Object,
    params(
        ("connection" = String, Path, description = "Its id, chosen by the app."),
        Precondition,
    ),
    responses(
        (status = 200, body = ConnectionAnswer),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn update_connection(
    CanManage(caller): CanManage,
    State(app): State<App>,
    PathParams(id): PathParams<String>,
    precondition: Precondition,
    JsonBody(patch): JsonBody<Value>,
) -> Result<([(HeaderName, HeaderValue); 1], Json<ConnectionAnswer>), ApiError> {
    let before = app.catalog.connection(caller.workspace, &id).await?;
    let Connection { context, connector, time_zone, .. } = &before.row;
    let mut document = json!({
        "context": context, "connector": connector, "time_zone": time_zone,
    });
    merge_patch(&mut document, patch);
    let put = check(&app, id, parse_json(document.to_string().as_bytes())?)?;
    // What was patched is what was read.
    let version = Some(before.row.version);
    precondition.version(Noun::Connection, &put.id, version)?;
    let (connection, _) = save(&app, &caller, put, Some(before), version).await?;
    let answer = ConnectionAnswer { connection: ConnectionView::from(connection) };
    Ok((etag(answer.connection.version), Json(answer)))
}

/// Stores what was put over the connection `before`. Also answers whether it is new.
///
/// # Errors
/// 403 for another context, unless the caller manages the workspace; 409 for another connector;
/// 412 for another version.
async fn save(
    app: &App,
    caller: &Caller,
    put: Put,
    before: Option<Arc<LiveConnection>>,
    version: Option<i64>,
) -> Result<(Connection, bool), ApiError> {
    let context = before.as_ref().map(|it| it.row.context.as_str());
    if context != Some(&put.context) && !caller.may_manage_workspace() {
        let detail = "this key is bound to the connection; to make one, or to move it to another \
                      context, takes a key of scope `all`";
        return Err(ApiError::new(Problem::Forbidden, detail));
    }
    if let Some(before) = before.as_ref().filter(|it| it.row.connector != put.connector) {
        let detail = format!(
            "`{}` is a connection of `{}`, which cannot change; put another connection, or delete \
             this one first",
            put.id, before.row.connector
        );
        return Err(ApiError::new(Problem::StateConflict, detail));
    }
    let auth = app.connectors.find(&put.connector).map(|it| it.descriptor().auth);
    if before.is_none() && auth != Some(AuthScheme::None) {
        let detail = format!(
            "an end user authorises a connection of `{}`, in Link; it is there when they have",
            put.connector
        );
        return Err(ApiError::new(Problem::StateConflict, detail));
    }
    store(app, caller.workspace, put, version).await
}

/// Stores a connection, and tells of a new one. Also answers whether it is new.
///
/// # Errors
/// 412 for another version.
pub async fn store(
    app: &App,
    workspace: WorkspaceId,
    put: Put,
    version: Option<i64>,
) -> Result<(Connection, bool), ApiError> {
    let (connection, is_new) =
        app.store.put_connection(workspace, put, initial_records(), version).await?;
    app.wake(|signals| &signals.keys_started);
    if is_new {
        connected(app, &connection).await;
    }
    Ok((connection, is_new))
}

/// Says that a connection is there, or there again.
pub async fn connected(app: &App, connection: &Connection) {
    let enabled = Notice::ConnectionEnabled(facts(connection));
    notices::emit(app, connection.workspace, enabled).await;
}

/// Shows a connection and what is left to map.
#[utoipa::path(
    get, path = "/api/v1/connections/{connection}", tag = "connections",
    params(("connection" = String, Path, description = "Its id, chosen by the app.")),
    responses(
        (status = 200, body = ConnectionAnswer),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn get_connection(
    CanRead(caller): CanRead,
    State(app): State<App>,
    PathParams(id): PathParams<String>,
) -> Result<([(HeaderName, HeaderValue); 1], Json<ConnectionAnswer>), ApiError> {
    let connection = find(&app, caller.workspace, &id).await?;
    let answer = ConnectionAnswer { connection: ConnectionView::from(connection) };
    Ok((etag(answer.connection.version), Json(answer)))
}

/// Deletes a connection with the sources, endpoints and keys that are bound to it.
///
/// Nothing is processed, matched or sent for it any more, and everything that was
/// stored for it is erased in the background: records of the built-in CRM,
/// subscriptions, and its events, changes and deliveries in the logs.
#[utoipa::path(
    delete, path = "/api/v1/connections/{connection}", tag = "connections",
    params(
        ("connection" = String, Path, description = "Its id, chosen by the app."),
        Precondition,
    ),
    responses(
        (status = 204),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn delete_connection(
    CanManage(caller): CanManage,
    State(app): State<App>,
    PathParams(id): PathParams<String>,
    precondition: Precondition,
) -> Result<StatusCode, ApiError> {
    let connection = find(&app, caller.workspace, &id).await?;
    let version = precondition.version(Noun::Connection, &id, Some(connection.version))?;
    delete(&app, connection, version).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Deletes a connection; what opens its account is taken back at the provider.
///
/// # Errors
/// 412 for another version.
pub async fn delete(
    app: &App,
    connection: Connection,
    version: Option<i64>,
) -> Result<(), ApiError> {
    let revocation = authorizations::revocation(app, &connection).await?;
    app.store.delete_connection(connection.workspace, &connection.id, version).await?;
    deleted(app, &[connection]).await;
    if let Some(revocation) = revocation {
        authorizations::revoke(app, revocation);
    }
    Ok(())
}

/// Has erased what was stored for deleted connections, and says that they are gone.
pub async fn deleted(app: &App, connections: &[Connection]) {
    app.wake(|signals| &signals.connection_deleted);
    for connection in connections {
        let disabled = Notice::ConnectionDisabled(facts(connection));
        notices::emit(app, connection.workspace, disabled).await;
    }
}

fn facts(connection: &Connection) -> ConnectionFacts<'_> {
    ConnectionFacts {
        connector: &connection.connector,
        context: &connection.context,
        connection: &connection.id,
    }
}

/// The row of a connection.
///
/// # Errors
/// 404
pub async fn find(app: &App, workspace: WorkspaceId, id: &str) -> Result<Connection, ApiError> {
    let connection = app.store.connection(workspace, id).await?;
    Ok(connection.ok_or_else(|| StoreError::not_found(Noun::Connection, id))?)
}

fn check(app: &App, id: String, wanted: PutConnection) -> Result<Put, ApiError> {
    check_chosen_id("connection", &id)
        .map_err(|error| ApiError::new(Problem::InvalidRequest, error.to_string()))?;
    let PutConnection { context, connector, time_zone } = wanted;
    let mut wrong = Vec::new();
    if let Err(error) = check_chosen_id("context", &context) {
        wrong.push(Invalid::new("/context", error.to_string()));
    }
    if app.connectors.find(&connector).is_none() {
        let known = || app.connectors.all().iter().map(|it| it.descriptor().slug);
        let meant = did_you_mean(&nearest(&connector, known()));
        let known = known().collect::<Vec<_>>().join("`, `");
        let detail = format!("not a connector of this server; known are `{known}`{meant}");
        wrong.push(Invalid::new("/connector", detail));
    }
    match zone_name(time_zone.as_deref().unwrap_or("UTC")) {
        Ok(time_zone) if wrong.is_empty() => Ok(Put { id, context, connector, time_zone }),
        Ok(_) => Err(ApiError::invalid(wrong)),
        Err(detail) => {
            wrong.push(Invalid::new("/time_zone", detail));
            Err(ApiError::invalid(wrong))
        }
    }
}

/// The name of a time zone as IANA writes it, whatever its case.
///
/// # Errors
/// What is wrong with it.
pub fn zone_name(name: &str) -> Result<String, String> {
    let zone = Some(name).filter(|name| name.len() <= ZONE_BYTES_MAX);
    let zone = zone.and_then(|name| TimeZone::get(name).ok());
    if let Some(name) = zone.as_ref().and_then(TimeZone::iana_name) {
        return Ok(name.to_owned());
    }
    let known: Vec<_> = jiff::tz::db().available().collect();
    let meant = did_you_mean(&nearest(name, known.iter().map(|name| name.as_str())));
    Err(format!("not the IANA name of a time zone{meant}"))
}

/// What a connection starts with. Made for an existing one too, which leaves it
/// unused: it may be deleted before the write.
fn initial_records() -> InitialRecords {
    let records = native::standard_values();
    InitialRecords {
        schema: native::standard_schema(),
        records: records.into_iter().map(|it| (it.entity.to_owned(), it.id, it.data)).collect(),
    }
}
