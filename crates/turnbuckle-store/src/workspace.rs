//! Workspaces and their settings.

use async_trait::async_trait;
use serde_json::Value as Json;
use turnbuckle_core::id::{UnixMs, WorkspaceId};

use crate::StoreError;

/// One app (or company) that uses the hub; the owner of everything else.
#[derive(Debug, Clone, PartialEq)]
pub struct Workspace {
    pub id: WorkspaceId,
    /// Public name, unique in the installation.
    pub slug: String,
    pub label: String,
    pub created_at: UnixMs,
}

#[async_trait]
pub trait WorkspaceStore: Send + Sync {
    /// # Errors
    /// [`StoreError::AlreadyExists`] if the slug is taken.
    async fn create_workspace(&self, slug: &str, label: &str) -> Result<Workspace, StoreError>;

    /// All of them, oldest first.
    async fn workspaces(&self) -> Result<Vec<Workspace>, StoreError>;

    async fn workspace(&self, slug: &str) -> Result<Option<Workspace>, StoreError>;

    /// A settings document, e.g. `webhook-entities`; `None` while it was never put.
    async fn setting(&self, workspace: WorkspaceId, name: &str)
    -> Result<Option<Json>, StoreError>;

    async fn put_setting(
        &self,
        workspace: WorkspaceId,
        name: &str,
        document: &Json,
    ) -> Result<(), StoreError>;

    /// Puts a settings document in place of the one that its caller read and
    /// changed; `false`, and nothing is put, if that is not `before` any more.
    async fn replace_setting(
        &self,
        workspace: WorkspaceId,
        name: &str,
        before: Option<&Json>,
        document: &Json,
    ) -> Result<bool, StoreError>;

    /// The workspaces whose setting `origins` lists this web origin, oldest first.
    async fn workspaces_of_origin(&self, origin: &str) -> Result<Vec<WorkspaceId>, StoreError>;

    /// Counts the changes of what a workspace has configured: keys, connections,
    /// mappings and which objects wait for their keys, entities, sources,
    /// endpoints, settings. Whoever caches any of
    /// these compares this number and reads again when it moved. Cheap: no I/O
    /// on the embedded store.
    fn configuration_version(&self, workspace: WorkspaceId) -> u64;
}
