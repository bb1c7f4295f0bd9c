//! The line of messages to one endpoint about one record.
//!
//! At most one row of a line is its head (state 2); only heads are sent, so a
//! record's messages arrive in order. With coalescing at most one row waits
//! behind it (state 3) and later messages are merged into that one; without,
//! any number wait. Finishing the head promotes the next in the same
//! transaction. A head that failed and is to be retried gives way to a row
//! that waits to be merged, which takes over its place in the retry schedule.

use bytes::Bytes;
use rusqlite::{Connection as Db, OptionalExtension, Row, params};
use turnbuckle_core::change::ChangeType;
use turnbuckle_core::coalesce::{Merged, Standing, unite};
use turnbuckle_core::id::{DeliveryId, EndpointId, Stamp, UnixMs, WorkspaceId};

use crate::StoreError;
use crate::delivery::{AfterAttempt, Attempt, Draft, DueDelivery, NewMessage};
use crate::error::Noun;
use crate::sqlite::change::{change_type_from_row, change_type_to_row};
use crate::sqlite::failure::Failure;
use crate::sqlite::writer::Batch;

/// `delivery.last_status` while there was no answer: as wide as a real one.
pub const NO_STATUS: i64 = 999;

/// `delivery.change_type` of messages that stem from no change.
const NO_CHANGE_TYPE: i64 = 9;

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
}

/// Names a line: FNV-1a over its parts. Two lines may share a name; whoever
/// looks one up compares the parts.
pub fn line_name(endpoint: EndpointId, object: &str, record: &str) -> i64 {
    let endpoint = endpoint.0.row_key().to_be_bytes();
    let parts = [endpoint.as_slice(), object.as_bytes(), &[0], record.as_bytes()];
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
    attempt_count: u32,
}

impl Pending {
    fn read(row: &Row<'_>) -> Result<Self, rusqlite::Error> {
        Ok(Self {
            stamp: Stamp::from_row(row.get(0)?, row.get(1)?),
            state: State::from_row(row.get(2)?),
            change_type: change_type_from_row(row.get(3)?).unwrap_or(ChangeType::Update),
            attempt_count: row.get(4)?,
        })
    }

    fn standing(&self) -> Standing {
        Standing {
            change_type: self.change_type,
            is_attempted: self.attempt_count > 0,
            // Whoever waits has a head before it, which the receiver may get.
            is_known: self.state == State::Waiting || self.change_type != ChangeType::Create,
        }
    }
}

fn pending(db: &Db, line: i64, message: &NewMessage) -> Result<Vec<Pending>, Failure> {
    let mut select = db.prepare_cached(
        "SELECT seq, tail, state, change_type, attempt_count FROM delivery INDEXED BY delivery_line
         WHERE line = ?1 AND state IN (2, 3) AND endpoint = ?2 AND object = ?3 AND record = ?4
         ORDER BY seq",
    )?;
    let rows = select.query_map(
        params![line, message.endpoint.0.row_key(), message.object, message.record],
        Pending::read,
    )?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Puts a message into its line. Answers it if it became the head.
pub fn place(
    batch: &mut Batch<'_>,
    workspace: WorkspaceId,
    change: i64,
    message: &NewMessage,
) -> Result<Option<DueDelivery>, Failure> {
    let line = line_name(message.endpoint, &message.object, &message.record);
    let pending = pending(batch.sql, line, message)?;
    let Some(head) = pending.first() else {
        return insert(batch, workspace, change, line, State::Head, message).map(Some);
    };
    match pending.iter().find(|row| message.coalesce && row.state == State::Waiting) {
        Some(waiting) => merge(batch, change, head, waiting, message)?,
        None => {
            let waiting = insert(batch, workspace, change, line, State::Waiting, message)?;
            let standing = Standing { is_known: true, ..Standing::new(message.change_type) };
            put_waiting(batch, head, waiting.id, standing, message, &message.changed)?;
        }
    }
    Ok(None)
}

fn insert(
    batch: &mut Batch<'_>,
    workspace: WorkspaceId,
    change: i64,
    line: i64,
    state: State,
    message: &NewMessage,
) -> Result<DueDelivery, Failure> {
    let id = DeliveryId(batch.state.mint());
    let body = Bytes::from(message.draft.body(id, message.change_type, &message.changed));
    let delivery = NewDelivery {
        id,
        workspace,
        endpoint: message.endpoint,
        line,
        state,
        change,
        change_type: change_type_to_row(message.change_type),
        object: &message.object,
        record: &message.record,
        body: &body,
    };
    delivery.insert(batch)?;
    Ok(fresh(id, workspace, message.endpoint, body))
}

fn fresh(id: DeliveryId, workspace: WorkspaceId, endpoint: EndpointId, body: Bytes) -> DueDelivery {
    DueDelivery {
        id,
        workspace,
        endpoint,
        failure_count: 0,
        attempt_count: 0,
        first_attempt_at: None,
        body,
    }
}

struct NewDelivery<'a> {
    id: DeliveryId,
    workspace: WorkspaceId,
    endpoint: EndpointId,
    line: i64,
    state: State,
    change: i64,
    change_type: i64,
    object: &'a str,
    record: &'a str,
    body: &'a [u8],
}

