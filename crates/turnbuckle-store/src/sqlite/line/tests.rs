use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, mpsc};

use bytes::Bytes;
use tokio::sync::oneshot;
use turnbuckle_core::coalesce::Changed;
use turnbuckle_core::id::{ChangeId, ConnectionNo};

use super::*;
use crate::clock::Clock;
use crate::delivery::{AfterAttempt, Attempt, DeliveryStore, Draft, NewMessage};
use crate::rules::line::{Cause, place};
use crate::sqlite::writer::Priority;
use crate::sqlite::{SqliteOptions, SqliteStore};

#[derive(Default)]
struct TestClock(AtomicI64);

impl Clock for TestClock {
    fn now(&self) -> UnixMs {
        self.0.load(Ordering::SeqCst)
    }

    fn random(&self) -> u64 {
        7
    }
}

struct Word(&'static str);

impl Draft for Word {
    fn body(&self, _: DeliveryId, _: ChangeType, _: &Changed) -> Vec<u8> {
        self.0.as_bytes().to_vec()
    }
}

const ENDPOINT: fn() -> EndpointId = || EndpointId(Stamp::from_row(1, 1));

fn say(batch: &mut Batch<'_>, word: &'static str) -> Result<Option<DueDelivery>, Failure> {
    let change = ChangeId(Stamp::from_row(1, 1));
    let cause = Cause { workspace: WorkspaceId(1), connection: ConnectionNo(1), change };
    let message = NewMessage {
        endpoint: ENDPOINT(),
        object: "lead".to_owned(),
        record: "1".to_owned(),
        change_type: ChangeType::Update,
        changed: Changed::new(),
        coalesce: true,
        draft: Arc::new(Word(word)),
    };
    place(batch, cause, &message)
}

/// A reader sees what is committed, and a head that waits for its time may have
/// become a newer message under the same id in what is not committed yet.
#[tokio::test]
async fn what_failed_is_handed_out_as_the_writer_has_it() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(TestClock::default());
    let store = SqliteStore::open(SqliteOptions {
        path: folder.path().join("store.db"),
        clock: clock.clone(),
        compose: |_, _, _| {},
        intake_bytes_max: 1,
        scans_max: 1,
    })
    .unwrap();
    let write = async |word| {
        store.writer.run(Priority::Stages, "write", move |batch| say(batch, word)).await.unwrap()
    };
    let refused = write("refused").await.unwrap();
    let attempt = Attempt {
        delivery: refused.id,
        workspace: WorkspaceId(1),
        endpoint: refused.endpoint,
        at: 0,
        duration_ms: 0,
        status: Some(503),
        error: None,
        response_body: Bytes::new(),
        next: AfterAttempt::RetryAt(1_000),
    };
    store.finish_attempts(vec![attempt]).await.unwrap();
    // It takes the place of the one that was refused.
    assert_eq!(write("old").await, None);

    // At the last moment a newer one becomes it; the commit takes its time.
    clock.0.store(999, Ordering::SeqCst);
    let (written, is_written) = oneshot::channel();
    let (commit, may_commit) = mpsc::channel();
    let writing = store.writer.run(Priority::Stages, "write", move |batch| {
        let placed = say(batch, "new")?;
        let _ = written.send(());
        may_commit.recv().expect("the test goes on");
        Ok(placed)
    });
    let reading = async {
        is_written.await.unwrap();
        clock.0.store(1_000, Ordering::SeqCst);
        let held = std::collections::HashSet::new();
        let due = store.due_deliveries(WorkspaceId(1), ENDPOINT(), 1_000, &held, 10);
        tokio::pin!(due);
        // As far as it comes without the writer.
        let early = tokio::time::timeout(std::time::Duration::from_millis(50), &mut due).await;
        assert!(early.is_err(), "{early:?}");
        commit.send(()).unwrap();
        due.await.unwrap().due
    };
    let (placed, due) = tokio::join!(writing, reading);
    assert_eq!(placed.unwrap(), None);
    let bodies: Vec<_> = due.iter().map(|due| &*due.body).collect();
    assert_eq!(bodies, [b"new"]);
}
