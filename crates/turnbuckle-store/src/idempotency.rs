//! Answers kept for repeats that carry the same `Idempotency-Key`.

use async_trait::async_trait;
use turnbuckle_core::id::{UnixMs, WorkspaceId};

use crate::StoreError;

/// How long an answer is kept.
pub const IDEMPOTENCY_MS: UnixMs = 24 * 3600 * 1000;

/// A claim without an answer is believed for this long; then its process must have died.
pub const UNANSWERED_MS: UnixMs = 10 * 60 * 1000;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// This caller is the first: it does the work and keeps the answer.
    First,
    /// The work is being done by another caller.
    InProgress,
    /// The answer of the first, sealed.
    Answered(Vec<u8>),
    /// The key was used with another request.
    Mismatch,
}

#[async_trait]
pub trait IdempotencyStore: Send + Sync {
    /// Claims a key for a request whose method, path and body hash to `fingerprint`.
    async fn claim(
        &self,
        workspace: WorkspaceId,
        key: &str,
        fingerprint: &[u8; 32],
        now: UnixMs,
    ) -> Result<Claim, StoreError>;

    async fn keep_answer(
        &self,
        workspace: WorkspaceId,
        key: &str,
        sealed: Vec<u8>,
    ) -> Result<(), StoreError>;

    /// Gives a claim back: the work failed and may be tried again.
    async fn release(&self, workspace: WorkspaceId, key: &str) -> Result<(), StoreError>;
}
