//! Limits that owners set for their sources.
//!
//! Each limited source has a bucket of one second's worth of posts that fills
//! as time passes. A bucket is one number, the time at which it is full again,
//! and lives in memory: a restart fills all of them, which does no harm.

use std::collections::HashMap;
use std::sync::Mutex;

use turnbuckle_core::id::{SourceId, UnixMs};
use turnbuckle_core::source::RateLimit;

const SECOND_US: i64 = 1_000_000;

/// Full buckets are forgotten once there are this many.
const BUCKETS_MAX: usize = 10_000;

/// How full the buckets of all limited sources are.
#[derive(Default)]
pub struct RateLimits(Mutex<HashMap<SourceId, i64>>);

impl RateLimits {
    /// Takes one post out of the bucket of `source`.
    ///
    /// # Errors
    /// The seconds after which there is room again, at least 1.
    pub fn take(&self, source: SourceId, limit: RateLimit, now: UnixMs) -> Result<(), u64> {
        let now = now.saturating_mul(1_000);
        let cost = (SECOND_US / i64::from(limit.per_second.max(1))).max(1);
        let mut full_at = self.0.lock().expect("no code panics holding the map");
        if BUCKETS_MAX <= full_at.len() {
            full_at.retain(|_, full_at| now < *full_at);
        }
        let bucket = full_at.entry(source).or_insert(now);
        // A clock that fell back must not close a source for longer than its bucket lasts.
        *bucket = (*bucket).clamp(now, now + SECOND_US);
        let missing = *bucket + cost - now - SECOND_US;
        if 0 < missing {
            return Err((missing as u64).div_ceil(SECOND_US as u64));
        }
        *bucket += cost;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use turnbuckle_core::id::Minter;

    use super::*;

    /// How many of `posts` pass that arrive at once at `at`.
    #[track_caller]
    fn check(limits: &RateLimits, source: SourceId, at: UnixMs, posts: usize, expect: usize) {
        let limit = RateLimit { per_second: 10 };
        let passed = (0..posts).filter(|_| limits.take(source, limit, at).is_ok()).count();
        assert_eq!(passed, expect, "at {at}");
    }

    fn source(at: UnixMs) -> SourceId {
        SourceId(Minter::default().mint(at, 1))
    }

    #[test]
    fn a_second_of_posts_passes_at_once_and_then_at_the_rate() {
        let limits = RateLimits::default();
        check(&limits, source(1), 1_000, 50, 10);
        check(&limits, source(1), 1_099, 50, 0);
        check(&limits, source(1), 1_100, 50, 1);
        check(&limits, source(1), 1_400, 50, 3);
        check(&limits, source(1), 9_000, 50, 10);
    }

    #[test]
    fn sources_have_buckets_of_their_own() {
        let limits = RateLimits::default();
        check(&limits, source(1), 1_000, 50, 10);
        check(&limits, source(2), 1_000, 50, 10);
    }

    #[test]
    fn a_clock_that_falls_back_closes_nothing_for_long() {
        let limits = RateLimits::default();
        check(&limits, source(1), 1_000_000, 10, 10);
        check(&limits, source(1), 1_000, 50, 0);
        check(&limits, source(1), 2_000, 50, 10);
    }

    #[test]
    fn a_refusal_tells_when_there_is_room() {
        let limits = RateLimits::default();
        let slow = RateLimit { per_second: 1 };
        assert_eq!(limits.take(source(1), slow, 5_000), Ok(()));
        assert_eq!(limits.take(source(1), slow, 5_000), Err(1));
        assert_eq!(limits.take(source(1), slow, 6_000), Ok(()));
    }

    #[test]
    fn any_limit_and_any_time_are_taken() {
        let limits = RateLimits::default();
        for per_second in [1, 3, 1_000_000, u32::MAX] {
            for now in [0, 1, 4_000_000_000_000] {
                let _ = limits.take(source(1), RateLimit { per_second }, now);
            }
        }
    }
}
