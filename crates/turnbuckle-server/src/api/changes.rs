//! The change feed: what a reader that missed webhooks catches up with.
//!
//! Unlike other listings it is oldest first and has no end: every page has a
//! cursor, and the one of the last page answers what has changed since. A
//! change appears once it is matched, in one order for ever, so a cursor passes
//! none that appears later.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use turnbuckle_core::change::Change;
use turnbuckle_core::record::{Data, Record, universal_id};
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
    OpenApiRouter::new().routes(routes!(list_changes))
}

/// One create, update or delete of a record, in the columns of the CRM.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChangeView {
    #[schema(example = "chg_0190a3c25c3e7d529a103f6b1c2d4e5f")]
    pub id: String,
    /// `create`, `update` or `delete`.
    #[serde(rename = "type")]
    #[schema(example = "update")]
    pub change_type: &'static str,
    pub entity: String,
    /// The record as the universal API names it: `Entity:id`.
    pub record_id: String,
    pub connection: String,
    /// Who made it: `app`, `source`, `records` or `crm`.
    #[schema(example = "app")]
    pub origin: &'static str,
    #[schema(format = DateTime)]
    pub at: String,
    /// Columns before; null on create, and where the CRM does not tell.
    #[schema(value_type = Option<Object>)]
    pub before: Option<Map<String, Value>>,
    /// Columns after; null on delete.
    #[schema(value_type = Option<Object>)]
    pub after: Option<Map<String, Value>>,
    /// Columns whose values differ.
    pub changed: Vec<String>,
}

impl From<Change> for ChangeView {
    fn from(it: Change) -> Self {
        let record_id = universal_id(&it.entity, &it.latest().id);
        let image = |record: Record| Arc::unwrap_or_clone(record.data);
        let (before, after) = (it.before.map(image), it.after.map(image));
        Self {
            id: it.id.to_string(),
            change_type: it.change_type.into(),
            entity: it.entity,
            record_id,
            connection: it.connection,
            origin: it.origin.into(),
            at: rfc3339(it.at),
            changed: changed(before.as_ref(), after.as_ref(), it.written),
            before,
            after,
        }
    }
}

/// Columns that differ: all that a new record has, and where an image is not
/// known, those that the write named.
fn changed(before: Option<&Data>, after: Option<&Data>, written: Vec<String>) -> Vec<String> {
    match (before, after) {
        (Some(before), Some(after)) => {
            let differs = |column: &&String| before.get(*column) != after.get(*column);
            let gone = before.keys().filter(|column| !after.contains_key(*column));
            after.keys().filter(differs).chain(gone).cloned().collect()
        }
        (None, Some(after)) if written.is_empty() => after.keys().cloned().collect(),
        _ => written,
    }
}

#[derive(Debug, Serialize, ToSchema)]
pub struct ChangesAnswer {
    /// Oldest first.
    pub changes: Vec<ChangeView>,
    /// Always has a `next`.
    pub page: PageView,
}

/// Which changes. All that are given must hold.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ChangesQuery {
    /// Id of the connection.
    pub connection: Option<String>,
    /// Code of the entity.
    pub entity: Option<String>,
    /// Items wanted, 1 to 200; 50 if not given.
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<usize>,
    /// `page.next` of the page before; from the oldest change kept if not given.
    pub cursor: Option<String>,
}

/// Lists changes, oldest first. `page.next` is there also at the end: ask with it again later.
#[utoipa::path(
    get,
    path = "/api/v1/changes",
    tag = "changes",
    params(ChangesQuery),
    responses(
        (status = 200, body = ChangesAnswer),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn list_changes(
    CanReadOf(caller): CanReadOf,
    State(app): State<App>,
    QueryParams(query): QueryParams<ChangesQuery>,
) -> Result<Json<ChangesAnswer>, ApiError> {
    let ChangesQuery { connection, entity, limit, cursor } = query;
    let (connection, entity) = (connection.as_deref(), entity.as_deref());
    let name = format!("changes/{connection:?}/{entity:?}");
    let listing = Listing { workspace: caller.workspace, name: &name };
    let page = listing.request(&app, &ListingQuery { limit, cursor })?;
    let found =
        app.store.changes(caller.workspace, connection, entity, page.after, page.limit).await?;
    let page = PageView { has_more: found.has_more, ..listing.page(&app, Some(found.position)) };
    Ok(Json(ChangesAnswer {
        changes: found.items.into_iter().map(ChangeView::from).collect(),
        page,
    }))
}
