//! What is left when a store was dropped without being closed, as a process
//! that ends may do. These stories open the store themselves.

use std::collections::HashSet;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Map, json};
use turnbuckle_core::change::ChangeType;
use turnbuckle_core::coalesce::Changed;
use turnbuckle_core::id::{DeliveryId, EndpointId};
use turnbuckle_store::Store;
use turnbuckle_store::clock::Clock;
use turnbuckle_store::delivery::{AfterAttempt, Attempt, Draft, Matched};
use turnbuckle_store::event_call::{Begun, CallLimit};
use turnbuckle_store::inbound::{Accept, Accepted, EventWork, FinishEvent, InboundStatus};
use turnbuckle_store::subscription::{Followed, Subscribe};

use super::change::{match_all, unheard};
use super::crm::{
    CANADA, CRM, CRM_NO, a_create, a_delete, a_mapping, a_search, create, given_connection,
    given_crm, names, read, write,
};
use super::event_call::{a_call, begin, given_waiting};
use super::function::given_function;
use super::inbound::{an_event, given_source, new};
use super::subscription::keys;
use super::{ACME, SECOND, TestClock, endpoint, source};

pub type Opening = Pin<Box<dyn Future<Output = Box<dyn Store>>>>;

/// Opens the same store again.
pub type Open<'a> = &'a dyn Fn() -> Opening;

pub async fn records_and_numbers_go_on(open: Open<'_>, clock: &TestClock) {
    let store = open().await;
    given_crm(store.as_ref()).await;
    let kept = create(store.as_ref(), "Contact", json!({ "Name": "Ada", "Code": "1" })).await;
    let gone = create(store.as_ref(), "Contact", json!({ "Name": "Bob" })).await;
    write(store.as_ref(), a_delete("Contact", &gone.id)).await.unwrap();
    drop(store);

    // The clock fell back; what comes is later all the same.
    clock.advance(-1_000 * SECOND);
    let store = open().await;
    assert_eq!(read(store.as_ref(), "Contact", &kept.id).await, Some(kept.clone()));
    assert_eq!(read(store.as_ref(), "Contact", &gone.id).await, None);
    let next = json!({ "Name": "Cleo", "CountryId": "canada" });
    let next = create(store.as_ref(), "Contact", next).await;
    assert_eq!((next.number, &next.data["CountryId"]), (3, &json!(CANADA.to_string())));
    let taken = write(store.as_ref(), a_create("Contact", json!({ "Name": "D", "Code": "1" })));
    assert!(taken.await.is_err());
    let all = a_search("Contact", json!({ "all": [] }));
    assert_eq!(names(store.as_ref(), &all).await, ["Ada", "Cleo"]);
}

pub async fn what_was_new_is_handed_out_again(open: Open<'_>, clock: &TestClock) {
    let store = open().await;
    given_crm(store.as_ref()).await;
    let source = source::a_source(clock, 1);
    store.create_source(source.clone()).await.unwrap();
    let mut events = Vec::new();
    for number in 0..4 {
        let event = an_event(clock, source.id, &number.to_string());
        let dedupe_keys = vec![number.to_string()];
        store.accept(Accept { dedupe_keys, ..new(event.clone()) }).await.unwrap();
        events.push(event);
    }
    // The first is finished, the second in work.
    store.lease_new(2).await.unwrap();
    let finished = FinishEvent {
        event: events[0].id,
        workspace: ACME,
        connection: CRM.to_owned(),
        connection_no: CRM_NO,
        work: EventWork::Writes(vec![(0, a_create("Contact", json!({ "Name": "Ada" })))]),
        warnings: Vec::new(),
        as_new: false,
        call: None,
    };
    store.finish_events(vec![finished]).await.unwrap();
    drop(store);

    let store = open().await;
    assert_eq!(store.backlog().await.unwrap().new_events, 3);
    let status =
        async |index: usize| store.event(ACME, events[index].id).await.unwrap().unwrap().status;
    assert_eq!(status(0).await, InboundStatus::Done);
    assert_eq!(status(1).await, InboundStatus::New);
    let leased = store.lease_new(10).await.unwrap();
    assert!(leased.iter().map(|event| event.as_ref()).eq(&events[1..]));
    assert_eq!(status(1).await, InboundStatus::Processing);
    let again = an_event(clock, source.id, "1");
    let repeat = Accept { dedupe_keys: vec!["1".to_owned()], ..new(again) };
    assert_eq!(store.accept(repeat).await.unwrap(), Accepted::Repeat(events[1].id));
}

pub async fn a_call_that_had_begun_was_cut_off(open: Open<'_>, clock: &TestClock) {
    let store = open().await;
    let source = given_source(store.as_ref(), clock, 1).await;
    let function = given_function(store.as_ref(), clock, 3).await.id;
    let begun = given_waiting(store.as_ref(), clock, source).await;
    let waiting = given_waiting(store.as_ref(), clock, source).await;
    let call = a_call(clock, function);
    assert_eq!(begin(store.as_ref(), &begun, call).await, Begun::Now);
    drop(store);

    let store = open().await;
    // They are there, whether as new ones or as those that wait for calls.
    let limit = CallLimit { sources: 10, per_source: 10 };
    let mut found = store.lease_new(10).await.unwrap();
    found.extend(store.lease_for_calls(limit).await.unwrap());
    assert_eq!(found, [begun.clone(), waiting.clone()]);
    let answers = [(begun, Begun::CutOff(call)), (waiting, Begun::Now)];
    for (event, answer) in answers {
        assert_eq!(begin(store.as_ref(), &event, a_call(clock, function)).await, answer);
    }
}

