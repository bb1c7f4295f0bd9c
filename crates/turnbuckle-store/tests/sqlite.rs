//! Every story on the embedded store, each on a file of its own.

#[macro_use]
mod stories;
mod embedded;

use std::sync::Arc;
use std::task::Poll;

use turnbuckle_store::StoreError;
use turnbuckle_store::workspace::WorkspaceStore;

use crate::embedded::open;
use crate::stories::{ACME, OTHER, TestClock};

macro_rules! on_sqlite {
    ($($noun:ident { $($story:ident)* })*) => {
        $(mod $noun {
            $(#[tokio::test]
            async fn $story() {
                let folder = tempfile::tempdir().unwrap();
                let clock = std::sync::Arc::new(super::TestClock::new());
                let store = super::embedded::open(folder.path(), &clock).unwrap();
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
                let open = super::embedded::reopen(folder.path(), &clock);
                super::stories::reopening::$story(&open, &clock).await;
            })*
        }
    };
}

macro_rules! from_sqlite_to_sqlite {
    ($($story:ident)*) => {
        mod to_sqlite {
            $(#[tokio::test]
            async fn $story() {
                let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
                let clock = std::sync::Arc::new(super::TestClock::new());
                let [from, to] =
                    folders.each_ref().map(|folder| super::embedded::reopen(folder.path(), &clock));
                super::stories::transfer::$story(&from, &to, &clock).await;
            })*
        }
    };
}

for_each_story!(on_sqlite);
for_each_reopening!(reopening_sqlite);
for_each_transfer!(from_sqlite_to_sqlite);

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
