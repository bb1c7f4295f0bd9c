//! Records of the built-in CRM.

use std::collections::HashSet;
use std::sync::Arc;

use async_trait::async_trait;
use turnbuckle_core::change::{ChangeType, Origin};
use turnbuckle_core::entity::ColumnPath;
use turnbuckle_core::filter::{BoundFilter, Moment};
use turnbuckle_core::id::WorkspaceId;
use turnbuckle_core::invalid::Invalid;
use turnbuckle_core::record::{Record, Related};
use turnbuckle_core::write::{Planned, Strictness};

use crate::StoreError;

/// Most candidates that are sorted in memory when the sort column has no keys.
pub const SORT_CANDIDATES_MAX: usize = 10_000;

/// What to do with a record.
#[derive(Debug, Clone, PartialEq)]
pub enum WriteAction {
    Create,
    /// Updates the record that has the same values in these columns, or creates
    /// one. [`StoreError::Invalid`] if several have.
    Upsert {
        match_on: Vec<String>,
    },
    /// Of a record that must exist, in this version if one is given.
    Update {
        id: String,
        version: Option<i64>,
    },
    Delete {
        id: String,
        version: Option<i64>,
    },
}

/// One write of one record.
#[derive(Debug, Clone, PartialEq)]
pub struct Write {
    pub entity: String,
    pub action: WriteAction,
    /// Values in the order given; empty for a delete.
    pub values: Vec<(String, Planned)>,
    /// What columns get that the values leave empty, where the record holds nothing either.
    pub defaults: Vec<(String, Planned)>,
    /// Whether a lookup that finds nothing, or several by their display value,
    /// refuses the write or is a warning.
    pub strictness: Strictness,
    pub origin: Origin,
}

/// What became of a write.
#[derive(Debug, Clone, PartialEq)]
pub struct Applied {
    pub entity: String,
    /// As it is after the write; on delete, as it last was.
    pub record: Record,
    /// `None` when the record already was as the write wanted it.
    pub change: Option<ChangeType>,
    /// Values that were left out.
    pub warnings: Vec<Invalid>,
}

/// One key of a sort. Null sorts first when ascending.
#[derive(Debug, Clone, PartialEq)]
pub struct Sort {
    pub column: ColumnPath,
    pub descending: bool,
}

/// A search over one entity.
#[derive(Debug, Clone)]
pub struct Search {
    pub entity: String,
    pub filter: BoundFilter,
    /// When and where relative dates are judged.
    pub moment: Moment,
    /// Empty: in the order of creation.
    pub sort: Vec<Sort>,
    /// Records wanted, from 1.
    pub limit: usize,
    /// [`SearchPage::next`] of the page before.
    pub after: Option<Vec<u8>>,
    /// Columns that the answer's [`Related`] must reach.
    pub paths: Vec<ColumnPath>,
    /// Also count the matches, up to [`COUNT_MAX`].
    pub count: bool,
}

/// Matches are counted up to here.
pub const COUNT_MAX: usize = 1_000;

#[derive(Debug, Clone, PartialEq)]
pub struct SearchPage {
    pub records: Vec<Record>,
    pub related: Related,
    /// Where to go on; set also when the page is short because one call reads
    /// a bounded number of records.
    pub next: Option<Vec<u8>>,
    /// Matches, and whether that is all of them.
    pub count: Option<(usize, bool)>,
    /// Whether search keys led to the records looked at; else they were all of the entity.
    pub is_narrowed: bool,
}

#[async_trait]
pub trait RecordStore: Send + Sync {
    /// Records by id, in the order asked, with what `paths` reach through them.
    async fn records(
        &self,
        workspace: WorkspaceId,
        connection: &str,
        entity: &str,
        ids: &[String],
        paths: &[ColumnPath],
    ) -> Result<(Vec<Option<Record>>, Related), StoreError>;

    /// What `paths` reach from records that the caller holds.
    async fn related(
        &self,
        workspace: WorkspaceId,
        connection: &str,
        entity: &str,
        records: &[&Record],
        paths: &HashSet<ColumnPath>,
    ) -> Result<Related, StoreError>;

    /// Finds the records that match, exactly as [`BoundFilter::matches`] judges.
    ///
    /// # Errors
    /// [`StoreError::SortTooWide`] when the sort column has no keys and more
    /// than [`SORT_CANDIDATES_MAX`] records would have to be sorted.
    async fn search(
        &self,
        workspace: WorkspaceId,
        connection: &str,
        search: Search,
    ) -> Result<SearchPage, StoreError>;

    /// Writes one record together with its change.
    ///
    /// # Errors
    /// [`StoreError::Invalid`], [`StoreError::UniqueViolation`],
    /// [`StoreError::VersionMismatch`], [`StoreError::NotFound`].
    async fn write(
        &self,
        workspace: WorkspaceId,
        connection: &str,
        write: Write,
    ) -> Result<Applied, StoreError>;

    /// Writes many records in one transaction without telling anybody: for
    /// loading data, not for work that others subscribe to.
    async fn load(
        &self,
        workspace: WorkspaceId,
        connection: &str,
        entity: &str,
        records: Vec<Vec<(String, Planned)>>,
    ) -> Result<usize, StoreError>;
}

/// A record shared between the stages that look at it.
pub type SharedRecord = Arc<Record>;