pub async fn what_was_not_matched_is_matched(open: Open<'_>, _: &TestClock) {
    let store = open().await;
    given_crm(store.as_ref()).await;
    given_connection(store.as_ref(), ACME, "second").await;
    create(store.as_ref(), "Contact", json!({ "Name": "1" })).await;
    match_all(store.as_ref(), 10).await;
    for _ in 0..5 {
        let create = a_create("Contact", json!({ "Name": "gone" }));
        store.write(ACME, "second", create).await.unwrap();
    }
    create(store.as_ref(), "Contact", json!({ "Name": "2" })).await;
    let expected = store.unmatched_changes(10).await.unwrap().pop().unwrap();
    store.delete_connection(ACME, "second", None).await.unwrap();
    drop(store);

    let store = open().await;
    while store.erase().await.unwrap() {}
    assert_eq!(store.backlog().await.unwrap().unmatched_changes, 1);
    create(store.as_ref(), "Contact", json!({ "Name": "3" })).await;
    let changes = match_all(store.as_ref(), 2).await;
    assert!(changes.iter().map(|change| change.latest().number).eq([2, 3]));
    assert_eq!(changes[0], expected);
    drop(store);

    let store = open().await;
    assert!(store.unmatched_changes(10).await.unwrap().is_empty());
    assert_eq!(store.changes(ACME, None, None, None, 10).await.unwrap().items.len(), 3);
}

struct Word;

impl Draft for Word {
    fn body(&self, id: DeliveryId, _: ChangeType, _: &Changed) -> Vec<u8> {
        id.to_string().into_bytes()
    }
}

pub async fn what_was_due_is_due(open: Open<'_>, clock: &TestClock) {
    let store = open().await;
    let endpoint = endpoint::an_endpoint(clock);
    store.create_endpoint(endpoint.clone()).await.unwrap();
    let mut sent = Vec::new();
    for _ in 0..3 {
        let message = store.store_message(ACME, endpoint.id, "notice", Arc::new(Word)).await;
        sent.push(message.unwrap());
    }
    let attempt = |index: usize, next| Attempt {
        delivery: sent[index].id,
        workspace: ACME,
        endpoint: endpoint.id,
        at: clock.now(),
        duration_ms: 1,
        status: Some(500),
        error: None,
        response_body: Bytes::new(),
        next,
    };
    let retry_at = clock.now() + SECOND;
    let attempts =
        vec![attempt(0, AfterAttempt::Delivered), attempt(1, AfterAttempt::RetryAt(retry_at))];
    store.finish_attempts(attempts).await.unwrap();
    drop(store);

    let store = open().await;
    assert_eq!(store.endpoints_due().await.unwrap(), [(ACME, endpoint.id, clock.now())]);
    let due = async |id: EndpointId, at| {
        store.due_deliveries(ACME, id, at, &HashSet::new(), 10).await.unwrap().due
    };
    assert_eq!(due(endpoint.id, clock.now()).await, sent[2..]);
    let later = due(endpoint.id, retry_at).await;
    assert_eq!((later.len(), later[1].id, later[1].failure_count), (2, sent[1].id, 1));
    assert_eq!(later[1].body, sent[1].body);
}

pub async fn keys_and_waiting_objects_go_on(open: Open<'_>, _: &TestClock) {
    let store = open().await;
    given_crm(store.as_ref()).await;
    create(store.as_ref(), "Contact", json!({ "Name": "Ada", "Email": "a" })).await;
    let wish = Subscribe {
        connection: CRM.to_owned(),
        object: "lead".to_owned(),
        followed: Followed::Search { event: "find".to_owned(), payload: Map::new() },
        identity: "find".to_owned(),
        match_keys: vec![1],
        needs_recheck: false,
        mapping_version: 0,
    };
    store.subscribe(ACME, wish).await.unwrap();
    let mapping = a_mapping(&[("lead", "Email")]);
    store.put_mapping(ACME, CRM, &mapping, None).await.unwrap();
    let changes = store.unmatched_changes(10).await.unwrap();
    let deferred = Matched { deferred_objects: vec!["lead".to_owned()], ..unheard(&changes[0]) };
    store.store_matches(vec![deferred], None).await.unwrap();
    drop(store);

    let store = open().await;
    assert!(store.fill_started_keys().await.unwrap());
    let by_email = a_search("Contact", json!({ "column": "Email", "op": "eq", "value": "A" }));
    assert_eq!(names(store.as_ref(), &by_email).await, ["Ada"]);
    let rekeying = store.rekeyings().await.unwrap().remove(0);
    assert_eq!(store.subscriptions_to_rekey(&rekeying, 0, 10).await.unwrap().len(), 1);
    assert_eq!(store.deferred_changes(ACME, CRM, "lead", 10).await.unwrap(), changes);
    assert!(!store.end_rekeying(&rekeying).await.unwrap());
    assert_eq!(store.candidates(&[keys(ACME, &[1])], 10).await.unwrap()[0].len(), 1);
}
