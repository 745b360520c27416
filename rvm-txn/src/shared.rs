//! What every handle of an open store shares.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use rvm_log::{Epoch, LogError, StoreId, TxnId};
use rvm_storage::memory::{ForkDetector, Region};
use rvm_storage::widths::wide;
use rvm_storage::{SegmentName, Storage, StoreLock};

use crate::arbiter::Arbiter;
use crate::closure::{Targets, decide};
use crate::config::{Config, Rings};
use crate::error::{Error, Result};
use crate::helpers::Helpers;
use crate::log_handle::LogHandle;
use crate::maintenance::Maintenance;
use crate::poison::Poison;
use crate::segment::SegmentInner;
use crate::stats::Counters;
use crate::undo::UndoPool;

#[derive(Debug)]
pub(crate) struct Shared {
    this: Weak<Self>,
    pub(crate) storage: Arc<dyn Storage>,
    pub(crate) config: Config,
    pub(crate) rings: Rings,
    pub(crate) epoch: Epoch,
    pub(crate) read_only: bool,
    pub(crate) arbiter: Arbiter,
    pub(crate) poison: Poison,
    pub(crate) counters: Counters,
    pub(crate) undo_pool: UndoPool,
    pub(crate) helpers: Helpers,
    pub(crate) maintenance: Maintenance,
    /// Every log that is known, mapped or not.
    pub(crate) logs: Mutex<HashMap<SegmentName, Arc<LogHandle>>>,
    /// The mapped segments.
    pub(crate) segments: Mutex<HashMap<SegmentName, Arc<SegmentInner>>>,
    /// Held while segments are mapped, unmapped and destroyed; taken before all else.
    pub(crate) naming: Mutex<Naming>,
    /// What a store that was opened for reading copied and nobody has mapped yet.
    pub(crate) copies: Mutex<HashMap<SegmentName, Region>>,
    last_txn_id: AtomicU64,
    closed: AtomicBool,
    fork: ForkDetector,
    owner_lock: Mutex<Option<Box<dyn StoreLock>>>,
}

/// What the next new log is given.
#[derive(Debug)]
pub(crate) struct Naming {
    pub(crate) store_id: Option<StoreId>,
    pub(crate) next_log_index: u64,
}

/// What opening a store found out.
pub(crate) struct Beginning {
    pub(crate) storage: Arc<dyn Storage>,
    pub(crate) config: Config,
    pub(crate) rings: Rings,
    pub(crate) epoch: Epoch,
    pub(crate) read_only: bool,
    pub(crate) logs: HashMap<SegmentName, Arc<LogHandle>>,
    pub(crate) store_id: Option<StoreId>,
    pub(crate) last_txn_id: TxnId,
    pub(crate) owner_lock: Option<Box<dyn StoreLock>>,
}

impl Shared {
    pub(crate) fn new(beginning: Beginning) -> Result<Arc<Self>> {
        let fork = ForkDetector::new()?;
        let next_log_index = wide(beginning.logs.len());
        Ok(Arc::new_cyclic(|this| Self {
            this: Weak::clone(this),
            storage: beginning.storage,
            helpers: Helpers::new(beginning.config.helpers),
            config: beginning.config,
            rings: beginning.rings,
            epoch: beginning.epoch,
            read_only: beginning.read_only,
            arbiter: Arbiter::default(),
            poison: Poison::default(),
            counters: Counters::default(),
            undo_pool: UndoPool::default(),
            maintenance: Maintenance::default(),
            logs: Mutex::new(beginning.logs),
            segments: Mutex::default(),
            naming: Mutex::new(Naming { store_id: beginning.store_id, next_log_index }),
            copies: Mutex::default(),
            last_txn_id: AtomicU64::new(beginning.last_txn_id.0),
            closed: AtomicBool::new(false),
            fork,
            owner_lock: Mutex::new(beginning.owner_lock),
        }))
    }

    /// A share of one's own; `None` while the store is being dropped.
    pub(crate) fn this(&self) -> Option<Arc<Self>> {
        self.this.upgrade()
    }

    /// True in a child of the process that opened the store.
    pub(crate) fn in_child(&self) -> bool {
        self.fork.in_child()
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// True for the first call only.
    pub(crate) fn set_closed(&self) -> bool {
        !self.closed.swap(true, Ordering::AcqRel)
    }

    pub(crate) fn set_open(&self) {
        self.closed.store(false, Ordering::Release);
    }

    pub(crate) fn release_owner_lock(&self) {
        drop(self.owner_lock.lock().take());
    }

    /// # Errors
    /// [`Error::Forked`], [`Error::Closed`].
    pub(crate) fn check_usable(&self) -> Result<()> {
        if self.in_child() {
            return Err(Error::Forked);
        }
        if self.is_closed() {
            return Err(Error::Closed);
        }
        Ok(())
    }

    /// # Errors
    /// As [`Self::check_usable`], and [`Error::ReadOnly`].
    pub(crate) fn check_writable(&self, operation: &'static str) -> Result<()> {
        self.check_usable()?;
        if self.read_only { Err(Error::ReadOnly { operation }) } else { Ok(()) }
    }

    pub(crate) fn next_txn_id(&self) -> TxnId {
        TxnId(self.last_txn_id.fetch_add(1, Ordering::Relaxed) + 1)
    }

    pub(crate) fn last_txn_id(&self) -> TxnId {
        TxnId(self.last_txn_id.load(Ordering::Relaxed))
    }

    /// Keeps the first failure and wakes everyone who waits for a log. No latch may be held.
    pub(crate) fn set_poison(&self, failure: LogError) -> Arc<LogError> {
        let cause = self.poison.set(failure);
        for log in self.all_logs() {
            log.wake_all();
        }
        cause
    }

    pub(crate) fn all_logs(&self) -> Vec<Arc<LogHandle>> {
        let mut logs: Vec<_> = self.logs.lock().values().cloned().collect();
        logs.sort_unstable_by_key(|log| log.index);
        logs
    }

    /// Makes everything that is committed durable, with what it hangs on.
    ///
    /// # Errors
    /// [`Error::Poisoned`].
    pub(crate) fn decide_all(&self) -> Result<()> {
        let mut targets = Targets::new();
        for log in self.all_logs() {
            let (end, decided) = {
                let state = log.latch.lock();
                (state.tail.end(), state.decided)
            };
            if end > decided {
                targets.push((log, end));
            }
        }
        decide(self, targets).map_err(|cause| Error::Poisoned { cause })
    }
}
