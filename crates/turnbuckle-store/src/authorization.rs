//! How connections come to be authorised: what an end user has begun, and the credentials that
//! it ends with.

use async_trait::async_trait;
use turnbuckle_core::id::{UnixMs, WorkspaceId};
use uuid::Uuid;

use crate::StoreError;
use crate::connection::{Connection, PutConnection};
use crate::error::Noun;

/// How far an authorization is. It moves downwards only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthorizationStatus {
    /// The end user is asked.
    AwaitingCallback,
    /// The end user consented; we fetch the tokens.
    RetrievingTokens,
    Active,
    Error,
}

impl AuthorizationStatus {
    pub(crate) fn to_row(self) -> &'static str {
        match self {
            Self::AwaitingCallback => "awaiting_callback",
            Self::RetrievingTokens => "retrieving_tokens",
            Self::Active => "active",
            Self::Error => "error",
        }
    }

    /// One that a later version wrote goes no further here.
    pub(crate) fn from_row(stored: &str) -> Self {
        match stored {
            "awaiting_callback" => Self::AwaitingCallback,
            "retrieving_tokens" => Self::RetrievingTokens,
            "active" => Self::Active,
            _ => Self::Error,
        }
    }
}

/// What went wrong with an authorization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthorizationError {
    /// As OAuth 2.0 names it, such as `access_denied`.
    pub code: String,
    /// A sentence for the end user, with the cure.
    pub message: String,
}

/// An end user's wish to connect an account.
#[derive(Debug, Clone, PartialEq)]
pub struct Authorization {
    pub workspace: WorkspaceId,
    pub id: Uuid,
    /// What it makes, or authorises again.
    pub connection: PutConnection,
    /// Hash of the secret that the provider sends back, which finds it.
    pub state_hash: [u8; 32],
    /// That secret, what proves that it is us who asked, and what the end user typed.
    pub sealed: Vec<u8>,
    pub status: AuthorizationStatus,
    /// With [`AuthorizationStatus::Error`].
    pub error: Option<AuthorizationError>,
    pub begun_at: UnixMs,
}

impl Authorization {
    /// # Errors
    /// [`StoreError::AlreadyExists`] of a connection of another context or at another provider.
    pub(crate) fn unless_anothers(&self, existing: &Connection) -> Result<(), StoreError> {
        let PutConnection { id, context, connector, .. } = &self.connection;
        match (&existing.context, &existing.connector) == (context, connector) {
            true => Ok(()),
            false => Err(StoreError::already_exists(Noun::Connection, id)),
        }
    }
}

#[async_trait]
pub trait AuthorizationStore: Send + Sync {
    /// Stores a new one; those that began before `kept_since` go.
    async fn begin_authorization(
        &self,
        authorization: Authorization,
        kept_since: UnixMs,
    ) -> Result<(), StoreError>;

    async fn authorization(
        &self,
        workspace: WorkspaceId,
        id: Uuid,
    ) -> Result<Option<Authorization>, StoreError>;

    /// The one that began last of those that make this connection.
    async fn authorization_of(
        &self,
        workspace: WorkspaceId,
        connection: &str,
    ) -> Result<Option<Authorization>, StoreError>;

    /// The one that this secret belongs to, of whichever workspace: whoever comes back from a
    /// provider says nothing else.
    async fn authorization_of_state(
        &self,
        state_hash: [u8; 32],
    ) -> Result<Option<Authorization>, StoreError>;

    /// Puts what the end user typed into one that awaits them; `false`, and nothing is put, into
    /// any other.
    async fn fill_authorization(
        &self,
        workspace: WorkspaceId,
        id: Uuid,
        sealed: Vec<u8>,
    ) -> Result<bool, StoreError>;

    /// Takes one that awaits its end user, to retrieve its tokens; `false` of any other. Only one
    /// of those who ask gets it.
    async fn take_authorization(
        &self,
        workspace: WorkspaceId,
        id: Uuid,
    ) -> Result<bool, StoreError>;

    /// Ends one badly, if it has not ended.
    async fn fail_authorization(
        &self,
        workspace: WorkspaceId,
        id: Uuid,
        error: AuthorizationError,
    ) -> Result<(), StoreError>;

    /// Ends one well: the connection is there, is in no error and has these sealed credentials.
    /// `true` if the connection is new.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] unless it has been taken and not ended.
    /// [`StoreError::AlreadyExists`] if the id of the connection was taken meanwhile, by another
    /// context or at another provider.
    async fn grant_authorization(
        &self,
        workspace: WorkspaceId,
        id: Uuid,
        credentials: Vec<u8>,
    ) -> Result<(Connection, bool), StoreError>;

    /// What opens the account behind a connection, sealed.
    async fn credentials(
        &self,
        workspace: WorkspaceId,
        connection: &str,
    ) -> Result<Option<Vec<u8>>, StoreError>;
}
