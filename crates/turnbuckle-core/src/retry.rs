//! Decides what happens to a delivery after an attempt.
//!
//! Nothing here performs I/O, reads a clock or rolls dice: the caller passes
//! the outcome and a jitter sample, so every branch is a plain-value test.
//!
//! Deliveries are at-least-once. A receiver can see the same `webhook-id`
//! twice, never zero times, unless the delivery ends in [`NextStep::GiveUp`]
//! or a newer change takes its place (see [`crate::coalesce`]). Failures are
//! counted by the lane, so a newer change does not start the schedule again.

use std::ops::RangeInclusive;
use std::time::Duration;

use jiff::civil::DateTime;
use jiff::fmt::strtime;
use jiff::tz::Offset;
use serde_json::Value as Json;

use crate::id::UnixMs;
use crate::invalid::{Invalid, pointer};

/// Share of a wait that jitter may add on top.
const JITTER_SHARE: f64 = 0.2;
/// The longest `Retry-After` we honour.
pub const RETRY_AFTER_MAX: Duration = Duration::from_hours(24);
/// Retries a schedule of one's own may have.
pub const WAITS: RangeInclusive<usize> = 1..=50;
/// Seconds that one wait of such a schedule may last: up to 30 days.
pub const WAIT_S: RangeInclusive<u64> = 1..=30 * 24 * 60 * 60;

/// When to try again, and when to stop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetrySchedule {
    /// Wait after the 1st, 2nd, … failed attempt. One more failure than there
    /// are waits exhausts the delivery.
    waits: Vec<Duration>,
}

impl Default for RetrySchedule {
    /// 20 retries: 15 s and 2ⁿ s after the nth failure, 24 days in all.
    fn default() -> Self {
        Self { waits: (1..=20).map(|n| Duration::from_secs(15 + (1 << n))).collect() }
    }
}

