//! What happened in a workspace within some time, in numbers.
//!
//! Durations are counted in buckets, so that however many there are take the same room, and those
//! of two times add up. What is read from them is an estimate that lies in the right bucket.

use std::ops::Range;

use serde::{Deserialize, Serialize};

/// Upper bounds of the buckets, in milliseconds; each is in its bucket. What took longer than a
/// day is in a last one. Counts are kept by these bounds: others are another member of [`Counts`].
const BOUNDS_MS: [u64; 20] = [
    1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 30_000, 60_000, 300_000,
    900_000, 3_600_000, 14_400_000, 86_400_000,
];

/// How long things took.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Durations([u64; BOUNDS_MS.len() + 1]);

impl Durations {
    pub fn count(&mut self, took_ms: u64) {
        let bucket = BOUNDS_MS.partition_point(|bound| *bound < took_ms);
        self.0[bucket] = self.0[bucket].saturating_add(1);
    }

    pub fn add(&mut self, others: &Self) {
        for (count, other) in self.0.iter_mut().zip(others.0) {
            *count = count.saturating_add(other);
        }
    }

    /// The milliseconds within which `percent` of all ended, 1 to 100; `None` if there are none.
    /// In a bucket they are taken to be spread evenly; of the last one only its lower bound is
    /// known.
    pub fn within_ms(&self, percent: u32) -> Option<u64> {
        // In hundredths, which are exact: a rounded share may lie in the next bucket.
        let wanted =
            self.0.iter().map(|count| u128::from(*count)).sum::<u128>() * u128::from(percent);
        let mut below = 0;
        for (bucket, count) in self.0.iter().enumerate().filter(|(_, count)| 0 < **count) {
            let count = u128::from(*count) * 100;
            if wanted <= below + count {
                let lower = bucket.checked_sub(1).map_or(0, |it| BOUNDS_MS[it]);
                let upper = BOUNDS_MS.get(bucket).copied().unwrap_or(lower);
                let part = (wanted - below) as f64 / count as f64;
                return Some(lower + ((upper - lower) as f64 * part).ceil() as u64);
            }
            below += count;
        }
        None
    }
}

/// What is counted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Counts {
    /// Inbound events that were stored.
    pub received: u64,
    /// Inbound events that ended well.
    pub processed: u64,
    /// Inbound events that failed.
    pub failed: u64,
    /// Deliveries that were accepted.
    pub delivered: u64,
    /// Deliveries that were given up.
    pub dead: u64,
    /// Attempts that failed, whatever came after them.
    pub failed_attempts: u64,
    /// From the intake of an event to its end.
    pub process: Durations,
    /// From the storing of a message to its delivery, retries included.
    pub delivery: Durations,
}

impl Counts {
    pub fn add(&mut self, other: &Self) {
        // Taken apart, so that none is forgotten.
        let Self {
            received,
            processed,
            failed,
            delivered,
            dead,
            failed_attempts,
            process,
            delivery,
        } = other;
        for (count, other) in [
            (&mut self.received, received),
            (&mut self.processed, processed),
            (&mut self.failed, failed),
            (&mut self.delivered, delivered),
            (&mut self.dead, dead),
            (&mut self.failed_attempts, failed_attempts),
        ] {
            *count = count.saturating_add(*other);
        }
        self.process.add(process);
        self.delivery.add(delivery);
    }
}

/// Minutes since the Unix epoch, cut into steps of one length from the first on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Steps {
    pub minutes: Range<i64>,
    /// Minutes of a step, at least 1. The last one is shorter where they do not come out even.
    pub length: i64,
}

impl Steps {
    /// How many there are.
    pub fn count(&self) -> usize {
        let minutes = (self.minutes.end - self.minutes.start).max(0);
        (minutes as u64).div_ceil(self.length.max(1) as u64) as usize
    }

    /// The step that a minute is in, counted from 0.
    pub fn of(&self, minute: i64) -> Option<usize> {
        let is_in = self.minutes.contains(&minute);
        is_in.then(|| ((minute - self.minutes.start) / self.length.max(1)) as usize)
    }

    /// The first minute of each.
    pub fn starts(&self) -> impl Iterator<Item = i64> {
        self.minutes.clone().step_by(self.length.max(1) as usize)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn durations(took_ms: &[u64]) -> Durations {
        let mut durations = Durations::default();
        for took_ms in took_ms {
            durations.count(*took_ms);
        }
        durations
    }

    #[track_caller]
    fn check(took_ms: &[u64], percent: u32, expect: Option<u64>) {
        assert_eq!(durations(took_ms).within_ms(percent), expect, "{percent} % of {took_ms:?}");
    }

    #[test]
    fn a_part_is_read_within_its_bucket() {
        check(&[], 50, None);
        check(&[0], 50, Some(1));
        check(&[7, 7], 50, Some(8));
        check(&[7, 7], 100, Some(10));
        check(&[1, 1, 1, 400], 50, Some(1));
        check(&[1, 1, 1, 400], 95, Some(440));
        check(&[100, 101], 50, Some(100));
        check(&[u64::MAX], 99, Some(86_400_000));
    }

    proptest! {
        #[test]
        fn an_estimate_is_in_the_bucket_of_the_true_one(
            mut took_ms in prop::collection::vec(0..100_000_000u64, 1..50),
            percent in 1..=100u32,
        ) {
            let estimate = durations(&took_ms).within_ms(percent).unwrap();
            took_ms.sort_unstable();
            let truth = took_ms[(took_ms.len() * percent as usize).div_ceil(100) - 1];
            let bucket = |ms: u64| BOUNDS_MS.partition_point(|bound| *bound < ms);
            let last = *BOUNDS_MS.last().unwrap();
            prop_assert_eq!(bucket(estimate), bucket(truth.clamp(1, last)));
        }

        #[test]
        fn two_add_up_to_what_was_counted(
            one in prop::collection::vec(0..100_000_000u64, 0..20),
            other in prop::collection::vec(0..100_000_000u64, 0..20),
        ) {
            let mut sum = Counts { received: 1, process: durations(&one), ..Counts::default() };
            sum.add(&Counts { received: 2, process: durations(&other), ..Counts::default() });
            let all = durations(&[one, other].concat());
            prop_assert_eq!(sum, Counts { received: 3, process: all, ..Counts::default() });
        }
    }

    #[test]
    fn minutes_are_cut_into_steps() {
        let steps = Steps { minutes: 10..21, length: 5 };
        assert_eq!(steps.starts().collect::<Vec<_>>(), [10, 15, 20]);
        assert_eq!(steps.count(), 3);
        for (minute, expect) in
            [(9, None), (10, Some(0)), (14, Some(0)), (15, Some(1)), (20, Some(2)), (21, None)]
        {
            assert_eq!(steps.of(minute), expect, "{minute}");
        }
        assert_eq!(Steps { minutes: 10..10, length: 5 }.count(), 0);
    }
}
