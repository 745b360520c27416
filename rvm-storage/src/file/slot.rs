//! What is known of one blob between its calls: its open descriptors, and which of its writes were forced.
//!
//! Writes are numbered when they end. A force covers those that had ended when it began; a write that runs beside it
//! may come too late and counts as unforced. A slot with an unforced write keeps its descriptors, for good if a force
//! fails.

use std::fs::File;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use crate::locks::{Mutex, MutexGuard};

use super::open::{Identity, Opened};

/// The descriptors of one file.
#[derive(Debug)]
pub(super) struct Descriptors {
    pub(super) buffered: Arc<File>,
    /// For writes past the page cache; opened when first needed.
    pub(super) direct: OnceLock<File>,
    pub(super) identity: Identity,
    pub(super) len_when_opened: u64,
}

impl Descriptors {
    pub(super) fn new(opened: Opened) -> Self {
        let Opened { file, identity, len } = opened;
        let buffered = Arc::new(file);
        Self { buffered, direct: OnceLock::new(), identity, len_when_opened: len }
    }

    /// True if nobody but the slot has them.
    fn are_idle(this: &Arc<Self>) -> bool {
        Arc::strong_count(this) == 1 && Arc::strong_count(&this.buffered) == 1
    }
}

/// The place of one blob in the cache.
#[derive(Debug)]
pub(super) struct Slot {
    state: Mutex<State>,
    last_used: AtomicU64,
}

#[derive(Debug)]
pub(super) struct State {
    descriptors: Option<Arc<Descriptors>>,
    pub(super) unforced: Unforced,
}

impl Slot {
    /// A closed slot.
    pub(super) fn new() -> Self {
        let state = State { descriptors: None, unforced: Unforced::new(0) };
        Self { state: Mutex::new(state), last_used: AtomicU64::new(0) }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }

    pub(super) fn stamp(&self, now: u64) {
        self.last_used.store(now, Ordering::Relaxed);
    }

    pub(super) fn last_used(&self) -> u64 {
        self.last_used.load(Ordering::Relaxed)
    }

    /// Closes the descriptors if nobody uses them and nothing depends on them. Never waits.
    pub(super) fn close_if_idle(&self) -> bool {
        let Some(mut state) = self.state.try_lock() else { return false };
        let idle = state.descriptors.as_ref().is_none_or(Descriptors::are_idle);
        if !idle || !state.unforced.is_empty() {
            return false;
        }
        state.descriptors = None;
        true
    }
}

impl State {
    pub(super) fn descriptors(&self) -> Option<Arc<Descriptors>> {
        self.descriptors.clone()
    }

    pub(super) fn install(&mut self, descriptors: Descriptors) -> Arc<Descriptors> {
        Arc::clone(self.descriptors.insert(Arc::new(descriptors)))
    }
}

/// Which writes of a blob were not forced yet.
#[derive(Debug)]
pub(super) struct Unforced {
    /// Writes that have begun and not ended.
    running: usize,
    /// Writes that have ended.
    written: u64,
    /// So many of them were forced.
    forced: u64,
    /// What `written` was behind the last one that changed the length.
    resized: u64,
    /// So many of them were forced together with the length.
    len_forced: u64,
    /// The file's length, as far as writes through this slot tell.
    len: u64,
}

/// What a force is about to cover.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cover {
    written: u64,
    /// The length must be forced, too.
    pub(super) len_changed: bool,
}

/// How a write may have changed the length.
#[derive(Clone, Copy, Debug)]
pub(super) enum Resize {
    /// Grown to this, if it was shorter.
    AtLeast(u64),
    /// Set to this.
    To(u64),
}

impl Unforced {
    /// A file of `len` bytes; nothing is known of who set that length, so the first force covers it.
    pub(super) fn new(len: u64) -> Self {
        Self { running: 0, written: 1, forced: 1, resized: 1, len_forced: 0, len }
    }

    fn is_empty(&self) -> bool {
        self.running == 0 && self.written == self.forced
    }

    pub(super) fn begin_write(&mut self) {
        self.running += 1;
    }

    /// Ends a write, whether it went well or not: a failed one may have changed anything.
    pub(super) fn end_write(&mut self, resize: Resize) {
        self.running -= 1;
        self.written += 1;
        let new_len = match resize {
            Resize::AtLeast(len) => len.max(self.len),
            Resize::To(len) => len,
        };
        if new_len != self.len {
            self.len = new_len;
            self.resized = self.written;
        }
    }

    /// What a force that begins now will cover.
    pub(super) fn cover(&self) -> Cover {
        Cover { written: self.written, len_changed: self.resized > self.len_forced }
    }

    /// A force of the data went well.
    pub(super) fn data_forced(&mut self, cover: Cover) {
        self.forced = self.forced.max(cover.written);
    }

    /// A force of the data and the length went well.
    pub(super) fn all_forced(&mut self, cover: Cover) {
        self.data_forced(cover);
        self.len_forced = self.len_forced.max(cover.written);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(unforced: &mut Unforced, end: u64) {
        unforced.begin_write();
        unforced.end_write(Resize::AtLeast(end));
    }

    /// Guards against a write that ends during a force and is taken for forced.
    #[test]
    fn a_write_beside_a_force_stays_unforced() {
        let mut unforced = Unforced::new(10);
        unforced.begin_write();
        let cover = unforced.cover();
        unforced.end_write(Resize::AtLeast(5));
        unforced.all_forced(cover);
        assert!(!unforced.is_empty());
        let cover = unforced.cover();
        unforced.all_forced(cover);
        assert!(unforced.is_empty());
    }

    /// Guards against a descriptor closed under a running write.
    #[test]
    fn a_running_write_is_unforced() {
        let mut unforced = Unforced::new(10);
        assert!(unforced.is_empty());
        unforced.begin_write();
        assert!(!unforced.is_empty());
    }

    /// Guards against a length that is never forced, or forced with every write.
    #[test]
    fn only_a_new_length_wants_a_force_of_the_length() {
        let mut unforced = Unforced::new(10);
        assert!(unforced.cover().len_changed, "who knows who set it");
        unforced.all_forced(unforced.cover());
        write(&mut unforced, 10);
        assert!(!unforced.cover().len_changed);
        write(&mut unforced, 11);
        unforced.data_forced(unforced.cover());
        assert!(unforced.is_empty());
        assert!(unforced.cover().len_changed);
        unforced.all_forced(unforced.cover());
        unforced.begin_write();
        unforced.end_write(Resize::To(3));
        assert!(unforced.cover().len_changed);
    }
}
