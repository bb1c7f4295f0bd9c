//! The filter language: the typed condition tree of a search.
//!
//! A [`Filter`] is what a mapping or a search call says; [`Filter::check`]
//! compares it with the schema when it is saved. [`Filter::bind`] puts the
//! payload in and casts every operand, and the [`BoundFilter`] judges records
//! ([`BoundFilter::matches`]) and tells an engine where the matches can lie
//! ([`BoundFilter::narrowing`]). An engine may only narrow; core judges, so a
//! search means the same everywhere.
//!
//! What each operator means is written once, at [`Op`]. Logic is two-valued:
//! a condition holds or does not hold, also on null, and `not` turns that round.

#[cfg(any(test, feature = "arbitrary"))]
pub mod arbitrary;
mod bind;
mod check;
mod document;
mod judge;
mod keyed;
mod narrow;
mod op;

use serde_json::{Map, Value as Json};

use crate::entity::{ColumnPath, ColumnType, Entity, Schema};
use crate::invalid::Invalid;
use crate::key::KeyRange;
use crate::value::Value;

pub use keyed::ALTERNATIVES_MAX;
pub use op::{Arity, Op};

/// Most filters that may lie within each other, the outermost counted.
pub const DEPTH_MAX: usize = 20;
/// Most conditions of one filter, and most groups (`all`, `any`, `not`).
pub const CONDITIONS_MAX: usize = 500;
/// Most values that one `in` or `not_in` compares with.
pub const VALUES_MAX: usize = 1_000;
/// Most days that a relative date reaches.
pub const DAYS_MAX: i64 = 100_000;

/// A filter as it is written in mappings and search calls.
#[derive(Debug, Clone, PartialEq)]
pub enum Filter {
    /// Holds if every one holds; without any it matches everything.
    All(Vec<Filter>),
    /// Holds if one of them holds; without any it matches nothing.
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

/// When and where a filter is judged: relative dates depend on it.
#[derive(Debug, Clone)]
pub struct Moment {
    pub now: jiff::Timestamp,
    pub zone: jiff::tz::TimeZone,
}

/// Gives the values of the record that a filter is judged on.
pub trait Values {
    /// The value at the end of `path`; null where a lookup on the way is null.
    fn value(&self, path: &ColumnPath, column_type: ColumnType) -> Value;
}

/// A filter whose operands are known and typed.
#[derive(Debug, Clone, PartialEq)]
pub struct BoundFilter {
    root: bind::Node,
}

/// Where every match has its key of one column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Narrowing {
    pub column: ColumnPath,
    /// In order and apart from each other. None means that nothing matches.
    pub ranges: Vec<KeyRange>,
}

impl Filter {
    /// Reads a filter document; every member that is wrong is named.
    ///
    /// # Errors
    /// Paths are JSON pointers into `document`.
    pub fn parse(document: &Json) -> Result<Self, Vec<Invalid>> {
        document::parse(document)
    }

    /// Writes the document back.
    pub fn to_json(&self) -> Json {
        document::write(self)
    }

    /// Checks columns, operators and operand types against `entity`, and payload names against
    /// `payload_fields`. An empty list means that the filter can be bound.
    ///
    /// # Panics
    /// If `entity` is not of `schema`.
    pub fn check(&self, schema: &Schema, entity: &Entity, payload_fields: &[&str]) -> Vec<Invalid> {
        check::check(self, schema, entity, payload_fields)
    }

    /// Every column path that is compared, without repeats.
    pub fn paths(&self) -> Vec<ColumnPath> {
        let mut paths = indexmap::IndexSet::new();
        self.each_condition(&mut |condition| {
            paths.insert(condition.column.clone());
        });
        paths.into_iter().collect()
    }

    /// Every payload field that a column is compared with, without repeats.
    pub fn payload_fields(&self) -> Vec<&str> {
        let mut fields = indexmap::IndexSet::new();
        self.each_condition(&mut |condition| {
            if let Operand::Payload(field) = &condition.operand {
                fields.insert(field.as_str());
            }
        });
        fields.into_iter().collect()
    }

    /// Puts the payload in and casts every operand. `zone` places dates and times without an offset.
    ///
    /// # Errors
    /// Columns that do not exist (any more) or that the operator does not compare, at their place in
    /// the filter; payload fields that are missing or of the wrong shape, at `/payload/<name>`.
    /// A value that cannot be of the column's type is no error: its condition does not hold.
    ///
    /// # Panics
    /// If `entity` is not of `schema`.
    pub fn bind(
        &self,
        schema: &Schema,
        entity: &Entity,
        payload: &Map<String, Json>,
        zone: &jiff::tz::TimeZone,
    ) -> Result<BoundFilter, Vec<Invalid>> {
        bind::bind(self, schema, entity, payload, zone).map(|root| BoundFilter { root })
    }

    fn each_condition<'a>(&'a self, visit: &mut impl FnMut(&'a Condition)) {
        match self {
            Self::All(filters) | Self::Any(filters) => {
                for filter in filters {
                    filter.each_condition(visit);
                }
            }
            Self::Not(filter) => filter.each_condition(visit),
            Self::Condition(condition) => visit(condition),
        }
    }
}

impl BoundFilter {
    /// Whether the record matches. Two-valued: never unknown.
    pub fn matches(&self, record: &dyn Values, moment: &Moment) -> bool {
        self.root.holds(record, moment)
    }

    /// Every column path that is judged, without repeats.
    pub fn paths(&self) -> Vec<&ColumnPath> {
        let mut paths = indexmap::IndexSet::new();
        self.root.each_test(&mut |test| {
            paths.insert(&test.path);
        });
        paths.into_iter().collect()
    }

    /// Where the matches can lie, at most one entry a column: every match has its key
    /// ([`crate::key::encode`]) of that column in one of the ranges.
    ///
    /// Comes from conditions that every match must meet: those at the top and in nested `all`s, and
    /// those of an `any` whose branches all narrow one column. Empty where nothing is known.
    pub fn narrowing(&self, moment: &Moment) -> Vec<Narrowing> {
        narrow::narrowing(&self.root, moment)
    }
}
