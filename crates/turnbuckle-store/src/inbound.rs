//! The webhook log: inbound events, from receipt to outcome.
//!
//! An event is accepted (durable, then acknowledged), leased by a processor in
//! intake order, and finished together with the records that it wrote and
//! their changes (transaction T1 of the design).

mod headers;

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use turnbuckle_core::change::ChangeType;
use turnbuckle_core::id::{ConnectionNo, InboundEventId, SourceId, UnixMs, WorkspaceId};
use turnbuckle_core::invalid::Invalid;

use crate::StoreError;
use crate::function::FunctionCall;
use crate::page::{Page, PageRequest};
use crate::record::{Applied, Write};
use crate::replay::Run;
pub use headers::Headers;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InboundStatus {
    New,
    Processing,
    Failed,
    Done,
}

impl InboundStatus {
    /// Whether it has not ended yet.
    pub fn is_pending(self) -> bool {
        matches!(self, Self::New | Self::Processing)
    }
}

/// The request as it came.
#[derive(Debug, Clone, PartialEq)]
pub struct InboundRequest {
    /// As received; `authorization` and `cookie` masked.
    pub headers: Headers,
    /// The query string, undecoded; empty if there was none.
    pub query: String,
    pub body: Bytes,
}

/// One webhook received.
#[derive(Debug, Clone, PartialEq)]
pub struct InboundEvent {
    /// Minted at receipt: its time is when the event was received.
    pub id: InboundEventId,
    pub workspace: WorkspaceId,
    pub source: SourceId,
    /// The connection of its source at receipt.
    pub connection: ConnectionNo,
    pub request: InboundRequest,
}

/// An event to be made durable.
#[derive(Debug, Clone, PartialEq)]
pub struct Accept {
    pub event: InboundEvent,
    /// [`InboundStatus::New`] for processing, `Done` for store-only, `Failed`
    /// for a body that does not parse.
    pub status: InboundStatus,
    /// Why it failed, for [`InboundStatus::Failed`].
    pub failure: Option<String>,
    /// What makes a repeat of it recognisable: one that was known suffices. The one that is
    /// hardest to forge comes first, and a repeat that is known by one brings along those before
    /// it alone: else whoever plays a post again could take the ids of posts that are to come.
    pub dedupe_keys: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accepted {
    Stored,
    /// The sender posted this before; that event stands for it.
    Repeat(InboundEventId),
}

/// How long a repeat is recognised.
pub const DEDUPE_MS: UnixMs = 72 * 3600 * 1000;

/// What a processor wants done for one event.
#[derive(Debug, Clone)]
pub struct FinishEvent {
    pub event: InboundEventId,
    pub workspace: WorkspaceId,
    /// The connection written to.
    pub connection: String,
    /// What was planned for another connection of that name is not written to this one.
    pub connection_no: ConnectionNo,
    pub work: EventWork,
    /// From planning.
    pub warnings: Vec<Invalid>,
    /// Write new records even where this event wrote some before.
    pub as_new: bool,
    /// The call that the event waited for, which ends with it.
    pub call: Option<FunctionCall>,
}

#[derive(Debug, Clone)]
pub enum EventWork {
    /// Writes by item index. An item that this event wrote before updates that record.
    Writes(Vec<(u32, Write)>),
    /// The event cannot be processed, and why.
    Fail(String),
}

/// How an event ended.
#[derive(Debug, Clone, PartialEq)]
pub struct EventOutcome {
    pub event: InboundEventId,
    /// `Processing` of one that another process ended first: nothing was done here.
    pub status: InboundStatus,
    /// In item order; empty if the event failed.
    pub applied: Vec<(u32, Applied)>,
    pub warnings: Vec<Invalid>,
    pub error: Option<String>,
}

/// A line of the log.
#[derive(Debug, Clone, PartialEq)]
pub struct LoggedEvent {
    pub event: InboundEvent,
    pub status: InboundStatus,
    pub warnings: Vec<Invalid>,
    pub error: Option<String>,
    /// In item order.
    pub records: Vec<EventRecord>,
}

/// A record that an event wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventRecord {
    pub item: u32,
    pub entity: String,
    pub id: String,
    /// What it did to the record when it was ended last. `None` if that already was as the
    /// event wanted it, and where a version wrote the log that did not keep it.
    pub change: Option<ChangeType>,
}

/// Which lines of the log are asked for. All members must hold.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct EventFilter {
    pub source: Option<SourceId>,
    pub status: Option<InboundStatus>,
    pub since: Option<UnixMs>,
    pub until: Option<UnixMs>,
    pub entity: Option<String>,
    /// Record id.
    pub record: Option<String>,
    /// Part of the error text, whatever its case.
    pub error: Option<String>,
}

#[async_trait]
pub trait InboundStore: Send + Sync {
    /// Makes the event durable, or recognises it. The caller answers its
    /// sender after this returns.
    ///
    /// # Errors
    /// [`StoreError::Overloaded`] if more is waiting than may;
    /// [`StoreError::NotFound`] if its connection has been deleted.
    async fn accept(&self, accept: Accept) -> Result<Accepted, StoreError>;

    /// The next events that are new, in intake order, each handed out once per
    /// life of this process. Empty when there are none.
    async fn lease_new(&self, limit: usize) -> Result<Vec<Arc<InboundEvent>>, StoreError>;

    /// Resolves when an event may have become new.
    async fn new_event(&self);

    /// Applies the writes of events, each event in a savepoint of its own, in
    /// the order given, and records how they ended: T1. One that fails changes
    /// nothing but its log line.
    async fn finish_events(
        &self,
        events: Vec<FinishEvent>,
    ) -> Result<Vec<EventOutcome>, StoreError>;

    /// The same for events of a replay, which in that transaction goes on at the position
    /// `next`, or ends: so none is processed twice by one replay. Answers the run as it is then.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if the run is not where it was: another process went on with it.
    async fn finish_replayed(
        &self,
        events: Vec<FinishEvent>,
        run: &Run,
        next: Option<i64>,
    ) -> Result<Run, StoreError>;

    /// What [`InboundStore::finish_events`] would do, without doing it.
    async fn try_event(&self, event: FinishEvent) -> Result<EventOutcome, StoreError>;

    async fn event(
        &self,
        workspace: WorkspaceId,
        id: InboundEventId,
    ) -> Result<Option<LoggedEvent>, StoreError>;

    /// The log, newest first.
    async fn events(
        &self,
        workspace: WorkspaceId,
        filter: &EventFilter,
        page: PageRequest,
    ) -> Result<Page<LoggedEvent>, StoreError>;

    /// The log in the order of intake, as a replay goes through it.
    async fn events_in_order(
        &self,
        workspace: WorkspaceId,
        filter: &EventFilter,
        page: PageRequest,
    ) -> Result<Page<LoggedEvent>, StoreError>;

    /// How many lines of the log fit `filter`; its `entity` and `error` are not looked at.
    async fn count_events(
        &self,
        workspace: WorkspaceId,
        filter: &EventFilter,
    ) -> Result<i64, StoreError>;
}
