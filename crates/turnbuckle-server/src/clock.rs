//! The system's clock and dice.

use turnbuckle_core::id::UnixMs;
use turnbuckle_store::clock::Clock;

use crate::random::random_u64;

pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> UnixMs {
        jiff::Timestamp::now().as_millisecond()
    }

    fn random(&self) -> u64 {
        random_u64()
    }
}
