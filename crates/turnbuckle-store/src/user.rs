//! People who sign in to the console, and their sessions.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use turnbuckle_core::id::{UnixMs, UserId, WorkspaceId};

use crate::StoreError;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    pub id: UserId,
    pub workspace: WorkspaceId,
    /// What they sign in with; unique in the installation.
    pub name: String,
    pub role: Role,
    /// In the PHC format: it says by which algorithm and with which salt.
    pub password_hash: String,
    pub created_at: UnixMs,
    pub updated_at: UnixMs,
}

/// What a user may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Everything in the workspace.
    Admin,
    /// Everything but key sets and users.
    Editor,
    /// Read.
    Viewer,
}

impl Role {
    pub(crate) fn to_row(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Editor => "editor",
            Self::Viewer => "viewer",
        }
    }

    /// One that a later version wrote may do least.
    pub(crate) fn from_row(stored: &str) -> Self {
        match stored {
            "admin" => Self::Admin,
            "editor" => Self::Editor,
            _ => Self::Viewer,
        }
    }
}

/// What is changed of a user.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserChange {
    pub role: Option<Role>,
    /// Ends the sessions that were begun with the old one.
    pub password_hash: Option<String>,
}

/// Somebody who signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// SHA-256 of its token, which has 256 random bits.
    pub hash: [u8; 32],
    pub workspace: WorkspaceId,
    pub user: UserId,
    pub expires_at: UnixMs,
}

#[async_trait]
pub trait UserStore: Send + Sync {
    /// # Errors
    /// [`StoreError::AlreadyExists`] if the name is taken.
    async fn create_user(&self, user: User) -> Result<(), StoreError>;

    /// All users of a workspace, oldest first.
    async fn users(&self, workspace: WorkspaceId) -> Result<Vec<User>, StoreError>;

    /// The user who signs in with this name, whatever the workspace.
    async fn user_named(&self, name: &str) -> Result<Option<User>, StoreError>;

    /// # Errors
    /// [`StoreError::NotFound`]
    async fn update_user(
        &self,
        workspace: WorkspaceId,
        id: UserId,
        change: UserChange,
    ) -> Result<User, StoreError>;

    /// Deletes a user and ends the sessions.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]
    async fn delete_user(&self, workspace: WorkspaceId, id: UserId) -> Result<(), StoreError>;

    async fn begin_session(&self, session: Session) -> Result<(), StoreError>;

    /// Who has the session with this hash, if it is not over by `now`.
    async fn session_user(&self, hash: &[u8; 32], now: UnixMs) -> Result<Option<User>, StoreError>;

    /// Ends a session; one that is not there has ended.
    async fn end_session(&self, hash: &[u8; 32]) -> Result<(), StoreError>;
}
