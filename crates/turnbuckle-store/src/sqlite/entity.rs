//! The schema of the built-in CRM, and filling search keys in slices.

use std::collections::HashSet;
use std::sync::Arc;

use async_trait::async_trait;
use rusqlite::{Connection as Db, params};
use turnbuckle_core::entity::{Entity, Schema};
use turnbuckle_core::id::WorkspaceId;
use turnbuckle_core::key::{self, Canonical, KEY_BYTES_MAX, NULL_KEY};

use crate::StoreError;
use crate::entity::EntityStore;
use crate::rules::schema::{ColumnRow, ConnectionSchema, KeyState, keyed_by_putting};
use crate::sqlite::SqliteStore;
use crate::sqlite::connection::keeping_keys;
use crate::sqlite::failure::Failure;
use crate::sqlite::record::{read_record, record_at};
use crate::sqlite::schema::{load_schema, start_keys, store_entity};
use crate::sqlite::writer::{Batch, Priority};

/// Records that one slice gives keys to.
const KEY_SLICE: i64 = 1_000;

#[async_trait]
impl EntityStore for SqliteStore {
    async fn schema(
        &self,
        workspace: WorkspaceId,
        connection: &str,
    ) -> Result<Arc<Schema>, StoreError> {
        // Past the cache: it must be no older than a row of the connection read before.
        self.readers
            .look_up("read a schema", |db| Ok(load_schema(db, workspace, connection)?.schema))
    }

    async fn put_entity(
        &self,
        workspace: WorkspaceId,
        connection: &str,
        entity: Entity,
    ) -> Result<bool, StoreError> {
        // Whether values repeat is seen by their keys.
        let schema = self.connection_schema(workspace, connection)?;
        let becoming = schema.becoming_unique(&entity).into_iter();
        let becoming: Vec<_> =
            becoming.map(|(column, _)| (entity.name.clone(), column.name.clone())).collect();
        self.ensure_keys(workspace, connection, &becoming).await?;
        let (name, put) = (connection.to_owned(), entity.clone());
        let is_new = self
            .writer
            .run(Priority::Stages, "put an entity", move |batch| {
                keeping_keys(batch, workspace, &name, |batch| {
                    let connection = batch.state.connection(batch.sql, workspace, &name)?;
                    check_columns(batch.sql, &connection, &put)?;
                    store_entity(batch.sql, connection.no.0, &put, |column| column.unique)
                })
            })
            .await?;
        let schema = self.connection_schema(workspace, connection)?.schema.clone();
        let keyed = keyed_by_putting(&entity, &schema);
        self.ensure_keys(workspace, connection, &keyed).await?;
        Ok(is_new)
    }

    async fn ensure_keys(
        &self,
        workspace: WorkspaceId,
        connection: &str,
        columns: &[(String, String)],
    ) -> Result<(), StoreError> {
        let schema = self.connection_schema(workspace, connection)?;
        let is_ready = |(entity, column): &(String, String)| {
            let row = schema.entities.get(entity).and_then(|row| row.columns.get(column));
            row.is_none_or(|row| row.key_state == KeyState::Ready)
        };
        if columns.iter().all(is_ready) {
            return Ok(());
        }
        let (name, columns) = (connection.to_owned(), columns.to_vec());
        self.writer
            .run(Priority::Stages, "start search keys", move |batch| {
                let connection = batch.state.connection(batch.sql, workspace, &name)?;
                for (entity, column) in &columns {
                    start_keys(batch.sql, connection.no.0, entity, column)?;
                }
                batch.state.forget_connection(workspace, &name);
                Ok(())
            })
            .await?;
        self.fill_started_keys().await.map(|_| ())
    }

    async fn fill_started_keys(&self) -> Result<bool, StoreError> {
        let started = self.readers.look_up("find started search keys", started_keys)?;
        for column in &started {
            self.fill_keys(column).await?;
        }
        Ok(!started.is_empty())
    }
}

/// A column whose search keys were started.
#[derive(Debug, Clone)]
struct StartedKeys {
    workspace: WorkspaceId,
    connection: String,
    column_no: i64,
    column: String,
    entity_no: i64,
}

