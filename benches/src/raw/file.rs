//! A file whose writes are forced as they are made.

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::fs::OFlags;
use rvm_core::rvm_storage::AlignedBuf;

use crate::Result;
use crate::watched::inside;

/// The unit of a write, in bytes.
pub(super) const BLOCK_LEN: usize = 4096;

/// Zeros that were really written, in a file that takes whole blocks past the page cache and returns when they are on stable storage. The
/// log of a loop: block follows block, and the first the last.
#[derive(Debug)]
pub struct ForcedFile {
    file: File,
    len: u64,
    /// Where the next block goes.
    at: u64,
}

impl ForcedFile {
    /// Makes the file, of `len` bytes, whole blocks.
    ///
    /// # Errors
    /// I/O; a file system without direct writes.
    #[expect(clippy::disallowed_methods, reason = "made by hand, without the storage traits")]
    pub fn create(path: &Path, len: u64) -> Result<Self> {
        fs::write(path, vec![0; usize::try_from(len)?])?;
        File::open(path)?.sync_all()?;
        let flags = i32::try_from(OFlags::DIRECT.union(OFlags::DSYNC).bits())?;
        let file = OpenOptions::new().write(true).custom_flags(flags).open(path)?;
        Ok(Self { file, len, at: 0 })
    }

    /// Writes and forces whole blocks, and steps behind those of them that are full.
    pub(super) fn force(&mut self, blocks: &[u8], full: usize) -> Result<()> {
        let (blocks_len, full) = (u64::try_from(blocks.len())?, u64::try_from(full)?);
        if self.at + blocks_len > self.len {
            self.at = 0;
        }
        inside(|| self.file.write_all_at(blocks, self.at))?;
        self.at += full;
        Ok(())
    }

    /// How long so many forced writes of a block take, one after the other.
    ///
    /// # Errors
    /// I/O.
    pub fn time(&mut self, writes: u64) -> Result<Duration> {
        let mut block = AlignedBuf::new();
        block.resize(BLOCK_LEN);
        block.as_mut_slice().fill(0xa5);
        let started = Instant::now();
        for _ in 0..writes {
            self.force(block.as_slice(), BLOCK_LEN)?;
        }
        Ok(started.elapsed())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Guards against a file that forces less than it says.
    #[test]
    fn blocks_follow_each_other() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("raw");
        let mut file = ForcedFile::create(&path, 4 * 4096).unwrap();
        file.time(3).unwrap();
        let bytes = fs::read(&path).unwrap();
        assert!(bytes[..3 * BLOCK_LEN].iter().all(|byte| *byte == 0xa5));
        assert!(bytes[3 * BLOCK_LEN..].iter().all(|byte| *byte == 0));
    }
}
