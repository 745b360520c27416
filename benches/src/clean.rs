//! A store that was closed cleanly, to be mapped, and the memory that its bytes are read from.

use std::fs::File;
use std::hint::black_box;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use rvm_core::rvm_storage::memory::Region;
use rvm_core::rvm_storage::widths::{narrow, wide};
use rvm_core::{Residency, Rvm, Segment};
use tempfile::TempDir;

use crate::Result;

/// How much is written and read at once, in bytes.
const PIECE_LEN: usize = 8 << 20;

const NAME: &str = "clean";

/// The store. The pages of its only segment are in the page cache.
#[derive(Debug)]
pub struct CleanStore {
    store: PathBuf,
    len: u64,
    _dir: TempDir,
}

impl CleanStore {
    /// A store with a segment of `len` bytes, all of which were written.
    ///
    /// # Errors
    /// I/O.
    pub fn of_len(len: u64) -> Result<Self> {
        let dir = tempfile::tempdir()?;
        let store = dir.path().join("store");
        let rvm = Rvm::open(&store)?;
        rvm.map(NAME, len)?;
        rvm.close()?;
        let clean = Self { store, len, _dir: dir };
        let (file, piece) = (File::options().write(true).open(clean.file())?, vec![1; PIECE_LEN]);
        for offset in (0..len).step_by(PIECE_LEN) {
            let left = narrow(len - offset).min(PIECE_LEN);
            file.write_all_at(piece.get(..left).unwrap_or_default(), offset)?;
        }
        file.sync_all()?;
        Ok(clean)
    }

    fn file(&self) -> PathBuf {
        self.store.join(format!("{NAME}.seg"))
    }

    /// Opens the store, maps the segment, and reads its first byte: how long the two last take.
    ///
    /// # Errors
    /// I/O.
    pub fn time_map(&self, residency: Residency) -> Result<Duration> {
        let rvm = Rvm::options().background(false).residency(residency).open(&self.store)?;
        let started = Instant::now();
        let segment = rvm.map(NAME, self.len)?;
        black_box(segment.read()?.first());
        Ok(started.elapsed())
    }

    /// Reads the segment's file into fresh memory of huge pages, by hand: how long it takes.
    ///
    /// # Errors
    /// I/O.
    pub fn time_read(&self) -> Result<Duration> {
        let file = File::open(self.file())?;
        let started = Instant::now();
        let memory = read(&file, Region::zeroed(self.len)?)?;
        black_box(memory.first());
        Ok(started.elapsed())
    }

    /// Opens the store and maps the segment, to be read from.
    ///
    /// # Errors
    /// I/O.
    pub fn map(&self, residency: Residency) -> Result<(Rvm, Segment)> {
        let rvm = Rvm::options().background(false).residency(residency).open(&self.store)?;
        let segment = rvm.map(NAME, self.len)?;
        Ok((rvm, segment))
    }

    /// The segment's bytes in memory of huge pages, where the system has them.
    ///
    /// # Errors
    /// I/O.
    pub fn in_huge_pages(&self) -> Result<Region> {
        read(&File::open(self.file())?, Region::zeroed(self.len)?)
    }
}

fn read(file: &File, mut memory: Region) -> Result<Region> {
    let mut offset = 0;
    for piece in memory.chunks_mut(PIECE_LEN) {
        file.read_exact_at(piece, offset)?;
        offset += wide(piece.len());
    }
    Ok(memory)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Guards against a store that is not clean, and against memory without its bytes.
    #[test]
    fn what_is_mapped_is_what_was_written() {
        const LEN: u64 = 9 << 20;
        let store = CleanStore::of_len(LEN).unwrap();
        store.time_map(Residency::Resident).unwrap();
        store.time_read().unwrap();
        let (rvm, segment) = store.map(Residency::Resident).unwrap();
        assert!(!rvm.recovery_report().recovered);
        let (guard, memory) = (segment.read().unwrap(), store.in_huge_pages().unwrap());
        assert!(guard[..] == memory[..] && memory.iter().all(|byte| *byte == 1));
    }
}
