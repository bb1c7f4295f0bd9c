//! Reading and storing the schema of a connection.

use std::collections::HashMap;
use std::sync::Arc;

use rusqlite::{Connection as Db, OptionalExtension, params};
use serde_json::Value as Json;
use turnbuckle_core::entity::{Column, Entity, Schema};
use turnbuckle_core::id::{ConnectionNo, WorkspaceId};

use crate::StoreError;
use crate::error::Noun;
use crate::rules::schema::{ColumnRow, ConnectionSchema, EntityRow, KeyState};
use crate::sqlite::failure::Failure;

/// Reads the schema of a connection as it is now.
///
/// # Errors
/// [`StoreError::NotFound`]
pub fn load_schema(db: &Db, workspace: WorkspaceId, id: &str) -> Result<ConnectionSchema, Failure> {
    let found: Option<(i64, i64)> = db
        .prepare_cached(
            "SELECT no, mapping_version FROM connection WHERE workspace = ?1 AND id = ?2",
        )?
        .query_row(params![workspace.0, id], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((no, mapping_version)) = found else {
        return Err(StoreError::not_found(Noun::Connection, id).into());
    };
    let mut schema = Schema::default();
    let mut entities = HashMap::new();
    let mut select_entities = db.prepare_cached(
        "SELECT no, name, document FROM entity WHERE connection = ?1 ORDER BY no",
    )?;
    let mut rows = select_entities.query([no])?;
    while let Some(row) = rows.next()? {
        let (no, name): (i64, String) = (row.get(0)?, row.get(1)?);
        let mut entity: Entity =
            serde_json::from_str(row.get_ref(2)?.as_str().map_err(rusqlite::Error::from)?)?;
        let columns = load_columns(db, no, &mut entity)?;
        schema.entities.insert(name.clone(), entity);
        entities.insert(name, EntityRow { no, columns });
    }
    Ok(ConnectionSchema {
        no: ConnectionNo(no),
        workspace,
        id: id.to_owned(),
        mapping_version,
        schema: Arc::new(schema),
        entities,
    })
}

fn load_columns(
    db: &Db,
    entity_no: i64,
    entity: &mut Entity,
) -> Result<HashMap<String, ColumnRow>, Failure> {
    let mut columns = HashMap::new();
    let mut select = db.prepare_cached(
        "SELECT no, name, document, key_state FROM entity_column WHERE entity = ?1 ORDER BY no",
    )?;
    let mut rows = select.query([entity_no])?;
    while let Some(row) = rows.next()? {
        let column: Column =
            serde_json::from_str(row.get_ref(2)?.as_str().map_err(rusqlite::Error::from)?)?;
        columns.insert(
            row.get(1)?,
            ColumnRow {
                no: row.get(0)?,
                key_state: KeyState::from_row(row.get(3)?),
                column_type: column.column_type,
                is_unique: column.unique,
            },
        );
        entity.columns.push(column);
    }
    Ok(columns)
}

/// Stores an entity with its columns under a connection; columns that are new
/// are added, the others replaced. Columns in `keyed` get search keys, which
/// are complete at once if the entity is new.
pub fn store_entity(
    db: &Db,
    connection_no: i64,
    entity: &Entity,
    keyed: impl Fn(&Column) -> bool,
) -> Result<bool, Failure> {
    let existing: Option<i64> = db
        .prepare_cached("SELECT no FROM entity WHERE connection = ?1 AND name = ?2")?
        .query_row(params![connection_no, entity.name], |row| row.get(0))
        .optional()?;
    let document = serde_json::to_string(&Entity { columns: Vec::new(), ..entity.clone() })?;
    let entity_no = match existing {
        Some(no) => {
            db.prepare_cached("UPDATE entity SET document = ?2 WHERE no = ?1")?
                .execute(params![no, document])?;
            no
        }
        None => {
            db.prepare_cached(
                "INSERT INTO entity (connection, name, document) VALUES (?1, ?2, ?3)",
            )?
            .execute(params![connection_no, entity.name, document])?;
            db.last_insert_rowid()
        }
    };
    let state = if existing.is_some() { 1 } else { 2 };
    for column in &entity.columns {
        db.prepare_cached(
            "INSERT INTO entity_column (entity, name, document, key_state) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (entity, name) DO UPDATE
             SET document = excluded.document, key_state = max(key_state, excluded.key_state)",
        )?
        .execute(params![
            entity_no,
            column.name,
            serde_json::to_string(column)?,
            if keyed(column) { state } else { 0 }
        ])?;
    }
    Ok(existing.is_none())
}

/// From now on every write of the column keeps its search key.
pub fn start_keys(db: &Db, connection_no: i64, entity: &str, column: &str) -> Result<(), Failure> {
    db.prepare_cached(
        "UPDATE entity_column SET key_state = 1
         WHERE key_state = 0 AND name = ?3
             AND entity = (SELECT no FROM entity WHERE connection = ?1 AND name = ?2)",
    )?
    .execute(params![connection_no, entity, column])?;
    Ok(())
}

/// A document that may be absent.
pub fn optional_json(text: Option<String>) -> Result<Option<Json>, Failure> {
    Ok(text.map(|text| serde_json::from_str(&text)).transpose()?)
}
