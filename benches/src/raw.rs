//! The plain operations: stores and copies in memory, and a forced write of one block through the backend of the stores.

use std::fmt;
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rvm_core::rvm_storage::{
    AlignedBuf, Blob, FileName, FileRole, FileStorage, Fill, SegmentName, Storage, Write,
};
use tempfile::TempDir;

use crate::Result;
use crate::bank::Bank;

/// Memory that takes the bank's stores, without anything that keeps them.
#[derive(Debug)]
pub struct PlainStores {
    memory: Vec<u8>,
    bank: Bank,
}

impl PlainStores {
    /// Memory of `len` bytes, all of it touched.
    #[must_use]
    pub fn over(len: u32) -> Self {
        let memory = vec![1; usize::try_from(len).unwrap_or(usize::MAX)];
        Self { memory, bank: Bank::over(len.into()) }
    }

    /// How long the stores of so many transactions take.
    pub fn time(&mut self, transactions: u64) -> Duration {
        let started = Instant::now();
        for _ in 0..transactions {
            let change = self.bank.draw();
            change.store_into(black_box(&mut self.memory));
        }
        started.elapsed()
    }
}

/// Bytes and a place for their copy.
#[derive(Debug)]
pub struct PlainCopy {
    from: Vec<u8>,
    to: Vec<u8>,
}

impl PlainCopy {
    /// For `len` bytes, all of them touched.
    #[must_use]
    pub fn of(len: u64) -> Self {
        let len = usize::try_from(len).unwrap_or(usize::MAX);
        Self { from: vec![1; len], to: vec![2; len] }
    }

    /// How long so many copies take.
    pub fn time(&mut self, copies: u64) -> Duration {
        let started = Instant::now();
        for _ in 0..copies {
            black_box(&mut self.to).copy_from_slice(black_box(&self.from));
        }
        started.elapsed()
    }
}

const FILE_LEN: u64 = 16 << 20;
const BLOCK_LEN: u64 = 4096;

/// A file of zeros that were really written, of which one block after the other is written and forced.
pub struct ForcedWrites {
    blob: Arc<dyn Blob>,
    block: AlignedBuf,
    offset: u64,
    _dir: TempDir,
}

impl ForcedWrites {
    /// Makes the file.
    ///
    /// # Errors
    /// I/O.
    pub fn create() -> Result<Self> {
        let dir = tempfile::tempdir()?;
        let storage = FileStorage::open(dir.path().join("raw"))?;
        let blob = storage.create(&FileName::new(&SegmentName::new("raw")?, FileRole::Segment))?;
        blob.allocate(FILE_LEN, Fill::Written)?;
        blob.force()?;
        let mut block = AlignedBuf::new();
        block.resize(AlignedBuf::ALIGN);
        block.as_mut_slice().fill(0xa5);
        Ok(Self { blob, block, offset: 0, _dir: dir })
    }

    /// How long so many forced writes take, one after the other.
    ///
    /// # Errors
    /// I/O.
    pub fn time(&mut self, writes: u64) -> Result<Duration> {
        let started = Instant::now();
        for _ in 0..writes {
            let (offset, bytes) = (self.offset, self.block.as_slice());
            self.blob.write_and_force(&[Write { offset, bytes }])?;
            self.offset = (self.offset + BLOCK_LEN) % FILE_LEN;
        }
        Ok(started.elapsed())
    }
}

impl fmt::Debug for ForcedWrites {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ForcedWrites").field("file", &self.blob.location()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Guards against plain operations that are cheaper than what they say.
    #[test]
    fn plain_operations_do_what_they_say() {
        let mut raw = ForcedWrites::create().unwrap();
        raw.time(3).unwrap();
        let mut bytes = [0; 4 * 4096];
        raw.blob.read_at(0, &mut bytes).unwrap();
        assert!(bytes[..3 * 4096].iter().all(|byte| *byte == 0xa5));
        assert!(bytes[3 * 4096..].iter().all(|byte| *byte == 0));

        let mut stores = PlainStores::over(1 << 16);
        stores.time(500);
        assert!(stores.memory.iter().filter(|byte| **byte != 1).count() > 10_000);
        let mut copy = PlainCopy::of(1000);
        copy.time(1);
        assert_eq!(copy.to, copy.from);
    }
}
