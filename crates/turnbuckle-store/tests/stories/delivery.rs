use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{TestCaseError, TestCaseResult};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::sync::Notify;
use turnbuckle_core::change::ChangeType;
use turnbuckle_core::id::{DeliveryId, EndpointId, UnixMs};
use turnbuckle_store::clock::Clock;
use turnbuckle_store::delivery::{
    AfterAttempt, Attempt, DeliveryFilter, DeliveryStatus, Draft, DueDelivery, LoggedAttempt,
    LoggedDelivery, Matched, NewMessage, RecoverRange, RecoverSlice,
};
use turnbuckle_store::endpoint::{Endpoint, EndpointStatus};
use turnbuckle_store::{Store, StoreError};

use super::change::unheard;
use super::crm::{create, given_crm};
use super::property::for_all;
use super::{ACME, HOUR, OTHER, SECOND, TestClock, endpoint, neighbour, read_all};

/// Later than everything that a story makes due.
const FAR: UnixMs = i64::MAX;

/// What a message says: enough to see what became of its changes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
struct Said {
    id: String,
    change_type: ChangeType,
    /// Number of the newest change in it.
    number: u32,
    record: String,
    changed: Vec<String>,
}

impl Said {
    fn read(body: &Bytes) -> Self {
        serde_json::from_slice(body).expect("the body that the draft made")
    }
}

struct TestDraft {
    number: u32,
    record: String,
}

impl Draft for TestDraft {
    fn body(&self, id: DeliveryId, change_type: ChangeType, changed: &[String]) -> Vec<u8> {
        let said = Said {
            id: id.to_string(),
            change_type,
            number: self.number,
            record: self.record.clone(),
            changed: changed.to_vec(),
        };
        serde_json::to_vec(&said).expect("it serializes")
    }
}

fn a_message(
    endpoint: EndpointId,
    record: &str,
    change_type: ChangeType,
    number: u32,
    coalesce: bool,
) -> NewMessage {
    NewMessage {
        endpoint,
        object: "lead".to_owned(),
        record: record.to_owned(),
        change_type,
        changed: vec![format!("c{number}")],
        coalesce,
        draft: Arc::new(TestDraft { number, record: record.to_owned() }),
    }
}

async fn given_endpoint(store: &dyn Store, clock: &TestClock) -> EndpointId {
    let endpoint = endpoint::an_endpoint(clock);
    store.create_endpoint(endpoint.clone()).await.unwrap();
    endpoint.id
}

/// Makes a change and stores what it becomes.
async fn send(store: &dyn Store, messages: Vec<NewMessage>) -> Vec<DueDelivery> {
    create(store, "Contact", json!({ "Name": "Ada" })).await;
    let changes = store.unmatched_changes(10).await.unwrap();
    let matched = Matched { messages, ..unheard(&changes[0]) };
    store.store_matches(vec![matched], None).await.unwrap()
}

async fn send_one(
    store: &dyn Store,
    endpoint: EndpointId,
    record: &str,
    change_type: ChangeType,
    number: u32,
) -> Option<DueDelivery> {
    send(store, vec![a_message(endpoint, record, change_type, number, true)]).await.pop()
}

async fn due(store: &dyn Store, endpoint: EndpointId, now: UnixMs) -> Vec<DueDelivery> {
    store.due_deliveries(endpoint, now, &HashSet::new(), 100).await.unwrap().due
}

fn an_attempt(clock: &TestClock, delivery: &DueDelivery, next: AfterAttempt) -> Attempt {
    let is_delivered = next == AfterAttempt::Delivered;
    Attempt {
        delivery: delivery.id,
        endpoint: delivery.endpoint,
        at: clock.now(),
        duration_ms: 20,
        status: if is_delivered { Some(204) } else { Some(500) },
        error: None,
        response_body: Bytes::from_static(b"no"),
        next,
    }
}

async fn finish(
    store: &dyn Store,
    clock: &TestClock,
    delivery: &DueDelivery,
    next: AfterAttempt,
) -> Vec<DueDelivery> {
    clock.advance(1);
    store.finish_attempts(vec![an_attempt(clock, delivery, next)]).await.unwrap()
}

async fn logged(store: &dyn Store, id: DeliveryId) -> (LoggedDelivery, Vec<LoggedAttempt>) {
    store.delivery(ACME, id).await.unwrap().unwrap()
}

async fn status(store: &dyn Store, id: DeliveryId) -> DeliveryStatus {
    logged(store, id).await.0.status
}

pub async fn a_message_is_due_at_once(store: &dyn Store, clock: &TestClock) {
    given_crm(store).await;
    let endpoint = given_endpoint(store, clock).await;
    let sent = send_one(store, endpoint, "7", ChangeType::Create, 1).await.unwrap();
    let said = Said::read(&sent.body);
    assert_eq!((said.id.as_str(), said.number), (sent.id.to_string().as_str(), 1));
    assert_eq!((sent.workspace, sent.endpoint), (ACME, endpoint));
    assert_eq!((sent.attempt_count, sent.failure_count, sent.first_attempt_at), (0, 0, None));
    let slice = store.due_deliveries(endpoint, clock.now(), &HashSet::new(), 10).await.unwrap();
    assert_eq!((&slice.due, slice.next_due_at), (&vec![sent.clone()], None));
    assert_eq!(slice.horizon, sent.id.0.row_key());
    assert_eq!(store.endpoints_due().await.unwrap(), [(ACME, endpoint, clock.now())]);
    let backlog = store.backlog().await.unwrap();
    assert_eq!((backlog.due_deliveries, backlog.oldest_due_at), (1, Some(clock.now())));

    let (line, attempts) = logged(store, sent.id).await;
    let change = store.changes(ACME, None, None, None, 1).await.unwrap().items.remove(0);
    let expected = LoggedDelivery {
        id: sent.id,
        workspace: ACME,
        endpoint,
        change: Some(change.id),
        object: "lead".to_owned(),
        record: "7".to_owned(),
        change_type: Some(ChangeType::Create),
        status: DeliveryStatus::Pending,
        due_at: Some(clock.now()),
        ended_at: None,
        attempt_count: 0,
        last_status: None,
        body: sent.body.clone(),
    };
    assert_eq!((line, attempts), (expected, vec![]));
    assert!(store.delivery(OTHER, sent.id).await.unwrap().is_none());
    let other = DeliveryId(neighbour(sent.id.0));
    assert!(store.delivery(ACME, other).await.unwrap().is_none());
}

