//! Deliveries: storing matches (T2), recording attempts, resending.

use std::collections::HashSet;
use std::sync::Arc;

use async_trait::async_trait;
use rusqlite::{Connection as Db, params};
use turnbuckle_core::id::{DeliveryId, EndpointId, Stamp, UnixMs, WorkspaceId};

use crate::StoreError;
use crate::delivery::{
    Attempt, Backlog, DeliveryFilter, DeliveryStore, Draft, DueDelivery, DueSlice, LoggedAttempt,
    LoggedDelivery, Matched, Permit, RecoverRange, RecoverSlice, Recovered,
};
use crate::error::Noun;
use crate::page::{Page, PageRequest};
use crate::rules::line::Cause;
use crate::rules::{attempt, line};
use crate::sqlite::SqliteStore;
use crate::sqlite::change::count_unmatched;
use crate::sqlite::delivery_log;
use crate::sqlite::delivery_row::DeliveryRow;
use crate::sqlite::failure::Failure;
use crate::sqlite::line::{resend, settled};
use crate::sqlite::recovery;
use crate::sqlite::writer::{Batch, Priority};

/// What should have been sent by now: neither later attempts nor what is held.
const DUE: &str = "SELECT count(*), min(at_ms)
    FROM endpoint CROSS JOIN delivery INDEXED BY delivery_due ON delivery.endpoint = endpoint.seq
    WHERE endpoint.status = 2 AND state = 2 AND at_ms <= ?1";

fn store_matched(
    batch: &mut Batch<'_>,
    matched: &Matched,
    deferred: Option<&str>,
    due: &mut Vec<DueDelivery>,
) -> Result<(), Failure> {
    let connection = batch.state.connection(batch.sql, matched.workspace, &matched.connection)?;
    if connection.no != matched.connection_no {
        return Err(StoreError::not_found(Noun::Connection, &matched.connection).into());
    }
    if matched.mapping_version.is_some_and(|it| it != connection.mapping_version) {
        let id = matched.connection.clone();
        return Err(StoreError::VersionMismatch { noun: Noun::Connection, id }.into());
    }
    let Matched { workspace, connection_no, change, .. } = *matched;
    let cause = Cause { workspace, connection: connection_no, change };
    for message in &matched.messages {
        due.extend(line::place(batch, cause, message)?);
    }
    let change = change.0.row_key();
    if let Some(object) = deferred {
        batch
            .sql
            .prepare_cached(
                "DELETE FROM deferred_change
                 WHERE connection = ?1 AND object = ?2 AND change = ?3",
            )?
            .execute(params![connection.no.0, object, change])?;
    }
    for object in &matched.deferred_objects {
        defer(batch.sql, connection.no.0, object, change)?;
    }
    Ok(())
}

/// Puts a change off until the keys of an object are there.
///
/// # Errors
/// [`StoreError::VersionMismatch`] if they are by now: nobody would come back to it.
fn defer(db: &Db, connection_no: i64, object: &str, change: i64) -> Result<(), Failure> {
    let deferred = db
        .prepare_cached(
            "INSERT OR REPLACE INTO deferred_change (connection, object, change)
             SELECT connection, object, ?3 FROM rekeying WHERE connection = ?1 AND object = ?2",
        )?
        .execute(params![connection_no, object, change])?;
    if deferred == 0 {
        let id = object.to_owned();
        return Err(StoreError::VersionMismatch { noun: Noun::Object, id }.into());
    }
    Ok(())
}

/// Moves the end of the matched feed; once per batch of changes.
fn move_matched_through(batch: &mut Batch<'_>, matched: &[Matched]) -> Result<(), Failure> {
    let Some(last) = matched.last().map(|matched| matched.change.0.row_key()) else {
        return Ok(());
    };
    batch
        .sql
        .prepare_cached(
            "UPDATE feed SET matched_through = ?1 WHERE shard = 0 AND matched_through < ?1",
        )?
        .execute([last])?;
    batch.state.matched_through(last);
    Ok(())
}

