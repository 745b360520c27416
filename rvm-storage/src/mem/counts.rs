//! How often a memory backend was asked for what: the measure of tests that say "one force per commit".
//!
//! A call counts once it is past the crash check, whether it then succeeds or not. Counting has no order with other
//! memory: read the counts when the threads that are counted are done.

use std::sync::atomic::{AtomicU64, Ordering};

/// What a [`MemStorage`](super::MemStorage) was asked for, so far.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct OperationCounts {
    /// Calls of `read_at`.
    pub reads: u64,
    /// Writes: calls of `write_at`, and every write of a `write_and_force`.
    pub writes: u64,
    /// Bytes in those writes.
    pub written_bytes: u64,
    /// Forces: calls of `force` and of `write_and_force`.
    pub forces: u64,
    /// Calls of `allocate` and `set_len`.
    pub resizes: u64,
    /// Calls of `drop_cache`.
    pub cache_drops: u64,
    /// Calls of `open`.
    pub opens: u64,
    /// Calls of `create`, `rename` and `remove`.
    pub name_changes: u64,
    /// Calls of `sync_names`.
    pub name_syncs: u64,
    /// Calls of `lock`.
    pub locks: u64,
}

/// The running counters behind [`OperationCounts`].
#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) reads: Counter,
    pub(super) writes: Counter,
    pub(super) written_bytes: Counter,
    pub(super) forces: Counter,
    pub(super) resizes: Counter,
    pub(super) cache_drops: Counter,
    pub(super) opens: Counter,
    pub(super) name_changes: Counter,
    pub(super) name_syncs: Counter,
    pub(super) locks: Counter,
}

impl Counters {
    pub(super) fn snapshot(&self) -> OperationCounts {
        OperationCounts {
            reads: self.reads.get(),
            writes: self.writes.get(),
            written_bytes: self.written_bytes.get(),
            forces: self.forces.get(),
            resizes: self.resizes.get(),
            cache_drops: self.cache_drops.get(),
            opens: self.opens.get(),
            name_changes: self.name_changes.get(),
            name_syncs: self.name_syncs.get(),
            locks: self.locks.get(),
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct Counter(AtomicU64);

impl Counter {
    pub(super) fn add(&self, more: usize) {
        self.0.fetch_add(u64::try_from(more).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
