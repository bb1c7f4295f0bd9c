use bytes::Bytes;
use serde_json::json;
use turnbuckle_core::change::{ChangeType, Origin};
use turnbuckle_core::id::{InboundEventId, SourceId};
use turnbuckle_core::invalid::Invalid;
use turnbuckle_core::write::Strictness;
use turnbuckle_store::clock::Clock;
use turnbuckle_store::inbound::{
    Accept, Accepted, DEDUPE_MS, EventFilter, EventOutcome, EventRecord, EventWork, FinishEvent,
    Headers, InboundEvent, InboundRequest, InboundStatus, LoggedEvent,
};
use turnbuckle_store::record::Write;
use turnbuckle_store::replay::{Run, RunKind};
use turnbuckle_store::{Store, StoreError};

use super::crm::{
    CRM, CRM_NO, a_create, a_delete, a_search, an_upsert, create, given_connection, given_crm,
    names, read, write,
};
use super::{
    ACME, INTAKE_BYTES_MAX, OTHER, SECOND, TestClock, join_all, neighbour, page, read_all, replay,
    source,
};

/// A source of the small CRM, which is made if it is not there.
pub async fn given_source(store: &dyn Store, clock: &TestClock, number: u8) -> SourceId {
    given_crm(store).await;
    let source = source::a_source(clock, number);
    store.create_source(source.clone()).await.unwrap();
    source.id
}

pub fn an_event(clock: &TestClock, source: SourceId, body: &str) -> InboundEvent {
    InboundEvent {
        id: InboundEventId(clock.mint()),
        workspace: ACME,
        source,
        connection: CRM_NO,
        request: InboundRequest {
            headers: Headers::new(&[("content-type", "application/json")]),
            query: "a=1&b=%20".to_owned(),
            body: Bytes::copy_from_slice(body.as_bytes()),
        },
    }
}

pub fn new(event: InboundEvent) -> Accept {
    Accept { event, status: InboundStatus::New, failure: None, dedupe_keys: Vec::new() }
}

/// Accepts an event and hands it out.
async fn given_event(store: &dyn Store, clock: &TestClock, source: SourceId) -> InboundEvent {
    let event = an_event(clock, source, "{}");
    assert_eq!(store.accept(new(event.clone())).await.unwrap(), Accepted::Stored);
    store.lease_new(100).await.unwrap();
    event
}

fn from_a_source(write: Write) -> Write {
    Write { origin: Origin::Source, strictness: Strictness::Lenient, ..write }
}

pub fn work(event: &InboundEvent, writes: Vec<Write>) -> FinishEvent {
    FinishEvent {
        event: event.id,
        workspace: event.workspace,
        connection: CRM.to_owned(),
        connection_no: event.connection,
        work: EventWork::Writes((0..).zip(writes.into_iter().map(from_a_source)).collect()),
        warnings: Vec::new(),
        as_new: false,
        call: None,
    }
}

async fn finish(store: &dyn Store, work: FinishEvent) -> EventOutcome {
    store.finish_events(vec![work]).await.unwrap().remove(0)
}

pub async fn logged(store: &dyn Store, event: &InboundEvent) -> LoggedEvent {
    store.event(event.workspace, event.id).await.unwrap().unwrap()
}

async fn contacts(store: &dyn Store) -> Vec<String> {
    names(store, &a_search("Contact", json!({ "all": [] }))).await
}

fn contact(name: &str) -> Write {
    a_create("Contact", json!({ "Name": name }))
}

pub async fn an_event_is_read_back_as_received(store: &dyn Store, clock: &TestClock) {
    let source = given_source(store, clock, 1).await;
    let mut event = an_event(clock, source, "");
    event.request.body = Bytes::from_static(&[0, 159, 146, 150]);
    store.accept(new(event.clone())).await.unwrap();
    let expected = LoggedEvent {
        event: event.clone(),
        status: InboundStatus::New,
        warnings: Vec::new(),
        error: None,
        records: Vec::new(),
    };
    assert_eq!(logged(store, &event).await, expected);
    let leased = store.lease_new(1).await.unwrap();
    assert_eq!(*leased[0], event);
    assert_eq!(store.event(OTHER, event.id).await.unwrap(), None);
    let other = InboundEventId(neighbour(event.id.0));
    assert_eq!(store.event(ACME, other).await.unwrap(), None);
}

