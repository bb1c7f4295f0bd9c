//! A connection as the API shows it: no credentials.

use serde::Serialize;
use turnbuckle_core::mapping::Mapping;
use turnbuckle_core::object::Objects;
use turnbuckle_store::connection::Connection;
use utoipa::ToSchema;

use crate::api::time::rfc3339;
use crate::problem::ProblemError;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ConnectionStatus {
    Active,
    /// It cannot be used; `error` has the reason and the cure.
    Error,
}

/// One context's account at one provider.
#[derive(Debug, Serialize, ToSchema)]
pub struct ConnectionView {
    pub id: String,
    pub context: String,
    pub connector: String,
    pub status: ConnectionStatus,
    pub error: Option<String>,
    pub time_zone: String,
    /// Whether the app has declared objects on it.
    pub has_objects: bool,
    pub mapping: MappingStateView,
    /// Counts the writes of the connection, its objects and its mapping; also its `ETag`.
    pub version: i64,
    pub created_at: String,
    pub updated_at: String,
}

/// How far the user has mapped what the app declared.
#[derive(Debug, Serialize, ToSchema)]
pub struct MappingStateView {
    /// Counts the mappings that were saved; 0 before the first.
    pub version: i64,
    /// Whether every declared object can be used.
    pub complete: bool,
    /// What is left to map.
    pub missing: Vec<ProblemError>,
}

impl From<Connection> for ConnectionView {
    fn from(it: Connection) -> Self {
        // Both were checked when they were put.
        let objects = it.objects.as_ref().and_then(|objects| Objects::parse(objects).ok());
        let mapping = it.mapping.as_ref().and_then(|mapping| Mapping::parse(mapping).ok());
        let (objects, mapping) = (objects.unwrap_or_default(), mapping.unwrap_or_default());
        let missing: Vec<ProblemError> = mapping
            .completeness(&objects)
            .into_iter()
            .map(|invalid| ProblemError { path: invalid.path, detail: invalid.detail })
            .collect();
        Self {
            status: match it.error {
                None => ConnectionStatus::Active,
                Some(_) => ConnectionStatus::Error,
            },
            id: it.id,
            context: it.context,
            connector: it.connector,
            error: it.error,
            time_zone: it.time_zone,
            has_objects: !objects.is_empty(),
            mapping: MappingStateView {
                version: it.mapping_version,
                complete: missing.is_empty(),
                missing,
            },
            version: it.version,
            created_at: rfc3339(it.created_at),
            updated_at: rfc3339(it.updated_at),
        }
    }
}
