//! The shapes of `xkit.js` and our documents, turned into each other.

use serde_json::{Map, Value, json};
use turnbuckle_core::entity::Schema;
use turnbuckle_core::filter::{Condition, Filter, Op, Operand};
use turnbuckle_core::invalid::{Invalid, pointer as path_to};
use turnbuckle_core::mapping::{
    EntityMapping, EventAction, FieldMapping, ObjectMapping, Transform, WriteSource,
};
use turnbuckle_core::object::{FieldDeclaration, Objects};

use super::{
    CrmEvent, CrmEventAction, CrmField, CrmObject, CrmObjectMapping, Named, SimpleType,
    Transformation,
};
use crate::catalog::LiveConnection;

const DEFINITIONS: &str = "#/definitions/";
const PROPERTIES: &str = "/properties/";

/// The pointer of a column, or of one behind lookups (`Stage.Name`).
pub fn pointer(entity: &str, column: &str) -> String {
    format!("{DEFINITIONS}{entity}{PROPERTIES}{}", column.replace('.', PROPERTIES))
}

/// The column that a pointer means, of this entity.
fn column_of(entity: &str, pointer: &str) -> Option<String> {
    let rest = pointer.strip_prefix(DEFINITIONS)?.strip_prefix(entity)?.strip_prefix(PROPERTIES)?;
    Some(rest.replace(PROPERTIES, "."))
}

/// The id of an entity: its place in the schema, from 1.
pub fn place(schema: &Schema, entity: &str) -> Option<u64> {
    schema.entities.get_index_of(entity).map(|index| index as u64 + 1)
}

fn id_at(index: usize) -> u64 {
    index as u64 + 1
}

/// What the app declared.
pub fn objects(declared: &Objects) -> Vec<CrmObject> {
    let object =
        |(index, (slug, it)): (usize, (&str, &turnbuckle_core::object::ObjectDeclaration))| {
            let events = it.events.iter().enumerate().map(|(index, (slug, it))| CrmEvent {
                id: Some(id_at(index)),
                slug: slug.clone(),
                kind: <&str>::from(it.event_type).to_owned(),
                label: it.label.clone().unwrap_or_else(|| slug.clone()),
                description: it.description.clone().unwrap_or_default(),
                fields: fields(it.payload_schema.iter()),
            });
            CrmObject {
                id: id_at(index),
                slug: slug.to_owned(),
                label: it.label.clone().unwrap_or_else(|| slug.to_owned()),
                description: it.description.clone().unwrap_or_default(),
                fields: fields(it.fields.iter()),
                events: events.collect(),
            }
        };
    declared.iter().enumerate().map(object).collect()
}

fn fields<'a>(declared: impl Iterator<Item = (&'a String, &'a FieldDeclaration)>) -> Vec<CrmField> {
    let field = |(index, (slug, it)): (usize, (&String, &FieldDeclaration))| {
        let (kind, format) = it.field_type.words();
        CrmField {
            id: Some(id_at(index)),
            slug: slug.clone(),
            label: it.label.clone().unwrap_or_else(|| slug.clone()),
            description: it.description.clone().unwrap_or_default(),
            simple_type: SimpleType { kind: kind.to_owned(), format: format.map(str::to_owned) },
            parent_slug: None,
        }
    };
    declared.enumerate().map(field).collect()
}

/// The `objects` option that these say, without the parts that the user made.
pub fn declare(objects: &[CrmObject]) -> Map<String, Value> {
    let object = |it: &CrmObject| {
        let events: Map<String, Value> = it
            .events
            .iter()
            .map(|it| {
                let schema = schema(&it.fields);
                let event = json!({
                    "type": it.kind, "label": it.label, "description": it.description,
                    "payloadSchema": schema,
                });
                (it.slug.clone(), event)
            })
            .collect();
        let document = json!({
            "label": it.label, "description": it.description,
            "fields": schema(&it.fields), "events": events,
        });
        (it.slug.clone(), document)
    };
    objects.iter().map(object).collect()
}

fn schema(fields: &[CrmField]) -> Map<String, Value> {
    let declared = fields.iter().filter(|it| it.parent_slug.is_none());
    declared
        .map(|it| {
            let mut field = json!({
                "type": it.simple_type.kind, "label": it.label, "description": it.description,
            });
            if let Some(format) = &it.simple_type.format {
                field["format"] = format.as_str().into();
            }
            (it.slug.clone(), field)
        })
        .collect()
}

/// The `objects` of a mapping document.
///
/// # Errors
/// Each member that means nothing, by its path in the request.
pub fn read(
    live: &LiveConnection,
    objects: &[CrmObject],
    mapping: &[CrmObjectMapping],
) -> Result<Map<String, Value>, Vec<Invalid>> {
    let mut reader = Reader { live, wrong: Vec::new() };
    let mut document = Map::new();
    for (index, it) in mapping.iter().enumerate() {
        let path = path_to("/mapping", index);
        let Some(object) = objects.iter().find(|object| object.id == it.crm_object_id) else {
            reader.wrong(&path, "crm_object_id", "no object of this request has that id");
            continue;
        };
        let mapped = reader.object(&path, object, it);
        document.insert(object.slug.clone(), mapped);
    }
    if reader.wrong.is_empty() { Ok(document) } else { Err(reader.wrong) }
}

