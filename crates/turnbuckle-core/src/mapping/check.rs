//! Whether a mapping fits what the app declared and what the CRM has.

use indexmap::IndexMap;
use jiff::tz::TimeZone;
use serde_json::Value as Json;
use strum::VariantArray as _;

use super::{
    EntityMapping, EventAction, FieldMapping, Mapping, ObjectMapping, Sort, Transform, WriteSource,
    actions_for,
};
use crate::entity::{Column, ColumnPath, ColumnType, Entity, Schema, did_you_mean, nearest};
use crate::invalid::{Invalid, pointer};
use crate::object::{EventDeclaration, FieldDeclaration, FieldType, ObjectDeclaration, Objects};
use crate::value::Value;

impl Mapping {
    /// Everything in the mapping that does not fit, by paths such as
    /// `/objects/opportunity/fields/amount/column`. What is not mapped yet is no
    /// mistake (see [`Mapping::completeness`]).
    ///
    /// `composed` names the required columns, as (entity, column), that the CRM
    /// makes up itself where they are not given.
    pub fn check(
        &self,
        objects: &Objects,
        schema: &Schema,
        composed: &[(&str, &str)],
    ) -> Vec<Invalid> {
        let mut wrong = Vec::new();
        for (slug, mapping) in &self.objects {
            let path = pointer("/objects", slug);
            let Some(object) = objects.get(slug) else {
                let meant = did_you_mean(&objects.nearest(slug));
                let detail = format!("`{slug}` is not an object that the app declared{meant}");
                wrong.push(Invalid::new(path, detail));
                continue;
            };
            let ObjectMapping::Entity(mapping) = mapping else { continue };
            let Some(entity) = schema.entity(&mapping.entity) else {
                let meant = did_you_mean(&schema.nearest_entity(&mapping.entity));
                let detail = format!("`{}` is not an entity of this CRM{meant}", mapping.entity);
                wrong.push(Invalid::new(pointer(&path, "entity"), detail));
                continue;
            };
            let mut checker = Checker { schema, entity, composed, wrong: &mut wrong };
            checker.fields(&path, object, mapping);
            checker.events(&path, object, mapping);
        }
        wrong
    }
}

/// Checks the mapping of one object.
struct Checker<'a> {
    schema: &'a Schema,
    entity: &'a Entity,
    composed: &'a [(&'a str, &'a str)],
    wrong: &'a mut Vec<Invalid>,
}

impl<'a> Checker<'a> {
    fn refuse(&mut self, path: &str, member: &str, detail: impl Into<String>) {
        self.wrong.push(Invalid::new(pointer(path, member), detail));
    }

    fn fields(&mut self, path: &str, object: &ObjectDeclaration, mapping: &EntityMapping) {
        let path = pointer(path, "fields");
        for (slug, field) in &mapping.fields {
            match object.fields.get(slug) {
                Some(FieldDeclaration { field_type, .. }) => {
                    self.field(&pointer(&path, slug), field, Some(*field_type));
                }
                None => {
                    let meant = nearest(slug, object.fields.keys().map(String::as_str));
                    let meant = did_you_mean(&meant);
                    self.refuse(&path, slug, format!("`{slug}` is not a declared field{meant}"));
                }
            }
        }
    }

    /// Children have no declared type.
    fn field(&mut self, path: &str, field: &FieldMapping, wanted: Option<FieldType>) {
        match (field, wanted) {
            // What an expression comes to is seen when it is there.
            (FieldMapping::Empty | FieldMapping::Expression(_), _)
            | (FieldMapping::Static(_), None) => {}
            (FieldMapping::Static(value), Some(wanted)) => {
                if !wanted.admits(value) {
                    self.refuse(path, "static", format!("the field is {}", wanted.article()));
                }
            }
            (FieldMapping::Children(children), None | Some(FieldType::Object)) => {
                let path = pointer(path, "children");
                for (label, child) in children {
                    self.field(&pointer(&path, label), child, None);
                }
            }
            (FieldMapping::Children(_), Some(wanted)) => {
                let given = wanted.article();
                self.refuse(path, "children", format!("only an object has children, not {given}"));
            }
            (FieldMapping::Column { column, transform }, wanted) => {
                let Some(column) = self.column(path, column) else { return };
                if !column.readable {
                    self.refuse(path, "column", format!("`{}` cannot be read", column.name));
                } else if let Err((member, detail)) = feeds(column.column_type, transform, wanted) {
                    self.refuse(path, member, format!("`{}` {detail}", column.name));
                }
            }
        }
    }

