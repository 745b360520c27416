//! The plain durable operation: a forced write of one block through the backend that the stores use.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rvm_core::rvm_storage::{
    AlignedBuf, Blob, FileName, FileRole, FileStorage, Fill, SegmentName, Storage, Write,
};
use tempfile::TempDir;

use crate::Result;

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

    /// Guards against a plain operation that is cheaper than a forced write of a whole block to the backend.
    #[test]
    fn a_forced_write_is_a_block_of_the_file() {
        let mut raw = ForcedWrites::create().unwrap();
        raw.time(3).unwrap();
        let mut bytes = [0; 4 * 4096];
        raw.blob.read_at(0, &mut bytes).unwrap();
        assert!(bytes[..3 * 4096].iter().all(|byte| *byte == 0xa5));
        assert!(bytes[3 * 4096..].iter().all(|byte| *byte == 0));
    }
}