fn started_keys(db: &Db) -> Result<Vec<StartedKeys>, Failure> {
    let mut select = db.prepare_cached(
        "SELECT connection.workspace, connection.id, entity_column.no, entity_column.name, entity.no
         FROM entity_column
         JOIN entity ON entity.no = entity_column.entity
         JOIN connection ON connection.no = entity.connection
         WHERE key_state = 1",
    )?;
    let rows = select.query_map([], |row| {
        Ok(StartedKeys {
            workspace: WorkspaceId(row.get(0)?),
            connection: row.get(1)?,
            column_no: row.get(2)?,
            column: row.get(3)?,
            entity_no: row.get(4)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

impl SqliteStore {
    async fn fill_keys(&self, started: &StartedKeys) -> Result<(), StoreError> {
        let mut after = Some(i64::MIN);
        while let Some(from) = after {
            let column = started.clone();
            after = self
                .writer
                .run(Priority::Bulk, "fill search keys", move |batch| {
                    fill_slice(batch, &column, from)
                })
                .await?;
        }
        Ok(())
    }
}

/// Compares an entity with what is stored of it.
///
/// # Errors
/// [`StoreError::Invalid`] if a column would have another type, which neither
/// its values nor their keys have; [`StoreError::UniqueViolation`] if one
/// becomes unique while two records share a value.
fn check_columns(db: &Db, connection: &ConnectionSchema, entity: &Entity) -> Result<(), Failure> {
    connection.check_types(entity)?;
    for (column, row) in connection.becoming_unique(entity) {
        if has_repeats(db, &column.name, &row)? {
            let (entity, column) = (entity.name.clone(), column.name.clone());
            return Err(StoreError::UniqueViolation { entity, column }.into());
        }
    }
    Ok(())
}

/// Whether two records have the same value. Keys that were cut only hint at it.
fn has_repeats(db: &Db, name: &str, column: &ColumnRow) -> Result<bool, Failure> {
    let mut select = db.prepare_cached(
        "SELECT key FROM record_key WHERE entity_column = ?1 AND key > ?2
         GROUP BY key HAVING count(*) > 1",
    )?;
    let mut rows = select.query(params![column.no, NULL_KEY])?;
    while let Some(row) = rows.next()? {
        let key: Vec<u8> = row.get(0)?;
        if key.len() < KEY_BYTES_MAX || has_repeats_at(db, name, column, &key)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn has_repeats_at(db: &Db, name: &str, column: &ColumnRow, key: &[u8]) -> Result<bool, Failure> {
    let mut select =
        db.prepare_cached("SELECT record FROM record_key WHERE entity_column = ?1 AND key = ?2")?;
    let mut rows = select.query(params![column.no, key])?;
    let mut seen = HashSet::new();
    while let Some(row) = rows.next()? {
        let Some(found) = record_at(db, row.get(0)?)? else { continue };
        if !seen.insert(Canonical::of(found.record.value(name, column.column_type))) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Gives keys to the next records and answers where to go on; marks the keys
/// complete at the end, in the same transaction.
fn fill_slice(
    batch: &mut Batch<'_>,
    started: &StartedKeys,
    after: i64,
) -> Result<Option<i64>, Failure> {
    // The connection may have been deleted meanwhile: nothing is left to fill.
    let connection = batch.state.connection(batch.sql, started.workspace, &started.connection);
    let Ok(schema) = connection else { return Ok(None) };
    let entity = schema.entities.values().find(|entity| entity.no == started.entity_no);
    let Some(row) = entity.and_then(|entity| entity.columns.get(&started.column)) else {
        return Ok(None);
    };
    let mut select = batch.sql.prepare_cached(
        "SELECT seq, id, number, version, created_at_ms, updated_at_ms, data
         FROM record WHERE entity = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3",
    )?;
    let mut insert = batch.sql.prepare_cached(
        "INSERT OR IGNORE INTO record_key (entity_column, key, record) VALUES (?1, ?2, ?3)",
    )?;
    let mut rows = select.query(params![started.entity_no, after, KEY_SLICE])?;
    let mut last = None;
    let mut count = 0;
    while let Some(found) = rows.next()? {
        let found = read_record(found)?;
        let key = key::encode(&found.record.value(&started.column, row.column_type));
        insert.execute(params![started.column_no, key, found.seq])?;
        last = Some(found.seq);
        count += 1;
    }
    if count == KEY_SLICE {
        return Ok(last);
    }
    batch
        .sql
        .prepare_cached("UPDATE entity_column SET key_state = 2 WHERE no = ?1")?
        .execute([started.column_no])?;
    batch.state.forget_connection(started.workspace, &started.connection);
    Ok(None)
}
