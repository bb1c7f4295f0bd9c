//! Deliveries: messages on their way, and the log of those that ended.
//!
//! A message is an immutable snapshot: one id, one body, for ever. Messages to
//! one endpoint about one record of one connection form a *line*; only the *head* of a line is
//! ever sent, and finishing it promotes the next in the same transaction. That
//! keeps order per record without looking for it.

use std::collections::HashSet;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use turnbuckle_core::change::ChangeType;
use turnbuckle_core::coalesce::Changed;
use turnbuckle_core::id::{ChangeId, ConnectionNo, DeliveryId, EndpointId, UnixMs, WorkspaceId};

use crate::StoreError;
use crate::page::{Page, PageRequest};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryStatus {
    /// Due, waiting for its turn or to be tried again.
    Pending,
    Delivered,
    /// Given up; can be resent.
    Dead,
    /// Its endpoint is paused or disabled; goes out on resume.
    Held,
    /// Replaced by a newer message after a failed attempt.
    Superseded,
}

/// Makes the body of a message once its final type is known: what waits in
/// line may be merged with what came before (see `turnbuckle_core::coalesce`).
pub trait Draft: Send + Sync {
    /// The id is the message's `webhook-id`; `changed` are the columns that all
    /// merged changes touched.
    fn body(&self, id: DeliveryId, change_type: ChangeType, changed: &Changed) -> Vec<u8>;
}

/// One message for one endpoint, not stored yet.
#[derive(Clone)]
pub struct NewMessage {
    pub endpoint: EndpointId,
    /// Object (or entity, where no object is meant) and record that the message is about.
    pub object: String,
    pub record: String,
    pub change_type: ChangeType,
    /// Columns that the change touched.
    pub changed: Changed,
    /// Merge with a message that waits in the same line.
    pub coalesce: bool,
    pub draft: Arc<dyn Draft>,
}

/// What matching made of one change (transaction T2 of the design).
#[derive(Clone)]
pub struct Matched {
    pub change: ChangeId,
    pub workspace: WorkspaceId,
    pub connection: String,
    /// Matches of another connection of that name are not stored.
    pub connection_no: ConnectionNo,
    /// Version of the mapping that it was matched with. `None` where nobody
    /// listens, whatever the mapping is.
    pub mapping_version: Option<i64>,
    pub messages: Vec<NewMessage>,
    /// Objects that could not be matched because their keys are being rebuilt.
    pub deferred_objects: Vec<String>,
}

/// A head that may be sent now, handed to one worker of this process.
#[derive(Debug, Clone, PartialEq)]
pub struct DueDelivery {
    pub id: DeliveryId,
    pub workspace: WorkspaceId,
    pub endpoint: EndpointId,
    /// The connection that it tells of; `None` of a notice or a test.
    pub connection: Option<ConnectionNo>,
    /// Failed attempts of its line so far: the position in the retry schedule.
    pub failure_count: u32,
    /// Attempts of this message so far.
    pub attempt_count: u32,
    pub first_attempt_at: Option<UnixMs>,
    pub body: Bytes,
}

/// Lets attempts at an endpoint be made by this process, which another one may have
/// the deliveries of. To be kept until the attempt is recorded.
#[derive(Debug, Clone, Default)]
pub struct Permit(Arc<()>);

impl Permit {
    /// Whether there is no clone of it.
    pub(crate) fn is_unused(&self) -> bool {
        Arc::strong_count(&self.0) == 1
    }
}

/// How one HTTP call of a delivery went.
#[derive(Debug, Clone, PartialEq)]
pub struct Attempt {
    pub delivery: DeliveryId,
    pub workspace: WorkspaceId,
    pub endpoint: EndpointId,
    /// When it began. Tells the attempts of a delivery apart: one that is recorded
    /// twice counts once.
    pub at: UnixMs,
    pub duration_ms: u32,
    /// `None` when there was no answer.
    pub status: Option<u16>,
    /// Why there was no answer, for people.
    pub error: Option<String>,
    /// At most the first 4 KiB.
    pub response_body: Bytes,
    pub next: AfterAttempt,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AfterAttempt {
    Delivered,
    RetryAt(UnixMs),
    Dead,
}

/// An attempt in the log.
#[derive(Debug, Clone, PartialEq)]
pub struct LoggedAttempt {
    /// From 1.
    pub number: u32,
    pub at: UnixMs,
    pub duration_ms: u32,
    pub status: Option<u16>,
    pub error: Option<String>,
    /// `None` of a success.
    pub response_body: Option<Bytes>,
}

/// A line of the delivery log.
#[derive(Debug, Clone, PartialEq)]
pub struct LoggedDelivery {
    pub id: DeliveryId,
    pub workspace: WorkspaceId,
    pub endpoint: EndpointId,
    pub change: Option<ChangeId>,
    pub object: String,
    pub record: String,
    pub change_type: Option<ChangeType>,
    pub status: DeliveryStatus,
    /// When it is due next, while it is pending.
    pub due_at: Option<UnixMs>,
    pub ended_at: Option<UnixMs>,
    pub attempt_count: u32,
    /// Status of the last answer.
    pub last_status: Option<u16>,
    pub body: Bytes,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct DeliveryFilter {
    pub endpoint: Option<EndpointId>,
    pub status: Option<DeliveryStatus>,
    pub since: Option<UnixMs>,
    pub until: Option<UnixMs>,
}

/// What waits, for metrics and health.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Backlog {
    pub new_events: u64,
    pub unmatched_changes: u64,
    /// Whose time has come, to endpoints that are active.
    pub due_deliveries: u64,
    pub oldest_due_at: Option<UnixMs>,
}

#[async_trait]
pub trait DeliveryStore: Send + Sync {
    /// Stores the messages of changes and marks the changes matched: T2. The
    /// changes must be the next unmatched ones, in order, or those that were
    /// deferred for the object named. Answers the heads that became due.
    ///
    /// # Errors
    /// [`StoreError::VersionMismatch`] if the mapping is not the one matched with
    /// any more, if the keys of an object among [`Matched::deferred_objects`]
    /// have been rebuilt meanwhile, or if another process has stored some of these
    /// changes. Nothing is stored: match again.
    async fn store_matches(
        &self,
        matched: Vec<Matched>,
        deferred: Option<&str>,
    ) -> Result<Vec<DueDelivery>, StoreError>;