/// A success as the log shows it.
fn a_success(number: u32, attempt: &Attempt) -> LoggedAttempt {
    LoggedAttempt {
        number,
        at: attempt.at,
        duration_ms: attempt.duration_ms,
        status: attempt.status,
        error: None,
        response_body: None,
    }
}

pub async fn a_success_ends_a_delivery(store: &dyn Store, clock: &TestClock) {
    given_crm(store).await;
    let endpoint = given_endpoint(store, clock).await;
    let sent = send_one(store, endpoint, "7", ChangeType::Create, 1).await.unwrap();
    let attempt = an_attempt(clock, &sent, AfterAttempt::Delivered);
    for _ in 0..2 {
        assert_eq!(store.finish_attempts(vec![attempt.clone()]).await.unwrap(), []);
        let (line, attempts) = logged(store, sent.id).await;
        assert_eq!((line.status, line.attempt_count), (DeliveryStatus::Delivered, 1));
        assert_eq!((line.last_status, line.due_at), (Some(204), None));
        assert_eq!(line.ended_at, Some(attempt.at + 20));
        assert_eq!(attempts, [a_success(1, &attempt)]);
    }
    assert_eq!(due(store, endpoint, FAR).await, []);
    assert_eq!(store.endpoints_due().await.unwrap(), []);
}

pub async fn a_failure_is_tried_again_at_its_time(store: &dyn Store, clock: &TestClock) {
    given_crm(store).await;
    let endpoint = given_endpoint(store, clock).await;
    let sent = send_one(store, endpoint, "7", ChangeType::Create, 1).await.unwrap();
    let first_at = clock.now();
    let again_at = first_at + 15 * SECOND;
    let failed = Attempt {
        status: None,
        error: Some("connection refused".to_owned()),
        ..an_attempt(clock, &sent, AfterAttempt::RetryAt(again_at))
    };
    // Recorded twice it counts once.
    for _ in 0..2 {
        assert_eq!(store.finish_attempts(vec![failed.clone()]).await.unwrap(), []);
    }
    let slice = store.due_deliveries(endpoint, again_at - 1, &HashSet::new(), 10).await.unwrap();
    assert_eq!((slice.due, slice.next_due_at), (vec![], Some(again_at)));
    assert_eq!(store.endpoints_due().await.unwrap(), [(ACME, endpoint, again_at)]);
    clock.advance(15 * SECOND);
    let again = due(store, endpoint, clock.now()).await.remove(0);
    let expected = DueDelivery {
        failure_count: 1,
        attempt_count: 1,
        first_attempt_at: Some(first_at),
        ..sent.clone()
    };
    assert_eq!(again, expected);

    let dead = an_attempt(clock, &sent, AfterAttempt::Dead);
    for _ in 0..2 {
        store.finish_attempts(vec![dead.clone()]).await.unwrap();
    }
    let (line, attempts) = logged(store, sent.id).await;
    assert_eq!((line.status, line.attempt_count), (DeliveryStatus::Dead, 2));
    assert_eq!(line.last_status, Some(500));
    let expected = LoggedAttempt {
        number: 1,
        at: first_at,
        duration_ms: 20,
        status: None,
        error: Some("connection refused".to_owned()),
        response_body: Some(Bytes::from_static(b"no")),
    };
    assert_eq!((attempts.len(), &attempts[0]), (2, &expected));
    assert_eq!((attempts[1].number, attempts[1].status), (2, Some(500)));
    assert_eq!(due(store, endpoint, FAR).await, []);
}

pub async fn every_attempt_stays_in_the_log(store: &dyn Store, clock: &TestClock) {
    given_crm(store).await;
    let endpoint = given_endpoint(store, clock).await;
    let sent = send_one(store, endpoint, "7", ChangeType::Create, 1).await.unwrap();
    let nexts = [
        AfterAttempt::RetryAt(0),
        AfterAttempt::Delivered,
        AfterAttempt::Delivered,
        AfterAttempt::Dead,
        AfterAttempt::Delivered,
    ];
    let mut last_end = None;
    for (index, next) in nexts.into_iter().enumerate() {
        clock.advance(SECOND);
        if last_end.is_some_and(|end| !matches!(end, AfterAttempt::RetryAt(_))) {
            let resent = store.resend(ACME, sent.id).await.unwrap();
            assert_eq!((resent.failure_count, resent.first_attempt_at), (0, None));
        }
        // From nothing to longer than any call takes.
        let duration_ms = [0, 20, 60_000, 5, u32::MAX][index];
        let attempt = Attempt { duration_ms, ..an_attempt(clock, &sent, next) };
        store.finish_attempts(vec![attempt]).await.unwrap();
        last_end = Some(next);
    }
    let (line, attempts) = logged(store, sent.id).await;
    assert_eq!((line.status, line.attempt_count), (DeliveryStatus::Delivered, 5));
    let found: Vec<_> = attempts.iter().map(|it| (it.number, it.status, it.duration_ms)).collect();
    let longest = (1 << 23) - 1 - (1 << 15);
    let expected = [
        (1, Some(500), 0),
        (2, Some(204), 20),
        (3, Some(204), 60_000),
        (4, Some(500), 5),
        (5, Some(204), longest),
    ];
    assert_eq!(found, expected);
    assert!(attempts[..4].is_sorted_by_key(|it| it.at));
}

