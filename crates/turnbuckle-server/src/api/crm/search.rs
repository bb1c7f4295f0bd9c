//! Search events: the user's search, with the app's payload put in.

use serde::Serialize;
use serde_json::{Map, Value as Json};
use turnbuckle_core::filter::BoundFilter;
use turnbuckle_core::id::WorkspaceId;
use turnbuckle_core::invalid::Invalid;
use turnbuckle_core::record::Record;
use turnbuckle_core::subscription::payload_identity;
use turnbuckle_store::record::{Search, Sort};
use utoipa::ToSchema;

use super::CrmRecordView;
use super::object::incomplete;
use crate::api::listing::{Listing, PageView};
use crate::app::App;
use crate::catalog::{LiveConnection, LiveObject, LiveSearch};
use crate::problem::ApiError;

#[derive(Debug, Serialize, ToSchema)]
pub struct CrmSearchAnswer {
    pub records: Vec<CrmRecordView>,
    pub page: PageView,
}

impl CrmSearchAnswer {
    pub fn empty() -> Self {
        Self { records: Vec::new(), page: PageView { has_more: false, next: None } }
    }
}

/// The page that a caller wants.
pub struct Wanted {
    pub payload: Map<String, Json>,
    pub limit: usize,
    pub next: Option<String>,
}

/// # Errors
/// 400 if the payload lacks what the search compares, or the cursor is of
/// another search; 409 if the search cannot be run any more.
pub async fn search(
    app: &App,
    workspace: WorkspaceId,
    live: &LiveConnection,
    object: &LiveObject,
    event: &str,
    wanted: Wanted,
) -> Result<CrmSearchAnswer, ApiError> {
    let search = find(object, event)?;
    let filter = bind(live, object, search, &wanted.payload)?;
    let name = cursor_name(live, object, event, &wanted.payload);
    let listing = Listing { workspace, name: &name };
    let after = wanted.next.as_deref().map(|next| listing.open(app, next)).transpose()?;

    let found = app
        .store
        .search(
            workspace,
            &live.row.id,
            Search {
                entity: object.mapping.entity.clone(),
                filter,
                moment: live.moment(app.now()),
                sort: search.sort.iter().map(sort).collect(),
                limit: wanted.limit,
                after,
                paths: object.walked.iter().cloned().collect(),
                count: false,
            },
        )
        .await?;
    let there: Vec<&Record> = found.records.iter().collect();
    let records = CrmRecordView::render_all(app, live, object, &there, &found.related).await?;
    Ok(CrmSearchAnswer { records, page: listing.page_of(app, found.next) })
}

/// # Errors
/// 409: whoever maps the object has to look at it again.
pub fn find<'a>(object: &'a LiveObject, event: &str) -> Result<&'a LiveSearch, ApiError> {
    object.searches.get(event).ok_or_else(|| incomplete(format!("`{event}` is no search")))
}

/// The filter of a search with the payload in it.
///
/// # Errors
/// 400 with the members that the payload lacks; 409 if the filter names
/// columns that the CRM does not have any more.
pub fn bind(
    live: &LiveConnection,
    object: &LiveObject,
    search: &LiveSearch,
    payload: &Map<String, Json>,
) -> Result<BoundFilter, ApiError> {
    let entity = live.schema.entity(&object.mapping.entity);
    let entity = entity.ok_or_else(|| incomplete("the CRM does not have the entity any more"))?;
    search.filter.bind(&live.schema, entity, payload, &live.zone).map_err(|wrong| {
        let is_of_payload = |invalid: &Invalid| invalid.path.starts_with("/payload/");
        match wrong.iter().find(|invalid| !is_of_payload(invalid)) {
            // The app cannot mend this one.
            Some(invalid) => incomplete(format!("the search has to be built again: {invalid}")),
            None => ApiError::invalid(wrong),
        }
    })
}

/// Binds cursors to the search, as it is mapped now, and to the payload.
fn cursor_name(
    live: &LiveConnection,
    object: &LiveObject,
    event: &str,
    payload: &Map<String, Json>,
) -> String {
    let (connection, version) = (&live.row.id, live.row.mapping_version);
    let payload = payload_identity(payload);
    format!("crm/{connection}/{}/{event}/{version}/{payload}", object.slug)
}

/// As the store takes it.
pub fn sort(sort: &turnbuckle_core::mapping::Sort) -> Sort {
    Sort { column: sort.column.clone(), descending: sort.descending }
}
