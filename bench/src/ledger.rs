//! Who posted what, and what arrived: the proof that a run lost nothing.
//!
//! The generator writes a line for each post, the receiver one for each arrival
//! at each endpoint. A post carries its [`Mark`] in a text that goes through the
//! hub unchanged. Lines are atomics in an array, so that neither side waits for
//! the other.
//!
//! Deliveries are at least once: a second arrival is counted and printed, a
//! missing one is a failure.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::clock::now_us;
use crate::statistics::Sample;

const PREFIX: &[u8] = b"bench:";

/// What a message carries to say which post it comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    pub run: u32,
    /// From 0.
    pub number: u64,
}

impl Mark {
    /// Finds the first mark in a body.
    pub fn find(body: &[u8]) -> Option<Self> {
        let start = body.windows(PREFIX.len()).position(|window| window == PREFIX)?;
        let (run, rest) = digits(&body[start + PREFIX.len()..])?;
        let (number, _) = digits(rest.strip_prefix(b":")?)?;
        Some(Self { run: u32::try_from(run).ok()?, number })
    }
}

/// `bench:7:123.`
impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "bench:{}:{}.", self.run, self.number)
    }
}

/// The number that a text begins with, at most 18 digits, and what follows it.
fn digits(text: &[u8]) -> Option<(u64, &[u8])> {
    let length = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if !(1..=18).contains(&length) {
        return None;
    }
    let (digits, rest) = text.split_at(length);
    let number = digits.iter().fold(0, |number, digit| number * 10 + u64::from(digit - b'0'));
    Some((number, rest))
}

/// The account of one run.
pub struct Ledger {
    run: u32,
    endpoints: usize,
    posts: Vec<Post>,
    /// Of each post at each endpoint in turn.
    arrivals: Vec<Arrival>,
    /// Posts that were sent and not refused.
    posted: AtomicU64,
    acknowledged: AtomicU64,
    refused: AtomicU64,
    /// First arrivals.
    arrived: AtomicU64,
    /// Arrivals that belong to another run, or to no post.
    strays: AtomicU64,
}

#[derive(Default)]
struct Post {
    sent_us: AtomicU64,
    is_acknowledged: AtomicBool,
}

#[derive(Default)]
struct Arrival {
    latency_us: AtomicU32,
    count: AtomicU8,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Balance {
    pub acknowledged: u64,
    /// Posts that were answered with a request to come again.
    pub refused: u64,
    /// Deliveries of acknowledged posts that never arrived.
    pub lost: u64,
    /// Deliveries that arrived more than once.
    pub doubled: u64,
    /// Arrivals that belong to no post of the run.
    pub strays: u64,
}

impl Ledger {
    /// For at most `posts` posts, each of which goes to `endpoints` endpoints.
    pub fn new(run: u32, posts: usize, endpoints: usize) -> Self {
        Self {
            run,
            endpoints,
            posts: (0..posts).map(|_| Post::default()).collect(),
            arrivals: (0..posts * endpoints).map(|_| Arrival::default()).collect(),
            posted: AtomicU64::new(0),
            acknowledged: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            arrived: AtomicU64::new(0),
            strays: AtomicU64::new(0),
        }
    }

    pub fn run(&self) -> u32 {
        self.run
    }

    /// The mark of post `number`; `None` when the ledger is full.
    pub fn mark(&self, number: u64) -> Option<Mark> {
        (number < self.posts.len() as u64).then_some(Mark { run: self.run, number })
    }

    /// Post `number` starts at `at_us`.
    pub fn post(&self, number: u64, at_us: u64) {
        self.posts[number as usize].sent_us.store(at_us, Ordering::Release);
        self.posted.fetch_add(1, Ordering::AcqRel);
    }

    /// The hub answered that it has post `number`.
    pub fn acknowledge(&self, number: u64) {
        self.posts[number as usize].is_acknowledged.store(true, Ordering::Release);
        self.acknowledged.fetch_add(1, Ordering::AcqRel);
    }

    /// The hub answered that it does not have it.
    pub fn refuse(&self) {
        self.refused.fetch_add(1, Ordering::AcqRel);
        self.posted.fetch_sub(1, Ordering::AcqRel);
    }

    /// A message came in at endpoint number `endpoint`.
    pub fn arrive(&self, mark: Option<Mark>, endpoint: usize) {
        let place = mark.filter(|it| it.run == self.run && endpoint < self.endpoints);
        let post =
            place.and_then(|mark| Some((mark.number, self.posts.get(mark.number as usize)?)));
        let sent_us = post.map_or(0, |(_, post)| post.sent_us.load(Ordering::Acquire));
        let Some((number, _)) = post.filter(|_| 0 < sent_us) else {
            self.strays.fetch_add(1, Ordering::AcqRel);
            return;
        };
        let arrival = &self.arrivals[number as usize * self.endpoints + endpoint];
        let count = arrival.count.load(Ordering::Acquire);
        arrival.count.store(count.saturating_add(1), Ordering::Release);
        if count == 0 {
            let latency_us = now_us().saturating_sub(sent_us).min(u64::from(u32::MAX));
            arrival.latency_us.store(latency_us as u32, Ordering::Release);
            self.arrived.fetch_add(1, Ordering::AcqRel);
        }
    }

