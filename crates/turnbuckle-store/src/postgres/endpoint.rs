//! Endpoints, on PostgreSQL.
//!
//! Deleting one is short however much waits for it: the row goes first, which
//! is what makes sending impossible; the messages are ended in slices
//! afterwards. What a crash leaves of them, or what was matched just before, goes
//! with retention.

use async_trait::async_trait;
use deadpool_postgres::{GenericClient, Transaction};
use serde_json::Value as Json;
use tokio_postgres::Row;
use turnbuckle_core::id::{ConnectionNo, EndpointId, Stamp, UnixMs, WorkspaceId};

use crate::StoreError;
use crate::endpoint::{Endpoint, EndpointStatus, EndpointStore};
use crate::error::Noun;
use crate::page::{Page, PageRequest};
use crate::postgres::PostgresStore;
use crate::postgres::configured::Configuring;
use crate::postgres::delivery_row::{Ended, end};
use crate::postgres::failure::{Failure, during, taken};
use crate::postgres::listing;
use crate::postgres::statement::{column, execute, find, list};
use crate::postgres::workspace::replace_setting;
use crate::rules::delivery::State;
use crate::rules::numbers::{endpoint_status_from_row, endpoint_status_to_row};

const BY_ID: &str = "SELECT seq, tail, workspace, connection, settings, sealed, status,
        status_reason, last_success_at_ms, version, created_at_ms, updated_at_ms
    FROM endpoint WHERE workspace = $1 AND seq = $2 AND tail = $3";

const PAGE: &str = "SELECT seq, tail, workspace, connection, settings, sealed, status,
        status_reason, last_success_at_ms, version, created_at_ms, updated_at_ms
    FROM endpoint WHERE workspace = $1 AND seq < $2 ORDER BY seq DESC LIMIT $3";

/// Heads of a deleted endpoint that one slice ends, and messages behind them.
const SLICE: i64 = 1_000;

fn read_endpoint(row: &Row) -> Result<Endpoint, Failure> {
    Ok(Endpoint {
        id: EndpointId(Stamp::from_row(row.get(0), row.get(1))),
        workspace: WorkspaceId(row.get(2)),
        connection: row.get::<_, Option<i64>>(3).map(ConnectionNo),
        settings: serde_json::from_str(row.get(4))?,
        sealed: row.get(5),
        status: endpoint_status_from_row(row.get(6)),
        status_reason: row.get(7),
        last_success_at: row.get(8),
        version: row.get(9),
        created_at: row.get(10),
        updated_at: row.get(11),
    })
}

async fn find_endpoint(
    db: &impl GenericClient,
    workspace: WorkspaceId,
    id: EndpointId,
) -> Result<Option<Endpoint>, Failure> {
    let [seq, tail] = [id.0.row_key(), id.0.tail()];
    find(db, BY_ID, &[&workspace.0, &seq, &tail], read_endpoint).await
}

/// # Errors
/// [`StoreError::NotFound`]
async fn find_existing(
    db: &impl GenericClient,
    workspace: WorkspaceId,
    id: EndpointId,
) -> Result<Endpoint, Failure> {
    let found = find_endpoint(db, workspace, id).await?;
    found.ok_or_else(|| StoreError::not_found(Noun::Endpoint, id).into())
}

async fn insert_endpoint(db: &impl GenericClient, endpoint: &Endpoint) -> Result<(), Failure> {
    let insert = "INSERT INTO endpoint (workspace, seq, tail, connection, settings, sealed, status,
            status_reason, last_success_at_ms, version, created_at_ms, updated_at_ms)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    let Endpoint { id, workspace, sealed, status_reason, last_success_at, version, .. } = endpoint;
    execute(
        db,
        insert,
        &[
            &workspace.0,
            &id.0.row_key(),
            &id.0.tail(),
            &endpoint.connection.map(|it| it.0),
            &endpoint.settings.to_string(),
            sealed,
            &endpoint_status_to_row(endpoint.status),
            status_reason,
            last_success_at,
            version,
            &endpoint.created_at,
            &endpoint.updated_at,
        ],
    )
    .await
    .map_err(|failure| taken(failure, Noun::Endpoint, id))?;
    Ok(())
}

