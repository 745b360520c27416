//! What the handles of one mapped segment share.

use std::sync::Arc;

use rvm_storage::SegmentName;
use rvm_storage::memory::Region;

use crate::arbiter::Slot;
use crate::error::{Error, Result};
use crate::log_handle::LogHandle;
use crate::sync::RwLock;
use crate::sync::atomic::{AtomicBool, AtomicPtr, Ordering};

#[derive(Debug)]
pub(crate) struct Mapping {
    pub(crate) name: SegmentName,
    pub(crate) len: u64,
    /// Its place with the arbiter, which decides who may use the memory. The lock around the memory is only what makes that
    /// safe: whoever the arbiter has granted the memory to finds it free, or is handed it locked.
    pub(crate) slot: Slot,
    pub(crate) memory: Arc<RwLock<Region>>,
    /// The address of the memory, which stays the same.
    pub(crate) base: AtomicPtr<u8>,
    /// `None` in a store that was opened for reading.
    pub(crate) log: Option<Arc<LogHandle>>,
    pub(crate) mapped: AtomicBool,
    /// The log was folded into the file, so a mapped segment may not need its private pages any more.
    pub(crate) pages_due: AtomicBool,
    /// An abort could not restore the memory.
    pub(crate) spoiled: AtomicBool,
}

impl Mapping {
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

    /// Gives back the private pages of a mapped segment whose file holds all that is committed. The caller owns the segment, so
    /// nothing is appended to its log meanwhile.
    pub(crate) fn give_back_pages(&self, memory: &mut Region) {
        // Looked at before it is changed, which costs more, and is needed seldom.
        if !self.pages_due.load(Ordering::Relaxed)
            || !self.pages_due.swap(false, Ordering::Relaxed)
            || !memory.is_mapped()
        {
            return;
        }
        let is_folded = self.log.as_ref().is_some_and(|log| log.latch.lock().live_len() == 0);
        if is_folded {
            // Pages that stay private cost memory, nothing else.
            memory.release_clean_pages().ok();
        }
    }
}
