//! One segment as a transaction has it: the memory, to be changed, and the log.

use std::sync::Arc;

use rvm_storage::memory::Region;

use crate::coverage::Coverage;
use crate::log_handle::LogHandle;
use crate::mapping::Mapping;
use crate::sync::{ArcRwLockWriteGuard, RawRwLock, RwLock};

/// Boxed, since it goes from one transaction to the next; see [`Arbiter`](crate::arbiter::Arbiter).
pub(crate) struct Part {
    pub(crate) segment: Arc<Mapping>,
    pub(crate) log: Arc<LogHandle>,
    pub(crate) memory: ArcRwLockWriteGuard<RawRwLock, Region>,
    /// Whether any range was declared.
    pub(crate) written: bool,
    /// What was declared, under [`RangePolicy::Coalesce`](crate::config::RangePolicy::Coalesce).
    pub(crate) coverage: Coverage,
}

impl Part {
    /// A part of a transaction that the arbiter has granted the segment to; `None` if it is not free all the same, or has no log.
    pub(crate) fn of(segment: &Arc<Mapping>) -> Option<Box<Self>> {
        let memory = RwLock::try_write_arc(&segment.memory)?;
        let log = segment.log.clone()?;
        let segment = Arc::clone(segment);
        Some(Box::new(Self { segment, log, memory, written: false, coverage: Coverage::default() }))
    }

    /// Makes it ready for the next transaction.
    pub(crate) fn reset(&mut self) {
        self.written = false;
        self.coverage.clear();
    }
}

impl std::fmt::Debug for Part {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Part").field("segment", &self.segment.name).finish_non_exhaustive()
    }
}
