//! What is decided alike on every engine: the code between the contracts and
//! the statements.
//!
//! Nothing here speaks SQL. An engine hands in rows and takes back what to
//! write; where what is read decides what to read next, it is asked through
//! [`reads::RecordReads`].

pub mod apply;
pub mod attempt;
pub mod delivery;
pub mod event;
pub mod identity;
pub mod key_base;
pub mod line;
pub mod numbers;
pub mod reads;
pub mod record;
pub mod recovery;
pub mod schema;
pub mod search;
pub mod walk;

use crate::StoreError;

/// How calls fail inside an engine, before they fail in the words of [`StoreError`].
pub trait EngineFailure: From<StoreError> + From<serde_json::Error> {
    /// What was refused, if it failed by a decision of ours.
    ///
    /// # Errors
    /// Itself, if it failed by the database.
    fn refused(self) -> Result<StoreError, Self>;
}
