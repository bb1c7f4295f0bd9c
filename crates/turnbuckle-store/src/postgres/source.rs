//! Sources and their keys, on PostgreSQL.
//!
//! A key whose time is over is left in its table for a while, so that it stays
//! taken, but nothing here answers it.

use async_trait::async_trait;
use deadpool_postgres::GenericClient;
use serde_json::Value as Json;
use tokio_postgres::Row;
use turnbuckle_core::id::{ConnectionNo, SourceId, SourceKeyId, Stamp, UnixMs, WorkspaceId};

use crate::StoreError;
use crate::error::Noun;
use crate::page::{Page, PageRequest};
use crate::postgres::PostgresStore;
use crate::postgres::configured::Configuring;
use crate::postgres::failure::{Failure, during, taken};
use crate::postgres::listing;
use crate::postgres::statement::{Parameters, execute, find, list, read_bytes};
use crate::source::{Source, SourceKey, SourceStore};

const BY_ID: &str =
    "SELECT seq, tail, workspace, connection, name, settings, version, created_at_ms, updated_at_ms
    FROM source WHERE workspace = $1 AND seq = $2 AND tail = $3";

const BY_KEY: &str = "SELECT source.seq, source.tail, source.workspace, connection, name, settings,
        version, source.created_at_ms, updated_at_ms
    FROM source_key JOIN source ON source.workspace = source_key.workspace AND source.seq = source
    WHERE hash = $1 AND (expires_at_ms IS NULL OR expires_at_ms > $2)";

const PAGE: &str =
    "SELECT seq, tail, workspace, connection, name, settings, version, created_at_ms, updated_at_ms
    FROM source WHERE workspace = $1 AND seq < $2 ORDER BY seq DESC LIMIT $3";

/// Its keys are read after it.
fn read_source(row: &Row) -> Result<Source, Failure> {
    Ok(Source {
        id: SourceId(Stamp::from_row(row.get(0), row.get(1))),
        workspace: WorkspaceId(row.get(2)),
        connection: ConnectionNo(row.get(3)),
        name: row.get(4),
        settings: serde_json::from_str(row.get(5))?,
        keys: Vec::new(),
        version: row.get(6),
        created_at: row.get(7),
        updated_at: row.get(8),
    })
}

fn read_key(row: &Row) -> Result<SourceKey, Failure> {
    Ok(SourceKey {
        id: SourceKeyId(Stamp::from_row(row.get(0), row.get(1))),
        hash: read_bytes(row, 2)?,
        sealed: row.get(3),
        created_at: row.get(4),
        expires_at: row.get(5),
    })
}

/// Reads the keys that are known at `now`, oldest first, into the sources of one workspace.
async fn read_keys(
    db: &impl GenericClient,
    sources: &mut [Source],
    now: UnixMs,
) -> Result<(), Failure> {
    let Some(Source { workspace, .. }) = sources.first() else { return Ok(()) };
    let of_sources = "SELECT seq, tail, hash, sealed, created_at_ms, expires_at_ms, source
        FROM source_key WHERE workspace = $1 AND source = ANY ($2)
            AND (expires_at_ms IS NULL OR expires_at_ms > $3)
        ORDER BY seq";
    let numbers: Vec<i64> = sources.iter().map(|source| source.id.0.row_key()).collect();
    let read = |row: &Row| Ok((row.get::<_, i64>(6), read_key(row)?));
    for (number, key) in list(db, of_sources, &[&workspace.0, &numbers, &now], read).await? {
        if let Some(source) = sources.iter_mut().find(|it| it.id.0.row_key() == number) {
            source.keys.push(key);
        }
    }
    Ok(())
}

async fn with_keys(
    db: &impl GenericClient,
    source: Option<Source>,
    now: UnixMs,
) -> Result<Option<Source>, Failure> {
    let Some(mut source) = source else { return Ok(None) };
    read_keys(db, std::slice::from_mut(&mut source), now).await?;
    Ok(Some(source))
}

async fn find_source(
    db: &impl GenericClient,
    workspace: WorkspaceId,
    id: SourceId,
    now: UnixMs,
) -> Result<Option<Source>, Failure> {
    let id = [id.0.row_key(), id.0.tail()];
    let found = find(db, BY_ID, &[&workspace.0, &id[0], &id[1]], read_source).await?;
    with_keys(db, found, now).await
}

/// # Errors
/// [`StoreError::NotFound`]
async fn find_existing(
    db: &impl GenericClient,
    workspace: WorkspaceId,
    id: SourceId,
    now: UnixMs,
) -> Result<Source, Failure> {
    let found = find_source(db, workspace, id, now).await?;
    found.ok_or_else(|| StoreError::not_found(Noun::Source, id).into())
}

async fn insert_key(
    db: &impl GenericClient,
    workspace: WorkspaceId,
    source: SourceId,
    key: &SourceKey,
) -> Result<(), Failure> {
    let insert = "INSERT INTO source_key
            (workspace, source, seq, tail, hash, sealed, created_at_ms, expires_at_ms)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    let SourceKey { id, hash, sealed, created_at, expires_at } = key;
    let [source, seq, tail] = [source.0.row_key(), id.0.row_key(), id.0.tail()];
    let hash = hash.as_slice();
    execute(
        db,
        insert,
        &[&workspace.0, &source, &seq, &tail, &hash, sealed, created_at, expires_at],
    )
    .await
    .map_err(|failure| taken(failure, Noun::SourceKey, id))?;
    Ok(())
}

