//! Archives of a store that is open: switched on and off, begun with a new segment, told of lengths and of what is destroyed.

mod switch;

use rvm_log::archive::{ArchiveFile, ArchiveWriter, Point};
use rvm_log::format::archive::FrameKind;
use rvm_log::{LogError, Lsn, NewLog};
use rvm_storage::{FileName, FileRole, SegmentName};

use crate::archive::{open_writer, point};
use crate::error::{Error, Result};
use crate::layout::{READERS_WAIT, lock_layout};
use crate::log_handle::LogHandle;
use crate::segment_files::sync_names;
use crate::shared::Shared;
use crate::truncate::failed;
pub use switch::{ArchiveReport, ArchivedHistory};

/// Says in a log's archive that its segment has this length, if that is news. The log's header does not say so yet: nothing of what was added
/// is committed.
///
/// # Errors
/// Out of space; otherwise [`Error::Poisoned`].
pub(crate) fn note_length(shared: &Shared, log: &LogHandle, segment_len: u64) -> Result<()> {
    let known = |writer: &ArchiveWriter| writer.last().map(|last| last.segment_len);
    let is_news = |writer: &ArchiveWriter| known(writer).is_some_and(|known| known < segment_len);
    note(shared, log, FrameKind::Length, is_news, |point| Point { segment_len, ..point })
}

/// Says in a log's archive that its segment is about to be destroyed. Whatever follows of the same log takes that back.
///
/// # Errors
/// Out of space; otherwise [`Error::Poisoned`].
pub(crate) fn note_destruction(shared: &Shared, log: &LogHandle) -> Result<()> {
    note(shared, log, FrameKind::Destroyed, |_| true, |point| point)
}

/// Appends a frame without bytes to the archive of a log, if there is one that goes on and its history has no gap.
fn note(
    shared: &Shared,
    log: &LogHandle,
    kind: FrameKind,
    is_due: impl FnOnce(&ArchiveWriter) -> bool,
    change: impl FnOnce(Point) -> Point,
) -> Result<()> {
    let mut archive = log.archive.lock();
    let Some(writer) = archive.as_mut().filter(|writer| !writer.is_stopped()) else {
        return Ok(());
    };
    let header = log.file.lock().header().clone();
    let Some(end) = writer.reaches(&header) else { return Ok(()) };
    if !is_due(writer) {
        return Ok(());
    }
    let time = shared.storage.unix_nanos();
    let known_len = writer.last().map_or(0, |last| last.segment_len);
    let at = change(point(&header, end, shared.last_txn_id(), time));
    let at = Point { segment_len: at.segment_len.max(known_len), ..at };
    let noted = writer.extend(|appender| appender.note(&at, kind));
    noted.map_err(|failure| failed(shared, failure))
}

/// The archive of a segment whose log is about to be made: an older one goes on, else there is a new one. `created` if the segment's file was
/// made just now, and is all zeros.
///
/// # Errors
/// [`Error::LayoutBusy`], I/O: there is no archive, or one whose last base is of a log that is never made. [`Error::Poisoned`].
pub(crate) fn begin(shared: &Shared, new: &NewLog, created: bool) -> Result<Option<ArchiveWriter>> {
    let storage = shared.storage.as_ref();
    let segment = &new.segment;
    let older = match open_writer(storage, segment) {
        Err(LogError::Storage(error)) if error.is_not_found() => None,
        Err(LogError::Storage(error)) => return Err(error.into()),
        // Somebody should look at it first.
        Err(_) => return Ok(None),
        Ok(writer) if writer.file().header().store_id != new.store_id => return Ok(None),
        Ok(writer) => Some(writer),
    };
    let base = |writer: &mut ArchiveWriter| {
        let blob = storage.open(&FileName::new(segment, FileRole::Segment))?;
        let point = Point {
            log_id: new.log_id,
            epoch: new.epoch,
            salt: rvm_log::Salt([0; 16]),
            lsn: Lsn(0),
            last_txn: shared.last_txn_id(),
            segment_len: new.segment_len,
            time: storage.unix_nanos(),
        };
        writer
            .extend(|appender| appender.base(&point, (!created).then_some(blob.as_ref()), created))
    };
    match older {
        Some(mut writer) => {
            base(&mut writer).map_err(|failure| failed(shared, failure))?;
            Ok(Some(writer))
        }
        None => make(shared, segment, new.store_id, base).map(Some),
    }
}

/// Makes an archive whole under a temporary name, and renames it, durably.
fn make(
    shared: &Shared,
    segment: &SegmentName,
    store_id: rvm_log::StoreId,
    base: impl FnOnce(&mut ArchiveWriter) -> rvm_log::Result<()>,
) -> Result<ArchiveWriter> {
    let storage = shared.storage.as_ref();
    let made = ArchiveFile::create(storage, segment, store_id)
        .and_then(ArchiveWriter::new)
        .and_then(|mut writer| base(&mut writer));
    let layout = made.map_err(Error::from).and_then(|()| lock_layout(storage, READERS_WAIT));
    let _layout = layout.inspect_err(|_| {
        // What remains is garbage that the next opening removes.
        storage.remove(&FileName::new(segment, FileRole::NewArchive)).ok();
    })?;
    ArchiveFile::publish(storage, segment).map_err(|failure| shared.logs.poison(failure))?;
    sync_names(shared)?;
    Ok(open_writer(storage, segment)?)
}