    fn column(&mut self, path: &str, column: &ColumnPath) -> Option<&'a Column> {
        self.schema
            .resolve(self.entity, column)
            .map_err(|error| self.refuse(path, "column", error.to_string()))
            .ok()
    }

    fn events(&mut self, path: &str, object: &ObjectDeclaration, mapping: &EntityMapping) {
        let path = pointer(path, "events");
        for (slug, action) in &mapping.events {
            let Some(event) = object.events.get(slug) else {
                let meant = nearest(slug, object.events.keys().map(String::as_str));
                let meant = did_you_mean(&meant);
                self.refuse(&path, slug, format!("`{slug}` is not a declared event{meant}"));
                continue;
            };
            let path = pointer(&path, slug);
            if action.fits(event.event_type) {
                self.event(&path, event, action);
            } else {
                let event_type: &str = event.event_type.into();
                let choices = actions_for(event.event_type).join("`, `");
                self.refuse(
                    &path,
                    "action",
                    format!("an event of type `{event_type}` takes one of `{choices}`"),
                );
            }
        }
    }

    fn event(&mut self, path: &str, event: &EventDeclaration, action: &EventAction) {
        match action {
            EventAction::Search { filter, sort } => {
                let names: Vec<&str> = event.payload_schema.keys().map(String::as_str).collect();
                let path_of_filter = pointer(path, "filter");
                let wrong = filter.check(self.schema, self.entity, &names);
                self.wrong.extend(wrong.into_iter().map(|it| it.under(&path_of_filter)));
                for (index, Sort { column, .. }) in sort.iter().enumerate() {
                    let path = pointer(&pointer(path, "sort"), index);
                    let Some(column) = self.column(&path, column) else { continue };
                    if !column.filterable {
                        let detail = format!("records cannot be sorted by `{}`", column.name);
                        self.refuse(&path, "column", detail);
                    }
                }
            }
            EventAction::Create { columns } => {
                self.write(path, event, columns, Write::Create);
                self.required(path, columns);
            }
            EventAction::Update { columns } => self.write(path, event, columns, Write::Update),
            EventAction::Delete | EventAction::Noop => {}
        }
    }

    fn write(
        &mut self,
        path: &str,
        event: &EventDeclaration,
        columns: &IndexMap<String, WriteSource>,
        write: Write,
    ) {
        let path = pointer(path, "columns");
        for (name, source) in columns {
            let Some(column) = self.entity.column(name) else {
                let meant = did_you_mean(&self.entity.nearest_column(name));
                let entity = &self.entity.name;
                self.refuse(&path, name, format!("`{name}` is not a column of `{entity}`{meant}"));
                continue;
            };
            match write {
                Write::Create if !column.createable => {
                    self.refuse(&path, name, format!("`{name}` cannot be set on create"));
                }
                Write::Update if !column.updateable => {
                    self.refuse(&path, name, format!("`{name}` cannot be updated"));
                }
                Write::Create | Write::Update => {
                    self.source(&pointer(&path, name), event, column, source);
                }
            }
        }
    }

    fn source(
        &mut self,
        path: &str,
        event: &EventDeclaration,
        column: &Column,
        source: &WriteSource,
    ) {
        match source {
            WriteSource::Expression(_) => {}
            WriteSource::Static(value) => {
                // The zone places a time; it does not decide whether it is one.
                if let Err(error) = Value::cast(column, value, &TimeZone::UTC) {
                    self.refuse(path, "static", error.to_string());
                }
            }
            WriteSource::Payload(name) => match event.payload_schema.get(name) {
                Some(field) if fills(field.field_type, column.column_type) => {}
                Some(field) => {
                    let given = field.field_type.article();
                    let wanted: &str = column.column_type.into();
                    let detail = format!("{given} cannot be written to a column of type {wanted}");
                    self.refuse(path, "payload", detail);
                }
                None => {
                    let known = event.payload_schema.keys().map(String::as_str);
                    let meant = did_you_mean(&nearest(name, known));
                    let detail = format!("`{name}` is not in the payload schema{meant}");
                    self.refuse(path, "payload", detail);
                }
            },
        }
    }

    fn required(&mut self, path: &str, columns: &IndexMap<String, WriteSource>) {
        let is_given = |column: &Column| {
            columns
                .get(&column.name)
                .is_some_and(|source| *source != WriteSource::Static(Json::Null))
        };
        let entity = self.entity;
        let composed = self.composed;
        for column in entity.columns.iter().filter(|column| column.required && column.createable) {
            let is_composed = composed.contains(&(entity.name.as_str(), column.name.as_str()));
            if !is_given(column) && !is_composed {
                let (name, entity) = (&column.name, &entity.name);
                self.refuse(
                    path,
                    "columns",
                    format!("`{name}` is required to create a record of `{entity}`"),
                );
            }
        }
    }
}

