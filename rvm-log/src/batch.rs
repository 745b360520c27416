//! A batch of ranges that a replay has read: what remains of them where they overlap is told piece by piece, each byte once, the newest
//! winning, in offset order.
//!
//! Ranges are put in order by the chunk of the segment that they lie in only, which leaves older ones before newer ones. Those of one chunk are
//! then laid over each other in a buffer that fits the processor's caches, in which a bit for each byte says whether there is one.

use std::collections::TryReserveError;

use rvm_storage::widths::{narrow, wide};

/// The part of a segment that is put together at once, in bytes.
const CHUNK_LEN: usize = 64 << 10;

/// A range, or the part of one that lies in a chunk, and where its bytes are.
#[derive(Clone, Copy, Debug)]
struct Piece {
    /// The segment offset.
    offset: u64,
    len: usize,
    /// Where its bytes start in the batch.
    at: usize,
}

impl Piece {
    fn chunk(&self) -> u64 {
        self.offset / wide(CHUNK_LEN)
    }

    /// Its bytes, in those of the batch.
    fn of<'a>(&self, batch: &'a [u8]) -> &'a [u8] {
        batch.get(self.at..self.at + self.len).unwrap_or_default()
    }
}

/// Where an offset lies in its chunk.
fn place(offset: u64) -> usize {
    narrow(offset % wide(CHUNK_LEN))
}

/// Ranges in the order in which they were written, with their bytes.
#[derive(Default)]
pub(crate) struct Batch {
    pieces: Vec<Piece>,
    bytes: Vec<u8>,
    overlay: Overlay,
}

impl Batch {
    /// Makes room for so many ranges with so many bytes in all.
    ///
    /// # Errors
    /// There is no such memory: the lengths may come from a hostile file.
    pub(crate) fn make_room(&mut self, ranges: usize, bytes: usize) -> Result<(), TryReserveError> {
        self.bytes.try_reserve(bytes)?;
        // Those that lie over the edge of a chunk are divided; they are few.
        self.pieces.try_reserve(ranges.saturating_add(bytes / CHUNK_LEN))
    }

    /// Adds a range that is newer than those before.
    pub(crate) fn push(&mut self, offset: u64, bytes: &[u8]) {
        let mut at = self.bytes.len();
        self.bytes.extend_from_slice(bytes);
        let mut offset = offset;
        while at < self.bytes.len() {
            let len = (CHUNK_LEN - place(offset)).min(self.bytes.len() - at);
            self.pieces.push(Piece { offset, len, at });
            (offset, at) = (offset + wide(len), at + len);
        }
    }

    /// How much is in it, in bytes: the ranges' own, and what says where they belong.
    pub(crate) fn memory_len(&self) -> usize {
        self.bytes.len() + self.pieces.len() * size_of::<Piece>()
    }

