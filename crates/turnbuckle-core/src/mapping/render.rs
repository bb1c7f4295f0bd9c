//! Rendering: a record of the CRM becomes `data` in the app's own fields.
//!
//! A mapping is compiled once per version, so that the hot path neither looks
//! names up nor resolves types. What the CRM no longer has, or what no longer
//! fits its field, renders as null: a schema may change at any time, and a
//! record must still be readable.

use indexmap::IndexSet;
use jiff::tz::TimeZone;
use serde_json::{Map, Value as Json};

use super::{EntityMapping, EventAction, FieldMapping, Transform};
use crate::entity::{Column, ColumnPath, ColumnType, Schema};
use crate::expression::Placed;
use crate::filter::Values;
use crate::invalid::pointer;
use crate::object::{FieldType, ObjectDeclaration};
use crate::value::{Value, decimal};

/// One object's mapping with its columns resolved, ready to render records.
#[derive(Debug, Clone)]
pub struct CompiledObject {
    pub slug: String,
    pub entity: String,
    /// Every declared field in declared order, mapped or not.
    fields: Vec<(String, Cell)>,
    paths: Vec<ColumnPath>,
    /// Of the fields, in the order in which their values are handed over.
    expressions: Vec<Placed>,
    /// Places days, and times that carry no offset.
    zone: TimeZone,
}

/// Where one value of `data` comes from.
#[derive(Debug, Clone)]
enum Cell {
    /// The same for every record.
    Fixed(Json),
    /// What an expression came to, by its position.
    Computed {
        position: usize,
        wanted: Option<FieldType>,
    },
    Column {
        path: ColumnPath,
        column_type: ColumnType,
        transform: Transform,
        /// The type of the field; a child has none and takes the value as it is.
        wanted: Option<FieldType>,
    },
    Children(Vec<(String, Cell)>),
}

impl CompiledObject {
    /// Resolves the mapping of the object `slug`. Never fails: a column that the
    /// CRM no longer has is null.
    pub fn compile(
        slug: &str,
        mapping: &EntityMapping,
        object: &ObjectDeclaration,
        schema: &Schema,
        zone: &TimeZone,
    ) -> Self {
        let mut compiler = Compiler {
            schema,
            entity: &mapping.entity,
            paths: IndexSet::new(),
            expressions: Vec::new(),
        };
        let fields = object
            .fields
            .iter()
            .map(|(slug, field)| {
                let (path, wanted) = (pointer("/fields", slug), Some(field.field_type));
                (slug.clone(), compiler.cell(&path, mapping.fields.get(slug), wanted))
            })
            .collect();
        for action in mapping.events.values() {
            if let EventAction::Search { filter, .. } = action {
                for path in filter.paths() {
                    compiler.resolve(&path);
                }
            }
        }
        Self {
            slug: slug.to_owned(),
            entity: mapping.entity.clone(),
            fields,
            paths: compiler.paths.into_iter().collect(),
            expressions: compiler.expressions,
            zone: zone.clone(),
        }
    }

    /// Every column that fields and searches use, without repeats: what must be
    /// known of a record before it is rendered and matched.
    pub fn paths(&self) -> &[ColumnPath] {
        &self.paths
    }

    /// Those of [`CompiledObject::paths`] that walk to looked-up records.
    pub fn walked_paths(&self) -> impl Iterator<Item = &ColumnPath> {
        self.paths.iter().filter(|path| !path.is_plain())
    }

    /// Expressions of the fields, each placed below the object.
    pub fn expressions(&self) -> &[Placed] {
        &self.expressions
    }

    /// `data` of a record: every declared field in declared order. What is not
    /// mapped or has no value is null, or `{}` in a field of type object. `computed` is
    /// what [`CompiledObject::expressions`] came to over the record.
    pub fn render(&self, record: &dyn Values, computed: &[Json]) -> Map<String, Json> {
        let source = Source { record, computed, zone: &self.zone };
        self.fields.iter().map(|(slug, cell)| (slug.clone(), cell.render(&source))).collect()
    }
}

struct Compiler<'a> {
    schema: &'a Schema,
    entity: &'a str,
    paths: IndexSet<ColumnPath>,
    expressions: Vec<Placed>,
}

/// What a record is rendered from.
struct Source<'a> {
    record: &'a dyn Values,
    computed: &'a [Json],
    zone: &'a TimeZone,
}

impl Compiler<'_> {
    /// The type of a column that the CRM has, noting that it is used.
    fn resolve(&mut self, path: &ColumnPath) -> Option<ColumnType> {
        let entity = self.schema.entity(self.entity)?;
        let column = self.schema.resolve(entity, path).ok()?;
        self.paths.insert(path.clone());
        Some(column.column_type)
    }

    fn cell(
        &mut self,
        path: &str,
        field: Option<&FieldMapping>,
        wanted: Option<FieldType>,
    ) -> Cell {
        match field {
            None | Some(FieldMapping::Empty | FieldMapping::Static(Json::Null)) => {
                Cell::Fixed(nothing(wanted))
            }
            Some(FieldMapping::Static(value)) => Cell::Fixed(value.clone()),
            Some(FieldMapping::Expression(expression)) => {
                let path = pointer(path, "expression");
                self.expressions.push(Placed { path, expression: expression.clone() });
                Cell::Computed { position: self.expressions.len() - 1, wanted }
            }
            Some(FieldMapping::Column { column, transform }) => match self.resolve(column) {
                None => Cell::Fixed(nothing(wanted)),
                Some(column_type) => Cell::Column {
                    path: column.clone(),
                    column_type,
                    transform: transform.clone(),
                    wanted,
                },
            },
            Some(FieldMapping::Children(children)) => {
                let path = pointer(path, "children");
                let child = |(label, child): (&String, &FieldMapping)| {
                    (label.clone(), self.cell(&pointer(&path, label), Some(child), None))
                };
                Cell::Children(children.iter().map(child).collect())
            }
        }
    }
}