pub async fn messages_of_one_record_wait_for_each_other(store: &dyn Store, clock: &TestClock) {
    given_crm(store).await;
    let (endpoint, other) =
        (given_endpoint(store, clock).await, given_endpoint(store, clock).await);
    let message = |endpoint, record: &str, number| {
        a_message(endpoint, record, ChangeType::Update, number, false)
    };
    let sent = send(
        store,
        vec![
            message(endpoint, "7", 1),
            message(endpoint, "7", 2),
            message(endpoint, "8", 3),
            message(other, "7", 4),
            NewMessage { object: "person".to_owned(), ..message(endpoint, "7", 5) },
            message(endpoint, "7", 6),
        ],
    )
    .await;
    let numbers = |due: &[DueDelivery]| -> Vec<u32> {
        due.iter().map(|it| Said::read(&it.body).number).collect()
    };
    assert_eq!(numbers(&sent), [1, 3, 4, 5]);
    assert_eq!(numbers(&due(store, endpoint, FAR).await), [1, 3, 5]);
    let next = finish(store, clock, &sent[0], AfterAttempt::Delivered).await;
    assert_eq!(numbers(&next), [2]);
    assert_eq!(numbers(&due(store, endpoint, FAR).await), [3, 5, 2]);
    let next = finish(store, clock, &next[0], AfterAttempt::Dead).await;
    assert_eq!(numbers(&next), [6]);
    assert_eq!(finish(store, clock, &next[0], AfterAttempt::Delivered).await, []);
}

pub async fn what_waits_is_merged(store: &dyn Store, clock: &TestClock) {
    given_crm(store).await;
    let endpoint = given_endpoint(store, clock).await;
    let head = send_one(store, endpoint, "7", ChangeType::Create, 1).await.unwrap();
    for number in 2..5 {
        assert_eq!(send_one(store, endpoint, "7", ChangeType::Update, number).await, None);
    }
    let next = finish(store, clock, &head, AfterAttempt::Delivered).await.remove(0);
    let said = Said::read(&next.body);
    assert_eq!((said.change_type, said.number), (ChangeType::Update, 4));
    assert_eq!(said.changed, ["c2", "c3", "c4"]);
    assert_eq!(said.id, next.id.to_string());
    assert_eq!(finish(store, clock, &next, AfterAttempt::Delivered).await, []);
    let all = read_all!(10, |page| store.deliveries(ACME, &DeliveryFilter::default(), page));
    assert_eq!(all.len(), 2);
}

pub async fn a_failed_head_gives_way_to_a_newer_message(store: &dyn Store, clock: &TestClock) {
    given_crm(store).await;
    let endpoint = given_endpoint(store, clock).await;
    let retry_at = clock.now() + HOUR;
    for (first, second, expected) in [
        (ChangeType::Create, ChangeType::Update, ChangeType::Create),
        (ChangeType::Update, ChangeType::Update, ChangeType::Update),
        (ChangeType::Create, ChangeType::Delete, ChangeType::Delete),
        (ChangeType::Update, ChangeType::Delete, ChangeType::Delete),
    ] {
        // What comes during the attempt, and what comes while the next is waited for.
        for is_late in [false, true] {
            let record = format!("{first:?} {second:?} {is_late}");
            let head = send_one(store, endpoint, &record, first, 1).await.unwrap();
            if is_late {
                // Failed alone it stays the head.
                finish(store, clock, &head, AfterAttempt::RetryAt(retry_at)).await;
                assert_eq!(status(store, head.id).await, DeliveryStatus::Pending);
            }
            assert_eq!(send_one(store, endpoint, &record, second, 2).await, None);
            if !is_late {
                assert_eq!(status(store, head.id).await, DeliveryStatus::Pending);
                finish(store, clock, &head, AfterAttempt::RetryAt(retry_at)).await;
            }
            let (superseded, _) = logged(store, head.id).await;
            assert_eq!(superseded.status, DeliveryStatus::Superseded);
            assert_eq!(superseded.ended_at, Some(clock.now()));
            assert_eq!(superseded.body, head.body);

            let [next] = &due(store, endpoint, FAR).await[..] else { panic!("one head") };
            let said = Said::read(&next.body);
            assert_ne!(next.id, head.id);
            assert_eq!((said.change_type, said.number), (expected, 2), "{record}");
            assert_eq!(said.changed, ["c1", "c2"]);
            assert_eq!((next.failure_count, next.attempt_count), (1, 0));
            assert_eq!(due(store, endpoint, retry_at - 1).await, [], "the wait is not cut short");
            let (line, _) = logged(store, next.id).await;
            assert_eq!((line.due_at, line.change_type), (Some(retry_at), Some(expected)));

            // Nobody has seen it, but perhaps the one before it: a delete is told.
            assert_eq!(send_one(store, endpoint, &record, ChangeType::Delete, 3).await, None);
            let [next] = &due(store, endpoint, FAR).await[..] else { panic!("one head") };
            let said = Said::read(&next.body);
            assert_eq!((next.id, next.failure_count), (line.id, 1), "it keeps its id");
            assert_eq!((said.change_type, said.number), (ChangeType::Delete, 3));

            // What took the place of another gives its own place to the next.
            finish(store, clock, next, AfterAttempt::RetryAt(retry_at)).await;
            send_one(store, endpoint, &record, ChangeType::Create, 4).await;
            let [last] = &due(store, endpoint, FAR).await[..] else { panic!("one head") };
            assert_eq!(Said::read(&last.body).changed, ["c1", "c2", "c3", "c4"]);
            assert_eq!((last.failure_count, last.attempt_count), (2, 0));
            assert_eq!(status(store, next.id).await, DeliveryStatus::Superseded);
            finish(store, clock, last, AfterAttempt::Delivered).await;
        }
    }
}

