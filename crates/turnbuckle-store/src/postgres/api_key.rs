//! API key sets, on PostgreSQL.

use async_trait::async_trait;
use deadpool_postgres::GenericClient;
use tokio_postgres::Row;
use turnbuckle_core::id::{KeyId, Stamp, UnixMs, WorkspaceId};

use crate::StoreError;
use crate::api_key::{ApiKey, ApiKeyStore};
use crate::error::Noun;
use crate::postgres::PostgresStore;
use crate::postgres::configured::Configuring;
use crate::postgres::failure::{Failure, during, taken};
use crate::postgres::statement::{execute, find, list, read_bytes};

const OF_WORKSPACE: &str = "SELECT seq, tail, workspace, publishable, secret_hash, label, scopes,
        addresses, created_at_ms, last_used_at_ms
    FROM api_key WHERE workspace = $1 ORDER BY seq";

const BY_PUBLISHABLE: &str = "SELECT seq, tail, workspace, publishable, secret_hash, label, scopes,
        addresses, created_at_ms, last_used_at_ms
    FROM api_key WHERE publishable = $1";

const INSERT: &str = "INSERT INTO api_key (seq, tail, workspace, publishable, secret_hash, label,
        scopes, addresses, created_at_ms, last_used_at_ms)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";

fn read_key(row: &Row) -> Result<ApiKey, Failure> {
    Ok(ApiKey {
        id: KeyId(Stamp::from_row(row.get(0), row.get(1))),
        workspace: WorkspaceId(row.get(2)),
        publishable: row.get(3),
        secret_hash: read_bytes(row, 4)?,
        label: row.get(5),
        scopes: serde_json::from_str(row.get(6))?,
        addresses: serde_json::from_str(row.get(7))?,
        created_at: row.get(8),
        last_used_at: row.get(9),
    })
}

/// Takes a scope from the keys of a workspace; a key that may do nothing else ends.
pub async fn revoke_scope(
    db: &impl GenericClient,
    workspace: WorkspaceId,
    scope: &str,
) -> Result<(), Failure> {
    for mut key in list(db, OF_WORKSPACE, &[&workspace.0], read_key).await? {
        let had = key.scopes.len();
        key.scopes.retain(|it| it != scope);
        let seq = key.id.0.row_key();
        if key.scopes.is_empty() {
            let delete = "DELETE FROM api_key WHERE workspace = $1 AND seq = $2";
            execute(db, delete, &[&workspace.0, &seq]).await?;
        } else if key.scopes.len() < had {
            let update = "UPDATE api_key SET scopes = $3 WHERE workspace = $1 AND seq = $2";
            let scopes = serde_json::to_string(&key.scopes)?;
            execute(db, update, &[&workspace.0, &seq, &scopes]).await?;
        }
    }
    Ok(())
}

#[async_trait]
impl ApiKeyStore for PostgresStore {
    async fn create_api_key(&self, key: ApiKey) -> Result<(), StoreError> {
        during("create an API key", async {
            let mut db = self.pool.get().await?;
            let change = Configuring::begin(&mut db, key.workspace).await?;
            let (scopes, addresses) =
                (serde_json::to_string(&key.scopes)?, serde_json::to_string(&key.addresses)?);
            execute(
                &change.sql,
                INSERT,
                &[
                    &key.id.0.row_key(),
                    &key.id.0.tail(),
                    &key.workspace.0,
                    &key.publishable,
                    &key.secret_hash.as_slice(),
                    &key.label,
                    &scopes,
                    &addresses,
                    &key.created_at,
                    &key.last_used_at,
                ],
            )
            .await
            .map_err(|failure| taken(failure, Noun::ApiKey, &key.publishable))?;
            change.commit(&self.configured).await
        })
        .await
    }

    async fn api_keys(&self, workspace: WorkspaceId) -> Result<Vec<ApiKey>, StoreError> {
        during("list API keys", async {
            let db = self.pool.get().await?;
            list(&db, OF_WORKSPACE, &[&workspace.0], read_key).await
        })
        .await
    }

    async fn api_key(&self, publishable: &str) -> Result<Option<ApiKey>, StoreError> {
        during("read an API key", async {
            let db = self.pool.get().await?;
            find(&db, BY_PUBLISHABLE, &[&publishable], read_key).await
        })
        .await
    }

    async fn revoke_api_key(&self, workspace: WorkspaceId, id: KeyId) -> Result<(), StoreError> {
        during("revoke an API key", async {
            let mut db = self.pool.get().await?;
            let change = Configuring::begin(&mut db, workspace).await?;
            let delete = "DELETE FROM api_key WHERE workspace = $1 AND seq = $2 AND tail = $3";
            let parameters = [workspace.0, id.0.row_key(), id.0.tail()];
            let [workspace, seq, tail] = &parameters;
            if execute(&change.sql, delete, &[workspace, seq, tail]).await? == 0 {
                return Err(StoreError::not_found(Noun::ApiKey, id).into());
            }
            change.commit(&self.configured).await
        })
        .await
    }

    async fn touch_api_keys(&self, used: Vec<(KeyId, UnixMs)>) -> Result<(), StoreError> {
        during("note when API keys were used", async {
            let db = self.pool.get().await?;
            // A key that was revoked meanwhile is no longer there to be noted.
            // Locked in one order, so that two processes do not wait for each other.
            let note = "WITH used AS (
                    SELECT seq, tail, max(at) AS at
                    FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS it (seq, tail, at)
                    GROUP BY seq, tail),
                locked AS (
                    SELECT workspace, seq, at FROM api_key JOIN used USING (seq, tail)
                    ORDER BY workspace, seq FOR UPDATE OF api_key)
                UPDATE api_key SET last_used_at_ms = greatest(last_used_at_ms, locked.at)
                FROM locked
                WHERE api_key.workspace = locked.workspace AND api_key.seq = locked.seq";
            let stamps = used.iter().map(|(id, _)| id.0);
            let (seqs, tails): (Vec<_>, Vec<_>) =
                stamps.map(|stamp| (stamp.row_key(), stamp.tail())).unzip();
            let times: Vec<_> = used.iter().map(|(_, at)| *at).collect();
            execute(&db, note, &[&seqs, &tails, &times]).await?;
            Ok(())
        })
        .await
    }
}
