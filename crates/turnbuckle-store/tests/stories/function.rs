use serde_json::json;
use turnbuckle_core::id::{FunctionCallId, FunctionId, FunctionKeyId};
use turnbuckle_store::StoreError;
use turnbuckle_store::clock::Clock;
use turnbuckle_store::connection::ABSENT;
use turnbuckle_store::error::Noun;
use turnbuckle_store::function::{
    Function, FunctionCall, FunctionKey, FunctionStore, FunctionVersion, KeyHolder, PutFunction,
};
use turnbuckle_store::maintenance::MaintenanceStore;

use super::{ACME, OTHER, SECOND, TestClock, is_last, neighbour, page, read_all};

pub fn a_key(clock: &TestClock, number: u8) -> FunctionKey {
    FunctionKey {
        id: FunctionKeyId(clock.mint()),
        hash: [number; 32],
        sealed: vec![number, 0, 255],
        created_at: clock.now(),
    }
}

/// A function whose key has the hash `number` all over; that of the workspace, one more.
pub fn a_function(clock: &TestClock, name: &str, number: u8) -> PutFunction {
    PutFunction {
        workspace: ACME,
        name: name.to_owned(),
        settings: json!({ "rest_api": true }),
        code: json!({ "source": "function handler() {}", "arguments": [] }),
        id: FunctionId(clock.mint()),
        key: a_key(clock, number),
        workspace_key: a_key(clock, number + 1),
    }
}

pub async fn given_function(
    store: &(impl FunctionStore + ?Sized),
    clock: &TestClock,
    number: u8,
) -> Function {
    let put = a_function(clock, &format!("function_{number}"), number);
    let (function, is_new) = store.put_function(put, None).await.unwrap();
    assert!(is_new);
    function
}

pub async fn a_function_is_saved_in_versions(store: &dyn FunctionStore, clock: &TestClock) {
    let first = given_function(store, clock, 1).await;
    assert_eq!((first.draft, first.published, first.version), (1, None, 1));
    assert_eq!(store.function(ACME, &first.name).await.unwrap(), Some(first.clone()));

    clock.advance(SECOND);
    let same = a_function(clock, &first.name, 9);
    let (again, is_new) = store.put_function(same.clone(), Some(1)).await.unwrap();
    assert!(!is_new);
    let expected = Function { version: 2, updated_at: clock.now(), ..first.clone() };
    assert_eq!(again, expected, "what is saved as it is makes no version, and no keys");

    let code = json!({ "source": "function handler() { return 1 }", "arguments": ["id"] });
    let settings = json!({ "rest_api": false });
    let changed = PutFunction { code: code.clone(), settings: settings.clone(), ..same };
    let (second, _) = store.put_function(changed, None).await.unwrap();
    assert_eq!(second, Function { draft: 2, settings, version: 3, ..expected });
    assert_eq!(store.function(ACME, &first.name).await.unwrap(), Some(second.clone()));

    let saved = FunctionVersion { number: 2, code, created_at: clock.now() };
    let read = store.function_version(ACME, first.id, 2).await.unwrap();
    assert_eq!(read.as_ref(), Some(&saved));
    let all = read_all!(1, |page| store.function_versions(ACME, first.id, page));
    assert_eq!(all.len(), 2);
    assert_eq!(all[0], saved);
    assert!(is_last(&store.function_versions(ACME, first.id, page(2, None)).await.unwrap()));
    assert_eq!(store.function_version(ACME, first.id, 3).await.unwrap(), None);
}

pub async fn any_version_can_be_published(store: &dyn FunctionStore, clock: &TestClock) {
    let function = given_function(store, clock, 1).await;
    let name = &function.name;
    let published = store.publish_function(ACME, name, 1, Some(1)).await.unwrap();
    let expected = Function { published: Some(1), version: 2, ..function.clone() };
    assert_eq!(published, expected);
    assert_eq!(store.function(ACME, name).await.unwrap(), Some(expected));

    let refused = store.publish_function(ACME, name, 2, None).await;
    assert!(matches!(refused, Err(StoreError::NotFound { noun: Noun::FunctionVersion, .. })));
    let refused = store.publish_function(ACME, name, 1, Some(1)).await;
    assert!(matches!(refused, Err(StoreError::VersionMismatch { noun: Noun::Function, .. })));
}