/// A head that is due may be on its way.
pub async fn a_failed_head_that_is_due_gives_way_to_nobody(store: &dyn Store, clock: &TestClock) {
    given_crm(store).await;
    let endpoint = given_endpoint(store, clock).await;
    let (waited, resent) = (
        send_one(store, endpoint, "7", ChangeType::Update, 1).await.unwrap(),
        send_one(store, endpoint, "8", ChangeType::Update, 1).await.unwrap(),
    );
    let retry_at = clock.now() + HOUR;
    for head in [&waited, &resent] {
        finish(store, clock, head, AfterAttempt::RetryAt(retry_at)).await;
    }
    store.resend(ACME, resent.id).await.unwrap();
    send_one(store, endpoint, "8", ChangeType::Update, 2).await;
    clock.advance(HOUR);
    send_one(store, endpoint, "7", ChangeType::Update, 2).await;
    for head in [&waited, &resent] {
        assert_eq!(status(store, head.id).await, DeliveryStatus::Pending);
        let next = finish(store, clock, head, AfterAttempt::Delivered).await.remove(0);
        assert_eq!(Said::read(&next.body).changed, ["c2"]);
    }
}

/// Takes its time, on a busy disk as it were.
struct SlowDraft {
    begun: Arc<Notify>,
}

impl Draft for SlowDraft {
    fn body(&self, id: DeliveryId, change_type: ChangeType, changed: &[String]) -> Vec<u8> {
        self.begun.notify_one();
        std::thread::sleep(Duration::from_millis(100));
        TestDraft { number: 2, record: "7".to_owned() }.body(id, change_type, changed)
    }
}

/// Also where it becomes due while the newer message is being written.
pub async fn what_is_handed_out_has_not_given_way(store: &dyn Store, clock: &TestClock) {
    given_crm(store).await;
    let endpoint = given_endpoint(store, clock).await;
    let head = send_one(store, endpoint, "7", ChangeType::Update, 1).await.unwrap();
    finish(store, clock, &head, AfterAttempt::RetryAt(clock.now() + HOUR)).await;
    let begun = Arc::new(Notify::new());
    let message = NewMessage {
        draft: Arc::new(SlowDraft { begun: begun.clone() }),
        ..a_message(endpoint, "7", ChangeType::Update, 2, true)
    };
    let reading = async {
        begun.notified().await;
        clock.advance(HOUR);
        due(store, endpoint, clock.now()).await
    };
    let (_, handed_out) = tokio::join!(send(store, vec![message]), reading);
    let [handed_out] = &handed_out[..] else { panic!("one head") };
    assert_eq!(Said::read(&handed_out.body).number, 2);
    assert_eq!(status(store, handed_out.id).await, DeliveryStatus::Pending);
}

pub async fn without_coalescing_nothing_is_merged(store: &dyn Store, clock: &TestClock) {
    given_crm(store).await;
    let endpoint = given_endpoint(store, clock).await;
    let place = async |number, coalesce| {
        let message = a_message(endpoint, "7", ChangeType::Update, number, coalesce);
        send(store, vec![message]).await
    };
    // Turned off, and on again while something waits.
    let mut head = place(1, false).await;
    for (number, coalesce) in [(2, false), (3, true), (4, true), (5, false), (6, true), (7, true)] {
        place(number, coalesce).await;
    }
    let retry_at = clock.now();
    finish(store, clock, &head[0], AfterAttempt::RetryAt(retry_at)).await;
    assert_eq!(status(store, head[0].id).await, DeliveryStatus::Pending);
    let mut said = Vec::new();
    while let Some(delivery) = head.pop() {
        said.push(Said::read(&delivery.body).number);
        head = finish(store, clock, &delivery, AfterAttempt::Delivered).await;
    }
    assert_eq!(said, [1, 2, 4, 5, 7]);
}

pub async fn a_message_alone_stands_in_no_line(store: &dyn Store, clock: &TestClock) {
    let endpoint = given_endpoint(store, clock).await;
    let draft = || Arc::new(TestDraft { number: 1, record: String::new() });
    let first = store.store_message(ACME, endpoint, "notice", draft()).await.unwrap();
    let second = store.store_message(ACME, endpoint, "notice", draft()).await.unwrap();
    assert_eq!(due(store, endpoint, FAR).await, [first.clone(), second.clone()]);
    let (line, _) = logged(store, first.id).await;
    assert_eq!((line.change, line.change_type), (None, None));
    assert_eq!((line.object.as_str(), line.record.as_str()), ("notice", ""));
    finish(store, clock, &first, AfterAttempt::RetryAt(0)).await;
    assert_eq!(due(store, endpoint, FAR).await.len(), 2);
    assert_eq!(finish(store, clock, &first, AfterAttempt::Delivered).await, []);
    assert_eq!(due(store, endpoint, FAR).await, [second]);
}

