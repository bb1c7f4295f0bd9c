//! Attempts and the heads that they were made of, on SQLite.

use rusqlite::{Connection as Db, OptionalExtension, params};
use turnbuckle_core::id::{DeliveryId, Stamp, UnixMs};

use crate::delivery::Attempt;
use crate::rules::attempt::{Head, Heads, Next, Retry};
use crate::rules::delivery::State;
use crate::sqlite::delivery_row::{DeliveryRow, NO_STATUS, duration_to_row};
use crate::sqlite::failure::Failure;
use crate::sqlite::writer::Batch;

fn status_to_row(attempt: &Attempt) -> i64 {
    attempt.status.map_or(NO_STATUS, i64::from)
}

/// Read apart from the update that follows: `RETURNING` would open a statement
/// journal, which copies every page that the update touches.
fn head(db: &Db, id: DeliveryId) -> Result<Option<Head>, Failure> {
    Ok(db
        .prepare_cached(
            "SELECT line, failure_count FROM delivery
             WHERE seq = ?1 AND tail = ?2 AND state = 2",
        )?
        .query_row(params![id.0.row_key(), id.0.tail()], |row| {
            Ok(Head { id, line: row.get(0)?, failure_count: row.get(1)? })
        })
        .optional()?)
}

pub fn is_head(db: &Db, id: DeliveryId) -> Result<bool, Failure> {
    Ok(head(db, id)?.is_some())
}

impl Heads for Batch<'_> {
    type Failure = Failure;

    fn head(&mut self, attempt: &Attempt) -> Result<Option<Head>, Failure> {
        head(self.sql, attempt.delivery)
    }

    fn log_failure(&mut self, attempt: &Attempt) -> Result<bool, Failure> {
        let logged = self
            .sql
            .prepare_cached(
                "INSERT INTO attempt
                     (delivery, number, at_ms, duration_ms, status, error, response_body)
                 SELECT seq, attempt_count + 1, ?3, ?4, ?5, ?6, ?7 FROM delivery
                 WHERE seq = ?1 AND tail = ?2 AND state = 2
                     AND NOT EXISTS (SELECT 1 FROM attempt
                                     WHERE attempt.delivery = ?1 AND attempt.at_ms = ?3)",
            )?
            .execute(params![
                attempt.delivery.0.row_key(),
                attempt.delivery.0.tail(),
                attempt.at,
                attempt.duration_ms,
                attempt.status,
                attempt.error,
                attempt.response_body.as_ref()
            ])?;
        Ok(logged > 0)
    }

    fn end(&mut self, head: Head, attempt: &Attempt, state: State) -> Result<(), Failure> {
        self.sql
            .prepare_cached(
                "UPDATE delivery
                 SET state = ?2, at_ms = ?3, attempt_count = attempt_count + 1, last_status = ?4,
                     duration = ?5
                 WHERE seq = ?1",
            )?
            .execute(params![
                head.id.0.row_key(),
                state.to_row(),
                attempt.at + UnixMs::from(attempt.duration_ms),
                status_to_row(attempt),
                duration_to_row(attempt.duration_ms)
            ])?;
        Ok(())
    }

    fn postpone(&mut self, head: Head, attempt: &Attempt, retry: Retry) -> Result<(), Failure> {
        self.sql
            .prepare_cached(
                "UPDATE delivery
                 SET at_ms = ?2, attempt_count = attempt_count + 1, failure_count = ?3,
                     last_status = ?4
                 WHERE seq = ?1",
            )?
            .execute(params![
                head.id.0.row_key(),
                retry.at,
                retry.failure_count,
                status_to_row(attempt)
            ])?;
        Ok(())
    }

    fn first_waiting(&mut self, head: Head) -> Result<Option<Next>, Failure> {
        Ok(self
            .sql
            .prepare_cached(
                // Named, since the planner would rather walk the endpoint's whole log.
                "SELECT waiting.seq, waiting.tail,
                     (SELECT coalesce FROM delivery_waiting
                      WHERE delivery_waiting.delivery = waiting.seq)
                 FROM delivery AS waiting INDEXED BY delivery_line
                 JOIN delivery AS head ON head.seq = ?2
                 WHERE waiting.line = ?1 AND waiting.state IN (2, 3) AND waiting.seq != ?2
                     AND waiting.endpoint = head.endpoint AND waiting.object = head.object
                     AND waiting.record = head.record AND waiting.connection = head.connection
                 ORDER BY waiting.seq LIMIT 1",
            )?
            .query_row(params![head.line, head.id.0.row_key()], |row| {
                Ok(Next {
                    id: DeliveryId(Stamp::from_row(row.get(0)?, row.get(1)?)),
                    coalesce: row.get::<_, Option<bool>>(2)?.unwrap_or_default(),
                })
            })
            .optional()?)
    }

    fn promote(&mut self, _: Head, next: Next) -> Result<(), Failure> {
        self.sql
            .prepare_cached("UPDATE delivery SET state = 2, at_ms = ?2 WHERE seq = ?1")?
            .execute(params![next.id.0.row_key(), self.state.now()])?;
        DeliveryRow::of(next.id).leave_waiting(self)
    }

    fn supersede(&mut self, head: Head, next: Next, retry: Retry) -> Result<(), Failure> {
        let superseding: Option<(i64, Option<String>, Option<Vec<u8>>)> = self
            .sql
            .prepare_cached(
                "SELECT superseding_type, superseding_changed, superseding_body
                 FROM delivery_waiting WHERE delivery = ?1",
            )?
            .query_row([next.id.0.row_key()], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
            .optional()?;
        let Some((change_type, changed, body)) = superseding else { return Ok(()) };
        DeliveryRow::of(head.id).supersede(self)?;
        self.sql
            .prepare_cached(
                "UPDATE delivery
                 SET state = 2, at_ms = ?2, failure_count = ?3, change_type = ?4,
                     changed = coalesce(?5, changed), body = coalesce(?6, body)
                 WHERE seq = ?1",
            )?
            .execute(params![
                next.id.0.row_key(),
                retry.at,
                retry.failure_count,
                change_type,
                changed,
                body
            ])?;
        DeliveryRow::of(next.id).leave_waiting(self)
    }
}
