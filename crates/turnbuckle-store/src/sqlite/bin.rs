//! Bins and what was posted to them, on SQLite.

use async_trait::async_trait;
use bytes::Bytes;
use rusqlite::{Connection as Db, OptionalExtension, Row, params};
use turnbuckle_core::id::{UnixMs, WorkspaceId};

use crate::StoreError;
use crate::bin::{Bin, BinBounds, BinRequest, BinStore};
use crate::error::Noun;
use crate::sqlite::SqliteStore;
use crate::sqlite::constraint::taken;
use crate::sqlite::failure::Failure;
use crate::sqlite::writer::Priority;

fn read_bin(row: &Row<'_>) -> Result<Bin, rusqlite::Error> {
    Ok(Bin {
        name: row.get(0)?,
        workspace: WorkspaceId(row.get(1)?),
        created_at: row.get(2)?,
        expires_at: row.get(3)?,
        label: row.get(4)?,
    })
}

fn find(db: &Db, name: &str, now: UnixMs) -> Result<Option<Bin>, Failure> {
    Ok(db
        .prepare_cached(
            "SELECT name, workspace, created_at_ms, expires_at_ms, label FROM bin
             WHERE name = ?1 AND expires_at_ms > ?2",
        )?
        .query_row(params![name, now], read_bin)
        .optional()?)
}

fn read_request(row: &Row<'_>) -> Result<BinRequest, Failure> {
    let headers: String = row.get(4)?;
    let body: Vec<u8> = row.get(5)?;
    Ok(BinRequest {
        number: row.get(0)?,
        at: row.get(1)?,
        method: row.get(2)?,
        query: row.get(3)?,
        headers: serde_json::from_str(&headers)?,
        body: Bytes::from(body),
    })
}

/// The number is the database's: the one in `request` is not looked at.
fn insert_request(db: &Db, name: &str, request: &BinRequest) -> Result<(), Failure> {
    db.prepare_cached(
        "INSERT INTO bin_request (bin, at_ms, method, query, headers, body)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute(params![
        name,
        request.at,
        request.method,
        request.query,
        serde_json::to_string(&request.headers)?,
        &request.body[..]
    ])?;
    Ok(())
}

fn drop_oldest(db: &Db, name: &str, bounds: BinBounds) -> Result<(), Failure> {
    let bound = |max: usize| i64::try_from(max).unwrap_or(i64::MAX);
    db.prepare_cached(
        "DELETE FROM bin_request WHERE number IN (
             SELECT number FROM (
                 SELECT number, row_number() OVER newest_first AS place,
                     sum(length(body) + length(headers) + length(query)) OVER newest_first AS bytes
                 FROM bin_request WHERE bin = ?1
                 WINDOW newest_first AS (ORDER BY number DESC))
             WHERE place > 1 AND (place > ?2 OR bytes > ?3))",
    )?
    .execute(params![name, bound(bounds.requests_max), bound(bounds.bytes_max)])?;
    Ok(())
}

#[async_trait]
impl BinStore for SqliteStore {
    async fn create_bin(&self, bin: Bin) -> Result<(), StoreError> {
        self.writer
            .run(Priority::Stages, "create a bin", move |batch| {
                batch
                    .sql
                    .prepare_cached(
                        "INSERT INTO bin (name, workspace, created_at_ms, expires_at_ms, label)
                         VALUES (?1, ?2, ?3, ?4, ?5)",
                    )?
                    .execute(params![
                        bin.name,
                        bin.workspace.0,
                        bin.created_at,
                        bin.expires_at,
                        bin.label
                    ])
                    .map_err(|error| taken(error, Noun::Bin, &bin.name))?;
                Ok(())
            })
            .await
    }

    async fn bins(&self, workspace: WorkspaceId) -> Result<Vec<Bin>, StoreError> {
        let now = self.clock.now();
        self.readers
            .scan("list bins", move |db| {
                Ok(db
                    .prepare_cached(
                        "SELECT name, workspace, created_at_ms, expires_at_ms, label FROM bin
                         WHERE workspace = ?1 AND expires_at_ms > ?2
                         ORDER BY created_at_ms, name",
                    )?
                    .query_map(params![workspace.0, now], read_bin)?
                    .collect::<Result<_, _>>()?)
            })
            .await
    }

    async fn bin(&self, name: &str, now: UnixMs) -> Result<Option<Bin>, StoreError> {
        self.readers.look_up("read a bin", |db| find(db, name, now))
    }

    async fn add_bin_request(
        &self,
        name: &str,
        request: BinRequest,
        bounds: BinBounds,
    ) -> Result<(), StoreError> {
        let name = name.to_owned();
        self.writer
            .run(Priority::Stages, "keep a request in a bin", move |batch| {
                if find(batch.sql, &name, request.at)?.is_none() {
                    return Err(StoreError::not_found(Noun::Bin, &name).into());
                }
                insert_request(batch.sql, &name, &request)?;
                drop_oldest(batch.sql, &name, bounds)
            })
            .await
    }

    async fn bin_requests(
        &self,
        name: &str,
        before: Option<i64>,
        limit: usize,
    ) -> Result<Vec<BinRequest>, StoreError> {
        let name = name.to_owned();
        self.readers
            .scan("list the requests of a bin", move |db| {
                let mut select = db.prepare_cached(
                    "SELECT number, at_ms, method, query, headers, body FROM bin_request
                     WHERE bin = ?1 AND number < ?2 ORDER BY number DESC LIMIT ?3",
                )?;
                let limit = i64::try_from(limit).unwrap_or(i64::MAX);
                let mut rows = select.query(params![name, before.unwrap_or(i64::MAX), limit])?;
                let mut requests = Vec::new();
                while let Some(row) = rows.next()? {
                    requests.push(read_request(row)?);
                }
                Ok(requests)
            })
            .await
    }

    async fn delete_bin(&self, workspace: WorkspaceId, name: &str) -> Result<(), StoreError> {
        let name = name.to_owned();
        self.writer
            .run(Priority::Stages, "delete a bin", move |batch| {
                let deleted = batch
                    .sql
                    .prepare_cached("DELETE FROM bin WHERE name = ?1 AND workspace = ?2")?
                    .execute(params![name, workspace.0])?;
                if deleted == 0 {
                    return Err(StoreError::not_found(Noun::Bin, &name).into());
                }
                batch
                    .sql
                    .prepare_cached("DELETE FROM bin_request WHERE bin = ?1")?
                    .execute([&name])?;
                Ok(())
            })
            .await
    }
}
