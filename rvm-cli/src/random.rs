//! The random choices of the demo and the crash test: `SplitMix64`, so that a seed makes them again on every machine.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

/// Random numbers that follow from a seed.
#[derive(Clone, Debug)]
pub(crate) struct Random(u64);

impl Random {
    /// Begins with this seed.
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A seed that is another each time. Six digits, since people type it.
    pub(crate) fn draw_seed() -> u64 {
        // The standard library seeds its hash maps from the system's randomness.
        RandomState::new().hash_one(0_u8) % 1_000_000
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    /// A number below `limit`; 0 if that is 0. The remainder's bias is of no weight for numbers far below 2^64.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.next().checked_rem(limit).unwrap_or(0)
    }

    /// A duration shorter than `limit`.
    pub(crate) fn shorter_than(&mut self, limit: Duration) -> Duration {
        let nanos = u64::try_from(limit.as_nanos()).unwrap_or(u64::MAX);
        Duration::from_nanos(self.below(nanos))
    }
}
