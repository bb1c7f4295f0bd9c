//! Entities and columns: the types of record in a CRM.
//!
//! An entity is described the same way whatever the CRM. A *lookup* column
//! holds the id of a record of another entity and its name ends in `Id`
//! (`CountryId`); a [`ColumnPath`] without the suffix walks to that record
//! (`Country.Name`), up to two steps.

use std::fmt;
use std::mem::swap;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

/// What a column holds.
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
pub enum ColumnType {
    /// One line of text.
    Text,
    /// Text of any number of lines.
    LongText,
    /// A whole number of 64 bits.
    Integer,
    /// An exact decimal of up to 28 digits.
    Decimal,
    Boolean,
    /// A calendar day without a time or a zone.
    Date,
    /// An instant, kept in UTC to the microsecond.
    Datetime,
    Guid,
    /// The id of a record of another entity.
    Lookup,
    /// One of the column's options, by its value.
    Option,
    /// Any number of the column's options.
    MultiOption,
    /// A JSON object.
    Object,
    /// A JSON array.
    List,
}

/// One choice of an option column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ColumnOption {
    pub value: String,
    pub label: String,
}

/// A property of an entity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// Code, stable: `MobilePhone`, `CountryId`.
    pub name: String,
    /// What people read: "Mobile phone".
    pub label: String,
    #[serde(rename = "type")]
    pub column_type: ColumnType,
    /// A record cannot be created without it.
    pub required: bool,
    /// No two records of the entity may hold the same value (null aside).
    pub unique: bool,
    pub readable: bool,
    pub createable: bool,
    pub updateable: bool,
    pub filterable: bool,
    /// The entity that a lookup points to.
    pub lookup: Option<String>,
    /// The choices of an option column; `None` admits any text.
    pub options: Option<Vec<ColumnOption>>,
}

impl Column {
    /// A plain column that may be read, written and filtered.
    pub fn new(name: impl Into<String>, label: impl Into<String>, column_type: ColumnType) -> Self {
        let filterable = !matches!(column_type, ColumnType::Object | ColumnType::List);
        Self {
            name: name.into(),
            label: label.into(),
            column_type,
            required: false,
            unique: false,
            readable: true,
            createable: true,
            updateable: true,
            filterable,
            lookup: None,
            options: None,
        }
    }

    /// A column that holds the id of a record of `entity`.
    pub fn lookup(
        name: impl Into<String>,
        label: impl Into<String>,
        entity: impl Into<String>,
    ) -> Self {
        Self { lookup: Some(entity.into()), ..Self::new(name, label, ColumnType::Lookup) }
    }

    pub fn required(self) -> Self {
        Self { required: true, ..self }
    }

    pub fn unique(self) -> Self {
        Self { unique: true, ..self }
    }

    /// Set by the CRM alone.
    pub fn read_only(self) -> Self {
        Self { createable: false, updateable: false, ..self }
    }

    /// The name that walks to the looked-up record: `Country` of `CountryId`.
    pub fn walk_name(&self) -> Option<&str> {
        self.lookup.as_ref().and_then(|_| self.name.strip_suffix("Id"))
    }
}

/// A type of record in a CRM.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entity {
    /// Code, stable: `Contact`.
    pub name: String,
    pub label: String,
    pub label_plural: String,
    /// Made by the workspace, not by the CRM's maker.
    pub custom: bool,
    /// The column that stands for a record where people read it, and by which
    /// a lookup is resolved.
    pub display: String,
    pub columns: Vec<Column>,
}

impl Entity {
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// The lookup column that `walk_name` walks through: `CountryId` for `Country`.
    pub fn walk(&self, walk_name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.walk_name() == Some(walk_name))
    }

    /// The column whose name is nearest to `name`, for "did you mean".
    pub fn nearest_column(&self, name: &str) -> Option<&str> {
        nearest(name, self.columns.iter().map(|column| column.name.as_str()))
    }
}

/// All entities of one connection, by name, in the order they are shown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Schema {
    pub entities: IndexMap<String, Entity>,
}

impl Schema {
    pub fn entity(&self, name: &str) -> Option<&Entity> {
        self.entities.get(name)
    }

    /// The entity whose name is nearest to `name`, for "did you mean".
    pub fn nearest_entity(&self, name: &str) -> Option<&str> {
        nearest(name, self.entities.keys().map(String::as_str))
    }

    /// Finds the column at the end of `path`, walking from `entity`.
    pub fn resolve(&self, entity: &Entity, path: &ColumnPath) -> Result<&Column, PathError> {
        let mut at = self
            .entities
            .get(&entity.name)
            .unwrap_or_else(|| panic!("entity `{}` was taken from another schema", entity.name));
        for step in &path.walks {
            let lookup = at.walk(step).and_then(|column| column.lookup.as_deref());
            let Some(next) = lookup.and_then(|name| self.entity(name)) else {
                return Err(PathError::NoWalk { step: step.clone(), entity: at.name.clone() });
            };
            at = next;
        }
        at.column(&path.column).ok_or_else(|| PathError::NoColumn {
            column: path.column.clone(),
            entity: at.name.clone(),
            nearest: at.nearest_column(&path.column).map(str::to_owned),
        })
    }
}

