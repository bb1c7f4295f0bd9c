//! The line of messages to one endpoint about one record of one connection, and
//! where a message is placed in it.
//!
//! At most one row of a line is its head; only heads are sent, so a record's
//! messages arrive in order. With coalescing at most one row waits behind it
//! and later messages are merged into that one; without, any number wait.
//! Finishing the head promotes the next in the same transaction
//! ([`crate::rules::attempt`]). A head that failed and is to be retried gives way
//! to a row that waits to be merged, which takes over its place in the retry
//! schedule; while it waits for its next attempt, a message that may be merged
//! takes that place at once.
//!
//! What is decided here is decided alike on every engine. An engine hands its
//! rows in as [`Lines`]: one asks its database at every step, another has read
//! them before and writes what became of them afterwards.

use bytes::Bytes;
use turnbuckle_core::change::ChangeType;
use turnbuckle_core::coalesce::{Changed, Merged, Standing, unite};
use turnbuckle_core::id::{ChangeId, ConnectionNo, DeliveryId, EndpointId, UnixMs, WorkspaceId};

use crate::delivery::{Draft, DueDelivery, NewMessage};
use crate::rules::delivery::{NO_CONNECTION, NewDelivery, State};

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

/// The change that a message stems from.
#[derive(Debug, Clone, Copy)]
pub struct Cause {
    pub workspace: WorkspaceId,
    pub connection: ConnectionNo,
    pub change: ChangeId,
}

/// Which line a message stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Line<'a> {
    pub name: i64,
    pub workspace: WorkspaceId,
    pub endpoint: EndpointId,
    pub connection: ConnectionNo,
    pub object: &'a str,
    pub record: &'a str,
}

impl<'a> Line<'a> {
    pub fn of(cause: Cause, message: &'a NewMessage) -> Self {
        let NewMessage { endpoint, object, record, .. } = message;
        Self {
            name: line_name(*endpoint, cause.connection, object, record),
            workspace: cause.workspace,
            endpoint: *endpoint,
            connection: cause.connection,
            object,
            record,
        }
    }

    /// That of a message that stems from no change.
    fn alone(
        id: DeliveryId,
        workspace: WorkspaceId,
        endpoint: EndpointId,
        object: &'a str,
    ) -> Self {
        let (name, connection) = (-id.0.row_key(), NO_CONNECTION);
        Self { name, workspace, endpoint, connection, object, record: "" }
    }
}

/// A pending row of a line.
#[derive(Debug, Clone)]
pub struct Pending {
    pub id: DeliveryId,
    pub state: State,
    pub change_type: ChangeType,
    pub at: UnixMs,
    pub attempt_count: u32,
    pub failure_count: u32,
    /// It waits, and may be merged with what comes next.
    pub coalesce: bool,
    pub changed: Changed,
}

impl Pending {
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
    /// that are due are handed out.
    fn waits_for_its_time(&self, now: UnixMs) -> bool {
        self.state == State::Head && self.failure_count > 0 && now < self.at
    }
}

/// What a row tells.
#[derive(Debug, Clone)]
pub struct Contents {
    pub change: ChangeId,
    pub change_type: ChangeType,
    pub changed: Changed,
    pub body: Bytes,
}

/// What a row that waits becomes if the one before it is given up for it.
#[derive(Debug, Clone)]
pub struct Waiting {
    /// It may be merged with what comes next.
    pub coalesce: bool,
    pub superseding_type: ChangeType,
    /// Columns and body, where they are not those of the row itself.
    pub superseding: Option<(Changed, Bytes)>,
}

/// The rows of lines in an open transaction. Whoever places a message into a
/// line has it to itself until the transaction ends.
pub trait Lines {
    type Failure;

    /// What the clock of whoever hands heads out says at most.
    fn latest_now(&self) -> UnixMs;

    /// Above every id in a line that is pending.
    fn mint(&mut self) -> DeliveryId;