pub async fn what_ended_can_be_resent(store: &dyn Store, clock: &TestClock) {
    given_crm(store).await;
    let endpoint = given_endpoint(store, clock).await;
    for end in [AfterAttempt::Delivered, AfterAttempt::Dead] {
        let sent = send_one(store, endpoint, "7", ChangeType::Update, 1).await.unwrap();
        let first_at = clock.now() + 1;
        finish(store, clock, &sent, end).await;
        clock.advance(HOUR);
        let again = store.resend(ACME, sent.id).await.unwrap();
        assert_eq!(again, DueDelivery { attempt_count: 1, ..sent.clone() });
        assert_eq!(status(store, sent.id).await, DeliveryStatus::Pending);
        assert_eq!(due(store, endpoint, clock.now()).await, std::slice::from_ref(&again));

        // It is out of line: what comes meanwhile does not wait for it.
        let other = send_one(store, endpoint, "7", ChangeType::Update, 2).await.unwrap();
        finish(store, clock, &again, AfterAttempt::RetryAt(0)).await;
        let [retried, _] = &due(store, endpoint, FAR).await[..] else { panic!("both") };
        assert_eq!(retried.failure_count, 1);
        let is_first = end == AfterAttempt::Delivered;
        let first_failed_at = if is_first { clock.now() } else { first_at };
        assert_eq!(retried.first_attempt_at, Some(first_failed_at));
        assert_eq!(finish(store, clock, retried, AfterAttempt::Delivered).await, []);
        finish(store, clock, &other, AfterAttempt::Delivered).await;
        let (line, _) = logged(store, sent.id).await;
        assert_eq!((line.status, line.attempt_count), (DeliveryStatus::Delivered, 3));
    }
    let unknown = DeliveryId(clock.mint());
    let missing = store.resend(ACME, unknown).await;
    assert!(matches!(missing, Err(StoreError::NotFound { .. })));
}

pub async fn resending_what_is_pending_cuts_the_wait_short(store: &dyn Store, clock: &TestClock) {
    given_crm(store).await;
    let endpoint = given_endpoint(store, clock).await;
    let head = send_one(store, endpoint, "7", ChangeType::Update, 1).await.unwrap();
    let first_at = clock.now() + 1;
    finish(store, clock, &head, AfterAttempt::RetryAt(FAR - 1)).await;
    send(store, vec![a_message(endpoint, "7", ChangeType::Update, 2, false)]).await;
    let all = read_all!(10, |page| store.deliveries(ACME, &DeliveryFilter::default(), page));
    let waiting = all[0].id;
    assert_ne!(waiting, head.id);
    assert_eq!(due(store, endpoint, clock.now()).await, []);
    // The one that waits must not overtake: its head becomes due.
    let expected = DueDelivery {
        failure_count: 1,
        attempt_count: 1,
        first_attempt_at: Some(first_at),
        ..head.clone()
    };
    assert_eq!(store.resend(ACME, waiting).await.unwrap(), expected);
    assert_eq!(due(store, endpoint, clock.now()).await, std::slice::from_ref(&expected));
    assert_eq!(store.resend(ACME, head.id).await.unwrap(), expected);
    let theirs = store.resend(OTHER, head.id).await;
    assert!(matches!(theirs, Err(StoreError::NotFound { .. })));
}

/// Recovers all slices; answers how many were looked at and which went out.
async fn recover(
    store: &dyn Store,
    endpoint: EndpointId,
    range: RecoverRange,
    latest_for: Option<&str>,
) -> (usize, Vec<u32>) {
    let before: HashSet<_> = due(store, endpoint, FAR).await.iter().map(|it| it.id).collect();
    let mut slice = RecoverSlice {
        range,
        before: i64::MAX,
        limit: 2,
        latest_for: latest_for.map(str::to_owned),
    };
    let (mut looked_at, mut resent) = (0, 0);
    loop {
        let recovered = store.recover_slice(endpoint, slice.clone()).await.unwrap();
        looked_at += recovered.looked_at;
        resent += recovered.resent;
        let Some(next) = recovered.next else { break };
        slice.before = next;
    }
    let out = due(store, endpoint, FAR).await;
    let mut numbers: Vec<u32> = out
        .iter()
        .filter(|it| !before.contains(&it.id))
        .map(|it| Said::read(&it.body).number)
        .collect();
    numbers.sort();
    assert_eq!(numbers.len(), resent);
    for delivery in out.iter().filter(|it| !before.contains(&it.id)) {
        let ends = store.finish_attempts(vec![Attempt {
            delivery: delivery.id,
            endpoint,
            at: delivery.id.0.millis(),
            duration_ms: 0,
            status: Some(200),
            error: None,
            response_body: Bytes::new(),
            next: AfterAttempt::Delivered,
        }]);
        ends.await.unwrap();
    }
    (looked_at, numbers)
}

pub async fn a_range_is_recovered(store: &dyn Store, clock: &TestClock) {
    given_crm(store).await;
    let endpoint = given_endpoint(store, clock).await;
    let start = clock.now();
    // Record, end; in the order of their numbers from 1.
    let (dead, done) = (AfterAttempt::Dead, AfterAttempt::Delivered);
    let ends = [("a", dead), ("a", done), ("b", dead), ("b", dead), ("c", done), ("c", dead)];
    for (number, (record, end)) in (1..).zip(ends) {
        clock.advance(SECOND);
        let sent = send_one(store, endpoint, record, ChangeType::Update, number).await.unwrap();
        finish(store, clock, &sent, end).await;
    }
    clock.advance(SECOND);
    let all = RecoverRange { since: start, until: clock.now(), only_dead: false };
    let only_dead = RecoverRange { only_dead: true, ..all };
    assert_eq!(store.count_recoverable(endpoint, all).await.unwrap(), 6);
    assert_eq!(store.count_recoverable(endpoint, only_dead).await.unwrap(), 4);
    let part = RecoverRange { since: start + 2 * SECOND, until: start + 4 * SECOND, ..all };
    assert_eq!(recover(store, endpoint, part, None).await, (2, vec![2, 3]));

    // The second is delivered: the first, though dead, is not the latest of its record.
    assert_eq!(recover(store, endpoint, only_dead, Some("1")).await, (3, vec![4, 6]));
    assert_eq!(recover(store, endpoint, all, Some("2")).await, (6, vec![2, 4, 6]));
    assert_eq!(recover(store, endpoint, only_dead, None).await, (1, vec![1]));
    assert_eq!(recover(store, endpoint, all, None).await, (6, (1..7).collect()));
    assert_eq!(recover(store, given_endpoint(store, clock).await, all, None).await, (0, vec![]));
}

