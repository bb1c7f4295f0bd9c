//! API key sets, on SQLite.

use async_trait::async_trait;
use rusqlite::{Connection as Db, Row, params};
use turnbuckle_core::id::{KeyId, Stamp, UnixMs, WorkspaceId};

use crate::StoreError;
use crate::api_key::{ApiKey, ApiKeyStore};
use crate::error::Noun;
use crate::sqlite::SqliteStore;
use crate::sqlite::constraint::taken;
use crate::sqlite::failure::Failure;
use crate::sqlite::writer::Priority;

const OF_WORKSPACE: &str = "SELECT seq, tail, workspace, publishable, secret_hash, label, scopes,
        addresses, created_at_ms, last_used_at_ms
    FROM api_key WHERE workspace = ?1 ORDER BY seq";

const BY_PUBLISHABLE: &str = "SELECT seq, tail, workspace, publishable, secret_hash, label, scopes,
        addresses, created_at_ms, last_used_at_ms
    FROM api_key WHERE publishable = ?1";

fn read_key(row: &Row<'_>) -> Result<ApiKey, Failure> {
    let scopes: String = row.get(6)?;
    let addresses: String = row.get(7)?;
    Ok(ApiKey {
        id: KeyId(Stamp::from_row(row.get(0)?, row.get(1)?)),
        workspace: WorkspaceId(row.get(2)?),
        publishable: row.get(3)?,
        secret_hash: row.get(4)?,
        label: row.get(5)?,
        scopes: serde_json::from_str(&scopes)?,
        addresses: serde_json::from_str(&addresses)?,
        created_at: row.get(8)?,
        last_used_at: row.get(9)?,
    })
}

/// Takes a scope from the keys of a workspace; a key that may do nothing else ends.
pub fn revoke_scope(db: &Db, workspace: WorkspaceId, scope: &str) -> Result<(), Failure> {
    let mut select = db.prepare_cached(OF_WORKSPACE)?;
    let mut rows = select.query([workspace.0])?;
    while let Some(row) = rows.next()? {
        let mut key = read_key(row)?;
        let had = key.scopes.len();
        key.scopes.retain(|it| it != scope);
        if key.scopes.is_empty() {
            db.prepare_cached("DELETE FROM api_key WHERE seq = ?1")?
                .execute([key.id.0.row_key()])?;
        } else if key.scopes.len() < had {
            db.prepare_cached("UPDATE api_key SET scopes = ?2 WHERE seq = ?1")?
                .execute(params![key.id.0.row_key(), serde_json::to_string(&key.scopes)?])?;
        }
    }
    Ok(())
}

#[async_trait]
impl ApiKeyStore for SqliteStore {
    async fn create_api_key(&self, key: ApiKey) -> Result<(), StoreError> {
        let workspace = key.workspace;
        self.configure(workspace, "create an API key", move |batch| {
            batch
                .sql
                .prepare_cached(
                    "INSERT INTO api_key (seq, tail, workspace, publishable, secret_hash,
                             label, scopes, addresses, created_at_ms, last_used_at_ms)
                         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
                )?
                .execute(params![
                    key.id.0.row_key(),
                    key.id.0.tail(),
                    key.workspace.0,
                    key.publishable,
                    key.secret_hash,
                    key.label,
                    serde_json::to_string(&key.scopes)?,
                    serde_json::to_string(&key.addresses)?,
                    key.created_at,
                    key.last_used_at
                ])
                .map_err(|error| taken(error, Noun::ApiKey, &key.publishable))?;
            Ok(())
        })
        .await
    }

    async fn api_keys(&self, workspace: WorkspaceId) -> Result<Vec<ApiKey>, StoreError> {
        self.readers
            .scan("list API keys", move |db| {
                let mut select = db.prepare_cached(OF_WORKSPACE)?;
                let mut rows = select.query([workspace.0])?;
                let mut keys = Vec::new();
                while let Some(row) = rows.next()? {
                    keys.push(read_key(row)?);
                }
                Ok(keys)
            })
            .await
    }

    async fn api_key(&self, publishable: &str) -> Result<Option<ApiKey>, StoreError> {
        self.readers.look_up("read an API key", |db| {
            let mut select = db.prepare_cached(BY_PUBLISHABLE)?;
            let mut rows = select.query([publishable])?;
            rows.next()?.map(read_key).transpose()
        })
    }

    async fn revoke_api_key(&self, workspace: WorkspaceId, id: KeyId) -> Result<(), StoreError> {
        self.configure(workspace, "revoke an API key", move |batch| {
            let deleted = batch
                .sql
                .prepare_cached(
                    "DELETE FROM api_key WHERE seq = ?1 AND tail = ?2 AND workspace = ?3",
                )?
                .execute(params![id.0.row_key(), id.0.tail(), workspace.0])?;
            if deleted == 0 {
                return Err(StoreError::not_found(Noun::ApiKey, id).into());
            }
            Ok(())
        })
        .await
    }

    async fn touch_api_keys(&self, used: Vec<(KeyId, UnixMs)>) -> Result<(), StoreError> {
        self.writer
            .run(Priority::Stages, "note when API keys were used", move |batch| {
                // A key that was revoked meanwhile is no longer there to be noted.
                let mut update = batch.sql.prepare_cached(
                    "UPDATE api_key SET last_used_at_ms = max(coalesce(last_used_at_ms, ?3), ?3)
                     WHERE seq = ?1 AND tail = ?2",
                )?;
                for (id, at) in used {
                    update.execute(params![id.0.row_key(), id.0.tail(), at])?;
                }
                Ok(())
            })
            .await
    }
}
