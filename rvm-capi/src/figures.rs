//! What the library counts, as C gets it. All fields are as wide, so that there is no padding.
#![expect(unreachable_pub, reason = "what C names is not named by Rust")]
#![expect(clippy::doc_markdown, reason = "the text of a header")]

use std::ffi::c_ulong;
use std::time::Duration;

use rvm_core::{Latencies, RecoveryReport, Stats};

/// What opening a directory found and did.
#[repr(C)]
#[derive(Clone, Copy, Default, Debug)]
pub struct rvmx_recovery {
    /// 1 if it was recovered; 0 if it had been closed, or was new.
    pub recovered: c_ulong,
    /// How often it has been recovered, plus one.
    pub epoch: c_ulong,
    /// Logs that were read.
    pub logs: c_ulong,
    /// Committed records that were applied, in all logs.
    pub records: c_ulong,
    /// Bytes in their ranges.
    pub range_bytes: c_ulong,
    /// Bytes applied.
    pub applied_bytes: c_ulong,
    /// Whole records that do not count, since something that they hang on did not reach the disk.
    pub dropped_records: c_ulong,
    /// Bytes of forces that the crash cut short.
    pub torn_bytes: c_ulong,
    /// Segments whose file had no log, and that were taken over.
    pub adopted: c_ulong,
    /// Unfinished files that were removed.
    pub removed_files: c_ulong,
    /// How long it took, in nanoseconds.
    pub nanoseconds: c_ulong,
}

impl rvmx_recovery {
    pub(crate) fn of(report: &RecoveryReport) -> Self {
        let mut all = Self {
            recovered: report.recovered.into(),
            epoch: report.epoch,
            logs: counted(report.logs.len()),
            adopted: counted(report.adopted.len()),
            removed_files: counted(report.removed_files.len()),
            nanoseconds: nanoseconds(report.duration),
            ..Self::default()
        };
        for log in &report.logs {
            all.records += log.records;
            all.range_bytes += log.range_bytes;
            all.applied_bytes += log.applied_bytes;
            all.dropped_records += log.dropped_records;
            all.torn_bytes += log.torn_bytes;
        }
        all
    }
}

/// What was done in a directory since it was opened.
#[repr(C)]
#[derive(Clone, Copy, Default, Debug)]
pub struct rvmx_stats {
    /// Transactions committed with RVMX_FORCE.
    pub commits_forced: c_ulong,
    /// Transactions committed with RVMX_LAZY.
    pub commits_lazy: c_ulong,
    /// Transactions aborted.
    pub aborts: c_ulong,
    /// Undo records made: one for each declared range.
    pub undo_records: c_ulong,
    /// Redo ranges logged.
    pub redo_ranges: c_ulong,
    /// Bytes of records appended to logs.
    pub log_bytes: c_ulong,
    /// Forces of a log.
    pub log_forces: c_ulong,
    /// Bytes that those wrote, in whole blocks.
    pub force_bytes: c_ulong,
    /// Truncations that freed space.
    pub truncations: c_ulong,
    /// Bytes of log that they freed.
    pub truncated_bytes: c_ulong,
    /// Truncations that found the device full and changed nothing.
    pub truncations_out_of_space: c_ulong,
    /// Times that a log grew.
    pub log_growths: c_ulong,
    /// The nanoseconds that half of the forces did not exceed, rounded up to a power of two.
    pub force_p50_ns: c_ulong,
    /// The nanoseconds that 99 of 100 forces did not exceed, rounded up to a power of two.
    pub force_p99_ns: c_ulong,
    /// The nanoseconds that half of the commits with RVMX_FORCE did not exceed, rounded up to a power of two.
    pub commit_p50_ns: c_ulong,
    /// The nanoseconds that 99 of 100 commits with RVMX_FORCE did not exceed, rounded up to a power of two.
    pub commit_p99_ns: c_ulong,
}

impl rvmx_stats {
    pub(crate) fn of(stats: &Stats) -> Self {
        let quantile = |of: &Latencies, part| nanoseconds(of.quantile(part));
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
            force_p50_ns: quantile(&stats.force_latency, 0.5),
            force_p99_ns: quantile(&stats.force_latency, 0.99),
            commit_p50_ns: quantile(&stats.commit_latency, 0.5),
            commit_p99_ns: quantile(&stats.commit_latency, 0.99),
        }
    }
}

fn counted(count: usize) -> c_ulong {
    c_ulong::try_from(count).unwrap_or(c_ulong::MAX)
}

fn nanoseconds(duration: Duration) -> c_ulong {
    c_ulong::try_from(duration.as_nanos()).unwrap_or(c_ulong::MAX)
}
