use turnbuckle_core::id::KeyId;
use turnbuckle_store::StoreError;
use turnbuckle_store::api_key::{ApiKey, ApiKeyStore};
use turnbuckle_store::clock::Clock;

use super::{ACME, MINUTE, OTHER, TestClock, neighbour};

pub fn a_key(clock: &TestClock, publishable: &str) -> ApiKey {
    ApiKey {
        id: KeyId(clock.mint()),
        workspace: ACME,
        publishable: publishable.to_owned(),
        secret_hash: [7; 32],
        label: "backend".to_owned(),
        scopes: vec!["read".to_owned(), "connection:acme-crm".to_owned()],
        addresses: vec!["10.0.0.0/8".to_owned()],
        created_at: clock.now(),
        last_used_at: None,
    }
}

pub async fn a_key_is_found_by_its_publishable_name(store: &dyn ApiKeyStore, clock: &TestClock) {
    let (first, second) = (a_key(clock, "pk_1"), a_key(clock, "pk_2"));
    store.create_api_key(first.clone()).await.unwrap();
    store.create_api_key(second.clone()).await.unwrap();

    assert_eq!(store.api_key("pk_1").await.unwrap(), Some(first.clone()));
    assert_eq!(store.api_key("pk_3").await.unwrap(), None);
    assert_eq!(store.api_keys(ACME).await.unwrap(), [first, second]);
    assert_eq!(store.api_keys(OTHER).await.unwrap(), []);
}

pub async fn a_publishable_name_is_taken_once(store: &dyn ApiKeyStore, clock: &TestClock) {
    store.create_api_key(a_key(clock, "pk")).await.unwrap();
    let other = ApiKey { workspace: OTHER, ..a_key(clock, "pk") };
    let again = store.create_api_key(other).await;
    assert!(matches!(again, Err(StoreError::AlreadyExists { id, .. }) if id == "pk"));
}

pub async fn a_revoked_key_is_unknown(store: &dyn ApiKeyStore, clock: &TestClock) {
    let key = a_key(clock, "pk");
    store.create_api_key(key.clone()).await.unwrap();

    for (workspace, id) in [(OTHER, key.id), (ACME, KeyId(neighbour(key.id.0)))] {
        let refused = store.revoke_api_key(workspace, id).await;
        assert!(matches!(refused, Err(StoreError::NotFound { .. })));
    }
    assert_eq!(store.api_key("pk").await.unwrap(), Some(key.clone()));

    store.revoke_api_key(ACME, key.id).await.unwrap();
    assert_eq!(store.api_key("pk").await.unwrap(), None);
    let again = store.revoke_api_key(ACME, key.id).await;
    assert!(matches!(again, Err(StoreError::NotFound { .. })));
}

pub async fn last_use_never_goes_back(store: &dyn ApiKeyStore, clock: &TestClock) {
    let key = a_key(clock, "pk");
    store.create_api_key(key.clone()).await.unwrap();
    let (now, unknown) = (clock.now(), KeyId(neighbour(key.id.0)));

    let used = vec![(key.id, now), (unknown, now + MINUTE), (key.id, now - MINUTE)];
    store.touch_api_keys(used).await.unwrap();
    assert_eq!(store.api_key("pk").await.unwrap().unwrap().last_used_at, Some(now));
}
