//! What is decided alike on every engine: pure code between the contracts and
//! the statements.
//!
//! An engine hands in rows and takes back what to write; nothing here speaks SQL.

pub mod apply;
pub mod numbers;
pub mod record;
pub mod schema;
