use std::sync::Arc;

use serde_json::json;
use turnbuckle_core::id::{FunctionCallId, FunctionId, InboundEventId, SourceId};
use turnbuckle_store::Store;
use turnbuckle_store::event_call::{BeginCall, Begun, CallLimit, EventCall};
use turnbuckle_store::function::FunctionCall;
use turnbuckle_store::inbound::{EventWork, FinishEvent, InboundEvent, InboundStatus};

use super::crm::a_create;
use super::function::given_function;
use super::inbound::{an_event, given_source, logged, new, work};
use super::{ACME, TestClock, page};

const ALL: CallLimit = CallLimit { sources: 100, per_source: 100 };

/// An event that waits for a call.
pub async fn given_waiting(
    store: &dyn Store,
    clock: &TestClock,
    source: SourceId,
) -> Arc<InboundEvent> {
    let event = an_event(clock, source, "{}");
    store.accept(new(event.clone())).await.unwrap();
    let leased = store.lease_new(100).await.unwrap();
    store.queue_for_calls(&leased).await.unwrap();
    Arc::new(event)
}

pub fn a_call(clock: &TestClock, function: FunctionId) -> EventCall {
    EventCall { id: FunctionCallId(clock.mint()), function, version: 3 }
}

pub async fn begin(store: &dyn Store, event: &InboundEvent, call: EventCall) -> Begun {
    let begin = BeginCall { workspace: ACME, event: event.id, call, instead_of: None };
    store.begin_calls(vec![begin]).await.unwrap().remove(0)
}

/// How a call ends, in the log.
fn ended(call: EventCall) -> FunctionCall {
    FunctionCall {
        id: call.id,
        workspace: ACME,
        function: call.function,
        version: call.version,
        method: "POST".to_owned(),
        status: 200,
        is_failed: false,
        duration_ms: 5,
        detail: json!({ "logs": [] }),
    }
}

async fn lease(store: &dyn Store, limit: CallLimit) -> Vec<InboundEventId> {
    let leased = store.lease_for_calls(limit).await.unwrap();
    leased.iter().map(|event| event.id).collect()
}

pub async fn an_event_that_waits_for_a_call_is_not_new(store: &dyn Store, clock: &TestClock) {
    let source = given_source(store, clock, 1).await;
    let event = given_waiting(store, clock, source).await;
    assert!(store.lease_new(100).await.unwrap().is_empty());
    assert_eq!(logged(store, &event).await.status, InboundStatus::New);
    store.new_for_calls().await;
    assert_eq!(lease(store, ALL).await, [event.id]);
    assert_eq!(logged(store, &event).await.status, InboundStatus::Processing);
}

pub async fn sources_wait_for_calls_apart(store: &dyn Store, clock: &TestClock) {
    let first = given_source(store, clock, 1).await;
    let mut of_first = Vec::new();
    for _ in 0..3 {
        of_first.push(given_waiting(store, clock, first).await.id);
    }
    let second = given_source(store, clock, 3).await;
    let of_second = given_waiting(store, clock, second).await.id;
    let third = given_source(store, clock, 5).await;
    let of_third = given_waiting(store, clock, third).await.id;

    let two = CallLimit { sources: 2, per_source: 2 };
    assert_eq!(lease(store, two).await, [of_first[0], of_first[1], of_second]);
    assert!(lease(store, two).await.is_empty(), "two sources have something in hand");
    let three = CallLimit { sources: 3, per_source: 2 };
    assert_eq!(lease(store, three).await, [of_third]);
    let contact = || vec![a_create("Contact", json!({ "Name": "Ada" }))];
    for event in [of_first[1], of_second] {
        let end = FinishEvent { event, ..work(&an_event(clock, first, "{}"), contact()) };
        store.finish_events(vec![end]).await.unwrap();
    }
    assert_eq!(lease(store, three).await, [of_first[2]], "whichever of a source ends first");
}

pub async fn a_call_ends_with_its_event(store: &dyn Store, clock: &TestClock) {
    let source = given_source(store, clock, 1).await;
    let function = given_function(store, clock, 1).await;
    let event = given_waiting(store, clock, source).await;
    store.lease_for_calls(ALL).await.unwrap();
    let call = a_call(clock, function.id);
    assert_eq!(begin(store, &event, call).await, Begun::Now);
    assert_eq!(begin(store, &event, call).await, Begun::Now, "nobody heard the first answer");

    let contact = a_create("Contact", json!({ "Name": "Ada" }));
    let end = FinishEvent { call: Some(ended(call)), ..work(&event, vec![contact]) };
    let outcomes = store.finish_events(vec![end]).await.unwrap();
    assert_eq!(outcomes[0].status, InboundStatus::Done);
    assert_eq!(logged(store, &event).await.records.len(), 1);
    let calls = store.function_calls(ACME, function.id, false, page(10, None)).await.unwrap();
    assert_eq!(calls.items, [ended(call)]);
    // It is none any more: a replay makes another.
    assert_eq!(begin(store, &event, a_call(clock, function.id)).await, Begun::Now);
}

pub async fn a_call_is_not_begun_twice(store: &dyn Store, clock: &TestClock) {
    let source = given_source(store, clock, 1).await;
    let function = given_function(store, clock, 1).await.id;
    let event = given_waiting(store, clock, source).await;
    store.lease_for_calls(ALL).await.unwrap();
    let first = a_call(clock, function);
    assert_eq!(begin(store, &event, first).await, Begun::Now);
    let second = a_call(clock, function);
    assert_eq!(begin(store, &event, second).await, Begun::CutOff(first));

    // Only whoever knows which one was cut off makes another.
    let again = |call, instead_of| BeginCall {
        workspace: ACME,
        event: event.id,
        call,
        instead_of: Some(instead_of),
    };
    for (instead_of, answer) in [(second.id, Begun::CutOff(first)), (first.id, Begun::Now)] {
        let begun = store.begin_calls(vec![again(second, instead_of)]).await.unwrap();
        assert_eq!(begun, [answer]);
    }
    assert_eq!(begin(store, &event, a_call(clock, function)).await, Begun::CutOff(second));

    let fail = |call| FinishEvent {
        work: EventWork::Fail("cut off".to_owned()),
        call: Some(ended(call)),
        ..work(&event, Vec::new())
    };
    store.finish_events(vec![fail(second)]).await.unwrap();
    assert_eq!(logged(store, &event).await.error.as_deref(), Some("cut off"));
    assert_eq!(begin(store, &event, a_call(clock, function)).await, Begun::Now);
}