    /// Deliveries that arrived so far, each counted once.
    pub fn arrived(&self) -> u64 {
        self.arrived.load(Ordering::Acquire)
    }

    pub fn acknowledged(&self) -> u64 {
        self.acknowledged.load(Ordering::Acquire)
    }

    /// Deliveries still to come of what was posted.
    pub fn outstanding(&self) -> u64 {
        let expected = self.posted.load(Ordering::Acquire) * self.endpoints as u64;
        expected.saturating_sub(self.arrived())
    }

    /// Waits until everything acknowledged has arrived everywhere, and gives up
    /// when nothing came for `patience`.
    pub async fn settle(&self, patience: Duration) {
        let mut last = (self.arrived(), Instant::now());
        while self.lost() != 0 && last.1.elapsed() < patience {
            tokio::time::sleep(Duration::from_millis(20)).await;
            if self.arrived() != last.0 {
                last = (self.arrived(), Instant::now());
            }
        }
    }

    pub fn balance(&self) -> Balance {
        let is_doubled = |arrival: &&Arrival| 1 < arrival.count.load(Ordering::Acquire);
        Balance {
            acknowledged: self.acknowledged(),
            refused: self.refused.load(Ordering::Acquire),
            lost: self.lost(),
            doubled: self.arrivals.iter().filter(is_doubled).count() as u64,
            strays: self.strays.load(Ordering::Acquire),
        }
    }

    /// How long deliveries took from the start of their post, of posts from
    /// number `first` on, at the first `endpoints` endpoints.
    pub fn latencies(&self, first: u64, endpoints: usize) -> Sample {
        let posts = self.arrivals.chunks_exact(self.endpoints).skip(first as usize);
        let arrived = posts
            .flat_map(|arrivals| arrivals.iter().take(endpoints))
            .filter(|arrival| 0 < arrival.count.load(Ordering::Acquire));
        let latency = |arrival: &Arrival| arrival.latency_us.load(Ordering::Acquire).into();
        Sample::new(arrived.map(latency).collect())
    }

    fn lost(&self) -> u64 {
        if self.acknowledged() == 0 {
            return 0;
        }
        let acknowledged = self.posts.iter().zip(self.arrivals.chunks_exact(self.endpoints));
        let acknowledged =
            acknowledged.filter(|(post, _)| post.is_acknowledged.load(Ordering::Acquire));
        let missing = |arrival: &&Arrival| arrival.count.load(Ordering::Acquire) == 0;
        acknowledged.map(|(_, arrivals)| arrivals.iter().filter(missing).count() as u64).sum()
    }
}

impl Balance {
    /// Whether nothing was lost and nothing came that was not expected.
    pub fn is_even(&self) -> bool {
        self.lost == 0 && self.strays == 0
    }
}

impl fmt::Display for Balance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { acknowledged, refused, lost, doubled, strays } = self;
        write!(
            f,
            "{acknowledged} acknowledged, {refused} refused, {lost} lost, {doubled} doubled, \
             {strays} strays"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_found_in_any_body() {
        let mark = Mark { run: 7, number: 1234 };
        let found = |body: &str| Mark::find(body.as_bytes());
        assert_eq!(found(&format!(r#"{{"Contact":"{mark} x"}}"#)), Some(mark));
        assert_eq!(found(&mark.to_string()), Some(mark));
        for body in ["", "bench", "bench:", "bench:7", "bench:7:", "bench::1", "bench:7;1"] {
            assert_eq!(found(body), None, "{body}");
        }
        assert_eq!(found("bench:99999999999999999999:1"), None);
    }

    #[test]
    fn what_never_arrives_is_lost() {
        let ledger = Ledger::new(1, 3, 2);
        for number in 0..3 {
            ledger.post(number, 1);
            ledger.acknowledge(number);
        }
        let arrive = |number, endpoint| ledger.arrive(ledger.mark(number), endpoint);
        arrive(0, 0);
        arrive(0, 1);
        arrive(1, 0);
        arrive(1, 0);
        arrive(2, 1);
        assert_eq!(ledger.outstanding(), 2);
        let expect = Balance { acknowledged: 3, refused: 0, lost: 2, doubled: 1, strays: 0 };
        assert_eq!(ledger.balance(), expect);
        assert!(ledger.latencies(1, 1).percentile_ms(0.5).is_finite());
        assert!(ledger.latencies(2, 1).percentile_ms(0.5).is_nan());
    }

    #[test]
    fn a_refused_post_is_expected_nowhere() {
        let ledger = Ledger::new(1, 2, 1);
        ledger.post(0, 1);
        ledger.refuse();
        assert_eq!(ledger.outstanding(), 0);
        assert!(ledger.balance().is_even());
    }

    #[test]
    fn what_no_run_posted_is_a_stray() {
        let ledger = Ledger::new(2, 2, 1);
        ledger.arrive(None, 0);
        ledger.arrive(Some(Mark { run: 1, number: 0 }), 0);
        ledger.arrive(Some(Mark { run: 2, number: 9 }), 0);
        ledger.arrive(Some(Mark { run: 2, number: 0 }), 0);
        ledger.post(0, 1);
        ledger.arrive(ledger.mark(0), 1);
        assert_eq!(ledger.balance().strays, 5);
        assert_eq!(ledger.mark(2), None);
    }
}
