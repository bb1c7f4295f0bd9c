//! Writing a record: what is asked for, and what becomes of the record.
//!
//! A write is *planned* off the writer: values are cast, lookups are left as
//! they were given. It is *applied* on the writer: lookups are resolved, the
//! record to update is found, and [`decide`] says what the record becomes.

use serde_json::Value as Json;

use crate::entity::{Column, Entity, did_you_mean};
use crate::invalid::{Invalid, pointer};
use crate::record::Data;
use crate::value::{CastError, Value};

/// The value a write gives to one column.
#[derive(Debug, Clone, PartialEq)]
pub enum Planned {
    Value(Value),
    /// An id or a display value of the looked-up entity, found when applied.
    Lookup {
        entity: String,
        given: String,
    },
}

/// Columns and what a write gives them: in the order given, each column once.
pub type PlannedValues = Vec<(String, Planned)>;

/// A write with every value cast, ready to be applied.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct WritePlan {
    /// A null clears the column.
    pub values: PlannedValues,
    /// What was left out, for the event's log. Empty when planned strictly.
    pub warnings: Vec<Invalid>,
}

/// What to do with a value that cannot be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strictness {
    /// Refuse the write and name every member: the caller can mend it.
    Strict,
    /// Leave the value out and warn: the sender of a webhook cannot mend it.
    Lenient,
}

impl Strictness {
    /// What becomes of a column whose value cannot be written: goes on from its name.
    pub fn verdict(self) -> &'static str {
        match self {
            Self::Strict => "is refused",
            Self::Lenient => "is left out",
        }
    }
}

/// Casts `input` to the columns of `entity`.
///
/// # Errors
/// When strict, every member that is not a column, cannot be written or cannot be cast.
pub fn plan<'a>(
    entity: &Entity,
    input: impl IntoIterator<Item = (&'a String, &'a Json)>,
    strictness: Strictness,
    zone: &jiff::tz::TimeZone,
) -> Result<WritePlan, Vec<Invalid>> {
    let mut plan = WritePlan::default();
    for (name, given) in input {
        let planned = match entity.column(name) {
            None => Err(format!(
                "`{name}` is not a column of `{}`{}",
                entity.name,
                did_you_mean(&entity.nearest_column(name))
            )),
            Some(column) if !column.createable && !column.updateable => {
                Err(format!("`{name}` is set by the CRM"))
            }
            Some(column) => plan_value(column, given, zone)
                .map_err(|error| format!("`{}` {}: {error}", column.name, strictness.verdict())),
        };
        match planned {
            Ok(planned) => plan.values.push((name.clone(), planned)),
            Err(detail) => plan.warnings.push(Invalid::new(pointer("", name), detail)),
        }
    }
    match strictness {
        Strictness::Strict if !plan.warnings.is_empty() => Err(plan.warnings),
        _ => Ok(plan),
    }
}

fn plan_value(
    column: &Column,
    given: &Json,
    zone: &jiff::tz::TimeZone,
) -> Result<Planned, CastError> {
    let value = Value::cast(column, given, zone)?;
    Ok(match (&column.lookup, value) {
        (Some(entity), Value::Text(given)) => Planned::Lookup { entity: entity.clone(), given },
        (_, value) => Planned::Value(value),
    })
}

/// What a write makes of a record.
#[derive(Debug, Clone, PartialEq)]
pub struct Written {
    pub data: Data,
    /// Whether any column differs from before.
    pub is_changed: bool,
}

/// Puts `values` over `before` (`None` when the record is created).
///
/// # Errors
/// The required columns that would be left empty.
pub fn decide(
    entity: &Entity,
    before: Option<&Data>,
    values: Vec<(String, Value)>,
) -> Result<Written, Vec<String>> {
    let mut data = before.cloned().unwrap_or_default();
    let mut is_changed = false;
    for (column, value) in values {
        let stored = value.into_stored();
        let is_same = match data.get(&column) {
            Some(now) => *now == stored,
            None => stored.is_null(),
        };
        if is_same {
            continue;
        }
        is_changed = true;
        if stored.is_null() {
            data.shift_remove(&column);
        } else {
            data.insert(column, stored);
        }
    }
    let is_missing =
        |column: &&Column| column.required && column.createable && !data.contains_key(&column.name);
    let missing: Vec<String> =
        entity.columns.iter().filter(is_missing).map(|column| column.name.clone()).collect();
    if missing.is_empty() { Ok(Written { data, is_changed }) } else { Err(missing) }
}
