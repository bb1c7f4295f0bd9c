//! Bins: built-in receivers, so that a newcomer sees messages arrive without
//! any outside service.
//!
//! A workspace makes a bin and gets a name that nobody guesses. Whoever knows
//! the name may post to it and look into it, without a key. A bin keeps a
//! bounded number of requests and bytes for a bounded time.

mod page;
mod receive;
mod view;

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use turnbuckle_core::invalid::Invalid;
use turnbuckle_core::text::check_line;
use turnbuckle_store::StoreError;
use turnbuckle_store::bin::Bin;
use turnbuckle_store::error::Noun;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::listing::{Listing, ListingQuery, PageView};
use crate::app::App;
use crate::auth::{CanManage, CanRead};
use crate::base_url::BaseUrl;
use crate::extract::{OptionalJson, PathParams, QueryParams};
use crate::problem::{ApiError, Problem, ProblemBody};
use crate::random::random_bytes;

pub use view::{BinRequestView, BinView};

/// Longest label, in characters.
const LABEL_CHARS_MAX: usize = 200;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_bins, create_bin))
        .routes(routes!(delete_bin))
        .routes(routes!(list_bin_requests))
        .merge(receive::routes())
}

/// A new bin.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateBin {
    /// For people.
    #[schema(max_length = 200)]
    pub label: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct BinAnswer {
    pub bin: BinView,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct BinsAnswer {
    pub bins: Vec<BinView>,
    pub page: PageView,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct BinRequestsAnswer {
    /// Newest first.
    pub requests: Vec<BinRequestView>,
    pub page: PageView,
}

/// Makes a bin. Its URL takes any request, and shows what it took.
#[utoipa::path(
    post,
    path = "/api/v1/bins",
    tag = "bins",
    request_body(content = Option<CreateBin>),
    responses(
        (status = 201, body = BinAnswer),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn create_bin(
    CanManage(caller): CanManage,
    BaseUrl(base): BaseUrl,
    State(app): State<App>,
    OptionalJson(CreateBin { label }): OptionalJson<CreateBin>,
) -> Result<impl IntoResponse, ApiError> {
    let label = label.unwrap_or_default();
    check_line(&label, 0..=LABEL_CHARS_MAX)
        .map_err(|must| ApiError::invalid(vec![Invalid::new("/label", must)]))?;
    let count_max = app.config.bins.count_max;
    if count_max <= app.store.bins(caller.workspace).await?.len() {
        let detail = format!("a workspace has at most {count_max} bins; delete one first");
        return Err(ApiError::new(Problem::StateConflict, detail));
    }
    let now = app.now();
    let bin = Bin {
        workspace: caller.workspace,
        name: URL_SAFE_NO_PAD.encode(random_bytes::<18>()),
        label,
        created_at: now,
        expires_at: now.saturating_add(app.config.bins.age.as_millis() as i64),
    };
    app.store.create_bin(bin.clone()).await?;
    Ok((StatusCode::CREATED, Json(BinAnswer { bin: BinView::of(bin, &base) })))
}

/// Lists the bins of the workspace, oldest first.
#[utoipa::path(
    get,
    path = "/api/v1/bins",
    tag = "bins",
    params(ListingQuery),
    responses(
        (status = 200, body = BinsAnswer),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn list_bins(
    CanRead(caller): CanRead,
    BaseUrl(base): BaseUrl,
    State(app): State<App>,
    QueryParams(query): QueryParams<ListingQuery>,
) -> Result<Json<BinsAnswer>, ApiError> {
    let listing = Listing { workspace: caller.workspace, name: "bins" };
    let all = app.store.bins(caller.workspace).await?;
    let (bins, page) = listing.slice(&app, all, &query)?;
    let bins = bins.into_iter().map(|bin| BinView::of(bin, &base)).collect();
    Ok(Json(BinsAnswer { bins, page }))
}

/// Deletes a bin with what it received.
#[utoipa::path(
    delete,
    path = "/api/v1/bins/{bin}",
    tag = "bins",
    params(("bin" = String, Path, description = "Name of the bin")),
    responses(
        (status = 204),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn delete_bin(
    CanManage(caller): CanManage,
    State(app): State<App>,
    PathParams(name): PathParams<String>,
) -> Result<StatusCode, ApiError> {
    app.store.delete_bin(caller.workspace, &name).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lists what a bin received, newest first.
#[utoipa::path(
    get,
    path = "/api/v1/bins/{bin}/requests",
    tag = "bins",
    params(("bin" = String, Path, description = "Name of the bin"), ListingQuery),
    responses(
        (status = 200, body = BinRequestsAnswer),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn list_bin_requests(
    CanRead(caller): CanRead,
    State(app): State<App>,
    PathParams(name): PathParams<String>,
    QueryParams(query): QueryParams<ListingQuery>,
) -> Result<Json<BinRequestsAnswer>, ApiError> {
    let bin = find(&app, &name).await?;
    if bin.workspace != caller.workspace {
        return Err(not_found(&name));
    }
    Ok(Json(requests(&app, &bin, &query).await?))
}

async fn requests(
    app: &App,
    bin: &Bin,
    query: &ListingQuery,
) -> Result<BinRequestsAnswer, ApiError> {
    let name = format!("bins/{}/requests", bin.name);
    let listing = Listing { workspace: bin.workspace, name: &name };
    let page = listing.request(app, query)?;
    // One more than wanted tells whether there are more.
    let mut found = app.store.bin_requests(&bin.name, page.after, page.limit + 1).await?;
    let has_more = page.limit < found.len();
    found.truncate(page.limit);
    let next = found.last().filter(|_| has_more).map(|last| last.number);
    let requests = found.into_iter().map(BinRequestView::from).collect();
    Ok(BinRequestsAnswer { requests, page: listing.page(app, next) })
}

/// # Errors
/// 404, also if it has expired.
async fn find(app: &App, name: &str) -> Result<Bin, ApiError> {
    app.store.bin(name, app.now()).await?.ok_or_else(|| not_found(name))
}

fn not_found(name: &str) -> ApiError {
    StoreError::not_found(Noun::Bin, name).into()
}
