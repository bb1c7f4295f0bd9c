//! Connections, what their app declares and what their user mapped.

use std::collections::HashSet;

use std::sync::Arc;

use async_trait::async_trait;
use jiff::tz::TimeZone;
use rusqlite::{Connection as Db, OptionalExtension, Row, params};
use serde_json::Value as Json;
use turnbuckle_core::id::{Stamp, WorkspaceId};
use turnbuckle_core::mapping::{KeyShapes, Mapping};
use turnbuckle_core::record::{Data, Record};
use uuid::Uuid;

use crate::StoreError;
use crate::connection::{Connection, ConnectionStore, InitialRecords, PutConnection};
use crate::error::Noun;
use crate::page::{Page, PageRequest};
use crate::sqlite::SqliteStore;
use crate::sqlite::failure::Failure;
use crate::sqlite::record::{RecordRow, insert_record, move_keys};
use crate::sqlite::schema::{ConnectionSchema, optional_json, start_keys, store_entity};
use crate::sqlite::writer::{Batch, Priority};

const CONNECTION_COLUMNS: &str = "workspace, id, context, connector, time_zone, error, objects,
    mapping, mapping_version, version, created_at_ms, updated_at_ms, no";

/// Rows erased in one slice.
const ERASE_SLICE: i64 = 1_000;

fn read(row: &Row<'_>) -> Result<(i64, Connection), Failure> {
    let connection = Connection {
        workspace: WorkspaceId(row.get(0)?),
        id: row.get(1)?,
        context: row.get(2)?,
        connector: row.get(3)?,
        time_zone: row.get(4)?,
        error: row.get(5)?,
        objects: optional_json(row.get(6)?)?,
        mapping: optional_json(row.get(7)?)?,
        mapping_version: row.get(8)?,
        version: row.get(9)?,
        created_at: row.get(10)?,
        updated_at: row.get(11)?,
    };
    Ok((row.get(12)?, connection))
}

fn find(db: &Db, workspace: WorkspaceId, id: &str) -> Result<Option<(i64, Connection)>, Failure> {
    let mut select = db.prepare_cached(&format!(
        "SELECT {CONNECTION_COLUMNS} FROM connection WHERE workspace = ?1 AND id = ?2"
    ))?;
    let mut rows = select.query(params![workspace.0, id])?;
    rows.next()?.map(read).transpose()
}

/// The connection that a write is about, in the version that its caller knows.
fn find_version(
    db: &Db,
    workspace: WorkspaceId,
    id: &str,
    version: Option<i64>,
) -> Result<(i64, Connection), Failure> {
    let (no, found) =
        find(db, workspace, id)?.ok_or_else(|| StoreError::not_found(Noun::Connection, id))?;
    match version {
        Some(version) if version != found.version => {
            let id = id.to_owned();
            Err(StoreError::VersionMismatch { noun: Noun::Connection, id }.into())
        }
        _ => Ok((no, found)),
    }
}

fn put(
    batch: &mut Batch<'_>,
    workspace: WorkspaceId,
    put: &PutConnection,
    initial: &InitialRecords,
    version: Option<i64>,
) -> Result<(Connection, bool), Failure> {
    let now = batch.state.now();
    batch
        .sql
        .prepare_cached(
            "INSERT INTO context (workspace, external_id, attributes, created_at_ms)
             VALUES (?1, ?2, '{}', ?3) ON CONFLICT (workspace, external_id) DO NOTHING",
        )?
        .execute(params![workspace.0, put.context, now])?;
    let existing = find(batch.sql, workspace, &put.id)?;
    let is_new = existing.is_none();
    if is_new && version.is_none() {
        batch
            .sql
            .prepare_cached(
                "INSERT INTO connection (workspace, id, context, connector, time_zone,
                     created_at_ms, updated_at_ms)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6)",
            )?
            .execute(params![
                workspace.0,
                put.id,
                put.context,
                put.connector,
                put.time_zone,
                now
            ])?;
        let no = batch.sql.last_insert_rowid();
        fill(batch, no, workspace, &put.id, initial)?;
    } else {
        keeping_keys(batch, workspace, &put.id, |batch| {
            let (no, _) = find_version(batch.sql, workspace, &put.id, version)?;
            batch
                .sql
                .prepare_cached(
                    "UPDATE connection
                     SET context = ?2, time_zone = ?3, version = version + 1, updated_at_ms = ?4
                     WHERE no = ?1",
                )?
                .execute(params![no, put.context, put.time_zone, now])?;
            Ok(())
        })?;
    }
    let (_, connection) = find_version(batch.sql, workspace, &put.id, None)?;
    Ok((connection, is_new))
}