struct Reader<'a> {
    live: &'a LiveConnection,
    wrong: Vec<Invalid>,
}

impl Reader<'_> {
    fn wrong(&mut self, path: &str, member: &str, detail: &str) {
        self.wrong.push(Invalid::new(path_to(path, member), detail));
    }

    fn object(&mut self, path: &str, object: &CrmObject, it: &CrmObjectMapping) -> Value {
        let Some(id) = it.api_object_id else { return json!({ "entity": null }) };
        let index = usize::try_from(id).ok().and_then(|id| id.checked_sub(1));
        let found = index.and_then(|index| self.live.schema.entities.get_index(index));
        let Some((entity, _)) = found else {
            self.wrong(path, "api_object_id", "no entity of this connection has that id");
            return Value::Null;
        };
        let mut fields = Map::new();
        for (index, it) in it.transformations.iter().enumerate() {
            let path = path_to(&path_to(path, "transformations"), index);
            let Some(Named { slug }) = &it.field else {
                self.wrong(&path, "field", "name the field");
                continue;
            };
            let value = self.field(&path, entity, it);
            let part = object.fields.iter().find(|field| field.slug == *slug);
            match part.and_then(|field| Some((field, field.parent_slug.as_ref()?))) {
                None => {
                    fields.insert(slug.clone(), value);
                }
                Some((field, parent)) => {
                    let parent = fields.entry(parent.clone()).or_insert_with(|| json!({}));
                    parent["children"][field.label.as_str()] = value;
                }
            }
        }
        let mut events = Map::new();
        for (index, it) in it.event_actions.iter().enumerate() {
            let path = path_to(&path_to(path, "event_actions"), index);
            let action = self.action(&path, entity, it);
            events.insert(it.event.slug.clone(), action);
        }
        json!({ "entity": entity, "fields": fields, "events": events })
    }

    fn column(&mut self, path: &str, entity: &str, it: &Transformation) -> String {
        let column = it.source_pointer.as_deref().and_then(|it| column_of(entity, it));
        if column.is_none() {
            let detail = format!("a column as `{}`", pointer(entity, "…"));
            self.wrong(path, "source_pointer", &detail);
        }
        column.unwrap_or_default()
    }

    fn field(&mut self, path: &str, entity: &str, it: &Transformation) -> Value {
        match it.name.as_str() {
            "direct" => json!({ "column": self.column(path, entity, it) }),
            "date" => json!({ "column": self.column(path, entity, it), "transform": "date" }),
            "static" => json!({ "static": it.static_value }),
            "empty" => json!({ "empty": true }),
            _ => {
                self.wrong(path, "name", "one of `direct`, `date`, `static`, `empty`");
                Value::Null
            }
        }
    }

    fn action(&mut self, path: &str, entity: &str, it: &CrmEventAction) -> Value {
        let each = it.transformations.iter().enumerate();
        let each = each.map(|(index, it)| (path_to(&path_to(path, "transformations"), index), it));
        match it.action_type.as_str() {
            "search" => {
                let conditions: Vec<Value> = each
                    .map(|(path, it)| {
                        let mut condition = json!({
                            "column": self.column(&path, entity, it),
                            "op": it.criteria_operator.as_deref().unwrap_or("eq"),
                        });
                        match &it.field {
                            Some(Named { slug }) => condition["payload"] = slug.as_str().into(),
                            None => {
                                condition["value"] = it.static_value.clone().unwrap_or_default()
                            }
                        }
                        condition
                    })
                    .collect();
                json!({ "action": "search", "filter": { "all": conditions } })
            }
            action @ ("create" | "update") => {
                let mut columns = Map::new();
                for (path, it) in each.filter(|(_, it)| it.name != "empty") {
                    let source = match &it.field {
                        Some(Named { slug }) => json!({ "payload": slug }),
                        None => json!({ "static": it.static_value }),
                    };
                    columns.insert(self.column(&path, entity, it), source);
                }
                json!({ "action": action, "columns": columns })
            }
            action @ ("delete" | "noop") => json!({ "action": action }),
            _ => {
                let known = "one of `search`, `create`, `update`, `delete`, `noop`";
                self.wrong(path, "action_type", known);
                Value::Null
            }
        }
    }
}

/// The mapping in force, as far as it can be said; the parts that the user made of fields are put
/// into `objects`.
pub fn mapping(live: &LiveConnection, objects: &mut [CrmObject]) -> Vec<CrmObjectMapping> {
    let mut said = Vec::new();
    for object in objects {
        let Some(it) = live.mapping.objects.get(&object.slug) else { continue };
        let mut mapped = CrmObjectMapping {
            crm_object_id: object.id,
            api_object_id: None,
            transformations: Vec::new(),
            event_actions: Vec::new(),
        };
        if let ObjectMapping::Entity(it) = it {
            mapped.api_object_id = place(&live.schema, &it.entity);
            mapped.transformations = fields_of(it, object);
            mapped.event_actions = actions_of(it, object);
        }
        said.push(mapped);
    }
    said
}

