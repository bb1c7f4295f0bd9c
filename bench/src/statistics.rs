//! Percentiles and medians.

/// A sorted sample of durations in microseconds.
#[derive(Debug, Clone, Default)]
pub struct Sample(Vec<u64>);

impl Sample {
    pub fn new(mut durations_us: Vec<u64>) -> Self {
        durations_us.sort_unstable();
        Self(durations_us)
    }

    /// The smallest value that `share` (`0.0..=1.0`) of the sample does not
    /// exceed, in milliseconds; not a number for an empty sample.
    pub fn percentile_ms(&self, share: f64) -> f64 {
        let rank = (share * self.0.len() as f64).ceil() as usize;
        match self.0.get(rank.max(1) - 1) {
            Some(us) => *us as f64 / 1_000.0,
            None => f64::NAN,
        }
    }
}

/// The middle value, or the mean of the two in the middle.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => f64::NAN,
        count if count % 2 == 0 => f64::midpoint(values[middle - 1], values[middle]),
        _ => values[middle],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_a_value_of_the_sample() {
        let check = |values: &[u64], share, expect: f64| {
            assert_eq!(Sample::new(values.to_vec()).percentile_ms(share), expect, "{values:?}");
        };
        check(&[3_000, 1_000, 2_000], 0.5, 2.0);
        check(&[3_000, 1_000, 2_000], 0.99, 3.0);
        check(&[7_000], 0.0, 7.0);
        check(&(1..=100).map(|it| it * 1_000).collect::<Vec<_>>(), 0.99, 99.0);
        assert!(Sample::default().percentile_ms(0.5).is_nan());
    }

    #[test]
    fn a_median_is_in_the_middle() {
        assert_eq!(median(vec![5.0, 1.0, 3.0]), 3.0);
        assert_eq!(median(vec![4.0, 1.0, 3.0, 2.0]), 2.5);
        assert!(median(Vec::new()).is_nan());
    }
}