/// Stores what may change of an endpoint, except its last success.
async fn update_endpoint(db: &impl GenericClient, endpoint: &Endpoint) -> Result<(), Failure> {
    let update = "UPDATE endpoint SET connection = $3, settings = $4, sealed = $5, status = $6,
            status_reason = $7, version = $8, updated_at_ms = $9
        WHERE workspace = $1 AND seq = $2";
    let Endpoint { id, workspace, sealed, status_reason, version, updated_at, .. } = endpoint;
    execute(
        db,
        update,
        &[
            &workspace.0,
            &id.0.row_key(),
            &endpoint.connection.map(|it| it.0),
            &endpoint.settings.to_string(),
            sealed,
            &endpoint_status_to_row(endpoint.status),
            status_reason,
            version,
            updated_at,
        ],
    )
    .await?;
    Ok(())
}

/// Ends as dead a slice of the messages that wait for an endpoint, each head
/// after what waits behind it. Answers whether there were any.
async fn end_slice(
    sql: &Transaction<'_>,
    workspace: WorkspaceId,
    endpoint: EndpointId,
    now: UnixMs,
) -> Result<bool, Failure> {
    let heads = "SELECT delivery_queue.seq, line
        FROM delivery_queue
        JOIN (SELECT seq FROM delivery_queue
              WHERE workspace = $1 AND endpoint = $2 AND endpoint_tail = $3 AND state = 2
              ORDER BY at_ms, seq LIMIT $4) AS first ON first.seq = delivery_queue.seq
        WHERE workspace = $1 AND state = 2
        ORDER BY delivery_queue.seq
        FOR UPDATE OF delivery_queue";
    let [seq, tail] = [endpoint.0.row_key(), endpoint.0.tail()];
    let heads = list(sql, heads, &[&workspace.0, &seq, &tail, &SLICE], |row| {
        Ok((row.get::<_, i64>(0), row.get::<_, i64>(1)))
    })
    .await?;
    let (heads, lines): (Vec<i64>, Vec<i64>) = heads.into_iter().unzip();
    // Read with the heads locked, so that none of them is left without its own.
    let behind = "SELECT seq FROM delivery_queue
        WHERE line = ANY ($4) AND workspace = $1 AND endpoint = $2 AND endpoint_tail = $3
            AND state = 3
        LIMIT $5";
    let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 5] =
        [&workspace.0, &seq, &tail, &lines, &SLICE];
    let mut ended = list(sql, behind, &parameters, |row| Ok(row.get::<_, i64>(0))).await?;
    if ended.len() < SLICE as usize {
        ended.extend(heads);
    }
    let state = State::Dead;
    let ended = column(&ended, |seq| Ended { workspace, seq: *seq, state, at: now, last: None });
    end(sql, &ended).await?;
    Ok(!ended.is_empty())
}

