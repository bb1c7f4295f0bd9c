use turnbuckle_core::id::WorkspaceId;
use turnbuckle_core::statistics::{Counts, Steps};
use turnbuckle_store::Store;
use turnbuckle_store::clock::Clock;
use turnbuckle_store::statistics::{Counted, MINUTE_MS};

use super::{ACME, OTHER, TestClock, join_all};

/// What one process has counted of a minute.
pub fn counted(clock: &TestClock, workspace: WorkspaceId, minute: i64, received: u64) -> Counted {
    let mut counts = Counts { received, ..Counts::default() };
    counts.process.count(received);
    Counted { workspace, minute, id: (clock.random() >> 1) as i64, counts }
}

/// How many were received in each step.
async fn received(store: &dyn Store, workspace: WorkspaceId, steps: &Steps) -> Vec<u64> {
    let sums = store.statistics(workspace, steps, &[]).await.unwrap();
    sums.iter().map(|sum| sum.received).collect()
}

pub async fn counts_of_a_step_add_up(store: &dyn Store, clock: &TestClock) {
    let first = clock.now() / MINUTE_MS;
    let rows = [(0, 1), (1, 2), (1, 4), (4, 8), (5, 16), (6, 32)];
    let rows = rows.map(|(minute, received)| counted(clock, ACME, first + minute, received));
    // Others that count in the same minutes add theirs meanwhile.
    let (mine, theirs) = rows.split_at(3);
    let added = [mine, theirs].map(|rows| store.add_statistics(rows.to_vec()));
    join_all(added).await.into_iter().for_each(Result::unwrap);

    let steps = |length| Steps { minutes: first..first + 6, length };
    assert_eq!(received(store, ACME, &steps(1)).await, [1, 6, 0, 0, 8, 16]);
    assert_eq!(received(store, ACME, &steps(4)).await, [7, 24]);
    let later = Steps { minutes: first + 5..first + 9, length: 2 };
    assert_eq!(received(store, ACME, &later).await, [48, 0]);
    let sums = store.statistics(ACME, &steps(6), &[]).await.unwrap();
    assert_eq!(sums[0].process.within_ms(100), Some(20), "the slowest took 16 ms");
    assert_eq!(received(store, OTHER, &steps(4)).await, [0, 0]);
}

pub async fn counts_are_added_once(store: &dyn Store, clock: &TestClock) {
    let minute = clock.now() / MINUTE_MS;
    let [first, second] = [1, 2].map(|received| counted(clock, ACME, minute, received));
    store.add_statistics(vec![first.clone()]).await.unwrap();
    // It was not known how that ended.
    store.add_statistics(vec![first.clone(), second.clone()]).await.unwrap();
    let steps = Steps { minutes: minute..minute + 1, length: 1 };
    assert_eq!(received(store, ACME, &steps).await, [3]);
    let others = store.statistics(ACME, &steps, &[first.id]).await.unwrap();
    assert_eq!(others, [second.counts]);
    store.add_statistics(Vec::new()).await.unwrap();
}
