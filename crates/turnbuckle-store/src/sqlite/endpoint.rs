//! Endpoints, on SQLite.
//!
//! Deleting one is short however much waits for it: the row goes first, which
//! is what makes sending impossible; the messages are ended in slices
//! afterwards, and what a crash leaves of them goes with retention.

use async_trait::async_trait;
use rusqlite::{Connection as Db, Row, params};
use serde_json::Value as Json;
use turnbuckle_core::id::{ConnectionNo, EndpointId, Stamp, UnixMs, WorkspaceId};

use crate::StoreError;
use crate::endpoint::{Endpoint, EndpointStatus, EndpointStore};
use crate::error::Noun;
use crate::page::{Page, PageRequest};
use crate::rules::numbers::{endpoint_status_from_row, endpoint_status_to_row};
use crate::sqlite::SqliteStore;
use crate::sqlite::constraint::taken;
use crate::sqlite::failure::Failure;
use crate::sqlite::listing;
use crate::sqlite::workspace::replace_setting;
use crate::sqlite::writer::Priority;

const BY_ID: &str =
    "SELECT seq, tail, workspace, connection, settings, sealed, status, status_reason,
        last_success_at_ms, version, created_at_ms, updated_at_ms
    FROM endpoint WHERE seq = ?1 AND tail = ?2 AND workspace = ?3";

const PAGE: &str =
    "SELECT seq, tail, workspace, connection, settings, sealed, status, status_reason,
        last_success_at_ms, version, created_at_ms, updated_at_ms
    FROM endpoint WHERE workspace = ?1 AND seq < ?2 ORDER BY seq DESC LIMIT ?3";

/// Messages of a deleted endpoint that one slice ends.
const SLICE: usize = 1_000;

fn read_endpoint(row: &Row<'_>) -> Result<Endpoint, Failure> {
    let settings: String = row.get(4)?;
    Ok(Endpoint {
        id: EndpointId(Stamp::from_row(row.get(0)?, row.get(1)?)),
        workspace: WorkspaceId(row.get(2)?),
        connection: row.get::<_, Option<i64>>(3)?.map(ConnectionNo),
        settings: serde_json::from_str(&settings)?,
        sealed: row.get(5)?,
        status: endpoint_status_from_row(row.get(6)?),
        status_reason: row.get(7)?,
        last_success_at: row.get(8)?,
        version: row.get(9)?,
        created_at: row.get(10)?,
        updated_at: row.get(11)?,
    })
}

fn find(db: &Db, workspace: WorkspaceId, id: EndpointId) -> Result<Option<Endpoint>, Failure> {
    let mut select = db.prepare_cached(BY_ID)?;
    let mut rows = select.query(params![id.0.row_key(), id.0.tail(), workspace.0])?;
    rows.next()?.map(read_endpoint).transpose()
}

/// # Errors
/// [`StoreError::NotFound`]
fn find_existing(db: &Db, workspace: WorkspaceId, id: EndpointId) -> Result<Endpoint, Failure> {
    let found = find(db, workspace, id)?;
    found.ok_or_else(|| StoreError::not_found(Noun::Endpoint, id).into())
}

fn insert_endpoint(db: &Db, endpoint: &Endpoint) -> Result<(), Failure> {
    db.prepare_cached(
        "INSERT INTO endpoint (seq, tail, workspace, connection, settings, sealed, status,
             status_reason, last_success_at_ms, version, created_at_ms, updated_at_ms)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
    )?
    .execute(params![
        endpoint.id.0.row_key(),
        endpoint.id.0.tail(),
        endpoint.workspace.0,
        endpoint.connection.map(|it| it.0),
        endpoint.settings.to_string(),
        endpoint.sealed,
        endpoint_status_to_row(endpoint.status),
        endpoint.status_reason,
        endpoint.last_success_at,
        endpoint.version,
        endpoint.created_at,
        endpoint.updated_at
    ])
    .map_err(|error| taken(error, Noun::Endpoint, endpoint.id))?;
    Ok(())
}

/// Stores what may change of an endpoint, except its last success.
fn update_endpoint(db: &Db, endpoint: &Endpoint) -> Result<(), Failure> {
    db.prepare_cached(
        "UPDATE endpoint SET connection = ?2, settings = ?3, sealed = ?4, status = ?5,
             status_reason = ?6, version = ?7, updated_at_ms = ?8
         WHERE seq = ?1",
    )?
    .execute(params![
        endpoint.id.0.row_key(),
        endpoint.connection.map(|it| it.0),
        endpoint.settings.to_string(),
        endpoint.sealed,
        endpoint_status_to_row(endpoint.status),
        endpoint.status_reason,
        endpoint.version,
        endpoint.updated_at
    ])?;
    Ok(())
}

