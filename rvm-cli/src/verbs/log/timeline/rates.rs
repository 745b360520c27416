//! How many commits there were at which time, in buckets that are as fine as memory allows for.

use std::collections::BTreeMap;

/// The finest bucket, in nanoseconds: some ticks of the clock that commits are stamped with.
const WIDTH_MIN: u64 = 10_000_000;

/// How many buckets there are at most between the first and the last.
const BUCKETS_MAX: u64 = 4096;

/// Counts of commits by time.
#[derive(Debug)]
pub(super) struct Rates {
    width: u64,
    buckets: BTreeMap<u64, u64>,
    bounds: Option<(u64, u64)>,
    total: u64,
}

impl Default for Rates {
    fn default() -> Self {
        Self { width: WIDTH_MIN, buckets: BTreeMap::new(), bounds: None, total: 0 }
    }
}

impl Rates {
    /// Counts a commit at a time, in nanoseconds. They may come in any order.
    pub(super) fn count(&mut self, time: u64) {
        let (first, last) = self.bounds.unwrap_or((time, time));
        let (first, last) = (first.min(time), last.max(time));
        self.bounds = Some((first, last));
        while last / self.width - first / self.width >= BUCKETS_MAX {
            self.width = self.width.saturating_mul(2);
            let mut wider: BTreeMap<u64, u64> = BTreeMap::new();
            for (place, count) in &self.buckets {
                *wider.entry(place / 2).or_default() += count;
            }
            self.buckets = wider;
        }
        *self.buckets.entry(time / self.width).or_default() += 1;
        self.total += 1;
    }

    /// How many there were.
    pub(super) const fn total(&self) -> u64 {
        self.total
    }

    /// The first and the last time; `None` without a commit.
    pub(super) const fn bounds(&self) -> Option<(u64, u64)> {
        self.bounds
    }

    /// How long a bucket is, and how many commits each has, from the first to the last, without a gap.
    pub(super) fn buckets(&self) -> (u64, Vec<u64>) {
        let places = self.buckets.keys();
        let (Some(first), Some(last)) = (places.clone().next(), places.last()) else {
            return (self.width, Vec::new());
        };
        let counts = (*first..=*last).map(|place| self.buckets.get(&place).copied().unwrap_or(0));
        (self.width, counts.collect())
    }

    /// The same in at most `columns` buckets, all equally long, but that the last may lie partly behind the last commit. The rates are in
    /// commits a second.
    pub(super) fn per_second(&self, columns: usize) -> Vec<u64> {
        let (width, counts) = self.buckets();
        let together = counts.len().div_ceil(columns.max(1)).max(1);
        let nanos = u128::from(width) * u128::try_from(together).unwrap_or(1);
        let rate = |counts: &[u64]| {
            let count: u64 = counts.iter().sum();
            u64::try_from(u128::from(count) * 1_000_000_000 / nanos).unwrap_or(u64::MAX)
        };
        counts.chunks(together).map(rate).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Guards against memory that a clock which jumps takes, and commits that get lost where buckets are put together.
    #[test]
    fn every_commit_is_counted_in_few_buckets() {
        let mut rates = Rates::default();
        for time in [5_000_000_000, 5_000_100_000, 6_000_000_000, 7_500_000_000] {
            rates.count(time);
        }
        assert_eq!(rates.buckets().1.iter().sum::<u64>(), 4);
        let two: Vec<u64> = rates.per_second(2);
        assert_eq!(two.len(), 2);
        assert!((two[0]..=3).contains(&2) && two[1] == 0, "{two:?}");
        for time in [0, u64::MAX] {
            rates.count(time);
        }
        let (_, buckets) = rates.buckets();
        assert!(buckets.len() <= 4096 && buckets.iter().sum::<u64>() == 6);
        assert_eq!(rates.bounds(), Some((0, u64::MAX)));
        assert!(Rates::default().per_second(10).is_empty());
    }
}
