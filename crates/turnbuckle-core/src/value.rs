//! The value of one column, and how a value of any type is cast to it.

use rust_decimal::Decimal;
use serde_json::Value as Json;
use uuid::Uuid;

use crate::entity::{Column, ColumnType};

/// A typed value. What a record stores is its JSON form ([`Value::to_stored`]).
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Null,
    Boolean(bool),
    Integer(i64),
    Decimal(Decimal),
    /// Also options and lookups: record ids are opaque text outside the built-in CRM.
    Text(String),
    Date(jiff::civil::Date),
    Datetime(jiff::Timestamp),
    Guid(Uuid),
    /// Objects, lists and multi-options.
    Json(Json),
}

/// A value cannot be made into what the column holds.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot cast {given} to {wanted}")]
pub struct CastError {
    /// The value as given, shortened.
    pub given: String,
    pub wanted: String,
}

impl Value {
    /// Reads the stored form back; what is not of the type reads as null.
    pub fn from_stored(column_type: ColumnType, stored: &Json) -> Self {
        let _ = (column_type, stored);
        todo!()
    }

    /// The JSON that a record keeps and the API shows.
    pub fn to_stored(&self) -> Json {
        todo!()
    }

    /// Casts whatever a sender gave to what `column` holds.
    pub fn cast(
        column: &Column,
        given: &Json,
        zone: &jiff::tz::TimeZone,
    ) -> Result<Self, CastError> {
        let _ = (column, given, zone);
        todo!()
    }
}
