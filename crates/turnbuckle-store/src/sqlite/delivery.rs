//! Deliveries: storing matches (T2), recording attempts, resending.

use std::sync::Arc;

use async_trait::async_trait;
use rusqlite::{Connection as Db, params};
use turnbuckle_core::id::{DeliveryId, EndpointId, Stamp, UnixMs, WorkspaceId, first_row_key_at};

use crate::StoreError;
use crate::delivery::{
    Attempt, Backlog, DeliveryFilter, DeliveryStore, Draft, DueDelivery, DueSlice, LoggedAttempt,
    LoggedDelivery, Matched, RecoverRange, RecoverSlice, Recovered,
};
use crate::page::{Page, PageRequest};
use crate::sqlite::SqliteStore;
use crate::sqlite::failure::Failure;
use crate::sqlite::line::{self, DeliveryRow};
use crate::sqlite::writer::{Batch, Priority};
use crate::sqlite::{delivery_log, line::State};

fn store_matched(
    batch: &mut Batch<'_>,
    matched: &Matched,
    is_deferred: bool,
    due: &mut Vec<DueDelivery>,
) -> Result<(), Failure> {
    let change = matched.change.0.row_key();
    for message in &matched.messages {
        due.extend(line::place(batch, matched.workspace, change, message)?);
    }
    if matched.deferred_objects.is_empty() && !is_deferred {
        return Ok(());
    }
    let connection = batch.state.connection(batch.sql, matched.workspace, &matched.connection)?;
    if is_deferred {
        batch
            .sql
            .prepare_cached("DELETE FROM deferred_change WHERE connection = ?1 AND change = ?2")?
            .execute(params![connection.no, change])?;
    }
    for object in &matched.deferred_objects {
        batch
            .sql
            .prepare_cached(
                "INSERT OR IGNORE INTO deferred_change (connection, object, change)
                 VALUES (?1, ?2, ?3)",
            )?
            .execute(params![connection.no, object, change])?;
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

#[async_trait]
impl DeliveryStore for SqliteStore {
    async fn store_matches(
        &self,
        matched: Vec<Matched>,
        deferred: bool,
    ) -> Result<Vec<DueDelivery>, StoreError> {
        self.writer
            .run(Priority::Stages, "store matches", move |batch| {
                let mut due = Vec::new();
                for matched in &matched {
                    match store_matched(batch, matched, deferred, &mut due) {
                        // The connection was deleted since: nobody is left to tell.
                        Err(Failure::Store(StoreError::NotFound { .. })) | Ok(()) => {}
                        Err(failure) => return Err(failure),
                    }
                }
                if !deferred {
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
        endpoint: EndpointId,
        now: UnixMs,
        limit: usize,
    ) -> Result<DueSlice, StoreError> {
        self.readers.scan("read due deliveries", move |db| read_due(db, endpoint, now, limit)).await
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

    async fn finish_attempts(
        &self,
        attempts: Vec<Attempt>,
    ) -> Result<Vec<DueDelivery>, StoreError> {
        self.writer
            .run(Priority::Attempts, "record attempts", move |batch| {
                let mut due = Vec::new();
                for attempt in &attempts {
                    due.extend(line::finish(batch, attempt)?);
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
            .run(Priority::Stages, "resend a delivery", move |batch| {
                line::resend(batch, workspace, id)
            })
            .await
    }

    async fn recover_slice(
        &self,
        endpoint: EndpointId,
        slice: RecoverSlice,
    ) -> Result<Recovered, StoreError> {
        self.writer
            .run(Priority::Bulk, "recover deliveries", move |batch| {
                recover_slice(batch, endpoint, slice)
            })
            .await
    }

    async fn count_recoverable(
        &self,
        endpoint: EndpointId,
        range: RecoverRange,
    ) -> Result<i64, StoreError> {
        self.readers
            .scan("count recoverable deliveries", move |db| {
                Ok(db
                    .prepare_cached(
                        "SELECT count(*) FROM delivery
                         WHERE endpoint = ?1 AND seq >= ?2 AND seq < ?3 AND state NOT IN (2, 3)
                             AND (state = 5 OR NOT ?4)",
                    )?
                    .query_row(
                        params![
                            endpoint.0.row_key(),
                            first_row_key_at(range.since),
                            first_row_key_at(range.until),
                            range.only_dead
                        ],
                        |row| row.get(0),
                    )?)
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
        let unmatched_changes = self.tails.unmatched_in_memory() as u64;
        self.readers
            .scan("measure the backlog", move |db| {
                let (due_deliveries, oldest_due_at): (i64, Option<i64>) = db
                    .prepare_cached("SELECT count(*), min(at_ms) FROM delivery WHERE state = 2")?
                    .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?;
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

fn read_due(db: &Db, endpoint: EndpointId, now: UnixMs, limit: usize) -> Result<DueSlice, Failure> {
    // Taken first: what is stored after it is handed out by whoever stores it.
    let horizon: i64 =
        db.query_row("SELECT coalesce(max(seq), 0) FROM delivery", [], |row| row.get(0))?;
    let mut select = db.prepare_cached(
        "SELECT seq, tail, workspace, attempt_count, failure_count, body,
             CASE WHEN failure_count > 0
                  THEN (SELECT min(at_ms) FROM attempt WHERE attempt.delivery = delivery.seq) END
         FROM delivery WHERE endpoint = ?1 AND state = 2 AND at_ms <= ?2
         ORDER BY at_ms, seq LIMIT ?3",
    )?;
    let mut rows = select.query(params![endpoint.0.row_key(), now, limit as i64])?;
    let mut due = Vec::new();
    while let Some(row) = rows.next()? {
        due.push(DueDelivery {
            id: DeliveryId(Stamp::from_row(row.get(0)?, row.get(1)?)),
            workspace: WorkspaceId(row.get(2)?),
            endpoint,
            attempt_count: row.get(3)?,
            failure_count: row.get(4)?,
            body: row.get::<_, Vec<u8>>(5)?.into(),
            first_attempt_at: row.get(6)?,
        });
    }
    let next_due_at = db
        .prepare_cached(
            "SELECT min(at_ms) FROM delivery WHERE endpoint = ?1 AND state = 2 AND at_ms > ?2",
        )?
        .query_row(params![endpoint.0.row_key(), now], |row| row.get(0))?;
    Ok(DueSlice { due, horizon, next_due_at })
}

fn recover_slice(
    batch: &mut Batch<'_>,
    endpoint: EndpointId,
    mut slice: RecoverSlice,
) -> Result<Recovered, Failure> {
    let RecoverRange { since, until, only_dead } = slice.range;
    let mut select = batch.sql.prepare_cached(
        "SELECT seq, line FROM delivery
         WHERE endpoint = ?1 AND seq >= ?2 AND seq < ?3 AND state NOT IN (2, 3)
             AND (state = 5 OR NOT ?4)
         ORDER BY seq DESC LIMIT ?5",
    )?;
    let found = select
        .query_map(
            params![
                endpoint.0.row_key(),
                first_row_key_at(since),
                slice.before.min(first_row_key_at(until)),
                only_dead,
                slice.limit as i64
            ],
            |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)),
        )?
        .collect::<Result<Vec<_>, _>>()?;
    let mut resent = 0;
    for (seq, line) in &found {
        let is_latest = slice.seen_lines.as_mut().is_none_or(|seen| seen.insert(*line));
        if is_latest {
            DeliveryRow::at(*seq).make_due_alone(batch)?;
            resent += 1;
        }
    }
    Ok(Recovered {
        looked_at: found.len(),
        resent,
        next: found.last().filter(|_| found.len() == slice.limit).map(|(seq, _)| *seq),
        seen_lines: slice.seen_lines,
    })
}

impl State {
    pub fn is_pending(self) -> bool {
        matches!(self, Self::Head | Self::Waiting)
    }
}
