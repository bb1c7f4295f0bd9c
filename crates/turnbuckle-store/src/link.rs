//! What end users do in Link: a draft while they map, and its finish.

use async_trait::async_trait;
use serde_json::Value as Json;
use turnbuckle_core::id::{UnixMs, WorkspaceId};

use crate::StoreError;
use crate::connection::Connection;

/// What somebody has begun to map and not finished.
#[derive(Debug, Clone, PartialEq)]
pub struct LinkDraft {
    /// As Link saved it; nothing in it need be complete.
    pub document: Json,
    /// Counts the times that it was saved, from 1.
    pub version: i64,
    pub saved_at: UnixMs,
}

/// What was mapped, whole.
#[derive(Debug, Clone, PartialEq)]
pub struct FinishLink {
    /// The `objects` option of `linkCRM`, word for word.
    pub objects: Json,
    pub mapping: Json,
    /// Of the connection, as the user found it.
    pub version: i64,
    /// Of the draft, which goes; [`crate::connection::ABSENT`] if there was none.
    pub draft_version: i64,
}

#[async_trait]
pub trait LinkStore: Send + Sync {
    /// The draft of a connection, if there is one.
    async fn link_draft(
        &self,
        workspace: WorkspaceId,
        connection: &str,
    ) -> Result<Option<LinkDraft>, StoreError>;

    /// Saves a draft over the one of `version`, which is [`crate::connection::ABSENT`] before
    /// the first. The mapping in force stays as it is.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is no such connection, [`StoreError::VersionMismatch`]
    /// if somebody else saved meanwhile.
    async fn put_link_draft(
        &self,
        workspace: WorkspaceId,
        connection: &str,
        document: &Json,
        version: i64,
    ) -> Result<LinkDraft, StoreError>;

    /// Declares the objects and saves the mapping, as
    /// [`crate::connection::ConnectionStore::put_mapping`] does, and ends the draft.
    ///
    /// # Errors
    /// As [`Self::put_link_draft`], also if the connection was changed meanwhile.
    async fn finish_link(
        &self,
        workspace: WorkspaceId,
        connection: &str,
        finish: FinishLink,
    ) -> Result<Connection, StoreError>;
}
