//! What `status` prints, and the dry runs of `recover` and `truncate`, which have the same source.

use rvm_core::rvm_history::forecast::{DropReason, Dropped, Forecast, LogForecast};
use serde::Serialize;

use crate::holder::Holder;
use crate::quantities::nanos;
use crate::timestamps::rfc3339;

/// `status`.
#[derive(Debug, Serialize)]
pub(crate) struct StatusReport {
    pub(crate) store: String,
    /// Whether a process has it open for writing.
    pub(crate) in_use: bool,
    /// That process; null if none has, or if the system does not tell.
    pub(crate) holder: Option<HolderFacts>,
    /// Whether the next opening will recover it; false while it is in use.
    pub(crate) recovery_due: bool,
    /// How often it was recovered, plus one.
    pub(crate) epoch: u64,
    /// How long replaying all logs takes, by measured rates; see `docs/performance.md`.
    pub(crate) estimated_nanos: u64,
    /// Sorted by name.
    pub(crate) segments: Vec<SegmentFacts>,
    /// Files that were being made when the store crashed.
    pub(crate) unfinished_files: Vec<String>,
}

/// A process that has a store open.
#[derive(Debug, Serialize)]
pub(crate) struct HolderFacts {
    /// Its process id.
    pub(crate) pid: u32,
    /// The name of its program.
    pub(crate) command: Option<String>,
}

/// A segment in `status`.
#[derive(Debug, Serialize)]
pub(crate) struct SegmentFacts {
    pub(crate) name: String,
    pub(crate) len: u64,
    /// Null for a segment that was copied there and never mapped.
    pub(crate) log: Option<LogFacts>,
}

/// A log in `status`.
#[derive(Debug, Serialize)]
pub(crate) struct LogFacts {
    /// Bytes that it can hold.
    pub(crate) capacity: u64,
    /// Bytes between its head and its end.
    pub(crate) used: u64,
    /// The segment's file holds all that lies before.
    pub(crate) head_lsn: u64,
    /// No crash takes back what lies before.
    pub(crate) resolved_lsn: u64,
    /// Where they end.
    pub(crate) end_lsn: u64,
    /// Whole records, those that will be dropped included.
    pub(crate) records: u64,
    /// Records that recovery will drop.
    pub(crate) dropped_records: u64,
    /// Records to replay, and their bytes of log.
    pub(crate) replay_records: u64,
    /// Bytes of records that recovery would read.
    pub(crate) replay_bytes: u64,
    /// Bytes of a torn tail behind them.
    pub(crate) torn_bytes: u64,
    /// Whether it was shut down cleanly.
    pub(crate) clean: bool,
    /// Null if the log is empty.
    pub(crate) last_commit: Option<LastCommitFacts>,
}

/// The last transaction in a log.
#[derive(Debug, Serialize)]
pub(crate) struct LastCommitFacts {
    pub(crate) transaction: u64,
    /// When it was committed.
    pub(crate) commit_time: String,
    pub(crate) commit_time_nanos: u64,
    /// How long ago that was, by the clock of the machine; 0 if it is in the future.
    pub(crate) age_nanos: u64,
    pub(crate) label: String,
}

impl StatusReport {
    /// What the store's files say. `now` is in nanoseconds since 1970.
    pub(crate) fn new(
        store: String,
        forecast: &Forecast,
        segments: Vec<(String, u64)>,
        holder: Option<Holder>,
        now: u64,
    ) -> Self {
        let log_of = |name: &str| forecast.logs.iter().find(|log| log.segment.as_str() == name);
        let segments = segments.into_iter().map(|(name, len)| {
            let log = log_of(&name).map(|log| LogFacts::new(log, now));
            SegmentFacts { name, len, log }
        });
        Self {
            store,
            in_use: forecast.in_use,
            holder: holder.map(|Holder { pid, command }| HolderFacts { pid, command }),
            recovery_due: forecast.recovery_due,
            epoch: forecast.epoch.0,
            estimated_nanos: nanos(forecast.estimate()),
            segments: segments.collect(),
            unfinished_files: Vec::new(),
        }
    }
}

