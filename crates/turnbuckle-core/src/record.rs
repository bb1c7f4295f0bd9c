//! Records: one row of an entity.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Map, Value as Json};
use uuid::Uuid;

use crate::entity::{ColumnPath, ColumnType, Entity, Schema};
use crate::filter::Values;
use crate::id::UnixMs;
use crate::value::Value;

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
    /// Shared, since a record, its change and its messages show the same columns.
    pub data: Arc<Data>,
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

/// Records that lookups point to, fetched beside the records that point.
///
/// Keyed by entity and record id. What is absent was not found, and every
/// column read through it is null.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Related(HashMap<(String, String), Arc<Record>>);

impl Related {
    pub fn insert(&mut self, entity: &str, record: Arc<Record>) {
        self.0.insert((entity.to_owned(), record.id.clone()), record);
    }

    pub fn get(&self, entity: &str, id: &str) -> Option<&Arc<Record>> {
        // An owned pair to look up a borrowed one: related records are few and ids are short.
        self.0.get(&(entity.to_owned(), id.to_owned()))
    }
}

/// A record with what its lookups point to: what filters judge and mappings render.
#[derive(Debug, Clone, Copy)]
pub struct Image<'a> {
    pub schema: &'a Schema,
    pub entity: &'a Entity,
    pub record: &'a Record,
    pub related: &'a Related,
}

impl Image<'_> {
    /// The record at the end of the walk, with its entity; `None` where a lookup is empty.
    pub fn walk(&self, walks: &[String]) -> Option<(&Entity, &Record)> {
        let mut entity = self.entity;
        let mut record = self.record;
        for step in walks {
            let column = entity.walk(step)?;
            let id = record.data.get(&column.name)?.as_str()?;
            let target = column.lookup.as_deref()?;
            record = self.related.get(target, id)?;
            entity = self.schema.entity(target)?;
        }
        Some((entity, record))
    }
}

impl Values for Image<'_> {
    fn value(&self, path: &ColumnPath, column_type: ColumnType) -> Value {
        match self.walk(&path.walks) {
            Some((_, record)) => record.value(&path.column, column_type),
            None => Value::Null,
        }
    }
}

impl Record {
    /// The typed value of one of its own columns; null where it has none.
    pub fn value(&self, column: &str, column_type: ColumnType) -> Value {
        match column {
            ID => {
                Uuid::try_parse(&self.id).map_or_else(|_| Value::Text(self.id.clone()), Value::Guid)
            }
            CREATED_ON => instant(self.created_at),
            MODIFIED_ON => instant(self.updated_at),
            _ => self
                .data
                .get(column)
                .map_or(Value::Null, |stored| Value::from_stored(column_type, stored)),
        }
    }
}

fn instant(at: UnixMs) -> Value {
    jiff::Timestamp::from_millisecond(at).map_or(Value::Null, Value::Datetime)
}
