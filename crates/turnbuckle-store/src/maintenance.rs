//! What a store does to itself: retention, health, closing.

use async_trait::async_trait;
use turnbuckle_core::id::UnixMs;

use crate::StoreError;

/// How long a run or a source key is kept after its end.
pub const ENDED_MS: UnixMs = 30 * 24 * 3600 * 1000;

/// Name of the note that says when the store last proved that it can write.
pub(crate) const HEALTH_NOTE: &str = "last_health_check_ms";

/// Name of the note that says how far a pass over the logs has come.
pub(crate) const RETENTION_NOTE: &str = "retention_walk";

/// What the logs keep. Rows older than these times go, a slice at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keep {
    pub failed_since: UnixMs,
    pub done_since: UnixMs,
    pub deliveries_since: UnixMs,
    pub changes_since: UnixMs,
    pub calls_since: UnixMs,
    /// Oldest finished rows go while the logs hold more.
    pub log_bytes_max: Option<u64>,
}

#[async_trait]
pub trait MaintenanceStore: Send + Sync {
    /// Drops a slice of what need not be kept; `true` if more is left to drop.
    async fn retain(&self, keep: &Keep) -> Result<bool, StoreError>;

    /// Erases a slice of what was stored for deleted connections (records, searches
    /// and subscriptions, and their events, changes and deliveries in the logs) and of
    /// the calls of deleted functions. `true` if more is left to erase.
    async fn erase(&self) -> Result<bool, StoreError>;

    /// This process is going to work on what is pending, beside others that share the
    /// store. Until then nothing is handed out to it.
    async fn begin_work(&self) -> Result<(), StoreError>;

    /// Whether this process is to do what one does for all that share the store: runs,
    /// keys, retention, erasure.
    fn does_upkeep(&self) -> bool;

    /// Tells whichever process does the upkeep that there is some. A hint that may be lost.
    fn ask_for_upkeep(&self);

    /// Completes when another process asks for upkeep.
    async fn upkeep_asked_for(&self);

    /// Whether the store can write.
    async fn check_health(&self) -> Result<(), StoreError>;

    /// A small value of the installation itself, such as the name of its sealing key.
    async fn note(&self, name: &str) -> Result<Option<String>, StoreError>;

    /// Puts a note unless there is one; answers the one that is there then.
    async fn claim_note(&self, name: &str, value: &str) -> Result<String, StoreError>;

    /// Finishes what is queued and closes; calls after this are `Unavailable`.
    async fn close(&self);
}
