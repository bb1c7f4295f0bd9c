//! Carries everything that a store keeps to another store, of either engine.
//!
//! Who acts: [`export()`] reads a store, table by table, into a folder; [`import()`]
//! reads such a folder into an empty store. What travels is laid down once, as
//! [`TABLES`], in a form that no engine has a say in; each engine says how it
//! reads its rows in that form and how it writes them ([`TransferStore`]).
//!
//! Guaranteed:
//! - Both go on where they were cut off, whenever that was, and take a slice at a
//!   time, bounded in rows and bytes.
//! - An import writes nothing of an export whose files are not as they were written.
//! - An import has either written all of the export, found again by its [`Sum`]s in
//!   the store that it filled, or the store says that it is not to be used.
//! - Ids, numbers and the order of the feed stay. Numbers that were given out once
//!   are not given again ([`Counters`]).
//! - Secrets travel as they are: sealed, with the name of the key beside them.
//!
//! Nothing else may work with the store meanwhile. What was written for it alone
//! does not travel: leases, processes, versions of what is configured, and the
//! notes in [`OWN_NOTES`]. What is left of deleted connections is erased first.

mod compare;
mod error;
mod export;
mod folder;
mod import;
mod row;
mod sum;
mod table;
mod tables;

use std::path::Path;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::StoreError;
use crate::maintenance::{HEALTH_NOTE, RETENTION_NOTE};
pub use error::TransferError;
pub use export::export;
pub use folder::Manifest;
pub use import::{Checked, check_export, import};
pub use row::{Cell, Row};
pub use sum::{Checksum, Sum};
pub use table::{Column, Kind, Table};
pub use tables::TABLES;

/// How far an import has come, while it has not ended.
pub const IMPORT_NOTE: &str = "import";

/// Notes about a store itself, which mean nothing to another.
pub const OWN_NOTES: [&str; 3] = [HEALTH_NOTE, RETENTION_NOTE, IMPORT_NOTE];

/// How much is read or written at once: as many rows as fit both, but one at least.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    pub rows_max: usize,
    pub bytes_max: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { rows_max: 1_000, bytes_max: 8 << 20 }
    }
}

/// Highest numbers that were given out, some perhaps to what is gone by now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counters {
    pub context: i64,
    pub connection: i64,
    pub entity: i64,
    pub entity_column: i64,
    pub bin_request: i64,
    /// Of the feed: a position.
    pub feed: i64,
    /// Of any id: a row key.
    pub row_key: i64,
}

/// What keeps a store from being carried over as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Obstacle {
    /// Other processes have it open, or had since this one opened it.
    OtherProcesses,
    /// A change is not matched yet and a later one is, which not every engine can keep.
    MatchedOutOfOrder,
}

/// How far a transfer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    pub step: Step,
    pub table: &'static Table,
    /// Of this table so far.
    pub rows: u64,
    pub is_table_done: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    Export,
    /// Files are read, to compare them with the manifest.
    Check,
    Import,
    /// Rows are read again, to compare them with what was exported.
    Compare,
}

/// What an export or an import is asked for.
pub struct Transfer<'a> {
    pub folder: &'a Path,
    /// Names the key that the secrets in the store are sealed with.
    pub seal_key: &'a str,
    pub bounds: Bounds,
    /// Told after every slice.
    pub on_progress: &'a mut (dyn FnMut(Progress) + Send),
}

/// Rows in the form in which they travel.
#[async_trait]
pub trait TransferStore: Send + Sync {
    async fn obstacle(&self) -> Result<Option<Obstacle>, StoreError>;

    /// The next rows of a table behind `after`, in an order of the engine's own. Empty
    /// at the end.
    async fn read_rows(
        &self,
        table: &'static Table,
        after: Option<&Row>,
        bounds: Bounds,
    ) -> Result<Vec<Row>, StoreError>;

    /// Writes rows of a table and, in the same transaction, how far the import has
    /// come by them: the new value of [`IMPORT_NOTE`].
    ///
    /// # Errors
    /// [`StoreError::Defect`] if one of them is there already.
    async fn write_rows(
        &self,
        table: &'static Table,
        rows: Vec<Row>,
        progress: String,
    ) -> Result<(), StoreError>;

    async fn counters(&self) -> Result<Counters, StoreError>;

    /// Ends an import: raises what was given out to `counters` and takes
    /// [`IMPORT_NOTE`] away. The store must be opened again before it is used.
    async fn end_import(&self, counters: Counters) -> Result<(), StoreError>;
}
