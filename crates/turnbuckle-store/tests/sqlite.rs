//! Every story on the embedded store, each on a file of its own.

#[macro_use]
mod stories;

use std::path::Path;
use std::sync::Arc;
use std::task::Poll;

use turnbuckle_store::StoreError;
use turnbuckle_store::sqlite::{SqliteOptions, SqliteStore};
use turnbuckle_store::workspace::WorkspaceStore;

use crate::stories::{ACME, OTHER, TestClock};

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
                let open = || -> std::pin::Pin<Box<dyn Future<Output = _>>> {
                    let store = super::open(folder.path(), &clock).unwrap();
                    Box::pin(async { Box::new(store) as Box<dyn turnbuckle_store::Store> })
                };
                super::stories::reopening::$story(&open, &clock).await;
            })*
        }
    };
}

for_each_story!(on_sqlite);
for_each_reopening!(reopening_sqlite);

/// The writer goes on with what was begun. Nobody is left to say so but the store itself.
#[tokio::test]
async fn a_change_counts_although_its_caller_went_away() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path(), &Arc::new(TestClock::new())).unwrap();
    let store: &dyn WorkspaceStore = &store;
    let (document, seen) = (serde_json::json!("first"), store.configuration_version(ACME));
    let mut write = store.put_setting(ACME, "origins", &document);
    let _begun =
        std::future::poll_fn(|context| Poll::Ready(write.as_mut().poll(context))).await.is_ready();
    drop(write);
    // Writes are answered in their order.
    store.put_setting(OTHER, "origins", &document).await.unwrap();
    assert_eq!(store.setting(ACME, "origins").await.unwrap(), Some(document));
    assert!(seen < store.configuration_version(ACME));
}

#[test]
fn a_file_is_open_once() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(TestClock::new());
    let first = open(folder.path(), &clock).unwrap();
    assert!(matches!(open(folder.path(), &clock), Err(StoreError::Unavailable { .. })));
    drop(first);
    open(folder.path(), &clock).unwrap();
}