/// What stands for "no value" in a field.
fn nothing(wanted: Option<FieldType>) -> Json {
    match wanted {
        Some(FieldType::Object) => Json::Object(Map::new()),
        _ => Json::Null,
    }
}

impl Cell {
    fn render(&self, source: &Source<'_>) -> Json {
        let (value, wanted) = match self {
            Self::Fixed(value) => return value.clone(),
            Self::Children(children) => {
                let children = children.iter();
                let rendered = children.map(|(label, child)| (label.clone(), child.render(source)));
                return rendered.collect::<Map<_, _>>().into();
            }
            Self::Computed { position, wanted } => {
                let value = source.computed.get(*position).cloned().unwrap_or_default();
                (adapt_json(value, *wanted), wanted)
            }
            Self::Column { path, column_type, transform, wanted } => {
                let value = source.record.value(path, *column_type);
                (apply(transform, value, *wanted, source.zone), wanted)
            }
        };
        if value.is_null() { nothing(*wanted) } else { value }
    }
}

fn apply(transform: &Transform, value: Value, wanted: Option<FieldType>, zone: &TimeZone) -> Json {
    match (transform, value) {
        (_, Value::Null) => Json::Null,
        (Transform::Direct, value) => adapt(value, wanted, zone),
        (Transform::Date, value) => date(value, wanted, zone),
        (Transform::Find { property, equals, extract }, Value::Json(Json::Array(items))) => {
            let found = items.into_iter().find(|item| item.get(property) == Some(equals));
            let found = match extract {
                None => found,
                Some(extract) => found.and_then(|mut item| item.get_mut(extract).map(Json::take)),
            };
            found.map(|value| adapt_json(value, wanted)).unwrap_or_default()
        }
        (Transform::Collect { property }, Value::Json(Json::Array(items))) => {
            let value = |mut item: Json| item.get_mut(property).map(Json::take);
            adapt_json(items.into_iter().filter_map(value).collect(), wanted)
        }
        (Transform::Find { .. } | Transform::Collect { .. }, _) => Json::Null,
    }
}

/// A column's value in the type of its field, null where it cannot be.
///
/// A decimal in a number field is a JSON number however many digits it has,
/// since the app asked for a number.
fn adapt(value: Value, wanted: Option<FieldType>, zone: &TimeZone) -> Json {
    match (value, wanted) {
        (value @ Value::Date(_), Some(FieldType::Datetime)) => date(value, wanted, zone),
        (Value::Datetime(at), None | Some(FieldType::String | FieldType::Datetime)) => {
            at.to_string().into()
        }
        (Value::Decimal(decimal), Some(FieldType::String)) => {
            decimal.normalize().to_string().into()
        }
        (value, wanted) => adapt_json(plain(value), wanted),
    }
}

/// ISO 8601 text: of an instant in UTC, of a day as it is unless the field asks
/// for an instant.
fn date(value: Value, wanted: Option<FieldType>, zone: &TimeZone) -> Json {
    match value {
        Value::Date(day) if wanted != Some(FieldType::Datetime) => day.to_string().into(),
        value => {
            let instant = Column::new("", "", ColumnType::Datetime);
            match Value::cast(&instant, &plain(value), zone) {
                Ok(Value::Datetime(at)) => at.to_string().into(),
                _ => Json::Null,
            }
        }
    }
}

/// A value as JSON, by itself.
fn plain(value: Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Boolean(it) => it.into(),
        Value::Integer(it) => it.into(),
        Value::Decimal(it) => decimal::to_number(it).into(),
        Value::Text(it) => it.into(),
        Value::Date(it) => it.to_string().into(),
        Value::Datetime(it) => it.to_string().into(),
        Value::Guid(it) => it.to_string().into(),
        Value::Json(it) => it,
    }
}

/// JSON out of a list, or a plain value, in the type of its field.
fn adapt_json(value: Json, wanted: Option<FieldType>) -> Json {
    match (wanted, value) {
        (Some(FieldType::String), value @ (Json::Number(_) | Json::Bool(_))) => {
            value.to_string().into()
        }
        (Some(FieldType::Array(Some(items))), Json::Array(values)) => {
            let item_type = Some(items.field_type());
            values.into_iter().map(|value| adapt_json(value, item_type)).collect()
        }
        (Some(wanted), value) if !wanted.admits(&value) => Json::Null,
        (_, value) => value,
    }
}
