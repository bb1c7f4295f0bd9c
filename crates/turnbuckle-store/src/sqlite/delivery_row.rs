//! A row of the delivery table: what its columns hold, and the statements about one.
//!
//! Ended rows are rewritten in place: the columns that an end fills are as wide before
//! as after it, so that it moves nothing on its page.

use rusqlite::{Connection as Db, OptionalExtension, Row, params};
use turnbuckle_core::id::{DeliveryId, EndpointId, Stamp, UnixMs, WorkspaceId};

use crate::delivery::DueDelivery;
use crate::rules::delivery::{DURATION_MS_MAX, NewDelivery, connection_from_row};
use crate::rules::numbers::change_type_to_row;
use crate::sqlite::delivery_log;
use crate::sqlite::failure::Failure;
use crate::sqlite::writer::Batch;

/// `delivery.last_status` while there was no answer: as wide as a real one.
pub const NO_STATUS: i64 = 999;

/// `delivery.duration` of no time at all, and as it begins: from there on three bytes wide.
pub const DURATION_ZERO: i64 = 1 << 15;

pub fn duration_to_row(duration_ms: u32) -> i64 {
    DURATION_ZERO + i64::from(duration_ms.min(DURATION_MS_MAX))
}

pub fn duration_from_row(stored: i64) -> u32 {
    (stored - DURATION_ZERO) as u32
}

/// `delivery.change_type` of messages that stem from no change.
pub const NO_CHANGE_TYPE: i64 = 9;

/// A row of the delivery table, by its key.
#[derive(Clone, Copy)]
pub struct DeliveryRow {
    seq: i64,
}

impl DeliveryRow {
    pub fn at(seq: i64) -> Self {
        Self { seq }
    }

    pub fn of(id: DeliveryId) -> Self {
        Self::at(id.0.row_key())
    }

    pub fn insert(batch: &mut Batch<'_>, delivery: NewDelivery<'_>) -> Result<(), Failure> {
        let NewDelivery { id, line, state, change, change_type, changed, body } = delivery;
        batch
            .sql
            .prepare_cached(
                "INSERT INTO delivery (seq, tail, workspace, endpoint, line, state, at_ms,
                     attempt_count, failure_count, last_status, connection, change, change_type,
                     object, record, changed, body)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 0, 0, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
            )?
            .execute(params![
                id.0.row_key(),
                id.0.tail(),
                line.workspace.0,
                line.endpoint.0.row_key(),
                line.name,
                state.to_row(),
                batch.state.now(),
                NO_STATUS,
                line.connection.0,
                change.map_or(0, |change| change.0.row_key()),
                change_type.map_or(NO_CHANGE_TYPE, change_type_to_row),
                line.object,
                line.record,
                serde_json::to_string(changed)?,
                body.as_ref()
            ])?;
        Ok(())
    }

    pub fn leave_waiting(self, batch: &mut Batch<'_>) -> Result<(), Failure> {
        batch
            .sql
            .prepare_cached("DELETE FROM delivery_waiting WHERE delivery = ?1")?
            .execute([self.seq])?;
        Ok(())
    }

    /// Takes away what was never sent and need not be.
    pub fn remove(self, batch: &mut Batch<'_>) -> Result<(), Failure> {
        batch.sql.prepare_cached("DELETE FROM delivery WHERE seq = ?1")?.execute([self.seq])?;
        self.leave_waiting(batch)
    }

    /// Ends a head that was attempted: another row says what it would have said.
    pub fn supersede(self, batch: &mut Batch<'_>) -> Result<(), Failure> {
        batch
            .sql
            .prepare_cached("UPDATE delivery SET state = 6, at_ms = ?2 WHERE seq = ?1")?
            .execute(params![self.seq, batch.state.now()])?;
        Ok(())
    }

    /// Gives a row a place in the retry schedule.
    pub fn schedule(
        self,
        batch: &mut Batch<'_>,
        at: UnixMs,
        failure_count: u32,
    ) -> Result<(), Failure> {
        batch
            .sql
            .prepare_cached("UPDATE delivery SET at_ms = ?2, failure_count = ?3 WHERE seq = ?1")?
            .execute(params![self.seq, at, failure_count])?;
        Ok(())
    }

    /// Makes a head due now, if it is not yet.
    pub fn cut_wait_short(self, batch: &mut Batch<'_>) -> Result<(), Failure> {
        batch
            .sql
            .prepare_cached("UPDATE delivery SET at_ms = min(at_ms, ?2) WHERE seq = ?1")?
            .execute(params![self.seq, batch.state.now()])?;
        Ok(())
    }

    /// Makes an ended delivery the head of a line of its own, due now, at the
    /// start of the retry schedule.
    pub fn make_due_alone(self, batch: &mut Batch<'_>) -> Result<(), Failure> {
        self.log_success(batch.sql)?;
        batch
            .sql
            .prepare_cached(
                "UPDATE delivery SET state = 2, line = -seq, at_ms = ?2, failure_count = 0
                 WHERE seq = ?1",
            )?
            .execute(params![self.seq, batch.state.now()])?;
        Ok(())
    }

    /// Keeps the success of a delivered row, which only the row itself tells of, among
    /// the other attempts.
    fn log_success(self, db: &Db) -> Result<(), Failure> {
        let Some(success) = delivery_log::success(db, self.seq)? else { return Ok(()) };
        db.prepare_cached(
            "INSERT INTO attempt
                 (delivery, number, at_ms, duration_ms, status, error, response_body)
             VALUES (?1, ?2, ?3, ?4, ?5, NULL, NULL)",
        )?
        .execute(params![
            self.seq,
            success.number,
            success.at,
            success.duration_ms,
            success.status
        ])?;
        Ok(())
    }

    /// The head of the line that this pending row stands in; perhaps itself.
    pub fn head_of_line(self, db: &Db) -> Result<Option<Self>, Failure> {
        Ok(db
            .prepare_cached(
                "SELECT head.seq FROM delivery AS head
                 JOIN delivery AS this ON this.seq = ?1
                 WHERE head.line = this.line AND head.state IN (2, 3) AND head.state = 2
                     AND head.endpoint = this.endpoint AND head.object = this.object
                     AND head.record = this.record AND head.connection = this.connection
                 ORDER BY head.seq LIMIT 1",
            )?
            .query_row([self.seq], |row| row.get(0).map(Self::at))
            .optional()?)
    }

    /// What a worker needs to send it.
    pub fn read_due(self, db: &Db, endpoint: EndpointId) -> Result<Option<DueDelivery>, Failure> {
        let read = |row: &Row<'_>| {
            Ok(DueDelivery {
                id: DeliveryId(Stamp::from_row(self.seq, row.get(0)?)),
                workspace: WorkspaceId(row.get(1)?),
                endpoint,
                attempt_count: row.get(2)?,
                failure_count: row.get(3)?,
                body: row.get::<_, Vec<u8>>(4)?.into(),
                first_attempt_at: row.get(5)?,
                connection: connection_from_row(row.get(6)?),
            })
        };
        Ok(db
            .prepare_cached(
                "SELECT tail, workspace, attempt_count, failure_count, body,
                     CASE WHEN failure_count > 0
                          THEN (SELECT min(attempt.at_ms) FROM attempt
                                WHERE attempt.delivery = delivery.seq
                                    AND attempt.response_body IS NOT NULL) END,
                     connection
                 FROM delivery WHERE seq = ?1",
            )?
            .query_row([self.seq], read)
            .optional()?)
    }
}