pub async fn a_key_opens_its_function_or_all(store: &dyn FunctionStore, clock: &TestClock) {
    let first = given_function(store, clock, 1).await;
    let second = given_function(store, clock, 11).await;
    let holder = async |number: u8| store.function_key(&[number; 32]).await.unwrap();
    let opens = |key: &FunctionKey, function| KeyHolder { workspace: ACME, key: key.id, function };
    for function in [&first, &second] {
        let key = &function.keys[0];
        assert_eq!(holder(key.hash[0]).await, Some(opens(key, Some(function.id))));
    }
    // The first function brought the key of the workspace along.
    let keys = store.workspace_keys(ACME).await.unwrap();
    assert_eq!(keys.iter().map(|key| key.hash[0]).collect::<Vec<_>>(), [2]);
    assert_eq!(holder(2).await, Some(opens(&keys[0], None)));
    assert_eq!(holder(12).await, None);
    assert_eq!(store.workspace_keys(OTHER).await.unwrap(), []);

    let taken = store.put_function(a_function(clock, "third", 1), None).await;
    assert!(matches!(taken, Err(StoreError::AlreadyExists { noun: Noun::FunctionKey, .. })));
    assert_eq!(store.function(ACME, "third").await.unwrap(), None, "half of it was stored");
}

pub async fn a_key_is_followed_by_another(store: &dyn FunctionStore, clock: &TestClock) {
    let function = given_function(store, clock, 1).await;
    let other = given_function(store, clock, 11).await;
    let opening = async || {
        let mut opening = Vec::new();
        for number in [1, 2, 3, 4, 11] {
            if store.function_key(&[number; 32]).await.unwrap().is_some() {
                opening.push(number);
            }
        }
        opening
    };
    let name = Some(&*function.name);
    store.add_function_key(ACME, name, a_key(clock, 3)).await.unwrap();
    store.add_function_key(ACME, None, a_key(clock, 4)).await.unwrap();
    assert_eq!(opening().await, [1, 2, 3, 4, 11]);
    let read = store.function(ACME, &function.name).await.unwrap().unwrap();
    assert_eq!(read.keys.last().map(|key| key.hash[0]), Some(3), "the newest is shown");
    let taken = store.add_function_key(ACME, None, a_key(clock, 3)).await;
    assert!(matches!(taken, Err(StoreError::AlreadyExists { noun: Noun::FunctionKey, .. })));

    store.end_function_keys(ACME, name).await.unwrap();
    assert_eq!(opening().await, [2, 3, 4, 11]);
    store.end_function_keys(ACME, None).await.unwrap();
    assert_eq!(opening().await, [3, 4, 11]);
    // What is left is never ended, and nobody else's is.
    store.end_function_keys(ACME, None).await.unwrap();
    store.end_function_keys(OTHER, None).await.unwrap();
    assert_eq!(opening().await, [3, 4, 11]);
    for refused in [
        store.end_function_keys(OTHER, Some(&other.name)).await,
        store.add_function_key(OTHER, Some(&other.name), a_key(clock, 5)).await,
    ] {
        assert!(matches!(refused, Err(StoreError::NotFound { noun: Noun::Function, .. })));
    }
}

pub async fn a_function_belongs_to_one_workspace(store: &dyn FunctionStore, clock: &TestClock) {
    let function = given_function(store, clock, 1).await;
    let (id, name) = (function.id, &function.name.clone());
    assert_eq!(store.function(OTHER, name).await.unwrap(), None);
    for (workspace, id) in [(OTHER, id), (ACME, FunctionId(neighbour(id.0)))] {
        assert_eq!(store.function_version(workspace, id, 1).await.unwrap(), None);
        let versions = store.function_versions(workspace, id, page(9, None)).await.unwrap();
        assert_eq!(versions.items, []);
    }
    for refused in [
        store.publish_function(OTHER, name, 1, None).await.err(),
        store.delete_function(OTHER, name, None).await.err(),
    ] {
        assert!(matches!(refused, Some(StoreError::NotFound { noun: Noun::Function, .. })));
    }
    let theirs = PutFunction { workspace: OTHER, ..a_function(clock, name, 5) };
    let (theirs, is_new) = store.put_function(theirs, None).await.unwrap();
    assert!(is_new, "a name is taken in its workspace alone");
    assert_eq!(store.function(ACME, name).await.unwrap(), Some(function));
    assert_eq!(store.function(OTHER, name).await.unwrap(), Some(theirs));
}

pub async fn a_put_compares_the_version(store: &dyn FunctionStore, clock: &TestClock) {
    let put = |number| a_function(clock, "mine", number);
    let absent = store.put_function(put(1), Some(1)).await;
    assert!(matches!(absent, Err(StoreError::NotFound { noun: Noun::Function, .. })));
    store.put_function(put(1), Some(ABSENT)).await.unwrap();
    for version in [ABSENT, 2] {
        let refused = store.put_function(put(3), Some(version)).await;
        assert!(matches!(refused, Err(StoreError::VersionMismatch { .. })), "{refused:?}");
    }
}

