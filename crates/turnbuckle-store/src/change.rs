//! Changes: the feed, and the part of it that is not matched yet.

use std::sync::Arc;

use async_trait::async_trait;
use turnbuckle_core::change::Change;
use turnbuckle_core::id::WorkspaceId;

use crate::StoreError;

#[async_trait]
pub trait ChangeStore: Send + Sync {
    /// The next changes that are not matched, in the order of the feed.
    /// Answers the same ones until [`crate::delivery::DeliveryStore::store_matches`]
    /// has moved past them.
    async fn unmatched_changes(&self, limit: usize) -> Result<Vec<Arc<Change>>, StoreError>;

    /// Resolves when a change may have become unmatched.
    async fn new_change(&self);

    /// Changes of objects whose keys were being rebuilt when they came by, oldest first.
    async fn deferred_changes(
        &self,
        workspace: WorkspaceId,
        connection: &str,
        object: &str,
        limit: usize,
    ) -> Result<Vec<Arc<Change>>, StoreError>;

    /// The feed from a position on, oldest first: what a reader that missed
    /// webhooks catches up with. Only matched changes are in it, so that a
    /// reader's cursor never passes one that appears later.
    async fn changes(
        &self,
        workspace: WorkspaceId,
        connection: Option<&str>,
        entity: Option<&str>,
        after: Option<i64>,
        limit: usize,
    ) -> Result<FeedPage, StoreError>;
}

/// A page of the feed.
#[derive(Debug, Clone, PartialEq)]
pub struct FeedPage {
    /// Oldest first; perhaps few, even none, of many that were looked at.
    pub items: Vec<Change>,
    /// Where to go on: at once if there is more, else when something has happened.
    pub position: i64,
    pub has_more: bool,
}
