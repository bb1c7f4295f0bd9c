//! Chance that can be repeated: the same seed throws the same numbers.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

/// A small generator (SplitMix64); good enough to choose what a test does.
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A seed nobody chose.
    pub fn any_seed() -> u64 {
        RandomState::new().build_hasher().finish()
    }

    /// Another generator, e.g. for a task of its own.
    pub fn split(&mut self) -> Self {
        Self(self.throw())
    }

    pub fn throw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`, which must not be 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.throw() % bound
    }

    /// True once in `times` on average.
    pub fn once_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }

    /// A time up to `longest`, in milliseconds.
    pub fn millis(&mut self, longest: u64) -> Duration {
        Duration::from_millis(self.below(longest + 1))
    }
}
