//! Deliveries, on PostgreSQL. What waits is in a queue, what ended in a log.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use async_trait::async_trait;
use deadpool_postgres::GenericClient;
use turnbuckle_core::id::{DeliveryId, EndpointId, Stamp, UnixMs, WorkspaceId};

use crate::StoreError;
use crate::delivery::{
    Attempt, Backlog, DeliveryFilter, DeliveryStore, Draft, DueDelivery, DueSlice, LoggedAttempt,
    LoggedDelivery, Matched, Permit, RecoverRange, RecoverSlice, Recovered,
};
use crate::page::{Page, PageRequest};
use crate::postgres::attempt::HeadRows;
use crate::postgres::delivery_row::{DUE_COLUMNS, read_due};
use crate::postgres::failure::{Failure, during};
use crate::postgres::feed::Feed;
use crate::postgres::hints::Hint;
use crate::postgres::line::LineRows;
use crate::postgres::statement::{by_key, column, find, list};
use crate::postgres::{Parts, PostgresStore};
use crate::postgres::{delivery_log, recovery};
use crate::rules::{attempt, line};

/// A backlog is counted up to here.
const COUNTED_MAX: i64 = 100_000;

const ENDPOINTS_DUE: &str = "SELECT workspace, seq, tail, due.at_ms
    FROM endpoint
    CROSS JOIN LATERAL (
        SELECT min(at_ms) AS at_ms FROM delivery_queue
        WHERE delivery_queue.workspace = endpoint.workspace
            AND delivery_queue.endpoint = endpoint.seq AND state = 2) AS due
    WHERE due.at_ms IS NOT NULL";

/// The last two are of what should have been sent by now: neither later attempts nor
/// what is held.
const BACKLOG: &str = "SELECT
        (SELECT count(*) FROM (SELECT FROM inbound_queue LIMIT $2) AS event),
        (SELECT count(*) FROM (SELECT FROM change_queue LIMIT $2) AS change),
        (SELECT count(*) FROM (
             SELECT FROM endpoint
             JOIN delivery_queue ON delivery_queue.workspace = endpoint.workspace
                 AND delivery_queue.endpoint = endpoint.seq
             WHERE endpoint.status = 2 AND state = 2 AND at_ms <= $1
             LIMIT $2) AS head),
        (SELECT min(first.at_ms) FROM endpoint
         CROSS JOIN LATERAL (
             SELECT min(at_ms) AS at_ms FROM delivery_queue
             WHERE delivery_queue.workspace = endpoint.workspace
                 AND delivery_queue.endpoint = endpoint.seq AND state = 2 AND at_ms <= $1) AS first
         WHERE endpoint.status = 2)";

#[async_trait]
impl DeliveryStore for PostgresStore {
    async fn store_matches(
        &self,
        matched: Vec<Matched>,
        deferred: Option<&str>,
    ) -> Result<Vec<DueDelivery>, StoreError> {
        let stored = during("store matches", self.store_matched(&matched, deferred)).await;
        if let Err(StoreError::VersionMismatch { .. }) = stored {
            // Whoever matches again is to know what another process has changed.
            during("read what is configured", self.configured.look(&self.pool)).await?;
        }
        Ok(self.keep_own(stored?))
    }

    async fn store_message(
        &self,
        workspace: WorkspaceId,
        endpoint: EndpointId,
        object: &str,
        draft: Arc<dyn Draft>,
    ) -> Result<DueDelivery, StoreError> {
        during("store a message", async {
            let mut db = self.pool.get().await?;
            let sql = db.transaction().await?;
            let feed = Feed::lock(&sql).await?;
            let mut lines = LineRows::lock(self, &sql, feed, []).await?;
            let due = line::insert_alone(&mut lines, workspace, endpoint, object, draft.as_ref())?;
            tokio::try_join!(lines.write(&sql), lines.feed().put(&sql))?;
            sql.commit().await?;
            self.tell_owner(workspace, endpoint);
            Ok(due)
        })
        .await
    }