    /// The last rows of a line that are pending, two at most, in order. The
    /// first row of a line is its head.
    fn last_pending(&mut self, line: &Line<'_>) -> Result<Vec<Pending>, Self::Failure>;

    /// Due now, if it is a head.
    fn insert(&mut self, delivery: NewDelivery<'_>) -> Result<(), Self::Failure>;

    /// Gives a row that nobody has seen other contents.
    fn rewrite(&mut self, id: DeliveryId, contents: Contents) -> Result<(), Self::Failure>;

    fn put_waiting(&mut self, id: DeliveryId, waiting: Waiting) -> Result<(), Self::Failure>;

    /// Takes away what was never sent and need not be.
    fn remove(&mut self, id: DeliveryId) -> Result<(), Self::Failure>;

    /// Ends a head that was attempted: another row says what it would have said.
    fn supersede(&mut self, head: DeliveryId) -> Result<(), Self::Failure>;

    /// Gives a row a place in the retry schedule.
    fn schedule(
        &mut self,
        id: DeliveryId,
        at: UnixMs,
        failure_count: u32,
    ) -> Result<(), Self::Failure>;
}

/// Puts a message into its line. Answers it if it became the head.
pub fn place<L: Lines>(
    lines: &mut L,
    cause: Cause,
    message: &NewMessage,
) -> Result<Option<DueDelivery>, L::Failure> {
    let line = Line::of(cause, message);
    match lines.last_pending(&line)?.as_slice() {
        [] => insert(lines, cause, line, State::Head, message).map(Some),
        [head] if message.coalesce && head.waits_for_its_time(lines.latest_now()) => {
            take_over(lines, cause, line, head, message).map(|()| None)
        }
        // Only the last one: merged into an earlier one it would overtake the rest.
        [.., before, last] if message.coalesce && last.coalesce && last.state == State::Waiting => {
            merge(lines, cause, before, last, message).map(|()| None)
        }
        [.., last] => {
            let waiting = insert(lines, cause, line, State::Waiting, message)?;
            let standing = Standing { is_known: true, ..Standing::new(message.change_type) };
            put_waiting(lines, last, waiting.id, standing, message, &message.changed)?;
            Ok(None)
        }
    }
}

fn insert<L: Lines>(
    lines: &mut L,
    cause: Cause,
    line: Line<'_>,
    state: State,
    message: &NewMessage,
) -> Result<DueDelivery, L::Failure> {
    let id = lines.mint();
    let delivery = NewDelivery {
        id,
        line,
        state,
        change: Some(cause.change),
        change_type: Some(message.change_type),
        changed: &message.changed,
        body: &message.draft.body(id, message.change_type, &message.changed).into(),
    };
    lines.insert(delivery)?;
    Ok(delivery.to_due())
}

/// Stores a message that stands in no line: a notice, a test.
pub fn insert_alone<L: Lines>(
    lines: &mut L,
    workspace: WorkspaceId,
    endpoint: EndpointId,
    object: &str,
    draft: &dyn Draft,
) -> Result<DueDelivery, L::Failure> {
    let id = lines.mint();
    let changed = Changed::new();
    let delivery = NewDelivery {
        id,
        line: Line::alone(id, workspace, endpoint, object),
        state: State::Head,
        change: None,
        change_type: None,
        changed: &changed,
        body: &draft.body(id, ChangeType::Update, &changed).into(),
    };
    lines.insert(delivery)?;
    Ok(delivery.to_due())
}

/// Keeps what a row becomes if the one `before` it is given up for it: that
/// tells of the columns of both.
fn put_waiting<L: Lines>(
    lines: &mut L,
    before: &Pending,
    id: DeliveryId,
    standing: Standing,
    message: &NewMessage,
    changed: &Changed,
) -> Result<(), L::Failure> {
    let superseding_type = before.standing().give_way_to(standing).change_type;
    let mut united = before.changed.clone();
    unite(&mut united, changed);
    let differs = superseding_type != standing.change_type || united != *changed;
    let superseding = differs.then(|| {
        let body = message.draft.body(id, superseding_type, &united);
        (united, body.into())
    });
    let waiting = Waiting { coalesce: message.coalesce, superseding_type, superseding };
    lines.put_waiting(id, waiting)
}

/// Merges a message into the row that waits; its id stays, nobody has seen it.
fn merge<L: Lines>(
    lines: &mut L,
    cause: Cause,
    before: &Pending,
    waiting: &Pending,
    message: &NewMessage,
) -> Result<(), L::Failure> {
    let merged = match waiting.standing().merge(message.change_type) {
        Merged::Nothing => return lines.remove(waiting.id),
        Merged::Rewritten(merged) | Merged::Superseded(merged) => merged,
    };
    let mut changed = waiting.changed.clone();
    unite(&mut changed, &message.changed);
    put_waiting(lines, before, waiting.id, merged, message, &changed)?;
    rewrite(lines, cause, waiting.id, merged, message, changed)
}

/// Gives a row that nobody has seen the newest data.
fn rewrite<L: Lines>(
    lines: &mut L,
    cause: Cause,
    id: DeliveryId,
    merged: Standing,
    message: &NewMessage,
    changed: Changed,
) -> Result<(), L::Failure> {
    let Standing { change_type, .. } = merged;
    let body = message.draft.body(id, change_type, &changed).into();
    lines.rewrite(id, Contents { change: cause.change, change_type, changed, body })
}

/// Puts a message in the place of a head that waits for its time, and in its
/// place in the retry schedule.
fn take_over<L: Lines>(
    lines: &mut L,
    cause: Cause,
    line: Line<'_>,
    head: &Pending,
    message: &NewMessage,
) -> Result<(), L::Failure> {
    let mut changed = head.changed.clone();
    unite(&mut changed, &message.changed);
    match head.standing().merge(message.change_type) {
        Merged::Nothing => lines.remove(head.id),
        Merged::Rewritten(merged) => rewrite(lines, cause, head.id, merged, message, changed),
        Merged::Superseded(merged) => {
            lines.supersede(head.id)?;
            let message =
                NewMessage { change_type: merged.change_type, changed, ..message.clone() };
            let next = insert(lines, cause, line, State::Head, &message)?;
            lines.schedule(next.id, head.at, head.failure_count)
        }
    }
}
