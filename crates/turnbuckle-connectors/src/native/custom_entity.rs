//! The rules by which a workspace adds entities and columns of its own.
//!
//! A document says what an entity is to have, and takes nothing away: an entity
//! or column that it does not name is kept, and a member that it leaves out (or
//! gives as null) stays as it was. Delivered entities take further columns the
//! same way. What a read of an entity shows may be sent back as it is.
//!
//! What holds for the records there are is not looked at: a column that becomes
//! required or has other options concerns writes from then on. Whether the
//! values of a column that becomes unique are distinct only the store can tell.

mod column;
mod members;

use serde_json::Value as Json;
use turnbuckle_core::entity::{ColumnType, Entity, Schema, did_you_mean};
use turnbuckle_core::id::check_code;
use turnbuckle_core::invalid::{Invalid, pointer};
use turnbuckle_core::record::{CREATED_ON, ID};

use self::column::check_column;
use self::members::Members;
use super::schema::framed;

/// Most entities of one connection, the delivered ones included.
pub const ENTITIES_MAX: usize = 1_000;
/// Most columns of one entity, those that every entity has included.
pub const COLUMNS_MAX: usize = 500;
/// Most options of one column.
pub const OPTIONS_MAX: usize = 500;
/// Longest label, and longest value of an option, in characters.
pub const LABEL_CHARS_MAX: usize = 200;

const KNOWN: [&str; 6] = ["name", "label", "label_plural", "display", "custom", "columns"];

/// Reads the document that declares the entity `name`, and gives the entity as
/// it is to be from now on. `schema` is what the connection has at present.
///
/// # Errors
/// Every member that is unknown or wrong, with its path in the document.
pub fn check_custom_entity(
    schema: &Schema,
    name: &str,
    document: &Json,
) -> Result<Entity, Vec<Invalid>> {
    let mut wrong = Vec::new();
    let existing = schema.entity(name);
    if existing.is_none() {
        check_new_name(schema, name, &mut wrong);
    }
    let mut entity = existing.cloned().unwrap_or_else(|| empty(name));
    if let Some(mut members) = Members::read(document, String::new(), &mut wrong) {
        members.refuse_unknown(&KNOWN);
        if let Some(label) = members.label("label") {
            if existing.is_none() {
                entity.label_plural = format!("{label}s");
            }
            entity.label = label;
        }
        if let Some(label_plural) = members.label("label_plural") {
            entity.label_plural = label_plural;
        }
        members.expect_same("name", entity.name.as_str());
        members.expect_same("custom", entity.custom);
        let display = members.text("display");
        if let Some(columns) = members.list("columns", COLUMNS_MAX) {
            check_columns(schema, &mut entity, columns, &mut wrong);
        }
        match display {
            Some(display) => set_display(&mut entity, display, &mut wrong),
            None if existing.is_none() => entity.display = default_display(&entity),
            None => {}
        }
    }
    if wrong.is_empty() { Ok(entity) } else { Err(wrong) }
}

fn check_new_name(schema: &Schema, name: &str, wrong: &mut Vec<Invalid>) {
    if let Err(error) = check_code("name", name) {
        wrong.push(Invalid::new("/name", error.to_string()));
    }
    if let Some(near) = schema.entities.keys().find(|it| it.eq_ignore_ascii_case(name)) {
        wrong.push(Invalid::new("/name", format!("`{name}` differs from `{near}` in case alone")));
    }
    if ENTITIES_MAX <= schema.entities.len() {
        let detail = format!("a connection has at most {ENTITIES_MAX} entities");
        wrong.push(Invalid::new("", detail));
    }
}

/// An entity that has nothing of its own yet.
fn empty(name: &str) -> Entity {
    Entity {
        name: name.to_owned(),
        label: name.to_owned(),
        label_plural: format!("{name}s"),
        custom: true,
        display: ID.to_owned(),
        columns: framed([]),
    }
}

/// Puts the columns that are declared in place of, or behind, those there are.
fn check_columns(
    schema: &Schema,
    entity: &mut Entity,
    documents: &[Json],
    wrong: &mut Vec<Invalid>,
) {
    let mut named = Vec::with_capacity(documents.len());
    for (index, document) in documents.iter().enumerate() {
        let path = pointer("/columns", index);
        let Some(column) = check_column(schema, entity, document, &path, wrong) else { continue };
        if named.contains(&column.name) {
            let detail = format!("`{}` is declared twice", column.name);
            wrong.push(Invalid::new(pointer(&path, "name"), detail));
            continue;
        }
        named.push(column.name.clone());
        let columns = &mut entity.columns;
        match columns.iter().position(|it| it.name == column.name) {
            Some(index) => columns[index] = column,
            None => {
                let end = columns.iter().position(|it| it.name == CREATED_ON);
                columns.insert(end.unwrap_or(columns.len()), column);
            }
        }
    }
    if COLUMNS_MAX < entity.columns.len() {
        let detail = format!("an entity has at most {COLUMNS_MAX} columns");
        wrong.push(Invalid::new("/columns", detail));
    }
}

/// Whether a value of this type stands for a record where people read it.
fn is_readable(column_type: ColumnType) -> bool {
    matches!(column_type, ColumnType::Text | ColumnType::Option | ColumnType::Guid)
}

fn set_display(entity: &mut Entity, display: &str, wrong: &mut Vec<Invalid>) {
    let detail = match entity.column(display) {
        Some(column) if is_readable(column.column_type) => {
            entity.display = display.to_owned();
            return;
        }
        Some(column) => format!(
            "`{display}` is of type `{}`: records are shown by a `text` or `option` column",
            <&str>::from(column.column_type)
        ),
        None => format!(
            "`{display}` is not a column of `{}`{}",
            entity.name,
            did_you_mean(&entity.nearest_column(display))
        ),
    };
    wrong.push(Invalid::new("/display", detail));
}

/// `Name` if it is text, else the first column of text, else the id.
fn default_display(entity: &Entity) -> String {
    let is_text = |column_type| column_type == ColumnType::Text;
    let name = entity.column("Name").filter(|column| is_text(column.column_type));
    let first = || entity.columns.iter().find(|column| is_text(column.column_type));
    name.or_else(first).map_or(ID, |column| &column.name).to_owned()
}

#[cfg(test)]
mod tests;