    async fn due_deliveries(
        &self,
        workspace: WorkspaceId,
        endpoint: EndpointId,
        now: UnixMs,
        held: &HashSet<DeliveryId>,
        limit: usize,
    ) -> Result<DueSlice, StoreError> {
        let held: Vec<i64> = held.iter().map(|id| id.0.row_key()).collect();
        during("read due deliveries", async {
            let db = self.pool.get().await?;
            loop {
                let (horizon, next_due_at) = horizon(&db, workspace, endpoint, now).await?;
                let due = read_slice(&db, workspace, endpoint, now, &held, limit).await?;
                let count = due.len();
                let due = settled(&db, due, now).await?;
                // One that gave way has another in its place.
                if due.len() == count {
                    return Ok(DueSlice { due, horizon, next_due_at });
                }
            }
        })
        .await
    }

    async fn endpoints_due(&self) -> Result<Vec<(WorkspaceId, EndpointId, UnixMs)>, StoreError> {
        during("find endpoints with due deliveries", async {
            let db = self.pool.get().await?;
            let mut due = list(&db, ENDPOINTS_DUE, &[], |row| {
                let endpoint = EndpointId(Stamp::from_row(row.get(1), row.get(2)));
                Ok((WorkspaceId(row.get(0)), endpoint, row.get(3)))
            })
            .await?;
            due.retain(|(_, endpoint, _)| self.permit(*endpoint).is_some());
            Ok(due)
        })
        .await
    }

    fn permit(&self, endpoint: EndpointId) -> Option<Permit> {
        self.processes.permit(endpoint)
    }

    async fn due_elsewhere(&self) -> Vec<(WorkspaceId, EndpointId)> {
        self.hints.due_elsewhere().await
    }

    async fn finish_attempts(
        &self,
        attempts: Vec<Attempt>,
    ) -> Result<Vec<DueDelivery>, StoreError> {
        during("record attempts", async {
            let mut db = self.pool.get().await?;
            let sql = db.transaction().await?;
            let mut heads = HeadRows::lock(&sql, self.clock.as_ref(), &attempts).await?;
            for attempt in &attempts {
                attempt::finish(&mut heads, attempt)?;
            }
            let due = heads.write(&sql).await?;
            sql.commit().await?;
            Ok(self.keep_own(due))
        })
        .await
    }

    async fn resend(
        &self,
        workspace: WorkspaceId,
        id: DeliveryId,
    ) -> Result<DueDelivery, StoreError> {
        during("resend a delivery", async {
            let mut db = self.pool.get().await?;
            let sql = db.transaction().await?;
            let due = recovery::resend(&sql, workspace, id, self.clock.now()).await?;
            sql.commit().await?;
            self.tell_owner(workspace, due.endpoint);
            Ok(due)
        })
        .await
    }

    async fn recover_slice(
        &self,
        workspace: WorkspaceId,
        endpoint: EndpointId,
        slice: RecoverSlice,
    ) -> Result<Recovered, StoreError> {
        during("recover deliveries", async {
            let mut db = self.pool.get().await?;
            let sql = db.transaction().await?;
            let now = self.clock.now();
            let recovered = recovery::recover_slice(&sql, workspace, endpoint, &slice, now).await?;
            sql.commit().await?;
            self.tell_owner(workspace, endpoint);
            Ok(recovered)
        })
        .await
    }

    async fn count_recoverable(
        &self,
        workspace: WorkspaceId,
        endpoint: EndpointId,
        range: RecoverRange,
    ) -> Result<i64, StoreError> {
        during("count recoverable deliveries", async {
            let db = self.pool.get().await?;
            recovery::count(&db, workspace, endpoint, range).await
        })
        .await
    }

    async fn delivery(
        &self,
        workspace: WorkspaceId,
        id: DeliveryId,
    ) -> Result<Option<(LoggedDelivery, Vec<LoggedAttempt>)>, StoreError> {
        during("read a delivery", async {
            let db = self.pool.get().await?;
            delivery_log::find_logged(&db, workspace, id).await
        })
        .await
    }

    async fn deliveries(
        &self,
        workspace: WorkspaceId,
        filter: &DeliveryFilter,
        page: PageRequest,
    ) -> Result<Page<LoggedDelivery>, StoreError> {
        during("list deliveries", async {
            let db = self.pool.get().await?;
            delivery_log::list(&db, workspace, filter, page).await
        })
        .await
    }

    async fn backlog(&self) -> Result<Backlog, StoreError> {
        during("measure the backlog", async {
            let db = self.pool.get().await?;
            let count = |row: &tokio_postgres::Row, place| row.get::<_, i64>(place).unsigned_abs();
            let backlog = find(&db, BACKLOG, &[&self.clock.now(), &COUNTED_MAX], |row| {
                Ok(Backlog {
                    // What this process has in hand is new to nobody.
                    new_events: count(row, 0).saturating_sub(self.held.count() as u64),
                    unmatched_changes: count(row, 1),
                    due_deliveries: count(row, 2),
                    oldest_due_at: row.get(3),
                })
            })
            .await?;
            Ok(backlog.unwrap_or_default())
        })
        .await
    }
}