#[async_trait]
impl EndpointStore for PostgresStore {
    async fn create_endpoint(&self, endpoint: Endpoint) -> Result<(), StoreError> {
        during("create an endpoint", async {
            let mut db = self.pool.get().await?;
            let change = Configuring::begin(&mut db, endpoint.workspace).await?;
            insert_endpoint(&change.sql, &endpoint).await?;
            change.commit(&self.configured).await
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
        during("create the endpoint of a setting", async {
            let mut db = self.pool.get().await?;
            let workspace = endpoint.workspace;
            let change = Configuring::begin(&mut db, workspace).await?;
            let is_current = replace_setting(&change, workspace, name, before, document).await?;
            if is_current {
                insert_endpoint(&change.sql, &endpoint).await?;
                change.commit(&self.configured).await?;
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
        during("update an endpoint", async {
            let mut db = self.pool.get().await?;
            let change = Configuring::begin(&mut db, workspace).await?;
            let mut endpoint = find_existing(&change.sql, workspace, id).await?;
            StoreError::unless_version(Noun::Endpoint, id, version, endpoint.version)?;
            endpoint.settings = settings.clone();
            endpoint.sealed = sealed.to_vec();
            endpoint.connection = connection;
            endpoint.version += 1;
            endpoint.updated_at = self.clock.now();
            update_endpoint(&change.sql, &endpoint).await?;
            change.commit(&self.configured).await?;
            self.tell_owner(workspace, id);
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
        during("set the status of an endpoint", async {
            let mut db = self.pool.get().await?;
            let change = Configuring::begin(&mut db, workspace).await?;
            // The version stays: it guards the settings, and the hub pausing an
            // endpoint must not refuse its owner's next update.
            let mut endpoint = find_existing(&change.sql, workspace, id).await?;
            endpoint.status = status;
            endpoint.status_reason = reason.map(str::to_owned);
            endpoint.updated_at = self.clock.now();
            update_endpoint(&change.sql, &endpoint).await?;
            change.commit(&self.configured).await?;
            self.tell_owner(workspace, id);
            Ok(endpoint)
        })
        .await
    }

    async fn endpoint(
        &self,
        workspace: WorkspaceId,
        id: EndpointId,
    ) -> Result<Option<Endpoint>, StoreError> {
        during("read an endpoint", async {
            let db = self.pool.get().await?;
            find_endpoint(&db, workspace, id).await
        })
        .await
    }

    async fn endpoints(
        &self,
        workspace: WorkspaceId,
        page: PageRequest,
    ) -> Result<Page<Endpoint>, StoreError> {
        during("list endpoints", async {
            let db = self.pool.get().await?;
            listing::page(&db, PAGE, workspace, page, read_endpoint).await
        })
        .await
    }

    async fn delete_endpoint(
        &self,
        workspace: WorkspaceId,
        id: EndpointId,
        version: Option<i64>,
    ) -> Result<(), StoreError> {
        during("delete an endpoint", async {
            let mut db = self.pool.get().await?;
            let change = Configuring::begin(&mut db, workspace).await?;
            let endpoint = find_existing(&change.sql, workspace, id).await?;
            StoreError::unless_version(Noun::Endpoint, id, version, endpoint.version)?;
            let delete = "DELETE FROM endpoint WHERE workspace = $1 AND seq = $2";
            execute(&change.sql, delete, &[&workspace.0, &id.0.row_key()]).await?;
            change.commit(&self.configured).await
        })
        .await?;
        during("end what waits for a deleted endpoint", async {
            let mut db = self.pool.get().await?;
            loop {
                let sql = db.transaction().await?;
                let is_done = !end_slice(&sql, workspace, id, self.clock.now()).await?;
                sql.commit().await?;
                if is_done {
                    return Ok(());
                }
            }
        })
        .await
    }

    async fn touch_endpoints(
        &self,
        succeeded: Vec<(EndpointId, UnixMs)>,
    ) -> Result<(), StoreError> {
        during("note when endpoints last succeeded", async {
            let db = self.pool.get().await?;
            // One that was deleted meanwhile is no longer there to be noted.
            // Locked in one order, so that two processes do not wait for each other.
            let note = "WITH succeeded AS (
                    SELECT seq, tail, max(at) AS at
                    FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS it (seq, tail, at)
                    GROUP BY seq, tail),
                locked AS (
                    SELECT workspace, seq, at FROM endpoint JOIN succeeded USING (seq, tail)
                    ORDER BY workspace, seq FOR UPDATE OF endpoint)
                UPDATE endpoint SET last_success_at_ms = greatest(last_success_at_ms, locked.at)
                FROM locked
                WHERE endpoint.workspace = locked.workspace AND endpoint.seq = locked.seq";
            let seqs = column(&succeeded, |(id, _)| id.0.row_key());
            let tails = column(&succeeded, |(id, _)| id.0.tail());
            let times = column(&succeeded, |(_, at)| *at);
            execute(&db, note, &[&seqs, &tails, &times]).await?;
            Ok(())
        })
        .await
    }
}