impl SqliteStore {
    /// What of a slice is due still after all that is being written, as it is then.
    async fn settled(
        &self,
        endpoint: EndpointId,
        due: Vec<DueDelivery>,
    ) -> Result<Vec<DueDelivery>, StoreError> {
        self.writer
            .run(Priority::Attempts, "read due deliveries", move |batch| {
                settled(batch.sql, endpoint, &due)
            })
            .await
    }
}

#[async_trait]
impl DeliveryStore for SqliteStore {
    async fn store_matches(
        &self,
        matched: Vec<Matched>,
        deferred: Option<&str>,
    ) -> Result<Vec<DueDelivery>, StoreError> {
        let deferred = deferred.map(str::to_owned);
        self.writer
            .run(Priority::Stages, "store matches", move |batch| {
                let mut due = Vec::new();
                for matched in &matched {
                    match store_matched(batch, matched, deferred.as_deref(), &mut due) {
                        // The connection was deleted since: nobody is left to tell.
                        Err(Failure::Store(StoreError::NotFound { .. })) | Ok(()) => {}
                        Err(failure) => return Err(failure),
                    }
                }
                if deferred.is_none() {
                    move_matched_through(batch, &matched)?;
                }
                Ok(due)
            })
            .await
    }

    async fn store_message(
        &self,
        workspace: WorkspaceId,
        endpoint: EndpointId,
        object: &str,
        draft: Arc<dyn Draft>,
    ) -> Result<DueDelivery, StoreError> {
        let object = object.to_owned();
        self.writer
            .run(Priority::Stages, "store a message", move |batch| {
                line::insert_alone(batch, workspace, endpoint, &object, draft.as_ref())
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
        let held: Arc<HashSet<i64>> = Arc::new(held.iter().map(|id| id.0.row_key()).collect());
        loop {
            let held = held.clone();
            let mut slice = self
                .readers
                .scan("read due deliveries", move |db| {
                    read_due(db, (workspace, endpoint), now, &held, limit)
                })
                .await?;
            // Until it is due a head that failed gives way to a newer message, or
            // becomes it. The writer may have let it, and not have committed that
            // when this was read; from here on it does not, since by its clock the
            // head is due.
            let count = slice.due.len();
            if slice.due.iter().any(|due| due.failure_count > 0) {
                slice.due = self.settled(endpoint, slice.due).await?;
            }
            if slice.due.len() == count {
                return Ok(slice);
            }
        }
    }

    async fn endpoints_due(&self) -> Result<Vec<(WorkspaceId, EndpointId, UnixMs)>, StoreError> {
        self.readers
            .scan("find endpoints with due deliveries", |db| {
                let mut select = db.prepare_cached(
                    "SELECT workspace, seq, tail, (
                         SELECT min(at_ms) FROM delivery
                         WHERE delivery.endpoint = endpoint.seq AND state = 2) AS due_at_ms
                     FROM endpoint WHERE due_at_ms IS NOT NULL",
                )?;
                let rows = select.query_map([], |row| {
                    let endpoint = EndpointId(Stamp::from_row(row.get(1)?, row.get(2)?));
                    Ok((WorkspaceId(row.get(0)?), endpoint, row.get(3)?))
                })?;
                Ok(rows.collect::<Result<_, _>>()?)
            })
            .await
    }

    fn permit(&self, _: EndpointId) -> Option<Permit> {
        // There is no other process.
        Some(Permit::default())
    }

    async fn due_elsewhere(&self) -> Vec<(WorkspaceId, EndpointId)> {
        std::future::pending().await
    }

    async fn finish_attempts(
        &self,
        attempts: Vec<Attempt>,
    ) -> Result<Vec<DueDelivery>, StoreError> {
        self.writer
            .run(Priority::Attempts, "record attempts", move |batch| {
                let mut due = Vec::new();
                for attempt in &attempts {
                    if let Some(promoted) = attempt::finish(batch, attempt)? {
                        let row = DeliveryRow::of(promoted);
                        due.extend(row.read_due(batch.sql, attempt.endpoint)?);
                    }
                }
                Ok(due)
            })
            .await
    }

    async fn resend(
        &self,
        workspace: WorkspaceId,
        id: DeliveryId,
    ) -> Result<DueDelivery, StoreError> {
        self.writer
            .run(Priority::Stages, "resend a delivery", move |batch| resend(batch, workspace, id))
            .await
    }

    async fn recover_slice(
        &self,
        workspace: WorkspaceId,
        endpoint: EndpointId,
        slice: RecoverSlice,
    ) -> Result<Recovered, StoreError> {
        self.writer
            .run(Priority::Bulk, "recover deliveries", move |batch| {
                recovery::recover_slice(batch, workspace, endpoint, &slice)
            })
            .await
    }

    async fn count_recoverable(
        &self,
        workspace: WorkspaceId,
        endpoint: EndpointId,
        range: RecoverRange,
    ) -> Result<i64, StoreError> {
        self.readers
            .scan("count recoverable deliveries", move |db| {
                recovery::count(db, workspace, endpoint, range)
            })
            .await
    }

    async fn delivery(
        &self,
        workspace: WorkspaceId,
        id: DeliveryId,
    ) -> Result<Option<(LoggedDelivery, Vec<LoggedAttempt>)>, StoreError> {
        self.readers.look_up("read a delivery", |db| delivery_log::find(db, workspace, id))
    }

    async fn deliveries(
        &self,
        workspace: WorkspaceId,
        filter: &DeliveryFilter,
        page: PageRequest,
    ) -> Result<Page<LoggedDelivery>, StoreError> {
        let filter = filter.clone();
        self.readers
            .scan("list deliveries", move |db| delivery_log::list(db, workspace, &filter, page))
            .await
    }

    async fn backlog(&self) -> Result<Backlog, StoreError> {
        let new_events = self.tails.new_event_count() as u64;
        let (in_memory, in_database) = self.tails.unmatched();
        let now = self.clock.now();
        self.readers
            .scan("measure the backlog", move |db| {
                let (due_deliveries, oldest_due_at): (i64, Option<i64>) =
                    db.prepare_cached(DUE)?
                        .query_row(params![now], |row| Ok((row.get(0)?, row.get(1)?)))?;
                let unmatched_changes = in_memory as u64 + count_unmatched(db, in_database)?;
                Ok(Backlog {
                    new_events,
                    unmatched_changes,
                    due_deliveries: due_deliveries as u64,
                    oldest_due_at,
                })
            })
            .await
    }
}

fn read_due(
    db: &Db,
    (workspace, endpoint): (WorkspaceId, EndpointId),
    now: UnixMs,
    held: &HashSet<i64>,
    limit: usize,
) -> Result<DueSlice, Failure> {
    // Taken first: what is stored after it is handed out by whoever stores it.
    let horizon: i64 =
        db.query_row("SELECT coalesce(max(seq), 0) FROM delivery", [], |row| row.get(0))?;
    // The index alone tells what is held; only the rest is worth its body.
    let mut select = db.prepare_cached(
        "SELECT seq FROM delivery WHERE endpoint = ?1 AND state = 2 AND at_ms <= ?2
         ORDER BY at_ms, seq",
    )?;
    let mut rows = select.query(params![endpoint.0.row_key(), now])?;
    let mut due = Vec::new();
    while due.len() < limit
        && let Some(row) = rows.next()?
    {
        let seq = row.get(0)?;
        if !held.contains(&seq) {
            let read = DeliveryRow::at(seq).read_due(db, endpoint)?;
            due.extend(read.filter(|due| due.workspace == workspace));
        }
    }
    let next_due_at = db
        .prepare_cached(
            "SELECT min(at_ms) FROM delivery WHERE endpoint = ?1 AND state = 2 AND at_ms > ?2",
        )?
        .query_row(params![endpoint.0.row_key(), now], |row| row.get(0))?;
    Ok(DueSlice { due, horizon, next_due_at })
}
