//! Room for a record in a log: waits, truncates, grows. No latch is held while it does, and nothing is reserved, so a failure
//! here means that the transaction is not committed.

use std::sync::Arc;

use rvm_log::{Damage, LogError, Lsn, Ring};

use crate::error::{Error, Result};
use crate::layout::lock_layout;
use crate::log_handle::LogHandle;
use crate::shared::Shared;
use crate::truncate::{TruncationRight, failed, truncate_all, truncate_decided};

/// Returns when a record of `len` bytes could be appended; by then it may have become untrue again.
///
/// # Errors
/// [`Error::Poisoned`], [`Error::Closed`], [`Error::LayoutBusy`], [`Error::TransactionTooLarge`], out of space.
pub(crate) fn make_room(shared: &Shared, log: &Arc<LogHandle>, len: u64) -> Result<()> {
    loop {
        let state = log.latch.lock();
        shared.logs.health.check()?;
        if state.has_room(len) {
            return Ok(());
        }
        let end = state.tail.end();
        let limit = shared.rings.max.record_len_max().max(state.ring.record_len_max());
        if len > limit {
            let segment = log.name.to_string();
            return Err(Error::TransactionTooLarge { segment, needed: len, limit });
        }
        if state.draining {
            drop(log.changed.wait(state));
        } else if !state.open {
            drop(state);
            open_for_append(shared, log)?;
        } else if !state.ring_has_room(len) {
            drop(state);
            make_space(shared, log, len)?;
        } else {
            drop(state);
            shared.logs.settle([(Arc::clone(log), end)])?;
        }
    }
}

/// Takes the clean-shutdown mark off the log, durably, before the first record is appended.
fn open_for_append(shared: &Shared, log: &LogHandle) -> Result<()> {
    check_numbers(shared, log)?;
    let mut usable = Ok(());
    log.change_header(
        &shared.logs.health,
        |header| {
            usable = shared.check_usable();
            usable.is_ok() && header.clean
        },
        |header| header.clean = false,
    )?;
    usable?;
    log.latch.lock().open = true;
    Ok(())
}

/// No log and no store comes near the end of its numbers, unless its header was made up.
fn check_numbers(shared: &Shared, log: &LogHandle) -> Result<()> {
    let head = log.latch.lock().head.0;
    let txn_id_max = shared.last_txn_id().0;
    // Each recovery takes an epoch: what is committed here must find one left after a crash.
    let epoch = shared.epoch.0;
    for (field, value) in [("epoch", epoch), ("head", head), ("txn_id_max", txn_id_max)] {
        if value >= Lsn::LIMIT.0 / 2 {
            let file = log.blob.location().to_owned();
            let damage = Damage::HeaderField { field, value };
            return Err(Error::Corrupt(LogError::Corrupt { file, offset: 0, damage }));
        }
    }
    Ok(())
}

/// The ring is full: truncates, and lets it grow if it may.
fn make_space(shared: &Shared, log: &Arc<LogHandle>, len: u64) -> Result<()> {
    let right = TruncationRight::take(log);
    shared.check_usable()?;
    let has_room = |log: &LogHandle| log.latch.lock().ring_has_room(len);
    if has_room(log) {
        return Ok(());
    }
    let ring = log.ring();
    if shared.rings.grown(ring, len) == ring {
        truncate_decided(shared, log, &right)?;
        if !has_room(log) {
            truncate_all(shared, log, &right)?;
        }
        return Ok(());
    }
    let no_space = grow(shared, log, len, &right)?;
    match no_space {
        Some(error) if !has_room(log) => Err(error),
        _ => Ok(()),
    }
}

/// Empties the log and gives it a larger ring. Returns the error if that was not possible now, for want of
/// space or because of a reader; the log may have room all the same.
fn grow(
    shared: &Shared,
    log: &Arc<LogHandle>,
    len: u64,
    right: &TruncationRight<'_>,
) -> Result<Option<Error>> {
    let grown = shared.rings.grown(log.ring(), len);
    match resize(shared, log, grown, right) {
        Ok(()) => {
            shared.counters().log_growths.add(1);
            Ok(None)
        }
        Err(error) if error.is_out_of_space() || matches!(error, Error::LayoutBusy { .. }) => {
            Ok(Some(error))
        }
        Err(error) => Err(error),
    }
}

/// Holds appends back, empties the log, and gives it another ring.
///
/// # Errors
/// Out of space: the log is as it was, apart from what truncation could free. [`Error::LayoutBusy`]. Otherwise
/// [`Error::Poisoned`].
pub(crate) fn resize(
    shared: &Shared,
    log: &Arc<LogHandle>,
    ring: Ring,
    right: &TruncationRight<'_>,
) -> Result<()> {
    log.latch.lock().draining = true;
    let resized =
        truncate_all(shared, log, right).and_then(|_| give_ring(shared, log, ring, right));
    log.latch.lock().draining = false;
    log.changed.notify_all();
    resized
}

/// The log is empty, and nothing is appended.
fn give_ring(
    shared: &Shared,
    log: &LogHandle,
    ring: Ring,
    right: &TruncationRight<'_>,
) -> Result<()> {
    let _layout = lock_layout(shared.storage.as_ref(), right.readers_wait)?;
    let mut file = log.file.lock();
    shared.logs.health.check()?;
    file.reserve(ring).map_err(|failure| failed(shared, failure))?;
    // From here on the file may have either shape, so every failure poisons.
    let resized = file.resize(ring);
    let cause = resized.map_err(|failure| shared.logs.health.poison(failure));
    drop(file);
    cause.map_err(|cause| Error::Poisoned { cause })?;
    log.latch.lock().ring = ring;
    Ok(())
}

#[cfg(test)]
mod tests;
