//! Counts what goes on in workspaces, by the minute, for charts.
//!
//! Whoever ends something counts it here, in memory, once it is in the store. A worker
//! ([`crate::workers::statistics`]) writes the minutes that are over, a row for each workspace in
//! which something happened. Each process counts what it did itself; whoever reads adds the rows
//! up, with those that are not written yet.
//!
//! A process that is killed loses what it has counted in the last minute, and what a store that
//! is away could not take: the charts miss it. Nothing else depends on it; the logs are the truth.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use turnbuckle_core::id::{UnixMs, WorkspaceId};
use turnbuckle_core::statistics::Counts;
use turnbuckle_store::clock::Clock;
use turnbuckle_store::statistics::{Counted, MINUTE_MS};

/// Rows that may wait for a store that is away, about 400 bytes each.
const WAITING_MAX: usize = 20_000;

pub fn minute_of(at: UnixMs) -> i64 {
    at.div_euclid(MINUTE_MS)
}

/// What this process has counted and not yet written.
pub struct Statistics {
    clock: Arc<dyn Clock>,
    rows: Mutex<Rows>,
}

#[derive(Default)]
struct Rows {
    /// Those that still change, by workspace and minute.
    open: HashMap<(WorkspaceId, i64), Counted>,
    /// Those of minutes that are over, oldest first, until they are written.
    ended: Vec<Counted>,
}

/// Counts what has just happened; others wait meanwhile.
pub struct Counting<'a> {
    clock: &'a dyn Clock,
    minute: i64,
    rows: MutexGuard<'a, Rows>,
}

impl Counting<'_> {
    pub fn of(&mut self, workspace: WorkspaceId) -> &mut Counts {
        let minute = self.minute;
        let row = self.rows.open.entry((workspace, minute)).or_insert_with(|| {
            let id = (self.clock.random() >> 1) as i64;
            Counted { workspace, minute, id, counts: Counts::default() }
        });
        &mut row.counts
    }
}

impl Statistics {
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, rows: Mutex::default() }
    }

    pub fn count(&self) -> Counting<'_> {
        let clock = &*self.clock;
        Counting { clock, minute: minute_of(clock.now()), rows: self.rows() }
    }

    /// What is not written yet of a workspace.
    pub fn unwritten(&self, workspace: WorkspaceId) -> Vec<Counted> {
        let rows = self.rows();
        let all = rows.ended.iter().chain(rows.open.values());
        all.filter(|row| row.workspace == workspace).cloned().collect()
    }

    /// The rows to write, of minutes before this one. They stay until [`Self::written`] says that
    /// they are. Also answers how many of the oldest were left out, because too many wait.
    pub fn end(&self, before: i64) -> (Vec<Counted>, usize) {
        let Rows { open, ended } = &mut *self.rows();
        // Whoever counts in one of these minutes from here on begins another row.
        let mut over: Vec<Counted> =
            open.extract_if(|(_, minute), _| *minute < before).map(|(_, row)| row).collect();
        over.sort_unstable_by_key(|row| row.minute);
        ended.append(&mut over);
        let left_out = ended.len().saturating_sub(WAITING_MAX);
        ended.drain(..left_out);
        (ended.clone(), left_out)
    }

    /// These rows are in the store.
    pub fn written(&self, rows: &[Counted]) {
        self.rows().ended.retain(|row| rows.iter().all(|written| written.id != row.id));
    }

    fn rows(&self) -> MutexGuard<'_, Rows> {
        self.rows.lock().expect("no code panics holding the rows")
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

    use super::*;

    const MINE: WorkspaceId = WorkspaceId(1);
    const OTHER: WorkspaceId = WorkspaceId(2);

    #[derive(Default)]
    struct TestClock(AtomicI64, AtomicU64);

    impl Clock for TestClock {
        fn now(&self) -> UnixMs {
            self.0.load(Ordering::SeqCst)
        }

        fn random(&self) -> u64 {
            self.1.fetch_add(2, Ordering::SeqCst)
        }
    }

    fn given() -> (Arc<TestClock>, Statistics) {
        let clock = Arc::new(TestClock::default());
        (clock.clone(), Statistics::new(clock))
    }

    /// Minute and number of what was received.
    fn received(rows: &[Counted]) -> Vec<(i64, u64)> {
        rows.iter().map(|row| (row.minute, row.counts.received)).collect()
    }

    #[test]
    fn what_happens_is_counted_by_workspace_and_minute() {
        let (clock, statistics) = given();
        let mut counting = statistics.count();
        counting.of(MINE).received += 1;
        counting.of(OTHER).received += 1;
        counting.of(MINE).received += 1;
        drop(counting);
        clock.0.store(MINUTE_MS, Ordering::SeqCst);
        statistics.count().of(OTHER).received += 1;
        assert_eq!(received(&statistics.unwritten(MINE)), [(0, 2)]);
        let (over, _) = statistics.end(1);
        assert_eq!(over.len(), 2, "the minute that is not over waits");
    }

    #[test]
    fn a_row_waits_until_it_is_written() {
        let (_, statistics) = given();
        assert_eq!(statistics.end(1), (Vec::new(), 0), "nothing happened");
        statistics.count().of(MINE).received += 1;
        let (first, _) = statistics.end(1);
        // Counted in the same minute, by somebody who came late.
        statistics.count().of(MINE).received += 1;
        assert_eq!(received(&statistics.unwritten(MINE)), [(0, 1), (0, 1)]);
        statistics.written(&first);
        assert_eq!(received(&statistics.unwritten(MINE)), [(0, 1)]);
        let (second, _) = statistics.end(1);
        assert_ne!(first[0].id, second[0].id);
        assert_eq!(statistics.end(1).0, second, "it was not written");
    }

    #[test]
    fn the_oldest_rows_go_when_too_many_wait() {
        let (clock, statistics) = given();
        for minute in 0..WAITING_MAX as i64 + 3 {
            clock.0.store(minute * MINUTE_MS, Ordering::SeqCst);
            statistics.count().of(MINE).received += 1;
        }
        let (waiting, left_out) = statistics.end(i64::MAX);
        assert_eq!((waiting.len(), waiting[0].minute, left_out), (WAITING_MAX, 3, 3));
    }
}
