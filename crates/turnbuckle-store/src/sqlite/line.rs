//! The line of messages to one endpoint about one record of one connection.
//!
//! At most one row of a line is its head (state 2); only heads are sent, so a
//! record's messages arrive in order. With coalescing at most one row waits
//! behind it (state 3) and later messages are merged into that one; without,
//! any number wait. Finishing the head promotes the next in the same
//! transaction. A head that failed and is to be retried gives way to a row
//! that waits to be merged, which takes over its place in the retry schedule;
//! while it waits for its next attempt, a message that may be merged takes that
//! place at once.

use bytes::Bytes;
use rusqlite::{Connection as Db, OptionalExtension, Row, params};
use turnbuckle_core::change::ChangeType;
use turnbuckle_core::coalesce::{Changed, Merged, Standing, unite};
use turnbuckle_core::id::{ConnectionNo, DeliveryId, EndpointId, Stamp, UnixMs, WorkspaceId};

use crate::StoreError;
use crate::delivery::{AfterAttempt, Attempt, Draft, DueDelivery, NewMessage};
use crate::error::Noun;
use crate::rules::numbers::{change_type_from_row, change_type_to_row};
use crate::sqlite::delivery_row::{
    Cause, DeliveryRow, NO_CHANGE_TYPE, NO_CONNECTION, NO_STATUS, NewDelivery, State,
    connection_from_row, duration_to_row,
};
use crate::sqlite::failure::Failure;
use crate::sqlite::writer::Batch;

/// Names a line: FNV-1a over its parts. Two lines may share a name; whoever
/// looks one up compares the parts.
pub fn line_name(
    endpoint: EndpointId,
    connection: ConnectionNo,
    object: &str,
    record: &str,
) -> i64 {
    let endpoint = endpoint.0.row_key().to_be_bytes();
    let connection = connection.0.to_be_bytes();
    let parts = [endpoint.as_slice(), &connection, object.as_bytes(), &[0], record.as_bytes()];
    let hash = parts.into_iter().flatten().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3)
    });
    // Positive: negative names belong to deliveries that stand alone.
    (hash >> 1) as i64
}

/// A pending row of a line.
struct Pending {
    stamp: Stamp,
    state: State,
    change_type: ChangeType,
    at: UnixMs,
    attempt_count: u32,
    failure_count: u32,
    /// May be merged with what comes next.
    coalesce: bool,
    changed: Changed,
}

impl Pending {
    fn read(row: &Row<'_>) -> Result<Self, Failure> {
        let changed = row.get_ref(8)?.as_str().map_err(rusqlite::Error::from)?;
        Ok(Self {
            stamp: Stamp::from_row(row.get(0)?, row.get(1)?),
            state: State::from_row(row.get(2)?),
            change_type: change_type_from_row(row.get(3)?).unwrap_or(ChangeType::Update),
            at: row.get(4)?,
            attempt_count: row.get(5)?,
            failure_count: row.get(6)?,
            coalesce: row.get::<_, Option<bool>>(7)?.unwrap_or_default(),
            changed: serde_json::from_str(changed)?,
        })
    }

    fn standing(&self) -> Standing {
        Standing {
            change_type: self.change_type,
            is_attempted: self.attempt_count > 0,
            // Whoever waits has a head before it, which the receiver may get; whose
            // line has failed took the place of one that it may have got.
            is_known: self.state == State::Waiting
                || self.failure_count > 0
                || self.change_type != ChangeType::Create,
        }
    }

    /// Whether this is a head that failed and is in nobody's hands: only heads
    /// that are due are handed out, as they are by [`settled`].
    fn waits_for_its_time(&self, now: UnixMs) -> bool {
        self.state == State::Head && self.failure_count > 0 && now < self.at
    }
}

