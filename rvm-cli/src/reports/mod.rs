//! What `rvmctl --json` prints: one structure for each verb.
//!
//! The names of the fields are part of the interface: they may gain neighbours, and never change. Lengths and positions are in bytes,
//! durations in nanoseconds and named so; moments are there twice, as RFC 3339 text and as nanoseconds since 1970.

mod archive;
mod bench;
mod copies;
mod crashtest;
mod demo;
mod history;
mod portable;
mod repair;
mod salvage;
mod stats;
mod status;
mod timeline;
mod verify;

use rvm_core::{LogRecovery, RecoveryReport};
use serde::Serialize;

use crate::quantities::nanos;

pub(crate) use archive::{
    ArchiveDamage, ArchiveStatus, ArchiveSwitched, ArchivedSegment, KnownFacts, ReplayReport,
    ReplayedSegment,
};
pub(crate) use bench::{BenchReport, ColumnFacts, LatencyFacts, RatioFacts, SpreadFacts};
pub(crate) use copies::{BackupFacts, RestoreFacts, VerifiedFacts};
pub(crate) use crashtest::{CrashtestReport, FindingFacts};
pub(crate) use demo::{DemoReport, KillFacts, OpeningFacts, VerifyReport};
pub(crate) use history::{
    BlameReport, DumpReport, DumpRow, MissedFacts, ShowReport, TransactionFacts, TransactionsReport,
};
pub(crate) use portable::{DiffFacts, DifferingFacts, DifferingValue, ExportFacts, ImportFacts};
pub(crate) use repair::{RepairReport, StepFacts};
pub(crate) use salvage::{DamageFacts, SalvageFacts, SalvagedSegment, word_of};
pub(crate) use stats::{
    BelowCount, CounterFacts, LabelFacts, LatencyCounts, LogStatsFacts, PublishedFacts, RateFacts,
    SegmentStatsFacts, SizeCount, StatsReport,
};
pub(crate) use status::{
    DroppedFacts, ForecastReport, HolderFacts, LastCommitFacts, LogFacts, LogForecastFacts,
    SegmentFacts, StatusReport,
};
pub(crate) use timeline::{CommitsFacts, RingFacts, RingPiece, TimelineReport};
pub(crate) use verify::{FoundFacts, VerifiedReport};

/// An error, on standard error.
#[derive(Debug, Serialize)]
pub(crate) struct ErrorReport {
    /// What went wrong.
    pub(crate) error: ErrorFacts,
}

/// What went wrong.
#[derive(Debug, Serialize)]
pub(crate) struct ErrorFacts {
    /// `misuse`, `io`, `corruption`, `state`, `input`, `demo`, `crashtest`, `bench` or `interrupted`.
    pub(crate) family: &'static str,
    /// The line that people get.
    pub(crate) message: String,
    /// The exit code.
    pub(crate) exit_code: u8,
    /// The damaged file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) file: Option<String>,
    /// Where in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) offset: Option<u64>,
}

/// `seg ls`.
#[derive(Debug, Serialize)]
pub(crate) struct SegmentsReport {
    pub(crate) store: String,
    /// Sorted by name.
    pub(crate) segments: Vec<NamedLength>,
}

/// `seg create` and `seg destroy`, and a segment in `seg ls`.
#[derive(Debug, Serialize)]
pub(crate) struct NamedLength {
    pub(crate) name: String,
    pub(crate) len: u64,
}

/// `seg create`.
#[derive(Debug, Serialize)]
pub(crate) struct CreatedReport {
    pub(crate) store: String,
    /// The new segment.
    pub(crate) created: NamedLength,
    /// Nothing was written.
    pub(crate) dry_run: bool,
}

/// `seg destroy`.
#[derive(Debug, Serialize)]
pub(crate) struct DestroyedReport {
    pub(crate) store: String,
    /// The segment that is gone.
    pub(crate) destroyed: NamedLength,
    /// Nothing was written.
    pub(crate) dry_run: bool,
}

/// `peek`.
#[derive(Debug, Serialize)]
pub(crate) struct PeekReport {
    pub(crate) segment: String,
    /// The length of the segment in bytes.
    pub(crate) segment_len: u64,
    pub(crate) offset: u64,
    pub(crate) len: u64,
    /// The bytes, two hexadecimal digits each.
    pub(crate) hex: String,
}

/// `poke`.
#[derive(Debug, Serialize)]
pub(crate) struct PokeReport {
    pub(crate) segment: String,
    pub(crate) offset: u64,
    pub(crate) len: u64,
    /// Null if nothing was written: a dry run.
    pub(crate) transaction: Option<u64>,
    pub(crate) label: String,
    /// What opening the store found; null in a dry run.
    pub(crate) recovery: Option<RecoveryFacts>,
}

/// A range of a record.
#[derive(Debug, Serialize)]
pub(crate) struct RangeFacts {
    pub(crate) offset: u64,
    pub(crate) len: u64,
}

/// `truncate`.
#[derive(Debug, Serialize)]
pub(crate) struct TruncatedReport {
    pub(crate) store: String,
    /// How many logs were folded.
    pub(crate) logs_truncated: u64,
    /// How many bytes of log that freed.
    pub(crate) freed_bytes: u64,
    /// Segments whose device was full.
    pub(crate) out_of_space: Vec<String>,
    /// What opening the store found, and folded.
    pub(crate) recovery: RecoveryFacts,
}

/// `recover`.
#[derive(Debug, Serialize)]
pub(crate) struct RecoveredReport {
    pub(crate) store: String,
    #[serde(flatten)]
    pub(crate) recovery: RecoveryFacts,
}

/// What opening a store for writing found and did.
#[derive(Debug, Serialize)]
pub(crate) struct RecoveryFacts {
    /// Whether there was anything to recover.
    pub(crate) recovered: bool,
    /// How often the store was recovered, plus one.
    pub(crate) epoch: u64,
    /// What was found in each log; empty if nothing was recovered.
    pub(crate) logs: Vec<RecoveredLog>,
    /// Segments whose file had no log.
    pub(crate) adopted: Vec<String>,
    /// Files that were being made when the store crashed.
    pub(crate) removed_files: Vec<String>,
    pub(crate) duration_nanos: u64,
}

/// What recovery found in one log.
#[derive(Debug, Serialize)]
pub(crate) struct RecoveredLog {
    pub(crate) segment: String,
    pub(crate) records: u64,
    /// Bytes in the ranges of its records.
    pub(crate) range_bytes: u64,
    /// Bytes that were written to the segment; each once.
    pub(crate) applied_bytes: u64,
    /// Whole records that do not count, since something that they hang on is not there.
    pub(crate) dropped_records: u64,
    /// Bytes of a force that the crash cut short.
    pub(crate) torn_bytes: u64,
}

impl From<&RecoveryReport> for RecoveryFacts {
    fn from(report: &RecoveryReport) -> Self {
        Self {
            recovered: report.recovered,
            epoch: report.epoch,
            logs: report.logs.iter().map(RecoveredLog::from).collect(),
            adopted: report.adopted.clone(),
            removed_files: report.removed_files.clone(),
            duration_nanos: nanos(report.duration),
        }
    }
}

impl From<&LogRecovery> for RecoveredLog {
    fn from(log: &LogRecovery) -> Self {
        Self {
            segment: log.segment.clone(),
            records: log.records,
            range_bytes: log.range_bytes,
            applied_bytes: log.applied_bytes,
            dropped_records: log.dropped_records,
            torn_bytes: log.torn_bytes,
        }
    }
}
