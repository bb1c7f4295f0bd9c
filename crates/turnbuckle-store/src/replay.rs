//! Long work over many rows, with progress: replays of inbound events and
//! recoveries of deliveries. A run that a restart interrupts goes on.

use async_trait::async_trait;
use serde_json::Value as Json;
use turnbuckle_core::id::{UnixMs, WorkspaceId};

use crate::StoreError;
use crate::error::Noun;

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

#[async_trait]
pub trait ReplayStore: Send + Sync {
    async fn create_run(&self, run: Run) -> Result<(), StoreError>;

    async fn update_run(&self, run: &Run) -> Result<(), StoreError>;

    async fn run(&self, workspace: WorkspaceId, id: &str) -> Result<Option<Run>, StoreError>;

    /// Runs that have not ended, of all workspaces: what a starting process takes up.
    async fn open_runs(&self) -> Result<Vec<Run>, StoreError>;
}
