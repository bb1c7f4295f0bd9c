//! What belongs to a connection is no other's, and goes with it.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::json;
use turnbuckle_core::change::{Change, ChangeType};
use turnbuckle_core::coalesce::Changed;
use turnbuckle_core::id::{DeliveryId, EndpointId, InboundEventId, SourceId};
use turnbuckle_store::api_key::ApiKey;
use turnbuckle_store::clock::Clock;
use turnbuckle_store::delivery::{
    AfterAttempt, Attempt, Backlog, DeliveryFilter, Draft, DueDelivery, Matched, NewMessage,
};
use turnbuckle_store::endpoint::Endpoint;
use turnbuckle_store::inbound::{EventWork, FinishEvent, InboundStatus};
use turnbuckle_store::source::Source;
use turnbuckle_store::{Store, StoreError};

use super::change::unheard;
use super::crm::{
    CANADA, CRM, CRM_NO, a_create, a_search, an_update, create, given_connection, given_crm, names,
    read,
};
use super::inbound::{an_event, new};
use super::{ACME, TestClock, api_key, endpoint, page, source};

fn is_missing<T: std::fmt::Debug>(result: Result<T, StoreError>) {
    assert!(matches!(result, Err(StoreError::NotFound { .. })), "{result:?}");
}

pub async fn a_deleted_connection_takes_everything_along(store: &dyn Store, clock: &TestClock) {
    given_crm(store).await;
    given_connection(store, ACME, "second").await;
    let ada = create(store, "Contact", json!({ "Name": "Ada", "Code": "1" })).await;
    let other = a_create("Contact", json!({ "Name": "Other" }));
    store.write(ACME, "second", other).await.unwrap();
    let heard = given_heard(store, clock).await;
    store.delete_connection(ACME, CRM, None).await.unwrap();

    assert_eq!(store.connection(ACME, CRM).await.unwrap(), None);
    assert!(!store.has_connection(ACME, CRM_NO).await.unwrap());
    is_missing(store.schema(ACME, CRM).await);
    is_missing(store.records(ACME, CRM, "Contact", std::slice::from_ref(&ada.id), &[]).await);
    is_missing(store.write(ACME, CRM, a_create("Contact", json!({ "Name": "Ada" }))).await);
    is_missing(store.search(ACME, CRM, a_search("Contact", json!({ "all": [] }))).await);
    is_missing(store.delete_connection(ACME, CRM, None).await);
    while store.erase().await.unwrap() {}
    let left = store.changes(ACME, None, None, None, 10).await.unwrap();
    assert!(left.items.iter().map(|change| change.connection.as_str()).eq(["second"]));
    assert_eq!(store.event(ACME, heard.event).await.unwrap(), None);
    assert_eq!(
        store.deliveries(ACME, &DeliveryFilter::default(), page(10, None)).await.unwrap().items,
        []
    );
    assert_eq!(store.backlog().await.unwrap(), Backlog::default());

    // One of the same name is another connection.
    given_crm(store).await;
    assert_eq!(read(store, "Contact", &ada.id).await, None);
    let again = create(store, "Contact", json!({ "Name": "Ada", "Code": "1" })).await;
    assert_eq!(again.number, 1);
}

/// What a connection has in the logs.
struct Heard {
    event: InboundEventId,
    delivery: DueDelivery,
}

struct Nothing;

impl Draft for Nothing {
    fn body(&self, _: DeliveryId, _: ChangeType, _: &Changed) -> Vec<u8> {
        b"{}".to_vec()
    }
}

/// Matches all changes, those of the CRM with a message each to an endpoint that
/// hears of all, and accepts an event of a source of it.
async fn given_heard(store: &dyn Store, clock: &TestClock) -> Heard {
    let (endpoint, source) = (endpoint::an_endpoint(clock), source::a_source(clock, 1));
    store.create_endpoint(endpoint.clone()).await.unwrap();
    store.create_source(source.clone()).await.unwrap();
    let event = an_event(clock, source.id, "{}");
    store.accept(new(event.clone())).await.unwrap();
    store.lease_new(10).await.unwrap();
    let changes = store.unmatched_changes(10).await.unwrap();
    let matched = changes.iter().map(|change| match change.connection_no == CRM_NO {
        true => Matched { messages: vec![a_message(endpoint.id, change)], ..unheard(change) },
        false => unheard(change),
    });
    let mut due = store.store_matches(matched.collect(), None).await.unwrap();
    Heard { event: event.id, delivery: due.pop().unwrap() }
}

fn a_message(endpoint: EndpointId, change: &Change) -> NewMessage {
    NewMessage {
        endpoint,
        object: "lead".to_owned(),
        record: change.latest().id.clone(),
        change_type: change.change_type,
        changed: Changed::new(),
        coalesce: true,
        draft: Arc::new(Nothing),
    }
}