/// The last rows of a line, two at most, in order. The first row of a line is its head.
fn last_pending(
    db: &Db,
    line: i64,
    connection: ConnectionNo,
    message: &NewMessage,
) -> Result<Vec<Pending>, Failure> {
    let mut select = db.prepare_cached(
        "SELECT seq, tail, state, change_type, at_ms, attempt_count, failure_count,
             (SELECT coalesce FROM delivery_waiting WHERE delivery_waiting.delivery = delivery.seq),
             changed
         FROM delivery INDEXED BY delivery_line
         WHERE line = ?1 AND state IN (2, 3) AND endpoint = ?2 AND object = ?3 AND record = ?4
             AND connection = ?5
         ORDER BY seq DESC LIMIT 2",
    )?;
    let mut rows = select.query(params![
        line,
        message.endpoint.0.row_key(),
        message.object,
        message.record,
        connection.0
    ])?;
    let mut pending = Vec::new();
    while let Some(row) = rows.next()? {
        pending.push(Pending::read(row)?);
    }
    pending.reverse();
    Ok(pending)
}

/// Puts a message into its line. Answers it if it became the head.
pub fn place(
    batch: &mut Batch<'_>,
    cause: Cause,
    message: &NewMessage,
) -> Result<Option<DueDelivery>, Failure> {
    let NewMessage { endpoint, object, record, .. } = message;
    let line = line_name(*endpoint, cause.connection, object, record);
    match last_pending(batch.sql, line, cause.connection, message)?.as_slice() {
        [] => insert(batch, cause, line, State::Head, message).map(Some),
        [head] if message.coalesce && head.waits_for_its_time(batch.state.now()) => {
            take_over(batch, cause, line, head, message).map(|()| None)
        }
        // Only the last one: merged into an earlier one it would overtake the rest.
        [.., before, last] if message.coalesce && last.coalesce && last.state == State::Waiting => {
            merge(batch, cause, before, last, message).map(|()| None)
        }
        [.., last] => {
            let waiting = insert(batch, cause, line, State::Waiting, message)?;
            let standing = Standing { is_known: true, ..Standing::new(message.change_type) };
            put_waiting(batch, last, waiting.id, standing, message, &message.changed)?;
            Ok(None)
        }
    }
}

fn insert(
    batch: &mut Batch<'_>,
    cause: Cause,
    line: i64,
    state: State,
    message: &NewMessage,
) -> Result<DueDelivery, Failure> {
    let id = DeliveryId(batch.state.mint());
    let body = Bytes::from(message.draft.body(id, message.change_type, &message.changed));
    let delivery = NewDelivery {
        id,
        cause,
        endpoint: message.endpoint,
        line,
        state,
        change_type: change_type_to_row(message.change_type),
        object: &message.object,
        record: &message.record,
        changed: &message.changed,
        body: &body,
    };
    delivery.insert(batch)?;
    Ok(fresh(id, cause, message.endpoint, body))
}

fn fresh(id: DeliveryId, cause: Cause, endpoint: EndpointId, body: Bytes) -> DueDelivery {
    DueDelivery {
        id,
        workspace: cause.workspace,
        endpoint,
        connection: connection_from_row(cause.connection.0),
        failure_count: 0,
        attempt_count: 0,
        first_attempt_at: None,
        body,
    }
}

/// Stores a message that stands in no line: a notice, a test.
pub fn insert_alone(
    batch: &mut Batch<'_>,
    workspace: WorkspaceId,
    endpoint: EndpointId,
    object: &str,
    draft: &dyn Draft,
) -> Result<DueDelivery, Failure> {
    let id = DeliveryId(batch.state.mint());
    let body = Bytes::from(draft.body(id, ChangeType::Update, &Changed::new()));
    let cause = Cause { workspace, connection: NO_CONNECTION, change: 0 };
    let delivery = NewDelivery {
        id,
        cause,
        endpoint,
        line: -id.0.row_key(),
        state: State::Head,
        change_type: NO_CHANGE_TYPE,
        object,
        record: "",
        changed: &Changed::new(),
        body: &body,
    };
    delivery.insert(batch)?;
    Ok(fresh(id, cause, endpoint, body))
}