pub async fn recovering_the_latest_leaves_alone_what_is_on_its_way(
    store: &dyn Store,
    clock: &TestClock,
) {
    given_crm(store).await;
    let endpoint = given_endpoint(store, clock).await;
    let range = RecoverRange { since: 0, until: FAR, only_dead: false };
    let first = send_one(store, endpoint, "7", ChangeType::Update, 1).await.unwrap();
    finish(store, clock, &first, AfterAttempt::Dead).await;
    send_one(store, endpoint, "7", ChangeType::Update, 2).await.unwrap();
    assert_eq!(recover(store, endpoint, range, Some("3")).await, (1, vec![]));
    assert_eq!(recover(store, endpoint, range, None).await, (1, vec![1]));
}

/// Also of a record whose latest message was sent again by hand just now.
pub async fn recovering_the_latest_may_be_interrupted(store: &dyn Store, clock: &TestClock) {
    given_crm(store).await;
    let endpoint = given_endpoint(store, clock).await;
    let mut sent = Vec::new();
    for (number, record) in (1..).zip(["a", "b", "c", "a", "b", "c"]) {
        let delivery = send_one(store, endpoint, record, ChangeType::Update, number).await.unwrap();
        finish(store, clock, &delivery, AfterAttempt::Dead).await;
        sent.push(delivery);
    }
    store.resend(ACME, sent[4].id).await.unwrap();
    let range = RecoverRange { since: 0, until: FAR, only_dead: false };
    let slice = async |before| {
        let latest_for = Some("run".to_owned());
        let slice = RecoverSlice { range, before, limit: 4, latest_for };
        store.recover_slice(endpoint, slice).await.unwrap()
    };
    let first = slice(i64::MAX).await;
    assert_eq!((first.looked_at, first.resent), (3, 2));
    // The process dies before it notes how far the run is, and does the slice again.
    let again = slice(i64::MAX).await;
    assert_eq!((again.resent, again.next), (0, first.next));
    let rest = slice(first.next.unwrap()).await;
    assert_eq!((rest.looked_at, rest.resent, rest.next), (2, 0, None));
    let mut out: Vec<u32> =
        due(store, endpoint, FAR).await.iter().map(|it| Said::read(&it.body).number).collect();
    out.sort();
    assert_eq!(out, [4, 5, 6]);
}

pub async fn what_an_endpoint_cannot_take_is_held(store: &dyn Store, clock: &TestClock) {
    given_crm(store).await;
    let endpoint = given_endpoint(store, clock).await;
    let head = send_one(store, endpoint, "7", ChangeType::Update, 1).await.unwrap();
    send_one(store, endpoint, "7", ChangeType::Update, 2).await;
    let listed = async |status| {
        let filter = DeliveryFilter { status: Some(status), ..DeliveryFilter::default() };
        read_all!(10, |page| store.deliveries(ACME, &filter, page)).len()
    };
    for (endpoint_status, expected) in [
        (EndpointStatus::Paused, DeliveryStatus::Held),
        (EndpointStatus::Disabled, DeliveryStatus::Held),
        (EndpointStatus::Active, DeliveryStatus::Pending),
    ] {
        store.set_endpoint_status(ACME, endpoint, endpoint_status, None).await.unwrap();
        let (line, _) = logged(store, head.id).await;
        assert_eq!(line.status, expected);
        assert_eq!(line.due_at.is_some(), expected == DeliveryStatus::Pending);
        assert_eq!(listed(expected).await, 2);
        assert_eq!(listed(DeliveryStatus::Pending).await + listed(DeliveryStatus::Held).await, 2);
        // They are handed out as before: whether to send is decided by who asks.
        assert_eq!(due(store, endpoint, FAR).await.len(), 1);
    }
}

pub async fn a_deleted_endpoint_ends_what_waits_for_it(store: &dyn Store, clock: &TestClock) {
    given_crm(store).await;
    let endpoint = given_endpoint(store, clock).await;
    let head = send_one(store, endpoint, "7", ChangeType::Update, 1).await.unwrap();
    send_one(store, endpoint, "7", ChangeType::Update, 2).await;
    let kept = given_endpoint(store, clock).await;
    send_one(store, kept, "7", ChangeType::Update, 3).await.unwrap();
    store.delete_endpoint(ACME, endpoint).await.unwrap();
    assert_eq!(due(store, endpoint, FAR).await, []);
    let due_to: Vec<_> = store.endpoints_due().await.unwrap().into_iter().map(|it| it.1).collect();
    assert_eq!(due_to, [kept]);
    let all = read_all!(10, |page| store.deliveries(ACME, &DeliveryFilter::default(), page));
    let statuses: Vec<_> = all.iter().map(|line| line.status).collect();
    let (pending, dead) = (DeliveryStatus::Pending, DeliveryStatus::Dead);
    assert_eq!(statuses, [pending, dead, dead]);
    assert_eq!(finish(store, clock, &head, AfterAttempt::Delivered).await, []);
    let resent = store.resend(ACME, head.id).await;
    assert!(matches!(resent, Err(StoreError::NotFound { .. })));
}

