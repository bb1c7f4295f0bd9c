//! Sends a load over a number of connections, in one of two ways.
//!
//! [`saturate`] is a closed loop: each connection sends as soon as it has its
//! answer. [`pace`] is an open loop: posts start at fixed times, whether or not
//! those before them were answered, and a post that has to wait for a free
//! connection started when it was due. Latencies of a slow server are therefore
//! not hidden by the load waiting for it.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context;
use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::client::{Answer, Client, connected};
use crate::clock::{instant_of, now_us};

/// How long a connection waits that may not send: long enough that all of them
/// together wake rarely, short enough that the bound stays nearly full.
const HELD_BACK: Duration = Duration::from_millis(5);

/// What a generator sends.
pub trait Load: Send + Sync + 'static {
    /// Request `number`, from 0, that starts at `at_us`; `None` when there are no more.
    fn request(&self, number: u64, at_us: u64) -> Option<Request<Full<Bytes>>>;

    /// Whether the next may be sent now.
    fn may_send(&self) -> bool {
        true
    }

    /// The answer to request `number`. Errors end the run.
    fn answered(&self, number: u64, answer: &Answer) -> anyhow::Result<()>;
}

/// A load under way.
pub struct Running {
    progress: Arc<Progress>,
    connections: JoinSet<anyhow::Result<Vec<u64>>>,
}

#[derive(Default)]
struct Progress {
    is_stopped: AtomicBool,
    started: AtomicU64,
    answered: AtomicU64,
}

/// Starts a closed loop over `connections` connections.
pub fn saturate(address: SocketAddr, connections: usize, load: &Arc<impl Load>) -> Running {
    let progress = Arc::new(Progress::default());
    let mut tasks = JoinSet::new();
    for _ in 0..connections {
        let (load, progress) = (load.clone(), progress.clone());
        tasks.spawn(connected(address, async move |mut client| {
            let mut latencies_us = Vec::new();
            while !progress.is_stopped.load(Ordering::Acquire) {
                if !load.may_send() {
                    tokio::time::sleep(HELD_BACK).await;
                    continue;
                }
                let number = progress.started.fetch_add(1, Ordering::AcqRel);
                let started_us = now_us();
                if !send(&*load, &mut client, number, started_us).await? {
                    break;
                }
                progress.answered.fetch_add(1, Ordering::AcqRel);
                latencies_us.push(now_us() - started_us);
            }
            Ok(latencies_us)
        }));
    }
    Running { progress, connections: tasks }
}

/// Sends `count` requests, `per_second` of them in a second. Returns when all are
/// answered; gives how long each took from when it was due, in microseconds.
pub async fn pace(
    address: SocketAddr,
    connections: usize,
    per_second: f64,
    count: u64,
    load: &Arc<impl Load>,
) -> anyhow::Result<Vec<u64>> {
    let due = Arc::new(Due::default());
    let mut tasks = JoinSet::new();
    for _ in 0..connections {
        let (load, due) = (load.clone(), due.clone());
        tasks.spawn(connected(address, async move |mut client| {
            let mut latencies_us = Vec::new();
            while let Some((number, at_us)) = due.next().await {
                send(&*load, &mut client, number, at_us).await?;
                latencies_us.push(now_us() - at_us);
            }
            Ok(latencies_us)
        }));
    }
    let pacing = tokio::task::spawn_blocking(move || due.announce(per_second, count));
    let mut latencies_us = Vec::new();
    while let Some(ended) = tasks.join_next().await {
        latencies_us.append(&mut ended.context("a connection's task panicked")??);
    }
    pacing.await.context("the pacing thread panicked")?;
    Ok(latencies_us)
}

async fn send(
    load: &impl Load,
    client: &mut Client,
    number: u64,
    at_us: u64,
) -> anyhow::Result<bool> {
    let Some(request) = load.request(number, at_us) else { return Ok(false) };
    let answer = client.send(request).await?;
    load.answered(number, &answer)?;
    Ok(true)
}

impl Running {
    /// Answers so far.
    pub fn answered(&self) -> u64 {
        self.progress.answered.load(Ordering::Acquire)
    }

    /// Lets it run on for `duration`.
    ///
    /// # Errors
    /// If a connection ended before that.
    pub async fn run_for(&mut self, duration: Duration) -> anyhow::Result<()> {
        tokio::select! {
            () = tokio::time::sleep(duration) => Ok(()),
            Some(ended) = self.connections.join_next() => {
                ended.context("a connection's task panicked")??;
                anyhow::bail!("the load ran out of requests before its time")
            }
        }
    }

    /// Ends it when the requests under way are answered; gives how long each
    /// request took, in microseconds.
    pub async fn stop(mut self) -> anyhow::Result<Vec<u64>> {
        self.progress.is_stopped.store(true, Ordering::Release);
        let mut latencies_us = Vec::new();
        while let Some(ended) = self.connections.join_next().await {
            latencies_us.append(&mut ended.context("a connection's task panicked")??);
        }
        Ok(latencies_us)
    }
}

/// Requests whose time has come, for whichever connection is free.
struct Due {
    queue: Mutex<VecDeque<(u64, u64)>>,
    /// One for each in the queue; closed behind the last.
    waiting: Semaphore,
    is_complete: AtomicBool,
}

impl Default for Due {
    fn default() -> Self {
        Self {
            queue: Mutex::default(),
            waiting: Semaphore::new(0),
            is_complete: AtomicBool::new(false),
        }
    }
}

impl Due {
    /// Number and start of the next request; `None` behind the last.
    async fn next(&self) -> Option<(u64, u64)> {
        loop {
            // Read first: what was queued before it was set is then seen.
            let is_complete = self.is_complete.load(Ordering::Acquire);
            if let Some(next) = self.queue.lock().expect("no code panics holding it").pop_front() {
                return Some(next);
            }
            if is_complete {
                return None;
            }
            // Closed: complete. Otherwise somebody else may have been faster.
            if let Ok(permit) = self.waiting.acquire().await {
                permit.forget();
            }
        }
    }

    /// Makes requests due at their times. Runs on a thread of its own, whose
    /// sleep is finer than a timer of the runtime.
    fn announce(&self, per_second: f64, count: u64) {
        // A thread that wakes more often than this takes a core from the others.
        const NAP: Duration = Duration::from_micros(500);
        let first_us = now_us() + 1_000;
        let at_us = |number: u64| first_us + (number as f64 * 1e6 / per_second) as u64;
        let mut number = 0;
        while number < count {
            let wait = instant_of(at_us(number)).saturating_duration_since(Instant::now());
            thread::sleep(wait.max(if wait.is_zero() { wait } else { NAP }));
            let now = now_us();
            let mut queue = self.queue.lock().expect("no code panics holding it");
            let before = queue.len();
            while number < count && at_us(number) <= now {
                queue.push_back((number, at_us(number)));
                number += 1;
            }
            let added = queue.len() - before;
            drop(queue);
            self.waiting.add_permits(added);
        }
        self.is_complete.store(true, Ordering::Release);
        self.waiting.close();
    }
}
