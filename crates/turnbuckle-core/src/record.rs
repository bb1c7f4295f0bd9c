//! Records: one row of an entity.

use serde_json::{Map, Value as Json};

use crate::id::UnixMs;

/// The columns of a record in their stored form (see [`crate::value`]), by
/// column name. A column that is absent is null.
pub type Data = Map<String, Json>;

/// One row of an entity of a CRM, as it is now.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// The CRM's own id; a hyphenated lower-case GUID in the built-in CRM.
    pub id: String,
    /// Counts the records of an entity from 1, in the built-in CRM; never reused.
    pub number: i64,
    /// Counts the writes of this record from 1.
    pub version: i64,
    pub created_at: UnixMs,
    pub updated_at: UnixMs,
    /// Without the columns that are members here (`Id`, `CreatedOn`, `ModifiedOn`).
    pub data: Data,
}

/// Columns that every native entity has and the CRM sets.
pub const ID: &str = "Id";
pub const CREATED_ON: &str = "CreatedOn";
pub const MODIFIED_ON: &str = "ModifiedOn";

/// Splits a record id of the universal wire, `Entity:id`, at its first colon.
pub fn parse_universal_id(text: &str) -> Option<(&str, &str)> {
    text.split_once(':').filter(|(entity, id)| !entity.is_empty() && !id.is_empty())
}

/// The record id of the universal wire.
pub fn universal_id(entity: &str, id: &str) -> String {
    format!("{entity}:{id}")
}