pub async fn the_log_is_filtered_and_paged(store: &dyn Store, clock: &TestClock) {
    given_crm(store).await;
    let endpoints = [given_endpoint(store, clock).await, given_endpoint(store, clock).await];
    let theirs = Endpoint { workspace: OTHER, ..endpoint::an_endpoint(clock) };
    store.create_endpoint(theirs.clone()).await.unwrap();
    let mut ids = Vec::new();
    for number in 0..12 {
        clock.advance(SECOND);
        let endpoint = endpoints[number as usize % 2];
        let record = number.to_string();
        let sent = send_one(store, endpoint, &record, ChangeType::Update, number).await.unwrap();
        match number {
            0..4 => drop(finish(store, clock, &sent, AfterAttempt::Delivered).await),
            4..8 => drop(finish(store, clock, &sent, AfterAttempt::Dead).await),
            _ => {}
        }
        let draft = Arc::new(TestDraft { number, record });
        store.store_message(OTHER, theirs.id, "notice", draft).await.unwrap();
        ids.push(sent.id);
    }
    let at = |number: usize| Some(ids[number].0.millis());
    let every = DeliveryFilter::default;
    let status = |status| DeliveryFilter { status: Some(status), ..every() };
    for (filter, expected) in [
        (every(), (0..12).collect::<Vec<_>>()),
        (status(DeliveryStatus::Delivered), vec![0, 1, 2, 3]),
        (status(DeliveryStatus::Dead), vec![4, 5, 6, 7]),
        (status(DeliveryStatus::Pending), vec![8, 9, 10, 11]),
        (status(DeliveryStatus::Held), vec![]),
        (DeliveryFilter { endpoint: Some(endpoints[1]), ..every() }, vec![1, 3, 5, 7, 9, 11]),
        (
            DeliveryFilter { endpoint: Some(endpoints[0]), ..status(DeliveryStatus::Dead) },
            vec![4, 6],
        ),
        (DeliveryFilter { since: at(3), until: at(6), ..every() }, vec![3, 4, 5]),
        (DeliveryFilter { endpoint: Some(theirs.id), ..every() }, vec![]),
        (
            DeliveryFilter { endpoint: Some(EndpointId(neighbour(endpoints[0].0))), ..every() },
            vec![],
        ),
    ] {
        for limit in [1, 3, 100] {
            let listed = read_all!(limit, |page| store.deliveries(ACME, &filter, page));
            let found: Vec<_> = listed.iter().map(|line| line.id).collect();
            let expected: Vec<_> = expected.iter().rev().map(|index| ids[*index]).collect();
            assert_eq!(found, expected, "{filter:?}, {limit} at a time");
        }
    }
}

pub async fn due_deliveries_come_longest_overdue_first(store: &dyn Store, clock: &TestClock) {
    given_crm(store).await;
    let endpoint = given_endpoint(store, clock).await;
    let start = clock.now();
    for number in 0..5 {
        let record = number.to_string();
        let sent = send_one(store, endpoint, &record, ChangeType::Update, number).await.unwrap();
        let at = start + HOUR - SECOND * i64::from(number);
        finish(store, clock, &sent, AfterAttempt::RetryAt(at)).await;
    }
    let at = start + HOUR - 2 * SECOND;
    let read = async |held: &[DeliveryId]| {
        let held = held.iter().copied().collect();
        let slice = store.due_deliveries(endpoint, at, &held, 2).await.unwrap();
        assert_eq!(slice.next_due_at, Some(start + HOUR - SECOND));
        slice.due
    };
    let numbers = |due: &[DueDelivery]| -> Vec<u32> {
        due.iter().map(|it| Said::read(&it.body).number).collect()
    };
    let first = read(&[]).await;
    assert_eq!(numbers(&first), [4, 3]);
    assert_eq!(numbers(&read(&[first[0].id]).await), [3, 2]);
    assert_eq!(numbers(&read(&[first[0].id, first[1].id]).await), [2]);
}

/// What happens at the endpoints of a case.
#[derive(Debug, Clone)]
enum Step {
    /// A change of one record, told to some endpoints.
    Change { record: usize, is_delete: bool, endpoints: Vec<usize> },
    /// A due delivery is sent, by its place among those that are due.
    Attempt { pick: usize, next: AfterAttempt },
    /// An endpoint turns coalescing on or off.
    Turn { endpoint: usize },
    /// What waits for its next attempt becomes due.
    Wait,
}

const ENDPOINTS: usize = 2;
const RECORDS: usize = 3;

fn arb_steps() -> impl Strategy<Value = (bool, Vec<Step>)> {
    let next = select(vec![
        AfterAttempt::Delivered,
        AfterAttempt::RetryAt(0),
        // From the time of the attempt on.
        AfterAttempt::RetryAt(HOUR),
        AfterAttempt::Dead,
    ]);
    let step = prop_oneof![
        6 => (0..RECORDS, prop::bool::weighted(0.2), prop::collection::vec(0..ENDPOINTS, 1..3))
            .prop_map(|(record, is_delete, mut endpoints)| {
                endpoints.dedup();
                Step::Change { record, is_delete, endpoints }
            }),
        5 => (0_usize..100, next).prop_map(|(pick, next)| Step::Attempt { pick, next }),
        1 => (0..ENDPOINTS).prop_map(|endpoint| Step::Turn { endpoint }),
        1 => Just(Step::Wait),
    ];
    (any::<bool>(), prop::collection::vec(step, 0..25))
}

/// What was told to one endpoint about one record, and what arrived.
#[derive(Debug, Default)]
struct Line {
    /// Number and type of each change, in order, and whether it may be merged.
    told: Vec<(u32, ChangeType, bool)>,
    /// What each attempt carried, and how it ended.
    attempts: Vec<(Said, AfterAttempt)>,
}

struct Play<'a> {
    store: &'a dyn Store,
    clock: &'a TestClock,
    endpoints: Vec<EndpointId>,
    coalesce: Vec<bool>,
    is_there: Vec<bool>,
    number: u32,
    lines: HashMap<(usize, String), Line>,
    bodies: HashMap<DeliveryId, Bytes>,
}