async fn insert_source(db: &impl GenericClient, source: &Source) -> Result<(), Failure> {
    let insert = "INSERT INTO source (workspace, seq, tail, connection, name, settings, version,
            created_at_ms, updated_at_ms)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    let Source { id, workspace, connection, name, settings, keys, version, created_at, updated_at } =
        source;
    let ([seq, tail], settings) = ([id.0.row_key(), id.0.tail()], settings.to_string());
    execute(
        db,
        insert,
        &[
            &workspace.0,
            &seq,
            &tail,
            &connection.0,
            name,
            &settings,
            version,
            created_at,
            updated_at,
        ],
    )
    .await
    .map_err(|failure| taken(failure, Noun::Source, id))?;
    for key in keys {
        insert_key(db, *workspace, *id, key).await?;
    }
    Ok(())
}

/// Stores what may change of a source.
async fn update_source(db: &impl GenericClient, source: &Source) -> Result<(), Failure> {
    let update = "UPDATE source
        SET connection = $3, name = $4, settings = $5, version = $6, updated_at_ms = $7
        WHERE workspace = $1 AND seq = $2";
    let Source { id, workspace, connection, name, settings, version, updated_at, .. } = source;
    let (seq, settings) = (id.0.row_key(), settings.to_string());
    execute(db, update, &[&workspace.0, &seq, &connection.0, name, &settings, version, updated_at])
        .await?;
    Ok(())
}

#[async_trait]
impl SourceStore for PostgresStore {
    async fn create_source(&self, source: Source) -> Result<(), StoreError> {
        during("create a source", async {
            let mut db = self.pool.get().await?;
            let change = Configuring::begin(&mut db, source.workspace).await?;
            insert_source(&change.sql, &source).await?;
            change.commit(&self.configured).await
        })
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
        during("update a source", async {
            let mut db = self.pool.get().await?;
            let change = Configuring::begin(&mut db, workspace).await?;
            let now = self.clock.now();
            let mut source = find_existing(&change.sql, workspace, id, now).await?;
            StoreError::unless_version(Noun::Source, id, version, source.version)?;
            name.clone_into(&mut source.name);
            source.settings = settings.clone();
            source.connection = connection;
            source.version += 1;
            source.updated_at = now;
            update_source(&change.sql, &source).await?;
            change.commit(&self.configured).await?;
            Ok(source)
        })
        .await
    }

    async fn source(
        &self,
        workspace: WorkspaceId,
        id: SourceId,
    ) -> Result<Option<Source>, StoreError> {
        during("read a source", async {
            let db = self.pool.get().await?;
            find_source(&db, workspace, id, self.clock.now()).await
        })
        .await
    }

    async fn sources(
        &self,
        workspace: WorkspaceId,
        page: PageRequest,
    ) -> Result<Page<Source>, StoreError> {
        during("list sources", async {
            let db = self.pool.get().await?;
            let mut page = listing::page(&db, PAGE, workspace, page, read_source).await?;
            read_keys(&db, &mut page.items, self.clock.now()).await?;
            Ok(page)
        })
        .await
    }

    async fn source_by_key(&self, hash: &[u8; 32]) -> Result<Option<Source>, StoreError> {
        during("find a source by its key", async {
            let db = self.pool.get().await?;
            let now = self.clock.now();
            let found = find(&db, BY_KEY, &[&hash.as_slice(), &now], read_source).await?;
            with_keys(&db, found, now).await
        })
        .await
    }

    async fn add_source_key(
        &self,
        workspace: WorkspaceId,
        id: SourceId,
        key: SourceKey,
    ) -> Result<(), StoreError> {
        during("add a source key", async {
            let mut db = self.pool.get().await?;
            let change = Configuring::begin(&mut db, workspace).await?;
            find_existing(&change.sql, workspace, id, self.clock.now()).await?;
            insert_key(&change.sql, workspace, id, &key).await?;
            change.commit(&self.configured).await
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
        during("expire a source key", async {
            let mut db = self.pool.get().await?;
            let change = Configuring::begin(&mut db, workspace).await?;
            let now = self.clock.now();
            find_existing(&change.sql, workspace, id, now).await?;
            // A key that has ended cannot be brought back.
            let expire = "UPDATE source_key SET expires_at_ms = $5
                WHERE workspace = $1 AND source = $2 AND seq = $3 AND tail = $4
                    AND (expires_at_ms IS NULL OR expires_at_ms > $6)";
            let [source, seq, tail] = [id.0.row_key(), key.0.row_key(), key.0.tail()];
            let parameters: Parameters<'_> = &[&workspace.0, &source, &seq, &tail, &at, &now];
            if execute(&change.sql, expire, parameters).await? == 0 {
                return Err(StoreError::not_found(Noun::SourceKey, key).into());
            }
            change.commit(&self.configured).await
        })
        .await
    }

    async fn delete_source(
        &self,
        workspace: WorkspaceId,
        id: SourceId,
        version: Option<i64>,
    ) -> Result<(), StoreError> {
        during("delete a source", async {
            let mut db = self.pool.get().await?;
            let change = Configuring::begin(&mut db, workspace).await?;
            let source = find_existing(&change.sql, workspace, id, self.clock.now()).await?;
            StoreError::unless_version(Noun::Source, id, version, source.version)?;
            let seq = id.0.row_key();
            let keys = "DELETE FROM source_key WHERE workspace = $1 AND source = $2";
            execute(&change.sql, keys, &[&workspace.0, &seq]).await?;
            let source = "DELETE FROM source WHERE workspace = $1 AND seq = $2";
            execute(&change.sql, source, &[&workspace.0, &seq]).await?;
            change.commit(&self.configured).await
        })
        .await
    }
}
