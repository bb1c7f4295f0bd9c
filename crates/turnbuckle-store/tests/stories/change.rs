use std::sync::Arc;

use serde_json::json;
use turnbuckle_core::change::{Change, ChangeType, Origin};
use turnbuckle_core::id::WorkspaceId;
use turnbuckle_store::change::{ChangeStore, FeedPage};
use turnbuckle_store::delivery::Matched;
use turnbuckle_store::record::Write;
use turnbuckle_store::{Store, StoreError};

use super::crm::{
    CRM, a_create, a_delete, a_mapping, an_update, create, given_connection, given_crm, write,
};
use super::{ACME, OTHER, SECOND, TestClock, join_all};

/// What matching makes of a change that concerns nobody.
pub fn unheard(change: &Change) -> Matched {
    Matched {
        change: change.id,
        workspace: change.workspace,
        connection: change.connection.clone(),
        connection_no: change.connection_no,
        mapping_version: None,
        messages: Vec::new(),
        deferred_objects: Vec::new(),
    }
}

/// Matches everything, `limit` changes at a time.
pub async fn match_all(store: &dyn Store, limit: usize) -> Vec<Arc<Change>> {
    let mut all = Vec::new();
    loop {
        let changes = store.unmatched_changes(limit).await.unwrap();
        if changes.is_empty() {
            return all;
        }
        assert!(changes.len() <= limit);
        let matched = changes.iter().map(|change| unheard(change)).collect();
        store.store_matches(matched, None).await.unwrap();
        all.extend(changes);
    }
}

async fn feed<S: ChangeStore + ?Sized>(
    store: &S,
    workspace: WorkspaceId,
    connection: Option<&str>,
    entity: Option<&str>,
    limit: usize,
) -> Vec<Change> {
    let mut all = Vec::new();
    let mut after = None;
    loop {
        let FeedPage { items, position, has_more } =
            store.changes(workspace, connection, entity, after, limit).await.unwrap();
        assert!(items.len() <= limit);
        all.extend(items);
        after = Some(position);
        if !has_more {
            let later = store.changes(workspace, connection, entity, after, limit).await.unwrap();
            assert_eq!(later, FeedPage { items: Vec::new(), position, has_more: false });
            return all;
        }
    }
}

/// Saves a mapping with searches of these objects, which wait for their keys.
pub async fn given_rekeying(store: &dyn Store, objects: &[&str]) -> i64 {
    let objects: Vec<_> = objects.iter().map(|object| (*object, "Email")).collect();
    let saved = store.put_mapping(ACME, CRM, &a_mapping(&objects), None).await.unwrap();
    saved.mapping_version
}

pub async fn a_change_holds_the_record_before_and_after(store: &dyn Store, clock: &TestClock) {
    given_crm(store).await;
    let before = create(store, "Contact", json!({ "Name": "Ada", "Email": "a" })).await;
    clock.advance(SECOND);
    let rename = Write {
        origin: Origin::App,
        ..an_update("Contact", &before.id, json!({ "Name": "Ada L", "Email": "a" }))
    };
    let after = write(store, rename).await.unwrap().record;
    clock.advance(SECOND);
    write(store, a_delete("Contact", &before.id)).await.unwrap();

    store.new_change().await;
    let changes = store.unmatched_changes(10).await.unwrap();
    let [created, updated, deleted] = changes.as_slice() else { panic!("{changes:#?}") };
    assert_eq!(created.change_type, ChangeType::Create);
    assert_eq!((&created.before, &created.after), (&None, &Some(before.clone())));
    assert_eq!(updated.change_type, ChangeType::Update);
    assert_eq!((&updated.before, &updated.after), (&Some(before), &Some(after.clone())));
    assert_eq!(deleted.change_type, ChangeType::Delete);
    assert_eq!((&deleted.before, &deleted.after), (&Some(after.clone()), &None));
    assert_eq!((created.origin, updated.origin), (Origin::Records, Origin::App));
    assert_eq!(updated.written, ["Name", "Email"]);
    assert_eq!((updated.at, updated.id.0.millis()), (after.updated_at, after.updated_at));
    assert_eq!((updated.workspace, updated.connection.as_str()), (ACME, CRM));

    // Read back from the log they are the same.
    match_all(store, 10).await;
    let logged = feed(store, ACME, None, None, 10).await;
    assert!(changes.iter().map(|change| change.as_ref()).eq(&logged));
}

