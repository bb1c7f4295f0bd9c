//! Deliveries: storing matches (T2), recording attempts, resending.

use std::collections::HashSet;
use std::sync::Arc;

use async_trait::async_trait;
use rusqlite::{Connection as Db, params};
use turnbuckle_core::id::{
    ConnectionNo, DeliveryId, EndpointId, Stamp, UnixMs, WorkspaceId, first_row_key_at,
};

use crate::StoreError;
use crate::delivery::{
    Attempt, Backlog, DeliveryFilter, DeliveryStore, Draft, DueDelivery, DueSlice, LoggedAttempt,
    LoggedDelivery, Matched, RecoverRange, RecoverSlice, Recovered,
};
use crate::error::Noun;
use crate::page::{Page, PageRequest};
use crate::sqlite::SqliteStore;
use crate::sqlite::change::count_unmatched;
use crate::sqlite::delivery_log;
use crate::sqlite::delivery_row::{Cause, DeliveryRow, State};
use crate::sqlite::failure::Failure;
use crate::sqlite::line;
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
    let change = matched.change.0.row_key();
    let cause = Cause { workspace: matched.workspace, connection: matched.connection_no, change };
    for message in &matched.messages {
        due.extend(line::place(batch, cause, message)?);
    }
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
                line::settled(batch.sql, endpoint, &due)
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
                .scan("read due deliveries", move |db| read_due(db, endpoint, now, &held, limit))
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
                recover_slice(batch, endpoint, &slice)
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
                    .prepare_cached(match range.only_dead {
                        true => {
                            "SELECT count(*) FROM delivery
                                 WHERE endpoint = ?1 AND seq >= ?2 AND seq < ?3 AND state = 5"
                        }
                        false => {
                            "SELECT count(*) FROM delivery
                                 WHERE endpoint = ?1 AND seq >= ?2 AND seq < ?3
                                     AND state NOT IN (2, 3)"
                        }
                    })?
                    .query_row(
                        params![
                            endpoint.0.row_key(),
                            first_row_key_at(range.since),
                            first_row_key_at(range.until)
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
    endpoint: EndpointId,
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
            due.extend(DeliveryRow::at(seq).read_due(db, endpoint)?);
        }
    }
    let next_due_at = db
        .prepare_cached(
            "SELECT min(at_ms) FROM delivery WHERE endpoint = ?1 AND state = 2 AND at_ms > ?2",
        )?
        .query_row(params![endpoint.0.row_key(), now], |row| row.get(0))?;
    Ok(DueSlice { due, horizon, next_due_at })
}

/// A delivery that a recovery comes by.
struct Passed {
    seq: i64,
    line: i64,
    /// It ended, and in a way that is to be recovered.
    is_covered: bool,
}

fn recover_slice(
    batch: &mut Batch<'_>,
    endpoint: EndpointId,
    slice: &RecoverSlice,
) -> Result<Recovered, Failure> {
    let passed = pass(batch.sql, endpoint, slice)?;
    let (mut looked_at, mut resent) = (0, 0);
    for Passed { seq, line, is_covered } in &passed {
        // What was told of a record later, or is about to be, is not undone.
        let is_latest = match &slice.latest_for {
            None => true,
            Some(run) => {
                is_first_of_line(batch.sql, run, *line)? && !is_pending(batch.sql, *line, *seq)?
            }
        };
        if *is_covered {
            looked_at += 1;
        }
        if *is_covered && is_latest {
            DeliveryRow::at(*seq).make_due_alone(batch)?;
            resent += 1;
        }
    }
    Ok(Recovered {
        looked_at,
        resent,
        next: passed.last().filter(|_| passed.len() == slice.limit).map(|passed| passed.seq),
    })
}

/// The next deliveries of the range. Where only the latest of each line goes
/// out those that are not covered are among them: they may be the latest.
fn pass(db: &Db, endpoint: EndpointId, slice: &RecoverSlice) -> Result<Vec<Passed>, Failure> {
    let RecoverRange { since, until, only_dead } = slice.range;
    let select = match only_dead && slice.latest_for.is_none() {
        true => {
            "SELECT seq, state, object, record, connection FROM delivery INDEXED BY delivery_dead
             WHERE endpoint = ?1 AND seq >= ?2 AND seq < ?3 AND state = 5
             ORDER BY seq DESC LIMIT ?4"
        }
        false => {
            "SELECT seq, state, object, record, connection FROM delivery
             WHERE endpoint = ?1 AND seq >= ?2 AND seq < ?3
             ORDER BY seq DESC LIMIT ?4"
        }
    };
    let mut select = db.prepare_cached(select)?;
    let bounds = params![
        endpoint.0.row_key(),
        first_row_key_at(since),
        slice.before.min(first_row_key_at(until)),
        slice.limit as i64
    ];
    let passed = select.query_map(bounds, |row| {
        let (seq, record): (i64, String) = (row.get(0)?, row.get(3)?);
        let (object, connection): (String, i64) = (row.get(2)?, row.get(4)?);
        // By name: one that was sent again out of line is still about its record.
        let line = match record.is_empty() {
            true => -seq,
            false => line::line_name(endpoint, ConnectionNo(connection), &object, &record),
        };
        let state = State::from_row(row.get(1)?);
        let is_covered = !state.is_pending() && (!only_dead || state == State::Dead);
        Ok(Passed { seq, line, is_covered })
    })?;
    Ok(passed.collect::<Result<_, _>>()?)
}

/// Whether a run comes by this line for the first time: at its latest message.
fn is_first_of_line(db: &Db, run: &str, line: i64) -> Result<bool, Failure> {
    let noted = db
        .prepare_cached("INSERT OR IGNORE INTO recovered_line (run, line) VALUES (?1, ?2)")?
        .execute(params![run, line])?;
    Ok(noted > 0)
}

/// Whether a message of this line that is newer than `seq` is still to be sent.
fn is_pending(db: &Db, line: i64, seq: i64) -> Result<bool, Failure> {
    Ok(db
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM delivery
                            WHERE line = ?1 AND state IN (2, 3) AND seq > ?2)",
        )?
        .query_row(params![line, seq], |row| row.get(0))?)
}
