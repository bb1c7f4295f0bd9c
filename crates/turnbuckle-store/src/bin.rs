//! Bins: built-in receivers that keep and show what was posted to them.

use async_trait::async_trait;
use bytes::Bytes;
use turnbuckle_core::id::{UnixMs, WorkspaceId};

use crate::StoreError;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bin {
    pub workspace: WorkspaceId,
    /// Unguessable: whoever knows it may post and look.
    pub name: String,
    /// For people; may be empty.
    pub label: String,
    pub created_at: UnixMs,
    pub expires_at: UnixMs,
}

#[derive(Debug, Clone, PartialEq)]
pub struct BinRequest {
    /// Counts the requests of the installation; newer is greater.
    pub number: i64,
    pub at: UnixMs,
    pub method: String,
    pub query: String,
    pub headers: Vec<(String, String)>,
    pub body: Bytes,
}

/// What one bin keeps. The newest request stays, however large it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BinBounds {
    pub requests_max: usize,
    /// Of bodies, headers and queries together.
    pub bytes_max: usize,
}

#[async_trait]
pub trait BinStore: Send + Sync {
    async fn create_bin(&self, bin: Bin) -> Result<(), StoreError>;

    async fn bins(&self, workspace: WorkspaceId) -> Result<Vec<Bin>, StoreError>;

    /// The bin of this name, unless it has expired.
    async fn bin(&self, name: &str, now: UnixMs) -> Result<Option<Bin>, StoreError>;

    /// Keeps a request and drops the oldest beyond `bounds`.
    async fn add_bin_request(
        &self,
        name: &str,
        request: BinRequest,
        bounds: BinBounds,
    ) -> Result<(), StoreError>;

    /// Newest first.
    async fn bin_requests(
        &self,
        name: &str,
        before: Option<i64>,
        limit: usize,
    ) -> Result<Vec<BinRequest>, StoreError>;

    async fn delete_bin(&self, workspace: WorkspaceId, name: &str) -> Result<(), StoreError>;
}