pub async fn the_feed_is_in_the_order_of_the_commits(store: &dyn Store, _: &TestClock) {
    given_crm(store).await;
    let writes = (0..50).map(|_| write(store, a_create("Contact", json!({ "Name": "Ada" }))));
    join_all(writes).await;
    let changes = match_all(store, 7).await;
    assert!(changes.iter().map(|change| change.latest().number).eq(1..=50));
    assert!(changes.windows(2).all(|pair| pair[0].id < pair[1].id));
    let logged = feed(store, ACME, None, None, 7).await;
    assert!(changes.iter().map(|change| change.as_ref()).eq(&logged));
}

pub async fn only_matched_changes_are_in_the_feed(store: &dyn Store, _: &TestClock) {
    given_crm(store).await;
    for name in ["1", "2", "3"] {
        create(store, "Contact", json!({ "Name": name })).await;
    }
    assert_eq!(feed(store, ACME, None, None, 10).await, []);
    let changes = store.unmatched_changes(2).await.unwrap();
    // Until they are stored, the same ones come again.
    assert_eq!(store.unmatched_changes(2).await.unwrap(), changes);
    assert_eq!(store.backlog().await.unwrap().unmatched_changes, 3);
    store.store_matches(changes.iter().map(|it| unheard(it)).collect(), None).await.unwrap();
    assert_eq!(feed(store, ACME, None, None, 10).await.len(), 2);
    let left = store.unmatched_changes(10).await.unwrap();
    assert_eq!(left.iter().map(|it| it.latest().number).collect::<Vec<_>>(), [3]);
    assert_eq!(store.backlog().await.unwrap().unmatched_changes, 1);
}

pub async fn the_feed_is_filtered(store: &dyn Store, _: &TestClock) {
    given_crm(store).await;
    given_connection(store, ACME, "second").await;
    given_connection(store, OTHER, CRM).await;
    for (workspace, connection, entity) in [
        (ACME, CRM, "Contact"),
        (ACME, "second", "Contact"),
        (OTHER, CRM, "Contact"),
        (ACME, CRM, "Account"),
        (ACME, CRM, "Contact"),
    ] {
        let create = a_create(entity, json!({ "Name": "Ada" }));
        store.write(workspace, connection, create).await.unwrap();
    }
    match_all(store, 10).await;
    for (workspace, connection, entity, expected) in [
        (ACME, None, None, 4),
        (ACME, Some(CRM), None, 3),
        (ACME, Some(CRM), Some("Contact"), 2),
        (ACME, None, Some("Contact"), 3),
        (ACME, None, Some("Nothing"), 0),
        (OTHER, Some(CRM), None, 1),
        (OTHER, None, Some("Account"), 0),
    ] {
        for limit in [1, 2, 10] {
            let found = feed(store, workspace, connection, entity, limit).await;
            assert_eq!(found.len(), expected, "{workspace} {connection:?} {entity:?}");
            assert!(found.iter().all(|change| change.workspace == workspace));
        }
    }
    let unknown = store.changes(OTHER, Some("second"), None, None, 1).await;
    assert!(matches!(unknown, Err(StoreError::NotFound { .. })));
}

/// More than is kept in memory, with some that come while it is worked off.
pub async fn a_long_backlog_is_matched_whole(store: &dyn Store, _: &TestClock) {
    given_crm(store).await;
    let notes = "n".repeat(1 << 20);
    for _ in 0..30 {
        create(store, "Contact", json!({ "Name": "Ada", "Notes": notes })).await;
    }
    assert_eq!(store.backlog().await.unwrap().unmatched_changes, 30);
    let mut created = 30;
    let mut numbers = Vec::new();
    loop {
        let changes = store.unmatched_changes(4).await.unwrap();
        if changes.is_empty() {
            break;
        }
        numbers.extend(changes.iter().map(|change| change.latest().number));
        let matched = changes.iter().map(|change| unheard(change)).collect();
        store.store_matches(matched, None).await.unwrap();
        if numbers.len() < 20 {
            create(store, "Contact", json!({ "Name": "late" })).await;
            created += 1;
        }
    }
    assert!(30 < created && numbers.into_iter().eq(1..=created));
    assert_eq!(feed(store, ACME, None, None, 3).await.len() as i64, created);
}