/// Nobody who holds something of a deleted connection can do anything with it,
/// not even where another one has its name by now.
pub async fn what_is_of_a_deleted_connection_is_not_acted_on(store: &dyn Store, clock: &TestClock) {
    given_crm(store).await;
    create(store, "Contact", json!({ "Name": "Ada" })).await;
    let heard = given_heard(store, clock).await;
    create(store, "Contact", json!({ "Name": "Eve" })).await;
    let unmatched = store.unmatched_changes(10).await.unwrap();
    store.delete_connection(ACME, CRM, None).await.unwrap();
    given_crm(store).await;

    let event = an_event(clock, SourceId(clock.mint()), "{}");
    is_missing(store.accept(new(event)).await);
    let work = FinishEvent {
        event: heard.event,
        workspace: ACME,
        connection: CRM.to_owned(),
        connection_no: CRM_NO,
        work: EventWork::Writes(vec![(0, a_create("Contact", json!({ "Name": "Ada" })))]),
        warnings: Vec::new(),
        as_new: false,
        call: None,
    };
    let outcome = store.finish_events(vec![work]).await.unwrap().remove(0);
    assert_eq!((outcome.status, outcome.applied), (InboundStatus::Failed, Vec::new()));
    let endpoint = heard.delivery.endpoint;
    let messages = vec![a_message(endpoint, &unmatched[0])];
    let matched = vec![Matched { messages, ..unheard(&unmatched[0]) }];
    assert_eq!(store.store_matches(matched, None).await.unwrap(), []);
    assert_eq!(heard.delivery.connection, Some(CRM_NO));
    assert!(!store.has_connection(ACME, CRM_NO).await.unwrap());

    while store.erase().await.unwrap() {}
    // An attempt that was on its way is of no line any more.
    let attempt = Attempt {
        delivery: heard.delivery.id,
        workspace: ACME,
        endpoint,
        at: clock.now(),
        duration_ms: 1,
        status: Some(500),
        error: None,
        response_body: Bytes::new(),
        next: AfterAttempt::RetryAt(clock.now()),
    };
    assert_eq!(store.finish_attempts(vec![attempt]).await.unwrap(), []);
    assert_eq!(store.backlog().await.unwrap(), Backlog::default());
    assert_eq!(names(store, &a_search("Contact", json!({ "all": [] }))).await, [""; 0]);
}

pub async fn what_is_bound_to_a_connection_goes_with_it(store: &dyn Store, clock: &TestClock) {
    given_crm(store).await;
    given_connection(store, ACME, "second").await;
    let second = store.connection(ACME, "second").await.unwrap().unwrap().no;
    let (gone, kept) = (source::a_source(clock, 1), source::a_source(clock, 2));
    store.create_source(gone.clone()).await.unwrap();
    store.create_source(Source { connection: second, ..kept.clone() }).await.unwrap();
    let mut endpoints = Vec::new();
    for connection in [Some(CRM_NO), Some(second), None] {
        let endpoint = Endpoint { connection, ..endpoint::an_endpoint(clock) };
        store.create_endpoint(endpoint.clone()).await.unwrap();
        endpoints.push(endpoint.id);
    }
    let scopes = [
        vec!["connection:acme-crm".to_owned()],
        vec!["connection:second".to_owned(), "connection:acme-crm".to_owned()],
        vec!["all".to_owned()],
    ];
    for (number, scopes) in scopes.into_iter().enumerate() {
        let key = ApiKey { scopes, ..api_key::a_key(clock, &number.to_string()) };
        store.create_api_key(key).await.unwrap();
    }
    let before = store.configuration_version(ACME);
    store.delete_connection(ACME, CRM, None).await.unwrap();

    assert!(before < store.configuration_version(ACME));
    assert_eq!(store.source(ACME, gone.id).await.unwrap(), None);
    assert_eq!(store.source_by_key(&[1; 32]).await.unwrap(), None);
    assert!(store.source_by_key(&[2; 32]).await.unwrap().is_some());
    let mut left = Vec::new();
    for endpoint in &endpoints {
        left.push(store.endpoint(ACME, *endpoint).await.unwrap().is_some());
    }
    assert_eq!(left, [false, true, true]);
    let keys = store.api_keys(ACME).await.unwrap();
    let scopes: Vec<_> = keys.iter().map(|key| key.scopes.join(" ")).collect();
    assert_eq!(scopes, ["connection:second", "all"]);
}

/// Ids of records are the apps' to choose, and those of delivered records are the
/// same everywhere.
pub async fn records_of_one_id_stand_in_a_line_per_connection(
    store: &dyn Store,
    clock: &TestClock,
) {
    given_crm(store).await;
    given_connection(store, ACME, "second").await;
    let endpoint = endpoint::an_endpoint(clock);
    store.create_endpoint(endpoint.clone()).await.unwrap();
    let rename = an_update("Country", &CANADA.to_string(), json!({ "Name": "Kanada" }));
    for connection in [CRM, "second"] {
        store.write(ACME, connection, rename.clone()).await.unwrap();
    }
    let changes = store.unmatched_changes(10).await.unwrap();
    assert_eq!(changes[0].latest().id, changes[1].latest().id);
    let matched = changes.iter().map(|change| {
        let messages = vec![a_message(endpoint.id, change)];
        Matched { messages, ..unheard(change) }
    });
    let due = store.store_matches(matched.collect(), None).await.unwrap();
    let connections: Vec<_> = due.iter().map(|due| due.connection).collect();
    assert_eq!(connections, [Some(changes[0].connection_no), Some(changes[1].connection_no)]);
}