impl LogFacts {
    fn new(log: &LogForecast, now: u64) -> Self {
        let last = log.last.as_ref();
        Self {
            capacity: log.capacity,
            used: log.end.since(log.head),
            head_lsn: log.head.0,
            resolved_lsn: log.resolved.0,
            end_lsn: log.end.0,
            records: log.records + log.dropped_records,
            dropped_records: log.dropped_records,
            replay_records: log.records,
            replay_bytes: log.bytes(),
            torn_bytes: log.torn_bytes,
            clean: log.clean,
            last_commit: last.map(|last| LastCommitFacts {
                transaction: last.transaction.0,
                commit_time: rfc3339(last.commit_time),
                commit_time_nanos: last.commit_time,
                age_nanos: now.saturating_sub(last.commit_time),
                label: last.label.clone(),
            }),
        }
    }
}

/// `recover --dry-run` and `truncate --dry-run`.
#[derive(Debug, Serialize)]
pub(crate) struct ForecastReport {
    pub(crate) store: String,
    pub(crate) dry_run: bool,
    /// Whether a process has it open for writing.
    pub(crate) in_use: bool,
    /// Whether it was not shut down cleanly; false while it is in use.
    pub(crate) recovery_due: bool,
    /// How often it was recovered, plus one.
    pub(crate) epoch: u64,
    /// What would be done with each log.
    pub(crate) logs: Vec<LogForecastFacts>,
    /// Segments whose file has no log.
    pub(crate) adopted: Vec<String>,
    /// By measured rates; see `docs/performance.md`.
    pub(crate) estimated_nanos: u64,
}

/// What would be done with a log.
#[derive(Debug, Serialize)]
pub(crate) struct LogForecastFacts {
    pub(crate) segment: String,
    pub(crate) records: u64,
    /// Bytes of log that they take.
    pub(crate) log_bytes: u64,
    /// Bytes in the ranges of the records.
    pub(crate) range_bytes: u64,
    /// Whole records that would not count.
    pub(crate) dropped_records: u64,
    /// The first of them.
    pub(crate) dropped: Vec<DroppedFacts>,
    /// Bytes of a torn tail.
    pub(crate) torn_bytes: u64,
}

/// A record that would be dropped.
#[derive(Debug, Serialize)]
pub(crate) struct DroppedFacts {
    pub(crate) transaction: u64,
    pub(crate) lsn: u64,
    pub(crate) label: String,
    /// Where something is missing that it hangs on; null if it only follows one that is dropped.
    pub(crate) missing_in: Option<String>,
    /// Up to where that log would have to reach.
    pub(crate) needed_lsn: Option<u64>,
}

impl ForecastReport {
    /// What would be done.
    pub(crate) fn new(store: String, forecast: &Forecast) -> Self {
        Self {
            store,
            dry_run: true,
            in_use: forecast.in_use,
            recovery_due: forecast.recovery_due,
            epoch: forecast.epoch.0,
            logs: forecast.logs.iter().map(LogForecastFacts::from).collect(),
            adopted: forecast.adopted.iter().map(ToString::to_string).collect(),
            estimated_nanos: nanos(forecast.estimate()),
        }
    }
}

impl From<&LogForecast> for LogForecastFacts {
    fn from(log: &LogForecast) -> Self {
        Self {
            segment: log.segment.to_string(),
            records: log.records,
            log_bytes: log.bytes(),
            range_bytes: log.range_bytes,
            dropped_records: log.dropped_records,
            dropped: log.dropped.iter().map(DroppedFacts::from).collect(),
            torn_bytes: log.torn_bytes,
        }
    }
}

impl From<&Dropped> for DroppedFacts {
    fn from(dropped: &Dropped) -> Self {
        let missing = match &dropped.reason {
            DropReason::Missing { segment, needed } => Some((segment.to_string(), needed.0)),
            _ => None,
        };
        Self {
            transaction: dropped.transaction.0,
            lsn: dropped.lsn.0,
            label: dropped.label.clone(),
            missing_in: missing.as_ref().map(|(segment, _)| segment.clone()),
            needed_lsn: missing.map(|(_, needed)| needed),
        }
    }
}
