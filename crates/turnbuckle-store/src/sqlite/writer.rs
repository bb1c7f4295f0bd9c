//! The one writer: a thread that turns the writes of many callers into one
//! transaction and one fsync.
//!
//! Callers queue jobs; the thread takes what is there, runs each job in a
//! savepoint of its own, commits, and answers everybody. While it commits, the
//! next batch gathers. Guarantees:
//! - A caller gets `Ok` only after the commit that holds its write is on disk.
//! - A job that fails changes nothing and fails alone; a commit that fails
//!   answers `Unavailable` to all in it.
//! - Intake goes first, then attempts, then the stages, then bulk; of each
//!   kind, jobs run in the order they came. Bulk jobs are slices, one a batch.
//! - Only intake is refused when too much waits (`Overloaded`); every other
//!   caller waits for its answer and so bounds itself.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;

use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::StoreError;
use crate::sqlite::checkpoint::Checkpoints;
use crate::sqlite::failure::Failure;
use crate::sqlite::state::WriterState;

/// Which jobs go first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Priority {
    Intake,
    Attempts,
    /// Process and match, and whatever the API writes.
    Stages,
    /// Slices of long work.
    Bulk,
}

const PRIORITIES: usize = 4;

/// Jobs of one kind that one batch takes at most.
const BATCH_JOBS_MAX: [usize; PRIORITIES] = [2_048, 64, 64, 1];

/// What a job works with: the open transaction, and what the thread remembers.
pub struct Batch<'a> {
    pub sql: &'a Connection,
    pub state: &'a mut WriterState,
}

