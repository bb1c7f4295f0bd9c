//! Group commit: what many callers want written, in one transaction.
//!
//! Callers queue jobs; a few flushers take what is there, write it and answer
//! everybody. While one waits for its commit, the next jobs gather. A batch that
//! the database rejects for what one job holds is written job by job, so that one
//! fails alone. A job is written although its caller went away.

use std::pin::pin;
use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::{Notify, oneshot};
use tokio::time::Instant;

use crate::StoreError;

/// Jobs that one batch takes at most.
const BATCH_MAX: usize = 1_024;

/// How the jobs of a batch ended, in their order.
pub type Answers<A> = Vec<Result<A, StoreError>>;

/// Writes batches of one kind of job.
#[async_trait]
pub trait Flush: Send + Sync {
    type Job: Send + Sync;
    type Answer: Send;

    /// Writes all of them in one transaction.
    ///
    /// # Errors
    /// If nothing was written, of any.
    async fn flush(&self, jobs: &[Self::Job]) -> Result<Answers<Self::Answer>, StoreError>;
}

struct Queued<J, A> {
    job: J,
    bytes: usize,
    answer: oneshot::Sender<Result<A, StoreError>>,
}

struct Queue<J, A> {
    waiting: Vec<Queued<J, A>>,
    /// Of what waits and what is being written.
    bytes: usize,
    is_closed: bool,
}

/// Where jobs gather.
pub struct Gather<J, A> {
    /// Completes "while trying to …".
    action: &'static str,
    queue: Mutex<Queue<J, A>>,
    arrived: Notify,
    /// Nothing waits and nothing is being written.
    idle: Notify,
    /// Most bytes that may wait.
    bytes_max: usize,
    /// When the store was away last, if nothing was written since.
    away_since: Mutex<Option<Instant>>,
}

/// How long it counts that the store was away: whoever turns callers away because of
/// it would never learn that it is back.
const AWAY_FOR: Duration = Duration::from_secs(5);

impl<J: Send + Sync, A: Send> Gather<J, A> {
    pub fn new(action: &'static str, bytes_max: usize) -> Self {
        let queue = Queue { waiting: Vec::new(), bytes: 0, is_closed: false };
        Self {
            action,
            queue: Mutex::new(queue),
            arrived: Notify::new(),
            idle: Notify::new(),
            bytes_max,
            away_since: Mutex::default(),
        }
    }

    /// # Errors
    /// [`StoreError::Unavailable`] if the last batch could not be written, a moment ago.
    pub fn check(&self) -> Result<(), StoreError> {
        let away_since = *self.away_since.lock().expect("no code panics holding it");
        match away_since {
            Some(since) if since.elapsed() < AWAY_FOR => {
                Err(self.unavailable("the last one could not be written".to_owned()))
            }
            _ => Ok(()),
        }
    }

    /// Has a job of `bytes` written.
    ///
    /// # Errors
    /// [`StoreError::Overloaded`]; that of the job.
    pub async fn submit(&self, job: J, bytes: usize) -> Result<A, StoreError> {
        let (answer, answered) = oneshot::channel();
        {
            let mut queue = self.queue.lock().expect("no code panics holding the queue");
            if queue.is_closed {
                return Err(self.closed());
            }
            if queue.bytes + bytes > self.bytes_max {
                return Err(StoreError::Overloaded);
            }
            queue.bytes += bytes;
            queue.waiting.push(Queued { job, bytes, answer });
        }
        self.arrived.notify_one();
        answered.await.unwrap_or_else(|_| Err(self.closed()))
    }

    /// Takes no more, and waits until all that was taken is written.
    pub async fn close(&self) {
        self.queue.lock().expect("no code panics holding the queue").is_closed = true;
        self.arrived.notify_one();
        loop {
            let mut idle = pin!(self.idle.notified());
            idle.as_mut().enable();
            if self.queue.lock().expect("no code panics holding the queue").bytes == 0 {
                return;
            }
            idle.await;
        }
    }

    /// Flushes until it is closed.
    pub async fn run(&self, flush: &impl Flush<Job = J, Answer = A>) {
        loop {
            match self.take() {
                Ok(batch) => self.flush(flush, batch).await,
                Err(true) => self.arrived.notified().await,
                Err(false) => {
                    // So that the next one sees it too.
                    self.arrived.notify_one();
                    return;
                }
            }
        }
    }

    /// What waits; else whether anything may come.
    fn take(&self) -> Result<Vec<Queued<J, A>>, bool> {
        let mut queue = self.queue.lock().expect("no code panics holding the queue");
        if queue.waiting.is_empty() {
            return Err(!queue.is_closed);
        }
        let count = queue.waiting.len().min(BATCH_MAX);
        let batch = queue.waiting.drain(..count).collect();
        if !queue.waiting.is_empty() {
            self.arrived.notify_one();
        }
        Ok(batch)
    }

    async fn flush(&self, flush: &impl Flush<Job = J, Answer = A>, batch: Vec<Queued<J, A>>) {
        let bytes: usize = batch.iter().map(|queued| queued.bytes).sum();
        let (jobs, waiting): (Vec<J>, Vec<_>) =
            batch.into_iter().map(|queued| (queued.job, queued.answer)).unzip();
        let flushed = flush.flush(&jobs).await;
        let is_away = matches!(flushed, Err(StoreError::Unavailable { .. }));
        *self.away_since.lock().expect("no code panics holding it") = is_away.then(Instant::now);
        let answers = match flushed {
            Ok(answers) => answers,
            Err(error) if jobs.len() == 1 => vec![Err(error)],
            Err(StoreError::Unavailable { source, .. }) => {
                let reason = source.to_string();
                jobs.iter().map(|_| Err(self.unavailable(reason.clone()))).collect()
            }
            Err(_) => {
                let mut answers = Vec::with_capacity(jobs.len());
                for job in &jobs {
                    let alone = flush.flush(std::slice::from_ref(job)).await;
                    answers.push(alone.and_then(|mut one| one.swap_remove(0)));
                }
                answers
            }
        };
        self.ended(bytes);
        for (waiting, answer) in waiting.into_iter().zip(answers) {
            // The caller may have gone away; its job is done.
            let _ = waiting.send(answer);
        }
    }

    fn ended(&self, bytes: usize) {
        let mut queue = self.queue.lock().expect("no code panics holding the queue");
        queue.bytes -= bytes;
        if queue.bytes == 0 {
            self.idle.notify_waiters();
        }
    }

    fn unavailable(&self, reason: String) -> StoreError {
        StoreError::Unavailable { action: self.action, source: reason.into() }
    }

    fn closed(&self) -> StoreError {
        self.unavailable("the store is closed".to_owned())
    }
}
