use serde_json::{Value as Json, json};
use turnbuckle_core::entity::ColumnOption;
use turnbuckle_core::record::Data;
use turnbuckle_store::Store;
use turnbuckle_store::StoreError;
use turnbuckle_store::clock::Clock;
use turnbuckle_store::connection::{Connection, InitialRecords, PutConnection};
use uuid::Uuid;

use super::crm::{
    CANADA, CRM, CRM_NO, a_connection, a_mapping, a_search, create, given_connection, given_crm,
    initial, names, read, schema,
};
use super::{ACME, OTHER, SECOND, TestClock, read_all};

fn mapping(version: i64) -> Json {
    json!({ "version": version })
}

fn is_stale<T: std::fmt::Debug>(result: Result<T, StoreError>) {
    assert!(matches!(result, Err(StoreError::VersionMismatch { .. })), "{result:?}");
}

fn is_missing<T: std::fmt::Debug>(result: Result<T, StoreError>) {
    assert!(matches!(result, Err(StoreError::NotFound { .. })), "{result:?}");
}

pub async fn a_connection_starts_with_its_records(store: &dyn Store, clock: &TestClock) {
    let (connection, is_new) =
        store.put_connection(ACME, a_connection(CRM), initial(), None).await.unwrap();
    let expected = Connection {
        no: CRM_NO,
        workspace: ACME,
        id: CRM.to_owned(),
        context: "acme".to_owned(),
        connector: "native".to_owned(),
        time_zone: "UTC".to_owned(),
        error: None,
        objects: None,
        mapping: None,
        mapping_version: 0,
        version: 1,
        created_at: clock.now(),
        updated_at: clock.now(),
    };
    assert_eq!((&connection, is_new), (&expected, true));
    assert_eq!(store.connection(ACME, CRM).await.unwrap(), Some(expected));
    assert_eq!(store.connection(OTHER, CRM).await.unwrap(), None);
    assert!(store.context(ACME, "acme").await.unwrap().is_some());
    let canada = read(store, "Country", &CANADA.to_string()).await.unwrap();
    assert_eq!((canada.number, &canada.data["Name"]), (1, &json!("Canada")));
    let countries = a_search("Country", json!({ "all": [] }));
    assert_eq!(names(store, &countries).await, ["Canada", "Perú"]);
    assert!(store.unmatched_changes(1).await.unwrap().is_empty());
}

pub async fn putting_again_keeps_records_and_mapping(store: &dyn Store, clock: &TestClock) {
    given_crm(store).await;
    create(store, "Contact", json!({ "Name": "Ada" })).await;
    let before = store.put_mapping(ACME, CRM, &mapping(1), None).await.unwrap();
    clock.advance(SECOND);
    let put = PutConnection {
        context: "other".to_owned(),
        time_zone: "America/Toronto".to_owned(),
        ..a_connection(CRM)
    };
    let (after, is_new) = store.put_connection(ACME, put.clone(), initial(), None).await.unwrap();
    let expected = Connection {
        context: put.context,
        time_zone: put.time_zone,
        version: 3,
        updated_at: clock.now(),
        ..before
    };
    assert_eq!((&after, is_new), (&expected, false));
    assert_eq!(names(store, &a_search("Contact", json!({ "all": [] }))).await, ["Ada"]);
    assert_eq!(names(store, &a_search("Country", json!({ "all": [] }))).await.len(), 2);
}

/// From the very write on, so that no moment is left to miss a change in.
pub async fn whatever_changes_match_keys_makes_their_objects_wait(
    store: &dyn Store,
    _: &TestClock,
) {
    given_crm(store).await;
    let waiting = async |expected: &[(&str, i64)]| {
        let rekeyings = store.rekeyings().await.unwrap();
        let found: Vec<_> =
            rekeyings.iter().map(|it| (it.object.as_str(), it.mapping_version)).collect();
        assert_eq!(found, expected);
        let version = store.connection(ACME, CRM).await.unwrap().unwrap().mapping_version;
        for rekeying in &rekeyings {
            assert_eq!(rekeying.mapping_version, version);
            assert!(store.end_rekeying(rekeying).await.unwrap());
        }
    };
    let by_time = &[("lead", "CreatedOn"), ("person", "Email")];
    store.put_mapping(ACME, CRM, &a_mapping(by_time), None).await.unwrap();
    waiting(&[("lead", 1), ("person", 1)]).await;
    store.put_mapping(ACME, CRM, &a_mapping(by_time), None).await.unwrap();
    waiting(&[]).await;

    for expected in [&[("lead", 3)][..], &[]] {
        let in_tokyo = PutConnection { time_zone: "Asia/Tokyo".to_owned(), ..a_connection(CRM) };
        let (put, _) = store.put_connection(ACME, in_tokyo, initial(), None).await.unwrap();
        assert_eq!(store.connection(ACME, CRM).await.unwrap(), Some(put));
        waiting(expected).await;
    }
    let mut contact = schema().entity("Contact").unwrap().clone();
    store.put_entity(ACME, CRM, contact.clone()).await.unwrap();
    waiting(&[]).await;
    let option = ColumnOption { value: "a".to_owned(), label: "A".to_owned() };
    for column in contact.columns.iter_mut().filter(|column| column.name == "Email") {
        column.options = Some(vec![option.clone()]);
    }
    store.put_entity(ACME, CRM, contact).await.unwrap();
    waiting(&[("person", 4)]).await;
}

