//! Counters and latency histograms of a store. Those that any thread raises at any time are relaxed: they order nothing.

use std::time::Duration;

use crate::sync::Tally;
use crate::sync::atomic::Ordering;

/// A counter that any thread may raise.
#[derive(Debug, Default)]
pub(crate) struct Counter(Tally);

impl Counter {
    pub(crate) fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

const BUCKETS: usize = 48;

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

    fn read(&self) -> Latencies {
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
        self.counts.iter().sum()
    }

    /// How long they were together.
    #[must_use]
    pub fn total(&self) -> Duration {
        Duration::from_nanos(self.nanos)
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
            seen += count;
            if seen >= rank.max(1) {
                return Duration::from_nanos(1_u64 << power);
            }
        }
        Duration::ZERO
    }
}

/// What was appended to a log. Counted under its latch, where that costs next to nothing.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Appends {
    /// Of a transaction over several logs, in the first.
    pub(crate) commits_lazy: u64,
    /// As the lazy commits.
    pub(crate) undo_records: u64,
    pub(crate) redo_ranges: u64,
    pub(crate) log_bytes: u64,
}

impl Appends {
    pub(crate) fn add(&mut self, more: &Self) {
        self.commits_lazy += more.commits_lazy;
        self.undo_records += more.undo_records;
        self.redo_ranges += more.redo_ranges;
        self.log_bytes += more.log_bytes;
    }
}

/// What a store counts.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) commits_forced: Counter,
    /// Besides those that [`Appends`] counts.
    pub(crate) commits_lazy: Counter,
    pub(crate) aborts: Counter,
    /// Besides those that [`Appends`] counts.
    pub(crate) undo_records: Counter,
    pub(crate) log_forces: Counter,
    pub(crate) force_bytes: Counter,
    pub(crate) truncations: Counter,
    pub(crate) truncated_bytes: Counter,
    pub(crate) truncations_out_of_space: Counter,
    pub(crate) log_growths: Counter,
    pub(crate) force_latency: Histogram,
    pub(crate) commit_latency: Histogram,
}

/// What a store did since it was opened.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Stats {
    /// Transactions committed with `Durability::Force`.
    pub commits_forced: u64,
    /// Transactions committed with `Durability::Lazy`.
    pub commits_lazy: u64,
    /// Transactions aborted, dropped ones included.
    pub aborts: u64,
    /// Undo records made.
    pub undo_records: u64,
    /// Redo ranges logged.
    pub redo_ranges: u64,
    /// Bytes of records appended to logs.
    pub log_bytes: u64,
    /// Forces of a log.
    pub log_forces: u64,
    /// Bytes that those wrote, in whole blocks.
    pub force_bytes: u64,
    /// Truncations that moved a log's head.
    pub truncations: u64,
    /// Bytes of log that they freed.
    pub truncated_bytes: u64,
    /// Truncations that ran out of space and changed nothing.
    pub truncations_out_of_space: u64,
    /// Times that a log grew.
    pub log_growths: u64,
    /// How long forces of a log took.
    pub force_latency: Latencies,
    /// How long commits with `Durability::Force` took.
    pub commit_latency: Latencies,
}

impl Counters {
    /// `appends` are those of all logs, of which some may be gone.
    pub(crate) fn read(&self, appends: Appends) -> Stats {
        Stats {
            commits_forced: self.commits_forced.get(),
            commits_lazy: appends.commits_lazy + self.commits_lazy.get(),
            aborts: self.aborts.get(),
            undo_records: appends.undo_records + self.undo_records.get(),
            redo_ranges: appends.redo_ranges,
            log_bytes: appends.log_bytes,
            log_forces: self.log_forces.get(),
            force_bytes: self.force_bytes.get(),
            truncations: self.truncations.get(),
            truncated_bytes: self.truncated_bytes.get(),
            truncations_out_of_space: self.truncations_out_of_space.get(),
            log_growths: self.log_growths.get(),
            force_latency: self.force_latency.read(),
            commit_latency: self.commit_latency.read(),
        }
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
