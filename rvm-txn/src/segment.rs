//! A mapped segment.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::RwLock;
use rvm_storage::SegmentName;
use rvm_storage::memory::Region;

use crate::arbiter::Slot;
use crate::error::{Error, Result};
use crate::log_handle::LogHandle;
use crate::read::ReadGuard;
use crate::shared::Shared;

/// What the handles of one mapping share.
#[derive(Debug)]
pub(crate) struct SegmentInner {
    pub(crate) name: SegmentName,
    pub(crate) len: u64,
    /// Its place with the arbiter, which decides who may use the memory. The lock around the memory is only what makes that
    /// safe: it is always free when the arbiter has granted it.
    pub(crate) slot: Slot,
    pub(crate) memory: Arc<RwLock<Region>>,
    /// `None` in a store that was opened for reading.
    pub(crate) log: Option<Arc<LogHandle>>,
    pub(crate) mapped: AtomicBool,
    /// An abort could not restore the memory.
    pub(crate) spoiled: AtomicBool,
}

impl SegmentInner {
    /// # Errors
    /// [`Error::NotMapped`], [`Error::NotRestored`].
    pub(crate) fn check_usable(&self) -> Result<()> {
        if !self.mapped.load(Ordering::Acquire) {
            return Err(Error::NotMapped { segment: self.name.to_string() });
        }
        if self.spoiled.load(Ordering::Acquire) {
            return Err(Error::NotRestored { segment: self.name.to_string() });
        }
        Ok(())
    }
}

/// A mapped segment: a run of bytes that never loses a committed change.
///
/// A handle is cheap to clone. Dropping the last one does not unmap the segment; [`Store::unmap`](crate::Store::unmap) does.
#[derive(Clone, Debug)]
pub struct Segment {
    pub(crate) shared: Arc<Shared>,
    pub(crate) inner: Arc<SegmentInner>,
}

impl Segment {
    /// The segment's name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.inner.name.as_str()
    }

    /// The segment's length in bytes; at least 1.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "a segment is never empty")]
    pub fn len(&self) -> u64 {
        self.inner.len
    }

    /// A view of the committed bytes that no crash can take back: waits until no transaction has the segment, and then until
    /// every `Force` commit it shows is durable. Lazy commits are shown at once.
    ///
    /// # Errors
    /// [`Error::WouldDeadlock`] if this thread's own transaction has the segment; [`Error::Poisoned`] if a crash could
    /// take back what it would show; [`Error::NotMapped`], [`Error::Closed`], [`Error::Forked`].
    pub fn read(&self) -> Result<ReadGuard> {
        let guard = self.read_latest()?;
        guard.wait_decided()?;
        Ok(guard)
    }

    /// A view of the committed bytes, some of which may not be durable yet. Works on a poisoned store.
    ///
    /// # Errors
    /// [`Error::WouldDeadlock`] if this thread's own transaction has the segment; [`Error::NotMapped`],
    /// [`Error::Closed`], [`Error::Forked`].
    pub fn read_latest(&self) -> Result<ReadGuard> {
        let mut guards = crate::read::take(&self.shared, &[self])?;
        guards.pop().ok_or(Error::NoSegments)
    }
}
