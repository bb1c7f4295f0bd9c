//! Mapping: how the app's objects and one CRM's entities stand for each other.
//!
//! The end user makes it (in Link, or by API): object to entity, field to
//! column, event to search or write. It belongs to a connection and is checked
//! against what the app declared and what the CRM has ([`Mapping::check`]).
//! For reading it is compiled once ([`CompiledObject`]), since every record
//! that leaves the hub is rendered through it.
//!
//! Each field of an object is one of
//!
//! | document | the field is |
//! |---|---|
//! | `{"column":p}` | the column, adapted to the field's type and otherwise unchanged |
//! | `{"column":p,"transform":"date"}` | the column's date or time as ISO 8601 text |
//! | `{"column":p,"transform":"find","where":{"property":k,"equals":v},"extract"?:k}` | the first item of a list whose property equals a value, or one property of it |
//! | `{"column":p,"transform":"collect","property":k}` | one property of every item of a list |
//! | `{"static":v}` | the value as given |
//! | `{"expression":js}` | what JavaScript over `record` comes to, see [`crate::expression`] |
//! | `{"children":{label:…}}` | an object of the user's own making, one level deep |
//! | `{"empty":true}` | null, on purpose |
//!
//! and each event is one [`EventAction`]. A declared field that no mapping names
//! reads as null: an app must expect null in every field, so this keeps an old
//! mapping working when the app declares more. A declared object or event that
//! no mapping names is incomplete ([`Mapping::completeness`]).

mod check;
mod document;
mod keys;
mod render;

use indexmap::IndexMap;
use serde_json::{Map, Value as Json};

use crate::entity::ColumnPath;
use crate::expression::{Computed, Expression, Placed};
use crate::filter::Filter;
use crate::invalid::{Invalid, pointer};
use crate::object::{EventType, ObjectDeclaration, Objects};

pub use check::{Feeding, feeding, fills};
pub use keys::KeyShapes;
pub use render::CompiledObject;

/// Most children of one field.
pub const CHILDREN_MAX: usize = 100;
/// Longest label of a child, in characters.
pub const CHILD_LABEL_CHARS_MAX: usize = 200;
/// Most columns of one sort.
pub const SORT_COLUMNS_MAX: usize = 8;

/// How one connection maps every object, by the object's slug.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Mapping {
    pub objects: IndexMap<String, ObjectMapping>,
}

/// How one object is mapped.
#[derive(Debug, Clone, PartialEq)]
pub enum ObjectMapping {
    /// The user has nothing of this kind, or shows none of it: `{"entity":null}`.
    OptedOut,
    Entity(EntityMapping),
}

/// The entity that stands for an object.
#[derive(Debug, Clone, PartialEq)]
pub struct EntityMapping {
    pub entity: String,
    /// By the field's slug.
    pub fields: IndexMap<String, FieldMapping>,
    /// By the event's slug.
    pub events: IndexMap<String, EventAction>,
}

/// Where the value of a field comes from.
#[derive(Debug, Clone, PartialEq)]
pub enum FieldMapping {
    Column {
        column: ColumnPath,
        transform: Transform,
    },
    Static(Json),
    Expression(Expression),
    /// By a label that the user chose. No child has children.
    Children(IndexMap<String, FieldMapping>),
    Empty,
}

/// What is done to a column's value on its way to a field.
#[derive(Debug, Clone, PartialEq)]
pub enum Transform {
    /// Adapted to the type of the field: 17 to a string field is "17".
    Direct,
    /// ISO 8601 text. Numbers are seconds since 1970, or milliseconds where that
    /// cannot be meant; times without an offset are in the connection's zone.
    Date,
    /// The first item of a list whose `property` equals a value, whole or one
    /// property of it. Null where there is none.
    Find { property: String, equals: Json, extract: Option<String> },
    /// One property of every item of a list; items without it are left out.
    Collect { property: String },
}

/// What becomes of an event that the app invokes.
#[derive(Debug, Clone, PartialEq)]
pub enum EventAction {
    Search {
        filter: Filter,
        sort: Vec<Sort>,
    },
    /// Columns by name, each with what is written to it.
    Create {
        columns: IndexMap<String, WriteSource>,
    },
    Update {
        columns: IndexMap<String, WriteSource>,
    },
    Delete,
    /// Does nothing, on purpose.
    Noop,
}

/// Where the value that a write gives to a column comes from.
#[derive(Debug, Clone, PartialEq)]
pub enum WriteSource {
    /// The payload field of this name.
    Payload(String),
    Static(Json),
    /// Over `payload`. Where it is `undefined` the column is left alone.
    Expression(Expression),
}

/// One column that a listing is ordered by.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Sort {
    pub column: ColumnPath,
    pub descending: bool,
}

impl Mapping {
    /// What is left to map before every declared object can be used: objects that
    /// are neither mapped nor opted out, and events without an action.
    pub fn completeness(&self, objects: &Objects) -> Vec<Invalid> {
        objects.iter().flat_map(|(slug, object)| self.incomplete(slug, object)).collect()
    }

    /// What whoever maps has not said anything of yet: besides what is needed to use the objects,
    /// their fields. Saying that a field stays empty is saying something.
    pub fn unfinished(&self, objects: &Objects) -> Vec<Invalid> {
        let mut unfinished = self.completeness(objects);
        for (slug, mapping) in &self.objects {
            let (Some(object), ObjectMapping::Entity(mapping)) = (objects.get(slug), mapping)
            else {
                continue;
            };
            let path = pointer(&pointer("/objects", slug), "fields");
            let left = object.fields.keys().filter(|field| !mapping.fields.contains_key(*field));
            unfinished.extend(left.map(|field| {
                Invalid::new(pointer(&path, field), format!("`{field}` is not mapped"))
            }));
        }
        unfinished
    }

