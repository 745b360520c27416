//! Truncation: folds decided records into the segment and moves the log's head, while commits go on.
//!
//! The order is what makes it safe: leave evidence of what is folded and of what it names in other logs, apply, force the segment, keep what
//! was folded in the archive if there is one, move the head durably, and only then use the space again. A device that is full while applying
//! or archiving changes nothing; every other failure poisons. Nothing is applied that somebody who holds the store's files still has not
//! seen in the logs.

mod evidence;

use std::mem;
use std::sync::Arc;
use std::time::Duration;

use rvm_log::{LogError, Lsn};

use crate::apply::{Pace, apply_to_segment};
use crate::archive::keep;
use crate::error::{Error, Result};
use crate::layout::{READERS_WAIT, lock_layout, wait_for_views};
use crate::log_handle::LogHandle;
use crate::shared::Shared;
use crate::sync::MutexGuard;
use crate::sync::atomic::Ordering;
use evidence::leave_evidence;

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

/// The right to read a log back, to move its head, and to resize it.
pub(crate) struct TruncationRight<'a> {
    _truncation: MutexGuard<'a, ()>,
    /// How long to wait for read-only openers that copy the store.
    pub(crate) readers_wait: Duration,
}

impl<'a> TruncationRight<'a> {
    /// For somebody who wants it done.
    pub(crate) fn take(log: &'a LogHandle) -> Self {
        Self { _truncation: log.truncation.lock(), readers_wait: READERS_WAIT }
    }

    /// For the maintenance thread, which has other things to do than to wait. `None` if somebody else has it.
    pub(crate) fn without_waiting(log: &'a LogHandle) -> Option<Self> {
        let truncation = log.truncation.try_lock()?;
        Some(Self { _truncation: truncation, readers_wait: Duration::ZERO })
    }
}

/// Folds all decided records into the segment; returns the bytes of log freed.
///
/// # Errors
/// The log keeps everything: out of space, readers that copy too long, and what else may keep the layout from being locked. Otherwise
/// [`Error::Poisoned`].
pub(crate) fn truncate_decided(
    shared: &Shared,
    log: &Arc<LogHandle>,
    right: &TruncationRight<'_>,
) -> Result<u64> {
    shared.logs.health.check()?;
    let (head, mark, named) = {
        let mut state = log.latch.lock();
        if state.decided == state.head {
            return Ok(0);
        }
        // Not given back if applying fails: the evidence stays.
        (state.head, state.decided, mem::take(&mut state.named))
    };
    leave_evidence(shared, log, mark, &named)?;
    wait_for_views(shared.storage.as_ref(), right.readers_wait)?;
    let header = log.file.lock().header().clone();
    let (storage, blob) = (shared.storage.as_ref(), log.blob.as_ref());
    let applied = apply_to_segment(storage, blob, &header, (head, mark), Pace::BesideCommits);
    let last_txn = shared.last_txn_id();
    let kept =
        applied.and_then(|_| keep(storage, &log.archive, blob, &header, (head, mark), last_txn));
    if let Err(failure) = kept {
        return Err(failed(shared, failure));
    }
    move_head(shared, log, mark, right)?;
    let freed = mark.since(head);
    shared.counters().truncations.add(1);
    shared.counters().truncated_bytes.add(freed);
    if let Some(mapping) = shared.segments.lock().get(&log.name) {
        mapping.pages_due.store(true, Ordering::Relaxed);
    }
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

fn move_head(
    shared: &Shared,
    log: &LogHandle,
    mark: Lsn,
    right: &TruncationRight<'_>,
) -> Result<()> {
    let txn_id_max = shared.last_txn_id();
    let _layout = lock_layout(shared.storage.as_ref(), right.readers_wait)?;
    // A header vouches for what is decided, not for all that is durable.
    let decided = log.latch.lock().decided;
    log.change_header(
        &shared.logs.health,
        |_| true,
        |header| {
            header.head = mark;
            header.synced = decided;
            header.txn_id_max = txn_id_max;
        },
    )?;
    log.latch.lock().raise_head(mark);
    log.changed.notify_all();
    Ok(())
}

#[cfg(test)]
mod tests;
