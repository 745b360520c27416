//! What the logs tell of chunks that change while they are copied.

use std::collections::BTreeMap;
use std::time::Duration;

use rvm_log::{Epoch, LogFile, LogId, Lsn, Scanner};
use rvm_storage::widths::wide;
use rvm_storage::{FileName, FileRole, LockMode, LockScope, SegmentName, Storage};

use super::manifest::LogPosition;
use crate::copy_error::Result;

/// Numbers of chunks that records touch, and where the first of these records starts.
pub(super) type Touched = BTreeMap<u64, Lsn>;

/// How far a log was read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Followed {
    pub(super) id: LogId,
    pub(super) epoch: Epoch,
    /// Where the first record starts that was read.
    pub(super) start: Lsn,
    /// Behind the last record that was read. It may not be committed yet.
    pub(super) end: Lsn,
}

/// A segment and its log, at a moment when they kept still.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) name: SegmentName,
    pub(super) log: Option<LogFile>,
}

impl Followed {
    /// A log from its head on.
    pub(super) fn from_head(log: &LogFile) -> Self {
        let header = log.header();
        Self { id: header.log_id, epoch: header.epoch, start: header.head, end: header.head }
    }

    /// The same log in the same epoch, from where a backup left off; `None` if records since then are gone.
    pub(super) fn since(position: &LogPosition, log: &LogFile) -> Option<Self> {
        let (header, end) = (log.header(), Lsn(position.lsn));
        // Where an epoch begins there is nothing between it and the one before.
        let begins_there = header.head == end && header.prev_end == end;
        let same = header.epoch.0 == position.epoch || begins_there;
        let known = header.log_id.to_string() == position.id && same && header.head <= end;
        known.then_some(Self { id: header.log_id, epoch: header.epoch, start: end, end })
    }

    /// Whether all records since it was read are there.
    pub(super) fn has_all(&self, log: &LogFile) -> bool {
        let header = log.header();
        header.log_id == self.id && header.epoch == self.epoch && header.head <= self.end
    }

    /// Adds the chunks that records touch which came since, up to `cut` if the log ends there for good; false if that cannot be told. What was read
    /// and turns out not to be committed has only made the copy read more.
    pub(super) fn go_on(
        &mut self,
        log: &LogFile,
        cut: Option<Lsn>,
        chunk_len: u64,
        chunks: &mut Touched,
    ) -> bool {
        if !self.has_all(log) {
            return false;
        }
        if let Some(cut) = cut.filter(|cut| *cut < self.end) {
            return self.start <= cut;
        }
        let end = touched(log, (self.end, cut), chunk_len, chunks);
        self.end = end.unwrap_or(self.end);
        end.is_some()
    }
}

/// Adds the chunks that the records between two positions touch; returns where they end. `None` if that cannot be told.
pub(super) fn touched(
    log: &LogFile,
    (from, to): (Lsn, Option<Lsn>),
    chunk_len: u64,
    chunks: &mut Touched,
) -> Option<Lsn> {
    let header = log.header();
    let limit = to.unwrap_or_else(|| header.ring.limit(header.head));
    let mut scanner = Scanner::between(log.blob(), header, from, limit);
    while let Some(record) = scanner.next().ok()? {
        let lsn = record.header().lsn;
        for (offset, bytes) in record.ranges().filter(|(_, bytes)| !bytes.is_empty()) {
            let last = offset.saturating_add(wide(bytes.len()) - 1);
            for number in offset / chunk_len..=last / chunk_len {
                chunks.entry(number).or_insert(lsn);
            }
        }
    }
    let end = scanner.position();
    to.is_none_or(|to| to == end).then_some(end)
}

/// Calls `each` for the segments while the store's files keep still, which is for a moment. A log that cannot be read counts as none; if
/// that is more than a write under way, the view that is taken in the end says so.
pub(super) fn look(
    storage: &dyn Storage,
    wait: Duration,
    mut each: impl FnMut(Seen) -> Result<()>,
) -> Result<()> {
    let _layout = storage.lock(LockScope::Layout, LockMode::Shared, wait)?;
    for file in storage.list()? {
        if file.role() == FileRole::Segment {
            let name = file.segment().clone();
            each(Seen { log: LogFile::open(storage, &name).ok(), name })?;
        }
    }
    Ok(())
}

/// Opens the file of a segment.
pub(super) fn open(
    storage: &dyn Storage,
    name: &SegmentName,
) -> Result<std::sync::Arc<dyn rvm_storage::Blob>> {
    Ok(storage.open(&FileName::new(name, FileRole::Segment))?)
}
