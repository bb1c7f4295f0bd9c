//! The contract of a connector: our code for one provider.

use serde::Serialize;

use crate::auth::AuthScheme;

/// One thing that a connector can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Capability {
    /// Tell its entities and their columns.
    Describe,
    /// Read one record by id.
    Get,
    /// Read many records by id in one call.
    Batch,
    /// Find records by a filter, page by page.
    Search,
    Create,
    Update,
    Delete,
    /// Tell of changes that somebody else made.
    Changes,
}

/// Facts about a provider that need no code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct ProviderDescriptor {
    /// Stable name used in URLs, documents and the database: `native`.
    pub slug: &'static str,
    pub display_name: &'static str,
    /// One sentence for whoever chooses among connectors.
    pub short_description: &'static str,
    pub auth: AuthScheme,
    /// Records lie in our own store: they are read and written there, and no
    /// request ever leaves the hub for them.
    pub is_native: bool,
    /// What this connector really does today; the API refuses the rest.
    pub capabilities: &'static [Capability],
}

/// Our code for one provider.
pub trait Connector: Send + Sync {
    fn descriptor(&self) -> &'static ProviderDescriptor;
}
