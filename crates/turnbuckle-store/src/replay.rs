//! Long work over many rows, with progress: replays of inbound events and
//! recoveries of deliveries. A run that a restart interrupts goes on.

use async_trait::async_trait;
use serde_json::Value as Json;
use turnbuckle_core::id::{UnixMs, WorkspaceId};

use crate::StoreError;
use crate::error::Noun;
use crate::inbound::{EventOutcome, InboundStatus};

/// One run and how far it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// `rpl_…` or `rec_…`.
    pub id: String,
    pub workspace: WorkspaceId,
    pub kind: RunKind,
    /// What was asked for; the worker that goes on reads it.
    pub request: Json,
    pub total: i64,
    pub done: i64,
    pub failed: i64,
    /// Row key up to which the run came.
    pub position: i64,
    pub started_at: UnixMs,
    pub ended_at: Option<UnixMs>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunKind {
    Replay,
    Recovery,
}

impl RunKind {
    pub fn noun(self) -> Noun {
        match self {
            Self::Replay => Noun::Replay,
            Self::Recovery => Noun::Recovery,
        }
    }
}

impl Run {
    /// The run after events were processed and before it goes on at `next`, or ends.
    pub(crate) fn after(&self, outcomes: &[EventOutcome], next: Option<i64>, now: UnixMs) -> Self {
        let failed = outcomes.iter().filter(|it| it.status == InboundStatus::Failed).count();
        let mut run = self.clone();
        run.failed += failed as i64;
        run.done += (outcomes.len() - failed) as i64;
        match next {
            Some(position) => run.position = position,
            None => run.end(now),
        }
        run
    }

    /// Ends it. What it was to look at and did not find any more is not counted.
    pub fn end(&mut self, now: UnixMs) {
        self.total = self.done + self.failed;
        self.ended_at = Some(now);
    }

    /// Why a run cannot be written: another process came first, or it is gone.
    pub(crate) fn overtaken(&self) -> StoreError {
        let source = format!("the run `{}` is not where it was", self.id).into();
        StoreError::Unavailable { action: "note the progress of a run", source }
    }
}

#[async_trait]
pub trait ReplayStore: Send + Sync {
    async fn create_run(&self, run: Run) -> Result<(), StoreError>;

    async fn update_run(&self, run: &Run) -> Result<(), StoreError>;

    async fn run(&self, workspace: WorkspaceId, id: &str) -> Result<Option<Run>, StoreError>;

    /// Runs that have not ended, of all workspaces: what a starting process takes up.
    async fn open_runs(&self) -> Result<Vec<Run>, StoreError>;
}
