//! Sources and their keys, on SQLite.
//!
//! A key whose time is over is left in its table for a while, so that it stays
//! taken, but nothing here answers it.

use async_trait::async_trait;
use rusqlite::{Connection as Db, OptionalExtension, Row, params};
use serde_json::Value as Json;
use turnbuckle_core::id::{ConnectionNo, SourceId, SourceKeyId, Stamp, UnixMs, WorkspaceId};

use crate::StoreError;
use crate::error::Noun;
use crate::page::{Page, PageRequest};
use crate::source::{Source, SourceKey, SourceStore};
use crate::sqlite::SqliteStore;
use crate::sqlite::constraint::taken;
use crate::sqlite::failure::Failure;
use crate::sqlite::listing;

const BY_ID: &str =
    "SELECT seq, tail, workspace, connection, name, settings, version, created_at_ms, updated_at_ms
    FROM source WHERE seq = ?1 AND tail = ?2 AND workspace = ?3";

const BY_SEQ: &str =
    "SELECT seq, tail, workspace, connection, name, settings, version, created_at_ms, updated_at_ms
    FROM source WHERE seq = ?1";

const PAGE: &str =
    "SELECT seq, tail, workspace, connection, name, settings, version, created_at_ms, updated_at_ms
    FROM source WHERE workspace = ?1 AND seq < ?2 ORDER BY seq DESC LIMIT ?3";

fn read_source(db: &Db, row: &Row<'_>, now: UnixMs) -> Result<Source, Failure> {
    let settings: String = row.get(5)?;
    Ok(Source {
        id: SourceId(Stamp::from_row(row.get(0)?, row.get(1)?)),
        workspace: WorkspaceId(row.get(2)?),
        connection: ConnectionNo(row.get(3)?),
        name: row.get(4)?,
        settings: serde_json::from_str(&settings)?,
        keys: keys_of(db, row.get(0)?, now)?,
        version: row.get(6)?,
        created_at: row.get(7)?,
        updated_at: row.get(8)?,
    })
}

/// The keys of a source that are known at `now`, oldest first.
fn keys_of(db: &Db, source: i64, now: UnixMs) -> Result<Vec<SourceKey>, Failure> {
    let mut select = db.prepare_cached(
        "SELECT seq, tail, hash, sealed, created_at_ms, expires_at_ms FROM source_key
         WHERE source = ?1 AND (expires_at_ms IS NULL OR expires_at_ms > ?2) ORDER BY seq",
    )?;
    let keys = select.query_map(params![source, now], |row| {
        Ok(SourceKey {
            id: SourceKeyId(Stamp::from_row(row.get(0)?, row.get(1)?)),
            hash: row.get(2)?,
            sealed: row.get(3)?,
            created_at: row.get(4)?,
            expires_at: row.get(5)?,
        })
    })?;
    Ok(keys.collect::<Result<_, _>>()?)
}

fn find(
    db: &Db,
    workspace: WorkspaceId,
    id: SourceId,
    now: UnixMs,
) -> Result<Option<Source>, Failure> {
    let mut select = db.prepare_cached(BY_ID)?;
    let mut rows = select.query(params![id.0.row_key(), id.0.tail(), workspace.0])?;
    rows.next()?.map(|row| read_source(db, row, now)).transpose()
}

/// # Errors
/// [`StoreError::NotFound`]
fn find_existing(
    db: &Db,
    workspace: WorkspaceId,
    id: SourceId,
    now: UnixMs,
) -> Result<Source, Failure> {
    let found = find(db, workspace, id, now)?;
    found.ok_or_else(|| StoreError::not_found(Noun::Source, id).into())
}

fn insert_source(db: &Db, source: &Source) -> Result<(), Failure> {
    db.prepare_cached(
        "INSERT INTO source (seq, tail, workspace, connection, name, settings, version,
             created_at_ms, updated_at_ms)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?
    .execute(params![
        source.id.0.row_key(),
        source.id.0.tail(),
        source.workspace.0,
        source.connection.0,
        source.name,
        source.settings.to_string(),
        source.version,
        source.created_at,
        source.updated_at
    ])
    .map_err(|error| taken(error, Noun::Source, source.id))?;
    source.keys.iter().try_for_each(|key| insert_key(db, source.id, key))
}

fn insert_key(db: &Db, source: SourceId, key: &SourceKey) -> Result<(), Failure> {
    db.prepare_cached(
        "INSERT INTO source_key (seq, tail, source, hash, sealed, created_at_ms, expires_at_ms)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute(params![
        key.id.0.row_key(),
        key.id.0.tail(),
        source.0.row_key(),
        key.hash,
        key.sealed,
        key.created_at,
        key.expires_at
    ])
    .map_err(|error| taken(error, Noun::SourceKey, key.id))?;
    Ok(())
}

