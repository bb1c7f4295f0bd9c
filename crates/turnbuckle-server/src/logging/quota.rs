//! Keeps failures that repeat from flooding the log.
//!
//! Whatever fails in the same way at the same source or endpoint may write
//! [`LINES_MAX`] lines a minute at level `info` or above. The rest is written at `debug`,
//! and the next line at `info` tells how many those were.

use std::collections::HashMap;
use std::sync::Mutex;

use turnbuckle_core::id::{ConnectionNo, EndpointId, FunctionId, SourceId, UnixMs};

const WINDOW_MS: UnixMs = 60_000;
const LINES_MAX: u32 = 10;

/// Windows that are over are forgotten once there are this many.
const WINDOWS_MAX: usize = 10_000;

/// What may fail many times a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Failing {
    InboundEvents(SourceId),
    /// Posts whose sender could not be verified.
    Senders(SourceId),
    Attempts(EndpointId),
    Deliveries(EndpointId),
    Functions(FunctionId),
    /// Of a connection's mapping.
    Expressions(ConnectionNo),
    /// Requests that are turned away.
    Requests,
    /// The stage that makes records of events.
    Processing,
}

struct Window {
    ends_at: UnixMs,
    line_count: u32,
    left_out_count: u64,
}

/// How many lines each has written.
#[derive(Default)]
pub struct LogQuota(Mutex<HashMap<Failing, Window>>);

impl LogQuota {
    /// Takes one line. Answers how many were left out before it, `None` if it is
    /// to be left out itself.
    pub fn take(&self, failing: Failing, now: UnixMs) -> Option<u64> {
        let mut windows = self.0.lock().expect("no code panics holding the map");
        if WINDOWS_MAX <= windows.len() {
            windows.retain(|_, window| now < window.ends_at);
        }
        let fresh =
            |left_out_count| Window { ends_at: now + WINDOW_MS, line_count: 0, left_out_count };
        let window = windows.entry(failing).or_insert_with(|| fresh(0));
        // A clock that fell back begins a new one, too.
        if window.ends_at <= now || now + WINDOW_MS < window.ends_at {
            *window = fresh(window.left_out_count);
        }
        if window.line_count == LINES_MAX {
            window.left_out_count += 1;
            return None;
        }
        window.line_count += 1;
        Some(std::mem::take(&mut window.left_out_count))
    }
}

/// Writes a line at `info`, or the level given, if [`LogQuota::take`] answered so, else
/// at `debug`.
macro_rules! log_failure {
    ($level:ident: $left_out:expr, $($line:tt)+) => {
        match $left_out {
            Some(left_out) => {
                let left_out = Some(left_out).filter(|count| 0 < *count);
                tracing::$level!(left_out, $($line)+)
            }
            None => tracing::debug!($($line)+),
        }
    };
    ($left_out:expr, $($line:tt)+) => { $crate::logging::log_failure!(info: $left_out, $($line)+) };
}
pub(crate) use log_failure;

#[cfg(test)]
mod tests {
    use turnbuckle_core::id::Minter;

    use super::*;

    #[test]
    fn a_failure_that_repeats_is_told_ten_times_a_minute_and_then_how_often_more() {
        let minter = Minter::default();
        let one = Failing::Attempts(EndpointId(minter.mint(1, 1)));
        let other = Failing::Attempts(EndpointId(minter.mint(1, 2)));
        let quota = LogQuota::default();
        let take = |failing, now| quota.take(failing, now);

        let told = (0..25).filter(|_| take(one, 1_000).is_some()).count();
        assert_eq!(told, 10);
        assert_eq!(take(other, 1_000), Some(0), "each has a quota of its own");
        assert_eq!(take(one, 60_999), None);
        assert_eq!(take(one, 61_000), Some(16));
        assert_eq!(take(one, 61_000), Some(0));
    }

    #[test]
    fn a_clock_that_falls_back_does_not_silence_the_log() {
        let failing = Failing::Deliveries(EndpointId(Minter::default().mint(1, 1)));
        let quota = LogQuota::default();
        while quota.take(failing, 1_000_000).is_some() {}
        assert_eq!(quota.take(failing, 1_000), Some(1));
    }
}
