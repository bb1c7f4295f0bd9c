use serde_json::{Map, Value as Json, json};
use turnbuckle_core::id::WorkspaceId;
use turnbuckle_store::clock::Clock;
use turnbuckle_store::subscription::{Followed, KeyGroup, SHARED_KEY_MAX, Subscribe, Subscription};
use turnbuckle_store::{Store, StoreError};

use super::change::given_rekeying;
use super::crm::{CRM, given_connection, given_crm};
use super::{ACME, OTHER, TestClock, join_all, read_all};

fn a_search(object: &str, account: &str, match_keys: &[i64]) -> Subscribe {
    let payload = Map::from_iter([("account_id".to_owned(), Json::from(account))]);
    Subscribe {
        connection: CRM.to_owned(),
        object: object.to_owned(),
        followed: Followed::Search { event: "find".to_owned(), payload },
        identity: format!("find {account}"),
        match_keys: match_keys.to_vec(),
        needs_recheck: false,
        mapping_version: 0,
    }
}

fn a_record(object: &str, id: &str, match_keys: &[i64]) -> Subscribe {
    Subscribe {
        followed: Followed::Record { entity: "Contact".to_owned(), id: id.to_owned() },
        identity: format!("Contact:{id}"),
        ..a_search(object, "", match_keys)
    }
}

async fn all(store: &dyn Store, workspace: WorkspaceId) -> Vec<Subscription> {
    read_all!(100, |page| store.subscriptions(workspace, None, None, page))
}

pub fn keys(workspace: WorkspaceId, keys: &[i64]) -> KeyGroup {
    KeyGroup { workspace, keys: keys.to_vec() }
}

/// What the subscriptions under a key follow, oldest first.
async fn under(store: &dyn Store, workspace: WorkspaceId, key: i64) -> Vec<Followed> {
    let mut groups = store.candidates(&[keys(workspace, &[key])], 100).await.unwrap();
    let mut found = groups.remove(0);
    found.sort_by_key(|it| it.id);
    found.into_iter().map(|it| it.followed).collect()
}

pub async fn a_wish_is_stored_once(store: &dyn Store, clock: &TestClock) {
    given_crm(store).await;
    let wish = a_search("lead", "a", &[1, 2]);
    store.subscribe(ACME, wish.clone()).await.unwrap();
    store.subscribe(ACME, Subscribe { match_keys: vec![3], ..wish.clone() }).await.unwrap();
    let stored = all(store, ACME).await;
    assert_eq!(stored.len(), 1);
    assert_eq!((stored[0].workspace, stored[0].created_at), (ACME, clock.now()));
    assert_eq!((stored[0].connection.as_str(), stored[0].object.as_str()), (CRM, "lead"));
    assert_eq!(stored[0].followed, wish.followed);

    for other in [a_search("lead", "b", &[1]), a_search("person", "a", &[1])] {
        store.subscribe(ACME, other).await.unwrap();
    }
    assert_eq!(all(store, ACME).await.len(), 3);
    for _ in 0..2 {
        store.unsubscribe(ACME, CRM, "lead", &wish.identity).await.unwrap();
        assert_eq!(all(store, ACME).await.len(), 2);
        assert_eq!(under(store, ACME, 2).await, []);
    }
    assert_eq!(under(store, ACME, 1).await.len(), 2);
}

pub async fn subscriptions_are_listed_newest_first(store: &dyn Store, _: &TestClock) {
    given_crm(store).await;
    given_connection(store, ACME, "second").await;
    given_connection(store, OTHER, CRM).await;
    for number in 0..6 {
        let object = if number % 2 == 0 { "lead" } else { "person" };
        let wish = a_search(object, &number.to_string(), &[1]);
        store.subscribe(ACME, wish.clone()).await.unwrap();
        store.subscribe(OTHER, wish.clone()).await.unwrap();
        let second = Subscribe { connection: "second".to_owned(), ..wish };
        store.subscribe(ACME, second).await.unwrap();
    }
    for (workspace, connection, object, expected) in [
        (ACME, None, None, 12),
        (ACME, Some(CRM), None, 6),
        (ACME, Some(CRM), Some("lead"), 3),
        (ACME, None, Some("lead"), 6),
        (ACME, Some("second"), Some("nothing"), 0),
        (OTHER, None, None, 6),
    ] {
        for limit in [1, 4, 100] {
            let listed =
                read_all!(limit, |page| store.subscriptions(workspace, connection, object, page));
            assert_eq!(listed.len(), expected, "{workspace} {connection:?} {object:?}");
            assert!(listed.windows(2).all(|pair| pair[1].id < pair[0].id));
            assert!(listed.iter().all(|it| it.workspace == workspace));
            assert!(listed.iter().all(|it| connection.is_none_or(|id| it.connection == id)));
            assert!(listed.iter().all(|it| object.is_none_or(|slug| it.object == slug)));
        }
    }
}