/// Keeps what a row becomes if the one `before` it is given up for it: that
/// tells of the columns of both.
fn put_waiting(
    batch: &mut Batch<'_>,
    before: &Pending,
    id: DeliveryId,
    standing: Standing,
    message: &NewMessage,
    changed: &Changed,
) -> Result<(), Failure> {
    let superseding = before.standing().give_way_to(standing).change_type;
    let mut united = before.changed.clone();
    unite(&mut united, changed);
    let differs = superseding != standing.change_type || united != *changed;
    let body = differs.then(|| message.draft.body(id, superseding, &united));
    let united = differs.then(|| serde_json::to_string(&united)).transpose()?;
    batch
        .sql
        .prepare_cached(
            "INSERT OR REPLACE INTO delivery_waiting
                 (delivery, coalesce, superseding_type, superseding_changed, superseding_body)
             VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![
            id.0.row_key(),
            message.coalesce,
            change_type_to_row(superseding),
            united,
            body
        ])?;
    Ok(())
}

/// Merges a message into the row that waits; its id stays, nobody has seen it.
fn merge(
    batch: &mut Batch<'_>,
    cause: Cause,
    before: &Pending,
    waiting: &Pending,
    message: &NewMessage,
) -> Result<(), Failure> {
    let seq = waiting.stamp.row_key();
    let merged = match waiting.standing().merge(message.change_type) {
        Merged::Nothing => return DeliveryRow::at(seq).remove(batch),
        Merged::Rewritten(merged) | Merged::Superseded(merged) => merged,
    };
    let id = DeliveryId(waiting.stamp);
    let mut changed = waiting.changed.clone();
    unite(&mut changed, &message.changed);
    rewrite(batch, cause, id, merged, message, &changed)?;
    put_waiting(batch, before, id, merged, message, &changed)
}

/// Gives a row that nobody has seen the newest data.
fn rewrite(
    batch: &mut Batch<'_>,
    cause: Cause,
    id: DeliveryId,
    merged: Standing,
    message: &NewMessage,
    changed: &Changed,
) -> Result<(), Failure> {
    batch
        .sql
        .prepare_cached(
            "UPDATE delivery SET change = ?2, change_type = ?3, changed = ?4, body = ?5
             WHERE seq = ?1",
        )?
        .execute(params![
            id.0.row_key(),
            cause.change,
            change_type_to_row(merged.change_type),
            serde_json::to_string(changed)?,
            message.draft.body(id, merged.change_type, changed)
        ])?;
    Ok(())
}

/// Puts a message in the place of a head that waits for its time, and in its
/// place in the retry schedule.
fn take_over(
    batch: &mut Batch<'_>,
    cause: Cause,
    line: i64,
    head: &Pending,
    message: &NewMessage,
) -> Result<(), Failure> {
    let mut changed = head.changed.clone();
    unite(&mut changed, &message.changed);
    match head.standing().merge(message.change_type) {
        Merged::Nothing => DeliveryRow::at(head.stamp.row_key()).remove(batch),
        Merged::Rewritten(merged) => {
            rewrite(batch, cause, DeliveryId(head.stamp), merged, message, &changed)
        }
        Merged::Superseded(merged) => {
            DeliveryRow::at(head.stamp.row_key()).supersede(batch)?;
            let message =
                NewMessage { change_type: merged.change_type, changed, ..message.clone() };
            let next = insert(batch, cause, line, State::Head, &message)?;
            DeliveryRow::at(next.id.0.row_key()).schedule(batch, head.at, head.failure_count)
        }
    }
}

