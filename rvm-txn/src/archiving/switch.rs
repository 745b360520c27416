//! Switches archiving on and off.

use std::sync::Arc;

use rvm_log::archive::ArchiveWriter;
use rvm_log::format::archive::FrameKind;
use rvm_storage::{FileName, FileRole};

use super::make;
use crate::archive::{add_base, open_writer, point};
use crate::error::{Error, Result};
use crate::layout::{READERS_WAIT, lock_layout};
use crate::log_handle::LogHandle;
use crate::segment_files::sync_names;
use crate::shared::Shared;
use crate::store::Store;
use crate::truncate::{TruncationRight, failed, truncate_all};

/// What switching archives on or off did.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
#[non_exhaustive]
pub struct ArchiveReport {
    /// Segments whose archive was begun, resumed, stopped or removed; those of destroyed segments included. Sorted by name.
    pub changed: Vec<String>,
    /// Segments whose archive was as was asked already. Sorted by name.
    pub unchanged: Vec<String>,
}

/// What becomes of what is archived when archiving is switched off.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum ArchivedHistory {
    /// It stays, and can be used.
    #[default]
    Keep,
    /// It is removed, that of destroyed segments, too.
    Remove,
}

impl Store {
    /// Keeps what the logs hold beyond truncation from now on, for every segment, those included that are made later, also by programs
    /// that know nothing of it; see [`rvm_log::archive`]. Each segment's archive begins with a copy of the segment, which takes the time
    /// to read it; commits go on as long as their logs have room.
    ///
    /// On a store without segments it lasts until the store is closed, unless a segment is made by then.
    ///
    /// # Errors
    /// [`Error::ReadOnly`], [`Error::LayoutBusy`], [`Error::Poisoned`], [`Error::Closed`], [`Error::Forked`]; [`Error::Corrupt`] for an
    /// archive that cannot be gone on with; I/O. Those that were begun by then stay.
    pub fn archive_on(&self) -> Result<ArchiveReport> {
        let shared = &self.shared;
        shared.check_writable("archive it")?;
        let mut naming = shared.naming.lock();
        shared.check_usable()?;
        let mut report = ArchiveReport::default();
        for log in shared.logs.all() {
            report.add(log.name.to_string(), switch_on(shared, &log)?);
        }
        naming.archiving = true;
        Ok(report.sorted())
    }

    /// Keeps nothing any more. What is archived by now stays, unless it is to be removed.
    ///
    /// # Errors
    /// As [`archive_on`](Self::archive_on).
    pub fn archive_off(&self, history: ArchivedHistory) -> Result<ArchiveReport> {
        let shared = &self.shared;
        shared.check_writable("stop archiving it")?;
        let mut naming = shared.naming.lock();
        shared.check_usable()?;
        shared.logs.health.check()?;
        let mut report = ArchiveReport::default();
        let mut names = shared.storage.list()?;
        names.retain(|name| name.role() == FileRole::Archive);
        for file in names {
            let log = shared.logs.get(file.segment());
            let is_news = match (history, log) {
                (ArchivedHistory::Keep, Some(log)) => switch_off(shared, &log)?,
                (ArchivedHistory::Keep, None) => switch_off_without_log(shared, &file)?,
                (ArchivedHistory::Remove, log) => remove(shared, &file, log.as_deref())?,
            };
            report.add(file.segment().to_string(), is_news);
        }
        naming.archiving = false;
        Ok(report.sorted())
    }
}

impl ArchiveReport {
    fn add(&mut self, segment: String, is_news: bool) {
        if is_news { &mut self.changed } else { &mut self.unchanged }.push(segment);
    }

    fn sorted(mut self) -> Self {
        self.changed.sort_unstable();
        self.unchanged.sort_unstable();
        self
    }
}

/// True if that is news.
fn switch_on(shared: &Shared, log: &Arc<LogHandle>) -> Result<bool> {
    let right = TruncationRight::take(log);
    shared.check_usable()?;
    truncate_all(shared, log, &right)?;
    let header = log.file.lock().header().clone();
    // Nothing else is folded, so this is what the segment's file holds.
    let head = log.latch.lock().head;
    let (storage, last_txn) = (shared.storage.as_ref(), shared.last_txn_id());
    let mut archive = log.archive.lock();
    let base = |writer: &mut ArchiveWriter| add_base(storage, writer, &header, head, last_txn);
    let Some(writer) = archive.as_mut() else {
        let file = FileName::new(&log.name, FileRole::Archive);
        if storage.list()?.contains(&file) {
            // Opening the store left it alone for that reason.
            let usable = open_writer(storage, &log.name)?;
            let damage = rvm_log::Damage::OtherStore {
                found: usable.file().header().store_id.to_string(),
                expected: header.store_id.to_string(),
            };
            let file = usable.file().blob().location().to_owned();
            return Err(Error::Corrupt(rvm_log::LogError::Corrupt { file, offset: 0, damage }));
        }
        *archive = Some(make(shared, &log.name, header.store_id, base)?);
        return Ok(true);
    };
    let goes_on = writer.reaches(&header) == Some(head);
    if goes_on && !writer.is_stopped() {
        return Ok(false);
    }
    let begun = if goes_on {
        let at = point(&header, head, last_txn, storage.unix_nanos());
        writer.extend(|appender| appender.note(&at, FrameKind::Length))
    } else {
        base(writer)
    };
    begun.map_err(|failure| failed(shared, failure))?;
    Ok(true)
}

/// True if that is news.
fn switch_off(shared: &Shared, log: &Arc<LogHandle>) -> Result<bool> {
    let right = TruncationRight::take(log);
    shared.check_usable()?;
    truncate_all(shared, log, &right)?;
    let header = log.file.lock().header().clone();
    let head = log.latch.lock().head;
    let at = point(&header, head, shared.last_txn_id(), shared.storage.unix_nanos());
    let mut archive = log.archive.lock();
    let Some(writer) = archive.as_mut().filter(|writer| !writer.is_stopped()) else {
        return Ok(false);
    };
    let stopped = writer.extend(|appender| appender.note(&at, FrameKind::Stopped));
    stopped.map_err(|failure| failed(shared, failure))?;
    Ok(true)
}

/// The archive of a segment that was destroyed. True if that is news.
fn switch_off_without_log(shared: &Shared, file: &FileName) -> Result<bool> {
    let storage = shared.storage.as_ref();
    let mut writer = match open_writer(storage, file.segment()) {
        Ok(writer) => writer,
        Err(rvm_log::LogError::Storage(error)) => return Err(error.into()),
        // It is as good as off.
        Err(_) => return Ok(false),
    };
    let Some(last) = writer.last().copied().filter(|_| !writer.is_stopped()) else {
        return Ok(false);
    };
    let at = rvm_log::archive::Point {
        log_id: last.log_id,
        epoch: last.epoch,
        salt: last.salt,
        lsn: last.to,
        last_txn: shared.last_txn_id(),
        segment_len: last.segment_len,
        time: storage.unix_nanos(),
    };
    let stopped = writer.extend(|appender| appender.note(&at, FrameKind::Stopped));
    stopped.map_err(|failure| failed(shared, failure))?;
    Ok(true)
}

fn remove(shared: &Shared, file: &FileName, log: Option<&LogHandle>) -> Result<bool> {
    let storage = shared.storage.as_ref();
    let _right = log.map(TruncationRight::take);
    let _layout = lock_layout(storage, READERS_WAIT)?;
    if let Some(log) = log {
        *log.archive.lock() = None;
    }
    storage.remove(file)?;
    sync_names(shared)?;
    Ok(true)
}
