//! The undo queue of a transaction: one record for each declared range, in call order, the old bytes in an arena. Its memory is used
//! again by the thread's next transaction, so that nothing is allocated once it has grown.

use std::cell::Cell;

use crate::sync::thread_local;

/// One declared range of a segment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct UndoRecord {
    /// The segment, by its place in the transaction.
    pub(crate) part: usize,
    /// The first byte.
    pub(crate) start: usize,
    /// The byte behind the last.
    pub(crate) end: usize,
    /// Where its old bytes lie in the arena.
    saved_at: usize,
}

#[derive(Debug, Default)]
pub(crate) struct UndoQueue {
    records: Vec<UndoRecord>,
    arena: Vec<u8>,
}

impl UndoQueue {
    /// Declares `start..end` of a segment; `old` are its bytes, or nothing if no snapshot is kept.
    pub(crate) fn push(&mut self, part: usize, (start, end): (usize, usize), old: &[u8]) {
        self.records.push(UndoRecord { part, start, end, saved_at: self.arena.len() });
        self.arena.extend_from_slice(old);
    }

    /// The records, in call order.
    pub(crate) fn records(&self) -> &[UndoRecord] {
        &self.records
    }

    /// The old bytes of a record; empty if none were kept.
    pub(crate) fn old_bytes(&self, record: &UndoRecord) -> &[u8] {
        self.arena
            .get(record.saved_at..record.saved_at + (record.end - record.start))
            .unwrap_or_default()
    }

    /// The queue that a transaction of this thread left, or a new one.
    pub(crate) fn reused() -> Self {
        SPARE.try_with(Cell::take).unwrap_or_default()
    }

    /// Leaves the memory to the thread's next transaction, unless it is much.
    pub(crate) fn give_back(mut self) {
        let records_len = self.records.capacity() * size_of::<UndoRecord>();
        if records_len.max(self.arena.capacity()) <= SPARE_LEN_MAX {
            self.records.clear();
            self.arena.clear();
            SPARE.try_with(|spare| spare.set(self)).ok();
        }
    }
}

/// Memory larger than this is given back to the system, in bytes; for records and for bytes each.
const SPARE_LEN_MAX: usize = 1 << 20;

thread_local!(static SPARE: Cell<UndoQueue> = Cell::default());
