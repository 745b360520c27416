//! Ranges that are to be told piece by piece, each byte once, the newest winning, in offset order.
//!
//! Each is put behind the older ones of its chunk of the segment as it comes, so that only chunks have to be sorted, and what belongs
//! together lies together in memory. In the end the ranges of a chunk are laid over each other, and over what lies between those that are close, if the sink has that.

use std::collections::{HashMap, TryReserveError};

use rvm_storage::widths::{narrow, wide};

use super::ReplaySink;
use super::overlay::{CHUNK_LEN, Overlay};
use super::stretches::{Stretch, stretches};
use crate::error::Result;

/// The ranges, by the chunk that they lie in.
pub(super) struct Batch {
    chunks: Vec<Chunk>,
    /// Where each chunk of the segment is among them.
    places: HashMap<u64, usize>,
    /// Some of the places, each where its number says.
    recent: Vec<(u64, usize)>,
    memory_len: usize,
    overlay: Overlay,
}

/// How many chunks are found without a search, if their numbers follow each other.
const RECENT_COUNT: usize = 1024;

/// No chunk has this number.
const NOTHING_RECENT: (u64, usize) = (u64::MAX, 0);

impl Default for Batch {
    fn default() -> Self {
        Self {
            chunks: Vec::new(),
            places: HashMap::new(),
            recent: vec![NOTHING_RECENT; RECENT_COUNT],
            memory_len: 0,
            overlay: Overlay::default(),
        }
    }
}

impl Batch {
    pub(super) fn push(
        &mut self,
        mut offset: u64,
        mut bytes: &[u8],
    ) -> std::result::Result<(), TryReserveError> {
        // One that lies over the edge of a chunk is divided.
        while !bytes.is_empty() {
            let (number, start) = (offset / wide(CHUNK_LEN), narrow(offset % wide(CHUNK_LEN)));
            let (piece, rest) = bytes.split_at((CHUNK_LEN - start).min(bytes.len()));
            let place = self.place_of(number)?;
            if let Some(chunk) = self.chunks.get_mut(place) {
                self.memory_len += chunk.push(start, piece)?;
            }
            (offset, bytes) = (offset + wide(piece.len()), rest);
        }
        Ok(())
    }

    /// Where a chunk is among those that there are; made if it is new.
    fn place_of(&mut self, number: u64) -> std::result::Result<usize, TryReserveError> {
        let recent = narrow(number % wide(RECENT_COUNT));
        if let Some((_, place)) = self.recent.get(recent).filter(|(known, _)| *known == number) {
            return Ok(*place);
        }
        let place = if let Some(place) = self.places.get(&number) {
            *place
        } else {
            self.chunks.try_reserve(1)?;
            self.places.try_reserve(1)?;
            self.places.insert(number, self.chunks.len());
            self.chunks.push(Chunk { number, stream: Vec::new() });
            self.memory_len += size_of::<Chunk>() + size_of::<(u64, usize)>();
            self.chunks.len() - 1
        };
        if let Some(recent) = self.recent.get_mut(recent) {
            *recent = (number, place);
        }
        Ok(place)
    }

    /// How much memory it takes, in bytes: the ranges, and what says where they belong.
    pub(super) fn memory_len(&self) -> usize {
        self.memory_len
    }

    /// Gives all to the sink, and is empty then; or stops at the first error. Returns how many bytes it gave.
    pub(super) fn drain(&mut self, sink: &mut dyn ReplaySink) -> Result<u64> {
        let mut given = 0;
        self.chunks.sort_unstable_by_key(|chunk| chunk.number);
        for chunk in &self.chunks {
            given += chunk.drain(&mut self.overlay, sink)?;
        }
        self.chunks.clear();
        self.places.clear();
        self.recent.fill(NOTHING_RECENT);
        self.memory_len = 0;
        Ok(given)
    }
}

/// The ranges in one chunk of the segment, oldest first.
struct Chunk {
    number: u64,
    /// Of each where it starts, its length less one, and its bytes.
    stream: Vec<u8>,
}

/// The bytes before those of a range: two numbers of two bytes.
const HEAD_LEN: usize = 4;

const _: () = assert!(CHUNK_LEN == 1 << 16, "so two bytes are enough");

