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

/// How long so many reads of 128 bytes take, each anywhere in `bytes`.
#[must_use]
pub fn time_reads(bytes: &[u8], reads: u64) -> Duration {
    let places = (bytes.len() / 128).max(1);
    let mut dice = 0x9e37_79b9_7f4a_7c15_u64;
    let started = Instant::now();
    for _ in 0..reads {
        let start = dice_to_place(&mut dice, places);
        let record = bytes.get(start..start + 128).unwrap_or_default();
        let words = record.chunks_exact(8).map(|word| word.first_chunk().copied());
        let sum =
            words.fold(0, |sum: u64, word| sum.wrapping_add(word.map_or(0, u64::from_le_bytes)));
        black_box(sum);
    }
    started.elapsed()
}

/// Where the next of so many records begins (Marsaglia's xorshift).
fn dice_to_place(dice: &mut u64, places: usize) -> usize {
    *dice ^= *dice << 13;
    *dice ^= *dice >> 7;
    *dice ^= *dice << 17;
    narrow(*dice) % places * 128
}

/// How long so many reads of 128 bytes take, each anywhere in the segment, and through a guard of its own.
///
/// # Errors
/// The segment cannot be read.
pub fn time_guarded_reads(segment: &Segment, reads: u64) -> Result<Duration> {
    let places = narrow(segment.len() / 128).max(1);
    let mut dice = 0x9e37_79b9_7f4a_7c15_u64;
    let mut record = [0; 128];
    let started = Instant::now();
    for _ in 0..reads {
        let start = dice_to_place(&mut dice, places);
        let guard = segment.read()?;
        record.copy_from_slice(guard.get(start..start + 128).ok_or("outside")?);
        black_box(&record);
    }
    Ok(started.elapsed())
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
        assert!(!time_reads(&guard, 100).is_zero());
        drop(guard);
        time_guarded_reads(&segment, 100).unwrap();
    }
}
