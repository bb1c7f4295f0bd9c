use serde_json::json;
use turnbuckle_core::id::ReplayId;
use turnbuckle_store::StoreError;
use turnbuckle_store::clock::Clock;
use turnbuckle_store::error::Noun;
use turnbuckle_store::replay::{ReplayStore, Run, RunKind};

use super::{ACME, OTHER, TestClock};

pub fn a_run(clock: &TestClock, kind: RunKind) -> Run {
    Run {
        id: ReplayId(clock.mint()).to_string(),
        workspace: ACME,
        kind,
        request: json!({ "since": "2026-01-01T00:00:00Z" }),
        total: 10,
        done: 0,
        failed: 0,
        position: 0,
        started_at: clock.now(),
        ended_at: None,
    }
}

pub async fn a_run_is_read_back_with_its_progress(store: &dyn ReplayStore, clock: &TestClock) {
    for kind in [RunKind::Replay, RunKind::Recovery] {
        let run = a_run(clock, kind);
        store.create_run(run.clone()).await.unwrap();
        assert_eq!(store.run(ACME, &run.id).await.unwrap(), Some(run.clone()));

        let later = Run { total: 11, done: 7, failed: 2, position: i64::MAX, ..run.clone() };
        store.update_run(&later).await.unwrap();
        assert_eq!(store.run(ACME, &run.id).await.unwrap(), Some(later));

        let again = store.create_run(run).await;
        assert!(matches!(again, Err(StoreError::AlreadyExists { .. })));
    }
}

pub async fn only_open_runs_are_taken_up(store: &dyn ReplayStore, clock: &TestClock) {
    let first = a_run(clock, RunKind::Replay);
    let second = Run { workspace: OTHER, ..a_run(clock, RunKind::Recovery) };
    let ended = Run { ended_at: Some(clock.now()), ..a_run(clock, RunKind::Replay) };
    for run in [&first, &second, &ended] {
        store.create_run(run.clone()).await.unwrap();
    }
    assert_eq!(store.open_runs().await.unwrap(), [first.clone(), second.clone()]);

    store.update_run(&Run { ended_at: Some(clock.now()), ..first }).await.unwrap();
    assert_eq!(store.open_runs().await.unwrap(), [second]);
}

pub async fn a_run_belongs_to_one_workspace(store: &dyn ReplayStore, clock: &TestClock) {
    let run = a_run(clock, RunKind::Recovery);
    store.create_run(run.clone()).await.unwrap();
    assert_eq!(store.run(OTHER, &run.id).await.unwrap(), None);
    let refused = store.update_run(&Run { workspace: OTHER, done: 1, ..run.clone() }).await;
    assert!(matches!(refused, Err(StoreError::NotFound { noun: Noun::Recovery, .. })));
    assert_eq!(store.run(ACME, &run.id).await.unwrap(), Some(run));
}