impl NewDelivery<'_> {
    fn insert(&self, batch: &mut Batch<'_>) -> Result<(), Failure> {
        batch
            .sql
            .prepare_cached(
                "INSERT INTO delivery (seq, tail, workspace, endpoint, line, state, at_ms,
                     attempt_count, failure_count, last_status, change, change_type, object,
                     record, body)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 0, 0, ?8, ?9, ?10, ?11, ?12, ?13)",
            )?
            .execute(params![
                self.id.0.row_key(),
                self.id.0.tail(),
                self.workspace.0,
                self.endpoint.0.row_key(),
                self.line,
                self.state.to_row(),
                batch.state.now(),
                NO_STATUS,
                self.change,
                self.change_type,
                self.object,
                self.record,
                self.body
            ])?;
        Ok(())
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
    let body = Bytes::from(draft.body(id, ChangeType::Update, &[]));
    let delivery = NewDelivery {
        id,
        workspace,
        endpoint,
        line: -id.0.row_key(),
        state: State::Head,
        change: 0,
        change_type: NO_CHANGE_TYPE,
        object,
        record: "",
        body: &body,
    };
    delivery.insert(batch)?;
    Ok(fresh(id, workspace, endpoint, body))
}

/// Keeps what a row needs while it waits behind `head`.
fn put_waiting(
    batch: &mut Batch<'_>,
    head: &Pending,
    id: DeliveryId,
    standing: Standing,
    message: &NewMessage,
    changed: &[String],
) -> Result<(), Failure> {
    let superseding = head.standing().give_way_to(standing).change_type;
    let body =
        (superseding != standing.change_type).then(|| message.draft.body(id, superseding, changed));
    batch
        .sql
        .prepare_cached(
            "INSERT OR REPLACE INTO delivery_waiting
                 (delivery, coalesce, changed, superseding_type, superseding_body)
             VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![
            id.0.row_key(),
            message.coalesce,
            serde_json::to_string(changed)?,
            change_type_to_row(superseding),
            body
        ])?;
    Ok(())
}

/// Merges a message into the row that waits; its id stays, nobody has seen it.
fn merge(
    batch: &mut Batch<'_>,
    change: i64,
    head: &Pending,
    waiting: &Pending,
    message: &NewMessage,
) -> Result<(), Failure> {
    let seq = waiting.stamp.row_key();
    let merged = match waiting.standing().merge(message.change_type) {
        Merged::Nothing => {
            batch.sql.prepare_cached("DELETE FROM delivery WHERE seq = ?1")?.execute([seq])?;
            DeliveryRow::at(seq).leave_waiting(batch)?;
            return Ok(());
        }
        Merged::Rewritten(merged) | Merged::Superseded(merged) => merged,
    };
    let id = DeliveryId(waiting.stamp);
    let changed: String = batch
        .sql
        .prepare_cached("SELECT changed FROM delivery_waiting WHERE delivery = ?1")?
        .query_row([seq], |row| row.get(0))?;
    let mut changed: Vec<String> = serde_json::from_str(&changed)?;
    unite(&mut changed, &message.changed);
    batch
        .sql
        .prepare_cached(
            "UPDATE delivery SET change = ?2, change_type = ?3, body = ?4 WHERE seq = ?1",
        )?
        .execute(params![
            seq,
            change,
            change_type_to_row(merged.change_type),
            message.draft.body(id, merged.change_type, &changed)
        ])?;
    put_waiting(batch, head, id, merged, message, &changed)
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

    fn leave_waiting(self, batch: &mut Batch<'_>) -> Result<(), Failure> {
        batch
            .sql
            .prepare_cached("DELETE FROM delivery_waiting WHERE delivery = ?1")?
            .execute([self.seq])?;
        Ok(())
    }

    /// Makes an ended delivery the head of a line of its own, due now, at the
    /// start of the retry schedule.
    pub fn make_due_alone(self, batch: &mut Batch<'_>) -> Result<(), Failure> {
        batch
            .sql
            .prepare_cached(
                "UPDATE delivery SET state = 2, line = -seq, at_ms = ?2, failure_count = 0
                 WHERE seq = ?1",
            )?
            .execute(params![self.seq, batch.state.now()])?;
        Ok(())
    }

    fn read_due(self, db: &Db, endpoint: EndpointId) -> Result<Option<DueDelivery>, Failure> {
        Ok(db
            .prepare_cached(
                "SELECT tail, workspace, attempt_count, failure_count, body FROM delivery
                 WHERE seq = ?1",
            )?
            .query_row([self.seq], |row| {
                Ok(DueDelivery {
                    id: DeliveryId(Stamp::from_row(self.seq, row.get(0)?)),
                    workspace: WorkspaceId(row.get(1)?),
                    endpoint,
                    attempt_count: row.get(2)?,
                    failure_count: row.get(3)?,
                    first_attempt_at: None,
                    body: row.get::<_, Vec<u8>>(4)?.into(),
                })
            })
            .optional()?)
    }
}