/// Puts the entities and records into a new connection that it starts with.
fn fill(
    batch: &mut Batch<'_>,
    no: i64,
    workspace: WorkspaceId,
    id: &str,
    initial: &InitialRecords,
) -> Result<(), Failure> {
    let keyed = keyed_from_the_start(initial);
    for entity in initial.schema.entities.values() {
        store_entity(batch.sql, no, entity, |column| {
            column.unique || keyed.contains(&(entity.name.as_str(), column.name.as_str()))
        })?;
    }
    batch.state.forget_connection(workspace, id);
    let connection = batch.state.connection(batch.sql, workspace, id)?;
    for (entity, id, data) in &initial.records {
        insert_initial(batch, &connection, entity, id, data)?;
    }
    Ok(())
}

/// Display columns of entities that are looked up: display values are resolved by them.
fn keyed_from_the_start(initial: &InitialRecords) -> HashSet<(&str, &str)> {
    let entities = &initial.schema.entities;
    entities
        .values()
        .flat_map(|entity| &entity.columns)
        .filter_map(|column| entities.get(column.lookup.as_deref()?))
        .map(|target| (target.name.as_str(), target.display.as_str()))
        .collect()
}

fn insert_initial(
    batch: &mut Batch<'_>,
    connection: &ConnectionSchema,
    entity: &str,
    id: &Uuid,
    data: &Data,
) -> Result<(), Failure> {
    let (_, row) = connection.entity(entity)?;
    let stamp: Stamp = batch.state.mint();
    let now = batch.state.now();
    let record = Record {
        id: id.to_string(),
        number: batch.state.next_number(batch.sql, row.no)?,
        version: 1,
        created_at: now,
        updated_at: now,
        data: Arc::new(data.clone()),
    };
    let new = RecordRow { seq: stamp.row_key(), record };
    insert_record(batch.sql, row.no, &new, id, &serde_json::to_string(data)?)?;
    move_keys(batch.sql, row, new.seq, None, Some(&new.record))
}

fn put_mapping(
    batch: &mut Batch<'_>,
    workspace: WorkspaceId,
    id: &str,
    mapping: &Json,
    version: Option<i64>,
) -> Result<Connection, Failure> {
    keeping_keys(batch, workspace, id, |batch| {
        let (no, _) = find_version(batch.sql, workspace, id, version)?;
        batch
            .sql
            .prepare_cached(
                "UPDATE connection
                 SET mapping = ?2, mapping_version = mapping_version + 1, version = version + 1,
                     updated_at_ms = ?3
                 WHERE no = ?1",
            )?
            .execute(params![no, mapping.to_string(), batch.state.now()])?;
        Ok(())
    })?;
    find_version(batch.sql, workspace, id, None).map(|(_, connection)| connection)
}

/// What the keys of a connection's searches are made of.
struct KeyBase {
    no: i64,
    mapping_version: i64,
    shapes: KeyShapes,
    columns: Vec<(String, String)>,
}

impl KeyBase {
    fn read(batch: &mut Batch<'_>, workspace: WorkspaceId, id: &str) -> Result<Self, Failure> {
        let (no, row) = find_version(batch.sql, workspace, id, None)?;
        let schema = batch.state.connection(batch.sql, workspace, id)?.schema.clone();
        let zone = TimeZone::get(&row.time_zone).unwrap_or(TimeZone::UTC);
        // It was checked when it was put.
        let mapping = row.mapping.as_ref().and_then(|mapping| Mapping::parse(mapping).ok());
        let mapping = mapping.unwrap_or_default();
        Ok(Self {
            no,
            mapping_version: row.mapping_version,
            shapes: mapping.key_shapes(id, &schema, &zone),
            columns: mapping.keyed_columns(&schema),
        })
    }
}

