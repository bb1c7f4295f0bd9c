//! Tells a taken name from every other reason for which a statement fails.

use rusqlite::ffi;

use crate::StoreError;
use crate::error::Noun;
use crate::sqlite::failure::Failure;

/// Whether a row with the same key or the same unique value is there already.
pub fn is_unique_violation(error: &rusqlite::Error) -> bool {
    error.sqlite_error().is_some_and(|error| {
        matches!(
            error.extended_code,
            ffi::SQLITE_CONSTRAINT_UNIQUE
                | ffi::SQLITE_CONSTRAINT_PRIMARYKEY
                | ffi::SQLITE_CONSTRAINT_ROWID
        )
    })
}

/// What an insert of `noun` failed for: the name is taken, or else the database's own reason.
pub fn taken(error: rusqlite::Error, noun: Noun, id: impl ToString) -> Failure {
    if is_unique_violation(&error) {
        StoreError::already_exists(noun, id).into()
    } else {
        error.into()
    }
}
