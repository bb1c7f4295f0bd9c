//! What waits behind a head: in order, or merged.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use turnbuckle_core::change::ChangeType;
use turnbuckle_core::coalesce::Changed;
use turnbuckle_core::id::DeliveryId;
use turnbuckle_store::Store;
use turnbuckle_store::clock::Clock;
use turnbuckle_store::delivery::{
    AfterAttempt, DeliveryFilter, DeliveryStatus, Draft, DueDelivery, NewMessage,
};

use super::crm::given_crm;
use super::delivery::{
    FAR, Said, TestDraft, a_message, due, finish, given_endpoint, logged, send, send_one, status,
};
use super::{ACME, HOUR, TestClock, read_all};

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
    fn body(&self, id: DeliveryId, change_type: ChangeType, changed: &Changed) -> Vec<u8> {
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
