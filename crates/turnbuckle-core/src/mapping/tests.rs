//! What the tests of mappings share: one CRM and one app.

mod check;
mod document;
mod keys;
mod render;

use serde_json::json;

use super::*;
use crate::entity::{Column, ColumnType, Entity, Schema};

fn entity(name: &str, columns: Vec<Column>) -> (String, Entity) {
    let entity = Entity {
        name: name.to_owned(),
        label: name.to_owned(),
        label_plural: format!("{name}s"),
        custom: false,
        display: "Name".to_owned(),
        columns,
    };
    (name.to_owned(), entity)
}

fn schema() -> Schema {
    let column = |name: &str, column_type| Column::new(name, name, column_type);
    let opportunity = vec![
        column("Id", ColumnType::Guid).read_only(),
        column("Title", ColumnType::Text).required(),
        column("Probability", ColumnType::Integer),
        column("Amount", ColumnType::Decimal),
        column("IsWon", ColumnType::Boolean),
        column("Due", ColumnType::Date),
        column("CreatedOn", ColumnType::Datetime).read_only(),
        Column::lookup("StageId", "Stage", "Stage"),
        column("Tags", ColumnType::MultiOption),
        column("Extra", ColumnType::Object),
        column("Lines", ColumnType::List),
        Column { readable: false, ..column("Secret", ColumnType::Text) },
    ];
    let entities = [
        entity("Opportunity", opportunity),
        entity("Stage", vec![column("Name", ColumnType::Text).required()]),
    ];
    Schema { entities: entities.into_iter().collect() }
}

/// One field of every type, and one event of every type.
fn objects() -> Objects {
    let payload = json!({
        "title": {"type": "string"},
        "amount": {"type": "number"},
        "lines": {"type": "array", "format": "object"},
        "extra": {"type": "object"}
    });
    let event = |event_type: &str| json!({"type": event_type, "payloadSchema": payload});
    let document = json!({"deal": {
        "fields": {
            "text": {"type": "string"},
            "time": {"type": "string", "format": "datetime"},
            "number": {"type": "number"},
            "whole": {"type": "integer"},
            "flag": {"type": "boolean"},
            "more": {"type": "object"},
            "names": {"type": "array", "format": "string"}
        },
        "events": {
            "find": event("search"),
            "make": event("create"),
            "change": event("update"),
            "drop": event("delete")
        }
    }});
    Objects::parse(&document).unwrap()
}

fn mapping(fields: Json, events: Json) -> Json {
    json!({"objects": {"deal": {"entity": "Opportunity", "fields": fields, "events": events}}})
}

fn listed(wrong: &[Invalid]) -> Vec<(&str, &str)> {
    wrong.iter().map(|it| (it.path.as_str(), it.detail.as_str())).collect()
}

/// Paths in `expect` are seen from the object `deal`.
#[track_caller]
fn check_listed(wrong: &[Invalid], expect: &[(&str, &str)]) {
    let expect: Vec<(String, &str)> =
        expect.iter().map(|(path, detail)| (format!("/objects/deal{path}"), *detail)).collect();
    let expect: Vec<(&str, &str)> = expect.iter().map(|(path, it)| (path.as_str(), *it)).collect();
    assert_eq!(listed(wrong), expect);
}