impl Parts {
    /// Something became due at an endpoint: another process may be the one to send it.
    pub(super) fn tell_owner(&self, workspace: WorkspaceId, endpoint: EndpointId) {
        if self.processes.permit(endpoint).is_none() {
            self.hints.tell_others([Hint::Due(workspace, endpoint)]);
        }
    }

    /// Those of these heads that are this process's to send.
    fn keep_own(&self, due: Vec<DueDelivery>) -> Vec<DueDelivery> {
        let is_own = |due: &DueDelivery| self.processes.permit(due.endpoint).is_some();
        let (own, others): (Vec<_>, Vec<_>) = due.into_iter().partition(is_own);
        self.hints
            .tell_others(others.into_iter().map(|due| Hint::Due(due.workspace, due.endpoint)));
        own
    }
}

/// The newest delivery stored, and when the first head that is not due yet will be.
/// Read before what is due: what is stored after this is handed out by whoever
/// stores it.
async fn horizon(
    db: &impl GenericClient,
    workspace: WorkspaceId,
    endpoint: EndpointId,
    now: UnixMs,
) -> Result<(i64, Option<UnixMs>), Failure> {
    let select = "SELECT delivery, (
            SELECT min(at_ms) FROM delivery_queue
            WHERE workspace = $1 AND endpoint = $2 AND state = 2 AND at_ms > $3)
        FROM feed WHERE shard = 0";
    let read = |row: &tokio_postgres::Row| Ok((row.get(0), row.get(1)));
    let found = find(db, select, &[&workspace.0, &endpoint.0.row_key(), &now], read).await?;
    Ok(found.unwrap_or_default())
}

async fn read_slice(
    db: &impl GenericClient,
    workspace: WorkspaceId,
    endpoint: EndpointId,
    now: UnixMs,
    held: &[i64],
    limit: usize,
) -> Result<Vec<DueDelivery>, Failure> {
    let slice = format!(
        "SELECT {DUE_COLUMNS} FROM delivery_queue
         WHERE workspace = $1 AND endpoint = $2 AND state = 2 AND at_ms <= $3 AND seq <> ALL ($4)
         ORDER BY at_ms, seq LIMIT $5"
    );
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let endpoint = endpoint.0.row_key();
    list(db, &slice, &[&workspace.0, &endpoint, &now, &held, &limit], read_due).await
}

/// Those of these heads that are due still, each that has failed as it is now: until
/// it is due such a head gives way to a newer message, or becomes it. Another
/// transaction may have let it, and not have committed that when the slice was
/// read; from here on none does, since by every clock the head is due.
async fn settled(
    db: &impl GenericClient,
    due: Vec<DueDelivery>,
    now: UnixMs,
) -> Result<Vec<DueDelivery>, Failure> {
    let failed: Vec<&DueDelivery> = due.iter().filter(|it| it.failure_count > 0).collect();
    if failed.is_empty() {
        return Ok(due);
    }
    // By their keys alone: those that are not due any more are left out afterwards.
    let again = format!(
        "SELECT {DUE_COLUMNS}, state = 2 AND at_ms <= $3 FROM delivery_queue
         JOIN unnest($1::bigint[], $2::bigint[]) AS failed (workspace, seq) ON {}
         ORDER BY failed.workspace, failed.seq
         FOR SHARE OF delivery_queue",
        by_key!("delivery_queue", "failed")
    );
    let workspaces = column(failed.iter().copied(), |it| it.workspace.0);
    let seqs = column(failed.iter().copied(), |it| it.id.0.row_key());
    let again = list(db, &again, &[&workspaces, &seqs, &now], |row| {
        let due = read_due(row)?;
        Ok(row.get::<_, bool>(10).then_some((due.id, due)))
    })
    .await?;
    let mut again: HashMap<DeliveryId, DueDelivery> = again.into_iter().flatten().collect();
    let settle = |due: DueDelivery| match due.failure_count {
        0 => Some(due),
        _ => again.remove(&due.id),
    };
    Ok(due.into_iter().filter_map(settle).collect())
}
