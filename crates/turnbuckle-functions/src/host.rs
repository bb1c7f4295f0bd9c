//! What a script can ask of the process around it.

use std::time::Duration;

use async_trait::async_trait;
use serde_json::Value as Json;

/// Answers the host calls of one call.
#[async_trait]
pub trait Host: Send + Sync + 'static {
    /// `name` is one that the prelude knows, such as `crm.getRecordById`; the script waits
    /// for the answer, no longer than to its deadline.
    ///
    /// # Errors
    /// With what the script is to catch.
    async fn ask(&self, name: &str, arguments: &[Json]) -> Result<Json, Refused>;

    /// Milliseconds since 1970, for `Date`.
    fn now_ms(&self) -> i64;

    /// Any number, for `Math.random`.
    fn random(&self) -> u64;
}

/// A sentence that a script catches as the message of an `Error`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Refused(pub String);

/// A host call that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    pub name: String,
    /// Why it was refused, if it was.
    pub error: Option<String>,
    pub duration: Duration,
}
