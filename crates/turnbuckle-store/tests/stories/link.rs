use serde_json::{Value as Json, json};
use turnbuckle_store::clock::Clock;
use turnbuckle_store::connection::ABSENT;
use turnbuckle_store::error::Noun;
use turnbuckle_store::link::{FinishLink, LinkDraft};
use turnbuckle_store::{Store, StoreError};

use super::crm::{CRM, given_connection};
use super::{ACME, OTHER, SECOND, TestClock};

fn document(step: &str) -> Json {
    json!({ "objects": { "deal": {} }, "mapping": { "objects": {} }, "step": step })
}

fn finish(version: i64, draft_version: i64) -> FinishLink {
    FinishLink {
        objects: json!({ "deal": { "fields": {} } }),
        mapping: json!({ "objects": { "deal": { "entity": null } } }),
        version,
        draft_version,
    }
}

fn is_stale<T: std::fmt::Debug>(result: Result<T, StoreError>, of: Noun) {
    let is_it = matches!(&result, Err(StoreError::VersionMismatch { noun, .. }) if *noun == of);
    assert!(is_it, "{result:?}");
}

fn is_missing<T: std::fmt::Debug>(result: Result<T, StoreError>) {
    assert!(matches!(result, Err(StoreError::NotFound { .. })), "{result:?}");
}

pub async fn a_draft_is_saved_over_the_one_that_was_read(store: &dyn Store, clock: &TestClock) {
    given_connection(store, ACME, CRM).await;
    assert_eq!(store.link_draft(ACME, CRM).await.unwrap(), None);
    let first = store.put_link_draft(ACME, CRM, &document("entity"), ABSENT).await.unwrap();
    let expected = LinkDraft { document: document("entity"), version: 1, saved_at: clock.now() };
    assert_eq!(first, expected);
    is_stale(store.put_link_draft(ACME, CRM, &document("other"), ABSENT).await, Noun::LinkDraft);
    is_stale(store.put_link_draft(ACME, CRM, &document("other"), 2).await, Noun::LinkDraft);
    clock.advance(SECOND);
    let second = store.put_link_draft(ACME, CRM, &document("fields"), 1).await.unwrap();
    assert_eq!((second.version, second.saved_at), (2, clock.now()));
    assert_eq!(store.link_draft(ACME, CRM).await.unwrap(), Some(second));
    let connection = store.connection(ACME, CRM).await.unwrap().unwrap();
    assert_eq!((connection.version, connection.mapping), (1, None), "nothing is in force yet");
}

pub async fn a_finish_saves_all_and_ends_the_draft(store: &dyn Store, _: &TestClock) {
    given_connection(store, ACME, CRM).await;
    let kept = store.put_link_draft(ACME, CRM, &document("done"), ABSENT).await.unwrap();
    is_stale(store.finish_link(ACME, CRM, finish(2, 1)).await, Noun::Connection);
    is_stale(store.finish_link(ACME, CRM, finish(1, ABSENT)).await, Noun::LinkDraft);
    assert_eq!(store.link_draft(ACME, CRM).await.unwrap(), Some(kept), "nothing is lost");

    let finished = store.finish_link(ACME, CRM, finish(1, 1)).await.unwrap();
    let FinishLink { objects, mapping, .. } = finish(1, 1);
    assert_eq!((&finished.objects, &finished.mapping), (&Some(objects), &Some(mapping)));
    assert_eq!((finished.mapping_version, finished.version), (1, 2));
    assert_eq!(store.link_draft(ACME, CRM).await.unwrap(), None);
    // Another window that still has the draft open hears of it.
    is_stale(store.put_link_draft(ACME, CRM, &document("late"), 1).await, Noun::LinkDraft);
    let again = store.finish_link(ACME, CRM, finish(2, ABSENT)).await.unwrap();
    assert_eq!((again.mapping_version, again.version), (2, 3));
}

pub async fn a_draft_belongs_to_its_connection(store: &dyn Store, _: &TestClock) {
    given_connection(store, ACME, CRM).await;
    store.put_link_draft(ACME, CRM, &document("entity"), ABSENT).await.unwrap();
    assert_eq!(store.link_draft(OTHER, CRM).await.unwrap(), None);
    assert_eq!(store.link_draft(ACME, "another").await.unwrap(), None);
    is_missing(store.put_link_draft(OTHER, CRM, &document("entity"), 1).await);
    is_missing(store.finish_link(OTHER, CRM, finish(1, ABSENT)).await);
    store.delete_connection(ACME, CRM, None).await.unwrap();
    assert_eq!(store.link_draft(ACME, CRM).await.unwrap(), None);
    given_connection(store, ACME, CRM).await;
    assert_eq!(store.link_draft(ACME, CRM).await.unwrap(), None);
}