impl Chunk {
    /// Adds a range, not empty, and returns how much more memory that takes.
    fn push(&mut self, start: usize, bytes: &[u8]) -> std::result::Result<usize, TryReserveError> {
        if bytes.len() == CHUNK_LEN {
            // What is older does not show.
            self.stream.clear();
        }
        let before = self.stream.capacity();
        self.stream.try_reserve(HEAD_LEN + bytes.len())?;
        let [low, high, ..] = start.to_le_bytes();
        let [len_low, len_high, ..] = (bytes.len() - 1).to_le_bytes();
        self.stream.extend_from_slice(&[low, high, len_low, len_high]);
        self.stream.extend_from_slice(bytes);
        Ok(self.stream.capacity() - before)
    }

    fn drain(&self, overlay: &mut Overlay, sink: &mut dyn ReplaySink) -> Result<u64> {
        let base = self.number * wide(CHUNK_LEN);
        let mut given = 0;
        let mut give = |sink: &mut dyn ReplaySink, start, bytes: &[u8]| {
            given += wide(bytes.len());
            sink.apply(base + wide(start), bytes)
        };
        let mut ranges = self.ranges();
        if let (Some((start, only)), None) = (ranges.next(), ranges.next()) {
            give(sink, start, only)?;
        } else if self.read_around(overlay.bytes_mut(), sink) {
            for (start, bytes) in self.ranges() {
                if let Some(place) = overlay.bytes_mut().get_mut(start..start + bytes.len()) {
                    place.copy_from_slice(bytes);
                }
            }
            for Stretch { start, end, .. } in self.stretches() {
                give(sink, start, overlay.bytes_mut().get(start..end).unwrap_or_default())?;
            }
        } else {
            for (start, bytes) in self.ranges() {
                overlay.put(start, bytes);
            }
            overlay.drain(|start, bytes| give(sink, start, bytes))?;
        }
        Ok(given)
    }

    /// Fills the stretches of the chunk in which several ranges lie with what the sink has there. False if it does not tell.
    fn read_around(&self, chunk: &mut [u8], sink: &mut dyn ReplaySink) -> bool {
        let base = self.number * wide(CHUNK_LEN);
        self.stretches().filter(|stretch| stretch.ranges > 1).all(
            |Stretch { start, end, .. }| {
                let place = chunk.get_mut(start..end).unwrap_or_default();
                sink.read_back(base + wide(start), place)
            },
        )
    }

    fn stretches(&self) -> impl Iterator<Item = Stretch> {
        stretches(self.ranges().map(|(start, bytes)| (start, bytes.len())))
    }

