//! What `stats` prints.

use rvm_core::rvm_history::statistics::{
    LabelStatistics, LogStatistics, SegmentStatistics, Sizes, Statistics,
};
use rvm_core::{Latencies, Published, Stats};
use serde::Serialize;

use crate::quantities::nanos;
use crate::timestamps::rfc3339;

/// `stats`.
#[derive(Debug, Serialize)]
pub(crate) struct StatsReport {
    pub(crate) store: String,
    /// What the process that has it open tells; null if it tells nothing, or nobody has it open.
    pub(crate) published: Option<PublishedFacts>,
    /// What the logs hold.
    pub(crate) logs: LogStatsFacts,
    /// With `--watch`, from the second time on.
    pub(crate) rates: Option<RateFacts>,
}

/// What a process tells of the store that it has open.
#[derive(Debug, Serialize)]
pub(crate) struct PublishedFacts {
    /// The process.
    pub(crate) process: u32,
    /// When it opened the store.
    pub(crate) opened: String,
    pub(crate) opened_nanos: u64,
    /// When it told this.
    pub(crate) written: String,
    pub(crate) written_nanos: u64,
    /// How often it tells.
    pub(crate) every_nanos: u64,
    /// The process is gone, or silent for longer than it should be.
    pub(crate) stale: bool,
    /// The store takes no more commits until it is opened again.
    pub(crate) poisoned: bool,
    /// What it counted since it opened the store.
    pub(crate) counters: CounterFacts,
    /// How long commits took that are durable when they return.
    pub(crate) commit_latency: LatencyCounts,
    /// How long forces of a log took.
    pub(crate) force_latency: LatencyCounts,
}

/// What a process counted since it opened the store.
#[derive(Debug, Serialize)]
pub(crate) struct CounterFacts {
    /// Transactions committed so that they are durable on return.
    pub(crate) commits_forced: u64,
    /// Transactions committed lazily.
    pub(crate) commits_lazy: u64,
    /// Transactions aborted.
    pub(crate) aborts: u64,
    /// Undo records made.
    pub(crate) undo_records: u64,
    /// Ranges logged.
    pub(crate) redo_ranges: u64,
    /// Bytes of records appended to logs.
    pub(crate) log_bytes: u64,
    /// Forces of a log.
    pub(crate) log_forces: u64,
    /// Bytes that those wrote, in whole blocks.
    pub(crate) force_bytes: u64,
    /// Truncations that moved the head of a log.
    pub(crate) truncations: u64,
    /// Bytes of log that they freed.
    pub(crate) truncated_bytes: u64,
    /// Truncations that ran out of space and changed nothing.
    pub(crate) truncations_out_of_space: u64,
    /// Times that a log grew.
    pub(crate) log_growths: u64,
}

/// How long something took, by powers of two.
#[derive(Debug, Serialize)]
pub(crate) struct LatencyCounts {
    pub(crate) count: u64,
    /// How long they were together.
    pub(crate) total_nanos: u64,
    /// What half of them did not exceed, rounded up to a power of two, as the next two.
    pub(crate) p50_nanos: u64,
    /// What 90 of 100 did not exceed.
    pub(crate) p90_nanos: u64,
    /// What 99 of 100 did not exceed.
    pub(crate) p99_nanos: u64,
    /// From the first that is not empty to the last.
    pub(crate) histogram: Vec<BelowCount>,
}

/// How many lay below a bound, and not below half of it.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct BelowCount {
    /// The bound, a power of two.
    pub(crate) below_nanos: u64,
    pub(crate) count: u64,
}

