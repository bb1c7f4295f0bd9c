//! Opens the embedded store.

use std::path::Path;
use std::sync::Arc;

use turnbuckle_store::sqlite::{SqliteOptions, SqliteStore};
use turnbuckle_store::{Store, StoreError};

use crate::stories::reopening::Opening;
use crate::stories::{INTAKE_BYTES_MAX, TestClock, crm};

pub fn open(folder: &Path, clock: &Arc<TestClock>) -> Result<SqliteStore, StoreError> {
    SqliteStore::open(SqliteOptions {
        path: folder.join("store.db"),
        clock: clock.clone(),
        compose: crm::compose,
        intake_bytes_max: INTAKE_BYTES_MAX,
        scans_max: 2,
    })
}

/// Opens the store of a folder again and again.
pub fn reopen(folder: &Path, clock: &Arc<TestClock>) -> impl Fn() -> Opening {
    move || {
        let store = open(folder, clock).unwrap();
        Box::pin(async { Box::new(store) as Box<dyn Store> })
    }
}