/// Ends as dead a slice of the messages that wait for an endpoint, each head
/// after what waits behind it. Answers whether more is left.
///
/// Every message that waits is behind a head, and heads have an index of their
/// own: the log of an endpoint, however long, is not read.
fn end_slice(db: &Db, endpoint: EndpointId, now: UnixMs) -> Result<bool, Failure> {
    let mut heads = db.prepare_cached(
        "SELECT seq, line FROM delivery INDEXED BY delivery_due
         WHERE endpoint = ?1 AND state = 2 LIMIT ?2",
    )?;
    let heads: Vec<(i64, i64)> = heads
        .query_map(params![endpoint.0.row_key(), SLICE as i64], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?
        .collect::<Result<_, _>>()?;
    let mut behind = db.prepare_cached(
        "SELECT seq FROM delivery INDEXED BY delivery_line
         WHERE line = ?1 AND state IN (2, 3) AND state = 3 AND endpoint = ?2 LIMIT ?3",
    )?;
    let mut end = db.prepare_cached("UPDATE delivery SET state = 5, at_ms = ?2 WHERE seq = ?1")?;
    let mut leave = db.prepare_cached("DELETE FROM delivery_waiting WHERE delivery = ?1")?;
    let mut left = SLICE;
    for (head, line) in heads {
        let waiting: Vec<i64> = behind
            .query_map(params![line, endpoint.0.row_key(), left as i64], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        for seq in &waiting {
            end.execute(params![seq, now])?;
            leave.execute([seq])?;
        }
        left -= waiting.len();
        if left == 0 {
            return Ok(true);
        }
        end.execute(params![head, now])?;
        left -= 1;
        if left == 0 {
            return Ok(true);
        }
    }
    Ok(false)
}

#[async_trait]
impl EndpointStore for SqliteStore {
    async fn create_endpoint(&self, endpoint: Endpoint) -> Result<(), StoreError> {
        let workspace = endpoint.workspace;
        self.configure(workspace, "create an endpoint", move |batch| {
            insert_endpoint(batch.sql, &endpoint)
        })
        .await
    }

    async fn create_endpoint_of_setting(
        &self,
        endpoint: Endpoint,
        name: &str,
        before: Option<&Json>,
        document: &Json,
    ) -> Result<bool, StoreError> {
        let workspace = endpoint.workspace;
        let (name, before, document) = (name.to_owned(), before.cloned(), document.clone());
        self.configure(workspace, "create the endpoint of a setting", move |batch| {
            let is_current =
                replace_setting(batch.sql, workspace, &name, before.as_ref(), &document)?;
            if is_current {
                insert_endpoint(batch.sql, &endpoint)?;
            }
            Ok(is_current)
        })
        .await
    }

    async fn update_endpoint(
        &self,
        workspace: WorkspaceId,
        id: EndpointId,
        settings: &Json,
        sealed: &[u8],
        connection: Option<ConnectionNo>,
        version: Option<i64>,
    ) -> Result<Endpoint, StoreError> {
        let (settings, sealed) = (settings.clone(), sealed.to_vec());
        self.configure(workspace, "update an endpoint", move |batch| {
            let mut endpoint = find_existing(batch.sql, workspace, id)?;
            StoreError::unless_version(Noun::Endpoint, id, version, endpoint.version)?;
            endpoint.settings = settings;
            endpoint.sealed = sealed;
            endpoint.connection = connection;
            endpoint.version += 1;
            endpoint.updated_at = batch.state.now();
            update_endpoint(batch.sql, &endpoint)?;
            Ok(endpoint)
        })
        .await
    }

    async fn set_endpoint_status(
        &self,
        workspace: WorkspaceId,
        id: EndpointId,
        status: EndpointStatus,
        reason: Option<&str>,
    ) -> Result<Endpoint, StoreError> {
        let reason = reason.map(str::to_owned);
        self.configure(workspace, "set the status of an endpoint", move |batch| {
            // The version stays: it guards the settings, and the hub pausing an
            // endpoint must not refuse its owner's next update.
            let mut endpoint = find_existing(batch.sql, workspace, id)?;
            endpoint.status = status;
            endpoint.status_reason = reason;
            endpoint.updated_at = batch.state.now();
            update_endpoint(batch.sql, &endpoint)?;
            Ok(endpoint)
        })
        .await
    }

    async fn endpoint(
        &self,
        workspace: WorkspaceId,
        id: EndpointId,
    ) -> Result<Option<Endpoint>, StoreError> {
        self.readers.look_up("read an endpoint", |db| find(db, workspace, id))
    }

    async fn endpoints(
        &self,
        workspace: WorkspaceId,
        page: PageRequest,
    ) -> Result<Page<Endpoint>, StoreError> {
        self.readers
            .scan("list endpoints", move |db| {
                listing::page(db, PAGE, workspace, page, read_endpoint)
            })
            .await
    }

    async fn delete_endpoint(
        &self,
        workspace: WorkspaceId,
        id: EndpointId,
        version: Option<i64>,
    ) -> Result<(), StoreError> {
        self.configure(workspace, "delete an endpoint", move |batch| {
            let endpoint = find_existing(batch.sql, workspace, id)?;
            StoreError::unless_version(Noun::Endpoint, id, version, endpoint.version)?;
            batch
                .sql
                .prepare_cached("DELETE FROM endpoint WHERE seq = ?1")?
                .execute([id.0.row_key()])?;
            Ok(())
        })
        .await?;
        loop {
            let more = self
                .writer
                .run(Priority::Bulk, "end what waits for a deleted endpoint", move |batch| {
                    end_slice(batch.sql, id, batch.state.now())
                })
                .await?;
            if !more {
                return Ok(());
            }
        }
    }

    async fn touch_endpoints(
        &self,
        succeeded: Vec<(EndpointId, UnixMs)>,
    ) -> Result<(), StoreError> {
        self.writer
            .run(Priority::Stages, "note when endpoints last succeeded", move |batch| {
                // One that was deleted meanwhile is no longer there to be noted.
                let mut update = batch.sql.prepare_cached(
                    "UPDATE endpoint
                     SET last_success_at_ms = max(coalesce(last_success_at_ms, ?3), ?3)
                     WHERE seq = ?1 AND tail = ?2",
                )?;
                for (id, at) in succeeded {
                    update.execute(params![id.0.row_key(), id.0.tail(), at])?;
                }
                Ok(())
            })
            .await
    }
}

#[cfg(test)]
mod tests;