#[derive(Clone, Copy)]
enum Write {
    Create,
    Update,
}

/// Whether a column can feed a field of type `wanted` (a child has none).
///
/// # Errors
/// The member to change, and why.
fn feeds(
    column: ColumnType,
    transform: &Transform,
    wanted: Option<FieldType>,
) -> Result<(), (&'static str, String)> {
    use ColumnType as C;
    use FieldType as F;
    let is_list = matches!(column, C::List);
    let type_name: &str = column.into();
    let cannot = |wanted: FieldType| {
        ("column", format!("is of type {type_name} and cannot feed {}", wanted.article()))
    };
    let is_timelike = matches!(column, C::Date | C::Datetime | C::Integer | C::Text | C::LongText);
    match (transform, wanted) {
        (Transform::Direct, None) => Ok(()),
        (Transform::Direct, Some(wanted)) => {
            let fits = match wanted {
                F::String => !matches!(column, C::Object | C::List | C::MultiOption),
                F::Datetime => matches!(column, C::Date | C::Datetime),
                F::Number | F::Integer => matches!(column, C::Integer | C::Decimal),
                F::Boolean => column == C::Boolean,
                F::Object => column == C::Object,
                F::Array(_) => matches!(column, C::List | C::MultiOption),
            };
            match wanted {
                _ if fits => Ok(()),
                F::Datetime if is_timelike => {
                    let detail = "holds no date and time itself; add `\"transform\":\"date\"`";
                    Err(("column", detail.to_owned()))
                }
                wanted => Err(cannot(wanted)),
            }
        }
        (Transform::Date, None | Some(F::String | F::Datetime)) if is_timelike => Ok(()),
        (Transform::Date, None | Some(F::String | F::Datetime)) => {
            Err(("transform", format!("is of type {type_name}, which holds no date")))
        }
        (Transform::Date, Some(wanted)) => Err((
            "transform",
            format!("as a date is a string, and the field is {}", wanted.article()),
        )),
        (Transform::Find { .. } | Transform::Collect { .. }, _) if !is_list => {
            Err(("transform", format!("is of type {type_name}; only a list has items")))
        }
        (Transform::Find { extract: Some(_), .. }, _)
        | (Transform::Find { .. }, None | Some(F::Object))
        | (Transform::Collect { .. }, None | Some(F::Array(_))) => Ok(()),
        (Transform::Find { .. }, Some(_)) => {
            Err(("transform", "finds a whole item; name the property to `extract`".to_owned()))
        }
        (Transform::Collect { .. }, Some(wanted)) => {
            let wanted = wanted.article();
            Err(("transform", format!("collects an array, and the field is {wanted}")))
        }
    }
}

/// How a column can feed a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::VariantArray, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Feeding {
    Direct,
    Date,
    Find,
    Collect,
}

/// How a column of this type can feed a field of type `wanted`; not at all if there is no way.
pub fn feeding(column: ColumnType, wanted: FieldType) -> Vec<Feeding> {
    let can = |it: &Feeding| {
        let property = String::new();
        let transform = match it {
            Feeding::Direct => Transform::Direct,
            Feeding::Date => Transform::Date,
            // With a property of the item, which may be of any type.
            Feeding::Find => {
                Transform::Find { extract: Some(property.clone()), property, equals: Json::Null }
            }
            Feeding::Collect => Transform::Collect { property },
        };
        feeds(column, &transform, Some(wanted)).is_ok()
    };
    Feeding::VARIANTS.iter().copied().filter(can).collect()
}

/// Whether a payload field can be written to a column. Only shapes count: what
/// a value is cast to is seen when it is there.
pub fn fills(field: FieldType, column: ColumnType) -> bool {
    match (field, column) {
        (FieldType::Object, column) => column == ColumnType::Object,
        (FieldType::Array(_), column) => {
            matches!(column, ColumnType::List | ColumnType::MultiOption)
        }
        (FieldType::String, _) => true,
        (_, column) => !matches!(column, ColumnType::Object | ColumnType::List),
    }
}
