//! A segment of a snapshot, chunk by chunk.

use rvm_storage::widths::{narrow, wide};
use rvm_txn::Result;

use super::{Held, Snapshot};

/// The chunks of a segment that are not all zeros, in order.
#[derive(Debug)]
pub struct Chunks<'a> {
    snapshot: &'a Snapshot,
    held: &'a Held,
    chunk_len: u64,
    at: u64,
    end: u64,
    bytes: Vec<u8>,
}

/// A chunk of a segment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Chunk<'a> {
    /// Where it starts in the segment.
    pub offset: u64,
    /// Its bytes.
    pub bytes: &'a [u8],
}

impl<'a> Chunks<'a> {
    pub(super) fn new(
        snapshot: &'a Snapshot,
        held: &'a Held,
        (at, end): (u64, u64),
        chunk_len: usize,
    ) -> Self {
        Self { snapshot, held, chunk_len: wide(chunk_len.max(1)), at, end, bytes: Vec::new() }
    }

    /// The next chunk; `None` behind the last.
    ///
    /// # Errors
    /// [`Error::Corrupt`](rvm_txn::Error::Corrupt) if the log changes bytes behind the segment's end; I/O.
    #[expect(clippy::should_implement_trait, reason = "it lends its chunk, as no Iterator can")]
    pub fn next(&mut self) -> Result<Option<Chunk<'_>>> {
        while self.at < self.end {
            let Some(found) = self.snapshot.next_data(self.held, self.at)? else { break };
            let offset = self.at.max(found - found % self.chunk_len);
            if offset >= self.end {
                break;
            }
            let chunk_end = (offset - offset % self.chunk_len).saturating_add(self.chunk_len);
            let end = chunk_end.min(self.end);
            self.bytes.resize(narrow(end - offset), 0);
            self.snapshot.fill(self.held, offset, &mut self.bytes)?;
            self.at = end;
            if self.bytes.iter().any(|byte| *byte != 0) {
                return Ok(Some(Chunk { offset, bytes: &self.bytes }));
            }
        }
        self.at = self.end;
        Ok(None)
    }
}
