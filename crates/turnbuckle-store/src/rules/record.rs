//! Records as rows.

use turnbuckle_core::record::Record;

/// A record with the key of its row.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordRow {
    pub seq: i64,
    pub record: Record,
}
