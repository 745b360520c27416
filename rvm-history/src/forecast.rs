//! What recovery would do, without doing it: which records of each log count, which it would drop and why, and how long that takes.
//!
//! ```
//! use std::sync::Arc;
//! use std::time::Duration;
//!
//! use rvm_history::forecast::Forecast;
//! use rvm_storage::MemStorage;
//! use rvm_txn::{Config, Store};
//!
//! let storage = MemStorage::new();
//! let store = Store::open(Arc::new(storage.clone()), Config::default())?;
//! let notes = store.map("notes", 4096)?;
//! let mut txn = store.begin(&[&notes])?;
//! txn.write(&notes, 0, b"kept")?;
//! txn.commit()?;
//!
//! let forecast = Forecast::of(&storage.crash(), Duration::from_secs(10))?;
//! assert!(forecast.recovery_due && !forecast.in_use);
//! assert_eq!((forecast.logs[0].records, forecast.logs[0].range_bytes), (1, 4));
//! # Ok::<(), rvm_txn::Error>(())
//! ```

use std::time::Duration;

use rvm_log::{Epoch, LogId, Lsn, RecordView, TxnId};
use rvm_storage::{LockMode, LockScope, SegmentName, Storage, StorageError};
use rvm_txn::Result;
use rvm_txn::inspect::{LogView, View};

/// How long a record takes to be read, checked and applied, from a device: the slowest row of `docs/performance.md`, rounded up.
pub const NANOS_PER_RECORD: u64 = 220;

/// How many bytes of log are read, checked and applied in a second at least: half of what that page has for large transactions.
pub const BYTES_PER_SECOND: u64 = 800_000_000;

/// How long a force takes: the longest that `docs/performance.md` has of those made by hand, on a solid-state disk.
pub const NANOS_PER_FORCE: u64 = 1_000_000;

/// How often recovery forces something for each log: the log, its header three times, and the segment.
pub const FORCES_PER_LOG: u32 = 5;

/// How many records that would be dropped are told of in each log, the first ones.
pub const DROPPED_MAX: usize = 100;

/// What recovery would find and do.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Forecast {
    /// Whether a process has the store open for writing. Then its logs are no matter for recovery.
    pub in_use: bool,
    /// Whether the next opening for writing recovers the store. False while it is in use.
    pub recovery_due: bool,
    /// How often the store was recovered, plus one.
    pub epoch: Epoch,
    /// What was found in each log, sorted by the name of the segment.
    pub logs: Vec<LogForecast>,
    /// Segments without a log.
    pub adopted: Vec<SegmentName>,
}

/// What recovery would find and do in one log.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct LogForecast {
    /// The segment.
    pub segment: SegmentName,
    /// Bytes that the log can hold.
    pub capacity: u64,
    /// Where its live records start. The segment's file holds all that lies before.
    pub head: Lsn,
    /// Up to where the header vouches: no crash takes back what lies before.
    pub resolved: Lsn,
    /// Behind the last record that counts.
    pub cut: Lsn,
    /// Behind the last whole record.
    pub end: Lsn,
    /// Records that count.
    pub records: u64,
    /// Bytes in their ranges.
    pub range_bytes: u64,
    /// Whole records that do not count.
    pub dropped_records: u64,
    /// The first of them, at most [`DROPPED_MAX`].
    pub dropped: Vec<Dropped>,
    /// Bytes of a force that was cut short, behind the last record.
    pub torn_bytes: u64,
    /// Whether the log was shut down cleanly.
    pub clean: bool,
    /// The last record that counts, if the log still holds one.
    pub last: Option<LastCommit>,
}

/// The last record of a log.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct LastCommit {
    /// Its transaction.
    pub transaction: TxnId,
    /// When it was committed, in nanoseconds since 1970, by the clock of the machine.
    pub commit_time: u64,
    /// Its label; bytes that are not UTF-8 are replaced.
    pub label: String,
}

/// A whole record that recovery would drop.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Dropped {
    /// Its transaction.
    pub transaction: TxnId,
    /// Where it starts.
    pub lsn: Lsn,
    /// Its label; bytes that are not UTF-8 are replaced.
    pub label: String,
    /// Why it does not count.
    pub reason: DropReason,
}

/// Why a whole record does not count.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum DropReason {
    /// Another part of its transaction, or what it hangs on, did not reach the disk.
    Missing {
        /// The segment in whose log it is missing.
        segment: SegmentName,
        /// Up to where that log would have to count.
        needed: Lsn,
    },
    /// It follows one that does not count.
    Follows,
}