pub async fn new_events_are_handed_out_once_in_order(store: &dyn Store, clock: &TestClock) {
    let source = given_source(store, clock, 1).await;
    let mut accepted = Vec::new();
    for number in 0..5 {
        let event = an_event(clock, source, &number.to_string());
        store.accept(new(event.clone())).await.unwrap();
        accepted.push(event);
    }
    store.new_event().await;
    assert_eq!(logged(store, &accepted[0]).await.status, InboundStatus::New);
    let mut leased = store.lease_new(2).await.unwrap();
    assert_eq!(logged(store, &accepted[1]).await.status, InboundStatus::Processing);
    assert_eq!(logged(store, &accepted[2]).await.status, InboundStatus::New);
    leased.extend(store.lease_new(100).await.unwrap());
    assert!(leased.iter().map(|event| event.as_ref()).eq(&accepted));
    assert!(store.lease_new(100).await.unwrap().is_empty());
    assert_eq!(store.backlog().await.unwrap().new_events, 0);

    finish(store, work(&accepted[1], vec![contact("Ada")])).await;
    assert_eq!(logged(store, &accepted[1]).await.status, InboundStatus::Done);
    assert_eq!(logged(store, &accepted[0]).await.status, InboundStatus::Processing);
}

pub async fn only_new_events_are_handed_out(store: &dyn Store, clock: &TestClock) {
    let source = given_source(store, clock, 1).await;
    let stored_only = an_event(clock, source, "1");
    let done = Accept { status: InboundStatus::Done, ..new(stored_only.clone()) };
    store.accept(done).await.unwrap();
    let malformed = an_event(clock, source, "2");
    let failed = Accept {
        status: InboundStatus::Failed,
        failure: Some("no JSON at line 1".to_owned()),
        ..new(malformed.clone())
    };
    store.accept(failed).await.unwrap();
    assert!(store.lease_new(100).await.unwrap().is_empty());
    assert_eq!(logged(store, &stored_only).await.status, InboundStatus::Done);
    let failed = logged(store, &malformed).await;
    assert_eq!(failed.status, InboundStatus::Failed);
    assert_eq!(failed.error.as_deref(), Some("no JSON at line 1"));
}

pub async fn finishing_writes_records_changes_and_the_outcome(
    store: &dyn Store,
    clock: &TestClock,
) {
    let source = given_source(store, clock, 1).await;
    let event = given_event(store, clock, source).await;
    let unknown = json!({ "Name": "Ada", "CountryId": "Kanada" });
    let finished = FinishEvent {
        warnings: vec![Invalid::new("/Nmae", "unknown")],
        ..work(&event, vec![a_create("Contact", unknown), contact("Bob")])
    };
    let outcome = finish(store, finished).await;
    assert_eq!((outcome.event, outcome.status), (event.id, InboundStatus::Done));
    let warned: Vec<_> = outcome.warnings.iter().map(|warning| warning.path.as_str()).collect();
    assert_eq!(warned, ["/Nmae", "/CountryId"]);
    let written: Vec<_> = outcome.applied.iter().map(|(item, it)| (*item, it.change)).collect();
    assert_eq!(written, [(0, Some(ChangeType::Create)), (1, Some(ChangeType::Create))]);

    let line = logged(store, &event).await;
    assert_eq!((line.status, &line.error), (InboundStatus::Done, &None));
    assert_eq!(line.warnings, outcome.warnings);
    let records = outcome.applied.iter().map(|(item, it)| EventRecord {
        item: *item,
        entity: "Contact".to_owned(),
        id: it.record.id.clone(),
        change: Some(ChangeType::Create),
    });
    assert_eq!(line.records, records.collect::<Vec<_>>());
    let changes = store.unmatched_changes(10).await.unwrap();
    assert!(changes.iter().all(|change| change.origin == Origin::Source));
    assert_eq!(changes.len(), 2);
}

