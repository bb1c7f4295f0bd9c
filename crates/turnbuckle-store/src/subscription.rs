//! Subscriptions, found by match keys.

use async_trait::async_trait;
use serde_json::{Map, Value as Json};
use turnbuckle_core::id::{SubscriptionId, UnixMs, WorkspaceId};

use crate::StoreError;
use crate::page::{Page, PageRequest};

/// Most subscriptions that may share a key whose rest is judged one by one.
pub const SHARED_KEY_MAX: usize = 10_000;

/// What a subscription follows.
#[derive(Debug, Clone, PartialEq)]
pub enum Followed {
    /// One record, by entity and record id.
    Record { entity: String, id: String },
    /// The records that match a search event with this payload.
    Search { event: String, payload: Map<String, Json> },
}

#[derive(Debug, Clone, PartialEq)]
pub struct Subscription {
    /// Minted by the store in the order in which it commits: a change with a
    /// greater id was made after it.
    pub id: SubscriptionId,
    pub workspace: WorkspaceId,
    pub connection: String,
    pub object: String,
    pub followed: Followed,
    pub created_at: UnixMs,
}

/// A subscription to be stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Subscribe {
    pub connection: String,
    pub object: String,
    pub followed: Followed,
    /// Two wishes with the same identity are one row.
    pub identity: String,
    /// At most 32.
    pub match_keys: Vec<i64>,
    /// Whether candidates of these keys must be judged one by one.
    pub needs_recheck: bool,
    /// The mapping that the keys were computed with.
    pub mapping_version: i64,
}

/// Match keys under which to look for subscriptions of a workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyGroup {
    pub workspace: WorkspaceId,
    pub keys: Vec<i64>,
}

/// An object whose subscriptions need new keys.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Rekeying {
    pub workspace: WorkspaceId,
    pub connection: String,
    pub object: String,
    /// The mapping that the keys must come from.
    pub mapping_version: i64,
}

#[async_trait]
pub trait SubscriptionStore: Send + Sync {
    /// Stores the wish, or finds it stored. A change whose write begins after
    /// this returns is matched against it.
    ///
    /// # Errors
    /// [`StoreError::TooManySubscriptions`]; [`StoreError::VersionMismatch`] if
    /// the mapping was changed since the keys were computed.
    async fn subscribe(
        &self,
        workspace: WorkspaceId,
        subscribe: Subscribe,
    ) -> Result<(), StoreError>;

    /// Removes the wish if it is there.
    async fn unsubscribe(
        &self,
        workspace: WorkspaceId,
        connection: &str,
        object: &str,
        identity: &str,
    ) -> Result<(), StoreError>;

    async fn subscriptions(
        &self,
        workspace: WorkspaceId,
        connection: Option<&str>,
        object: Option<&str>,
        page: PageRequest,
    ) -> Result<Page<Subscription>, StoreError>;

    /// For each group of keys the subscriptions under them, each once and up to
    /// `limit` per group: candidates, to be judged by the caller.
    async fn candidates(
        &self,
        groups: &[KeyGroup],
        limit: usize,
    ) -> Result<Vec<Vec<Subscription>>, StoreError>;

    /// Objects whose keys are being rebuilt, of all workspaces.
    async fn rekeyings(&self) -> Result<Vec<Rekeying>, StoreError>;

    /// A slice of an object's search subscriptions, by position.
    async fn subscriptions_to_rekey(
        &self,
        rekeying: &Rekeying,
        after: i64,
        limit: usize,
    ) -> Result<Vec<(i64, Subscription)>, StoreError>;

    /// Replaces the keys of a slice, by position.
    async fn rekey(
        &self,
        workspace: WorkspaceId,
        keys: Vec<(i64, Vec<i64>)>,
    ) -> Result<(), StoreError>;

    /// Ends the rebuilding: matching of the object goes on. `false` if deferred
    /// changes are left, or the mapping was changed again meanwhile.
    async fn end_rekeying(&self, rekeying: &Rekeying) -> Result<bool, StoreError>;
}
