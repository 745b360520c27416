//! Truncation: folds decided records into the segment and moves the log's head, while commits go on.
//!
//! The order is what makes it safe: apply, force the segment, move the head durably, and only then use the space again. A
//! device that is full while applying changes nothing; every other failure poisons.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::MutexGuard;
use rvm_log::{LogError, Lsn};
use rvm_storage::memory::Residency;
use rvm_storage::{LockMode, LockScope, StoreLock};

use crate::apply::apply_to_segment;
use crate::arbiter::{Mode, ThreadKey, Wait};
use crate::error::{Error, Result};
use crate::log_handle::LogHandle;
use crate::shared::Shared;

/// How long a head waits for read-only openers that copy the store.
const READERS_WAIT: Duration = Duration::from_secs(10);

/// What [`Store::truncate_log`](crate::Store::truncate_log) did.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct TruncateReport {
    /// Logs whose records were folded into their segments.
    pub logs_truncated: u64,
    /// Bytes of log that were freed.
    pub freed_bytes: u64,
    /// Segments whose device was full. Their logs keep everything; truncate again when there is space.
    pub out_of_space: Vec<String>,
}

/// The right to read a log back and to move its head.
pub(crate) type TruncationRight<'a> = MutexGuard<'a, ()>;

/// Folds all decided records into the segment; returns the bytes of log freed.
///
/// # Errors
/// Out of space, and readers that copy too long: nothing has changed. Otherwise [`Error::Poisoned`].
pub(crate) fn truncate_decided(
    shared: &Shared,
    log: &LogHandle,
    _right: &TruncationRight<'_>,
) -> Result<u64> {
    shared.logs.health.check()?;
    let (head, mark) = {
        let state = log.latch.lock();
        (state.head, state.decided)
    };
    if mark == head {
        return Ok(0);
    }
    let header = log.file.lock().header().clone();
    let applied =
        apply_to_segment(shared.storage.as_ref(), log.blob.as_ref(), &header, (head, mark));
    if let Err(failure) = applied {
        return Err(failed(shared, failure));
    }
    move_head(shared, log, mark)?;
    let freed = mark.since(head);
    shared.counters().truncations.add(1);
    shared.counters().truncated_bytes.add(freed);
    give_back_pages(shared, log);
    Ok(freed)
}

/// Makes everything in the log decided and folds it into the segment, so that the log is empty unless commits went on.
///
/// # Errors
/// As [`truncate_decided`].
pub(crate) fn truncate_all(
    shared: &Shared,
    log: &Arc<LogHandle>,
    right: &TruncationRight<'_>,
) -> Result<u64> {
    shared.logs.settle([(Arc::clone(log), log.end())])?;
    truncate_decided(shared, log, right)
}

/// Holds back read-only openers while files change their shape.
///
/// # Errors
/// [`Error::Io`] with a `Busy` cause when they copy longer than is waited.
pub(crate) fn lock_layout(shared: &Shared) -> Result<Box<dyn StoreLock>> {
    Ok(shared.storage.lock(LockScope::Layout, LockMode::Exclusive, READERS_WAIT)?)
}

/// A failure while logs and segments were written: poisons, unless the device is merely full.
pub(crate) fn failed(shared: &Shared, failure: LogError) -> Error {
    match failure {
        LogError::Storage(error) if error.is_out_of_space() => {
            shared.counters().truncations_out_of_space.add(1);
            Error::Io(error)
        }
        failure => shared.logs.poison(failure),
    }
}

fn move_head(shared: &Shared, log: &LogHandle, mark: Lsn) -> Result<()> {
    let txn_id_max = shared.last_txn_id();
    let layout = lock_layout(shared)?;
    let moved = {
        let mut file = log.file.lock();
        let synced = log.latch.lock().durable;
        file.change_header(|header| {
            header.head = mark;
            header.synced = synced;
            header.txn_id_max = txn_id_max;
        })
    };
    drop(layout);
    if let Err(failure) = moved {
        return Err(shared.logs.poison(failure));
    }
    log.latch.lock().raise_head(mark);
    log.changed.notify_all();
    Ok(())
}

/// A mapped segment whose file now holds all that is committed needs no private pages, if nobody is using it.
fn give_back_pages(shared: &Shared, log: &LogHandle) {
    if matches!(shared.config.residency, Residency::Resident) {
        return;
    }
    let Some(segment) = shared.segments.lock().get(&log.name).cloned() else { return };
    if shared.arbiter.acquire(&[segment.slot], Mode::Exclusive, Wait::No).is_err() {
        return;
    }
    let is_empty = {
        let state = log.latch.lock();
        state.head == state.tail.end()
    };
    if is_empty && let Some(mut memory) = segment.memory.try_write() {
        // Pages that stay private cost memory, nothing else.
        memory.release_clean_pages().ok();
    }
    shared.arbiter.release(&[segment.slot], Mode::Exclusive, ThreadKey::current());
}

#[cfg(test)]
mod tests;