pub async fn a_key_finds_its_subscriptions(store: &dyn Store, _: &TestClock) {
    given_crm(store).await;
    given_connection(store, OTHER, CRM).await;
    let (a, b) = (a_search("lead", "a", &[1, 2]), a_search("lead", "b", &[2]));
    let record = a_record("lead", "7", &[-3]);
    for wish in [&a, &b, &record] {
        store.subscribe(ACME, wish.clone()).await.unwrap();
    }
    store.subscribe(OTHER, a_search("lead", "theirs", &[1, 2, -3])).await.unwrap();
    let groups: [&[i64]; 6] = [&[1], &[2], &[1, 2], &[-3, 9], &[], &[9]];
    let groups = groups.map(|group| keys(ACME, group));
    let found = store.candidates(&groups, 10).await.unwrap();
    let mut found: Vec<Vec<Followed>> =
        found.into_iter().map(|group| group.into_iter().map(|it| it.followed).collect()).collect();
    for group in &mut found {
        group.sort_by_key(|it| format!("{it:?}"));
    }
    let (a, b, record) = (a.followed, b.followed, record.followed);
    let expected =
        [vec![a.clone()], vec![a.clone(), b.clone()], vec![a, b], vec![record], vec![], vec![]];
    assert_eq!(found, expected);
    let limited = store.candidates(&[keys(ACME, &[1, 2])], 1).await.unwrap();
    assert_eq!(limited[0].len(), 1);

    // However many groups are asked for at once, and of whichever workspace.
    let many: Vec<KeyGroup> =
        (0..100).map(|number| keys(if number % 2 == 0 { ACME } else { OTHER }, &[2])).collect();
    for (group, found) in many.iter().zip(store.candidates(&many, 10).await.unwrap()) {
        let expected = if group.workspace == ACME { 2 } else { 1 };
        assert_eq!(found.len(), expected);
        assert!(found.iter().all(|it| it.workspace == group.workspace));
    }
}

pub async fn a_mapping_must_be_the_one_that_the_keys_are_of(store: &dyn Store, _: &TestClock) {
    given_crm(store).await;
    let version = given_rekeying(store, &[]).await;
    assert_eq!(version, 1);
    let stale = store.subscribe(ACME, a_search("lead", "a", &[1])).await;
    assert!(matches!(stale, Err(StoreError::VersionMismatch { .. })));
    let fresh = Subscribe { mapping_version: version, ..a_search("lead", "a", &[1]) };
    store.subscribe(ACME, fresh).await.unwrap();
    assert_eq!(all(store, ACME).await.len(), 1);
    let unknown = Subscribe { connection: "gone".to_owned(), ..a_search("lead", "a", &[1]) };
    let unknown = store.subscribe(ACME, unknown).await;
    assert!(matches!(unknown, Err(StoreError::NotFound { .. })));
}