pub async fn an_item_that_fails_undoes_the_others(store: &dyn Store, clock: &TestClock) {
    let source = given_source(store, clock, 1).await;
    create(store, "Contact", json!({ "Name": "Ada", "Code": "1" })).await;
    let event = given_event(store, clock, source).await;
    let clash = a_create("Contact", json!({ "Name": "Eve", "Code": "1" }));
    let nameless = a_create("Contact", json!({ "Email": "a@b.example" }));
    let writes = vec![contact("Bob"), clash, nameless, contact("Cleo")];
    let outcome = finish(store, work(&event, writes)).await;
    assert_eq!(outcome.status, InboundStatus::Failed);
    assert_eq!(outcome.applied, []);
    let error = outcome.error.clone().unwrap();
    assert!(error.contains("item 1: another `Contact` has the same `Code`"), "{error}");
    assert!(error.contains("item 2: `Name` is required"), "{error}");
    let line = logged(store, &event).await;
    assert_eq!((line.status, line.error), (InboundStatus::Failed, outcome.error));
    assert_eq!(line.records, []);
    assert_eq!(contacts(store).await, ["Ada"]);
    assert_eq!(store.unmatched_changes(10).await.unwrap().len(), 1);

    // Mended, it writes them all.
    let mended = finish(store, work(&event, vec![contact("Bob"), contact("Cleo")])).await;
    assert_eq!((mended.status, mended.applied.len()), (InboundStatus::Done, 2));
    assert_eq!(contacts(store).await, ["Ada", "Bob", "Cleo"]);
    assert_eq!(store.unmatched_changes(10).await.unwrap().len(), 3);
}

pub async fn an_event_that_fails_leaves_the_others(store: &dyn Store, clock: &TestClock) {
    let source = given_source(store, clock, 1).await;
    let events =
        [(); 4].map(|()| an_event(clock, source, "{}")).map(|event| (event.clone(), new(event)));
    let mut finished = Vec::new();
    for (index, (event, accept)) in events.iter().enumerate() {
        store.accept(accept.clone()).await.unwrap();
        finished.push(work(event, vec![contact(&index.to_string())]));
    }
    finished[1].work = EventWork::Fail("no `EntityName`".to_owned());
    finished[2].connection = "gone".to_owned();
    let outcomes = store.finish_events(finished).await.unwrap();
    let statuses: Vec<_> = outcomes.iter().map(|outcome| outcome.status).collect();
    let (done, failed) = (InboundStatus::Done, InboundStatus::Failed);
    assert_eq!(statuses, [done, failed, failed, done]);
    assert_eq!(logged(store, &events[1].0).await.error.as_deref(), Some("no `EntityName`"));
    let error = logged(store, &events[2].0).await.error;
    assert_eq!(error.as_deref(), Some("no connection `gone`"));
    assert_eq!(contacts(store).await, ["0", "3"]);
}

pub async fn finishing_again_updates_the_same_record(store: &dyn Store, clock: &TestClock) {
    let source = given_source(store, clock, 1).await;
    let event = given_event(store, clock, source).await;
    let first = finish(store, work(&event, vec![contact("Ada")])).await;
    let record = &first.applied[0].1.record;

    let same = finish(store, work(&event, vec![contact("Ada")])).await;
    assert_eq!((same.applied[0].1.change, &same.applied[0].1.record), (None, record));
    let other = finish(store, work(&event, vec![contact("Ada L"), contact("Bob")])).await;
    assert_eq!(other.applied[0].1.change, Some(ChangeType::Update));
    assert_eq!(other.applied[0].1.record.id, record.id);
    assert_eq!(contacts(store).await, ["Ada L", "Bob"]);

    write(store, a_delete("Contact", &record.id)).await.unwrap();
    let again = finish(store, work(&event, vec![contact("Ada")])).await;
    assert_eq!(again.applied[0].1.change, Some(ChangeType::Create));
    assert_eq!(contacts(store).await, ["Bob", "Ada"]);
    let written = &logged(store, &event).await.records[0];
    assert_eq!(written.id, again.applied[0].1.record.id);
    assert_eq!(written.change, Some(ChangeType::Create));
    finish(store, work(&event, vec![contact("Ada")])).await;
    let written = &logged(store, &event).await.records[0];
    assert_eq!(written.change, None, "it already was as the event wanted it");
    finish(store, work(&event, vec![contact("Ada L")])).await;
    assert_eq!(logged(store, &event).await.records[0].change, Some(ChangeType::Update));
}

