//! Sources: URLs with keys at which others post webhooks.

use async_trait::async_trait;
use serde_json::Value as Json;
use turnbuckle_core::id::{ConnectionNo, SourceId, SourceKeyId, UnixMs, WorkspaceId};

use crate::StoreError;
use crate::page::{Page, PageRequest};

#[derive(Debug, Clone, PartialEq)]
pub struct Source {
    pub id: SourceId,
    pub workspace: WorkspaceId,
    /// The connection that its webhooks are written to.
    pub connection: ConnectionNo,
    pub name: String,
    /// The settings document without its keys, see `turnbuckle_core::source`.
    pub settings: Json,
    /// Active and expiring keys, oldest first.
    pub keys: Vec<SourceKey>,
    pub version: i64,
    pub created_at: UnixMs,
    pub updated_at: UnixMs,
}

/// One key of a source: kept hashed to be found and sealed to be shown.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceKey {
    pub id: SourceKeyId,
    pub hash: [u8; 32],
    pub sealed: Vec<u8>,
    pub created_at: UnixMs,
    /// From then on the key is unknown.
    pub expires_at: Option<UnixMs>,
}

#[async_trait]
pub trait SourceStore: Send + Sync {
    async fn create_source(&self, source: Source) -> Result<(), StoreError>;

    /// Replaces name, settings and connection.
    async fn update_source(
        &self,
        workspace: WorkspaceId,
        id: SourceId,
        name: &str,
        settings: &Json,
        connection: ConnectionNo,
        version: Option<i64>,
    ) -> Result<Source, StoreError>;

    async fn source(
        &self,
        workspace: WorkspaceId,
        id: SourceId,
    ) -> Result<Option<Source>, StoreError>;

    async fn sources(
        &self,
        workspace: WorkspaceId,
        page: PageRequest,
    ) -> Result<Page<Source>, StoreError>;

    /// The source that has a key with this hash, whatever its workspace.
    async fn source_by_key(&self, hash: &[u8; 32]) -> Result<Option<Source>, StoreError>;

    async fn add_source_key(
        &self,
        workspace: WorkspaceId,
        id: SourceId,
        key: SourceKey,
    ) -> Result<(), StoreError>;

    /// Lets a key end at a time; in the past means now.
    async fn expire_source_key(
        &self,
        workspace: WorkspaceId,
        id: SourceId,
        key: SourceKeyId,
        at: UnixMs,
    ) -> Result<(), StoreError>;

    /// Deletes a source and its keys. Its events stay in the log.
    async fn delete_source(
        &self,
        workspace: WorkspaceId,
        id: SourceId,
        version: Option<i64>,
    ) -> Result<(), StoreError>;
}