    /// Gives all to `emit` as it was written, with its offset, and is empty then; or stops at the first error.
    pub(crate) fn drain_as_written<E>(
        &mut self,
        mut emit: impl FnMut(u64, &[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        for piece in &self.pieces {
            emit(piece.offset, piece.of(&self.bytes))?;
        }
        self.clear();
        Ok(())
    }

    fn clear(&mut self) {
        self.pieces.clear();
        self.bytes.clear();
    }

    /// Gives what remains to `emit`, with its offset, and is empty then; or stops at the first error.
    pub(crate) fn drain<E>(
        &mut self,
        mut emit: impl FnMut(u64, &[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        // Stable: the pieces of a chunk stay in their order.
        self.pieces.sort_by_key(Piece::chunk);
        for pieces in self.pieces.chunk_by(|one, next| one.chunk() == next.chunk()) {
            // What is older than a piece that fills the chunk does not show.
            let first = pieces.iter().rposition(|piece| piece.len == CHUNK_LEN).unwrap_or(0);
            match pieces.get(first..).unwrap_or_default() {
                [only] => emit(only.offset, only.of(&self.bytes))?,
                pieces => {
                    for piece in pieces {
                        self.overlay.put(place(piece.offset), piece.of(&self.bytes));
                    }
                    let chunk = pieces.first().map_or(0, Piece::chunk) * wide(CHUNK_LEN);
                    self.overlay.drain(|start, bytes| emit(chunk + wide(start), bytes))?;
                }
            }
        }
        self.clear();
        Ok(())
    }
}

/// The bytes of a chunk, and which of them there are.
struct Overlay {
    bytes: Vec<u8>,
    present: Presence,
}

impl Default for Overlay {
    fn default() -> Self {
        Self { bytes: vec![0; CHUNK_LEN], present: Presence::default() }
    }
}

impl Overlay {
    fn put(&mut self, start: usize, bytes: &[u8]) {
        let end = start + bytes.len();
        if let Some(place) = self.bytes.get_mut(start..end) {
            place.copy_from_slice(bytes);
            self.present.set(start, end);
        }
    }

    /// Gives each longest run of bytes to `emit`, and is empty then.
    fn drain<E>(&mut self, mut emit: impl FnMut(usize, &[u8]) -> Result<(), E>) -> Result<(), E> {
        let mut end = 0;
        while let Some(start) = self.present.next(end, true) {
            end = self.present.next(start, false).unwrap_or(CHUNK_LEN);
            emit(start, self.bytes.get(start..end).unwrap_or_default())?;
        }
        self.present = Presence::default();
        Ok(())
    }
}

const WORD_BITS: usize = 64;

/// A bit for each byte of a chunk.
struct Presence([u64; CHUNK_LEN / WORD_BITS]);

impl Default for Presence {
    fn default() -> Self {
        Self([0; CHUNK_LEN / WORD_BITS])
    }
}

impl Presence {
    /// Sets the bits `[start, end)`.
    fn set(&mut self, start: usize, end: usize) {
        let mut at = start;
        while at < end {
            let (word, bit) = (at / WORD_BITS, at % WORD_BITS);
            let count = (WORD_BITS - bit).min(end - at);
            if let Some(word) = self.0.get_mut(word) {
                *word |= (u64::MAX >> (WORD_BITS - count)) << bit;
            }
            at += count;
        }
    }

    /// The first bit from `from` on that is set, or not set.
    fn next(&self, from: usize, is_set: bool) -> Option<usize> {
        let mut at = from;
        while let Some(word) = self.0.get(at / WORD_BITS) {
            let wanted = if is_set { *word } else { !*word } >> (at % WORD_BITS);
            if wanted != 0 {
                return Some(at + narrow(wanted.trailing_zeros().into()));
            }
            at = (at / WORD_BITS + 1) * WORD_BITS;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Guards against memory that many small ranges take and nobody counts.
    #[test]
    fn the_memory_of_small_ranges_is_counted() {
        let mut batch = Batch::default();
        for offset in 0..1_000 {
            batch.push(2 * offset, &[1]);
        }
        assert_eq!(batch.memory_len(), 1_000 + 1_000 * size_of::<Piece>());
        assert!(batch.make_room(1, usize::MAX).is_err() && batch.make_room(usize::MAX, 1).is_err());
    }

    proptest! {
        /// Guards against an older range that overwrites a newer one, a byte lost, or a byte given twice, within a chunk and over
        /// the edges of chunks.
        #[test]
        fn what_remains_is_what_applying_in_order_leaves(
            ranges in prop::collection::vec((0_u64..60, 0_u64..20), 0..30),
            chunk in 0_u64..3,
            filled in prop::option::of(0_usize..30),
        ) {
            let base = (chunk * wide(CHUNK_LEN)).saturating_sub(40);
            let (mut expected, mut batch) = (vec![0xee; 4 * CHUNK_LEN], Batch::default());
            let mut as_written = Batch::default();
            for (age, (offset, len)) in ranges.into_iter().enumerate() {
                let fill = u8::try_from(age + 1).unwrap();
                // Some are longer than a chunk.
                let more = if filled == Some(age) { CHUNK_LEN + 30 } else { 0 };
                let (start, bytes) = (narrow(base + offset), vec![fill; narrow(len) + more]);
                expected[start..start + bytes.len()].copy_from_slice(&bytes);
                batch.push(base + offset, &bytes);
                as_written.push(base + offset, &bytes);
            }
            // A second draining gives nothing of the first.
            let (mut found, mut last) = (vec![0xee; 4 * CHUNK_LEN], 0);
            for _ in 0..2 {
                batch.drain(|offset, bytes| {
                    let start = narrow(offset);
                    assert!(start >= last && !bytes.is_empty());
                    last = start + bytes.len();
                    found[start..last].copy_from_slice(bytes);
                    Ok::<(), ()>(())
                }).unwrap();
            }
            prop_assert!(found == expected);
            found.fill(0xee);
            for _ in 0..2 {
                as_written.drain_as_written(|offset, bytes| {
                    let start = narrow(offset);
                    found[start..start + bytes.len()].copy_from_slice(bytes);
                    Ok::<(), ()>(())
                }).unwrap();
                prop_assert!(found == expected);
                prop_assert_eq!(as_written.memory_len(), 0);
            }
        }
    }
}