pub async fn few_enough_subscriptions_share_a_key(store: &dyn Store, _: &TestClock) {
    given_crm(store).await;
    let shared = |number: usize| Subscribe {
        needs_recheck: true,
        ..a_search("lead", &number.to_string(), &[1])
    };
    let subscribing = (0..SHARED_KEY_MAX).map(|number| store.subscribe(ACME, shared(number)));
    for stored in join_all(subscribing).await {
        stored.unwrap();
    }
    let refused = store.subscribe(ACME, shared(SHARED_KEY_MAX)).await;
    assert!(matches!(refused, Err(StoreError::TooManySubscriptions)), "{refused:?}");
    let newest = store.subscriptions(ACME, None, None, super::page(1, None)).await.unwrap();
    let last = Followed::Search {
        event: "find".to_owned(),
        payload: Map::from_iter([("account_id".to_owned(), json!(SHARED_KEY_MAX.to_string()))]),
    };
    assert_ne!(newest.items[0].followed, last);
    // Stored before, or not to be judged one by one.
    store.subscribe(ACME, shared(7)).await.unwrap();
    store.subscribe(ACME, a_search("lead", "exact", &[1])).await.unwrap();
    store.unsubscribe(ACME, CRM, "lead", "find 8").await.unwrap();
    store.unsubscribe(ACME, CRM, "lead", "find exact").await.unwrap();
    store.subscribe(ACME, shared(SHARED_KEY_MAX)).await.unwrap();
}

pub async fn keys_are_rebuilt_in_slices(store: &dyn Store, _: &TestClock) {
    given_crm(store).await;
    for number in 0..5 {
        store.subscribe(ACME, a_search("lead", &number.to_string(), &[1])).await.unwrap();
        store.subscribe(ACME, a_search("person", &number.to_string(), &[1])).await.unwrap();
    }
    store.subscribe(ACME, a_record("lead", "7", &[7])).await.unwrap();
    given_rekeying(store, &["lead"]).await;
    let rekeying = store.rekeyings().await.unwrap().remove(0);
    assert_eq!((rekeying.workspace, rekeying.object.as_str()), (ACME, "lead"));

    let (mut after, mut seen) = (i64::MIN, 0);
    loop {
        let slice = store.subscriptions_to_rekey(&rekeying, after, 2).await.unwrap();
        let Some((last, _)) = slice.last() else { break };
        after = *last;
        seen += slice.len();
        assert!(slice.iter().all(|(_, it)| matches!(it.followed, Followed::Search { .. })));
        // One goes away while its new keys are made.
        store.unsubscribe(ACME, CRM, "lead", "find 1").await.unwrap();
        store.rekey(ACME, slice.iter().map(|(at, _)| (*at, vec![2, 3])).collect()).await.unwrap();
    }
    assert_eq!(seen, 5);
    assert_eq!(under(store, ACME, 1).await.len(), 5);
    assert_eq!(under(store, ACME, 2).await.len(), 4);
    assert_eq!(under(store, ACME, 3).await.len(), 4);
    assert_eq!(under(store, ACME, 7).await.len(), 1);
    assert!(store.end_rekeying(&rekeying).await.unwrap());
    assert_eq!(store.rekeyings().await.unwrap(), []);
    assert!(!store.end_rekeying(&rekeying).await.unwrap());
}

pub async fn a_newer_mapping_begins_the_rebuilding_again(store: &dyn Store, _: &TestClock) {
    given_crm(store).await;
    given_rekeying(store, &["lead"]).await;
    let first = store.rekeyings().await.unwrap().remove(0);
    let version = given_rekeying(store, &["person"]).await;
    assert!(!store.end_rekeying(&first).await.unwrap());
    let mut waiting = store.rekeyings().await.unwrap();
    waiting.sort_by(|a, b| a.object.cmp(&b.object));
    assert!(waiting.iter().all(|rekeying| rekeying.mapping_version == version));
    assert!(waiting.iter().map(|it| it.object.as_str()).eq(["lead", "person"]));
    for rekeying in waiting {
        assert!(store.end_rekeying(&rekeying).await.unwrap());
    }
}

pub async fn a_deleted_connection_takes_its_subscriptions_along(store: &dyn Store, _: &TestClock) {
    given_crm(store).await;
    store.subscribe(ACME, a_search("lead", "a", &[1])).await.unwrap();
    given_rekeying(store, &["lead"]).await;
    store.delete_connection(ACME, CRM, None).await.unwrap();
    assert_eq!(all(store, ACME).await, []);
    assert_eq!(under(store, ACME, 1).await, []);
    assert_eq!(store.rekeyings().await.unwrap(), []);
}
