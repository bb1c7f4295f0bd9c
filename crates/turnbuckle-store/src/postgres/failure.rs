//! How a call fails, before it has the words of [`StoreError`].

use deadpool_postgres::PoolError;
pub use tokio_postgres::error::Error as SqlError;
use tokio_postgres::error::SqlState;
use turnbuckle_core::invalid::Invalid;

use crate::StoreError;
use crate::error::Noun;
use crate::rules::EngineFailure;

/// Why a call failed: by its own decision, or by the database's.
#[derive(Debug)]
pub enum Failure {
    Store(StoreError),
    Sql(SqlError),
    Pool(PoolError),
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<SqlError> for Failure {
    fn from(error: SqlError) -> Self {
        Self::Sql(error)
    }
}

impl From<PoolError> for Failure {
    fn from(error: PoolError) -> Self {
        match error {
            PoolError::Backend(error) => Self::Sql(error),
            error => Self::Pool(error),
        }
    }
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        Self::Store(StoreError::Defect { action: "read a stored document", source: error.into() })
    }
}

impl EngineFailure for Failure {
    fn refused(self) -> Result<StoreError, Self> {
        match self {
            Self::Store(error) => Ok(error),
            failure @ (Self::Sql(_) | Self::Pool(_)) => Err(failure),
        }
    }
}

impl Failure {
    fn during(self, action: &'static str) -> StoreError {
        match self {
            Self::Store(error) => error,
            Self::Pool(error) => StoreError::Unavailable { action, source: error.into() },
            Self::Sql(error) if is_passing(&error) => {
                StoreError::Unavailable { action, source: error.into() }
            }
            Self::Sql(error) if has_unstorable_text(&error) => {
                let detail = "a text contains the character NUL, which cannot be stored";
                StoreError::Invalid(vec![Invalid::new(String::new(), detail.to_owned())])
            }
            Self::Sql(error) => StoreError::Defect { action, source: error.into() },
        }
    }
}

/// Awaits a call and says in the caller's words why it failed; `action`
/// completes "while trying to …".
pub async fn during<T>(
    action: &'static str,
    call: impl Future<Output = Result<T, Failure>>,
) -> Result<T, StoreError> {
    call.await.map_err(|failure| failure.during(action))
}

/// What an insert of `noun` failed for: the name is taken, or else the database's own reason.
pub fn taken(failure: Failure, noun: Noun, id: impl ToString) -> Failure {
    match failure {
        Failure::Sql(error) if error.code() == Some(&SqlState::UNIQUE_VIOLATION) => {
            StoreError::already_exists(noun, id).into()
        }
        failure => failure,
    }
}

/// Whether the same call may succeed later: the server is away or busy, or two
/// transactions came in each other's way.
fn is_passing(error: &SqlError) -> bool {
    // Without a code it is not the server that speaks: the connection broke.
    let Some(code) = error.code() else { return !is_ours(error) };
    // Classes: connection, rollback, resources, intervention of an operator, system.
    ["08", "40", "53", "57", "58"].iter().any(|class| code.code().starts_with(class))
        || *code == SqlState::LOCK_NOT_AVAILABLE
}

/// Whether a text that a caller gave holds what texts cannot hold here.
pub fn has_unstorable_text(error: &SqlError) -> bool {
    error.code() == Some(&SqlState::CHARACTER_NOT_IN_REPERTOIRE)
}

/// Whether a value could not be given to the server or taken from it.
fn is_ours(error: &SqlError) -> bool {
    let text = error.to_string();
    text.starts_with("error serializing") || text.starts_with("error deserializing")
}