pub async fn an_item_that_becomes_another_entity_is_noted_as_that(
    store: &dyn Store,
    clock: &TestClock,
) {
    let source = given_source(store, clock, 1).await;
    let event = given_event(store, clock, source).await;
    finish(store, work(&event, vec![contact("Ada")])).await;
    let account = || vec![a_create("Account", json!({ "Name": "Ada" }))];
    let tried = store.try_event(work(&event, account())).await.unwrap();
    assert_eq!(tried.status, InboundStatus::Done);
    let outcome = finish(store, work(&event, account())).await;
    assert_eq!(outcome.status, InboundStatus::Done, "{outcome:?}");
    let noted = logged(store, &event).await.records;
    let entities: Vec<_> = noted.iter().map(|it| it.entity.as_str()).collect();
    assert_eq!(entities, ["Account"]);
}

pub async fn as_new_writes_another_record(store: &dyn Store, clock: &TestClock) {
    let source = given_source(store, clock, 1).await;
    let event = given_event(store, clock, source).await;
    finish(store, work(&event, vec![contact("Ada")])).await;
    let as_new = FinishEvent { as_new: true, ..work(&event, vec![contact("Ada")]) };
    let outcome = finish(store, as_new).await;
    assert_eq!(outcome.applied[0].1.change, Some(ChangeType::Create));
    assert_eq!(contacts(store).await, ["Ada", "Ada"]);
    let records = logged(store, &event).await.records;
    let id = outcome.applied[0].1.record.id.clone();
    let (entity, change) = ("Contact".to_owned(), Some(ChangeType::Create));
    assert_eq!(records, [EventRecord { item: 0, entity, id, change }]);
}

pub async fn a_replay_goes_on_with_its_events(store: &dyn Store, clock: &TestClock) {
    let source = given_source(store, clock, 1).await;
    let event = given_event(store, clock, source).await;
    finish(store, work(&event, vec![contact("Ada")])).await;
    let run = Run { total: 2, ..replay::a_run(clock, RunKind::Replay) };
    store.create_run(run.clone()).await.unwrap();
    let as_new = || vec![FinishEvent { as_new: true, ..work(&event, vec![contact("Ada")]) }];
    let half = store.finish_replayed(as_new(), &run, Some(7)).await.unwrap();
    assert_eq!(half, Run { done: 1, position: 7, ..run.clone() });
    assert_eq!(store.run(ACME, &run.id).await.unwrap(), Some(half.clone()));

    // Whoever knows it as it was before does none of it.
    let late = store.finish_replayed(as_new(), &run, Some(7)).await;
    assert!(matches!(late, Err(StoreError::Unavailable { .. })), "{late:?}");
    assert_eq!(contacts(store).await.len(), 2);

    let ended = store.finish_replayed(as_new(), &half, None).await.unwrap();
    let expected = Run { done: 2, ended_at: Some(clock.now()), ..half.clone() };
    assert_eq!(ended, expected);
    assert!(store.finish_replayed(as_new(), &half, None).await.is_err(), "it has ended");
    assert_eq!(contacts(store).await.len(), 3);
}

pub async fn a_success_after_a_failure_forgets_the_failure(store: &dyn Store, clock: &TestClock) {
    let source = given_source(store, clock, 1).await;
    let event = given_event(store, clock, source).await;
    let failed = FinishEvent { work: EventWork::Fail("down".to_owned()), ..work(&event, vec![]) };
    finish(store, failed).await;
    assert_eq!(logged(store, &event).await.error.as_deref(), Some("down"));
    finish(store, work(&event, vec![contact("Ada")])).await;
    let line = logged(store, &event).await;
    assert_eq!((line.status, line.error), (InboundStatus::Done, None));
}

