//! What goes on in workspaces, for pages that show it.
//!
//! A hint and nothing else: whoever hears of something reads it from the API. What is heard
//! while nobody watches is dropped, for the price of looking; a watcher who falls behind hears
//! that anything may have happened.

use serde::Serialize;
use strum::VariantArray;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::broadcast::{self, Receiver, Sender};
use turnbuckle_core::id::WorkspaceId;

/// News that a watcher may fall behind by.
const BEHIND_MAX: usize = 1_024;

/// Something that is listed, and has more or other rows now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, VariantArray)]
#[serde(rename_all = "kebab-case")]
pub enum Listed {
    InboundEvents,
    Changes,
    Deliveries,
    FunctionCalls,
}

/// Tells watchers what goes on.
pub struct Activity(Sender<(WorkspaceId, Listed)>);

/// Hears of one workspace.
pub struct Watcher {
    workspace: WorkspaceId,
    news: Receiver<(WorkspaceId, Listed)>,
}

impl Default for Activity {
    fn default() -> Self {
        Self(broadcast::channel(BEHIND_MAX).0)
    }
}

impl Activity {
    /// Tells of a list that has changed, each of these workspaces' once.
    pub fn note(&self, listed: Listed, workspaces: impl IntoIterator<Item = WorkspaceId>) {
        if self.0.receiver_count() == 0 {
            return;
        }
        let mut told = None;
        for workspace in workspaces {
            if told.replace(workspace) != Some(workspace) {
                // The last watcher may have gone just now.
                let _ = self.0.send((workspace, listed));
            }
        }
    }

    pub fn watch(&self, workspace: WorkspaceId) -> Watcher {
        Watcher { workspace, news: self.0.subscribe() }
    }

    pub fn watchers(&self) -> usize {
        self.0.receiver_count()
    }
}

impl Watcher {
    /// What has changed since the last call; waits for something to.
    pub async fn next(&mut self) -> Vec<Listed> {
        loop {
            match self.news.recv().await {
                Ok((workspace, listed)) if workspace == self.workspace => return vec![listed],
                Ok(_) => {}
                Err(RecvError::Lagged(_)) => return Listed::VARIANTS.to_vec(),
                // The hub ends, and the watcher with it.
                Err(RecvError::Closed) => std::future::pending().await,
            }
        }
    }

    /// The same of what is known already.
    pub fn known(&mut self) -> Vec<Listed> {
        let mut known = Vec::new();
        while let Ok((workspace, listed)) = self.news.try_recv() {
            if workspace == self.workspace {
                known.push(listed);
            }
        }
        known
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINE: WorkspaceId = WorkspaceId(1);
    const OTHER: WorkspaceId = WorkspaceId(2);

    #[tokio::test]
    async fn a_watcher_hears_of_its_own_workspace() {
        let activity = Activity::default();
        activity.note(Listed::Changes, [MINE]);
        let mut watcher = activity.watch(MINE);
        activity.note(Listed::Deliveries, [OTHER, OTHER]);
        activity.note(Listed::InboundEvents, [MINE, MINE, OTHER]);
        activity.note(Listed::FunctionCalls, [MINE]);
        assert_eq!(watcher.next().await, [Listed::InboundEvents]);
        assert_eq!(watcher.known(), [Listed::FunctionCalls]);
        assert_eq!(watcher.known(), []);
    }

    #[tokio::test]
    async fn whoever_falls_behind_hears_that_anything_may_have_happened() {
        let activity = Activity::default();
        let mut watcher = activity.watch(MINE);
        for _ in 0..2 * BEHIND_MAX {
            activity.note(Listed::Changes, [OTHER]);
        }
        assert_eq!(watcher.next().await, Listed::VARIANTS);
    }
}
