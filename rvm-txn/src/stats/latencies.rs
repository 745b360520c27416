//! Latencies: counted without a lock, and read as a histogram.

use std::time::Duration;

use super::Counter;
use crate::sync::Tally;

pub(super) const BUCKETS: usize = 48;

/// Counts durations by the power of two of their nanoseconds, and adds them up, without a lock.
#[derive(Debug)]
pub(crate) struct Histogram {
    counts: [Counter; BUCKETS],
    nanos: Counter,
}

impl Default for Histogram {
    fn default() -> Self {
        let counts = [const { Counter(Tally::new(0)) }; BUCKETS];
        Self { counts, nanos: Counter::default() }
    }
}

impl Histogram {
    pub(crate) fn record(&self, duration: Duration) {
        let nanos = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        let bucket = usize::try_from((nanos | 1).ilog2()).unwrap_or(BUCKETS);
        if let Some(counter) = self.counts.get(bucket.min(BUCKETS - 1)) {
            counter.add(1);
        }
        self.nanos.add(nanos);
    }

    pub(super) fn read(&self) -> Latencies {
        let counts = self.counts.iter().map(Counter::get).collect();
        Latencies { counts, nanos: self.nanos.get() }
    }
}

/// How often durations fell between powers of two of nanoseconds, and how long they were together.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Latencies {
    counts: Vec<u64>,
    nanos: u64,
}

impl Latencies {
    /// How many durations there were.
    #[must_use]
    pub fn count(&self) -> u64 {
        // Those that another process published may be anything.
        self.counts.iter().fold(0, |sum, count| count.saturating_add(sum))
    }

    /// How long they were together.
    #[must_use]
    pub fn total(&self) -> Duration {
        Duration::from_nanos(self.nanos)
    }

    /// Each power of two of nanoseconds, from 2, with how many durations lay below it but not below the one before. Those beyond the last, of
    /// about three days, are counted there.
    pub fn buckets(&self) -> impl Iterator<Item = (Duration, u64)> {
        let bounds = (1_u32..).map(|power| Duration::from_nanos(1_u64 << power.min(63)));
        bounds.zip(self.counts.iter().copied())
    }

    /// From what [`buckets`](Self::buckets) and [`total`](Self::total) gave; a bucket too many is left out.
    pub(super) fn from_parts(nanos: u64, counts: impl IntoIterator<Item = u64>) -> Self {
        let mut counts: Vec<u64> = counts.into_iter().take(BUCKETS).collect();
        counts.resize(BUCKETS, 0);
        Self { counts, nanos }
    }

    /// The duration that the given part (0 to 1) of all did not exceed, rounded up to a power of two of nanoseconds; zero if there
    /// were none.
    #[must_use]
    pub fn quantile(&self, part: f64) -> Duration {
        #[expect(
            clippy::as_conversions,
            clippy::cast_possible_truncation,
            clippy::cast_precision_loss,
            clippy::cast_sign_loss,
            reason = "a rank among counted events"
        )]
        let rank = (self.count() as f64 * part.clamp(0.0, 1.0)).ceil() as u64;
        let mut seen = 0;
        for (power, count) in (1_u32..).zip(&self.counts) {
            seen = count.saturating_add(seen);
            if seen >= rank.max(1) {
                return Duration::from_nanos(1_u64 << power);
            }
        }
        Duration::ZERO
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Guards against means of another set of durations than those that are counted.
    #[test]
    fn what_is_counted_is_added_up() {
        let histogram = Histogram::default();
        for nanos in [0, 700, 5_000_000_000] {
            histogram.record(Duration::from_nanos(nanos));
        }
        let read = histogram.read();
        assert_eq!((read.count(), read.total()), (3, Duration::from_nanos(5_000_000_700)));
        assert_eq!(read.quantile(0.5), Duration::from_nanos(1024));
    }
}