pub async fn changes_of_a_deleted_connection_hold_nothing_up(store: &dyn Store, _: &TestClock) {
    given_crm(store).await;
    given_connection(store, ACME, "second").await;
    let notes = "n".repeat(1 << 20);
    // Enough of them that some are in the database alone.
    for _ in 0..30 {
        let create = a_create("Contact", json!({ "Name": "Ada", "Notes": notes }));
        store.write(ACME, "second", create).await.unwrap();
    }
    let kept = create(store, "Contact", json!({ "Name": "kept" })).await;
    store.delete_connection(ACME, "second", None).await.unwrap();
    let matched = match_all(store, 4).await;
    assert_eq!(matched.last().unwrap().after.as_ref(), Some(&kept));
    let logged = feed(store, ACME, None, None, 10).await;
    assert!(logged.iter().all(|change| change.connection == CRM));
    assert_eq!(logged.len(), 1);
}

pub async fn a_deferred_change_waits_for_each_object(store: &dyn Store, _: &TestClock) {
    given_crm(store).await;
    let version = given_rekeying(store, &["lead", "person"]).await;
    for name in ["1", "2"] {
        create(store, "Contact", json!({ "Name": name })).await;
    }
    let changes = store.unmatched_changes(10).await.unwrap();
    let deferred = |change: &Arc<Change>| Matched {
        deferred_objects: vec!["lead".to_owned(), "person".to_owned()],
        ..unheard(change)
    };
    store.store_matches(changes.iter().map(deferred).collect(), None).await.unwrap();
    assert!(store.unmatched_changes(10).await.unwrap().is_empty());
    let waiting = async |object: &str| {
        let waiting = store.deferred_changes(ACME, CRM, object, 10).await.unwrap();
        waiting.iter().map(|change| change.latest().number).collect::<Vec<_>>()
    };
    assert_eq!(waiting("lead").await, [1, 2]);
    assert_eq!(store.deferred_changes(ACME, CRM, "lead", 1).await.unwrap(), changes[..1]);

    store.store_matches(vec![unheard(&changes[0])], Some("lead")).await.unwrap();
    assert_eq!(waiting("lead").await, [2]);
    assert_eq!(waiting("person").await, [1, 2]);
    store.store_matches(vec![unheard(&changes[1])], Some("lead")).await.unwrap();
    assert_eq!(waiting("lead").await, [0; 0]);
    let rekeyings = store.rekeyings().await.unwrap();
    assert!(rekeyings.iter().all(|rekeying| rekeying.mapping_version == version));
    for rekeying in rekeyings {
        let is_done = rekeying.object == "lead";
        assert_eq!(store.end_rekeying(&rekeying).await.unwrap(), is_done);
    }
}

/// Keys of the new mapping may not have been there yet.
pub async fn what_was_matched_with_another_mapping_is_not_stored(store: &dyn Store, _: &TestClock) {
    given_crm(store).await;
    create(store, "Contact", json!({ "Name": "Ada" })).await;
    let changes = store.unmatched_changes(10).await.unwrap();
    let matched_with =
        |version| vec![Matched { mapping_version: Some(version), ..unheard(&changes[0]) }];
    let version = given_rekeying(store, &["lead"]).await;
    for other in [version - 1, version + 1] {
        let refused = store.store_matches(matched_with(other), None).await;
        assert!(matches!(refused, Err(StoreError::VersionMismatch { .. })), "{refused:?}");
        assert_eq!(store.unmatched_changes(10).await.unwrap(), changes);
    }
    store.store_matches(matched_with(version), None).await.unwrap();
    assert!(store.unmatched_changes(10).await.unwrap().is_empty());
}

/// Nobody would come back to a change deferred for an object whose keys are there.
pub async fn what_need_not_wait_is_not_deferred(store: &dyn Store, _: &TestClock) {
    given_crm(store).await;
    given_rekeying(store, &["lead"]).await;
    create(store, "Contact", json!({ "Name": "Ada" })).await;
    let changes = store.unmatched_changes(10).await.unwrap();
    let rekeying = store.rekeyings().await.unwrap().remove(0);
    assert!(store.end_rekeying(&rekeying).await.unwrap());
    let late = Matched { deferred_objects: vec!["lead".to_owned()], ..unheard(&changes[0]) };
    let refused = store.store_matches(vec![late], None).await;
    assert!(matches!(refused, Err(StoreError::VersionMismatch { .. })), "{refused:?}");
    assert_eq!(store.unmatched_changes(10).await.unwrap(), changes);
}
