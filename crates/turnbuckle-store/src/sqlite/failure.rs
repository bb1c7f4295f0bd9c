//! How a statement or a whole job fails, before it has the words of [`StoreError`].

use rusqlite::ErrorCode;

use crate::StoreError;
use crate::rules::EngineFailure;

/// Why a job failed: by its own decision, or by the database's.
#[derive(Debug)]
pub enum Failure {
    Store(StoreError),
    Sql(rusqlite::Error),
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
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
            failure @ Self::Sql(_) => Err(failure),
        }
    }
}

impl Failure {
    /// Says it in the caller's words; `action` completes "while trying to …".
    pub fn during(self, action: &'static str) -> StoreError {
        match self {
            Self::Store(error) => error,
            Self::Sql(error) => match error.sqlite_error_code() {
                Some(
                    ErrorCode::DatabaseBusy
                    | ErrorCode::DatabaseLocked
                    | ErrorCode::DiskFull
                    | ErrorCode::CannotOpen
                    | ErrorCode::SystemIoFailure
                    | ErrorCode::OutOfMemory,
                ) => StoreError::Unavailable { action, source: error.into() },
                Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => StoreError::Defect {
                    action,
                    source: format!("{error}; put back a backup, or name another folder").into(),
                },
                _ => defect(action, error),
            },
        }
    }
}

pub fn defect(action: &'static str, error: rusqlite::Error) -> StoreError {
    StoreError::Defect { action, source: error.into() }
}