pub async fn a_connection_belongs_to_one_workspace(store: &dyn Store, _: &TestClock) {
    given_crm(store).await;
    given_connection(store, OTHER, CRM).await;
    let ada = create(store, "Contact", json!({ "Name": "Ada" })).await;
    let (theirs, _) =
        store.records(OTHER, CRM, "Contact", std::slice::from_ref(&ada.id), &[]).await.unwrap();
    assert_eq!(theirs, [None]);
    store.delete_connection(OTHER, CRM, None).await.unwrap();
    assert_eq!(read(store, "Contact", &ada.id).await, Some(ada));
}

pub async fn every_write_compares_the_version(store: &dyn Store, _: &TestClock) {
    let put =
        async |version| store.put_connection(ACME, a_connection(CRM), initial(), version).await;
    is_missing(put(Some(1)).await);
    put(None).await.unwrap();
    is_stale(put(Some(2)).await);
    is_stale(store.put_objects(ACME, CRM, &json!({}), Some(2)).await);
    is_stale(store.put_mapping(ACME, CRM, &mapping(1), Some(2)).await);
    assert_eq!(store.connection(ACME, CRM).await.unwrap().unwrap().version, 1);

    assert_eq!(put(Some(1)).await.unwrap().0.version, 2);
    let objects = json!({ "b": 1, "a": [null] });
    let saved = store.put_objects(ACME, CRM, &objects, Some(2)).await.unwrap();
    assert_eq!((saved.version, saved.objects), (3, Some(objects)));
    let saved = store.put_mapping(ACME, CRM, &mapping(1), Some(3)).await.unwrap();
    assert_eq!((saved.version, saved.mapping_version), (4, 1));
    assert_eq!(saved.mapping, Some(json!({ "version": 1 })));
    let saved = store.put_mapping(ACME, CRM, &mapping(2), None).await.unwrap();
    assert_eq!((saved.version, saved.mapping_version), (5, 2));
    for id in ["gone", "acme"] {
        is_missing(store.put_objects(ACME, id, &json!({}), None).await);
        is_missing(store.put_mapping(ACME, id, &mapping(1), None).await);
        is_missing(store.delete_connection(ACME, id, None).await);
    }
}

pub async fn connections_are_listed_newest_first(store: &dyn Store, _: &TestClock) {
    let mut expected = Vec::new();
    for number in 0..6 {
        let context = if number % 2 == 0 { "even" } else { "odd" };
        for workspace in [ACME, OTHER] {
            let put = PutConnection {
                context: context.to_owned(),
                ..a_connection(&format!("{workspace}-{number}"))
            };
            let initial = InitialRecords::default();
            let (connection, _) =
                store.put_connection(workspace, put, initial, None).await.unwrap();
            if workspace == ACME {
                expected.insert(0, connection);
            }
        }
    }
    for limit in [1, 4, 100] {
        let listed = read_all!(limit, |page| store.connections(ACME, None, page));
        assert_eq!(listed, expected);
        let odd = read_all!(limit, |page| store.connections(ACME, Some("odd"), page));
        assert!(odd.iter().eq(expected.iter().filter(|it| it.context == "odd")));
    }
}

/// Also the numbers that it gave out are given out again.
pub async fn a_connection_that_cannot_start_leaves_nothing(store: &dyn Store, _: &TestClock) {
    let mut broken = initial();
    broken.records.push(("Nothing".to_owned(), Uuid::from_u128(9), Data::new()));
    let failed = store.put_connection(ACME, a_connection(CRM), broken, None).await;
    assert!(failed.is_err());
    assert_eq!(store.connection(ACME, CRM).await.unwrap(), None);
    assert!(store.context(ACME, "acme").await.unwrap().is_none());
    given_crm(store).await;
    let canada = read(store, "Country", &CANADA.to_string()).await.unwrap();
    assert_eq!(canada.number, 1);
    assert_eq!(create(store, "Contact", json!({ "Name": "Ada" })).await.number, 1);
}
