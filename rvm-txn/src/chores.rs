//! What the maintenance thread is asked to do, and when.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::log_handle::LogHandle;
use crate::sync::{Condvar, Mutex};

#[derive(Debug, Default)]
pub(crate) struct Chores {
    asked: Mutex<Asked>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Asked {
    stop: bool,
    truncate: VecDeque<Arc<LogHandle>>,
    lazy: Vec<Arc<LogHandle>>,
    /// When the logs with lazy commits are to be forced.
    lazy_due: Option<Instant>,
}

/// What is to be done now.
#[derive(Debug, Default)]
pub(crate) struct Due {
    pub(crate) force: Vec<Arc<LogHandle>>,
    /// One at a time, so that no force is late for many truncations.
    pub(crate) truncate: Option<Arc<LogHandle>>,
}

impl Chores {
    /// Asks for a log to be truncated.
    pub(crate) fn truncate(&self, log: &Arc<LogHandle>) {
        self.asked.lock().truncate.push_back(Arc::clone(log));
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

    /// There is nothing to be done any more.
    pub(crate) fn stop(&self) {
        self.asked.lock().stop = true;
        self.changed.notify_all();
    }

    /// Waits for work. `None` when it is time to end.
    pub(crate) fn next(&self) -> Option<Due> {
        let mut asked = self.asked.lock();
        loop {
            if asked.stop {
                return None;
            }
            let lazy_is_due = asked.lazy_due.is_some_and(|due| Instant::now() >= due);
            if lazy_is_due || !asked.truncate.is_empty() {
                let mut due = Due { truncate: asked.truncate.pop_front(), ..Due::default() };
                if lazy_is_due {
                    asked.lazy_due = None;
                    due.force = std::mem::take(&mut asked.lazy);
                }
                return Some(due);
            }
            match asked.lazy_due {
                Some(due) => {
                    (asked, _) = self.changed.wait_until(asked, due);
                }
                None => asked = self.changed.wait(asked),
            }
        }
    }
}
