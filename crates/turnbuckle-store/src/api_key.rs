//! API key sets: a publishable name and a secret of which only the hash is kept.

use async_trait::async_trait;
use turnbuckle_core::id::{KeyId, UnixMs, WorkspaceId};

use crate::StoreError;

#[derive(Debug, Clone, PartialEq)]
pub struct ApiKey {
    pub id: KeyId,
    pub workspace: WorkspaceId,
    /// The user name of Basic auth; unique in the installation.
    pub publishable: String,
    /// SHA-256 of the secret, which has 256 random bits.
    pub secret_hash: [u8; 32],
    pub label: String,
    /// `all`, `read`, `ingest`, `connection:<id>`, `operator`.
    pub scopes: Vec<String>,
    /// CIDRs from which the key may be used; empty means anywhere.
    pub addresses: Vec<String>,
    pub created_at: UnixMs,
    /// To the minute.
    pub last_used_at: Option<UnixMs>,
}

#[async_trait]
pub trait ApiKeyStore: Send + Sync {
    /// # Errors
    /// [`StoreError::AlreadyExists`] if the publishable name is taken.
    async fn create_api_key(&self, key: ApiKey) -> Result<(), StoreError>;

    /// All keys of a workspace, oldest first.
    async fn api_keys(&self, workspace: WorkspaceId) -> Result<Vec<ApiKey>, StoreError>;

    /// The key that a caller names, whatever its workspace: this is how the
    /// workspace of a request is found.
    async fn api_key(&self, publishable: &str) -> Result<Option<ApiKey>, StoreError>;

    /// Ends a key for good. Requests that start after this returns are refused.
    async fn revoke_api_key(&self, workspace: WorkspaceId, id: KeyId) -> Result<(), StoreError>;

    /// Notes when keys were last used.
    async fn touch_api_keys(&self, used: Vec<(KeyId, UnixMs)>) -> Result<(), StoreError>;
}
