//! Objects: the app's own view of a CRM, as the app declares it.
//!
//! An app names the *objects* it works with, the *fields* it wants to read of
//! each and the *events* it will invoke. The end user then maps all of them to
//! their CRM (see [`crate::mapping`]). The document is the `objects` option of
//! `linkCRM`, and it is kept and given back word for word.
//!
//! Absent on purpose: nested schemas, `required`, `enum` and defaults. A field
//! may always be null, and a payload schema is a flat map of fields.

mod document;
pub(crate) mod mistakes;

use indexmap::IndexMap;
use serde_json::{Map, Value as Json};

use crate::entity::{did_you_mean, nearest};
use crate::invalid::{Invalid, pointer};

/// Most objects of one connection.
pub const OBJECTS_MAX: usize = 100;
/// Most fields of one object, and of one payload schema.
pub const FIELDS_MAX: usize = 500;
/// Most events of one object.
pub const EVENTS_MAX: usize = 100;
/// Longest label, in characters.
pub const LABEL_CHARS_MAX: usize = 200;
/// Longest description, in characters.
pub const DESCRIPTION_CHARS_MAX: usize = 5_000;

/// Everything an app declares on one connection, by slug, in declared order.
#[derive(Debug, Clone, PartialEq)]
pub struct Objects {
    /// As it was given, so that it is given back word for word.
    document: Json,
    objects: IndexMap<String, ObjectDeclaration>,
}

/// One object: what the app reads of it and does with it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ObjectDeclaration {
    pub label: Option<String>,
    pub description: Option<String>,
    /// By slug, in the order in which `data` of a record lists them.
    pub fields: IndexMap<String, FieldDeclaration>,
    pub events: IndexMap<String, EventDeclaration>,
}

/// A value that the app reads, or gives in a payload.
#[derive(Debug, Clone, PartialEq)]
pub struct FieldDeclaration {
    pub field_type: FieldType,
    pub label: Option<String>,
    pub description: Option<String>,
}

/// What a field holds: `type` and `format` of the document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldType {
    String,
    /// `string` of format `datetime`: RFC 3339 text.
    Datetime,
    Number,
    Integer,
    Boolean,
    /// May also hold children that the end user makes.
    Object,
    /// The format of an array is the type of its items, where it is given.
    Array(Option<ItemType>),
}

/// What the items of an array are.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, strum::EnumString, strum::VariantNames, strum::IntoStaticStr,
)]
#[strum(serialize_all = "snake_case")]
pub enum ItemType {
    String,
    Number,
    Integer,
    Boolean,
    Object,
}

/// Something the app may invoke.
#[derive(Debug, Clone, PartialEq)]
pub struct EventDeclaration {
    pub event_type: EventType,
    pub label: Option<String>,
    pub description: Option<String>,
    /// The members a payload may have, by slug.
    pub payload_schema: IndexMap<String, FieldDeclaration>,
}

#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    strum::EnumString,
    strum::VariantNames,
    strum::IntoStaticStr,
)]
#[strum(serialize_all = "snake_case")]
pub enum EventType {
    Search,
    Create,
    Update,
    Delete,
}

impl Objects {
    pub fn get(&self, slug: &str) -> Option<&ObjectDeclaration> {
        self.objects.get(slug)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &ObjectDeclaration)> {
        self.objects.iter().map(|(slug, object)| (slug.as_str(), object))
    }

    pub fn len(&self) -> usize {
        self.objects.len()
    }

    pub fn is_empty(&self) -> bool {
        self.objects.is_empty()
    }

    /// The declared slug nearest to `slug`, for "did you mean".
    pub fn nearest(&self, slug: &str) -> Option<&str> {
        nearest(slug, self.objects.keys().map(String::as_str))
    }
}

impl Default for Objects {
    fn default() -> Self {
        Self { document: Json::Object(Map::new()), objects: IndexMap::new() }
    }
}

impl EventDeclaration {
    /// What is wrong with a payload, at `/payload/<member>`: members outside the
    /// schema and values of another type. Null is always of the type, and a
    /// member may always be missing.
    pub fn check_payload(&self, payload: &Map<String, Json>) -> Vec<Invalid> {
        let mut wrong = Vec::new();
        for (name, value) in payload {
            let detail = match self.payload_schema.get(name) {
                Some(field) if field.field_type.admits(value) => continue,
                Some(field) => format!("`{name}` must be {} or null", field.field_type.article()),
                None => {
                    let known = self.payload_schema.keys().map(String::as_str);
                    let meant = did_you_mean(&nearest(name, known));
                    format!("`{name}` is not in the payload schema of this event{meant}")
                }
            };
            wrong.push(Invalid::new(pointer("/payload", name), detail));
        }
        wrong
    }
}

impl EventType {
    /// For sentences: "an update".
    pub fn article(self) -> &'static str {
        match self {
            Self::Search => "a search",
            Self::Create => "a create",
            Self::Update => "an update",
            Self::Delete => "a delete",
        }
    }
}

impl FieldType {
    /// Whether `value` is of this type, null included. Nothing is converted:
    /// `3.0` is not an integer and `"3"` is not a number.
    pub fn admits(self, value: &Json) -> bool {
        match (self, value) {
            (_, Json::Null) => true,
            (Self::Array(items), Json::Array(values)) => values
                .iter()
                .all(|value| items.is_none_or(|items| items.field_type().admits(value))),
            (Self::Datetime, Json::String(text)) => text.parse::<jiff::Timestamp>().is_ok(),
            (Self::Integer, Json::Number(number)) => number.is_i64() || number.is_u64(),
            (Self::String, Json::String(_))
            | (Self::Number, Json::Number(_))
            | (Self::Boolean, Json::Bool(_))
            | (Self::Object, Json::Object(_)) => true,
            _ => false,
        }
    }

    /// `type` and `format` of the document.
    pub fn words(self) -> (&'static str, Option<&'static str>) {
        match self {
            Self::String => ("string", None),
            Self::Datetime => ("string", Some("datetime")),
            Self::Number => ("number", None),
            Self::Integer => ("integer", None),
            Self::Boolean => ("boolean", None),
            Self::Object => ("object", None),
            Self::Array(items) => ("array", items.map(Into::into)),
        }
    }

    /// For sentences: "a string".
    pub fn article(self) -> &'static str {
        match self {
            Self::String => "a string",
            Self::Datetime => "a string with a date and time of RFC 3339",
            Self::Number => "a number",
            Self::Integer => "an integer",
            Self::Boolean => "a boolean",
            Self::Object => "an object",
            Self::Array(None) => "an array",
            Self::Array(Some(ItemType::String)) => "an array of strings",
            Self::Array(Some(ItemType::Number)) => "an array of numbers",
            Self::Array(Some(ItemType::Integer)) => "an array of integers",
            Self::Array(Some(ItemType::Boolean)) => "an array of booleans",
            Self::Array(Some(ItemType::Object)) => "an array of objects",
        }
    }
}

impl ItemType {
    pub(crate) fn field_type(self) -> FieldType {
        match self {
            Self::String => FieldType::String,
            Self::Number => FieldType::Number,
            Self::Integer => FieldType::Integer,
            Self::Boolean => FieldType::Boolean,
            Self::Object => FieldType::Object,
        }
    }
}

#[cfg(test)]
mod tests;
