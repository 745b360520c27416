//! One segment's log while the store is open.
//!
//! The *latch* guards the in-memory tail and the positions; it is held for memory work only, never over I/O, and several are
//! taken in the order of [`LogHandle::index`]. Positions only grow: `head <= decided <= durable <= end`. A record is
//! *durable* when its bytes are on stable storage, and *decided* when, besides, all that its commit hangs on is durable too: only
//! then can no crash take it back, and only then may truncation pass it.

mod force;
mod named;
mod state;

use std::sync::{Arc, Weak};

use rvm_log::{Checksums, Epoch, LogFile, LogHeader, LogId, Lsn, Ring, TxnId};
use rvm_storage::{Blob, SegmentName};
use smallvec::SmallVec;

pub(crate) use named::Named;
pub(crate) use state::LogState;

use crate::archive::Archive;
use crate::error::{Error, Result};
use crate::health::Health;
use crate::sync::{Condvar, Mutex};

#[derive(Debug)]
pub(crate) struct LogHandle {
    /// The order in which latches are taken.
    pub(crate) index: u64,
    pub(crate) id: LogId,
    pub(crate) name: SegmentName,
    /// Fixed while the store is open.
    pub(crate) epoch: Epoch,
    pub(crate) checksums: Checksums,
    pub(crate) blob: Arc<dyn Blob>,
    /// The header. Locked for changes of it only; taken before the latch, never behind it.
    pub(crate) file: Mutex<LogFile>,
    /// Held while the head moves, the ring is resized, or the log is read back; taken before `file`.
    pub(crate) truncation: Mutex<()>,
    /// Locked where the truncation right is held, and where the length changes or the segment goes; taken before `file`.
    pub(crate) archive: Archive,
    /// The latch.
    pub(crate) latch: Mutex<LogState>,
    /// Signalled when a position, a flag or the store's health has changed.
    pub(crate) changed: Condvar,
}

/// An undecided record that names other logs: it is decided only together with these positions.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) lsn: Lsn,
    /// Weak, since logs that share transactions name each other. A log that is gone was resolved before.
    pub(crate) others: SmallVec<[(Weak<LogHandle>, Lsn); 3]>,
}

impl LogHandle {
    /// The handle of an empty log.
    pub(crate) fn new(index: u64, file: LogFile, archive: Archive) -> Self {
        let header = file.header();
        Self {
            index,
            id: header.log_id,
            name: header.segment_name.clone(),
            epoch: header.epoch,
            checksums: file.checksums(),
            blob: file.shared_blob(),
            latch: Mutex::new(LogState::empty_at(header.head, header.ring)),
            file: Mutex::new(file),
            truncation: Mutex::new(()),
            archive,
            changed: Condvar::new(),
        }
    }

    /// Where the log's next record goes.
    pub(crate) fn end(&self) -> Lsn {
        self.latch.lock().tail.end()
    }

    pub(crate) fn ring(&self) -> Ring {
        self.latch.lock().ring
    }

    /// Changes the header, durably, if `is_due`. A failure poisons before anybody else gets at the header.
    ///
    /// # Errors
    /// [`Error::Poisoned`].
    pub(crate) fn change_header(
        &self,
        health: &Health,
        is_due: impl FnOnce(&LogHeader) -> bool,
        change: impl FnOnce(&mut LogHeader),
    ) -> Result<()> {
        self.with_file(health, |file| {
            if is_due(file.header()) { file.change_header(change) } else { Ok(()) }
        })
    }

    /// Lets the header vouch for everything below `decided`, which no crash can take back; one forced write, if it does not do so yet.
    ///
    /// # Errors
    /// [`Error::Poisoned`].
    pub(crate) fn vouch(&self, health: &Health, decided: Lsn, txn_id_max: TxnId) -> Result<()> {
        self.with_file(health, |file| {
            if file.header().synced < decided { file.vouch(decided, txn_id_max) } else { Ok(()) }
        })
    }

    fn with_file(
        &self,
        health: &Health,
        change: impl FnOnce(&mut LogFile) -> rvm_log::Result<()>,
    ) -> Result<()> {
        let mut file = self.file.lock();
        health.check()?;
        change(&mut file).map_err(|failure| Error::Poisoned { cause: health.poison(failure) })
    }

    /// Returns when nobody works on the files of this log any more; nobody begins to, since the store is closed.
    pub(crate) fn quiesce(&self) {
        drop(self.truncation.lock());
        drop(self.file.lock());
        let mut state = self.latch.lock();
        while state.forcing {
            state = self.changed.wait(state);
        }
    }

    /// Wakes all who wait for something of this log, for them to look at the store's health.
    pub(crate) fn wake_all(&self) {
        let _latched = self.latch.lock();
        self.changed.notify_all();
    }
}
