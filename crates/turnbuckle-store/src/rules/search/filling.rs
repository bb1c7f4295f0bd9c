//! A page being filled with the records that match.

use turnbuckle_core::record::{Record, Related};

use crate::page::ROWS_READ_MAX;
use crate::record::SearchPage;
use crate::rules::search::{Found, Position};

pub struct Filling {
    records: Vec<Record>,
    limit: usize,
    slice_max: usize,
    looked_at: usize,
    /// The record looked at last.
    last: Option<Position>,
    has_more: bool,
    is_narrowed: bool,
}

impl Filling {
    pub fn new(limit: usize, slice_max: usize, is_narrowed: bool) -> Self {
        let (records, last) = (Vec::new(), None);
        Self { records, limit, slice_max, looked_at: 0, last, has_more: false, is_narrowed }
    }

    /// How many records to read next: about as many as complete the page if the
    /// others match as often as those looked at.
    pub fn slice(&self) -> usize {
        let matches_wanted = self.limit + 1 - self.records.len();
        let per_match = self.looked_at / self.records.len().max(1);
        let wanted = matches_wanted * per_match;
        // One beyond the budget tells whether there is more.
        wanted.max(self.limit + 1).min(self.slice_max).min(ROWS_READ_MAX + 1 - self.looked_at)
    }

    /// Takes the record if it matches; `false` when the page is complete.
    pub fn look_at(&mut self, found: Found, is_match: bool) -> bool {
        if self.looked_at == ROWS_READ_MAX || (is_match && self.records.len() == self.limit) {
            self.has_more = true;
            return false;
        }
        self.looked_at += 1;
        self.last = Some(found.position);
        if is_match {
            self.records.push(found.record);
        }
        true
    }

    pub fn page(self) -> SearchPage {
        SearchPage {
            next: self.last.filter(|_| self.has_more).map(|position| position.to_bytes()),
            records: self.records,
            related: Related::default(),
            count: None,
            is_narrowed: self.is_narrowed,
        }
    }
}