/// Those of these heads that are heads still, each that has failed as it is now:
/// it may have become a newer message under the same id.
pub fn settled(
    db: &Db,
    endpoint: EndpointId,
    due: &[DueDelivery],
) -> Result<Vec<DueDelivery>, Failure> {
    let mut settled = Vec::with_capacity(due.len());
    for due in due {
        match due.failure_count {
            0 => settled.push(due.clone()),
            _ if head(db, due.id)?.is_some() => {
                settled.extend(DeliveryRow::at(due.id.0.row_key()).read_due(db, endpoint)?);
            }
            _ => {}
        }
    }
    Ok(settled)
}

/// Records an attempt of a head and moves its line on. Answers the row that
/// became due now by it. An attempt recorded twice counts once.
pub fn finish(batch: &mut Batch<'_>, attempt: &Attempt) -> Result<Option<DueDelivery>, Failure> {
    if attempt.next != AfterAttempt::Delivered && !log_failure(batch.sql, attempt)? {
        return Ok(None);
    }
    let line = match attempt.next {
        AfterAttempt::Delivered => end(batch, attempt, State::Delivered)?,
        AfterAttempt::Dead => end(batch, attempt, State::Dead)?,
        AfterAttempt::RetryAt(at) => return retry(batch, attempt, at).map(|()| None),
    };
    let Some(line) = line.filter(|line| *line > 0) else { return Ok(None) };
    let Some(next) = first_waiting(batch.sql, line, attempt.delivery.0.row_key())? else {
        return Ok(None);
    };
    batch
        .sql
        .prepare_cached("UPDATE delivery SET state = 2, at_ms = ?2 WHERE seq = ?1")?
        .execute(params![next, batch.state.now()])?;
    DeliveryRow::at(next).leave_waiting(batch)?;
    DeliveryRow::at(next).read_due(batch.sql, attempt.endpoint)
}

