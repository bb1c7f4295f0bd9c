use serde_json::{Value as Json, json};
use turnbuckle_store::StoreError;
use turnbuckle_store::api_key::ApiKeyStore;
use turnbuckle_store::clock::Clock;
use turnbuckle_store::endpoint::{Endpoint, EndpointStatus, EndpointStore};
use turnbuckle_store::function::FunctionStore;
use turnbuckle_store::source::SourceStore;
use turnbuckle_store::workspace::WorkspaceStore;

use super::{ACME, OTHER, SECOND, TestClock, api_key, endpoint, function, source};

pub async fn a_slug_names_one_workspace(store: &dyn WorkspaceStore, clock: &TestClock) {
    let acme = store.create_workspace("acme", "Acme Inc.").await.unwrap();
    assert_eq!((&*acme.slug, &*acme.label, acme.created_at), ("acme", "Acme Inc.", clock.now()));

    let again = store.create_workspace("acme", "Another").await;
    assert!(matches!(again, Err(StoreError::AlreadyExists { id, .. }) if id == "acme"));

    assert_eq!(store.workspace("acme").await.unwrap(), Some(acme));
    assert_eq!(store.workspace("nobody").await.unwrap(), None);
}

pub async fn workspaces_are_listed_oldest_first(store: &dyn WorkspaceStore, clock: &TestClock) {
    let mut expected = Vec::new();
    for slug in ["zebra", "acme", "mouse"] {
        expected.push(store.create_workspace(slug, slug).await.unwrap());
        clock.advance(SECOND);
    }
    assert_eq!(store.workspaces().await.unwrap(), expected);
}

pub async fn a_setting_belongs_to_one_workspace(store: &dyn WorkspaceStore, _: &TestClock) {
    let document = json!({ "entities": ["Contact", "Lead"], "ratio": 0.1 });
    store.put_setting(ACME, "webhook-entities", &json!("first")).await.unwrap();
    store.put_setting(ACME, "webhook-entities", &document).await.unwrap();

    assert_eq!(store.setting(ACME, "webhook-entities").await.unwrap(), Some(document));
    assert_eq!(store.setting(ACME, "origins").await.unwrap(), None);
    assert_eq!(store.setting(OTHER, "webhook-entities").await.unwrap(), None);
}

/// Of two who read the same document one has to read it again.
pub async fn an_origin_leads_to_its_workspaces(store: &dyn WorkspaceStore, _: &TestClock) {
    let app = "https://app.example";
    store
        .put_setting(ACME, "origins", &json!({"origins": [app, "https://a.example"]}))
        .await
        .unwrap();
    store
        .put_setting(OTHER, "origins", &json!({"origins": ["https://b.example", app]}))
        .await
        .unwrap();
    store.put_setting(OTHER, "others", &json!({"origins": ["https://c.example"]})).await.unwrap();
    for (origin, expected) in [
        (app, &[ACME, OTHER][..]),
        ("https://a.example", &[ACME]),
        ("https://b.example", &[OTHER]),
        ("https://c.example", &[]),
        ("https://app.example.", &[]),
        ("", &[]),
    ] {
        assert_eq!(store.workspaces_of_origin(origin).await.unwrap(), expected, "{origin}");
    }
}

pub async fn a_setting_is_replaced_where_it_is_as_it_was_read(
    store: &dyn WorkspaceStore,
    _: &TestClock,
) {
    let replace = async |before: Option<&Json>, document: &Json| {
        store.replace_setting(ACME, "objects", before, document).await.unwrap()
    };
    let (first, second) = (json!({ "a": 1, "b": 2 }), json!({ "a": 1 }));
    assert!(!replace(Some(&first), &second).await);
    assert_eq!(store.setting(ACME, "objects").await.unwrap(), None);
    assert!(replace(None, &first).await);
    assert!(!replace(None, &second).await);
    assert_eq!(store.setting(ACME, "objects").await.unwrap(), Some(first.clone()));
    assert!(replace(Some(&first), &second).await);
    assert!(!replace(Some(&first), &first).await);
    assert_eq!(store.setting(ACME, "objects").await.unwrap(), Some(second));
    assert_eq!(store.setting(OTHER, "objects").await.unwrap(), None);
}

pub async fn an_endpoint_comes_with_the_setting_that_names_it<S>(store: &S, clock: &TestClock)
where
    S: WorkspaceStore + EndpointStore + ?Sized,
{
    let (first, second) = (endpoint::an_endpoint(clock), endpoint::an_endpoint(clock));
    let create = async |endpoint: &Endpoint, before: Option<&Json>| {
        let document = json!(endpoint.id.to_string());
        let created =
            store.create_endpoint_of_setting(endpoint.clone(), "webhooks", before, &document);
        created.await.unwrap()
    };
    assert!(create(&first, None).await);
    assert!(!create(&second, None).await);
    let named = store.setting(ACME, "webhooks").await.unwrap();
    assert_eq!(named, Some(json!(first.id.to_string())));
    assert!(store.endpoint(ACME, first.id).await.unwrap().is_some());
    assert!(store.endpoint(ACME, second.id).await.unwrap().is_none());
    assert!(create(&second, named.as_ref()).await);
    assert!(store.endpoint(ACME, second.id).await.unwrap().is_some());
}

pub async fn whatever_is_configured_moves_the_version_of_its_workspace<S>(
    store: &S,
    clock: &TestClock,
) where
    S: WorkspaceStore + ApiKeyStore + SourceStore + EndpointStore + FunctionStore + ?Sized,
{
    let key = api_key::a_key(clock, "pk");
    let source = source::a_source(clock, 1);
    let second = source::a_key(clock, 2);
    let endpoint = endpoint::an_endpoint(clock);
    let mut seen = store.configuration_version(ACME);
    let mut moved = |what: &str| {
        let version = store.configuration_version(ACME);
        assert!(version > seen, "{what} did not move the version");
        seen = version;
    };

    store.put_setting(ACME, "origins", &json!([])).await.unwrap();
    moved("a setting");
    store.create_api_key(key.clone()).await.unwrap();
    moved("a new key");
    store.revoke_api_key(ACME, key.id).await.unwrap();
    moved("a revoked key");
    store.create_source(source.clone()).await.unwrap();
    moved("a new source");
    store
        .update_source(ACME, source.id, "name", &json!({}), source.connection, None)
        .await
        .unwrap();
    moved("a source");
    store.add_source_key(ACME, source.id, second.clone()).await.unwrap();
    moved("a new source key");
    store.expire_source_key(ACME, source.id, second.id, clock.now()).await.unwrap();
    moved("an ended source key");
    store.delete_source(ACME, source.id, None).await.unwrap();
    moved("a deleted source");
    store.create_endpoint(endpoint.clone()).await.unwrap();
    moved("a new endpoint");
    store.update_endpoint(ACME, endpoint.id, &json!({}), b"", None, None).await.unwrap();
    moved("an endpoint");
    store.set_endpoint_status(ACME, endpoint.id, EndpointStatus::Paused, None).await.unwrap();
    moved("the status of an endpoint");
    store.delete_endpoint(ACME, endpoint.id, None).await.unwrap();
    moved("a deleted endpoint");
    store.put_function(function::a_function(clock, "mine", 1), None).await.unwrap();
    moved("a new function");
    store.publish_function(ACME, "mine", 1, None).await.unwrap();
    moved("a published function");
    store.delete_function(ACME, "mine", None).await.unwrap();
    moved("a deleted function");

    assert_eq!(store.configuration_version(OTHER), 0);
}