/// What one attempt told us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttemptOutcome {
    /// The receiver answered as the endpoint demands, e.g. 2xx.
    Accepted,
    /// The receiver answered 410: it asks never to be called again.
    Gone,
    /// The receiver answered anything else.
    Refused { status: u16, retry_after: Option<Duration> },
    /// No answer: DNS, TLS, connect or timeout.
    Unreachable,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NextStep {
    Delivered,
    RetryIn(Duration),
    GiveUp(GiveUpReason),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum GiveUpReason {
    EndpointGone,
    AttemptsExhausted,
}

impl RetrySchedule {
    /// Reads a list of seconds, e.g. `[5, 300, 1800]`: 1 to 50 whole numbers,
    /// each 1 s to 30 days.
    ///
    /// # Errors
    /// Every entry that is wrong, by its place under `path`.
    pub fn parse(given: &Json, path: &str) -> Result<Self, Vec<Invalid>> {
        let entries = given.as_array().filter(|entries| WAITS.contains(&entries.len()));
        let Some(entries) = entries else {
            let detail =
                format!("must be null or {} to {} waits in seconds", WAITS.start(), WAITS.end());
            return Err(vec![Invalid::new(path, detail)]);
        };
        let mut waits = Vec::with_capacity(entries.len());
        let mut invalid = Vec::new();
        for (index, entry) in entries.iter().enumerate() {
            match entry.as_u64().filter(|seconds| WAIT_S.contains(seconds)) {
                Some(seconds) => waits.push(Duration::from_secs(seconds)),
                None => invalid.push(Invalid::new(
                    pointer(path, index),
                    format!("must be {} to {} whole seconds", WAIT_S.start(), WAIT_S.end()),
                )),
            }
        }
        if invalid.is_empty() { Ok(Self { waits }) } else { Err(invalid) }
    }

    /// The list of seconds that [`RetrySchedule::parse`] reads.
    pub fn to_json(&self) -> Json {
        self.waits.iter().map(Duration::as_secs).collect()
    }

    pub fn waits(&self) -> &[Duration] {
        &self.waits
    }

    /// The fate of a delivery after the `failure_number`-th failed attempt
    /// (1-based) ended in `outcome`; on success the number does not matter.
    /// `jitter` is a sample in `0.0..1.0`.
    pub fn next_step(&self, outcome: AttemptOutcome, failure_number: u32, jitter: f64) -> NextStep {
        let asked_for = match outcome {
            AttemptOutcome::Accepted => return NextStep::Delivered,
            AttemptOutcome::Gone => return NextStep::GiveUp(GiveUpReason::EndpointGone),
            AttemptOutcome::Refused { status: 429 | 503, retry_after } => retry_after,
            AttemptOutcome::Refused { .. } | AttemptOutcome::Unreachable => None,
        };
        let failure_index = failure_number.saturating_sub(1) as usize;
        let Some(&wait) = self.waits.get(failure_index) else {
            return NextStep::GiveUp(GiveUpReason::AttemptsExhausted);
        };

        // Jitter only ever lengthens a wait: a receiver in trouble must not be
        // called earlier than the schedule we publish.
        let jittered = wait.mul_f64(1.0 + JITTER_SHARE * jitter.clamp(0.0, 1.0));
        let asked_for = asked_for.unwrap_or_default().min(RETRY_AFTER_MAX);
        NextStep::RetryIn(jittered.max(asked_for))
    }
}

/// The three forms of an HTTP date; senders write the first, all are to be read.
const HTTP_DATES: [&str; 3] =
    ["%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"];

/// Reads a `Retry-After` header: seconds, or an HTTP date as seen from `now`.
///
/// A date in the past means at once, more than fits into a number means for
/// ever, anything unreadable is `None`.
pub fn parse_retry_after(header: &str, now: UnixMs) -> Option<Duration> {
    let header = header.trim();
    if !header.is_empty() && header.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(header.parse().map_or(Duration::MAX, Duration::from_secs));
    }
    let civil = HTTP_DATES.iter().find_map(|format| {
        let parsed = strtime::parse(format, header).ok()?;
        parsed.to_datetime().ok().filter(|civil| is_weekday_right(&parsed, *civil))
    })?;
    let at = Offset::UTC.to_timestamp(civil).ok()?.as_millisecond();
    Some(Duration::from_millis(u64::try_from(at.saturating_sub(now)).unwrap_or(0)))
}

