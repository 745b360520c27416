//! Archives: what logs held is kept beyond truncation, in `NAME.arc`. The bytes are `rvm_log::archive`'s business; here is when they are written.
//!
//! A segment is archived if it has an archive that does not say that it was stopped. What truncation or recovery has folded is appended,
//! and forced, before the log's head moves, and nothing but what is decided ever is: so a crash leaves a record in the log, in the archive, or
//! in both, and no archive has a record that a crash took back. What is wrong with an archive fails no commit and no opening: its history
//! begins anew with a base.

use std::collections::HashMap;

use rvm_log::archive::{ArchiveFile, ArchiveWriter, Point};
use rvm_log::{LogError, LogFile, LogHeader, Lsn, StoreId, TxnId};
use rvm_storage::{Blob, FileName, FileRole, SegmentName, Storage};

use crate::parallel::map_in_parallel;
use crate::sync::Mutex;

/// A log's archive; `None` if it has none.
pub(crate) type Archive = Mutex<Option<ArchiveWriter>>;

/// The archives of a store that is opened.
#[derive(Debug, Default)]
pub(crate) struct Archives {
    pub(crate) writers: HashMap<SegmentName, Archive>,
    /// Those that cannot be used.
    pub(crate) unusable: Vec<String>,
    /// Whether new segments are archived, too.
    pub(crate) archiving: bool,
    /// The highest transaction that one knows of. It may be of a segment that was destroyed, so that no log knows it.
    pub(crate) last_txn_id: TxnId,
    /// The store that they are of.
    pub(crate) store_id: Option<StoreId>,
}

impl Archives {
    /// Opens them. One that is damaged, cannot be read, or is another store's, is left alone: the store opens all the same.
    pub(crate) fn open(
        storage: &dyn Storage,
        segments: &[SegmentName],
        logs: &[LogFile],
        helpers: usize,
    ) -> Self {
        let mut archives = Self::default();
        let open = |segment| (segment, open_writer(storage, segment));
        for (segment, opened) in map_in_parallel(helpers, segments.iter().collect(), open) {
            match opened {
                Ok(writer) if archives.is_foreign(&writer, logs) => archives.add_unusable(segment),
                Ok(writer) => {
                    archives.archiving |= !writer.is_stopped();
                    let last = writer.last().map(|last| last.last_txn).unwrap_or_default();
                    archives.last_txn_id = archives.last_txn_id.max(last);
                    archives.store_id = Some(writer.file().header().store_id);
                    archives.writers.insert(segment.clone(), Mutex::new(Some(writer)));
                }
                Err(_) => archives.add_unusable(segment),
            }
        }
        archives
    }

    /// Whether it is of another store than the logs, or than the first archive if there are none.
    fn is_foreign(&self, writer: &ArchiveWriter, logs: &[LogFile]) -> bool {
        let store_id = logs.first().map(|log| log.header().store_id).or(self.store_id);
        store_id.is_some_and(|store_id| store_id != writer.file().header().store_id)
    }

    fn add_unusable(&mut self, segment: &SegmentName) {
        self.unusable.push(FileName::new(segment, FileRole::Archive).to_string());
    }
}

/// The archive of a segment, to be appended to.
pub(crate) fn open_writer(
    storage: &dyn Storage,
    segment: &SegmentName,
) -> Result<ArchiveWriter, LogError> {
    ArchiveWriter::new(ArchiveFile::open(storage, segment)?)
}

/// Keeps the records of `[head, mark)`, all of which are decided, and folded into the segment's file, which holds nothing else that is
/// newer than the head. Returns when they are durable in the archive; only then may the head move. Nothing is done without an archive.
///
/// # Errors
/// I/O; corruption. It can be done again.
pub(crate) fn keep(
    storage: &dyn Storage,
    archive: &Archive,
    log: &dyn Blob,
    header: &LogHeader,
    (head, mark): (Lsn, Lsn),
    last_txn: TxnId,
) -> Result<(), LogError> {
    let mut archive = archive.lock();
    let Some(writer) = archive.as_mut().filter(|writer| !writer.is_stopped()) else {
        return Ok(());
    };
    match writer.reaches(header) {
        // Something came between the archive's force and the head.
        Some(end) if end == mark => Ok(()),
        Some(end) if end >= head && end < mark => {
            let kept = writer.extend(|appender| appender.records(log, header, (end, mark)));
            match kept {
                // All of it was just read whole from the head on. So the archive ends where no record does: its log was put back.
                Err(LogError::Corrupt { .. }) => add_base(storage, writer, header, mark, last_txn),
                kept => kept,
            }
        }
        _ => add_base(storage, writer, header, mark, last_txn),
    }
}

/// Appends the segment as its file is, which is that of `lsn`.
pub(crate) fn add_base(
    storage: &dyn Storage,
    writer: &mut ArchiveWriter,
    header: &LogHeader,
    lsn: Lsn,
    last_txn: TxnId,
) -> Result<(), LogError> {
    let segment = storage.open(&FileName::new(&header.segment_name, FileRole::Segment))?;
    let segment_len = segment.len()?;
    let point = Point { segment_len, ..point(header, lsn, last_txn, storage.unix_nanos()) };
    writer.extend(|appender| appender.base(&point, Some(segment.as_ref()), false))
}

/// A place in the history of the log with this header.
pub(crate) fn point(header: &LogHeader, lsn: Lsn, last_txn: TxnId, time: u64) -> Point {
    Point {
        log_id: header.log_id,
        epoch: header.epoch,
        salt: header.salt,
        lsn,
        last_txn,
        segment_len: header.segment_len,
        time,
    }
}