    /// Whether the object `slug`, declared as `object`, can be used.
    pub fn is_complete(&self, slug: &str, object: &ObjectDeclaration) -> bool {
        self.incomplete(slug, object).is_empty()
    }

    fn incomplete(&self, slug: &str, object: &ObjectDeclaration) -> Vec<Invalid> {
        let path = pointer("/objects", slug);
        match self.objects.get(slug) {
            None => vec![Invalid::new(path, format!("`{slug}` is not mapped to an entity"))],
            Some(ObjectMapping::OptedOut) => Vec::new(),
            Some(ObjectMapping::Entity(mapping)) => object
                .events
                .keys()
                .filter(|event| !mapping.events.contains_key(*event))
                .map(|event| {
                    let path = pointer(&format!("{path}/events"), event);
                    Invalid::new(path, format!("`{event}` has no action"))
                })
                .collect(),
        }
    }
}

impl EventAction {
    /// As `action` of the document says it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Search { .. } => "search",
            Self::Create { .. } => "create",
            Self::Update { .. } => "update",
            Self::Delete => "delete",
            Self::Noop => "noop",
        }
    }

    /// Whether an event of this type may be acted on like this. Deleting may
    /// also mean to mark a record, by an update.
    pub fn fits(&self, event_type: EventType) -> bool {
        actions_for(event_type).contains(&self.name())
    }

    fn columns(&self) -> impl Iterator<Item = (&String, &WriteSource)> {
        let columns = match self {
            Self::Create { columns } | Self::Update { columns } => Some(columns),
            Self::Search { .. } | Self::Delete | Self::Noop => None,
        };
        columns.into_iter().flatten()
    }

    /// Expressions of the columns that it writes, placed below the action.
    pub fn expressions(&self) -> Vec<Placed> {
        let expression = |(column, source): (&String, &WriteSource)| match source {
            WriteSource::Expression(expression) => Some(Placed {
                path: pointer(&pointer("/columns", column), "expression"),
                expression: expression.clone(),
            }),
            WriteSource::Payload(_) | WriteSource::Static(_) => None,
        };
        self.columns().filter_map(expression).collect()
    }

    /// What a create or update writes, by column: members that the payload lacks
    /// are skipped, null clears the column. Empty for the other actions. `computed` is
    /// what [`EventAction::expressions`] came to.
    ///
    /// # Errors
    /// Every expression that has no value, by its place.
    pub fn write_input(
        &self,
        payload: &Map<String, Json>,
        computed: Vec<Computed>,
    ) -> Result<Map<String, Json>, Vec<Invalid>> {
        let mut computed = self.expressions().into_iter().zip(computed);
        let mut input = Map::new();
        let mut invalid = Vec::new();
        for (column, source) in self.columns() {
            let value = match source {
                WriteSource::Payload(field) => payload.get(field).cloned(),
                WriteSource::Static(value) => Some(value.clone()),
                WriteSource::Expression(_) => match computed.next() {
                    Some((_, Ok(value))) => value,
                    Some((placed, Err(reason))) => {
                        invalid.push(Invalid::new(placed.path, reason));
                        None
                    }
                    None => None,
                },
            };
            input.extend(value.map(|value| (column.clone(), value)));
        }
        if invalid.is_empty() { Ok(input) } else { Err(invalid) }
    }
}

impl Mapping {
    /// Every expression of fields, or of what events write, by what it can name.
    pub fn expressions(&self) -> (Vec<Placed>, Vec<Placed>) {
        let (mut of_records, mut of_payloads) = (Vec::new(), Vec::new());
        for (slug, object) in &self.objects {
            let ObjectMapping::Entity(mapping) = object else { continue };
            let path = pointer("/objects", slug);
            let under = |path: String| {
                move |placed: Placed| Placed { path: format!("{path}{}", placed.path), ..placed }
            };
            for (field, source) in &mapping.fields {
                let path = pointer(&pointer(&path, "fields"), field);
                of_records.extend(source.expressions().into_iter().map(under(path)));
            }
            for (event, action) in &mapping.events {
                let path = pointer(&pointer(&path, "events"), event);
                of_payloads.extend(action.expressions().into_iter().map(under(path)));
            }
        }
        (of_records, of_payloads)
    }
}

impl FieldMapping {
    /// Its expression, or those of its children, placed below the field.
    fn expressions(&self) -> Vec<Placed> {
        match self {
            Self::Expression(expression) => {
                vec![Placed { path: "/expression".to_owned(), expression: expression.clone() }]
            }
            Self::Children(children) => {
                let of_child = |(label, child): (&String, &Self)| {
                    let path = pointer("/children", label);
                    let under = move |placed: Placed| Placed {
                        path: format!("{path}{}", placed.path),
                        ..placed
                    };
                    child.expressions().into_iter().map(under)
                };
                children.iter().flat_map(of_child).collect()
            }
            Self::Column { .. } | Self::Static(_) | Self::Empty => Vec::new(),
        }
    }
}

/// What a user may choose for an event.
fn actions_for(event_type: EventType) -> &'static [&'static str] {
    match event_type {
        EventType::Search => &["search", "noop"],
        EventType::Create => &["create", "noop"],
        EventType::Update => &["update", "noop"],
        EventType::Delete => &["delete", "update", "noop"],
    }
}

#[cfg(test)]
mod tests;