/// The line and failures of a delivery that is a head; `None` if it is no head
/// any more, e.g. because it is recorded twice.
///
/// Read apart from the update that follows: `RETURNING` would open a statement
/// journal, which copies every page that the update touches.
fn head(db: &Db, delivery: DeliveryId) -> Result<Option<(i64, u32)>, Failure> {
    Ok(db
        .prepare_cached(
            "SELECT line, failure_count FROM delivery
             WHERE seq = ?1 AND tail = ?2 AND state = 2",
        )?
        .query_row(params![delivery.0.row_key(), delivery.0.tail()], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()?)
}

/// Ends a head; answers its line.
fn end(batch: &mut Batch<'_>, attempt: &Attempt, state: State) -> Result<Option<i64>, Failure> {
    let Some((line, _)) = head(batch.sql, attempt.delivery)? else { return Ok(None) };
    batch
        .sql
        .prepare_cached(
            "UPDATE delivery
             SET state = ?2, at_ms = ?3, attempt_count = attempt_count + 1, last_status = ?4,
                 duration = ?5
             WHERE seq = ?1",
        )?
        .execute(params![
            attempt.delivery.0.row_key(),
            state.to_row(),
            attempt.at + UnixMs::from(attempt.duration_ms),
            attempt.status.map_or(NO_STATUS, i64::from),
            duration_to_row(attempt.duration_ms)
        ])?;
    Ok(Some(line))
}

/// Logs a failed attempt; `false` if its delivery is no head any more or the
/// attempt is in the log already.
fn log_failure(db: &Db, attempt: &Attempt) -> Result<bool, Failure> {
    let logged = db
        .prepare_cached(
            "INSERT INTO attempt
                 (delivery, number, at_ms, duration_ms, status, error, response_body)
             SELECT seq, attempt_count + 1, ?3, ?4, ?5, ?6, ?7 FROM delivery
             WHERE seq = ?1 AND tail = ?2 AND state = 2
                 AND NOT EXISTS (SELECT 1 FROM attempt WHERE attempt.delivery = ?1 AND attempt.at_ms = ?3)",
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

/// The oldest row that waits in the line of `head`.
fn first_waiting(db: &Db, line: i64, head: i64) -> Result<Option<i64>, Failure> {
    Ok(db
        .prepare_cached(
            // Named, since the planner would rather walk the endpoint's whole log.
            "SELECT waiting.seq FROM delivery AS waiting INDEXED BY delivery_line
             JOIN delivery AS head ON head.seq = ?2
             WHERE waiting.line = ?1 AND waiting.state IN (2, 3) AND waiting.seq != ?2
                 AND waiting.endpoint = head.endpoint AND waiting.object = head.object
                 AND waiting.record = head.record AND waiting.connection = head.connection
             ORDER BY waiting.seq LIMIT 1",
        )?
        .query_row(params![line, head], |row| row.get(0))
        .optional()?)
}

/// Lets a head try again later, or gives its place to the row that waits to be merged.
fn retry(batch: &mut Batch<'_>, attempt: &Attempt, at: UnixMs) -> Result<(), Failure> {
    let seq = attempt.delivery.0.row_key();
    let Some((line, failure_count)) = head(batch.sql, attempt.delivery)? else { return Ok(()) };
    let failure_count = failure_count + 1;
    batch
        .sql
        .prepare_cached(
            "UPDATE delivery
             SET at_ms = ?2, attempt_count = attempt_count + 1, failure_count = ?3,
                 last_status = ?4
             WHERE seq = ?1",
        )?
        .execute(params![seq, at, failure_count, attempt.status.map_or(NO_STATUS, i64::from)])?;
    if line < 0 {
        return Ok(());
    }
    let Some(next) = first_waiting(batch.sql, line, seq)? else { return Ok(()) };
    let superseding: Option<(i64, Option<String>, Option<Vec<u8>>)> = batch
        .sql
        .prepare_cached(
            "SELECT superseding_type, superseding_changed, superseding_body FROM delivery_waiting
             WHERE delivery = ?1 AND coalesce",
        )?
        .query_row([next], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    let Some((change_type, changed, body)) = superseding else { return Ok(()) };
    DeliveryRow::at(seq).supersede(batch)?;
    batch
        .sql
        .prepare_cached(
            "UPDATE delivery
             SET state = 2, at_ms = ?2, failure_count = ?3, change_type = ?4,
                 changed = coalesce(?5, changed), body = coalesce(?6, body)
             WHERE seq = ?1",
        )?
        .execute(params![next, at, failure_count, change_type, changed, body])?;
    DeliveryRow::at(next).leave_waiting(batch)
}

/// Makes a delivery due again. Answers what is due by it: one that waits is not
/// sent before the head of its line, so it is the head whose wait is cut short.
pub fn resend(
    batch: &mut Batch<'_>,
    workspace: WorkspaceId,
    id: DeliveryId,
) -> Result<DueDelivery, Failure> {
    let found: Option<(i64, i64, i64)> = batch
        .sql
        .prepare_cached(
            "SELECT endpoint.seq, endpoint.tail, delivery.state FROM delivery
             JOIN endpoint ON endpoint.seq = delivery.endpoint
             WHERE delivery.seq = ?1 AND delivery.tail = ?2 AND delivery.workspace = ?3",
        )?
        .query_row(params![id.0.row_key(), id.0.tail(), workspace.0], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .optional()?;
    let not_found = || StoreError::not_found(Noun::Delivery, id);
    let (endpoint, tail, state) = found.ok_or_else(not_found)?;
    let row = DeliveryRow::at(id.0.row_key());
    let due = match State::from_row(state) {
        State::Delivered | State::Dead | State::Superseded => {
            row.make_due_alone(batch)?;
            row
        }
        State::Head | State::Waiting => {
            let head = row.head_of_line(batch.sql)?.ok_or_else(not_found)?;
            head.cut_wait_short(batch)?;
            head
        }
    };
    let endpoint = EndpointId(Stamp::from_row(endpoint, tail));
    Ok(due.read_due(batch.sql, endpoint)?.ok_or_else(not_found)?)
}

#[cfg(test)]
mod tests;
