//! The end of a log that is not forced yet, in memory. Records are appended to it; a leader seals what is there into a
//! [`Batch`], forces that without holding the tail, and gives its memory back.

use rvm_storage::widths::{narrow, wide};
use rvm_storage::{AlignedBuf, Blob, Write};

use crate::error::Result;
use crate::format::checksum::Checksums;
use crate::format::record::{self, Draft, Measure, Participant};
use crate::ids::{Epoch, Lsn};
use crate::ring::{Ring, block_end, block_start};

/// The records that are appended and not sealed, and the block they start in.
#[derive(Debug)]
pub struct Tail {
    /// The position of the first byte of `buf`: the start of a block.
    base: Lsn,
    /// The bytes from `base` on. Those below the first unsealed record were forced before, or lie below the head.
    buf: AlignedBuf,
    /// Where the records start that are not sealed.
    unsealed: Vec<Lsn>,
    /// Memory that a batch gave back.
    spare: AlignedBuf,
}

/// Memory larger than this is not kept for the next batch, in bytes: 1 MiB, and what aligns it.
const SPARE_LEN_MAX: usize = (1 << 20) + AlignedBuf::ALIGN;

impl Tail {
    /// The tail of a log whose next record goes to `end`.
    #[must_use]
    pub fn new(end: Lsn) -> Self {
        let base = block_start(end);
        let mut buf = AlignedBuf::new();
        buf.resize(narrow(end.since(base)));
        Self { base, buf, unsealed: Vec::new(), spare: AlignedBuf::new() }
    }

    /// Where the next record goes.
    #[must_use]
    pub fn end(&self) -> Lsn {
        self.base.plus(wide(self.buf.len()))
    }

    /// The bytes of memory that unsealed records hold.
    #[must_use]
    pub fn unsealed_len(&self) -> u64 {
        self.unsealed.first().map_or(0, |first| self.end().since(*first))
    }

    /// Appends a record, measured before, and returns where it starts. The caller has seen that the ring has room.
    pub fn append<'a, R>(
        &mut self,
        draft: &Draft<'a, R>,
        measure: &Measure,
        epoch: Epoch,
        checksums: Checksums,
    ) -> Lsn
    where
        R: Iterator<Item = (u64, &'a [u8])> + Clone,
    {
        let position = self.next_position(epoch);
        draft.encode_unstamped(measure, position, checksums, &mut self.buf);
        position.lsn
    }

    /// Lays a record of a transaction that has other parts, and returns where it starts and how those name it: what they name is what was
    /// copied. It counts once it is [joined](Self::join) with them, before anything else is done with the tail.
    pub fn lay<'a, R>(
        &mut self,
        draft: &Draft<'a, R>,
        measure: &Measure,
        epoch: Epoch,
    ) -> (Lsn, u32)
    where
        R: Iterator<Item = (u64, &'a [u8])> + Clone,
    {
        let position = self.next_position(epoch);
        draft.lay(measure, position, &mut self.buf);
        (position.lsn, measure.part_crc_of(self.record_at(position.lsn)))
    }

    /// Lets the record at `lsn`, the last one, name the other parts: as many as it was laid with.
    pub fn join(&mut self, lsn: Lsn, participants: &[Participant], checksums: Checksums) {
        let record = self.record_at(lsn);
        record::name_participants(record, participants);
        record::seal(record, lsn, checksums);
    }

    /// The position of a record that is about to be added. The leader stamps the true synced LSN, and the header's checksum with
    /// it; until then nothing is claimed.
    fn next_position(&mut self, epoch: Epoch) -> record::Position {
        let lsn = self.end();
        self.unsealed.push(lsn);
        record::Position { lsn, epoch, synced: Lsn(0) }
    }

    /// What follows `lsn`.
    fn record_at(&mut self, lsn: Lsn) -> &mut [u8] {
        let at = narrow(lsn.since(self.base));
        self.buf.as_mut_slice().get_mut(at..).unwrap_or_default()
    }

    /// Takes what is to be forced: all blocks that hold unsealed bytes, each record stamped with `synced`, up to where the log is
    /// durable. The full blocks are never written again; the last one stays in the tail too.
    pub fn seal(&mut self, synced: Lsn, checksums: Checksums) -> Batch {
        let end = self.end();
        for lsn in self.unsealed.drain(..) {
            let at = narrow(lsn.since(self.base));
            let bytes = self.buf.as_mut_slice().get_mut(at..).unwrap_or_default();
            record::restamp(bytes, lsn, synced, checksums);
        }
        let base = block_start(end);
        let mut next = std::mem::take(&mut self.spare);
        next.clear();
        let keep = narrow(base.since(self.base));
        next.extend_from_slice(self.buf.as_slice().get(keep..).unwrap_or_default());
        let mut bytes = std::mem::replace(&mut self.buf, next);
        bytes.resize(narrow(block_end(end).since(self.base)));
        let batch = Batch { base: self.base, end, bytes };
        self.base = base;
        batch
    }

    /// Takes back the memory of a batch that is forced.
    pub fn recycle(&mut self, batch: Batch) {
        if batch.bytes.capacity() <= SPARE_LEN_MAX {
            self.spare = batch.bytes;
        }
    }
}

/// Whole blocks to be forced.
#[derive(Debug)]
pub struct Batch {
    base: Lsn,
    end: Lsn,
    bytes: AlignedBuf,
}

impl Batch {
    /// The log is durable up to here when the batch is.
    #[must_use]
    pub fn end(&self) -> Lsn {
        self.end
    }

    /// The bytes to be written.
    #[must_use]
    pub fn byte_len(&self) -> u64 {
        wide(self.bytes.len())
    }

    /// Writes the blocks to their places in the ring and returns when they are on stable storage.
    ///
    /// # Errors
    /// I/O; nothing is known then of what is durable, and it must not be retried.
    pub fn force(&self, blob: &dyn Blob, ring: Ring) -> Result<()> {
        let (first, wrapped) = self
            .bytes
            .as_slice()
            .split_at_checked(narrow(ring.before_wrap(self.base, self.byte_len())))
            .unwrap_or_default();
        let first = Write { offset: ring.file_offset(self.base), bytes: first };
        if wrapped.is_empty() {
            blob.write_and_force(&[first])?;
        } else {
            let wrapped = Write { offset: crate::ring::DATA_START, bytes: wrapped };
            blob.write_and_force(&[first, wrapped])?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
