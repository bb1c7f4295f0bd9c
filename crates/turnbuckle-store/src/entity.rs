//! The entities of the built-in CRM: its schema, one per connection.

use std::sync::Arc;

use async_trait::async_trait;
use turnbuckle_core::entity::{Entity, Schema};
use turnbuckle_core::id::WorkspaceId;

use crate::StoreError;

#[async_trait]
pub trait EntityStore: Send + Sync {
    /// The schema of a connection as it is now; a column added a moment ago is in
    /// it. Not cached: callers keep it.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is no such connection.
    async fn schema(
        &self,
        workspace: WorkspaceId,
        connection: &str,
    ) -> Result<Arc<Schema>, StoreError>;

    /// Creates or replaces an entity; `true` when it was created. Returns when
    /// the search keys of its unique columns are complete. Objects whose match
    /// keys are others by its columns wait for them, as after
    /// [`crate::connection::ConnectionStore::put_mapping`].
    ///
    /// # Errors
    /// [`StoreError::UniqueViolation`] if a column becomes unique whose values are not;
    /// [`StoreError::Invalid`] if a column that is there would have another type.
    async fn put_entity(
        &self,
        workspace: WorkspaceId,
        connection: &str,
        entity: Entity,
    ) -> Result<bool, StoreError>;

    /// Gives plain columns search keys, and returns when those are complete:
    /// from then on `match_on` and searches find records by them.
    async fn ensure_keys(
        &self,
        workspace: WorkspaceId,
        connection: &str,
        columns: &[(String, String)],
    ) -> Result<(), StoreError>;

    /// Completes the search keys that were started but are not complete, of all
    /// connections; `false` if there were none. What a killed process left
    /// unfinished is among them.
    async fn fill_started_keys(&self) -> Result<bool, StoreError>;
}
