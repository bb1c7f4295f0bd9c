//! What is decided alike on every engine: pure code between the contracts and
//! the statements.
//!
//! An engine hands in rows and takes back what to write; nothing here speaks SQL.

pub mod apply;
pub mod event;
pub mod numbers;
pub mod record;
pub mod schema;

use crate::StoreError;

/// How calls fail inside an engine, before they fail in the words of [`StoreError`].
pub trait EngineFailure: From<StoreError> + From<serde_json::Error> {
    /// What was refused, if it failed by a decision of ours.
    ///
    /// # Errors
    /// Itself, if it failed by the database.
    fn refused(self) -> Result<StoreError, Self>;
}
