//! The maintenance thread of a store: forces lazy commits before their interval ends and truncates logs that fill up. It sleeps
//! unless asked, so a store that only forces never wakes it.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use crate::closure::{Targets, decide};
use crate::error::{Error, Result};
use crate::log_handle::LogHandle;
use crate::shared::Shared;
use crate::truncate::truncate_all;

#[derive(Debug, Default)]
pub(crate) struct Maintenance {
    asked: Mutex<Asked>,
    changed: Condvar,
    thread: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Debug, Default)]
struct Asked {
    stop: bool,
    truncate: Vec<Arc<LogHandle>>,
    lazy: Vec<Arc<LogHandle>>,
    /// When the logs with lazy commits are to be forced.
    lazy_due: Option<Instant>,
}

/// What is to be done now.
#[derive(Debug, Default)]
struct Due {
    force: Vec<Arc<LogHandle>>,
    truncate: Vec<Arc<LogHandle>>,
}

impl Maintenance {
    /// Starts the thread.
    ///
    /// # Errors
    /// The system has no thread to give.
    pub(crate) fn start(&self, shared: &Arc<Shared>) -> Result<()> {
        let for_thread = Arc::clone(shared);
        let spawned = std::thread::Builder::new()
            .name("rvm-maintenance".to_owned())
            .spawn(move || for_thread.maintenance.run(&for_thread));
        match spawned {
            Ok(thread) => {
                *self.thread.lock() = Some(thread);
                Ok(())
            }
            Err(source) => Err(Error::Io(rvm_storage::StorageError::Io {
                operation: "start the maintenance thread of",
                path: shared.storage.location(),
                offset: None,
                source,
            })),
        }
    }

    /// Ends the thread and waits for it.
    pub(crate) fn stop(&self) {
        self.asked.lock().stop = true;
        self.changed.notify_all();
        if let Some(thread) = self.thread.lock().take() {
            // A panic in the thread was reported when it happened.
            drop(thread.join());
        }
    }

    /// Asks for a log to be truncated.
    pub(crate) fn truncate(&self, log: &Arc<LogHandle>) {
        self.asked.lock().truncate.push(Arc::clone(log));
        self.changed.notify_all();
    }

    /// Asks for a log with lazy commits to be forced within `interval`. It begins at half of it, so that the force has the
    /// other half.
    pub(crate) fn force_lazily(&self, log: &Arc<LogHandle>, interval: Duration) {
        let mut asked = self.asked.lock();
        asked.lazy.push(Arc::clone(log));
        if asked.lazy_due.is_none() {
            asked.lazy_due = Instant::now().checked_add(interval / 2);
            self.changed.notify_all();
        }
    }

    fn run(&self, shared: &Shared) {
        while let Some(due) = self.next() {
            // Failures poison the store and are told to whoever commits next.
            force(shared, due.force).ok();
            for log in due.truncate {
                log.latch.lock().truncation_asked = false;
                let right = log.truncation.lock();
                truncate_all(shared, &log, &right).ok();
            }
        }
    }

    /// Waits for work. `None` when it is time to end.
    fn next(&self) -> Option<Due> {
        let mut asked = self.asked.lock();
        loop {
            if asked.stop {
                return None;
            }
            let lazy_is_due = asked.lazy_due.is_some_and(|due| Instant::now() >= due);
            if lazy_is_due || !asked.truncate.is_empty() {
                let mut due =
                    Due { truncate: std::mem::take(&mut asked.truncate), ..Due::default() };
                if lazy_is_due {
                    asked.lazy_due = None;
                    due.force = std::mem::take(&mut asked.lazy);
                }
                return Some(due);
            }
            match asked.lazy_due {
                Some(due) => {
                    self.changed.wait_until(&mut asked, due);
                }
                None => self.changed.wait(&mut asked),
            }
        }
    }
}

fn force(shared: &Shared, logs: Vec<Arc<LogHandle>>) -> Result<()> {
    let mut targets = Targets::new();
    for log in logs {
        let end = {
            let mut state = log.latch.lock();
            state.lazy_noted = false;
            state.tail.end()
        };
        targets.push((log, end));
    }
    decide(shared, targets).map_err(|cause| Error::Poisoned { cause })
}