pub async fn events_of_one_batch_see_each_other(store: &dyn Store, clock: &TestClock) {
    let source = given_source(store, clock, 1).await;
    let mut finished = Vec::new();
    for score in 0..3 {
        let event = given_event(store, clock, source).await;
        let data = json!({ "Name": "Ada", "Email": "a@b.example", "Score": score });
        finished.push(work(&event, vec![an_upsert("Contact", &["Email"], data)]));
    }
    let outcomes = store.finish_events(finished).await.unwrap();
    let record = &outcomes[2].applied[0].1.record;
    assert_eq!((record.version, &record.data["Score"]), (3, &json!(2)));
    assert_eq!(read(store, "Contact", &record.id).await.as_ref(), Some(record));
    assert_eq!(contacts(store).await.len(), 1);
}

pub async fn a_trial_leaves_nothing(store: &dyn Store, clock: &TestClock) {
    let source = given_source(store, clock, 1).await;
    let event = given_event(store, clock, source).await;
    let ada = || a_create("Contact", json!({ "Name": "Ada", "Code": "1" }));
    let tried = store.try_event(work(&event, vec![ada()])).await.unwrap();
    assert_eq!(tried.status, InboundStatus::Done);
    assert_eq!(tried.applied[0].1.change, Some(ChangeType::Create));
    let tried = store.try_event(work(&event, vec![ada(), ada()])).await.unwrap();
    assert_eq!((tried.status, tried.applied), (InboundStatus::Failed, vec![]));

    let gone = FinishEvent { connection: "gone".to_owned(), ..work(&event, vec![ada()]) };
    let gone = store.try_event(gone).await.unwrap();
    assert_eq!(gone.error.as_deref(), Some("no connection `gone`"));

    let line = logged(store, &event).await;
    assert_eq!((line.status, line.error), (InboundStatus::Processing, None));
    assert_eq!(line.records, []);
    assert_eq!(contacts(store).await, [""; 0]);
    assert!(store.unmatched_changes(10).await.unwrap().is_empty());
    let outcome = finish(store, work(&event, vec![ada()])).await;
    assert_eq!(outcome.status, InboundStatus::Done);
    assert_eq!(store.unmatched_changes(10).await.unwrap().len(), 1);
}

pub async fn a_repeat_is_recognised_for_its_time(store: &dyn Store, clock: &TestClock) {
    let (source, other) =
        (given_source(store, clock, 1).await, given_source(store, clock, 2).await);
    let post = async |source, key: &str| {
        let event = an_event(clock, source, "{}");
        let accept = Accept { dedupe_keys: vec![key.to_owned()], ..new(event.clone()) };
        (event.id, store.accept(accept).await.unwrap())
    };
    let (first, accepted) = post(source, "a").await;
    assert_eq!(accepted, Accepted::Stored);
    assert_eq!(post(source, "a").await.1, Accepted::Repeat(first));
    assert_eq!(post(source, "b").await.1, Accepted::Stored);
    assert_eq!(post(other, "a").await.1, Accepted::Stored);
    clock.advance(DEDUPE_MS);
    assert_eq!(post(source, "a").await.1, Accepted::Repeat(first));
    clock.advance(1);
    let (later, accepted) = post(source, "a").await;
    assert_eq!(accepted, Accepted::Stored);
    assert_eq!(post(source, "a").await.1, Accepted::Repeat(later));
    assert_eq!(store.lease_new(100).await.unwrap().len(), 4);
}

