use std::collections::HashSet;
use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::json;
use turnbuckle_core::change::ChangeType;
use turnbuckle_core::coalesce::Changed;
use turnbuckle_core::id::{DeliveryId, EndpointId, UnixMs};
use turnbuckle_store::clock::Clock;
use turnbuckle_store::delivery::{
    AfterAttempt, Attempt, DeliveryFilter, DeliveryStatus, Draft, DueDelivery, LoggedAttempt,
    LoggedDelivery, Matched, NewMessage,
};
use turnbuckle_store::endpoint::{Endpoint, EndpointStatus};
use turnbuckle_store::{Store, StoreError};

use super::change::unheard;
use super::crm::{create, given_crm};
use super::{ACME, HOUR, OTHER, SECOND, TestClock, endpoint, neighbour, read_all};

/// Later than everything that a story makes due.
pub const FAR: UnixMs = i64::MAX;

/// What a message says: enough to see what became of its changes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Said {
    pub id: String,
    pub change_type: ChangeType,
    /// Number of the newest change in it.
    pub number: u32,
    pub record: String,
    pub changed: Vec<String>,
}

impl Said {
    pub fn read(body: &Bytes) -> Self {
        serde_json::from_slice(body).expect("the body that the draft made")
    }
}

pub struct TestDraft {
    pub number: u32,
    pub record: String,
}

impl Draft for TestDraft {
    fn body(&self, id: DeliveryId, change_type: ChangeType, changed: &Changed) -> Vec<u8> {
        let said = Said {
            id: id.to_string(),
            change_type,
            number: self.number,
            record: self.record.clone(),
            changed: changed.keys().cloned().collect(),
        };
        serde_json::to_vec(&said).expect("it serializes")
    }
}

pub fn a_message(
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
        changed: [(format!("c{number}"), json!(number))].into_iter().collect(),
        coalesce,
        draft: Arc::new(TestDraft { number, record: record.to_owned() }),
    }
}

pub async fn given_endpoint(store: &dyn Store, clock: &TestClock) -> EndpointId {
    let endpoint = endpoint::an_endpoint(clock);
    store.create_endpoint(endpoint.clone()).await.unwrap();
    endpoint.id
}

/// Makes a change and stores what it becomes.
pub async fn send(store: &dyn Store, messages: Vec<NewMessage>) -> Vec<DueDelivery> {
    create(store, "Contact", json!({ "Name": "Ada" })).await;
    let changes = store.unmatched_changes(10).await.unwrap();
    let matched = Matched { messages, ..unheard(&changes[0]) };
    store.store_matches(vec![matched], None).await.unwrap()
}

pub async fn send_one(
    store: &dyn Store,
    endpoint: EndpointId,
    record: &str,
    change_type: ChangeType,
    number: u32,
) -> Option<DueDelivery> {
    send(store, vec![a_message(endpoint, record, change_type, number, true)]).await.pop()
}

pub async fn due(store: &dyn Store, endpoint: EndpointId, now: UnixMs) -> Vec<DueDelivery> {
    store.due_deliveries(ACME, endpoint, now, &HashSet::new(), 100).await.unwrap().due
}

pub fn an_attempt(clock: &TestClock, delivery: &DueDelivery, next: AfterAttempt) -> Attempt {
    let is_delivered = next == AfterAttempt::Delivered;
    Attempt {
        delivery: delivery.id,
        workspace: delivery.workspace,
        endpoint: delivery.endpoint,
        at: clock.now(),
        duration_ms: 20,
        status: if is_delivered { Some(204) } else { Some(500) },
        error: None,
        response_body: Bytes::from_static(b"no"),
        next,
    }
}

pub async fn finish(
    store: &dyn Store,
    clock: &TestClock,
    delivery: &DueDelivery,
    next: AfterAttempt,
) -> Vec<DueDelivery> {
    clock.advance(1);
    store.finish_attempts(vec![an_attempt(clock, delivery, next)]).await.unwrap()
}

pub async fn logged(store: &dyn Store, id: DeliveryId) -> (LoggedDelivery, Vec<LoggedAttempt>) {
    store.delivery(ACME, id).await.unwrap().unwrap()
}

pub async fn status(store: &dyn Store, id: DeliveryId) -> DeliveryStatus {
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
    let slice =
        store.due_deliveries(ACME, endpoint, clock.now(), &HashSet::new(), 10).await.unwrap();
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
    let slice =
        store.due_deliveries(ACME, endpoint, again_at - 1, &HashSet::new(), 10).await.unwrap();
    assert_eq!((slice.due, slice.next_due_at), (vec![], Some(again_at)));
    assert_eq!(store.endpoints_due().await.unwrap(), [(ACME, endpoint, again_at)]);
    let due_now = async || {
        let backlog = store.backlog().await.unwrap();
        (backlog.due_deliveries, backlog.oldest_due_at)
    };
    assert_eq!(due_now().await, (0, None));
    clock.advance(15 * SECOND);
    assert_eq!(due_now().await, (1, Some(again_at)));
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
        let is_due = u64::from(expected == DeliveryStatus::Pending);
        assert_eq!(store.backlog().await.unwrap().due_deliveries, is_due);
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
    store.delete_endpoint(ACME, endpoint, None).await.unwrap();
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
        let slice = store.due_deliveries(ACME, endpoint, at, &held, 2).await.unwrap();
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
