//! Endpoints: URLs that receive messages.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use turnbuckle_core::id::{ConnectionNo, EndpointId, UnixMs, WorkspaceId};

use crate::StoreError;
use crate::page::{Page, PageRequest};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndpointStatus {
    Active,
    /// By its owner: deliveries wait.
    Paused,
    /// By the hub, because its receiver is gone: deliveries wait.
    Disabled,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Endpoint {
    pub id: EndpointId,
    pub workspace: WorkspaceId,
    /// The only connection that it hears of; `None` hears of all.
    pub connection: Option<ConnectionNo>,
    /// The settings document without secrets, see `turnbuckle_core::endpoint`.
    pub settings: Json,
    /// Bearer token, headers, secrets and signing key, sealed together by the server.
    pub sealed: Vec<u8>,
    pub status: EndpointStatus,
    /// Why the hub disabled it.
    pub status_reason: Option<String>,
    /// Last 2xx, to the minute.
    pub last_success_at: Option<UnixMs>,
    pub version: i64,
    pub created_at: UnixMs,
    pub updated_at: UnixMs,
}

#[async_trait]
pub trait EndpointStore: Send + Sync {
    async fn create_endpoint(&self, endpoint: Endpoint) -> Result<(), StoreError>;

    /// Creates an endpoint with the setting that names it: `document` in place
    /// of `before`. `false`, and nothing is stored, if that is not the setting
    /// any more.
    async fn create_endpoint_of_setting(
        &self,
        endpoint: Endpoint,
        name: &str,
        before: Option<&Json>,
        document: &Json,
    ) -> Result<bool, StoreError>;

    /// Replaces settings, secrets and connection, keeps the status.
    async fn update_endpoint(
        &self,
        workspace: WorkspaceId,
        id: EndpointId,
        settings: &Json,
        sealed: &[u8],
        connection: Option<ConnectionNo>,
        version: Option<i64>,
    ) -> Result<Endpoint, StoreError>;

    async fn set_endpoint_status(
        &self,
        workspace: WorkspaceId,
        id: EndpointId,
        status: EndpointStatus,
        reason: Option<&str>,
    ) -> Result<Endpoint, StoreError>;

    async fn endpoint(
        &self,
        workspace: WorkspaceId,
        id: EndpointId,
    ) -> Result<Option<Endpoint>, StoreError>;

    async fn endpoints(
        &self,
        workspace: WorkspaceId,
        page: PageRequest,
    ) -> Result<Page<Endpoint>, StoreError>;

    /// Deletes an endpoint; what waits for it is never sent.
    async fn delete_endpoint(
        &self,
        workspace: WorkspaceId,
        id: EndpointId,
        version: Option<i64>,
    ) -> Result<(), StoreError>;

    async fn touch_endpoints(&self, succeeded: Vec<(EndpointId, UnixMs)>)
    -> Result<(), StoreError>;
}
