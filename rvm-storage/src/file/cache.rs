//! The bounded set of open descriptors behind any number of blobs.
//!
//! A [`Slot`] stands for one blob and is open or not. Opening one more than the limit closes the one that was not
//! used for longest, except a slot with writes that were not forced since: an error of writing them back would be told
//! only to a descriptor that was open by then. If all are like that, the limit gives way.
//!
//! Locks are taken in this order: a slot's state, then the list, then other slots' states, those last ones only by
//! trying. Using an open slot takes its own state only. Nothing here reads or writes.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Weak};

use rustix::io::Errno;

use crate::error::{Result, StorageError};
use crate::locks::Mutex;

use super::slot::{Descriptors, Slot, State};

/// How many files may be open at once unless told otherwise. Each takes one descriptor or two.
const LIMIT_DEFAULT: usize = 256;

/// The open slots of one storage.
#[derive(Debug)]
pub(super) struct DescriptorCache {
    limit: AtomicUsize,
    /// Counts uses; a slot's stamp is the count at its last one.
    clock: AtomicU64,
    open: Mutex<Vec<Weak<Slot>>>,
}

impl DescriptorCache {
    pub(super) fn new() -> Self {
        Self {
            limit: AtomicUsize::new(LIMIT_DEFAULT),
            clock: AtomicU64::new(0),
            open: Mutex::new(Vec::new()),
        }
    }

    /// At least one, or nothing could be open.
    pub(super) fn set_limit(&self, limit: usize) {
        self.limit.store(limit.max(1), Ordering::Relaxed);
    }

    /// The descriptors of `slot`, whose `state` the caller has locked, opened by `open` if they are not.
    pub(super) fn get(
        &self,
        slot: &Arc<Slot>,
        state: &mut State,
        open: impl Fn() -> Result<Descriptors>,
    ) -> Result<Arc<Descriptors>> {
        slot.stamp(self.clock.fetch_add(1, Ordering::Relaxed));
        if let Some(descriptors) = state.descriptors() {
            return Ok(descriptors);
        }
        self.admit(slot);
        let opened = match open() {
            // Perhaps because of us: try again with nothing open that need not be.
            Err(fault) if is_out_of_descriptors(&fault) => {
                close_idle(&mut self.open.lock(), 0);
                open()
            }
            opened => opened,
        };
        match opened {
            Ok(descriptors) => Ok(state.install(descriptors)),
            Err(fault) => {
                self.withdraw(slot);
                Err(fault)
            }
        }
    }

    /// Makes room for `slot` and lists it. It cannot be closed again before its state is unlocked.
    fn admit(&self, slot: &Arc<Slot>) {
        let mut open = self.open.lock();
        close_idle(&mut open, self.limit.load(Ordering::Relaxed).saturating_sub(1));
        open.push(Arc::downgrade(slot));
    }

    fn withdraw(&self, slot: &Arc<Slot>) {
        self.open.lock().retain(|entry| !std::ptr::eq(entry.as_ptr(), Arc::as_ptr(slot)));
    }
}

/// Closes the slots that were not used for longest, as far as they can be, until only `keep` are open.
fn close_idle(open: &mut Vec<Weak<Slot>>, keep: usize) {
    open.retain(|entry| entry.strong_count() > 0);
    if open.len() <= keep {
        return;
    }
    let mut slots: Vec<Arc<Slot>> = open.iter().filter_map(Weak::upgrade).collect();
    // Asked once for each: whoever uses a slot meanwhile would change the order while it is being made, and a sort may panic then.
    slots.sort_by_cached_key(|slot| slot.last_used());
    let mut excess = slots.len().saturating_sub(keep);
    slots.retain(|slot| {
        let closed = excess > 0 && slot.close_if_idle();
        excess -= usize::from(closed);
        !closed
    });
    *open = slots.iter().map(Arc::downgrade).collect();
}

fn is_out_of_descriptors(fault: &StorageError) -> bool {
    let StorageError::Io { source, .. } = fault else { return false };
    let errno = Errno::from_io_error(source);
    matches!(errno, Some(Errno::MFILE | Errno::NFILE))
}
