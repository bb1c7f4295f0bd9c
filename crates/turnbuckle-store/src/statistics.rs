//! What happened in workspaces, counted by the minute.
//!
//! Rows are added and never changed. Whoever counts adds a row of its own for each minute, so
//! several processes never wait for each other, and whoever reads adds them up.

use async_trait::async_trait;
use turnbuckle_core::id::{UnixMs, WorkspaceId};
use turnbuckle_core::statistics::{Counts, Steps};

use crate::StoreError;

pub const MINUTE_MS: UnixMs = 60 * 1000;

/// How long counts are kept, in minutes: 31 days.
pub const STATISTICS_MINUTES: i64 = 31 * 24 * 60;

/// What one process has counted of a minute, or of a part of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Counted {
    pub workspace: WorkspaceId,
    /// Since the Unix epoch.
    pub minute: i64,
    /// Chosen by chance.
    pub id: i64,
    pub counts: Counts,
}

#[async_trait]
pub trait StatisticsStore: Send + Sync {
    /// Adds rows. One that is there already is left as it is, so that this can be repeated where
    /// it is not known how it ended.
    async fn add_statistics(&self, counted: Vec<Counted>) -> Result<(), StoreError>;

    /// What was counted in each step, by all who count. Rows whose ids are `known` are left out:
    /// whoever asks has counted them.
    async fn statistics(
        &self,
        workspace: WorkspaceId,
        steps: &Steps,
        known: &[i64],
    ) -> Result<Vec<Counts>, StoreError>;
}

/// Adds rows up as they are read.
pub(crate) struct Sums<'a> {
    steps: &'a Steps,
    known: &'a [i64],
    sums: Vec<Counts>,
}

impl<'a> Sums<'a> {
    pub fn new(steps: &'a Steps, known: &'a [i64]) -> Self {
        Self { steps, known, sums: vec![Counts::default(); steps.count()] }
    }

    pub fn add(&mut self, minute: i64, id: i64, counts: &str) -> Result<(), serde_json::Error> {
        if let Some(step) = self.steps.of(minute)
            && !self.known.contains(&id)
        {
            self.sums[step].add(&serde_json::from_str(counts)?);
        }
        Ok(())
    }

    pub fn end(self) -> Vec<Counts> {
        self.sums
    }
}
