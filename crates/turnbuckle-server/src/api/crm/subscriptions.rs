//! Subscribing to one record, and to the records that match a search.
//!
//! A subscription is stored with the keys by which changes find it; those come
//! from the mapping. If somebody saves another mapping in between, it is all
//! done again with that one.
//!
//! To follow is to have the hub do something from now on, so a key that only
//! reads may not; neither may one that only brings data in, which would learn
//! here what records there are.

use axum::extract::State;
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value};
use turnbuckle_core::id::WorkspaceId;
use turnbuckle_core::mapping::EventAction;
use turnbuckle_core::object::EventType;
use turnbuckle_core::record::{parse_universal_id, universal_id};
use turnbuckle_core::subscription::{payload_identity, record_key};
use turnbuckle_store::StoreError;
use turnbuckle_store::subscription::{Followed, Subscribe};
use utoipa::ToSchema;
use uuid::Uuid;

use super::object::{self, Standing, incomplete};
use super::search;
use crate::app::App;
use crate::auth::CanManage;
use crate::catalog::LiveConnection;
use crate::extract::{OptionalJson, PathParams};
use crate::problem::{ApiError, Problem, ProblemBody};

/// How often a subscription is tried while others keep saving mappings.
const TRIES_MAX: usize = 10;

/// The records wanted: those that the search finds with this payload.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SubscribeToSearch {
    /// As the event's payload schema says.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub payload: Map<String, Value>,
}

