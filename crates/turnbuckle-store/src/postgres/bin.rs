//! Bins and what was posted to them, on PostgreSQL.

use async_trait::async_trait;
use bytes::Bytes;
use tokio_postgres::Row;
use turnbuckle_core::id::{UnixMs, WorkspaceId};

use crate::StoreError;
use crate::bin::{Bin, BinBounds, BinRequest, BinStore};
use crate::error::Noun;
use crate::postgres::PostgresStore;
use crate::postgres::failure::{Failure, during, taken};
use crate::postgres::statement::{execute, find, list};

fn read_bin(row: &Row) -> Result<Bin, Failure> {
    Ok(Bin {
        name: row.get(0),
        workspace: WorkspaceId(row.get(1)),
        created_at: row.get(2),
        expires_at: row.get(3),
        label: row.get(4),
    })
}

fn read_request(row: &Row) -> Result<BinRequest, Failure> {
    Ok(BinRequest {
        number: row.get(0),
        at: row.get(1),
        method: row.get(2),
        query: row.get(3),
        headers: serde_json::from_str(row.get(4))?,
        body: Bytes::from(row.get::<_, Vec<u8>>(5)),
    })
}

fn bound(max: usize) -> i64 {
    i64::try_from(max).unwrap_or(i64::MAX)
}

#[async_trait]
impl BinStore for PostgresStore {
    async fn create_bin(&self, bin: Bin) -> Result<(), StoreError> {
        during("create a bin", async {
            let db = self.pool.get().await?;
            let insert = "INSERT INTO bin (name, workspace, created_at_ms, expires_at_ms, label)
                VALUES ($1, $2, $3, $4, $5)";
            let Bin { name, workspace, created_at, expires_at, label } = &bin;
            execute(&db, insert, &[name, &workspace.0, created_at, expires_at, label])
                .await
                .map_err(|failure| taken(failure, Noun::Bin, name))?;
            Ok(())
        })
        .await
    }

    async fn bins(&self, workspace: WorkspaceId) -> Result<Vec<Bin>, StoreError> {
        during("list bins", async {
            let db = self.pool.get().await?;
            let of_workspace = "SELECT name, workspace, created_at_ms, expires_at_ms, label
                FROM bin WHERE workspace = $1 AND expires_at_ms > $2
                ORDER BY created_at_ms, name";
            list(&db, of_workspace, &[&workspace.0, &self.clock.now()], read_bin).await
        })
        .await
    }

    async fn bin(&self, name: &str, now: UnixMs) -> Result<Option<Bin>, StoreError> {
        during("read a bin", async {
            let db = self.pool.get().await?;
            let by_name = "SELECT name, workspace, created_at_ms, expires_at_ms, label
                FROM bin WHERE name = $1 AND expires_at_ms > $2";
            find(&db, by_name, &[&name, &now], read_bin).await
        })
        .await
    }

    async fn add_bin_request(
        &self,
        name: &str,
        request: BinRequest,
        bounds: BinBounds,
    ) -> Result<(), StoreError> {
        during("keep a request in a bin", async {
            let mut db = self.pool.get().await?;
            let transaction = db.transaction().await?;
            // Whoever adds to a bin holds its row: it is not deleted meanwhile, and
            // the numbers of its requests are in the order of their commits.
            let lock = "SELECT FROM bin WHERE name = $1 AND expires_at_ms > $2 FOR UPDATE";
            if execute(&transaction, lock, &[&name, &request.at]).await? == 0 {
                return Err(StoreError::not_found(Noun::Bin, name).into());
            }
            let insert = "INSERT INTO bin_request (bin, at_ms, method, query, headers, body)
                VALUES ($1, $2, $3, $4, $5, $6)";
            let headers = serde_json::to_string(&request.headers)?;
            let BinRequest { at, method, query, body, .. } = &request;
            execute(&transaction, insert, &[&name, at, method, query, &headers, &&body[..]])
                .await?;
            let drop_oldest = "DELETE FROM bin_request WHERE bin = $1 AND number IN (
                SELECT number FROM (
                    SELECT number, row_number() OVER newest_first AS place,
                        sum(length(body) + octet_length(headers) + octet_length(query))
                            OVER newest_first AS bytes
                    FROM bin_request WHERE bin = $1
                    WINDOW newest_first AS (ORDER BY number DESC)) AS kept
                WHERE place > 1 AND (place > $2 OR bytes > $3))";
            let (requests_max, bytes_max) = (bound(bounds.requests_max), bound(bounds.bytes_max));
            execute(&transaction, drop_oldest, &[&name, &requests_max, &bytes_max]).await?;
            transaction.commit().await?;
            Ok(())
        })
        .await
    }

    async fn bin_requests(
        &self,
        name: &str,
        before: Option<i64>,
        limit: usize,
    ) -> Result<Vec<BinRequest>, StoreError> {
        during("list the requests of a bin", async {
            let db = self.pool.get().await?;
            let newest_first = "SELECT number, at_ms, method, query, headers, body
                FROM bin_request WHERE bin = $1 AND number < $2 ORDER BY number DESC LIMIT $3";
            let (before, limit) = (before.unwrap_or(i64::MAX), bound(limit));
            list(&db, newest_first, &[&name, &before, &limit], read_request).await
        })
        .await
    }

    async fn delete_bin(&self, workspace: WorkspaceId, name: &str) -> Result<(), StoreError> {
        during("delete a bin", async {
            let mut db = self.pool.get().await?;
            let transaction = db.transaction().await?;
            let delete = "DELETE FROM bin WHERE name = $1 AND workspace = $2";
            if execute(&transaction, delete, &[&name, &workspace.0]).await? == 0 {
                return Err(StoreError::not_found(Noun::Bin, name).into());
            }
            execute(&transaction, "DELETE FROM bin_request WHERE bin = $1", &[&name]).await?;
            transaction.commit().await?;
            Ok(())
        })
        .await
    }
}
