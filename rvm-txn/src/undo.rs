//! The undo queue of a transaction: one record for each declared range, in call order, the old bytes in an arena.

use rvm_storage::AlignedBuf;

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
    arena: AlignedBuf,
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
            .as_slice()
            .get(record.saved_at..record.saved_at + (record.end - record.start))
            .unwrap_or_default()
    }

    pub(crate) fn clear(&mut self) {
        self.records.clear();
        self.arena.clear();
    }

    /// How much memory it holds, in bytes.
    pub(crate) fn capacity(&self) -> usize {
        self.records.capacity() * size_of::<UndoRecord>() + self.arena.capacity()
    }
}
