//! Committed bytes of a segment, copied portion by portion, so that the store's files are held still for moments only.

use rvm_core::rvm_history::Snapshot;
use rvm_core::rvm_storage::Storage;
use rvm_core::rvm_storage::widths::wide;

use super::status::WAIT;
use crate::failure::Failure;

/// How much is copied at once.
const CHUNK_LEN: usize = 1 << 16;

/// Bytes of a segment at one moment.
#[derive(Debug)]
pub(super) struct Portion {
    /// The first byte, and the one behind the last.
    pub(super) start: u64,
    pub(super) end: u64,
    /// What of them is not zero: where it starts, and the bytes.
    chunks: Vec<(u64, Vec<u8>)>,
    /// The length of the segment.
    pub(super) segment_len: u64,
}

/// A run of a portion.
#[derive(Clone, Copy, Debug)]
pub(super) enum Run<'a> {
    /// So many zeros.
    Zeros(u64),
    /// Bytes.
    Bytes(&'a [u8]),
}

impl Portion {
    /// Copies the bytes from `start` to `end`, or to the segment's end, or until `limit` bytes that are not zeros are copied.
    pub(super) fn copy(
        storage: &dyn Storage,
        segment: &str,
        (start, end): (u64, Option<u64>),
        limit: u64,
    ) -> Result<Self, Failure> {
        let snapshot = Snapshot::take(storage, WAIT)?;
        let segment_len = snapshot.len(segment)?;
        let end = end.unwrap_or(segment_len.max(start));
        let mut found = snapshot.chunks_between(segment, (start, end), CHUNK_LEN)?;
        let (mut chunks, mut copied) = (Vec::new(), 0);
        while let Some(chunk) = found.next()? {
            if copied >= limit {
                let end = chunk.offset;
                return Ok(Self { start, end, chunks, segment_len });
            }
            copied += wide(chunk.bytes.len());
            chunks.push((chunk.offset, chunk.bytes.to_vec()));
        }
        Ok(Self { start, end, chunks, segment_len })
    }

    /// How many bytes there are.
    pub(super) const fn len(&self) -> u64 {
        self.end - self.start
    }

    /// Gives all of it to `each`, in order.
    pub(super) fn each(
        &self,
        mut each: impl FnMut(Run<'_>) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let mut at = self.start;
        for (offset, bytes) in &self.chunks {
            if *offset > at {
                each(Run::Zeros(offset - at))?;
            }
            each(Run::Bytes(bytes))?;
            at = offset.saturating_add(wide(bytes.len()));
        }
        if self.end > at { each(Run::Zeros(self.end - at)) } else { Ok(()) }
    }
}
