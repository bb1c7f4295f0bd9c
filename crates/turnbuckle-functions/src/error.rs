//! Why a script did not do what it was written for.

use serde::{Deserialize, Serialize};

use crate::limits::Limits;

/// What a script threw, or what is wrong with its text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{name}: {message}")]
pub struct Thrown {
    /// Such as `TypeError`.
    pub name: String,
    pub message: String,
    /// Where in the script, both counted from 1; absent where it was thrown outside of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
}

/// How a call fails.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    #[error(transparent)]
    Thrown(#[from] Thrown),
    #[error("it was not done after {} ms", .0.time.as_millis())]
    TimeUp(Limits),
    #[error("it returned more than {} bytes", .0.output_bytes_max)]
    TooMuchOutput(Limits),
    #[error("what it returned is not JSON: {0}")]
    NotJson(String),
    /// The engine gave up: a defect that a script found, or an end of memory where none may end.
    #[error("the script ended in a way that it cannot catch: {0}")]
    Crashed(String),
}

/// The sandbox itself cannot be made.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action}")]
pub struct SandboxError {
    /// Completes "cannot …".
    pub action: &'static str,
    #[source]
    pub source: Box<dyn std::error::Error + Send + Sync>,
}

impl SandboxError {
    /// For `map_err`.
    pub(crate) fn of<E>(action: &'static str) -> impl FnOnce(E) -> Self
    where
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        move |error| Self { action, source: error.into() }
    }
}
