//! Connections: one context's account at one provider, with its mapping.

use async_trait::async_trait;
use serde_json::Value as Json;
use turnbuckle_core::entity::Schema;
use turnbuckle_core::id::{ConnectionNo, UnixMs, WorkspaceId};
use turnbuckle_core::record::Data;
use uuid::Uuid;

use crate::StoreError;
use crate::page::{Page, PageRequest};

#[derive(Debug, Clone, PartialEq)]
pub struct Connection {
    pub no: ConnectionNo,
    pub workspace: WorkspaceId,
    /// Chosen by the app, unique in its workspace.
    pub id: String,
    /// `external_id` of its context.
    pub context: String,
    /// Slug of its connector.
    pub connector: String,
    /// IANA name; relative dates and dates without a zone are read in it.
    pub time_zone: String,
    /// Why the connection cannot be used, if it cannot.
    pub error: Option<String>,
    /// What the app declared: the `objects` option of `linkCRM`, word for word.
    pub objects: Option<Json>,
    /// The user's mapping document.
    pub mapping: Option<Json>,
    /// Counts the mappings that were saved, and whatever else changed what match
    /// keys are made of; 0 before the first.
    pub mapping_version: i64,
    /// Counts the writes of this row, for `ETag`.
    pub version: i64,
    pub created_at: UnixMs,
    pub updated_at: UnixMs,
}

/// In place of a version: what is put must not be there yet. Versions count from 1.
pub const ABSENT: i64 = 0;

/// What an app says of a connection when it puts one.
#[derive(Debug, Clone, PartialEq)]
pub struct PutConnection {
    pub id: String,
    pub context: String,
    pub connector: String,
    pub time_zone: String,
}

/// The entities and records that a new connection to the built-in CRM starts with.
#[derive(Debug, Clone, Default)]
pub struct InitialRecords {
    pub schema: Schema,
    /// In an order where a looked-up record comes first.
    pub records: Vec<(String, Uuid, Data)>,
}

#[async_trait]
pub trait ConnectionStore: Send + Sync {
    /// Creates or updates; `true` when it was created, with `initial` in it.
    /// The context is created if it is new. Objects whose match keys are others
    /// in another time zone wait for them, as after [`Self::put_mapping`].
    ///
    /// # Errors
    /// [`StoreError::VersionMismatch`] if `version` is given and not the current one, which is
    /// [`ABSENT`] before the first.
    async fn put_connection(
        &self,
        workspace: WorkspaceId,
        connection: PutConnection,
        initial: InitialRecords,
        version: Option<i64>,
    ) -> Result<(Connection, bool), StoreError>;

    async fn connection(
        &self,
        workspace: WorkspaceId,
        id: &str,
    ) -> Result<Option<Connection>, StoreError>;

    async fn connections(
        &self,
        workspace: WorkspaceId,
        context: Option<&str>,
        page: PageRequest,
    ) -> Result<Page<Connection>, StoreError>;

    /// Saves what the app declares.
    async fn put_objects(
        &self,
        workspace: WorkspaceId,
        id: &str,
        objects: &Json,
        version: Option<i64>,
    ) -> Result<Connection, StoreError>;

    /// Saves a mapping and raises its version. In the same transaction the columns
    /// that its searches compare begin to get search keys (see
    /// [`crate::entity::EntityStore::fill_started_keys`]), and matching of objects
    /// whose match keys are made of other things now waits until their
    /// subscriptions have new ones (see
    /// [`crate::subscription::SubscriptionStore::rekeyings`]).
    async fn put_mapping(
        &self,
        workspace: WorkspaceId,
        id: &str,
        mapping: &Json,
        version: Option<i64>,
    ) -> Result<Connection, StoreError>;

    /// Whether the connection of this number has not been deleted.
    async fn has_connection(
        &self,
        workspace: WorkspaceId,
        no: ConnectionNo,
    ) -> Result<bool, StoreError>;

    /// Deletes the connection with the sources, the endpoints and the keys that
    /// are bound to it alone. Nothing that was stored for it is acted on from then
    /// on; it is erased by [`crate::maintenance::MaintenanceStore::erase`].
    async fn delete_connection(
        &self,
        workspace: WorkspaceId,
        id: &str,
        version: Option<i64>,
    ) -> Result<(), StoreError>;
}