/// Carries out a change of what the keys of searches are made of: the mapping,
/// the time zone, the schema. Objects that need other match keys by it wait for
/// them from this transaction on, under a mapping version of their own.
pub fn keeping_keys<T>(
    batch: &mut Batch<'_>,
    workspace: WorkspaceId,
    id: &str,
    change: impl FnOnce(&mut Batch<'_>) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let before = KeyBase::read(batch, workspace, id)?;
    let changed = change(batch)?;
    batch.state.forget_connection(workspace, id);
    let after = KeyBase::read(batch, workspace, id)?;
    let rekeyed = before.shapes.rekeyed(&after.shapes);
    if !rekeyed.is_empty() && after.mapping_version == before.mapping_version {
        batch
            .sql
            .prepare_cached(
                "UPDATE connection SET mapping_version = mapping_version + 1, version = version + 1
                 WHERE no = ?1",
            )?
            .execute([after.no])?;
    }
    let mut wait = batch.sql.prepare_cached(
        "INSERT OR REPLACE INTO rekeying (connection, object, mapping_version) VALUES (?1, ?2, 0)",
    )?;
    for object in &rekeyed {
        wait.execute(params![after.no, object])?;
    }
    // An object that waits already needs the keys of this version too.
    batch
        .sql
        .prepare_cached(
            "UPDATE rekeying
             SET mapping_version = (SELECT mapping_version FROM connection WHERE no = ?1)
             WHERE connection = ?1",
        )?
        .execute([after.no])?;
    for (entity, column) in &after.columns {
        start_keys(batch.sql, after.no, entity, column)?;
    }
    batch.state.forget_connection(workspace, id);
    Ok(changed)
}

#[async_trait]
impl ConnectionStore for SqliteStore {
    async fn put_connection(
        &self,
        workspace: WorkspaceId,
        connection: PutConnection,
        initial: InitialRecords,
        version: Option<i64>,
    ) -> Result<(Connection, bool), StoreError> {
        self.writer
            .run(Priority::Stages, "put a connection", move |batch| {
                put(batch, workspace, &connection, &initial, version)
            })
            .await
    }

    async fn connection(
        &self,
        workspace: WorkspaceId,
        id: &str,
    ) -> Result<Option<Connection>, StoreError> {
        self.readers.look_up("read a connection", |db| {
            Ok(find(db, workspace, id)?.map(|(_, connection)| connection))
        })
    }

    async fn connections(
        &self,
        workspace: WorkspaceId,
        context: Option<&str>,
        page: PageRequest,
    ) -> Result<Page<Connection>, StoreError> {
        let context = context.map(str::to_owned);
        self.readers
            .scan("list connections", move |db| {
                let mut select = db.prepare_cached(&format!(
                    "SELECT {CONNECTION_COLUMNS} FROM connection
                     WHERE workspace = ?1 AND no < ?2 AND (?3 IS NULL OR context = ?3)
                     ORDER BY no DESC LIMIT ?4"
                ))?;
                let before = page.after.unwrap_or(i64::MAX);
                let mut rows =
                    select.query(params![workspace.0, before, context, page.limit as i64 + 1])?;
                let mut listed = Page { items: Vec::new(), next: None };
                let mut last = None;
                while let Some(row) = rows.next()? {
                    if listed.items.len() == page.limit {
                        listed.next = last;
                        break;
                    }
                    let (no, connection) = read(row)?;
                    listed.items.push(connection);
                    last = Some(no);
                }
                Ok(listed)
            })
            .await
    }

    async fn put_objects(
        &self,
        workspace: WorkspaceId,
        id: &str,
        objects: &Json,
        version: Option<i64>,
    ) -> Result<Connection, StoreError> {
        let (id, objects) = (id.to_owned(), objects.clone());
        self.writer
            .run(Priority::Stages, "put objects", move |batch| {
                batch.state.configuration_changed(workspace);
                let (no, _) = find_version(batch.sql, workspace, &id, version)?;
                batch
                    .sql
                    .prepare_cached(
                        "UPDATE connection
                         SET objects = ?2, version = version + 1, updated_at_ms = ?3
                         WHERE no = ?1",
                    )?
                    .execute(params![no, serde_json::to_string(&objects)?, batch.state.now()])?;
                find_version(batch.sql, workspace, &id, None).map(|(_, connection)| connection)
            })
            .await
    }

    async fn put_mapping(
        &self,
        workspace: WorkspaceId,
        id: &str,
        mapping: &Json,
        version: Option<i64>,
    ) -> Result<Connection, StoreError> {
        let (name, mapping) = (id.to_owned(), mapping.clone());
        self.writer
            .run(Priority::Stages, "put a mapping", move |batch| {
                put_mapping(batch, workspace, &name, &mapping, version)
            })
            .await
    }

    async fn delete_connection(&self, workspace: WorkspaceId, id: &str) -> Result<(), StoreError> {
        let name = id.to_owned();
        let no = self
            .writer
            .run(Priority::Stages, "delete a connection", move |batch| {
                let (no, _) = find_version(batch.sql, workspace, &name, None)?;
                batch.sql.prepare_cached("DELETE FROM connection WHERE no = ?1")?.execute([no])?;
                batch
                    .sql
                    .prepare_cached("INSERT INTO erasure (connection) VALUES (?1)")?
                    .execute([no])?;
                batch.state.forget_connection(workspace, &name);
                Ok(no)
            })
            .await?;
        while self
            .writer
            .run(Priority::Bulk, "erase a connection", move |batch| erase_slice(batch.sql, no))
            .await?
        {}
        Ok(())
    }
}

/// Goes on with what was left of a deleted connection when its process was
/// killed; `true` while there is more.
pub fn erase_left_over(db: &Db) -> Result<bool, Failure> {
    let left_over: Option<i64> = db
        .prepare_cached("SELECT connection FROM erasure LIMIT 1")?
        .query_row([], |row| row.get(0))
        .optional()?;
    match left_over {
        Some(no) => erase_slice(db, no).map(|_| true),
        None => Ok(false),
    }
}

/// Erases some of what was stored for a deleted connection; `true` while there is more.
fn erase_slice(db: &Db, no: i64) -> Result<bool, Failure> {
    const SLICES: [&str; 5] = [
        "DELETE FROM record_key WHERE (entity_column, key, record) IN (
             SELECT entity_column, key, record FROM record_key
             WHERE entity_column IN (
                 SELECT entity_column.no FROM entity_column
                 JOIN entity ON entity.no = entity_column.entity WHERE entity.connection = ?1)
             LIMIT ?2)",
        "DELETE FROM record_given_id WHERE (entity, id) IN (
             SELECT entity, id FROM record_given_id
             WHERE entity IN (SELECT no FROM entity WHERE connection = ?1) LIMIT ?2)",
        "DELETE FROM record WHERE seq IN (
             SELECT seq FROM record
             WHERE entity IN (SELECT no FROM entity WHERE connection = ?1) LIMIT ?2)",
        "DELETE FROM subscription_key WHERE (key, subscription) IN (
             SELECT subscription_key.key, subscription_key.subscription FROM subscription
             JOIN subscription_key ON subscription_key.subscription = subscription.seq
             WHERE subscription.connection = ?1 LIMIT ?2)",
        "DELETE FROM subscription WHERE seq IN (
             SELECT seq FROM subscription WHERE connection = ?1 LIMIT ?2)",
    ];
    for slice in SLICES {
        if db.prepare_cached(slice)?.execute(params![no, ERASE_SLICE])? > 0 {
            return Ok(true);
        }
    }
    if erase_changes(db, no)? {
        return Ok(true);
    }
    for rest in [
        "DELETE FROM deferred_change WHERE connection = ?1",
        "DELETE FROM rekeying WHERE connection = ?1",
        "DELETE FROM entity_column WHERE entity IN (SELECT no FROM entity WHERE connection = ?1)",
        "DELETE FROM entity WHERE connection = ?1",
        "DELETE FROM erasure WHERE connection = ?1",
    ] {
        db.prepare_cached(rest)?.execute([no])?;
    }
    Ok(false)
}

/// Walks the feed, which is in the order of time, once; `false` at its end.
fn erase_changes(db: &Db, no: i64) -> Result<bool, Failure> {
    let position: Option<i64> = db
        .prepare_cached("SELECT change_position FROM erasure WHERE connection = ?1")?
        .query_row([no], |row| row.get(0))
        .optional()?;
    // Without a position somebody else has erased it to the end.
    let Some(after) = position else { return Ok(false) };
    let through: Option<i64> = db
        .prepare_cached(
            "SELECT max(seq) FROM (SELECT seq FROM change WHERE seq > ?1 ORDER BY seq LIMIT ?2)",
        )?
        .query_row(params![after, ERASE_SLICE], |row| row.get(0))?;
    let Some(through) = through else { return Ok(false) };
    db.prepare_cached("DELETE FROM change WHERE seq > ?1 AND seq <= ?2 AND connection = ?3")?
        .execute(params![after, through, no])?;
    db.prepare_cached("UPDATE erasure SET change_position = ?2 WHERE connection = ?1")?
        .execute(params![no, through])?;
    Ok(true)
}

#[cfg(test)]
mod tests;
