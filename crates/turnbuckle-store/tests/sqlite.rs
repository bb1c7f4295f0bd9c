//! Every story on the embedded store, each on a file of its own.

#[macro_use]
mod stories;

use std::sync::Arc;

use tempfile::TempDir;
use turnbuckle_store::sqlite::{SqliteOptions, SqliteStore};

use crate::stories::TestClock;

fn open() -> (SqliteStore, Arc<TestClock>, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(TestClock::new());
    let store = SqliteStore::open(SqliteOptions {
        path: folder.path().join("store.db"),
        clock: clock.clone(),
        compose: stories::crm::compose,
        intake_bytes_max: stories::INTAKE_BYTES_MAX,
        scans_max: 2,
    });
    (store.unwrap(), clock, folder)
}

macro_rules! on_sqlite {
    ($($noun:ident { $($story:ident)* })*) => {
        $(mod $noun {
            $(#[tokio::test]
            async fn $story() {
                let (store, clock, _folder) = super::open();
                super::stories::$noun::$story(&store, &clock).await;
            })*
        })*
    };
}

for_each_story!(on_sqlite);
