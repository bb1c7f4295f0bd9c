//! The rules for one column of a declared entity.

use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde_json::Value as Json;
use turnbuckle_core::entity::{Column, ColumnOption, ColumnType, Entity, Schema, did_you_mean};
use turnbuckle_core::id::check_code;
use turnbuckle_core::invalid::{Invalid, pointer};

use super::OPTIONS_MAX;
use super::members::Members;

const KNOWN: [&str; 11] = [
    "name",
    "label",
    "type",
    "required",
    "unique",
    "lookup",
    "options",
    "readable",
    "createable",
    "updateable",
    "filterable",
];

/// The member by which a webhook names its entity: a column of this code could
/// never be filled by one.
const ENTITY_NAME: &str = "EntityName";

/// Reads one column of `entity`. `None` if it is wrong beyond recognition; what
/// is wrong is noted in `wrong` either way.
pub fn check_column(
    schema: &Schema,
    entity: &Entity,
    document: &Json,
    path: &str,
    wrong: &mut Vec<Invalid>,
) -> Option<Column> {
    let mut members = Members::read(document, path.to_owned(), wrong)?;
    members.refuse_unknown(&KNOWN);
    let Some(name) = members.text("name") else {
        if members.get("name").is_none() {
            members.refuse("name", "a column needs a code: letters, digits and `_`");
        }
        return None;
    };
    let declared = column_type(&mut members);
    let existing = entity.column(name);
    let mut column = match existing {
        Some(existing) => {
            if let Some(declared) = declared.filter(|it| *it != existing.column_type) {
                let detail = format!(
                    "`{name}` is of type `{}` and cannot become `{}`: records hold its values",
                    <&str>::from(existing.column_type),
                    <&str>::from(declared)
                );
                members.refuse("type", detail);
            }
            existing.clone()
        }
        None => {
            check_new_name(&mut members, entity, name);
            if members.get("type").is_none() {
                members.refuse("type", format!("`{name}` is a new column and needs a type"));
            }
            Column::new(name, name, declared?)
        }
    };
    if let Some(label) = members.label("label") {
        column.label = label;
    }
    column.required = members.flag("required").unwrap_or(column.required);
    column.unique = members.flag("unique").unwrap_or(column.unique);
    if column.unique && !has_one_value(column.column_type) {
        let detail = format!("`{}` values are not compared", <&str>::from(column.column_type));
        members.refuse("unique", detail);
    }
    set_lookup(&mut members, schema, entity, &mut column, existing);
    set_options(&mut members, &mut column);
    for (member, so) in [
        ("readable", column.readable),
        ("createable", column.createable),
        ("updateable", column.updateable),
        ("filterable", column.filterable),
    ] {
        members.expect_same(member, so);
    }
    let is_fixed = |it: &&Column| !it.createable && !it.updateable;
    if existing.filter(is_fixed).is_some_and(|it| *it != column) {
        members.refuse("name", format!("`{name}` is set by the CRM and stays as it is"));
    }
    Some(column)
}

fn column_type(members: &mut Members) -> Option<ColumnType> {
    let text = members.text("type")?;
    let read: Result<_, serde::de::value::Error> =
        ColumnType::deserialize(text.into_deserializer());
    let in_words = |error: serde::de::value::Error| {
        Invalid::of_sentence("", |_, _| String::new(), &error.to_string()).detail
    };
    read.map_err(|error| members.refuse("type", in_words(error))).ok()
}

fn check_new_name(members: &mut Members, entity: &Entity, name: &str) {
    if let Err(error) = check_code("name", name) {
        members.refuse("name", error.to_string());
    }
    if name == ENTITY_NAME {
        let detail = format!("`{ENTITY_NAME}` is how a webhook names its entity");
        members.refuse("name", detail);
    }
    if let Some(near) = entity.columns.iter().find(|it| it.name.eq_ignore_ascii_case(name)) {
        let detail = format!("`{name}` differs from `{}` in case alone", near.name);
        members.refuse("name", detail);
    }
}

/// Whether two values of this type are the same value or not, without a doubt.
fn has_one_value(column_type: ColumnType) -> bool {
    !matches!(column_type, ColumnType::MultiOption | ColumnType::Object | ColumnType::List)
}

fn set_lookup(
    members: &mut Members,
    schema: &Schema,
    entity: &Entity,
    column: &mut Column,
    existing: Option<&Column>,
) {
    let target = members.text("lookup");
    if column.column_type != ColumnType::Lookup {
        if target.is_some() {
            members.refuse("lookup", "only a column of type `lookup` points to an entity");
        }
        return;
    }
    if existing.is_some() {
        if target.is_some() && target != column.lookup.as_deref() {
            let detail = format!(
                "`{}` points to `{}` and cannot point elsewhere: records hold its values",
                column.name,
                column.lookup.as_deref().unwrap_or_default()
            );
            members.refuse("lookup", detail);
        }
        return;
    }
    if column.name.strip_suffix("Id").is_none_or(str::is_empty) {
        let detail = format!("`{0}` is a lookup: its name ends in `Id`, e.g. `{0}Id`", column.name);
        members.refuse("name", detail);
    }
    match target {
        Some(target) if target == entity.name || schema.entity(target).is_some() => {
            column.lookup = Some(target.to_owned());
        }
        Some(target) => {
            let nearest = did_you_mean(&schema.nearest_entity(target));
            members.refuse("lookup", format!("`{target}` is not an entity{nearest}"));
        }
        None if members.get("lookup").is_none() => {
            members.refuse("lookup", "name the entity whose records the column looks up");
        }
        None => {}
    }
}

fn set_options(members: &mut Members, column: &mut Column) {
    let Some(documents) = members.list("options", OPTIONS_MAX) else { return };
    if !matches!(column.column_type, ColumnType::Option | ColumnType::MultiOption) {
        members.refuse("options", "only a column of type `option` or `multi_option` has options");
        return;
    }
    if documents.is_empty() {
        members.refuse("options", "give at least one option, or none at all to admit any text");
        return;
    }
    let mut options: Vec<ColumnOption> = Vec::with_capacity(documents.len());
    let mut invalid = Vec::new();
    for (index, document) in documents.iter().enumerate() {
        let Some(option) = check_option(document, pointer("/options", index), &mut invalid) else {
            continue;
        };
        if options.iter().any(|it| it.value == option.value) {
            let path = format!("/options/{index}/value");
            invalid.push(Invalid::new(path, format!("`{}` stands twice", option.value)));
            continue;
        }
        options.push(option);
    }
    members.refuse_all(invalid);
    column.options = Some(options);
}

/// An option's label is its value where it is left out.
fn check_option(document: &Json, path: String, wrong: &mut Vec<Invalid>) -> Option<ColumnOption> {
    let mut members = Members::read(document, path, wrong)?;
    members.refuse_unknown(&["value", "label"]);
    let label = members.label("label");
    if members.get("value").is_none() {
        members.refuse("value", "an option needs a value");
    }
    let value = members.label("value")?;
    Some(ColumnOption { label: label.unwrap_or_else(|| value.clone()), value })
}