/// Names a column of an entity or of a record it looks up: `Email`, `Stage.Name`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ColumnPath {
    /// Up to two lookups to walk through, without the `Id` suffix.
    pub walks: Vec<String>,
    pub column: String,
}

impl ColumnPath {
    /// Most lookups one path may walk through.
    pub const WALKS_MAX: usize = 2;

    pub fn parse(text: &str) -> Result<Self, PathError> {
        let mut walks: Vec<String> = text.split('.').map(str::to_owned).collect();
        let column = walks.pop().unwrap_or_default();
        let is_named = walks.iter().chain([&column]).all(|part| !part.is_empty());
        if !is_named || walks.len() > Self::WALKS_MAX {
            return Err(PathError::Malformed { text: text.to_owned() });
        }
        Ok(Self { walks, column })
    }

    pub fn is_plain(&self) -> bool {
        self.walks.is_empty()
    }
}

impl From<&str> for ColumnPath {
    /// A column of the entity itself.
    fn from(column: &str) -> Self {
        Self { walks: Vec::new(), column: column.to_owned() }
    }
}

impl fmt::Display for ColumnPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for walk in &self.walks {
            write!(f, "{walk}.")?;
        }
        f.write_str(&self.column)
    }
}

impl Serialize for ColumnPath {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ColumnPath {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

/// Why a path names no column.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    #[error("`{text}` is not a column path: write `Column` or `Lookup.Column`, up to two lookups")]
    Malformed { text: String },
    #[error("`{entity}` has no lookup `{step}Id` to walk through")]
    NoWalk { step: String, entity: String },
    #[error("`{column}` is not a column of `{entity}`{}", did_you_mean(nearest))]
    NoColumn { column: String, entity: String, nearest: Option<String> },
}

/// `; did you mean `x`?`, or nothing.
pub fn did_you_mean(nearest: &Option<impl fmt::Display>) -> String {
    nearest.as_ref().map(|name| format!("; did you mean `{name}`?")).unwrap_or_default()
}

/// Names longer than this are not compared: nobody means them, and comparing costs their length.
const NEAREST_BYTES_MAX: usize = 200;

/// The candidate that differs from `name` in the fewest letters, if it is near enough to be meant.
pub fn nearest<'a>(name: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    if NEAREST_BYTES_MAX < name.len() {
        return None;
    }
    let wanted = name.to_lowercase();
    candidates
        .map(|candidate| (edit_distance(&wanted, &candidate.to_lowercase()), candidate))
        .min_by_key(|(distance, _)| *distance)
        .filter(|(distance, _)| *distance <= (wanted.chars().count() / 3).max(1))
        .map(|(_, candidate)| candidate)
}

/// Letters to insert, delete, replace or swap with their neighbour to turn `a` into `b`
/// (optimal string alignment: no letter is touched twice).
fn edit_distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut row = vec![0; b.len() + 1];
    let mut above: Vec<usize> = (0..=b.len()).collect();
    let mut two_above = row.clone();
    for i in 0..a.len() {
        row[0] = i + 1;
        for j in 0..b.len() {
            let replaced = above[j] + usize::from(a[i] != b[j]);
            row[j + 1] = replaced.min(above[j + 1] + 1).min(row[j] + 1);
            if 0 < i && 0 < j && a[i] == b[j - 1] && a[i - 1] == b[j] {
                row[j + 1] = row[j + 1].min(two_above[j - 1] + 1);
            }
        }
        swap(&mut two_above, &mut above);
        swap(&mut above, &mut row);
    }
    above[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_walks_at_most_two_lookups() {
        assert!(ColumnPath::parse("Account.Owner.Name").is_ok());
        assert!(ColumnPath::parse("A.B.C.D").is_err());
        assert!(ColumnPath::parse("Stage.").is_err());
        assert!(ColumnPath::parse("").is_err());
    }

    #[test]
    fn the_nearest_name_is_offered_only_when_it_is_near() {
        let columns = ["Amount", "Title", "CountryId"];
        assert_eq!(nearest("Amout", columns.into_iter()), Some("Amount"));
        assert_eq!(nearest("country_id", columns.into_iter()), Some("CountryId"));
        assert_eq!(nearest("Zebra", columns.into_iter()), None);
        assert_eq!(nearest("Eamil", ["Name", "Email"].into_iter()), Some("Email"));
    }

    #[test]
    fn two_names_differ_by_the_letters_to_insert_delete_replace_or_swap() {
        for (a, b, expect) in [
            ("", "", 0),
            ("", "abc", 3),
            ("email", "email", 0),
            ("emil", "email", 1),
            ("emails", "email", 1),
            ("emaul", "email", 1),
            ("eamil", "email", 1),
            ("meial", "email", 2),
            ("ca", "abc", 3),
            ("größe", "grösse", 2),
        ] {
            assert_eq!(edit_distance(a, b), expect, "{a} {b}");
            assert_eq!(edit_distance(b, a), expect, "{b} {a}");
        }
    }
}
