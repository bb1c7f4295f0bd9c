use turnbuckle_store::StoreError;
use turnbuckle_store::bin::BinStore;
use turnbuckle_store::clock::Clock;
use turnbuckle_store::maintenance::{Keep, MaintenanceStore};
use turnbuckle_store::replay::{ReplayStore, Run, RunKind};
use turnbuckle_store::source::SourceStore;

use super::{ACME, DAY, TestClock, bin, join_all, replay, source};

/// Keeps every log line, so that only what has an end of its own goes.
const KEEP_LOGS: Keep = Keep {
    failed_since: 0,
    done_since: 0,
    deliveries_since: 0,
    changes_since: 0,
    calls_since: 0,
    log_bytes_max: None,
};

pub async fn a_note_is_of_whoever_claims_it_first(store: &dyn MaintenanceStore, _: &TestClock) {
    assert_eq!(store.note("sealing_key").await.unwrap(), None);
    let claims = ["1", "2", "3"].map(|key| store.claim_note("sealing_key", key));
    let claimed = join_all(claims).await;
    let kept = store.note("sealing_key").await.unwrap().unwrap();
    for claimed in claimed {
        assert_eq!(claimed.unwrap(), kept);
    }
}

pub async fn a_healthy_store_says_so(store: &dyn MaintenanceStore, _: &TestClock) {
    store.check_health().await.unwrap();
    store.check_health().await.unwrap();
}

pub async fn what_has_ended_is_dropped<S>(store: &S, clock: &TestClock)
where
    S: MaintenanceStore + BinStore + ReplayStore + SourceStore + ?Sized,
{
    store.create_bin(bin::a_bin(clock, "mine")).await.unwrap();
    store.add_bin_request("mine", bin::a_request(clock, "1"), bin::up_to(10)).await.unwrap();
    let open = replay::a_run(clock, RunKind::Replay);
    let ended = Run { ended_at: Some(clock.now()), ..replay::a_run(clock, RunKind::Replay) };
    store.create_run(open.clone()).await.unwrap();
    store.create_run(ended.clone()).await.unwrap();
    let source = source::a_source(clock, 1);
    store.create_source(source.clone()).await.unwrap();
    store.expire_source_key(ACME, source.id, source.keys[0].id, clock.now()).await.unwrap();

    assert!(!store.retain(&KEEP_LOGS).await.unwrap());
    assert_eq!(store.bin_requests("mine", None, 10).await.unwrap().len(), 1);
    assert!(store.run(ACME, &ended.id).await.unwrap().is_some());
    let still_taken = store.add_source_key(ACME, source.id, source::a_key(clock, 1)).await;
    assert!(matches!(still_taken, Err(StoreError::AlreadyExists { .. })));

    clock.advance(30 * DAY + 1);
    assert!(!store.retain(&KEEP_LOGS).await.unwrap());
    assert_eq!(store.bin_requests("mine", None, 10).await.unwrap(), []);
    store.create_bin(bin::a_bin(clock, "mine")).await.unwrap();
    assert_eq!(store.run(ACME, &ended.id).await.unwrap(), None);
    assert_eq!(store.run(ACME, &open.id).await.unwrap(), Some(open));
    store.add_source_key(ACME, source.id, source::a_key(clock, 1)).await.unwrap();
}

pub async fn a_closed_store_writes_nothing(store: &dyn MaintenanceStore, _: &TestClock) {
    store.claim_note("name", "kept").await.unwrap();
    store.close().await;
    store.close().await;
    let late = store.claim_note("name", "lost").await;
    assert!(matches!(late, Err(StoreError::Unavailable { .. })));
    assert!(matches!(store.check_health().await, Err(StoreError::Unavailable { .. })));
}