    /// Stores one message that stems from no change: a notice or a test.
    async fn store_message(
        &self,
        workspace: WorkspaceId,
        endpoint: EndpointId,
        object: &str,
        draft: Arc<dyn Draft>,
    ) -> Result<DueDelivery, StoreError>;

    /// Heads of one endpoint that are due and not held by the caller already,
    /// longest overdue first. If `now` is the time, none of them gives way to a
    /// newer message before its attempt is recorded.
    async fn due_deliveries(
        &self,
        workspace: WorkspaceId,
        endpoint: EndpointId,
        now: UnixMs,
        held: &HashSet<DeliveryId>,
        limit: usize,
    ) -> Result<DueSlice, StoreError>;

    /// Each endpoint that has heads, with the time of its earliest one.
    async fn endpoints_due(&self) -> Result<Vec<(WorkspaceId, EndpointId, UnixMs)>, StoreError>;

    /// Lets an attempt begin; `None` where the deliveries of the endpoint are another
    /// process's.
    fn permit(&self, endpoint: EndpointId) -> Option<Permit>;

    /// Waits until another process made something due that is this one's to send;
    /// answers at which endpoints.
    async fn due_elsewhere(&self) -> Vec<(WorkspaceId, EndpointId)>;

    /// Records attempts and moves their lines on. Answers the heads that
    /// became due by it.
    async fn finish_attempts(&self, attempts: Vec<Attempt>)
    -> Result<Vec<DueDelivery>, StoreError>;

    /// Makes a delivery that ended due again, out of line. Of one that has not
    /// ended only the wait is cut short: what is due then is the head of its line.
    async fn resend(
        &self,
        workspace: WorkspaceId,
        id: DeliveryId,
    ) -> Result<DueDelivery, StoreError>;

    /// Makes a slice of an endpoint's ended deliveries due again, out of line,
    /// newest first.
    async fn recover_slice(
        &self,
        workspace: WorkspaceId,
        endpoint: EndpointId,
        slice: RecoverSlice,
    ) -> Result<Recovered, StoreError>;

    /// How many deliveries of the range a recovery would look at.
    async fn count_recoverable(
        &self,
        workspace: WorkspaceId,
        endpoint: EndpointId,
        range: RecoverRange,
    ) -> Result<i64, StoreError>;

    /// A delivery with its attempts, oldest first.
    async fn delivery(
        &self,
        workspace: WorkspaceId,
        id: DeliveryId,
    ) -> Result<Option<(LoggedDelivery, Vec<LoggedAttempt>)>, StoreError>;

    /// The log, newest first.
    async fn deliveries(
        &self,
        workspace: WorkspaceId,
        filter: &DeliveryFilter,
        page: PageRequest,
    ) -> Result<Page<LoggedDelivery>, StoreError>;

    async fn backlog(&self) -> Result<Backlog, StoreError>;
}

/// Which ended deliveries a recovery covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecoverRange {
    pub since: UnixMs,
    pub until: UnixMs,
    /// Only those given up.
    pub only_dead: bool,
}

/// One slice of a recovery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecoverSlice {
    pub range: RecoverRange,
    /// Position to go on below; `i64::MAX` at first.
    pub before: i64,
    pub limit: usize,
    /// Id of the run, if only the latest message about each record goes out. What
    /// it came by is kept under it, so a slice may be done again. `None` to send
    /// every message.
    pub latest_for: Option<String>,
}

/// What a slice did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recovered {
    pub looked_at: usize,
    pub resent: usize,
    /// Position to go on below; `None` at the end.
    pub next: Option<i64>,
}

/// Heads that are due.
#[derive(Debug, Clone, PartialEq)]
pub struct DueSlice {
    pub due: Vec<DueDelivery>,
    /// Newest delivery stored when this was read: whatever is due up to it is
    /// held, in `due`, or will be in a later slice.
    pub horizon: i64,
    /// When the first head that is not due yet will be.
    pub next_due_at: Option<UnixMs>,
}
