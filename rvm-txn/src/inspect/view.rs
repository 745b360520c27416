//! A store's logs while its files keep still, and what of them is committed.

use std::time::Duration;

use rvm_log::{LogFile, LogHeader, Lsn, ReplaySink, Replayed, Scanner, StoreId, TxnId, replay};
use rvm_storage::{LockMode, LockScope, SegmentName, Storage, StoreLock};

use crate::config::Config;
#[cfg(doc)]
use crate::error::Error;
use crate::error::Result;
use crate::read_only::scan;
use crate::recovery::{StoreFiles, Survey, consistent_cut};

/// The logs of a store, and up to where their records are committed. As long as it lives no log's head moves, no log is reset and no
/// file is made or removed, also if another process has the store open; its commits go on, and do not show. What truncation or recovery is
/// writing to a segment's file meanwhile lies between the log's head and the cut, and below [`synced`](LogHeader::synced) if that was begun
/// before: nothing from behind the cut gets there, since neither starts while a view lives.
///
/// A store that is written to waits for it when a log is full, so it should live for moments.
#[derive(Debug)]
pub struct View {
    segments: Vec<SegmentName>,
    logs: Vec<(LogFile, Survey, Lsn)>,
    _layout: Box<dyn StoreLock>,
}

/// One log of a [`View`].
#[derive(Clone, Copy, Debug)]
pub struct LogView<'a> {
    file: &'a LogFile,
    survey: &'a Survey,
    cut: Lsn,
}

impl View {
    /// Scans all logs. Waits up to `wait` for the store's files to keep still. Nothing is written.
    ///
    /// # Errors
    /// [`Error::LayoutBusy`], [`Error::Corrupt`]; I/O.
    pub fn take(storage: &dyn Storage, wait: Duration) -> Result<Self> {
        let layout = storage.lock(LockScope::Layout, LockMode::Shared, wait)?;
        let files = StoreFiles::list(storage)?;
        let (logs, surveys) = scan(storage, &files, &Config::default())?;
        let cuts = consistent_cut(&surveys)?;
        let logs = logs.into_iter().zip(surveys).zip(cuts);
        let logs = logs.map(|((log, survey), cut)| (log, survey, cut)).collect();
        Ok(Self { segments: files.segments, logs, _layout: layout })
    }

    /// The segments, sorted by name; those included that were copied there and have no log yet.
    #[must_use]
    pub fn segments(&self) -> &[SegmentName] {
        &self.segments
    }

    /// The logs, sorted by the name of their segment.
    pub fn logs(&self) -> impl Iterator<Item = LogView<'_>> {
        self.logs.iter().map(|(file, survey, cut)| LogView { file, survey, cut: *cut })
    }

    /// The log of a segment; `None` if there is none yet.
    #[must_use]
    pub fn log(&self, segment: &SegmentName) -> Option<LogView<'_>> {
        self.logs().find(|log| log.header().segment_name == *segment)
    }

    /// The store's identity; `None` if nothing was ever mapped in it.
    #[must_use]
    pub fn store_id(&self) -> Option<StoreId> {
        self.logs().next().map(|log| log.header().store_id)
    }

    /// The highest transaction that the logs know of.
    ///
    /// Ids grow in each log, and none is lower than one that it depends on: all records up to one id, over all logs, are a state that the
    /// store was in, or could have been in.
    #[must_use]
    pub fn last_txn_id(&self) -> TxnId {
        let last = self.logs.iter().map(|(_, survey, _)| survey.last_txn_id).max();
        last.unwrap_or_default()
    }
}

impl<'a> LogView<'a> {
    /// The log's file.
    #[must_use]
    pub const fn file(&self) -> &'a LogFile {
        self.file
    }

    /// The header.
    #[must_use]
    pub fn header(&self) -> &'a LogHeader {
        self.file.header()
    }

    /// Where the live records start. The segment's file holds all that lies before.
    #[must_use]
    pub fn head(&self) -> Lsn {
        self.survey.head
    }

    /// Behind the last record that is committed.
    #[must_use]
    pub const fn cut(&self) -> Lsn {
        self.cut
    }

    /// Behind the last whole record. What lies between the cut and here hangs on something that is not there; recovery drops it.
    #[must_use]
    pub const fn end(&self) -> Lsn {
        self.survey.end
    }

    /// How many bytes of a torn tail lie behind the end.
    #[must_use]
    pub fn torn_len(&self) -> u64 {
        self.survey.torn.map_or(0, |torn| torn.len)
    }

    /// The committed records from `from` on, where one starts, or from the head if that lies behind `from`.
    #[must_use]
    pub fn records(&self, from: Lsn) -> Scanner<'a> {
        self.records_between(from, self.cut)
    }

    /// The records between two positions where one starts or the last ends.
    #[must_use]
    pub fn records_between(&self, from: Lsn, to: Lsn) -> Scanner<'a> {
        Scanner::between(self.file.blob(), self.header(), from.max(self.head()), to)
    }

    /// Pushes the committed records into `sink`, which has the content of the segment's file, of `segment_len` bytes.
    ///
    /// # Errors
    /// I/O; corruption; what the sink fails with.
    pub fn replay(&self, segment_len: u64, sink: &mut dyn ReplaySink) -> Result<Replayed> {
        let between = (self.head(), self.cut);
        Ok(replay(self.file.blob(), self.header(), between, segment_len, sink)?)
    }
}
