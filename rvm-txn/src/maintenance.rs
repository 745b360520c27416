//! The maintenance thread of a store: forces lazy commits before their interval ends, and truncates logs that fill up. It sleeps
//! unless asked, so a store that only forces never wakes it.

use std::sync::Arc;

use rvm_storage::StorageError;

use crate::error::{Error, Result};
use crate::layout::lock_layout;
use crate::log_handle::LogHandle;
use crate::shared::Shared;
use crate::sync::spawn;
use crate::sync::thread::JoinHandle;
use crate::truncate::{TruncationRight, truncate_all};

/// Starts the thread. It ends when the store's [`Chores`](crate::chores::Chores) are stopped.
///
/// # Errors
/// The system has no thread to give.
pub(crate) fn start(shared: &Arc<Shared>) -> Result<JoinHandle<()>> {
    let for_thread = Arc::clone(shared);
    spawn("rvm-maintenance".to_owned(), move || run(&for_thread)).map_err(|source| {
        let operation = "start the maintenance thread of";
        let path = shared.storage.location();
        Error::Io(StorageError::Io { operation, path, offset: None, source })
    })
}

fn run(shared: &Shared) {
    while let Some(due) = shared.chores.next() {
        // Failures poison the store and are told to whoever commits next.
        force(shared, due.force).ok();
        if let Some(log) = due.truncate {
            log.latch.lock().truncation_asked = false;
            truncate(shared, &log).ok();
        }
    }
}

/// Truncates a log, unless somebody else does or reads the store. It is asked for again by a later commit.
fn truncate(shared: &Shared, log: &Arc<LogHandle>) -> Result<()> {
    let Some(right) = TruncationRight::without_waiting(log) else { return Ok(()) };
    // Before lazy commits are forced and records are applied, which would be for nothing.
    drop(lock_layout(shared.storage.as_ref(), right.readers_wait)?);
    truncate_all(shared, log, &right).map(drop)
}

fn force(shared: &Shared, logs: Vec<Arc<LogHandle>>) -> Result<()> {
    shared.logs.settle(logs.into_iter().map(|log| {
        let end = {
            let mut state = log.latch.lock();
            state.lazy_noted = false;
            state.tail.end()
        };
        (log, end)
    }))
}
