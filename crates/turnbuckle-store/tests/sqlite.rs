//! Every story on the embedded store, each on a file of its own.

#[macro_use]
mod stories;

use std::path::Path;
use std::sync::Arc;

use turnbuckle_store::StoreError;
use turnbuckle_store::sqlite::{SqliteOptions, SqliteStore};

use crate::stories::TestClock;

fn open(folder: &Path, clock: &Arc<TestClock>) -> Result<SqliteStore, StoreError> {
    SqliteStore::open(SqliteOptions {
        path: folder.join("store.db"),
        clock: clock.clone(),
        compose: stories::crm::compose,
        intake_bytes_max: stories::INTAKE_BYTES_MAX,
        scans_max: 2,
    })
}

macro_rules! on_sqlite {
    ($($noun:ident { $($story:ident)* })*) => {
        $(mod $noun {
            $(#[tokio::test]
            async fn $story() {
                let folder = tempfile::tempdir().unwrap();
                let clock = std::sync::Arc::new(super::TestClock::new());
                let store = super::open(folder.path(), &clock).unwrap();
                super::stories::$noun::$story(&store, &clock).await;
            })*
        })*
    };
}

macro_rules! reopening_sqlite {
    ($($story:ident)*) => {
        mod reopening {
            $(#[tokio::test]
            async fn $story() {
                let folder = tempfile::tempdir().unwrap();
                let clock = std::sync::Arc::new(super::TestClock::new());
                let open = || -> Box<dyn turnbuckle_store::Store> {
                    Box::new(super::open(folder.path(), &clock).unwrap())
                };
                super::stories::reopening::$story(&open, &clock).await;
            })*
        }
    };
}

for_each_story!(on_sqlite);
for_each_reopening!(reopening_sqlite);

#[test]
fn a_file_is_open_once() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(TestClock::new());
    let first = open(folder.path(), &clock).unwrap();
    assert!(matches!(open(folder.path(), &clock), Err(StoreError::Unavailable { .. })));
    drop(first);
    open(folder.path(), &clock).unwrap();
}
