//! Looking at a store without opening it for use: headers, records, what recovery would do. Nothing is written and no segment is
//! read.

mod view;

use std::collections::HashMap;
use std::time::Duration;

use rvm_log::{LogError, LogFile, Lsn, RecordView, Scanner};
use rvm_storage::widths::wide;
use rvm_storage::{LockMode, LockScope, SegmentName, Storage, StorageError};

use crate::config::Config;
#[cfg(doc)]
use crate::error::Error;
use crate::error::Result;
use crate::read_only::scan;
use crate::recovery::{StoreFiles, consistent_cut, is_clean};
use crate::salvage;
pub use crate::salvage::{RemainingLog, Remains};
use crate::segment_files::open_segment;
pub use view::{LogView, View};

/// What a store's files say.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct StoreStatus {
    /// Whether a process has it open for writing.
    pub in_use: bool,
    /// Whether the next opening will recover it. Meaningless while it is in use.
    pub recovery_due: bool,
    /// How often it has been recovered, plus one.
    pub epoch: u64,
    /// The segments, sorted by name.
    pub segments: Vec<SegmentStatus>,
    /// Files that were being made when the store crashed.
    pub unfinished_files: Vec<String>,
}

/// What the files of one segment say.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct SegmentStatus {
    /// Its name.
    pub name: String,
    /// Its length in bytes.
    pub len: u64,
    /// Its log; `None` for a segment that was copied there and never mapped.
    pub log: Option<LogStatus>,
}

/// What a log says.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct LogStatus {
    /// Bytes that it can hold.
    pub capacity: u64,
    /// Where its live records start.
    pub head: u64,
    /// Where they end.
    pub end: u64,
    /// Live records.
    pub records: u64,
    /// Records that recovery will drop, since something that they hang on is not there.
    pub dropped_records: u64,
    /// Bytes of a torn tail behind them.
    pub torn_bytes: u64,
    /// Whether it was shut down cleanly.
    pub clean: bool,
}

/// One record of a log.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct RecordInfo {
    /// Its position.
    pub lsn: u64,
    /// Its length in bytes.
    pub len: u64,
    /// Its transaction.
    pub transaction: u64,
    /// When it was committed, in nanoseconds since 1970, by the clock of the machine.
    pub commit_time: u64,
    /// Whether it was committed lazily.
    pub lazy: bool,
    /// Its label; bytes that are not UTF-8 are replaced.
    pub label: String,
    /// Start and length of each range, in replay order.
    pub ranges: Vec<(u64, u64)>,
    /// How many other segments the transaction changed.
    pub participants: u64,
    /// How many segments it depends on without having changed them.
    pub dependencies: u64,
}

/// What the store's files say. Waits up to `wait` for them to keep still.
///
/// # Errors
/// [`Error::LayoutBusy`], [`Error::Corrupt`]; I/O.
pub fn status(storage: &dyn Storage, wait: Duration) -> Result<StoreStatus> {
    let in_use = match storage.lock(LockScope::Owner, LockMode::Shared, Duration::ZERO) {
        Ok(_not_in_use) => false,
        Err(StorageError::Locked { .. }) => true,
        Err(error) => return Err(error.into()),
    };
    let _layout = storage.lock(LockScope::Layout, LockMode::Shared, wait)?;
    let files = StoreFiles::list(storage)?;
    let (logs, surveys) = scan(storage, &files, &Config::default())?;
    let cuts = consistent_cut(&surveys)?;
    let found: HashMap<_, _> = logs
        .iter()
        .zip(surveys.iter().zip(&cuts))
        .map(|(log, found)| (&log.header().segment_name, (log, found)))
        .collect();
    let mut segments = Vec::new();
    for name in &files.segments {
        let len = open_segment(storage, name)?.len()?;
        let log = match found.get(name) {
            None => None,
            Some((log, (survey, cut))) => Some(LogStatus {
                capacity: log.ring().capacity(),
                head: survey.head.0,
                end: survey.end.0,
                records: survey.records,
                dropped_records: count_between(log, **cut, survey.end)?,
                torn_bytes: survey.torn.map_or(0, |torn| torn.len),
                clean: log.header().clean,
            }),
        };
        segments.push(SegmentStatus { name: name.to_string(), len, log });
    }
    Ok(StoreStatus {
        in_use,
        recovery_due: !is_clean(&logs)?,
        epoch: logs.iter().map(|log| log.header().epoch.0).max().unwrap_or(1),
        segments,
        unfinished_files: files.unfinished(),
    })
}

/// What the logs of a store say together where some may be damaged: what [`View::take`] refuses. The store's files must keep still; with
/// a writer at work, what it finds may be under way and no damage.
///
/// # Errors
/// I/O in listing the files. Damage, and a file that cannot be read, is found and not failed at.
pub fn remains(storage: &dyn Storage) -> Result<Remains> {
    salvage::remains(storage)
}

/// Calls `each` for the live records of a segment's log, in order. The store's files are held still for moments only, so records may go while
/// this goes on, and others come.
///
/// # Errors
/// [`Error::NotFound`] if there is no such segment; [`Error::LayoutBusy`], [`Error::Corrupt`]; I/O; what `each` fails with.
pub fn each_record(
    storage: &dyn Storage,
    segment: &str,
    wait: Duration,
    mut each: impl FnMut(RecordInfo) -> Result<()>,
) -> Result<()> {
    let name = SegmentName::new(segment)?;
    let mut next = Lsn(0);
    loop {
        let batch = some_records(storage, &name, next, wait)?;
        let Some(last) = batch.last() else { return Ok(()) };
        next = Lsn(last.lsn).plus(last.len);
        batch.into_iter().try_for_each(&mut each)?;
    }
}

/// How many records are read while the store's files are held still.
const RECORDS_AT_ONCE: usize = 1024;

/// The first live records from `from` on; none behind the last.
fn some_records(
    storage: &dyn Storage,
    name: &SegmentName,
    from: Lsn,
    wait: Duration,
) -> Result<Vec<RecordInfo>> {
    let _layout = storage.lock(LockScope::Layout, LockMode::Shared, wait)?;
    open_segment(storage, name)?;
    let log = match LogFile::open(storage, name) {
        Err(LogError::Storage(error)) if error.is_not_found() => return Ok(Vec::new()),
        opened => opened?,
    };
    let (header, mut records) = (log.header(), Vec::new());
    let (from, limit) = (from.max(header.head), header.ring.limit(header.head));
    let mut scanner = Scanner::between(log.blob(), header, from, limit);
    while records.len() < RECORDS_AT_ONCE {
        let Some(record) = scanner.next()? else { break };
        records.push(RecordInfo::of(&record));
    }
    Ok(records)
}

impl RecordInfo {
    fn of(record: &RecordView<'_>) -> Self {
        let header = record.header();
        Self {
            lsn: header.lsn.0,
            len: header.total_len.into(),
            transaction: header.txn_id.0,
            commit_time: header.commit_time,
            lazy: header.is_lazy(),
            label: String::from_utf8_lossy(record.label()).into_owned(),
            ranges: record.ranges().map(|(offset, bytes)| (offset, wide(bytes.len()))).collect(),
            participants: header.participant_count.into(),
            dependencies: header.dependency_count.into(),
        }
    }
}

fn count_between(log: &LogFile, from: Lsn, to: Lsn) -> Result<u64> {
    if from == to {
        return Ok(0);
    }
    let mut scanner = Scanner::between(log.blob(), log.header(), from, to);
    let mut records = 0;
    while scanner.next()?.is_some() {
        records += 1;
    }
    Ok(records)
}
