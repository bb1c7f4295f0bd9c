//! The words and rules of Turnbuckle.
//!
//! Everything here is a plain function or a plain value: no I/O, no clock, no
//! randomness, no async. Callers pass the time and the dice, so every rule is
//! tested as a table of values. Each file is one noun of the glossary in
//! ARCHITECTURE.md; the same noun has the same file name in the store and in
//! the API.

pub mod body;
pub mod change;
pub mod coalesce;
pub mod endpoint;
pub mod entity;
pub mod expression;
pub mod filter;
pub mod function;
pub mod id;
pub mod invalid;
pub mod key;
pub mod mapping;
pub mod merge_patch;
pub mod message;
pub mod object;
pub mod record;
pub mod retry;
pub mod signature;
pub mod source;
pub mod statistics;
pub mod subscription;
pub mod text;
pub mod value;
pub mod verify;
pub mod write;