    /// Where each starts in the chunk, and its bytes.
    fn ranges(&self) -> impl Iterator<Item = (usize, &[u8])> {
        let mut rest = self.stream.as_slice();
        std::iter::from_fn(move || {
            let (head, behind) = rest.split_first_chunk::<HEAD_LEN>()?;
            let [low, high, len_low, len_high] = *head;
            let len = usize::from(u16::from_le_bytes([len_low, len_high])) + 1;
            let (bytes, behind) = behind.split_at_checked(len)?;
            rest = behind;
            Some((u16::from_le_bytes([low, high]).into(), bytes))
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Guards against memory that many small ranges take and nobody counts.
    #[test]
    fn the_memory_of_small_ranges_is_counted() {
        let (mut together, mut apart) = (Batch::default(), Batch::default());
        for number in 0..1_000 {
            together.push(2 * number, &[1]).unwrap();
            apart.push(number * wide(CHUNK_LEN), &[1]).unwrap();
        }
        assert!((5_000..12_000).contains(&together.memory_len()), "{}", together.memory_len());
        assert!(apart.memory_len() > 1_000 * size_of::<Chunk>());
    }

    /// Notes which calls it gets, and can be read back, except where it cannot.
    #[derive(Default)]
    struct Calls {
        applied: Vec<(u64, usize)>,
        read: Vec<(u64, usize)>,
        unreadable: Option<u64>,
    }

    impl ReplaySink for Calls {
        fn apply(&mut self, offset: u64, bytes: &[u8]) -> Result<()> {
            self.applied.push((offset, bytes.len()));
            Ok(())
        }

        fn read_back(&mut self, offset: u64, bytes: &mut [u8]) -> bool {
            self.read.push((offset, bytes.len()));
            self.unreadable != Some(offset)
        }
    }

    /// Guards against a call for each of many small changes, against bytes that are given though nothing close to them changes, and against
    /// reading what nobody needs.
    #[test]
    fn changes_that_lie_close_are_given_together() {
        let ranges = [(10, 4), (20, 4), (9000, 4), (70_000, 8), (80_000, 8), (80_100, 8)];
        let given = |unreadable| {
            let (mut batch, mut calls) =
                (Batch::default(), Calls { unreadable, ..Calls::default() });
            for (offset, len) in ranges {
                batch.push(offset, &vec![1; len]).unwrap();
            }
            let given = batch.drain(&mut calls).unwrap();
            assert_eq!(given, wide(calls.applied.iter().map(|(_, len)| len).sum()));
            (calls.applied, calls.read)
        };
        let close = [(10, 14), (9000, 4), (70_000, 8), (80_000, 108)];
        assert_eq!(given(None), (close.to_vec(), vec![(10, 14), (80_000, 108)]));
        let (applied, _) = given(Some(80_000));
        assert_eq!(applied, [(10, 14), (9000, 4), (70_000, 8), (80_000, 8), (80_100, 8)]);
    }

    /// Guards against a chunk that is taken for another one whose number looks alike, or that is there twice.
    #[test]
    fn chunks_far_apart_are_kept_apart() {
        let far = wide(RECENT_COUNT * CHUNK_LEN);
        let (mut batch, mut calls) = (Batch::default(), Calls::default());
        for (offset, len) in [(0, 4), (far, 6), (4, 4), (far + 6, 2)] {
            batch.push(offset, &vec![1; len]).unwrap();
        }
        batch.drain(&mut calls).unwrap();
        assert_eq!(calls.applied, [(0, 8), (far, 8)]);
    }

    /// Memory, which can be read back or not, and sees that it is given bytes in order.
    struct Memory {
        bytes: Vec<u8>,
        last: usize,
        reads: bool,
    }

    impl ReplaySink for Memory {
        fn apply(&mut self, offset: u64, bytes: &[u8]) -> Result<()> {
            let start = narrow(offset);
            assert!(start >= self.last && !bytes.is_empty());
            self.last = start + bytes.len();
            self.bytes[start..self.last].copy_from_slice(bytes);
            Ok(())
        }

        fn read_back(&mut self, offset: u64, bytes: &mut [u8]) -> bool {
            if self.reads {
                bytes.copy_from_slice(&self.bytes[narrow(offset)..][..bytes.len()]);
            }
            self.reads
        }
    }

    proptest! {
        /// Guards against an older range that overwrites a newer one, a byte lost, or a byte given twice, within a chunk and over
        /// the edges of chunks.
        #[test]
        fn what_remains_is_what_applying_in_order_leaves(
            ranges in prop::collection::vec((0_u64..60, 0_u64..20), 0..30),
            chunk in 0_u64..3,
            filled in prop::option::of(0_usize..30),
            reads in any::<bool>(),
        ) {
            let base = (chunk * wide(CHUNK_LEN)).saturating_sub(40);
            let (mut expected, mut batch) = (vec![0xee; 4 * CHUNK_LEN], Batch::default());
            for (age, (offset, len)) in ranges.into_iter().enumerate() {
                let fill = u8::try_from(age + 1).unwrap();
                // Some are longer than a chunk.
                let more = if filled == Some(age) { CHUNK_LEN + 30 } else { 0 };
                let (start, bytes) = (narrow(base + offset), vec![fill; narrow(len) + more]);
                expected[start..start + bytes.len()].copy_from_slice(&bytes);
                batch.push(base + offset, &bytes).unwrap();
            }
            // A second draining gives nothing of the first.
            let mut sink = Memory { bytes: vec![0xee; 4 * CHUNK_LEN], last: 0, reads };
            for _ in 0..2 {
                batch.drain(&mut sink).unwrap();
            }
            let found = sink.bytes;
            prop_assert!(found == expected);
        }
    }
}