/// What the logs hold.
#[derive(Debug, Serialize)]
pub(crate) struct LogStatsFacts {
    /// Committed transactions; one over several segments counts once.
    pub(crate) transactions: u64,
    /// Those of them that were committed lazily.
    pub(crate) lazy_transactions: u64,
    /// Also if its records are folded already.
    pub(crate) last_transaction: u64,
    /// Null if the logs are empty, as the next three.
    pub(crate) first_commit: Option<String>,
    pub(crate) first_commit_nanos: Option<u64>,
    /// When the last was committed.
    pub(crate) last_commit: Option<String>,
    pub(crate) last_commit_nanos: Option<u64>,
    /// From the first commit to the last; null if no time lies between them.
    pub(crate) commits_per_second: Option<f64>,
    pub(crate) records: u64,
    /// The bytes that the records take in the logs.
    pub(crate) record_bytes: u64,
    /// How many ranges they have.
    pub(crate) ranges: u64,
    /// The bytes in those.
    pub(crate) range_bytes: u64,
    /// Records by how many bytes they take, from the shortest on; sizes between may be missing at both ends only.
    pub(crate) record_lens: Vec<SizeCount>,
    /// Ranges by how many bytes they have.
    pub(crate) range_lens: Vec<SizeCount>,
    /// Transactions by label, most bytes first.
    pub(crate) labels: Vec<LabelFacts>,
    /// Transactions whose label was one too many to be told apart.
    pub(crate) other_labels: u64,
    /// Sorted by name.
    pub(crate) segments: Vec<SegmentStatsFacts>,
}

/// How many were of at least a size, and less than twice that.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct SizeCount {
    /// The smallest size that is counted here: 0 or a power of two.
    pub(crate) from: u64,
    pub(crate) count: u64,
}

/// The transactions of one label.
#[derive(Debug, Serialize)]
pub(crate) struct LabelFacts {
    /// Empty for those without one.
    pub(crate) label: String,
    /// How many transactions have it.
    pub(crate) transactions: u64,
    /// The bytes that their records take.
    pub(crate) record_bytes: u64,
    /// The bytes in their ranges.
    pub(crate) range_bytes: u64,
}

/// A segment and what its log holds.
#[derive(Debug, Serialize)]
pub(crate) struct SegmentStatsFacts {
    pub(crate) name: String,
    pub(crate) len: u64,
    /// Bytes that its log can hold; 0 if it has none yet.
    pub(crate) log_capacity: u64,
    /// Bytes of committed records in it.
    pub(crate) log_used: u64,
    /// Where the log's live records start.
    pub(crate) head_lsn: u64,
    /// Behind the last committed record.
    pub(crate) end_lsn: u64,
    pub(crate) records: u64,
    /// The bytes that its records take.
    pub(crate) record_bytes: u64,
    /// How many ranges they have.
    pub(crate) ranges: u64,
    /// The bytes in those.
    pub(crate) range_bytes: u64,
}

/// What was done since the last time.
#[derive(Debug, Serialize)]
pub(crate) struct RateFacts {
    /// How long ago that was.
    pub(crate) elapsed_nanos: u64,
    /// From the highest transaction that the logs know of.
    pub(crate) transactions_per_second: f64,
    /// From how far the logs' ends moved.
    pub(crate) log_bytes_per_second: f64,
    /// From what the process counts; null if it tells nothing, or is another one than before, as the next.
    pub(crate) commits_per_second: Option<f64>,
    /// Forces of a log.
    pub(crate) forces_per_second: Option<f64>,
}

impl StatsReport {
    pub(crate) fn new(store: String, found: &Statistics, rates: Option<RateFacts>) -> Self {
        let published = found.published.as_ref().map(PublishedFacts::from);
        Self { store, published, logs: LogStatsFacts::from(&found.logs), rates }
    }
}

impl From<&Published> for PublishedFacts {
    fn from(published: &Published) -> Self {
        Self {
            process: published.process,
            opened: rfc3339(published.opened),
            opened_nanos: published.opened,
            written: rfc3339(published.written),
            written_nanos: published.written,
            every_nanos: nanos(published.every),
            stale: published.stale,
            poisoned: published.poisoned,
            counters: CounterFacts::from(&published.stats),
            commit_latency: LatencyCounts::from(&published.stats.commit_latency),
            force_latency: LatencyCounts::from(&published.stats.force_latency),
        }
    }
}