/// Subscribes to a record: from now on its changes are sent to endpoints of scope `subscriptions`.
#[utoipa::path(
    post,
    path = "/api/v1/crm/{connection}/objects/{object}/{record}/subscriptions",
    tag = "crm",
    params(
        ("connection" = String, Path, description = "Id of the connection"),
        ("object" = String, Path, description = "An object that the app declared"),
        ("record" = String, Path, description = "Record id: `Entity:id`"),
    ),
    responses(
        (status = 204, description = "Subscribed, maybe before"),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn subscribe_to_record(
    CanManage(caller): CanManage,
    State(app): State<App>,
    PathParams((connection, slug, record)): PathParams<(String, String, String)>,
) -> Result<StatusCode, ApiError> {
    let workspace = caller.workspace;
    for _ in 0..TRIES_MAX {
        let live = app.catalog.connection(workspace, &connection).await?;
        let Standing::Mapped(object) = object::standing(&live, &slug)? else {
            return Err(object::record_not_found(&record));
        };
        let entity = object.mapping.entity.clone();
        let id = object::record_id(object, &record)?.to_owned();
        let (found, _) = app.store.records(workspace, &connection, &entity, &[id], &[]).await?;
        let found = found.into_iter().flatten().next();
        let id = found.ok_or_else(|| object::record_not_found(&record))?.id;
        let identity = record_identity(&entity, &id);
        let key = record_key(&connection, &entity, &id);
        let mut wish = wish(&live, &slug, identity, Followed::Record { entity, id });
        wish.match_keys.push(key.0);
        if subscribe(&app, workspace, wish).await? {
            return Ok(StatusCode::NO_CONTENT);
        }
    }
    Err(outrun())
}

/// Ends a subscription to a record, if there is one.
#[utoipa::path(
    delete,
    path = "/api/v1/crm/{connection}/objects/{object}/{record}/subscriptions",
    tag = "crm",
    params(
        ("connection" = String, Path, description = "Id of the connection"),
        ("object" = String, Path, description = "An object that the app declared"),
        ("record" = String, Path, description = "Record id: `Entity:id`"),
    ),
    responses(
        (status = 204, description = "Not subscribed any more"),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn unsubscribe_from_record(
    CanManage(caller): CanManage,
    State(app): State<App>,
    PathParams((connection, slug, record)): PathParams<(String, String, String)>,
) -> Result<StatusCode, ApiError> {
    let live = app.catalog.connection(caller.workspace, &connection).await?;
    object::declared(&live, &slug)?;
    // The record may be gone, and the object mapped to another entity by now.
    if let Some((entity, id)) = parse_universal_id(&record) {
        let identity = record_identity(entity, &as_stored(id));
        app.store.unsubscribe(caller.workspace, &connection, &slug, &identity).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Subscribes to the records that a search finds with a payload. Equal payloads are one subscription.
#[utoipa::path(
    post,
    path = "/api/v1/crm/{connection}/objects/{object}/events/{event}/subscriptions",
    tag = "crm",
    params(
        ("connection" = String, Path, description = "Id of the connection"),
        ("object" = String, Path, description = "An object that the app declared"),
        ("event" = String, Path, description = "A search event of the object"),
    ),
    request_body = SubscribeToSearch,
    responses(
        (status = 204, description = "Subscribed, maybe before"),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn subscribe_to_search(
    CanManage(caller): CanManage,
    State(app): State<App>,
    PathParams((connection, slug, event)): PathParams<(String, String, String)>,
    OptionalJson(SubscribeToSearch { payload }): OptionalJson<SubscribeToSearch>,
) -> Result<StatusCode, ApiError> {
    for _ in 0..TRIES_MAX {
        let live = app.catalog.connection(caller.workspace, &connection).await?;
        let wish = search_wish(&live, &slug, &event, &payload)?;
        if subscribe(&app, caller.workspace, wish).await? {
            return Ok(StatusCode::NO_CONTENT);
        }
    }
    Err(outrun())
}

/// Ends the subscription to a search with this payload, if there is one. The order of the
/// payload's members does not matter.
#[utoipa::path(
    delete,
    path = "/api/v1/crm/{connection}/objects/{object}/events/{event}/subscriptions",
    tag = "crm",
    params(
        ("connection" = String, Path, description = "Id of the connection"),
        ("object" = String, Path, description = "An object that the app declared"),
        ("event" = String, Path, description = "A search event of the object"),
    ),
    request_body = SubscribeToSearch,
    responses(
        (status = 204, description = "Not subscribed any more"),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn unsubscribe_from_search(
    CanManage(caller): CanManage,
    State(app): State<App>,
    PathParams((connection, slug, event)): PathParams<(String, String, String)>,
    OptionalJson(SubscribeToSearch { payload }): OptionalJson<SubscribeToSearch>,
) -> Result<StatusCode, ApiError> {
    let live = app.catalog.connection(caller.workspace, &connection).await?;
    object::event(&live, &slug, &event)?;
    let identity = search_identity(&event, &payload);
    app.store.unsubscribe(caller.workspace, &connection, &slug, &identity).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn record_identity(entity: &str, id: &str) -> String {
    format!("record:{}", universal_id(entity, id))
}

fn search_identity(event: &str, payload: &Map<String, Value>) -> String {
    format!("search:{event}:{}", payload_identity(payload))
}

/// Ids of the built-in CRM are GUIDs, found in any spelling and kept in one.
fn as_stored(id: &str) -> String {
    Uuid::try_parse(id).map_or_else(|_| id.to_owned(), |id| id.to_string())
}

/// A wish that no change finds yet.
fn wish(live: &LiveConnection, object: &str, identity: String, followed: Followed) -> Subscribe {
    Subscribe {
        connection: live.row.id.clone(),
        object: object.to_owned(),
        followed,
        identity,
        match_keys: Vec::new(),
        needs_recheck: false,
        mapping_version: live.row.mapping_version,
    }
}

/// A search that nothing can match for now has no keys: it gets them with the
/// mapping that makes it one.
fn search_wish(
    live: &LiveConnection,
    slug: &str,
    event: &str,
    payload: &Map<String, Value>,
) -> Result<Subscribe, ApiError> {
    let declaration = object::event(live, slug, event)?;
    if declaration.event_type != EventType::Search {
        let detail = format!("`{event}` is no search; only what a search finds can be followed");
        return Err(ApiError::new(Problem::InvalidRequest, detail));
    }
    object::check_payload(declaration, payload)?;
    let followed = Followed::Search { event: event.to_owned(), payload: payload.clone() };
    let mut wish = wish(live, slug, search_identity(event, payload), followed);
    let Standing::Mapped(object) = object::standing(live, slug)? else { return Ok(wish) };
    if *object::action(object, event)? == EventAction::Noop {
        return Ok(wish);
    }
    let search = search::find(object, event)?;
    search::bind(live, object, search, payload)?;
    let plan =
        search.plan.as_ref().ok_or_else(|| incomplete("the search has to be built again"))?;
    wish.match_keys = plan.keys_for_payload(payload).into_iter().map(|key| key.0).collect();
    wish.needs_recheck = plan.needs_recheck();
    Ok(wish)
}

/// Stores a wish; `false` if the mapping was changed meanwhile.
async fn subscribe(app: &App, workspace: WorkspaceId, wish: Subscribe) -> Result<bool, ApiError> {
    match app.store.subscribe(workspace, wish).await {
        Ok(()) => Ok(true),
        Err(StoreError::VersionMismatch { .. }) => Ok(false),
        Err(StoreError::TooManySubscriptions) => Err(ApiError::new(
            Problem::TooManySubscriptions,
            "this search compares too little for equality with its payload to have more \
             subscriptions; let the user add such a condition",
        )),
        Err(error) => Err(error.into()),
    }
}

fn outrun() -> ApiError {
    ApiError::caused_by(Problem::TemporarilyUnavailable, "the mapping kept changing")
}
