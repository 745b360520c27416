//! What `rvmctl bench --json` prints.

use serde::Serialize;

/// `bench`.
#[derive(Debug, Serialize)]
pub(crate) struct BenchReport {
    /// Where the store was; it is gone.
    pub(crate) directory: String,
    /// How many threads committed.
    pub(crate) threads: usize,
    /// `one` that the threads share, or `each`.
    pub(crate) segments: &'static str,
    /// The length of a segment in bytes.
    pub(crate) segment_len: u64,
    /// `random` or `sequential`.
    pub(crate) pattern: &'static str,
    /// `force` or `lazy`.
    pub(crate) durability: &'static str,
    /// Those that count.
    pub(crate) rounds: u32,
    /// What each side had of a round.
    pub(crate) slice_nanos: u64,
    /// With all that does not count.
    pub(crate) duration_nanos: u64,
    /// Of all rounds that count.
    pub(crate) commits: u64,
    /// Commits of the store in a second, over the rounds.
    pub(crate) commits_per_second: SpreadFacts,
    /// `forces` of the disk, or `stores`: the same transactions in plain memory.
    pub(crate) reference: &'static str,
    /// What it is compared with, in a second.
    pub(crate) reference_per_second: SpreadFacts,
    /// Commits in parts of the reference, of the same round.
    pub(crate) ratio: RatioFacts,
    /// Whether the rounds of the reference lie at most 30 % of their median apart.
    pub(crate) steady: bool,
    /// How far the rounds of the reference lay apart, in percent of their median.
    pub(crate) reference_width_percent: u64,
    /// Whether the directory is in memory, so that a force costs nothing.
    pub(crate) in_memory: bool,
    /// Whether small forces go past the page cache; null for lazy commits.
    pub(crate) direct_writes: Option<bool>,
    /// How long commits took.
    pub(crate) commit_latency: LatencyFacts,
    /// Null for lazy commits.
    pub(crate) force_latency: Option<LatencyFacts>,
    /// Bytes of log for each commit.
    pub(crate) log_bytes_per_commit: u64,
    /// Forces of logs.
    pub(crate) log_forces: u64,
    /// What those wrote, in whole blocks.
    pub(crate) force_bytes: u64,
    /// What a commit takes beside its own force; null for lazy commits and for several threads, which share forces.
    pub(crate) nanos_outside_force: Option<u64>,
}

/// What rounds gave in a second.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct SpreadFacts {
    /// The median of the rounds.
    pub(crate) median: u64,
    /// The least.
    pub(crate) least: u64,
    /// The greatest.
    pub(crate) greatest: u64,
}

/// Ratios of rounds.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct RatioFacts {
    /// The median of the rounds.
    pub(crate) median: f64,
    /// The least.
    pub(crate) least: f64,
    /// The greatest.
    pub(crate) greatest: f64,
}

/// How long something took.
#[derive(Debug, Serialize)]
pub(crate) struct LatencyFacts {
    pub(crate) count: u64,
    /// What half of them did not exceed.
    pub(crate) p50_nanos: u64,
    /// What 90 of 100 did not exceed.
    pub(crate) p90_nanos: u64,
    /// What 99 of 100 did not exceed.
    pub(crate) p99_nanos: u64,
    /// What 999 of 1,000 did not exceed.
    #[serde(rename = "p99_9_nanos")]
    pub(crate) p999_nanos: u64,
    /// The longest.
    pub(crate) max_nanos: u64,
    /// Without a gap; they hold all that were counted.
    pub(crate) histogram: Vec<ColumnFacts>,
}

/// How many lie between two latencies.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub(crate) struct ColumnFacts {
    /// The least that is counted here.
    pub(crate) from_nanos: u64,
    /// The first that lies beyond.
    pub(crate) below_nanos: u64,
    pub(crate) count: u64,
}
