//! The logs of a store, together: which there are, how a commit over them becomes decided, and how all who wait learn of a failure.

mod closure;
mod helpers;

use std::collections::HashMap;
use std::sync::Arc;

use rvm_log::{LogError, Lsn};
use rvm_storage::SegmentName;
use smallvec::SmallVec;

use crate::error::{Error, Result};
use crate::health::Health;
use crate::log_handle::LogHandle;
use crate::stats::Appends;
use crate::sync::Mutex;
use helpers::Helpers;

/// A log and the position up to which it is to be decided.
pub(crate) type Targets = SmallVec<[(Arc<LogHandle>, Lsn); 2]>;

#[derive(Debug)]
pub(crate) struct Logs {
    known: Mutex<Known>,
    helpers: Helpers,
    pub(crate) health: Arc<Health>,
}

/// Locked before latches.
#[derive(Debug, Default)]
struct Known {
    /// Every log, its segment mapped or not.
    logs: HashMap<SegmentName, Arc<LogHandle>>,
    /// What was appended to logs that are gone.
    past_appends: Appends,
}

impl Logs {
    pub(crate) fn new(logs: HashMap<SegmentName, Arc<LogHandle>>, helpers: usize) -> Self {
        let known = Known { logs, past_appends: Appends::default() };
        let health = Arc::new(Health::default());
        let helpers = Helpers::new(helpers, Arc::clone(&health));
        Self { known: Mutex::new(known), helpers, health }
    }

    pub(crate) fn get(&self, name: &SegmentName) -> Option<Arc<LogHandle>> {
        self.known.lock().logs.get(name).cloned()
    }

    pub(crate) fn insert(&self, log: Arc<LogHandle>) {
        self.known.lock().logs.insert(log.name.clone(), log);
    }

    pub(crate) fn remove(&self, name: &SegmentName) {
        let mut known = self.known.lock();
        let gone = known.logs.remove(name);
        let appends = gone.map_or_else(Appends::default, |log| log.latch.lock().appends);
        known.past_appends.add(&appends);
    }

    /// What was appended to all logs, those that are gone included.
    pub(crate) fn appends(&self) -> Appends {
        let known = self.known.lock();
        let mut appends = known.past_appends;
        for log in known.logs.values() {
            appends.add(&log.latch.lock().appends);
        }
        appends
    }

    /// All logs, in the order in which their latches are taken.
    pub(crate) fn all(&self) -> Vec<Arc<LogHandle>> {
        let mut logs: Vec<_> = self.known.lock().logs.values().cloned().collect();
        logs.sort_unstable_by_key(|log| log.index);
        logs
    }

    /// Returns when everything below the targets is decided: durable with all that it hangs on.
    ///
    /// # Errors
    /// The first failure of the store, once it is poisoned.
    pub(crate) fn decide(&self, start: Targets) -> std::result::Result<(), Arc<LogError>> {
        let targets = closure::closure_of(start);
        self.helpers.force_all(&targets).inspect_err(|_| self.wake_all())?;
        for (log, target) in &targets {
            // To be woken for nothing costs a thread more than its commit, and most commits are decided by their force.
            let is_news = log.latch.lock().raise_decided(*target);
            if is_news {
                log.changed.notify_all();
            }
        }
        Ok(())
    }

    /// Makes everything that is committed decided.
    ///
    /// # Errors
    /// [`Error::Poisoned`].
    pub(crate) fn decide_all(&self) -> Result<()> {
        self.settle(self.all().into_iter().filter_map(|log| {
            let (end, decided) = {
                let state = log.latch.lock();
                (state.tail.end(), state.decided)
            };
            (end > decided).then_some((log, end))
        }))
    }

    /// [`decide`](Self::decide), where a failure is no particular commit's.
    ///
    /// # Errors
    /// [`Error::Poisoned`].
    pub(crate) fn settle(
        &self,
        targets: impl IntoIterator<Item = (Arc<LogHandle>, Lsn)>,
    ) -> Result<()> {
        self.decide(targets.into_iter().collect()).map_err(|cause| Error::Poisoned { cause })
    }

    /// Poisons the store, and wakes everyone who waits for a log. No latch may be held.
    pub(crate) fn poison(&self, failure: LogError) -> Error {
        let cause = self.health.poison(failure);
        self.wake_all();
        Error::Poisoned { cause }
    }

    /// Ends the threads that help to force, once they have nothing to do.
    pub(crate) fn stop_helpers(&self) {
        self.helpers.stop();
    }

    fn wake_all(&self) {
        for log in self.all() {
            log.wake_all();
        }
    }
}
