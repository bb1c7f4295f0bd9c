//! Finding records by a filter over the CRM's own columns.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use turnbuckle_core::entity::{ColumnPath, Entity};
use turnbuckle_core::filter::{BoundFilter, Filter};
use turnbuckle_core::invalid::{Invalid, pointer};
use turnbuckle_core::mapping::SORT_COLUMNS_MAX;
use turnbuckle_store::record::{Search, Sort};
use utoipa::ToSchema;

use super::RecordView;
use crate::api::entities;
use crate::api::listing::{self, Listing, PageView};
use crate::app::App;
use crate::auth::CanRead;
use crate::catalog::LiveConnection;
use crate::extract::{JsonBody, PathParams};
use crate::problem::{ApiError, ProblemBody};

/// What to find.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SearchRecords {
    /// A condition tree; everything matches if it is not given.
    #[schema(value_type = Option<Object>)]
    pub filter: Option<Value>,
    /// In the order of creation if not given.
    #[schema(max_items = 8)]
    pub sort: Option<Vec<SortBy>>,
    /// Records wanted, 1 to 200; 50 if not given.
    #[schema(minimum = 1, maximum = 200)]
    pub limit: Option<usize>,
    /// `page.next` of the page before, with the same filter and sort.
    pub cursor: Option<String>,
    /// Whether to count the matches too, up to 1,000.
    pub count: Option<bool>,
}

/// One column to sort by. Empty values come first, descending last.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SortBy {
    /// A column, or a path through up to two lookups such as `Stage.Name`.
    pub column: String,
    #[serde(default)]
    pub descending: bool,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct SearchAnswer {
    pub records: Vec<RecordView>,
    pub page: PageView,
    /// Whether the CRM narrowed the search by its own means, in the built-in CRM by search keys.
    /// If not, every record of the entity was looked at, which is slow where there are many.
    pub pushed: bool,
    /// The part of the filter that the hub judged record by record, after that; null if none was
    /// left. The built-in CRM leaves it whole.
    #[schema(value_type = Option<Object>)]
    pub residual: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<CountView>,
}

/// How many records match.
#[derive(Debug, Serialize, ToSchema)]
pub struct CountView {
    pub value: usize,
    /// Whether there are no more than that.
    pub exact: bool,
}

/// Finds records, a page at a time. A page may be short and have more.
#[utoipa::path(
    post, path = "/api/v1/connections/{connection}/entities/{entity}/records/search",
    tag = "records", request_body = SearchRecords,
    params(
        ("connection" = String, Path, description = "Id of the connection."),
        ("entity" = String, Path, description = "Name of the entity."),
    ),
    responses(
        (status = 200, body = SearchAnswer),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn search_records(
    CanRead(caller): CanRead,
    State(app): State<App>,
    PathParams((connection, entity)): PathParams<(String, String)>,
    JsonBody(wanted): JsonBody<SearchRecords>,
) -> Result<Json<SearchAnswer>, ApiError> {
    let live = app.catalog.connection(caller.workspace, &connection).await?;
    let entity = entities::find(&live, &entity)?;
    let SearchRecords { filter, sort, limit, cursor, count } = wanted;
    let everything = json!({ "all": [] });
    let filter = filter.unwrap_or_else(|| everything.clone());
    let (bound, sort) = read(&live, entity, &filter, sort.unwrap_or_default())?;

    let name = listing_name(&connection, entity, &filter, &sort);
    let listing = Listing { workspace: caller.workspace, name: &name };
    let search = Search {
        entity: entity.name.clone(),
        filter: bound,
        moment: live.moment(app.now()),
        sort,
        limit: listing::limit("/limit", limit)?,
        after: cursor.map(|cursor| listing.open(&app, &cursor)).transpose()?,
        paths: Vec::new(),
        count: count.unwrap_or_default(),
    };
    let found = app.store.search(caller.workspace, &connection, search).await?;
    let residual = Some(filter).filter(|filter| *filter != everything);
    Ok(Json(SearchAnswer {
        records: found.records.iter().map(|record| RecordView::of(entity, record)).collect(),
        page: listing.page_of(&app, found.next),
        pushed: found.is_narrowed || residual.is_none(),
        residual,
        count: found.count.map(|(value, exact)| CountView { value, exact }),
    }))
}

fn read(
    live: &LiveConnection,
    entity: &Entity,
    filter: &Value,
    sort: Vec<SortBy>,
) -> Result<(BoundFilter, Vec<Sort>), ApiError> {
    let in_filter = |wrong: Vec<Invalid>| wrong.into_iter().map(|it| it.under("/filter")).collect();
    match (read_filter(live, entity, filter).map_err(in_filter), read_sort(live, entity, sort)) {
        (Ok(filter), Ok(sort)) => Ok((filter, sort)),
        (filter, sort) => {
            let mut wrong: Vec<Invalid> = filter.err().unwrap_or_default();
            wrong.extend(sort.err().unwrap_or_default());
            Err(ApiError::invalid(wrong))
        }
    }
}

/// Reads a filter that needs no payload.
///
/// # Errors
/// Every mistake, by its place in the filter.
pub fn read_filter(
    live: &LiveConnection,
    entity: &Entity,
    filter: &Value,
) -> Result<BoundFilter, Vec<Invalid>> {
    let filter = Filter::parse(filter)?;
    let wrong = filter.check(&live.schema, entity, &[]);
    if !wrong.is_empty() {
        return Err(wrong);
    }
    filter.bind(&live.schema, entity, &Map::new(), &live.zone)
}

fn read_sort(
    live: &LiveConnection,
    entity: &Entity,
    sort: Vec<SortBy>,
) -> Result<Vec<Sort>, Vec<Invalid>> {
    if SORT_COLUMNS_MAX < sort.len() {
        let detail = format!("at most {SORT_COLUMNS_MAX} columns to sort by");
        return Err(vec![Invalid::new("/sort", detail)]);
    }
    let mut read = Vec::with_capacity(sort.len());
    let mut wrong = Vec::new();
    for (index, SortBy { column, descending }) in sort.into_iter().enumerate() {
        let path = ColumnPath::parse(&column);
        let resolved = path.and_then(|path| {
            let is_sortable = live.schema.resolve(entity, &path)?.filterable;
            Ok((path, is_sortable))
        });
        let detail = match resolved {
            Ok((column, true)) => {
                read.push(Sort { column, descending });
                continue;
            }
            Ok((column, false)) => format!("records cannot be sorted by `{column}`"),
            Err(error) => error.to_string(),
        };
        wrong.push(Invalid::new(pointer(&pointer("/sort", index), "column"), detail));
    }
    if wrong.is_empty() { Ok(read) } else { Err(wrong) }
}

/// Binds cursors to the search that made them: a position means nothing in another.
fn listing_name(connection: &str, entity: &Entity, filter: &Value, sort: &[Sort]) -> String {
    let mut digest = Sha256::new().chain_update(filter.to_string());
    for Sort { column, descending } in sort {
        digest.update(format!("\n{column} {descending}"));
    }
    let digest: [u8; 32] = digest.finalize().into();
    let digest = u128::from_be_bytes(*digest.first_chunk().expect("32 bytes begin with 16"));
    format!("records/{connection}/{}/{digest:x}", entity.name)
}
