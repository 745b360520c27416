//! What every handle of an open store shares.

use std::collections::HashMap;
use std::sync::Arc;

use rvm_log::{Epoch, StoreId, TxnId};
use rvm_storage::memory::{ForkDetector, Region};
use rvm_storage::widths::wide;
use rvm_storage::{SegmentName, Storage, StoreLock};

use crate::arbiter::Arbiter;
use crate::chores::Chores;
use crate::config::{Config, Rings};
use crate::error::{Error, Result};
use crate::log_handle::LogHandle;
use crate::logs::Logs;
use crate::mapping::Mapping;
use crate::part::Part;
use crate::stats::Counters;
use crate::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use crate::sync::{Mutex, RwLock};

#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) storage: Arc<dyn Storage>,
    pub(crate) config: Config,
    pub(crate) rings: Rings,
    pub(crate) epoch: Epoch,
    pub(crate) read_only: bool,
    pub(crate) arbiter: Arbiter<Box<Part>>,
    pub(crate) chores: Chores,
    pub(crate) logs: Logs,
    /// The mapped segments.
    pub(crate) segments: Mutex<HashMap<SegmentName, Arc<Mapping>>>,
    /// Held while segments are mapped, unmapped and destroyed; taken before all else.
    pub(crate) naming: Mutex<Naming>,
    /// What a store that was opened for reading copied.
    pub(crate) copies: Mutex<HashMap<SegmentName, Arc<RwLock<Region>>>>,
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
    /// Whether it is archived.
    pub(crate) archiving: bool,
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
    pub(crate) archiving: bool,
    pub(crate) owner_lock: Option<Box<dyn StoreLock>>,
}

impl Shared {
    pub(crate) fn new(beginning: Beginning) -> Result<Arc<Self>> {
        let fork = ForkDetector::new()?;
        let next_log_index = wide(beginning.logs.len());
        Ok(Arc::new(Self {
            storage: beginning.storage,
            logs: Logs::new(beginning.logs, beginning.config.helpers),
            config: beginning.config,
            rings: beginning.rings,
            epoch: beginning.epoch,
            read_only: beginning.read_only,
            arbiter: Arbiter::default(),
            chores: Chores::default(),
            segments: Mutex::default(),
            naming: Mutex::new(Naming {
                store_id: beginning.store_id,
                next_log_index,
                archiving: beginning.archiving,
            }),
            copies: Mutex::default(),
            last_txn_id: AtomicU64::new(beginning.last_txn_id.0),
            closed: AtomicBool::new(false),
            fork,
            owner_lock: Mutex::new(beginning.owner_lock),
        }))
    }

    pub(crate) fn counters(&self) -> &Counters {
        &self.logs.health.counters
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

    pub(crate) fn release_owner_lock(&self) {
        drop(self.owner_lock.lock().take());
    }

    /// Gives up a forked child's copy of the owner's lock, which leaves the parent's as it is.
    pub(crate) fn release_inherited_lock(&self) {
        if let Some(mut lock) = self.owner_lock.try_lock() {
            drop(lock.take());
        }
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
}
