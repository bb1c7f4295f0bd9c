use serde_json::json;
use turnbuckle_core::id::{ConnectionNo, SourceId, SourceKeyId};
use turnbuckle_store::StoreError;
use turnbuckle_store::clock::Clock;
use turnbuckle_store::error::Noun;
use turnbuckle_store::source::{Source, SourceKey, SourceStore};

use super::crm::CRM_NO;
use super::{ACME, HOUR, OTHER, SECOND, TestClock, is_last, neighbour, page, read_all};

pub fn a_key(clock: &TestClock, number: u8) -> SourceKey {
    SourceKey {
        id: SourceKeyId(clock.mint()),
        hash: [number; 32],
        sealed: vec![number, 0, 255],
        created_at: clock.now(),
        expires_at: None,
    }
}

/// A source with one key, whose hash is `number` all over.
pub fn a_source(clock: &TestClock, number: u8) -> Source {
    Source {
        id: SourceId(clock.mint()),
        workspace: ACME,
        connection: CRM_NO,
        name: format!("form {number}"),
        settings: json!({ "entity": "Lead", "reply": "accepted" }),
        keys: vec![a_key(clock, number)],
        version: 1,
        created_at: clock.now(),
        updated_at: clock.now(),
    }
}

async fn given_source(store: &dyn SourceStore, clock: &TestClock, number: u8) -> Source {
    let source = a_source(clock, number);
    store.create_source(source.clone()).await.unwrap();
    source
}

pub async fn a_source_is_found_by_id_and_by_key(store: &dyn SourceStore, clock: &TestClock) {
    let mut source = given_source(store, clock, 1).await;
    let second = a_key(clock, 2);
    store.add_source_key(ACME, source.id, second.clone()).await.unwrap();
    source.keys.push(second);

    assert_eq!(store.source(ACME, source.id).await.unwrap(), Some(source.clone()));
    for number in [1, 2] {
        assert_eq!(store.source_by_key(&[number; 32]).await.unwrap(), Some(source.clone()));
    }
    assert_eq!(store.source_by_key(&[3; 32]).await.unwrap(), None);
}

pub async fn an_id_of_another_tail_or_workspace_finds_nothing(
    store: &dyn SourceStore,
    clock: &TestClock,
) {
    let source = given_source(store, clock, 1).await;
    let key = source.keys[0].id;
    for (workspace, id) in [(OTHER, source.id), (ACME, SourceId(neighbour(source.id.0)))] {
        assert_eq!(store.source(workspace, id).await.unwrap(), None);
        for refused in [
            store.update_source(workspace, id, "", &json!({}), CRM_NO, None).await.err(),
            store.add_source_key(workspace, id, a_key(clock, 2)).await.err(),
            store.expire_source_key(workspace, id, key, clock.now()).await.err(),
            store.delete_source(workspace, id, None).await.err(),
        ] {
            assert!(matches!(refused, Some(StoreError::NotFound { noun: Noun::Source, .. })));
        }
    }
    let stranger = SourceKeyId(neighbour(key.0));
    let refused = store.expire_source_key(ACME, source.id, stranger, clock.now()).await;
    assert!(matches!(refused, Err(StoreError::NotFound { noun: Noun::SourceKey, .. })));
    let other = given_source(store, clock, 2).await;
    let refused = store.expire_source_key(ACME, other.id, key, clock.now()).await;
    assert!(matches!(refused, Err(StoreError::NotFound { noun: Noun::SourceKey, .. })));
    assert_eq!(store.source(ACME, source.id).await.unwrap(), Some(source));
}

pub async fn a_key_ends_at_its_time(store: &dyn SourceStore, clock: &TestClock) {
    let source = given_source(store, clock, 1).await;
    let until = clock.now() + HOUR;
    store.expire_source_key(ACME, source.id, source.keys[0].id, until).await.unwrap();

    clock.advance(HOUR - 1);
    let found = store.source_by_key(&[1; 32]).await.unwrap().unwrap();
    assert_eq!(found.keys[0].expires_at, Some(until));

    clock.advance(1);
    assert_eq!(store.source_by_key(&[1; 32]).await.unwrap(), None);
    assert_eq!(store.source(ACME, source.id).await.unwrap().unwrap().keys, []);
}

pub async fn an_ended_key_cannot_be_brought_back(store: &dyn SourceStore, clock: &TestClock) {
    let source = given_source(store, clock, 1).await;
    let key = source.keys[0].id;
    store.expire_source_key(ACME, source.id, key, clock.now() - HOUR).await.unwrap();
    let refused = store.expire_source_key(ACME, source.id, key, clock.now() + HOUR).await;
    assert!(matches!(refused, Err(StoreError::NotFound { noun: Noun::SourceKey, .. })));
    assert_eq!(store.source_by_key(&[1; 32]).await.unwrap(), None);
}

pub async fn a_key_hash_is_taken_once(store: &dyn SourceStore, clock: &TestClock) {
    let source = given_source(store, clock, 1).await;
    let again = store.add_source_key(ACME, source.id, a_key(clock, 1)).await;
    assert!(matches!(again, Err(StoreError::AlreadyExists { noun: Noun::SourceKey, .. })));

    let second = a_source(clock, 1);
    let again = store.create_source(second.clone()).await;
    assert!(matches!(again, Err(StoreError::AlreadyExists { noun: Noun::SourceKey, .. })));
    assert_eq!(store.source(ACME, second.id).await.unwrap(), None, "half a source was stored");
}

pub async fn an_update_compares_the_version(store: &dyn SourceStore, clock: &TestClock) {
    let source = given_source(store, clock, 1).await;
    clock.advance(SECOND);
    let settings = json!({ "entity": "Contact" });
    let updated = store
        .update_source(ACME, source.id, "new", &settings, ConnectionNo(2), Some(1))
        .await
        .unwrap();
    let expected = Source {
        connection: ConnectionNo(2),
        name: "new".to_owned(),
        settings,
        version: 2,
        updated_at: clock.now(),
        ..source.clone()
    };
    assert_eq!(updated, expected);

    let late = store.update_source(ACME, source.id, "late", &json!({}), CRM_NO, Some(1)).await;
    assert!(matches!(late, Err(StoreError::VersionMismatch { noun: Noun::Source, .. })));
    assert_eq!(store.source(ACME, source.id).await.unwrap(), Some(expected));
}

pub async fn sources_are_listed_newest_first_page_by_page(
    store: &dyn SourceStore,
    clock: &TestClock,
) {
    let mut expected = Vec::new();
    for number in 1..5 {
        expected.insert(0, given_source(store, clock, number).await);
        let theirs = Source { workspace: OTHER, ..a_source(clock, number + 100) };
        store.create_source(theirs).await.unwrap();
    }
    for limit in 1..6 {
        let listed = read_all!(limit, |page| store.sources(ACME, page));
        assert_eq!(listed, expected, "{limit} at a time");
    }
    assert!(is_last(&store.sources(ACME, page(4, None)).await.unwrap()));
}

pub async fn a_deleted_source_takes_its_keys_along(store: &dyn SourceStore, clock: &TestClock) {
    let source = given_source(store, clock, 1).await;
    store.delete_source(ACME, source.id, None).await.unwrap();
    assert_eq!(store.source(ACME, source.id).await.unwrap(), None);
    assert_eq!(store.source_by_key(&[1; 32]).await.unwrap(), None);
    given_source(store, clock, 1).await;
}
