//! The filter language: the typed condition tree of a search.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use crate::entity::{ColumnPath, ColumnType, Entity, Schema};
use crate::invalid::Invalid;
use crate::value::Value;

/// A filter as it is written in mappings and search calls.
#[derive(Debug, Clone, PartialEq)]
pub enum Filter {
    All(Vec<Filter>),
    Any(Vec<Filter>),
    Not(Box<Filter>),
    Condition(Condition),
}

/// Compares one column.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    pub column: ColumnPath,
    pub op: Op,
    pub operand: Operand,
}

/// What a column is compared with.
#[derive(Debug, Clone, PartialEq)]
pub enum Operand {
    /// For `is_null`, `is_not_null`, `today`.
    None,
    Value(Json),
    Values(Vec<Json>),
    /// The payload field of this name, given when the event is invoked.
    Payload(String),
}

#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    strum::VariantArray,
    strum::IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Op {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    Between,
    In,
    NotIn,
    Contains,
    NotContains,
    StartsWith,
    EndsWith,
    IsNull,
    IsNotNull,
    Today,
    LastNDays,
    NextNDays,
    BeforeNDays,
    AfterNDays,
}

/// When and where a filter is judged: relative dates depend on it.
#[derive(Debug, Clone)]
pub struct Moment {
    pub now: jiff::Timestamp,
    pub zone: jiff::tz::TimeZone,
}

/// Gives the values of the record that a filter is judged on.
pub trait Values {
    fn value(&self, path: &ColumnPath, column_type: ColumnType) -> Value;
}

/// A filter whose operands are known and typed.
#[derive(Debug, Clone, PartialEq)]
pub struct BoundFilter {}

/// A range of search keys of one plain column that every match lies in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRange {
    pub column: String,
    pub from: std::ops::Bound<Vec<u8>>,
    pub to: std::ops::Bound<Vec<u8>>,
}

impl Filter {
    /// Reads a filter document; every member that is wrong is named.
    pub fn parse(document: &Json) -> Result<Self, Vec<Invalid>> {
        let _ = document;
        todo!()
    }

    /// Writes the document back.
    pub fn to_json(&self) -> Json {
        todo!()
    }

    /// Checks columns, operators and operand types against `entity`, and payload names against `payload_fields`.
    pub fn check(&self, schema: &Schema, entity: &Entity, payload_fields: &[&str]) -> Vec<Invalid> {
        let _ = (schema, entity, payload_fields);
        todo!()
    }

    /// Every column path that is compared, without repeats.
    pub fn paths(&self) -> Vec<ColumnPath> {
        todo!()
    }

    /// Puts the payload in and casts every operand.
    pub fn bind(
        &self,
        schema: &Schema,
        entity: &Entity,
        payload: &Map<String, Json>,
        zone: &jiff::tz::TimeZone,
    ) -> Result<BoundFilter, Vec<Invalid>> {
        let _ = (schema, entity, payload, zone);
        todo!()
    }
}

impl BoundFilter {
    /// Whether the record matches. Two-valued: never unknown.
    pub fn matches(&self, record: &dyn Values, moment: &Moment) -> bool {
        let _ = (record, moment);
        todo!()
    }
}