/// One caller's write. The two halves are apart because the answer must wait for the commit.
trait Job: Send {
    fn run(&mut self, batch: &mut Batch<'_>) -> Result<(), ()>;
    /// Answers the caller; `committed` is `Err` if the commit failed.
    fn answer(self: Box<Self>, committed: Result<(), &str>);
}

struct Call<T, F> {
    action: &'static str,
    work: Option<F>,
    result: Option<Result<T, StoreError>>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<T, F> Job for Call<T, F>
where
    T: Send,
    F: FnOnce(&mut Batch<'_>) -> Result<T, Failure> + Send,
{
    fn run(&mut self, batch: &mut Batch<'_>) -> Result<(), ()> {
        let work = self.work.take().expect("a job runs once");
        let result = work(batch).map_err(|failure| failure.during(self.action));
        let is_ok = result.is_ok();
        self.result = Some(result);
        if is_ok { Ok(()) } else { Err(()) }
    }

    fn answer(self: Box<Self>, committed: Result<(), &str>) {
        let result = match (self.result, committed) {
            (Some(Err(error)), _) => Err(error),
            (Some(Ok(value)), Ok(())) => Ok(value),
            (_, Err(reason)) => Err(StoreError::Unavailable {
                action: self.action,
                source: reason.to_owned().into(),
            }),
            (None, Ok(())) => unreachable!("every job of a committed batch has run"),
        };
        // The caller may have gone away; its write stands.
        let _ = self.reply.send(result);
    }
}

struct Queued {
    job: Box<dyn Job>,
    bytes: usize,
    /// One statement is atomic by itself; more need a savepoint.
    is_single_statement: bool,
}

#[derive(Default)]
struct Queues {
    by_priority: [VecDeque<Queued>; PRIORITIES],
    intake_bytes: usize,
    is_closed: bool,
}

struct Shared {
    queues: Mutex<Queues>,
    work: Condvar,
    intake_bytes_max: usize,
}

/// The callers' end of the thread.
pub struct Writer {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Writer {
    pub fn start(
        db: Connection,
        state: WriterState,
        checkpoints: Checkpoints,
        intake_bytes_max: usize,
    ) -> Self {
        let shared =
            Arc::new(Shared { queues: Mutex::default(), work: Condvar::new(), intake_bytes_max });
        let inside = shared.clone();
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || write_until_closed(&db, state, checkpoints, &inside))
            .expect("the system can start one thread");
        Self { shared, thread: Mutex::new(Some(thread)) }
    }

    /// Runs `work` in the next batch; `action` completes "while trying to …".
    pub async fn run<T: Send + 'static>(
        &self,
        priority: Priority,
        action: &'static str,
        work: impl FnOnce(&mut Batch<'_>) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.submit(priority, action, 0, false, work)?.await
    }

    /// Runs one intake statement of `bytes`.
    pub async fn intake<T: Send + 'static>(
        &self,
        action: &'static str,
        bytes: usize,
        is_single_statement: bool,
        work: impl FnOnce(&mut Batch<'_>) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.submit(Priority::Intake, action, bytes, is_single_statement, work)?.await
    }

    fn submit<T: Send + 'static>(
        &self,
        priority: Priority,
        action: &'static str,
        bytes: usize,
        is_single_statement: bool,
        work: impl FnOnce(&mut Batch<'_>) -> Result<T, Failure> + Send + 'static,
    ) -> Result<impl Future<Output = Result<T, StoreError>>, StoreError> {
        let (reply, answer) = oneshot::channel();
        let job = Box::new(Call { action, work: Some(work), result: None, reply });
        {
            let mut queues = self.shared.queues.lock().expect("no code panics holding the queues");
            if queues.is_closed {
                return Err(closed(action));
            }
            if queues.intake_bytes + bytes > self.shared.intake_bytes_max {
                return Err(StoreError::Overloaded);
            }
            queues.intake_bytes += bytes;
            queues.by_priority[priority as usize].push_back(Queued {
                job,
                bytes,
                is_single_statement,
            });
        }
        self.shared.work.notify_one();
        Ok(async move { answer.await.unwrap_or_else(|_| Err(closed(action))) })
    }

    /// Finishes what is queued and ends the thread.
    pub fn close(&self) {
        self.shared.queues.lock().expect("no code panics holding the queues").is_closed = true;
        self.shared.work.notify_one();
        let thread = self.thread.lock().expect("no code panics holding the handle").take();
        if let Some(thread) = thread
            && thread.join().is_err()
        {
            tracing::error!("the writer thread panicked");
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.close();
    }
}

fn closed(action: &'static str) -> StoreError {
    StoreError::Unavailable { action, source: "the store is closed".into() }
}

/// Ends the queue with the thread, however that ends: nobody waits for an
/// answer that will not come.
struct CloseWithThread<'a>(&'a Shared);

impl Drop for CloseWithThread<'_> {
    fn drop(&mut self) {
        let mut queues = self.0.queues.lock().expect("no code panics holding the queues");
        queues.is_closed = true;
        queues.by_priority = Default::default();
    }
}

fn write_until_closed(
    db: &Connection,
    mut state: WriterState,
    mut checkpoints: Checkpoints,
    shared: &Shared,
) {
    let _close = CloseWithThread(shared);
    while let Some(batch) = next_batch(shared) {
        write_batch(db, &mut state, batch);
        checkpoints.after_batch(db);
    }
    checkpoints.finish(db);
}

fn next_batch(shared: &Shared) -> Option<Vec<Queued>> {
    let mut queues = shared.queues.lock().expect("no code panics holding the queues");
    loop {
        let mut batch = Vec::new();
        for (queue, jobs_max) in queues.by_priority.iter_mut().zip(BATCH_JOBS_MAX) {
            let taken = queue.len().min(jobs_max);
            batch.extend(queue.drain(..taken));
        }
        if !batch.is_empty() {
            queues.intake_bytes -= batch.iter().map(|queued| queued.bytes).sum::<usize>();
            return Some(batch);
        }
        if queues.is_closed {
            return None;
        }
        queues = shared.work.wait(queues).expect("no code panics holding the queues");
    }
}

fn write_batch(db: &Connection, state: &mut WriterState, mut queued: Vec<Queued>) {
    state.begin_batch();
    let committed = run_jobs(db, state, &mut queued);
    let committed = committed.map_err(|error| {
        tracing::error!(%error, "a batch of writes could not be committed");
        // Leave no transaction open, whatever state the failure left it in.
        if !db.is_autocommit()
            && let Err(error) = db.execute_batch("ROLLBACK")
        {
            tracing::error!(%error, "the failed batch could not be rolled back");
        }
        error.to_string()
    });
    // What the stages wait for goes out before the callers are answered, so
    // that whoever was answered finds its work already on its way.
    state.end_batch(committed.is_ok());
    let committed = committed.as_ref().map(|_| ()).map_err(String::as_str);
    for Queued { job, .. } in queued {
        job.answer(committed);
    }
}

fn run_jobs(
    db: &Connection,
    state: &mut WriterState,
    queued: &mut [Queued],
) -> Result<(), rusqlite::Error> {
    execute(db, "BEGIN IMMEDIATE")?;
    for Queued { job, is_single_statement, .. } in queued {
        if *is_single_statement {
            // A failed statement has undone itself.
            let _ = job.run(&mut Batch { sql: db, state });
            continue;
        }
        execute(db, "SAVEPOINT job")?;
        state.begin_job();
        if job.run(&mut Batch { sql: db, state }).is_err() {
            state.undo_job();
            execute(db, "ROLLBACK TO job")?;
        }
        execute(db, "RELEASE job")?;
    }
    state.before_commit(db)?;
    execute(db, "COMMIT")
}

fn execute(db: &Connection, statement: &str) -> Result<(), rusqlite::Error> {
    db.prepare_cached(statement)?.execute([]).map(|_| ())
}
