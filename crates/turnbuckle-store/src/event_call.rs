//! Calls of functions that inbound events wait for.
//!
//! A function may take seconds, so its events wait in a queue of their own, where those of
//! one source do not hold up another's. A call writes what cannot be taken back, so it is
//! noted before it begins and is not begun twice: what is found begun by a process that
//! is gone was cut off, and whoever finds it decides.
//!
//! A call ends together with its event, see [`crate::inbound::FinishEvent::call`].

use std::sync::Arc;

use async_trait::async_trait;
use turnbuckle_core::id::{FunctionCallId, FunctionId, InboundEventId, UnixMs, WorkspaceId};

use crate::StoreError;
use crate::inbound::InboundEvent;

/// How long a call that nobody ended is known to have begun.
pub(crate) const BEGUN_MS: UnixMs = 90 * 24 * 3600 * 1000;

/// A call that an event waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventCall {
    pub id: FunctionCallId,
    pub function: FunctionId,
    /// The number of the version that runs.
    pub version: i64,
}

/// A call that is about to begin.
#[derive(Debug, Clone)]
pub struct BeginCall {
    pub workspace: WorkspaceId,
    pub event: InboundEventId,
    pub call: EventCall,
    /// The call in whose place it is made, which was cut off.
    pub instead_of: Option<FunctionCallId>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begun {
    /// It is noted, and nobody else makes one for this event.
    Now,
    /// This one had begun before, in a process that is gone.
    CutOff(EventCall),
    /// Another process sees to the event, or has ended it.
    Elsewhere,
}

/// How much may be handed out.
#[derive(Debug, Clone, Copy)]
pub struct CallLimit {
    /// Of how many sources at once: those whose oldest event has waited longest.
    pub sources: usize,
    /// How many events of one source.
    pub per_source: usize,
}

#[async_trait]
pub trait EventCallStore: Send + Sync {
    /// Puts events that [`crate::inbound::InboundStore::lease_new`] handed out into the
    /// queue of those whose function is called first.
    async fn queue_for_calls(&self, events: &[Arc<InboundEvent>]) -> Result<(), StoreError>;

    /// The next events of that queue, of each source in the order of intake, so that no more
    /// of it than the limit says are handed out and have not ended.
    async fn lease_for_calls(&self, limit: CallLimit)
    -> Result<Vec<Arc<InboundEvent>>, StoreError>;

    /// Resolves when there may be more to hand out.
    async fn new_for_calls(&self);

    /// Notes that calls begin. One answer to each, in their order.
    async fn begin_calls(&self, calls: Vec<BeginCall>) -> Result<Vec<Begun>, StoreError>;
}