impl From<&Stats> for CounterFacts {
    fn from(stats: &Stats) -> Self {
        Self {
            commits_forced: stats.commits_forced,
            commits_lazy: stats.commits_lazy,
            aborts: stats.aborts,
            undo_records: stats.undo_records,
            redo_ranges: stats.redo_ranges,
            log_bytes: stats.log_bytes,
            log_forces: stats.log_forces,
            force_bytes: stats.force_bytes,
            truncations: stats.truncations,
            truncated_bytes: stats.truncated_bytes,
            truncations_out_of_space: stats.truncations_out_of_space,
            log_growths: stats.log_growths,
        }
    }
}

impl From<&Latencies> for LatencyCounts {
    fn from(latencies: &Latencies) -> Self {
        let buckets = latencies
            .buckets()
            .map(|(below, count)| BelowCount { below_nanos: nanos(below), count });
        Self {
            count: latencies.count(),
            total_nanos: nanos(latencies.total()),
            p50_nanos: nanos(latencies.quantile(0.5)),
            p90_nanos: nanos(latencies.quantile(0.9)),
            p99_nanos: nanos(latencies.quantile(0.99)),
            histogram: between_empty(buckets.collect(), |bucket| bucket.count == 0),
        }
    }
}

impl From<&LogStatistics> for LogStatsFacts {
    fn from(logs: &LogStatistics) -> Self {
        Self {
            transactions: logs.transactions,
            lazy_transactions: logs.lazy_transactions,
            last_transaction: logs.last_transaction,
            first_commit: logs.first_commit.map(rfc3339),
            first_commit_nanos: logs.first_commit,
            last_commit: logs.last_commit.map(rfc3339),
            last_commit_nanos: logs.last_commit,
            commits_per_second: logs.commits_per_second(),
            records: logs.records,
            record_bytes: logs.record_bytes,
            ranges: logs.ranges,
            range_bytes: logs.range_bytes,
            record_lens: size_counts(&logs.record_lens),
            range_lens: size_counts(&logs.range_lens),
            labels: logs.labels.iter().map(LabelFacts::from).collect(),
            other_labels: logs.other_labels,
            segments: logs.segments.iter().map(SegmentStatsFacts::from).collect(),
        }
    }
}

impl From<&LabelStatistics> for LabelFacts {
    fn from(label: &LabelStatistics) -> Self {
        Self {
            label: label.label.clone(),
            transactions: label.transactions,
            record_bytes: label.record_bytes,
            range_bytes: label.range_bytes,
        }
    }
}

impl From<&SegmentStatistics> for SegmentStatsFacts {
    fn from(segment: &SegmentStatistics) -> Self {
        Self {
            name: segment.name.clone(),
            len: segment.len,
            log_capacity: segment.capacity,
            log_used: segment.used(),
            head_lsn: segment.head,
            end_lsn: segment.end,
            records: segment.records,
            record_bytes: segment.record_bytes,
            ranges: segment.ranges,
            range_bytes: segment.range_bytes,
        }
    }
}

fn size_counts(sizes: &Sizes) -> Vec<SizeCount> {
    let buckets = sizes.buckets().map(|(from, count)| SizeCount { from, count });
    between_empty(buckets.collect(), |bucket| bucket.count == 0)
}

/// Without the empty ones at both ends.
fn between_empty<T>(mut buckets: Vec<T>, is_empty: impl Fn(&T) -> bool) -> Vec<T> {
    let end = buckets.iter().rposition(|bucket| !is_empty(bucket)).map_or(0, |last| last + 1);
    buckets.truncate(end);
    let start = buckets.iter().position(|bucket| !is_empty(bucket)).unwrap_or(0);
    buckets.drain(..start);
    buckets
}
