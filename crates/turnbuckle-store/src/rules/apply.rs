//! Applies one write of one record.

use turnbuckle_core::record::Data;
use turnbuckle_core::write::PlannedValues;

/// Fills in columns that are composed of others, e.g. a contact's full name.
pub type Compose = fn(&str, &mut PlannedValues, Option<&Data>);
