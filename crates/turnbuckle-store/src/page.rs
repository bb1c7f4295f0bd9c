//! Listings: newest first, a page at a time.

/// Which page of a listing is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageRequest {
    /// Rows wanted, from 1.
    pub limit: usize,
    /// Position after which to go on: [`Page::next`] of the page before.
    pub after: Option<i64>,
}

/// A page of a listing. It may be short, even empty, with `next` set: one call
/// reads a bounded number of rows, however few of them fit the filter.
#[derive(Debug, Clone, PartialEq)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// Position to go on from; `None` at the end.
    pub next: Option<i64>,
}

/// Rows that one listing call reads at most while it looks for those that fit.
pub const ROWS_READ_MAX: usize = 20_000;
