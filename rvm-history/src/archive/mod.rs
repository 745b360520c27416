//! What a segment's archive holds: stretches of history, each from a copy of the segment on without a gap.
//!
//! ```
//! use std::sync::Arc;
//!
//! use rvm_history::archive::{ArchiveReader, SegmentArchive};
//! use rvm_storage::{MemStorage, SegmentName};
//! use rvm_txn::{Config, Store};
//!
//! let storage = MemStorage::new();
//! let store = Store::open(Arc::new(storage.clone()), Config::default())?;
//! let notes = store.map("notes", 4096)?;
//! store.archive_on()?;
//! let mut txn = store.begin(&[&notes])?;
//! txn.write(&notes, 8, b"kept")?;
//! txn.commit()?;
//! store.truncate_log()?;
//!
//! let archive = SegmentArchive::open(&storage, &SegmentName::new("notes")?)?.expect("it is on");
//! let mut reader = ArchiveReader::new(&archive);
//! while let Some(record) = reader.next()? {
//!     assert_eq!(record.ranges().collect::<Vec<_>>(), [(8, b"kept".as_slice())]);
//! }
//! # Ok::<(), rvm_txn::Error>(())
//! ```

mod reader;
mod stretch;
mod walk;

use std::ops::Range;

use rvm_log::archive::{ArchiveFile, ArchivedRecords};
use rvm_log::format::archive::{FrameHeader, FrameKind};
use rvm_log::{LogError, LogHeader, Lsn, TxnId};
use rvm_storage::{FileName, FileRole, SegmentName, Storage};
use rvm_txn::Result;
use rvm_txn::inspect::View;

pub use reader::ArchiveReader;
pub use stretch::{Base, Stretch};

/// The archive of one segment, looked through from frame header to frame header. What is appended later does not show.
#[derive(Debug)]
pub struct SegmentArchive {
    file: ArchiveFile,
    len: u64,
    stretches: Vec<Stretch>,
    breaks: Vec<Break>,
    torn_len: u64,
    last_txn: TxnId,
    is_stopped: bool,
    last: Option<FrameHeader>,
}

/// Where an archive is damaged.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Break {
    /// Where in the file.
    pub offset: u64,
    /// Where the next frame lies.
    pub next: Option<u64>,
    /// What is wrong there.
    pub fault: &'static str,
}

impl SegmentArchive {
    /// Looks through the archive of `segment`; `None` if it has none. Nothing is written.
    ///
    /// # Errors
    /// [`Error::Corrupt`](rvm_txn::Error::Corrupt) if its header cannot be read; I/O. Damage behind the header is no error but in
    /// [`breaks`](Self::breaks).
    pub fn open(storage: &dyn Storage, segment: &SegmentName) -> Result<Option<Self>> {
        let file = match ArchiveFile::open(storage, segment) {
            Err(LogError::Storage(error)) if error.is_not_found() => return Ok(None),
            opened => opened?,
        };
        walk::walk(file).map(Some)
    }

    /// The archives of a store, sorted by the names of their segments, which may have been destroyed.
    ///
    /// # Errors
    /// I/O.
    pub fn names(storage: &dyn Storage) -> Result<Vec<SegmentName>> {
        let mut names = storage.list()?;
        names.retain(|name| name.role() == FileRole::Archive);
        names.sort();
        Ok(names.iter().map(FileName::segment).cloned().collect())
    }

    /// The file.
    #[must_use]
    pub const fn file(&self) -> &ArchiveFile {
        &self.file
    }

    /// Its length in bytes.
    #[must_use]
    pub const fn file_len(&self) -> u64 {
        self.len
    }

    /// What it holds, oldest first.
    #[must_use]
    pub fn stretches(&self) -> &[Stretch] {
        &self.stretches
    }

    /// Where it is damaged, in order.
    #[must_use]
    pub fn breaks(&self) -> &[Break] {
        &self.breaks
    }

    /// How many bytes of an append that a crash cut short lie at its end. The log has those records still, unless something is
    /// [missing](Self::missing_before) before it.
    #[must_use]
    pub const fn torn_len(&self) -> u64 {
        self.torn_len
    }

    /// The history that should be in it and is not, and that the log with this header has left behind: its head moves only when
    /// the archive has what lies before. The header has to be read before the archive is, if the store is in use. `None` if
    /// nothing is missing, or if nothing was to be kept.
    #[must_use]
    pub fn missing_before(&self, log: &LogHeader) -> Option<Range<Lsn>> {
        let is_stopped = self.last.is_some_and(|last| last.kind == FrameKind::Stopped);
        if is_stopped || self.file.header().store_id != log.store_id {
            return None;
        }
        let own = self.last.filter(|last| last.log_id == log.log_id);
        let reached = own.map_or(Lsn(0), |last| last.to);
        (reached < log.head).then_some(reached..log.head)
    }

    /// The highest transaction that it knows of.
    #[must_use]
    pub const fn last_txn(&self) -> TxnId {
        self.last_txn
    }

    /// Whether nothing is added to it any more.
    #[must_use]
    pub const fn is_stopped(&self) -> bool {
        self.is_stopped
    }

    /// False if it was copied there from another store. A store without a log cannot tell.
    pub(crate) fn may_be_of(&self, view: &View) -> bool {
        view.store_id().is_none_or(|store_id| store_id == self.file.header().store_id)
    }

    /// Gives the pieces of the copy of the segment that a stretch begins with to `each`, with their frames; what no piece has is zeros.
    pub(crate) fn each_piece<E: From<LogError>>(
        &self,
        stretch: &Stretch,
        mut each: impl FnMut(&FrameHeader, &[u8]) -> std::result::Result<(), E>,
    ) -> std::result::Result<(), E> {
        let Some(base) = stretch.base else { return Ok(()) };
        let mut frames = self.file.frames_from(stretch.start)?;
        let mut raw = Vec::new();
        while frames.position() < base.end {
            let Some(frame) = frames.next_whole()? else { break };
            if matches!(frame.kind, FrameKind::Base { .. }) && frame.raw_len > 0 {
                frames.payload(&frame, &mut raw)?;
                each(&frame, &raw)?;
            }
        }
        Ok(())
    }

    /// The records of a stretch, in order.
    ///
    /// # Errors
    /// I/O.
    pub fn records_of(&self, stretch: &Stretch) -> Result<ArchivedRecords<'_>> {
        Ok(ArchivedRecords::between(&self.file, stretch.start, stretch.end)?)
    }
}