pub async fn a_deleted_function_takes_versions_and_keys_along(
    store: &dyn FunctionStore,
    clock: &TestClock,
) {
    let function = given_function(store, clock, 1).await;
    let refused = store.delete_function(ACME, &function.name, Some(2)).await;
    assert!(matches!(refused, Err(StoreError::VersionMismatch { .. })));
    store.delete_function(ACME, &function.name, Some(1)).await.unwrap();
    assert_eq!(store.function(ACME, &function.name).await.unwrap(), None);
    assert_eq!(store.function_key(&[1; 32]).await.unwrap(), None);
    assert_eq!(store.function_version(ACME, function.id, 1).await.unwrap(), None);
    assert_eq!(store.workspace_keys(ACME).await.unwrap().len(), 1, "others go by it");
    given_function(store, clock, 1).await;
}

/// A call of a function of ACME.
pub fn a_call(clock: &TestClock, function: FunctionId, is_failed: bool) -> FunctionCall {
    FunctionCall {
        id: FunctionCallId(clock.mint()),
        workspace: ACME,
        function,
        version: 1,
        method: "POST".to_owned(),
        status: if is_failed { 500 } else { 200 },
        is_failed,
        duration_ms: 7,
        detail: json!({ "logs": ["\0 \u{1F980}"] }),
    }
}

pub async fn calls_are_listed_newest_first_and_by_how_they_ended(
    store: &dyn FunctionStore,
    clock: &TestClock,
) {
    let function = given_function(store, clock, 1).await.id;
    let other = given_function(store, clock, 11).await.id;
    let calls = [true, false, true, false].map(|is_failed| a_call(clock, function, is_failed));
    let theirs = a_call(clock, other, true);
    store.add_function_calls([&calls[..], std::slice::from_ref(&theirs)].concat()).await.unwrap();
    store.add_function_calls(calls[1..3].to_vec()).await.unwrap();
    let list = async |only_failed| {
        read_all!(1, |page| store.function_calls(ACME, function, only_failed, page))
    };
    let newest_first: Vec<_> = calls.iter().rev().cloned().collect();
    assert_eq!(list(false).await, newest_first, "what is added again is there once");
    assert_eq!(list(true).await, [calls[2].clone(), calls[0].clone()]);
    assert!(is_last(&store.function_calls(ACME, function, true, page(2, None)).await.unwrap()));

    let call = &calls[1];
    let read =
        async |workspace, function, id| store.function_call(workspace, function, id).await.unwrap();
    assert_eq!(read(ACME, function, call.id).await.as_ref(), Some(call));
    let neighbour = FunctionId(neighbour(function.0));
    for (workspace, function) in [(OTHER, function), (ACME, other), (ACME, neighbour)] {
        assert_eq!(read(workspace, function, call.id).await, None);
    }
    assert_eq!(read(ACME, function, FunctionCallId(super::neighbour(call.id.0))).await, None);
    for (workspace, function) in [(OTHER, function), (ACME, neighbour)] {
        let listed = store.function_calls(workspace, function, false, page(9, None)).await;
        assert_eq!(listed.unwrap().items, []);
    }
}

pub async fn calls_of_a_deleted_function_are_erased<S>(store: &S, clock: &TestClock)
where
    S: FunctionStore + MaintenanceStore,
{
    let kept = given_function(store, clock, 1).await;
    let deleted = given_function(store, clock, 11).await;
    let calls = [&kept, &deleted].map(|function| a_call(clock, function.id, false));
    store.add_function_calls(calls.to_vec()).await.unwrap();
    let read = async |call: &FunctionCall| {
        store.function_call(ACME, call.function, call.id).await.unwrap()
    };
    store.delete_function(ACME, &deleted.name, None).await.unwrap();
    assert_eq!(read(&calls[1]).await, None);
    assert!(store.erase().await.unwrap(), "there was nothing to erase");
    assert!(!store.erase().await.unwrap());
    assert_eq!(read(&calls[0]).await.as_ref(), Some(&calls[0]));
}

pub async fn functions_are_listed_newest_first(store: &dyn FunctionStore, clock: &TestClock) {
    let mut given = Vec::new();
    for number in [1, 11, 21] {
        given.insert(0, given_function(store, clock, number).await);
    }
    assert_eq!(read_all!(2, |page| store.functions(ACME, page)), given);
    assert_eq!(store.functions(OTHER, page(9, None)).await.unwrap().items, []);
}