impl Play<'_> {
    async fn step(&mut self, step: Step) -> TestCaseResult {
        match step {
            Step::Wait => self.clock.advance(HOUR),
            Step::Turn { endpoint } => self.coalesce[endpoint] = !self.coalesce[endpoint],
            Step::Change { record, is_delete, endpoints } => {
                self.change(record, is_delete, &endpoints).await?;
            }
            Step::Attempt { pick, next } => {
                let due = self.due().await?;
                if !due.is_empty() {
                    let (endpoint, delivery) = &due[pick % due.len()];
                    self.attempt(*endpoint, delivery, next).await?;
                }
            }
        }
        Ok(())
    }

    async fn change(&mut self, record: usize, is_delete: bool, to: &[usize]) -> TestCaseResult {
        let change_type = match (self.is_there[record], is_delete) {
            (false, true) => return Ok(()),
            (true, true) => ChangeType::Delete,
            (true, false) => ChangeType::Update,
            (false, false) => ChangeType::Create,
        };
        self.is_there[record] = !is_delete;
        self.number += 1;
        let name = format!("{record}");
        let mut messages = Vec::new();
        for endpoint in to {
            let coalesce = self.coalesce[*endpoint];
            let id = self.endpoints[*endpoint];
            messages.push(a_message(id, &name, change_type, self.number, coalesce));
            let line = self.lines.entry((*endpoint, name.clone())).or_default();
            line.told.push((self.number, change_type, coalesce));
        }
        for due in send(self.store, messages).await {
            self.see(&due)?;
        }
        Ok(())
    }

    /// A message that was due once has one body for ever.
    fn see(&mut self, due: &DueDelivery) -> TestCaseResult {
        let body = self.bodies.entry(due.id).or_insert_with(|| due.body.clone());
        prop_assert_eq!(&*body, &due.body);
        prop_assert_eq!(Said::read(&due.body).id, due.id.to_string());
        Ok(())
    }

    async fn due(&mut self) -> Result<Vec<(usize, DueDelivery)>, TestCaseError> {
        let mut all = Vec::new();
        for endpoint in 0..ENDPOINTS {
            let due = due(self.store, self.endpoints[endpoint], self.clock.now()).await;
            let records: HashSet<_> = due.iter().map(|it| Said::read(&it.body).record).collect();
            prop_assert_eq!(records.len(), due.len(), "one head a line");
            for delivery in due {
                self.see(&delivery)?;
                all.push((endpoint, delivery));
            }
        }
        Ok(all)
    }

    async fn attempt(
        &mut self,
        endpoint: usize,
        delivery: &DueDelivery,
        next: AfterAttempt,
    ) -> TestCaseResult {
        let next = match next {
            AfterAttempt::RetryAt(wait) => AfterAttempt::RetryAt(self.clock.now() + wait),
            ended => ended,
        };
        let said = Said::read(&delivery.body);
        let line = self.lines.get_mut(&(endpoint, said.record.clone())).expect("it was told");
        let mut in_row = 0;
        for (_, end) in line.attempts.iter().rev() {
            match end {
                AfterAttempt::RetryAt(_) => in_row += 1,
                AfterAttempt::Delivered | AfterAttempt::Dead => break,
            }
        }
        prop_assert_eq!(delivery.failure_count, in_row, "back-off belongs to the line");
        line.attempts.push((said, next));
        for due in finish(self.store, self.clock, delivery, next).await {
            self.see(&due)?;
        }
        Ok(())
    }

    /// Delivers what is left and looks at what each endpoint heard.
    async fn settle(mut self) -> TestCaseResult {
        loop {
            self.clock.advance(HOUR);
            let due = self.due().await?;
            let Some((endpoint, delivery)) = due.first() else { break };
            self.attempt(*endpoint, delivery, AfterAttempt::Delivered).await?;
        }
        for line in self.lines.values() {
            line.check()?;
        }
        Ok(())
    }
}

impl Line {
    fn check(&self) -> TestCaseResult {
        let (last, last_type, _) = self.told.last().expect("a line begins with a message");
        let (said, _) = self.attempts.last().expect("what was told is sent");
        prop_assert_eq!(said.number, *last, "the last state comes last");
        prop_assert_eq!(said.change_type == ChangeType::Delete, *last_type == ChangeType::Delete);

        let numbers: Vec<u32> = self.attempts.iter().map(|(said, _)| said.number).collect();
        prop_assert!(numbers.is_sorted(), "{numbers:?} are out of order");
        for (number, _, coalesce) in &self.told {
            let column = format!("c{number}");
            let said = self.attempts.iter().filter(|(said, _)| said.changed.contains(&column));
            let ends: Vec<AfterAttempt> = said.map(|(_, next)| *next).collect();
            // Given up is the only way in which a change is not heard of.
            let is_settled = ends.iter().any(|end| !matches!(end, AfterAttempt::RetryAt(_)));
            prop_assert!(is_settled, "change {number} of {self:?} was lost");
            if !coalesce {
                prop_assert!(numbers.contains(number), "change {number} of {self:?} was merged");
            }
        }
        Ok(())
    }
}

pub async fn lines_keep_order_and_lose_nothing(store: &dyn Store, clock: &TestClock) {
    given_crm(store).await;
    for_all(200, arb_steps(), async |(coalesce, steps)| {
        let mut endpoints = Vec::new();
        for _ in 0..ENDPOINTS {
            endpoints.push(given_endpoint(store, clock).await);
        }
        let mut play = Play {
            store,
            clock,
            endpoints,
            coalesce: vec![coalesce; ENDPOINTS],
            is_there: vec![false; RECORDS],
            number: 0,
            lines: HashMap::new(),
            bodies: HashMap::new(),
        };
        for step in steps {
            play.step(step).await?;
        }
        play.settle().await
    })
    .await;
}
