//! One monotonic clock for generator and receiver, which share a process.

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use turnbuckle_core::id::UnixMs;
use turnbuckle_store::clock::Clock;

static START: LazyLock<Instant> = LazyLock::new(Instant::now);

/// Microseconds since the first call, from 1.
pub fn now_us() -> u64 {
    START.elapsed().as_micros() as u64 + 1
}

/// The moment that [`now_us`] calls `us`.
pub fn instant_of(us: u64) -> Instant {
    *START + Duration::from_micros(us.saturating_sub(1))
}

/// What the store is opened with while a folder is prepared.
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> UnixMs {
        jiff::Timestamp::now().as_millisecond()
    }

    fn random(&self) -> u64 {
        getrandom::u64().expect("the system has random bits")
    }
}
