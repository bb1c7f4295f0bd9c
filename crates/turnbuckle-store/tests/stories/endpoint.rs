use serde_json::json;
use turnbuckle_core::id::EndpointId;
use turnbuckle_store::StoreError;
use turnbuckle_store::clock::Clock;
use turnbuckle_store::endpoint::{Endpoint, EndpointStatus, EndpointStore};

use super::crm::CRM_NO;
use super::{ACME, MINUTE, OTHER, SECOND, TestClock, neighbour, read_all};

pub fn an_endpoint(clock: &TestClock) -> Endpoint {
    Endpoint {
        id: EndpointId(clock.mint()),
        workspace: ACME,
        connection: None,
        settings: json!({ "url": "https://app.example/hooks", "format": "universal" }),
        sealed: vec![0, 1, 255],
        status: EndpointStatus::Active,
        status_reason: None,
        last_success_at: None,
        version: 1,
        created_at: clock.now(),
        updated_at: clock.now(),
    }
}

async fn given_endpoint(store: &dyn EndpointStore, clock: &TestClock) -> Endpoint {
    let endpoint = an_endpoint(clock);
    store.create_endpoint(endpoint.clone()).await.unwrap();
    endpoint
}

pub async fn an_endpoint_is_read_back_as_created(store: &dyn EndpointStore, clock: &TestClock) {
    let endpoint = Endpoint {
        status: EndpointStatus::Disabled,
        status_reason: Some("gone".to_owned()),
        last_success_at: Some(clock.now()),
        ..an_endpoint(clock)
    };
    store.create_endpoint(endpoint.clone()).await.unwrap();
    assert_eq!(store.endpoint(ACME, endpoint.id).await.unwrap(), Some(endpoint.clone()));
    let again = store.create_endpoint(endpoint).await;
    assert!(matches!(again, Err(StoreError::AlreadyExists { .. })));
}

pub async fn an_update_keeps_the_status(store: &dyn EndpointStore, clock: &TestClock) {
    let endpoint = given_endpoint(store, clock).await;
    store.set_endpoint_status(ACME, endpoint.id, EndpointStatus::Paused, None).await.unwrap();
    clock.advance(SECOND);
    let settings = json!({ "url": "https://app.example/v2" });
    let updated = store
        .update_endpoint(ACME, endpoint.id, &settings, b"new", Some(CRM_NO), None)
        .await
        .unwrap();
    let expected = Endpoint {
        settings,
        connection: Some(CRM_NO),
        sealed: b"new".to_vec(),
        status: EndpointStatus::Paused,
        version: 2,
        updated_at: clock.now(),
        ..endpoint
    };
    assert_eq!(updated, expected);
    assert_eq!(store.endpoint(ACME, expected.id).await.unwrap(), Some(expected));
}

pub async fn an_update_compares_the_version(store: &dyn EndpointStore, clock: &TestClock) {
    let endpoint = given_endpoint(store, clock).await;
    let update = async |version| {
        store.update_endpoint(ACME, endpoint.id, &json!({}), b"", None, Some(version)).await
    };
    assert!(matches!(update(2).await, Err(StoreError::VersionMismatch { .. })));
    assert_eq!(store.endpoint(ACME, endpoint.id).await.unwrap(), Some(endpoint.clone()));
    assert_eq!(update(1).await.unwrap().version, 2);
    assert!(matches!(update(1).await, Err(StoreError::VersionMismatch { .. })));
}

pub async fn a_status_comes_with_its_reason(store: &dyn EndpointStore, clock: &TestClock) {
    let endpoint = given_endpoint(store, clock).await;
    for (status, reason) in [
        (EndpointStatus::Disabled, Some("its receiver answered 410")),
        (EndpointStatus::Paused, None),
        (EndpointStatus::Active, None),
    ] {
        let set = store.set_endpoint_status(ACME, endpoint.id, status, reason).await.unwrap();
        assert_eq!((set.status, set.status_reason.as_deref()), (status, reason));
        assert_eq!(store.endpoint(ACME, endpoint.id).await.unwrap(), Some(set));
    }
}

pub async fn an_id_of_another_tail_or_workspace_finds_nothing(
    store: &dyn EndpointStore,
    clock: &TestClock,
) {
    let endpoint = given_endpoint(store, clock).await;
    for (workspace, id) in [(OTHER, endpoint.id), (ACME, EndpointId(neighbour(endpoint.id.0)))] {
        assert_eq!(store.endpoint(workspace, id).await.unwrap(), None);
        let paused = EndpointStatus::Paused;
        for refused in [
            store.update_endpoint(workspace, id, &json!({}), b"", None, None).await.err(),
            store.set_endpoint_status(workspace, id, paused, None).await.err(),
            store.delete_endpoint(workspace, id, None).await.err(),
        ] {
            assert!(matches!(refused, Some(StoreError::NotFound { .. })));
        }
    }
    assert_eq!(store.endpoint(ACME, endpoint.id).await.unwrap(), Some(endpoint));
}

pub async fn endpoints_are_listed_newest_first_page_by_page(
    store: &dyn EndpointStore,
    clock: &TestClock,
) {
    let mut expected = Vec::new();
    for _ in 0..4 {
        expected.insert(0, given_endpoint(store, clock).await);
        let theirs = Endpoint { workspace: OTHER, ..an_endpoint(clock) };
        store.create_endpoint(theirs).await.unwrap();
    }
    for limit in 1..6 {
        let listed = read_all!(limit, |page| store.endpoints(ACME, page));
        assert_eq!(listed, expected, "{limit} at a time");
    }
}

pub async fn last_success_never_goes_back(store: &dyn EndpointStore, clock: &TestClock) {
    let endpoint = given_endpoint(store, clock).await;
    let (now, unknown) = (clock.now(), EndpointId(neighbour(endpoint.id.0)));
    let succeeded = vec![(endpoint.id, now), (unknown, now + MINUTE), (endpoint.id, now - MINUTE)];
    store.touch_endpoints(succeeded).await.unwrap();
    let expected = Endpoint { last_success_at: Some(now), ..endpoint };
    assert_eq!(store.endpoint(ACME, expected.id).await.unwrap(), Some(expected));
}

pub async fn a_deleted_endpoint_is_unknown(store: &dyn EndpointStore, clock: &TestClock) {
    let endpoint = given_endpoint(store, clock).await;
    store.delete_endpoint(ACME, endpoint.id, None).await.unwrap();
    assert_eq!(store.endpoint(ACME, endpoint.id).await.unwrap(), None);
    let again = store.delete_endpoint(ACME, endpoint.id, None).await;
    assert!(matches!(again, Err(StoreError::NotFound { .. })));
}