pub async fn any_key_recognises_a_repeat_and_brings_the_stronger_ones_along(
    store: &dyn Store,
    clock: &TestClock,
) {
    let source = given_source(store, clock, 1).await;
    let accept = |keys: &[&'static str]| {
        let dedupe_keys = keys.iter().map(|&key| key.to_owned()).collect();
        Accept { dedupe_keys, ..new(an_event(clock, source, "{}")) }
    };
    let first = accept(&["a", "b"]);
    assert_eq!(store.accept(first.clone()).await.unwrap(), Accepted::Stored);
    let repeat = Accepted::Repeat(first.event.id);
    for keys in [&["a"][..], &["b"], &["c", "b"], &["d", "c"], &["c"], &["a", "e"]] {
        assert_eq!(store.accept(accept(keys)).await.unwrap(), repeat, "{keys:?}");
    }
    // What a repeat had that is weaker is not taken from whom it belongs to.
    assert_eq!(store.accept(accept(&["f", "e"])).await.unwrap(), Accepted::Stored);
    assert_eq!(store.accept(accept(&["a", "e"])).await.unwrap(), repeat);

    // In one batch too; and no later one makes a repeat of an earlier one.
    let at_once =
        [&["g", "h"][..], &["i", "h"], &["g", "j"], &["k", "j"], &["j", "a"], &["l", "a"]];
    let at_once = at_once.map(accept);
    let (second, third) = (at_once[0].event.id, at_once[3].event.id);
    let accepted = join_all(at_once.map(|accept| store.accept(accept))).await;
    let accepted: Vec<_> = accepted.into_iter().map(Result::unwrap).collect();
    let (second, third) = (Accepted::Repeat(second), Accepted::Repeat(third));
    assert_eq!(accepted, [Accepted::Stored, second, second, Accepted::Stored, third, repeat]);
    for (key, of) in [("i", second), ("g", second), ("j", third), ("k", third), ("l", repeat)] {
        assert_eq!(store.accept(accept(&[key])).await.unwrap(), of, "{key}");
    }
}

pub async fn of_repeats_at_once_one_is_stored(store: &dyn Store, clock: &TestClock) {
    let source = given_source(store, clock, 1).await;
    let posts = (0..20).map(|_| {
        let accept = new(an_event(clock, source, "{}"));
        store.accept(Accept { dedupe_keys: vec!["a".to_owned()], ..accept })
    });
    let accepted = join_all(posts).await;
    let stored = accepted.into_iter().filter(|it| matches!(it, Ok(Accepted::Stored)));
    assert_eq!(stored.count(), 1);
    assert_eq!(store.lease_new(100).await.unwrap().len(), 1);
}

pub async fn the_log_is_filtered_and_paged(store: &dyn Store, clock: &TestClock) {
    let sources = [given_source(store, clock, 1).await, given_source(store, clock, 2).await];
    given_connection(store, OTHER, CRM).await;
    let theirs = store.connection(OTHER, CRM).await.unwrap().unwrap().no;
    let mut events = Vec::new();
    for number in 0..12_usize {
        clock.advance(SECOND);
        let event = an_event(clock, sources[number % 2], "{}");
        store.accept(new(event.clone())).await.unwrap();
        let not_ours = InboundEvent {
            workspace: OTHER,
            connection: theirs,
            ..an_event(clock, sources[0], "{}")
        };
        store.accept(new(not_ours)).await.unwrap();
        events.push(event);
    }
    // 0 to 3 are done, 4 to 7 failed, 8 and 9 in work, the others new.
    let mut ada = String::new();
    let leased = store.lease_new(20).await.unwrap();
    assert!(leased.iter().any(|event| event.id == events[9].id));
    for event in &events[..4] {
        let outcome = finish(store, work(event, vec![contact("Ada")])).await;
        ada = outcome.applied[0].1.record.id.clone();
    }
    for (number, event) in events[4..8].iter().enumerate() {
        let work = EventWork::Fail(format!("Receiver {number} is DOWN"));
        finish(store, FinishEvent { work, ..self::work(event, vec![]) }).await;
    }

    let at = |number: usize| Some(events[number].id.0.millis());
    let every = EventFilter::default;
    let status = |status| EventFilter { status: Some(status), ..every() };
    for (filter, expected) in [
        (every(), (0..12).collect::<Vec<_>>()),
        (status(InboundStatus::Done), vec![0, 1, 2, 3]),
        (status(InboundStatus::Failed), vec![4, 5, 6, 7]),
        (status(InboundStatus::Processing), vec![8, 9]),
        (status(InboundStatus::New), vec![10, 11]),
        (EventFilter { source: Some(sources[1]), ..every() }, vec![1, 3, 5, 7, 9, 11]),
        (EventFilter { source: Some(SourceId(neighbour(sources[1].0))), ..every() }, vec![]),
        (EventFilter { since: at(3), until: at(6), ..every() }, vec![3, 4, 5]),
        (EventFilter { entity: Some("Contact".to_owned()), ..every() }, vec![0, 1, 2, 3]),
        (EventFilter { entity: Some("Account".to_owned()), ..every() }, vec![]),
        (EventFilter { record: Some(ada.clone()), ..every() }, vec![3]),
        (EventFilter { error: Some("2 is down".to_owned()), ..every() }, vec![6]),
        (
            EventFilter { source: Some(sources[0]), since: at(5), ..status(InboundStatus::Failed) },
            vec![6],
        ),
    ] {
        for limit in [1, 3, 100] {
            let listed = read_all!(limit, |page| store.events(ACME, &filter, page));
            let found: Vec<_> = listed.iter().map(|line| line.event.id).collect();
            let expected: Vec<_> = expected.iter().rev().map(|index| events[*index].id).collect();
            assert_eq!(found, expected, "{filter:?}, {limit} at a time");
        }
    }
    let first = store.events(ACME, &every(), page(1, None)).await.unwrap();
    assert_eq!(first.items[0], logged(store, &events[11]).await);
}

