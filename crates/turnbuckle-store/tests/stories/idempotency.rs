use turnbuckle_store::clock::Clock;
use turnbuckle_store::idempotency::{Claim, IDEMPOTENCY_MS, IdempotencyStore};

use super::{ACME, MINUTE, OTHER, TestClock};

const ORDER: [u8; 32] = [1; 32];
const INVOICE: [u8; 32] = [2; 32];

async fn claim(store: &dyn IdempotencyStore, clock: &TestClock, fingerprint: [u8; 32]) -> Claim {
    store.claim(ACME, "key", &fingerprint, clock.now()).await.unwrap()
}

pub async fn the_first_claims_and_repeats_get_its_answer(
    store: &dyn IdempotencyStore,
    clock: &TestClock,
) {
    assert_eq!(claim(store, clock, ORDER).await, Claim::First);
    assert_eq!(claim(store, clock, ORDER).await, Claim::InProgress);
    store.keep_answer(ACME, "key", b"201".to_vec()).await.unwrap();
    assert_eq!(claim(store, clock, ORDER).await, Claim::Answered(b"201".to_vec()));

    let theirs = store.claim(OTHER, "key", &ORDER, clock.now()).await.unwrap();
    assert_eq!(theirs, Claim::First);
}

pub async fn a_key_means_one_request(store: &dyn IdempotencyStore, clock: &TestClock) {
    claim(store, clock, ORDER).await;
    assert_eq!(claim(store, clock, INVOICE).await, Claim::Mismatch);
    store.keep_answer(ACME, "key", b"201".to_vec()).await.unwrap();
    assert_eq!(claim(store, clock, INVOICE).await, Claim::Mismatch);
}

pub async fn a_released_claim_can_be_claimed_again(
    store: &dyn IdempotencyStore,
    clock: &TestClock,
) {
    claim(store, clock, ORDER).await;
    store.release(OTHER, "key").await.unwrap();
    assert_eq!(claim(store, clock, ORDER).await, Claim::InProgress);
    store.release(ACME, "key").await.unwrap();
    assert_eq!(claim(store, clock, INVOICE).await, Claim::First);
}

pub async fn an_answer_is_final(store: &dyn IdempotencyStore, clock: &TestClock) {
    claim(store, clock, ORDER).await;
    store.keep_answer(ACME, "key", b"201".to_vec()).await.unwrap();
    store.keep_answer(ACME, "key", b"500".to_vec()).await.unwrap();
    store.release(ACME, "key").await.unwrap();
    assert_eq!(claim(store, clock, ORDER).await, Claim::Answered(b"201".to_vec()));
}

pub async fn a_dead_claim_is_taken_over(store: &dyn IdempotencyStore, clock: &TestClock) {
    claim(store, clock, ORDER).await;
    clock.advance(10 * MINUTE);
    assert_eq!(claim(store, clock, ORDER).await, Claim::InProgress);
    clock.advance(1);
    assert_eq!(claim(store, clock, ORDER).await, Claim::First);
    assert_eq!(claim(store, clock, ORDER).await, Claim::InProgress);
}

pub async fn an_answer_is_kept_for_a_day(store: &dyn IdempotencyStore, clock: &TestClock) {
    claim(store, clock, ORDER).await;
    store.keep_answer(ACME, "key", b"201".to_vec()).await.unwrap();
    clock.advance(IDEMPOTENCY_MS);
    assert_eq!(claim(store, clock, ORDER).await, Claim::Answered(b"201".to_vec()));
    clock.advance(1);
    assert_eq!(claim(store, clock, INVOICE).await, Claim::First);
    assert_eq!(claim(store, clock, INVOICE).await, Claim::InProgress);
}

pub async fn one_of_many_callers_is_the_first(store: &dyn IdempotencyStore, clock: &TestClock) {
    let (a, b, c, d) = tokio::join!(
        claim(store, clock, ORDER),
        claim(store, clock, ORDER),
        claim(store, clock, ORDER),
        claim(store, clock, ORDER),
    );
    let firsts = [a, b, c, d].into_iter().filter(|claim| *claim == Claim::First).count();
    assert_eq!(firsts, 1);
}
