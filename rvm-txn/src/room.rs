//! Room for a record in a log: waits, truncates, grows. No latch is held while it does, and nothing is reserved, so a failure
//! here means that the transaction is not committed.

use std::sync::Arc;

use rvm_log::{Damage, LogError, Lsn};

use crate::error::{Error, Result};
use crate::log_handle::LogHandle;
use crate::shared::Shared;
use crate::truncate::{TruncationRight, failed, lock_layout, truncate_all, truncate_decided};

/// Returns when a record of `len` bytes could be appended; by then it may have become untrue again.
///
/// # Errors
/// [`Error::Poisoned`], [`Error::Closed`], out of space.
pub(crate) fn make_room(shared: &Shared, log: &Arc<LogHandle>, len: u64) -> Result<()> {
    loop {
        let mut state = log.latch.lock();
        shared.logs.health.check()?;
        if state.has_room(len) {
            return Ok(());
        }
        let end = state.tail.end();
        if state.draining {
            log.changed.wait(&mut state);
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
    let mut file = log.file.lock();
    if file.header().head.plus(shared.rings.max.capacity()) >= Lsn::LIMIT {
        let (file_name, head) = (file.blob().location().to_owned(), file.header().head);
        let damage = Damage::HeaderField { field: "head", value: head.0 };
        return Err(Error::Corrupt(LogError::Corrupt { file: file_name, offset: 0, damage }));
    }
    if file.header().clean {
        let changed = file.change_header(|header| header.clean = false);
        if let Err(failure) = changed {
            drop(file);
            return Err(shared.logs.poison(failure));
        }
    }
    log.latch.lock().open = true;
    Ok(())
}

/// The ring is full: truncates, and lets it grow if it may.
fn make_space(shared: &Shared, log: &Arc<LogHandle>, len: u64) -> Result<()> {
    let right = log.truncation.lock();
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

/// Empties the log and gives it a larger ring. Returns the error if the device has no space for that; the log is empty then.
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
        Err(error) if error.is_out_of_space() => Ok(Some(error)),
        Err(error) => Err(error),
    }
}

/// Holds appends back, empties the log, and gives it another ring.
///
/// # Errors
/// Out of space: the log is as it was, apart from what truncation could free. Otherwise [`Error::Poisoned`].
pub(crate) fn resize(
    shared: &Shared,
    log: &Arc<LogHandle>,
    ring: rvm_log::Ring,
    right: &TruncationRight<'_>,
) -> Result<()> {
    log.latch.lock().draining = true;
    let resized = truncate_all(shared, log, right).and_then(|_| {
        let _layout = lock_layout(shared)?;
        let mut file = log.file.lock();
        let resized = file.resize(ring);
        let now = file.ring();
        drop(file);
        log.latch.lock().ring = now;
        resized.map_err(|failure| failed(shared, failure))
    });
    let mut state = log.latch.lock();
    state.draining = false;
    log.changed.notify_all();
    resized
}
