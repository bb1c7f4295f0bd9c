//! Connections, what their app declares and what their user mapped.

use std::sync::Arc;

use async_trait::async_trait;
use rusqlite::{Connection as Db, Row, params};
use serde_json::Value as Json;
use turnbuckle_core::id::{ConnectionNo, Stamp, WorkspaceId};
use turnbuckle_core::record::{Data, Record};
use uuid::Uuid;

use crate::StoreError;
use crate::connection::{ABSENT, Connection, ConnectionStore, InitialRecords, PutConnection};
use crate::error::Noun;
use crate::page::{Page, PageRequest};
use crate::rules::key_base::KeyBase;
use crate::rules::record::RecordRow;
use crate::rules::schema::{ConnectionSchema, keyed_from_the_start};
use crate::sqlite::SqliteStore;
use crate::sqlite::api_key::revoke_scope;
use crate::sqlite::erasure;
use crate::sqlite::failure::Failure;
use crate::sqlite::record::{insert_record, move_keys};
use crate::sqlite::schema::{optional_json, start_keys, store_entity};
use crate::sqlite::writer::{Batch, Priority};

const CONNECTION_COLUMNS: &str = "no, workspace, id, context, connector, time_zone, error, objects,
    mapping, mapping_version, version, created_at_ms, updated_at_ms";

fn read(row: &Row<'_>) -> Result<Connection, Failure> {
    Ok(Connection {
        no: ConnectionNo(row.get(0)?),
        workspace: WorkspaceId(row.get(1)?),
        id: row.get(2)?,
        context: row.get(3)?,
        connector: row.get(4)?,
        time_zone: row.get(5)?,
        error: row.get(6)?,
        objects: optional_json(row.get(7)?)?,
        mapping: optional_json(row.get(8)?)?,
        mapping_version: row.get(9)?,
        version: row.get(10)?,
        created_at: row.get(11)?,
        updated_at: row.get(12)?,
    })
}

pub fn find(db: &Db, workspace: WorkspaceId, id: &str) -> Result<Option<Connection>, Failure> {
    let mut select = db.prepare_cached(&format!(
        "SELECT {CONNECTION_COLUMNS} FROM connection WHERE workspace = ?1 AND id = ?2"
    ))?;
    let mut rows = select.query(params![workspace.0, id])?;
    rows.next()?.map(read).transpose()
}

/// All connections of a context.
pub fn of_context(
    db: &Db,
    workspace: WorkspaceId,
    context: &str,
) -> Result<Vec<Connection>, Failure> {
    let mut select = db.prepare_cached(&format!(
        "SELECT {CONNECTION_COLUMNS} FROM connection WHERE workspace = ?1 AND context = ?2
         ORDER BY no"
    ))?;
    let mut rows = select.query(params![workspace.0, context])?;
    let mut connections = Vec::new();
    while let Some(row) = rows.next()? {
        connections.push(read(row)?);
    }
    Ok(connections)
}

/// The connection that a write is about, in the version that its caller knows.
pub fn find_version(
    db: &Db,
    workspace: WorkspaceId,
    id: &str,
    version: Option<i64>,
) -> Result<Connection, Failure> {
    let found = find(db, workspace, id)?;
    let found = found.ok_or_else(|| StoreError::not_found(Noun::Connection, id))?;
    StoreError::unless_version(Noun::Connection, id, version, found.version)?;
    Ok(found)
}

