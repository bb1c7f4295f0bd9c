//! What ended goes out again: one delivery, or a range.

use std::collections::HashSet;

use bytes::Bytes;
use turnbuckle_core::change::ChangeType;
use turnbuckle_core::id::{DeliveryId, EndpointId};
use turnbuckle_store::clock::Clock;
use turnbuckle_store::delivery::{
    AfterAttempt, Attempt, DeliveryFilter, DeliveryStatus, DueDelivery, RecoverRange, RecoverSlice,
};
use turnbuckle_store::{Store, StoreError};

use super::crm::given_crm;
use super::delivery::{
    FAR, Said, a_message, due, finish, given_endpoint, logged, send, send_one, status,
};
use super::{ACME, HOUR, OTHER, SECOND, TestClock, read_all};

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
        let recovered = store.recover_slice(ACME, endpoint, slice.clone()).await.unwrap();
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
            workspace: delivery.workspace,
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
    assert_eq!(store.count_recoverable(ACME, endpoint, all).await.unwrap(), 6);
    assert_eq!(store.count_recoverable(ACME, endpoint, only_dead).await.unwrap(), 4);
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
        store.recover_slice(ACME, endpoint, slice).await.unwrap()
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
