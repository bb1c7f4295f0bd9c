//! A row of the delivery table: what its columns hold, and the statements about one.
//!
//! Ended rows are rewritten in place: the columns that an end fills are as wide before
//! as after it, so that it moves nothing on its page.

use rusqlite::{Connection as Db, OptionalExtension, Row, params};
use turnbuckle_core::coalesce::Changed;
use turnbuckle_core::id::{ConnectionNo, DeliveryId, EndpointId, Stamp, UnixMs, WorkspaceId};

use crate::delivery::DueDelivery;
use crate::sqlite::delivery_log;
use crate::sqlite::failure::Failure;
use crate::sqlite::writer::Batch;

/// `delivery.last_status` while there was no answer: as wide as a real one.
pub const NO_STATUS: i64 = 999;

/// `delivery.duration` of no time at all, and as it begins: from there on three bytes wide.
const DURATION_ZERO: i64 = 1 << 15;
/// The longest that three bytes hold, two hours and more.
const DURATION_MAX: i64 = (1 << 23) - 1;

pub fn duration_to_row(duration_ms: u32) -> i64 {
    (DURATION_ZERO + i64::from(duration_ms)).min(DURATION_MAX)
}

pub fn duration_from_row(stored: i64) -> u32 {
    (stored - DURATION_ZERO) as u32
}

/// `delivery.change_type` of messages that stem from no change.
pub const NO_CHANGE_TYPE: i64 = 9;

/// `delivery.connection` of messages that stem from no change.
pub const NO_CONNECTION: ConnectionNo = ConnectionNo(0);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Head,
    Waiting,
    Delivered,
    Dead,
    Superseded,
}

impl State {
    pub fn to_row(self) -> i64 {
        match self {
            Self::Head => 2,
            Self::Waiting => 3,
            Self::Delivered => 4,
            Self::Dead => 5,
            Self::Superseded => 6,
        }
    }

    pub fn from_row(stored: i64) -> Self {
        match stored {
            2 => Self::Head,
            3 => Self::Waiting,
            4 => Self::Delivered,
            5 => Self::Dead,
            _ => Self::Superseded,
        }
    }

    pub fn is_pending(self) -> bool {
        matches!(self, Self::Head | Self::Waiting)
    }
}

/// What a message stems from.
#[derive(Clone, Copy)]
pub struct Cause {
    pub workspace: WorkspaceId,
    pub connection: ConnectionNo,
    /// Row key of the change, 0 for none.
    pub change: i64,
}

pub fn connection_from_row(stored: i64) -> Option<ConnectionNo> {
    Some(ConnectionNo(stored)).filter(|no| *no != NO_CONNECTION)
}

/// A message to be stored, in its line or alone.
pub struct NewDelivery<'a> {
    pub id: DeliveryId,
    pub cause: Cause,
    pub endpoint: EndpointId,
    pub line: i64,
    pub state: State,
    pub change_type: i64,
    pub object: &'a str,
    pub record: &'a str,
    pub changed: &'a Changed,
    pub body: &'a [u8],
}

impl NewDelivery<'_> {
    pub fn insert(&self, batch: &mut Batch<'_>) -> Result<(), Failure> {
        batch
            .sql
            .prepare_cached(
                "INSERT INTO delivery (seq, tail, workspace, endpoint, line, state, at_ms,
                     attempt_count, failure_count, last_status, connection, change, change_type,
                     object, record, changed, body)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 0, 0, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
            )?
            .execute(params![
                self.id.0.row_key(),
                self.id.0.tail(),
                self.cause.workspace.0,
                self.endpoint.0.row_key(),
                self.line,
                self.state.to_row(),
                batch.state.now(),
                NO_STATUS,
                self.cause.connection.0,
                self.cause.change,
                self.change_type,
                self.object,
                self.record,
                serde_json::to_string(self.changed)?,
                self.body
            ])?;
        Ok(())
    }
}

/// A row of the delivery table, by its key.
#[derive(Clone, Copy)]
pub struct DeliveryRow {
    seq: i64,
}

impl DeliveryRow {
    pub fn at(seq: i64) -> Self {
        Self { seq }
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