pub async fn what_does_not_fit_the_queue_is_refused(store: &dyn Store, clock: &TestClock) {
    let source = given_source(store, clock, 1).await;
    let event = an_event(clock, source, &"x".repeat(INTAKE_BYTES_MAX));
    let refused = store.accept(new(event.clone())).await;
    assert!(matches!(refused, Err(StoreError::Overloaded)), "{refused:?}");
    assert_eq!(store.event(ACME, event.id).await.unwrap(), None);

    // Whoever was answered is stored, whoever was refused is not.
    let body = "x".repeat(INTAKE_BYTES_MAX / 4);
    let events: Vec<_> = (0..30).map(|_| an_event(clock, source, &body)).collect();
    let answers = join_all(events.iter().map(|event| store.accept(new(event.clone())))).await;
    let mut stored = Vec::new();
    for (event, answer) in events.iter().zip(answers) {
        match answer {
            Ok(accepted) => {
                assert_eq!(accepted, Accepted::Stored);
                stored.push(event.id);
            }
            Err(error) => assert!(matches!(error, StoreError::Overloaded), "{error}"),
        }
    }
    assert!(!stored.is_empty());
    let leased = store.lease_new(100).await.unwrap();
    assert!(leased.iter().map(|event| event.id).eq(stored));
}

/// More new events than are kept in memory.
pub async fn a_long_queue_is_handed_out_whole(store: &dyn Store, clock: &TestClock) {
    let source = given_source(store, clock, 1).await;
    let mut accepted = Vec::new();
    for number in 0..60 {
        let body = format!("{number}{}", "x".repeat(INTAKE_BYTES_MAX / 2));
        let event = an_event(clock, source, &body);
        store.accept(new(event.clone())).await.unwrap();
        accepted.push(event);
    }
    let mut leased = Vec::new();
    loop {
        let slice = store.lease_new(7).await.unwrap();
        if slice.is_empty() {
            break;
        }
        leased.extend(slice);
    }
    assert!(leased.iter().map(|event| event.as_ref()).eq(&accepted));
}

pub async fn an_event_outlives_its_source(store: &dyn Store, clock: &TestClock) {
    let source = given_source(store, clock, 1).await;
    let event = given_event(store, clock, source).await;
    store.delete_source(ACME, source, None).await.unwrap();
    assert_eq!(logged(store, &event).await.event.request, event.request);
}