/// Records an attempt of a head and moves its line on. Answers the row that
/// became due now by it.
pub fn finish(batch: &mut Batch<'_>, attempt: &Attempt) -> Result<Option<DueDelivery>, Failure> {
    let seq = attempt.delivery.0.row_key();
    let line = match attempt.next {
        AfterAttempt::Delivered => end(batch, attempt, State::Delivered)?,
        AfterAttempt::Dead => {
            log_failure(batch.sql, attempt)?;
            end(batch, attempt, State::Dead)?
        }
        AfterAttempt::RetryAt(at) => {
            log_failure(batch.sql, attempt)?;
            return retry(batch, attempt, at).map(|()| None);
        }
    };
    let Some(line) = line.filter(|line| *line > 0) else { return Ok(None) };
    let Some(next) = first_waiting(batch.sql, line, seq)? else { return Ok(None) };
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
             SET state = ?2, at_ms = ?3, attempt_count = attempt_count + 1, last_status = ?4
             WHERE seq = ?1",
        )?
        .execute(params![
            attempt.delivery.0.row_key(),
            state.to_row(),
            attempt.at + UnixMs::from(attempt.duration_ms),
            attempt.status.map_or(NO_STATUS, i64::from)
        ])?;
    Ok(Some(line))
}

fn log_failure(db: &Db, attempt: &Attempt) -> Result<(), Failure> {
    db.prepare_cached(
        "INSERT INTO attempt (delivery, number, at_ms, duration_ms, status, error, response_body)
         SELECT seq, attempt_count + 1, ?2, ?3, ?4, ?5, ?6 FROM delivery
         WHERE seq = ?1 AND state = 2",
    )?
    .execute(params![
        attempt.delivery.0.row_key(),
        attempt.at,
        attempt.duration_ms,
        attempt.status,
        attempt.error,
        attempt.response_body.as_ref()
    ])?;
    Ok(())
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
                 AND waiting.record = head.record
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
    let superseding: Option<(i64, Option<Vec<u8>>)> = batch
        .sql
        .prepare_cached(
            "SELECT superseding_type, superseding_body FROM delivery_waiting
             WHERE delivery = ?1 AND coalesce",
        )?
        .query_row([next], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((change_type, body)) = superseding else { return Ok(()) };
    batch
        .sql
        .prepare_cached("UPDATE delivery SET state = 6, at_ms = ?2 WHERE seq = ?1")?
        .execute(params![seq, batch.state.now()])?;
    batch
        .sql
        .prepare_cached(
            "UPDATE delivery
             SET state = 2, at_ms = ?2, failure_count = ?3, change_type = ?4,
                 body = coalesce(?5, body)
             WHERE seq = ?1",
        )?
        .execute(params![next, at, failure_count, change_type, body])?;
    DeliveryRow::at(next).leave_waiting(batch)
}

/// Makes an ended delivery due again.
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
    // One that is still pending goes out anyway: only its wait is cut short.
    match State::from_row(state) {
        State::Waiting => {}
        State::Head => {
            batch
                .sql
                .prepare_cached("UPDATE delivery SET at_ms = ?2 WHERE seq = ?1")?
                .execute(params![row.seq, batch.state.now()])?;
        }
        State::Delivered | State::Dead | State::Superseded => row.make_due_alone(batch)?,
    }
    let endpoint = EndpointId(Stamp::from_row(endpoint, tail));
    Ok(row.read_due(batch.sql, endpoint)?.ok_or_else(not_found)?)
}