/// Stores what may change of a source.
fn update_source(db: &Db, source: &Source) -> Result<(), Failure> {
    db.prepare_cached(
        "UPDATE source
         SET connection = ?2, name = ?3, settings = ?4, version = ?5, updated_at_ms = ?6
         WHERE seq = ?1",
    )?
    .execute(params![
        source.id.0.row_key(),
        source.connection.0,
        source.name,
        source.settings.to_string(),
        source.version,
        source.updated_at
    ])?;
    Ok(())
}

/// A key that has ended cannot be brought back.
fn expire_key(
    db: &Db,
    source: SourceId,
    key: SourceKeyId,
    at: UnixMs,
    now: UnixMs,
) -> Result<(), Failure> {
    let updated = db
        .prepare_cached(
            "UPDATE source_key SET expires_at_ms = ?4
             WHERE seq = ?1 AND tail = ?2 AND source = ?3
                 AND (expires_at_ms IS NULL OR expires_at_ms > ?5)",
        )?
        .execute(params![key.0.row_key(), key.0.tail(), source.0.row_key(), at, now])?;
    if updated == 0 {
        return Err(StoreError::not_found(Noun::SourceKey, key).into());
    }
    Ok(())
}

fn delete_source(db: &Db, id: SourceId) -> Result<(), Failure> {
    db.prepare_cached("DELETE FROM source_key WHERE source = ?1")?.execute([id.0.row_key()])?;
    db.prepare_cached("DELETE FROM source WHERE seq = ?1")?.execute([id.0.row_key()])?;
    Ok(())
}

#[async_trait]
impl SourceStore for SqliteStore {
    async fn create_source(&self, source: Source) -> Result<(), StoreError> {
        let workspace = source.workspace;
        self.configure(workspace, "create a source", move |batch| insert_source(batch.sql, &source))
            .await
    }

    async fn update_source(
        &self,
        workspace: WorkspaceId,
        id: SourceId,
        name: &str,
        settings: &Json,
        connection: ConnectionNo,
        version: Option<i64>,
    ) -> Result<Source, StoreError> {
        let (name, settings) = (name.to_owned(), settings.clone());
        self.configure(workspace, "update a source", move |batch| {
            let now = batch.state.now();
            let mut source = find_existing(batch.sql, workspace, id, now)?;
            StoreError::unless_version(Noun::Source, id, version, source.version)?;
            source.name = name;
            source.settings = settings;
            source.connection = connection;
            source.version += 1;
            source.updated_at = now;
            update_source(batch.sql, &source)?;
            Ok(source)
        })
        .await
    }

    async fn source(
        &self,
        workspace: WorkspaceId,
        id: SourceId,
    ) -> Result<Option<Source>, StoreError> {
        let now = self.clock.now();
        self.readers.look_up("read a source", |db| find(db, workspace, id, now))
    }

    async fn sources(
        &self,
        workspace: WorkspaceId,
        page: PageRequest,
    ) -> Result<Page<Source>, StoreError> {
        let now = self.clock.now();
        self.readers
            .scan("list sources", move |db| {
                listing::page(db, PAGE, workspace, page, |row| read_source(db, row, now))
            })
            .await
    }

    async fn source_by_key(&self, hash: &[u8; 32]) -> Result<Option<Source>, StoreError> {
        let now = self.clock.now();
        self.readers.look_up("find a source by its key", |db| {
            let source: Option<i64> = db
                .prepare_cached(
                    "SELECT source FROM source_key
                     WHERE hash = ?1 AND (expires_at_ms IS NULL OR expires_at_ms > ?2)",
                )?
                .query_row(params![hash, now], |row| row.get(0))
                .optional()?;
            let Some(source) = source else { return Ok(None) };
            let mut select = db.prepare_cached(BY_SEQ)?;
            let mut rows = select.query([source])?;
            rows.next()?.map(|row| read_source(db, row, now)).transpose()
        })
    }

    async fn add_source_key(
        &self,
        workspace: WorkspaceId,
        id: SourceId,
        key: SourceKey,
    ) -> Result<(), StoreError> {
        self.configure(workspace, "add a source key", move |batch| {
            find_existing(batch.sql, workspace, id, batch.state.now())?;
            insert_key(batch.sql, id, &key)
        })
        .await
    }

    async fn expire_source_key(
        &self,
        workspace: WorkspaceId,
        id: SourceId,
        key: SourceKeyId,
        at: UnixMs,
    ) -> Result<(), StoreError> {
        self.configure(workspace, "expire a source key", move |batch| {
            let now = batch.state.now();
            find_existing(batch.sql, workspace, id, now)?;
            expire_key(batch.sql, id, key, at, now)
        })
        .await
    }

    async fn delete_source(
        &self,
        workspace: WorkspaceId,
        id: SourceId,
        version: Option<i64>,
    ) -> Result<(), StoreError> {
        self.configure(workspace, "delete a source", move |batch| {
            let source = find_existing(batch.sql, workspace, id, batch.state.now())?;
            StoreError::unless_version(Noun::Source, id, version, source.version)?;
            delete_source(batch.sql, id)
        })
        .await
    }
}