impl Forecast {
    /// Reads the logs, and writes nothing. Waits up to `wait` for the store's files to keep still.
    ///
    /// # Errors
    /// [`Error::LayoutBusy`](rvm_txn::Error::LayoutBusy), [`Error::Corrupt`](rvm_txn::Error::Corrupt); I/O.
    pub fn of(storage: &dyn Storage, wait: Duration) -> Result<Self> {
        let in_use = match storage.lock(LockScope::Owner, LockMode::Shared, Duration::ZERO) {
            Ok(_not_in_use) => false,
            Err(StorageError::Locked { .. }) => true,
            Err(error) => return Err(error.into()),
        };
        let view = View::take(storage, wait)?;
        let logs: Vec<LogForecast> =
            view.logs().map(|log| LogForecast::of(&view, log)).collect::<Result<_>>()?;
        let epochs = || view.logs().map(|log| log.header().epoch);
        let epoch = epochs().max().unwrap_or(Epoch(1));
        let is_at_rest = |log: &LogForecast| log.is_at_rest();
        let is_clean = logs.iter().all(is_at_rest) && epochs().all(|other| other == epoch);
        let has_log = |name: &SegmentName| logs.iter().any(|log| log.segment == *name);
        let adopted = view.segments().iter().filter(|name| !has_log(name)).cloned().collect();
        Ok(Self { in_use, recovery_due: !is_clean && !in_use, epoch, logs, adopted })
    }

    /// How long recovery takes, by [`NANOS_PER_RECORD`], [`BYTES_PER_SECOND`], [`NANOS_PER_FORCE`] and [`FORCES_PER_LOG`]; nothing if all
    /// logs are at rest. It is an estimate by constants, and does not ask the disk.
    #[must_use]
    pub fn estimate(&self) -> Duration {
        if self.logs.iter().all(LogForecast::is_at_rest) {
            return Duration::ZERO;
        }
        let forces = Duration::from_nanos(NANOS_PER_FORCE) * FORCES_PER_LOG;
        self.logs.iter().map(|log| log.estimate() + forces).sum()
    }
}

impl LogForecast {
    fn of(view: &View, log: LogView<'_>) -> Result<Self> {
        let header = log.header();
        let mut forecast = Self {
            segment: header.segment_name.clone(),
            capacity: header.ring.capacity(),
            head: log.head(),
            resolved: header.synced,
            cut: log.cut(),
            end: log.end(),
            records: 0,
            range_bytes: 0,
            dropped_records: 0,
            dropped: Vec::new(),
            torn_bytes: log.torn_len(),
            clean: header.clean,
            last: None,
        };
        let (mut counting, mut last) = (log.records(log.head()), log.head());
        while let Some(record) = counting.next()? {
            forecast.records += 1;
            forecast.range_bytes += record.data_len();
            last = record.header().lsn;
        }
        let mut only_last = log.records(last);
        forecast.last = only_last.next()?.map(|record| LastCommit {
            transaction: record.header().txn_id,
            commit_time: record.header().commit_time,
            label: label_of(&record),
        });
        let mut rest = log.records_between(log.cut(), log.end());
        while let Some(record) = rest.next()? {
            forecast.dropped_records += 1;
            if forecast.dropped.len() < DROPPED_MAX {
                forecast.dropped.push(Dropped {
                    transaction: record.header().txn_id,
                    lsn: record.header().lsn,
                    label: label_of(&record),
                    reason: reason(view, &record),
                });
            }
        }
        Ok(forecast)
    }

    /// Bytes of log that are read.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.cut.since(self.head)
    }

    /// How long reading and applying its records takes, without the forces; see [`Forecast::estimate`].
    #[must_use]
    pub const fn estimate(&self) -> Duration {
        let for_records = self.records.saturating_mul(NANOS_PER_RECORD);
        let for_bytes = self.bytes().saturating_mul(1000) / (BYTES_PER_SECOND / 1_000_000);
        Duration::from_nanos(for_records.saturating_add(for_bytes))
    }

    fn is_at_rest(&self) -> bool {
        let is_empty = self.head == self.end && self.resolved == self.head && self.torn_bytes == 0;
        self.clean && is_empty
    }
}

fn label_of(record: &RecordView<'_>) -> String {
    String::from_utf8_lossy(record.label()).into_owned()
}

/// What a record names that does not count in its log.
fn reason(view: &View, record: &RecordView<'_>) -> DropReason {
    let parts = record.participants().map(|part| (part.log_id, part.end()));
    let others = record.dependencies().map(|other| (other.log_id, other.lsn));
    let missing = parts.chain(others).find_map(|(id, needed)| missing_in(view, id, needed));
    missing.map_or(DropReason::Follows, |(segment, needed)| DropReason::Missing { segment, needed })
}

fn missing_in(view: &View, id: LogId, needed: Lsn) -> Option<(SegmentName, Lsn)> {
    let log = view.logs().find(|log| log.header().log_id == id)?;
    (log.cut() < needed).then(|| (log.header().segment_name.clone(), needed))
}
