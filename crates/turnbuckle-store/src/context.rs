//! Contexts: the customers of a workspace's app.

use async_trait::async_trait;
use serde_json::{Map, Value as Json};
use turnbuckle_core::id::{UnixMs, WorkspaceId};

use crate::StoreError;
use crate::connection::Connection;
use crate::page::{Page, PageRequest};

#[derive(Debug, Clone, PartialEq)]
pub struct Context {
    /// The app's own id for its customer.
    pub external_id: String,
    pub external_name: Option<String>,
    /// Kept and given back as they came.
    pub attributes: Map<String, Json>,
    pub created_at: UnixMs,
}

#[async_trait]
pub trait ContextStore: Send + Sync {
    /// Creates or replaces; `true` when it was created.
    async fn put_context(
        &self,
        workspace: WorkspaceId,
        context: Context,
    ) -> Result<(Context, bool), StoreError>;

    async fn context(
        &self,
        workspace: WorkspaceId,
        external_id: &str,
    ) -> Result<Option<Context>, StoreError>;

    async fn contexts(
        &self,
        workspace: WorkspaceId,
        page: PageRequest,
    ) -> Result<Page<Context>, StoreError>;

    /// Deletes a context with all its connections, as
    /// [`crate::connection::ConnectionStore::delete_connection`] does. Answers them.
    async fn delete_context(
        &self,
        workspace: WorkspaceId,
        external_id: &str,
    ) -> Result<Vec<Connection>, StoreError>;
}
