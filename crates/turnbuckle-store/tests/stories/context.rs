use serde_json::json;
use turnbuckle_store::clock::Clock;
use turnbuckle_store::connection::PutConnection;
use turnbuckle_store::context::{Context, ContextStore};
use turnbuckle_store::{Store, StoreError};

use super::crm::{CRM, a_connection, given_connection, given_crm, initial};
use super::{ACME, OTHER, SECOND, TestClock, page, read_all};

fn a_context(clock: &TestClock, external_id: &str) -> Context {
    Context {
        external_id: external_id.to_owned(),
        external_name: None,
        attributes: [("plan".to_owned(), json!("gold"))].into_iter().collect(),
        created_at: clock.now(),
    }
}

pub async fn putting_again_replaces_and_keeps_the_time(
    store: &dyn ContextStore,
    clock: &TestClock,
) {
    let first = a_context(clock, "cus_1");
    let created = store.put_context(ACME, first.clone()).await.unwrap();
    assert_eq!(created, (first.clone(), true));

    clock.advance(SECOND);
    let second = Context {
        external_name: Some("Ann".to_owned()),
        attributes: serde_json::Map::new(),
        ..a_context(clock, "cus_1")
    };
    let expected = Context { created_at: first.created_at, ..second.clone() };
    assert_eq!(store.put_context(ACME, second).await.unwrap(), (expected.clone(), false));
    assert_eq!(store.context(ACME, "cus_1").await.unwrap(), Some(expected));
    assert_eq!(store.context(OTHER, "cus_1").await.unwrap(), None);

    // The app's own id is the app's own: another workspace may use the same.
    let (_, is_created) = store.put_context(OTHER, a_context(clock, "cus_1")).await.unwrap();
    assert!(is_created);
}

pub async fn contexts_are_listed_newest_first_page_by_page(
    store: &dyn ContextStore,
    clock: &TestClock,
) {
    for external_id in ["b", "a", "d", "c"] {
        store.put_context(ACME, a_context(clock, external_id)).await.unwrap();
        store.put_context(OTHER, a_context(clock, "theirs")).await.unwrap();
    }
    for limit in 1..6 {
        let listed = read_all!(limit, |page| store.contexts(ACME, page));
        let ids: Vec<_> = listed.iter().map(|context| &*context.external_id).collect();
        assert_eq!(ids, ["c", "d", "a", "b"], "{limit} at a time");
    }
}

pub async fn a_context_is_deleted_once(store: &dyn ContextStore, clock: &TestClock) {
    store.put_context(ACME, a_context(clock, "cus_1")).await.unwrap();
    let refused = store.delete_context(OTHER, "cus_1").await;
    assert!(matches!(refused, Err(StoreError::NotFound { .. })));

    store.delete_context(ACME, "cus_1").await.unwrap();
    assert_eq!(store.context(ACME, "cus_1").await.unwrap(), None);
    let again = store.delete_context(ACME, "cus_1").await;
    assert!(matches!(again, Err(StoreError::NotFound { .. })));
}

pub async fn a_context_takes_its_connections_along(store: &dyn Store, _: &TestClock) {
    given_crm(store).await;
    given_connection(store, ACME, "second").await;
    let theirs = PutConnection { context: "theirs".to_owned(), ..a_connection("theirs") };
    store.put_connection(ACME, theirs, initial(), None).await.unwrap();
    let deleted = store.delete_context(ACME, "acme").await.unwrap();
    assert!(deleted.iter().map(|it| it.id.as_str()).eq([CRM, "second"]));
    let left = store.connections(ACME, None, page(10, None)).await.unwrap().items;
    assert!(left.iter().map(|it| it.id.as_str()).eq(["theirs"]));
    assert_eq!(store.context(ACME, "acme").await.unwrap(), None);
}
