//! What all listings share: `limit`, `cursor`, and the page that is answered.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use turnbuckle_core::id::WorkspaceId;
use turnbuckle_core::invalid::Invalid;
use turnbuckle_store::page::PageRequest;
use utoipa::{IntoParams, ToSchema};

use crate::app::App;
use crate::problem::{ApiError, Problem};

/// Items a page holds unless the caller asks otherwise.
pub const LIMIT_DEFAULT: usize = 50;
/// Most items of one page.
pub const LIMIT_MAX: usize = 200;

/// Which page of a listing.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ListingQuery {
    /// Items wanted, 1 to 200; 50 if not given.
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<usize>,
    /// `page.next` of the page before.
    pub cursor: Option<String>,
}

/// Where a listing goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct PageView {
    /// Whether there is more. A page may be short, even empty, and have more.
    pub has_more: bool,
    /// The cursor to send for the next page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// Reads the limit at `path`: the pointer to a member, or `?limit` of the query.
///
/// # Errors
/// 400 that names it, unless it is 1 to 200.
pub fn limit(path: &str, given: Option<usize>) -> Result<usize, ApiError> {
    match given {
        None => Ok(LIMIT_DEFAULT),
        Some(limit @ 1..=LIMIT_MAX) => Ok(limit),
        Some(_) => {
            let detail = format!("is 1 to {LIMIT_MAX}");
            Err(ApiError::invalid(vec![Invalid::new(path, detail)]))
        }
    }
}

/// A listing that a cursor is bound to: a cursor of another workspace or
/// another listing does not open.
#[derive(Debug, Clone, Copy)]
pub struct Listing<'a> {
    pub workspace: WorkspaceId,
    /// Names the listing and whatever narrows it, e.g. `endpoints`.
    pub name: &'a str,
}

impl Listing<'_> {
    fn context(self) -> String {
        format!("workspace/{}/cursor/{}", self.workspace, self.name)
    }

    /// The page that a caller asks for.
    pub fn request(self, app: &App, query: &ListingQuery) -> Result<PageRequest, ApiError> {
        Ok(PageRequest {
            limit: limit("?limit", query.limit)?,
            after: match &query.cursor {
                None => None,
                Some(cursor) => Some(self.position(app, cursor)?),
            },
        })
    }

    fn position(self, app: &App, cursor: &str) -> Result<i64, ApiError> {
        let bytes = self.open(app, cursor)?;
        let bytes = bytes.try_into().map_err(|_| bad_cursor())?;
        Ok(i64::from_be_bytes(bytes))
    }

    /// What a cursor holds.
    ///
    /// # Errors
    /// 400 `cursor-invalid` if it was not made for this listing.
    pub fn open(self, app: &App, cursor: &str) -> Result<Vec<u8>, ApiError> {
        let sealed = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| bad_cursor())?;
        app.sealer.open(&self.context(), &sealed).map_err(|_| bad_cursor())
    }

    /// The page of a list that is short enough to be at hand as a whole, in its own order.
    pub fn slice<T>(
        self,
        app: &App,
        all: Vec<T>,
        query: &ListingQuery,
    ) -> Result<(Vec<T>, PageView), ApiError> {
        let PageRequest { limit, after } = self.request(app, query)?;
        let start = after.and_then(|after| usize::try_from(after).ok()).unwrap_or_default();
        let end = start.saturating_add(limit);
        let next = (end < all.len()).then_some(end as i64);
        let page = all.into_iter().skip(start).take(limit).collect();
        Ok((page, self.page(app, next)))
    }

    /// The page to answer; `next` is the position that the store named.
    pub fn page(self, app: &App, next: Option<i64>) -> PageView {
        self.page_of(app, next.map(|next| next.to_be_bytes().to_vec()))
    }

    /// The same for positions that are more than a number.
    pub fn page_of(self, app: &App, next: Option<Vec<u8>>) -> PageView {
        let seal = |next: Vec<u8>| URL_SAFE_NO_PAD.encode(app.sealer.seal(&self.context(), &next));
        PageView { has_more: next.is_some(), next: next.map(seal) }
    }
}

fn bad_cursor() -> ApiError {
    let detail = "the cursor was not made by this listing; start again without it";
    ApiError::new(Problem::CursorInvalid, detail)
}