fn fields_of(it: &EntityMapping, object: &mut CrmObject) -> Vec<Transformation> {
    let mut said = Vec::new();
    for (slug, field) in &it.fields {
        let FieldMapping::Children(parts) = field else {
            said.extend(field_of(&it.entity, slug, field));
            continue;
        };
        for (label, part) in parts {
            let slug = format!("{slug}.{label}");
            let Some(transformation) = field_of(&it.entity, &slug, part) else { continue };
            said.push(transformation);
            object.fields.push(CrmField {
                id: None,
                slug,
                label: label.clone(),
                description: label.clone(),
                simple_type: SimpleType { kind: "string".to_owned(), format: None },
                parent_slug: said.last().and_then(|it| parent_of(it.field.as_ref()?)),
            });
        }
    }
    said
}

fn parent_of(Named { slug }: &Named) -> Option<String> {
    slug.split_once('.').map(|(parent, _)| parent.to_owned())
}

fn field_of(entity: &str, slug: &str, it: &FieldMapping) -> Option<Transformation> {
    let named = Transformation {
        field: Some(Named { slug: slug.to_owned() }),
        ..Transformation::default()
    };
    Some(match it {
        FieldMapping::Column { column, transform } => {
            let name = match transform {
                Transform::Direct => "direct",
                Transform::Date => "date",
                Transform::Find { .. } | Transform::Collect { .. } => return None,
            };
            let column = pointer(entity, &column.to_string());
            Transformation { name: name.to_owned(), source_pointer: Some(column), ..named }
        }
        FieldMapping::Static(value) => {
            Transformation { name: "static".to_owned(), static_value: Some(value.clone()), ..named }
        }
        FieldMapping::Empty => empty(slug),
        FieldMapping::Expression(_) | FieldMapping::Children(_) => return None,
    })
}

fn actions_of(it: &EntityMapping, object: &CrmObject) -> Vec<CrmEventAction> {
    let action = |(slug, action): (&String, &EventAction)| {
        let transformations = match action {
            EventAction::Search { filter, .. } => compared(&it.entity, filter)?,
            EventAction::Create { columns } | EventAction::Update { columns } => {
                let written =
                    columns.iter().map(|(column, it_is)| written(&it.entity, column, it_is));
                let written = written.collect::<Option<Vec<_>>>()?;
                let event = object.events.iter().find(|event| event.slug == *slug);
                let fields = event.into_iter().flat_map(|event| &event.fields);
                let unsaid: Vec<_> = fields
                    .filter(|field| {
                        let is_it = |it: &&Named| it.slug == field.slug;
                        !written.iter().filter_map(|it| it.field.as_ref()).any(|it| is_it(&it))
                    })
                    .map(|field| empty(&field.slug))
                    .collect();
                [written, unsaid].concat()
            }
            EventAction::Delete | EventAction::Noop => Vec::new(),
        };
        let event = Named { slug: slug.clone() };
        Some(CrmEventAction { event, action_type: action.name().to_owned(), transformations })
    };
    it.events.iter().filter_map(action).collect()
}

/// That a field stays empty, or a member of a payload is not written.
fn empty(slug: &str) -> Transformation {
    let field = Some(Named { slug: slug.to_owned() });
    Transformation { field, name: "empty".to_owned(), ..Transformation::default() }
}

fn written(entity: &str, column: &str, source: &WriteSource) -> Option<Transformation> {
    let source_pointer = Some(pointer(entity, column));
    let it = Transformation { source_pointer, ..Transformation::default() };
    match source {
        WriteSource::Payload(slug) => {
            let field = Some(Named { slug: slug.clone() });
            Some(Transformation { name: "direct".to_owned(), field, ..it })
        }
        WriteSource::Static(value) => {
            let static_value = Some(value.clone());
            Some(Transformation { name: "static".to_owned(), static_value, ..it })
        }
        WriteSource::Expression(_) => None,
    }
}

/// The conditions of a search that all must hold; `None` of one that says more than these can.
fn compared(entity: &str, filter: &Filter) -> Option<Vec<Transformation>> {
    let Filter::All(all) = filter else { return None };
    let condition = |it: &Filter| match it {
        Filter::Condition(it) => compares(entity, it),
        _ => None,
    };
    all.iter().map(condition).collect()
}

fn compares(entity: &str, Condition { column, op, operand }: &Condition) -> Option<Transformation> {
    let operator = match op {
        Op::Eq => "eq",
        Op::Contains => "contains",
        _ => return None,
    };
    let it = Transformation {
        source_pointer: Some(pointer(entity, &column.to_string())),
        criteria_operator: Some(operator.to_owned()),
        ..Transformation::default()
    };
    match operand {
        Operand::Payload(slug) => {
            let field = Some(Named { slug: slug.clone() });
            Some(Transformation { name: "direct".to_owned(), field, ..it })
        }
        Operand::Value(value) => {
            let static_value = Some(value.clone());
            Some(Transformation { name: "static".to_owned(), static_value, ..it })
        }
        Operand::None | Operand::Values(_) => None,
    }
}
