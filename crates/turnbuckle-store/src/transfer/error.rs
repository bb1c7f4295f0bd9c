//! Why a transfer does not go on; each says what to do.

use std::path::{Path, PathBuf};

use super::Obstacle;
use super::folder::{FORMAT, MANIFEST};
use super::sum::Sum;
use crate::StoreError;

#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    #[error(
        "other processes use the database, or have since this one opened it; stop every server \
         that does, and try again"
    )]
    NotAlone,

    #[error(
        "a change waits to be matched and a later one does not; start a server, wait until its \
         metric `turnbuckle_unmatched_changes` is 0, stop it, and try again"
    )]
    MatchedOutOfOrder,

    #[error("`{}` is no export: it has no {MANIFEST}", .0.display())]
    NoExport(PathBuf),

    #[error("`{}` holds something else than an export of this store; name another folder", .0.display())]
    Occupied(PathBuf),

    #[error("`{}` holds a complete export; name another folder", .0.display())]
    Complete(PathBuf),

    #[error(
        "the export in `{}` is not complete; run `turnbuckle export` with this folder again",
        .0.display()
    )]
    Incomplete(PathBuf),

    #[error(
        "the export has format {0} and this version knows {FORMAT}; take the version of \
         turnbuckle that made it"
    )]
    OtherFormat(u32),

    #[error(
        "the export was sealed with key {sealed_with} and the data folder holds {}; copy seal.key \
         there from the data folder that was exported",
        .held.as_ref().map_or("none".to_owned(), |held| format!("key {held}"))
    )]
    OtherSealKey { sealed_with: String, held: Option<String> },

    #[error(
        "there is something in the store already; perhaps this import is done, and a server can be \
         started. To import, name a data folder or a database that no server was started on"
    )]
    NotEmpty,

    #[error(
        "the import of another export into this store was begun; finish that one, or name an \
         empty folder or database"
    )]
    OtherImport,

    #[error("`{}` is not there; put back the file that was exported", .0.display())]
    Missing(PathBuf),

    #[error(
        "line {number} of `{}` is not as it was exported: {reason}; put back the file that was \
         exported",
        path.display()
    )]
    Line { path: PathBuf, number: u64, reason: String },

    #[error(
        "`{}` is not as it was exported: it has {found}, the manifest says {expected}; put back \
         the file that was exported",
        path.display()
    )]
    File { path: PathBuf, expected: Sum, found: Sum },

    #[error(
        "the store does not hold what was exported: of `{table}` it has {found}, the manifest says \
         {expected}; begin again with an empty store: drop the database, or name another data \
         folder"
    )]
    Differs { table: &'static str, expected: Sum, found: Sum },

    #[error(
        "the store has changed since this export was begun: `{0}` holds other rows; export into \
         another folder"
    )]
    Changed(&'static str),

    #[error("cannot {action} `{}`", path.display())]
    Io {
        action: &'static str,
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },

    #[error("the store cannot be read or written")]
    Store(#[from] StoreError),
}

impl From<Obstacle> for TransferError {
    fn from(obstacle: Obstacle) -> Self {
        match obstacle {
            Obstacle::OtherProcesses => Self::NotAlone,
            Obstacle::MatchedOutOfOrder => Self::MatchedOutOfOrder,
        }
    }
}

impl TransferError {
    /// `action` completes "cannot …".
    pub(super) fn io(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { action, path, source }
    }
}