/// Creates or updates; `true` when it was created.
pub fn put(
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
    if is_new && version.is_none_or(|version| version == ABSENT) {
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
            let ConnectionNo(no) = find_version(batch.sql, workspace, &put.id, version)?.no;
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
    Ok((find_version(batch.sql, workspace, &put.id, None)?, is_new))
}

/// Puts the entities and records into a new connection that it starts with.
fn fill(
    batch: &mut Batch<'_>,
    no: i64,
    workspace: WorkspaceId,
    id: &str,
    initial: &InitialRecords,
) -> Result<(), Failure> {
    let keyed = keyed_from_the_start(&initial.schema);
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

/// Saves a mapping, and what it maps where that is given.
pub fn put_mapping(
    batch: &mut Batch<'_>,
    workspace: WorkspaceId,
    id: &str,
    objects: Option<&Json>,
    mapping: &Json,
    version: Option<i64>,
) -> Result<Connection, Failure> {
    keeping_keys(batch, workspace, id, |batch| {
        let ConnectionNo(no) = find_version(batch.sql, workspace, id, version)?.no;
        batch
            .sql
            .prepare_cached(
                "UPDATE connection
                 SET objects = coalesce(?2, objects), mapping = ?3,
                     mapping_version = mapping_version + 1, version = version + 1,
                     updated_at_ms = ?4
                 WHERE no = ?1",
            )?
            .execute(params![
                no,
                objects.map(Json::to_string),
                mapping.to_string(),
                batch.state.now()
            ])?;
        Ok(())
    })?;
    find_version(batch.sql, workspace, id, None)
}

/// What the keys of its searches are made of, and its number.
fn key_base(
    batch: &mut Batch<'_>,
    workspace: WorkspaceId,
    id: &str,
) -> Result<(i64, KeyBase), Failure> {
    let row = find_version(batch.sql, workspace, id, None)?;
    let schema = batch.state.connection(batch.sql, workspace, id)?.schema.clone();
    Ok((row.no.0, KeyBase::of(&row, &schema)))
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
    let (no, before) = key_base(batch, workspace, id)?;
    let changed = change(batch)?;
    batch.state.forget_connection(workspace, id);
    let (_, after) = key_base(batch, workspace, id)?;
    let rekeyed = before.changed_to(&after);
    if rekeyed.needs_version {
        batch
            .sql
            .prepare_cached(
                "UPDATE connection SET mapping_version = mapping_version + 1, version = version + 1
                 WHERE no = ?1",
            )?
            .execute([no])?;
    }
    let mut wait = batch.sql.prepare_cached(
        "INSERT OR REPLACE INTO rekeying (connection, object, mapping_version) VALUES (?1, ?2, 0)",
    )?;
    for object in &rekeyed.objects {
        wait.execute(params![no, object])?;
    }
    // An object that waits already needs the keys of this version too.
    batch
        .sql
        .prepare_cached(
            "UPDATE rekeying
             SET mapping_version = (SELECT mapping_version FROM connection WHERE no = ?1)
             WHERE connection = ?1",
        )?
        .execute([no])?;
    for (entity, column) in &after.columns {
        start_keys(batch.sql, no, entity, column)?;
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
        self.readers.look_up("read a connection", |db| find(db, workspace, id))
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
                let mut listed = Page::<Connection> { items: Vec::new(), next: None };
                while let Some(row) = rows.next()? {
                    if listed.items.len() == page.limit {
                        listed.next = listed.items.last().map(|last| last.no.0);
                        break;
                    }
                    listed.items.push(read(row)?);
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
                let ConnectionNo(no) = find_version(batch.sql, workspace, &id, version)?.no;
                batch
                    .sql
                    .prepare_cached(
                        "UPDATE connection
                         SET objects = ?2, version = version + 1, updated_at_ms = ?3
                         WHERE no = ?1",
                    )?
                    .execute(params![no, serde_json::to_string(&objects)?, batch.state.now()])?;
                find_version(batch.sql, workspace, &id, None)
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
                put_mapping(batch, workspace, &name, None, &mapping, version)
            })
            .await
    }

    async fn has_connection(
        &self,
        workspace: WorkspaceId,
        no: ConnectionNo,
    ) -> Result<bool, StoreError> {
        self.readers.look_up("look for a connection", |db| {
            let has = "SELECT EXISTS (SELECT 1 FROM connection WHERE no = ?1 AND workspace = ?2)";
            Ok(db.prepare_cached(has)?.query_row([no.0, workspace.0], |row| row.get(0))?)
        })
    }

    async fn delete_connection(
        &self,
        workspace: WorkspaceId,
        id: &str,
        version: Option<i64>,
    ) -> Result<(), StoreError> {
        let id = id.to_owned();
        self.writer
            .run(Priority::Stages, "delete a connection", move |batch| {
                let connection = find_version(batch.sql, workspace, &id, version)?;
                delete(batch, &connection)
            })
            .await
    }
}

/// Deletes a connection and what is bound to it; the rest is left to erasure.
pub fn delete(batch: &mut Batch<'_>, connection: &Connection) -> Result<(), Failure> {
    let Connection { no, workspace, id, created_at, .. } = connection;
    for delete in [
        "DELETE FROM source_key WHERE source IN (
             SELECT seq FROM source WHERE workspace = ?1 AND connection = ?2)",
        "DELETE FROM source WHERE workspace = ?1 AND connection = ?2",
        "DELETE FROM endpoint WHERE workspace = ?1 AND connection = ?2",
        "DELETE FROM link_draft WHERE connection = (
             SELECT no FROM connection WHERE workspace = ?1 AND no = ?2)",
        "DELETE FROM credentials WHERE connection = (
             SELECT no FROM connection WHERE workspace = ?1 AND no = ?2)",
        "DELETE FROM connection_authorization WHERE workspace = ?1 AND connection = (
             SELECT id FROM connection WHERE workspace = ?1 AND no = ?2)",
        "DELETE FROM connection WHERE workspace = ?1 AND no = ?2",
    ] {
        batch.sql.prepare_cached(delete)?.execute([workspace.0, no.0])?;
    }
    revoke_scope(batch.sql, *workspace, &format!("connection:{id}"))?;
    erasure::begin(batch.sql, *no, *created_at)?;
    batch.state.connection_deleted(*no);
    batch.state.forget_connection(*workspace, id);
    Ok(())
}
