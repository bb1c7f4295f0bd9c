//! What the keys of a connection's searches are made of: its mapping, its time
//! zone and its schema. Objects whose match keys are others after a change of
//! any of these wait for them.

use jiff::tz::TimeZone;
use turnbuckle_core::entity::Schema;
use turnbuckle_core::mapping::{KeyShapes, Mapping};

use crate::connection::Connection;

pub struct KeyBase {
    mapping_version: i64,
    shapes: KeyShapes,
    /// Entity and column of whatever the searches compare.
    pub columns: Vec<(String, String)>,
}

/// What a change of what keys are made of asks for.
pub struct Rekeyed {
    /// Objects that need other match keys.
    pub objects: Vec<String>,
    /// Whether the mapping needs another version: the change itself gave it none.
    pub needs_version: bool,
}

impl KeyBase {
    pub fn of(connection: &Connection, schema: &Schema) -> Self {
        let zone = TimeZone::get(&connection.time_zone).unwrap_or(TimeZone::UTC);
        // It was checked when it was put.
        let mapping = connection.mapping.as_ref().and_then(|it| Mapping::parse(it).ok());
        let mapping = mapping.unwrap_or_default();
        Self {
            mapping_version: connection.mapping_version,
            shapes: mapping.key_shapes(&connection.id, schema, &zone),
            columns: mapping.keyed_columns(schema),
        }
    }

    pub fn changed_to(&self, after: &Self) -> Rekeyed {
        let objects = self.shapes.rekeyed(&after.shapes);
        let needs_version = !objects.is_empty() && after.mapping_version == self.mapping_version;
        Rekeyed { objects, needs_version }
    }
}