fn is_weekday_right(parsed: &strtime::BrokenDownTime, civil: DateTime) -> bool {
    parsed.weekday().is_none_or(|weekday| weekday == civil.weekday())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    const SECOND: Duration = Duration::from_secs(1);

    /// The only place that calls the function under test.
    #[track_caller]
    fn check(outcome: AttemptOutcome, failure_number: u32, expect: NextStep) {
        let schedule = RetrySchedule { waits: vec![5 * SECOND, 60 * SECOND] };
        assert_eq!(schedule.next_step(outcome, failure_number, 0.0), expect);
    }

    fn refused(status: u16, retry_after: Option<Duration>) -> AttemptOutcome {
        AttemptOutcome::Refused { status, retry_after }
    }

    #[test]
    fn success_ends_the_delivery() {
        check(AttemptOutcome::Accepted, 1, NextStep::Delivered);
        check(AttemptOutcome::Accepted, 9, NextStep::Delivered);
    }

    #[test]
    fn gone_is_never_retried() {
        check(AttemptOutcome::Gone, 1, NextStep::GiveUp(GiveUpReason::EndpointGone));
    }

    #[test]
    fn waits_follow_the_schedule_then_stop() {
        check(AttemptOutcome::Unreachable, 1, NextStep::RetryIn(5 * SECOND));
        check(refused(500, None), 2, NextStep::RetryIn(60 * SECOND));
        check(AttemptOutcome::Unreachable, 3, NextStep::GiveUp(GiveUpReason::AttemptsExhausted));
        check(refused(503, Some(SECOND)), 3, NextStep::GiveUp(GiveUpReason::AttemptsExhausted));
    }

    #[test]
    fn retry_after_lengthens_a_wait_up_to_the_cap() {
        check(refused(503, Some(SECOND)), 1, NextStep::RetryIn(5 * SECOND));
        check(refused(503, Some(30 * SECOND)), 1, NextStep::RetryIn(30 * SECOND));
        check(refused(429, Some(30 * SECOND)), 1, NextStep::RetryIn(30 * SECOND));
        check(refused(429, Some(Duration::MAX)), 1, NextStep::RetryIn(RETRY_AFTER_MAX));
    }

    #[test]
    fn retry_after_means_nothing_beside_other_statuses() {
        check(refused(500, Some(30 * SECOND)), 1, NextStep::RetryIn(5 * SECOND));
        check(refused(302, Some(30 * SECOND)), 1, NextStep::RetryIn(5 * SECOND));
    }

    #[test]
    fn the_default_makes_20_retries_over_about_24_days() {
        let schedule = RetrySchedule::default();
        let total: Duration = schedule.waits().iter().sum();
        assert_eq!(schedule.waits().len(), 20);
        assert_eq!(schedule.waits()[0], 17 * SECOND);
        assert_eq!(total, (2_097_150 + 300) * SECOND);
    }

    #[test]
    fn a_schedule_of_ones_own_is_bounded() {
        let of = |given: Json| RetrySchedule::parse(&given, "/retry_schedule");
        let whole = json!([1, 300, 2_592_000]);
        assert_eq!(of(whole.clone()).unwrap().to_json(), whole);
        for wrong in [json!([]), json!(vec![1; 51]), json!(5), json!("5"), json!({})] {
            assert_eq!(of(wrong).unwrap_err()[0].path, "/retry_schedule");
        }
        let invalid = of(json!([0, 5, 2_592_001, 1.5, "9", null, -1])).unwrap_err();
        let paths: Vec<_> = invalid.iter().map(|it| it.path.as_str()).collect();
        assert_eq!(paths, [0, 2, 3, 4, 5, 6].map(|index| format!("/retry_schedule/{index}")));
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        /// Sun, 06 Nov 1994 08:49:37 GMT
        const AT: UnixMs = 784_111_777_000;
        let check = |header: &str, now: UnixMs, expect: Option<Duration>| {
            assert_eq!(parse_retry_after(header, now), expect, "{header}");
        };
        check("120", 0, Some(120 * SECOND));
        check(" 0 ", 0, Some(Duration::ZERO));
        check("99999999999999999999999", 0, Some(Duration::MAX));
        check("Sun, 06 Nov 1994 08:49:37 GMT", AT - 90_000, Some(90 * SECOND));
        check("Sunday, 06-Nov-94 08:49:37 GMT", AT - 90_000, Some(90 * SECOND));
        check("Sun Nov  6 08:49:37 1994", AT - 90_000, Some(90 * SECOND));
        check("Sun, 06 Nov 1994 08:49:37 GMT", AT + 1, Some(Duration::ZERO));
        for odd in ["", "-5", "1.5", "soon", "Mon, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994"] {
            check(odd, 0, None);
        }
    }

    proptest! {
        #[test]
        fn jitter_only_lengthens_and_by_a_fifth_at_most(n in 1..=20u32, jitter in 0.0..1.0) {
            let schedule = RetrySchedule::default();
            let wait = schedule.waits()[n as usize - 1];
            let NextStep::RetryIn(jittered) =
                schedule.next_step(AttemptOutcome::Unreachable, n, jitter)
            else {
                panic!("a wait is left");
            };
            prop_assert!(wait <= jittered && jittered <= wait.mul_f64(1.2));
        }

        #[test]
        fn no_retry_after_panics(header: String, now: i64) {
            parse_retry_after(&header, now);
        }
    }
}
