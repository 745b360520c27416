//! One durable commit of many bytes, beside a write of as many.

use std::fs::File;
use std::hint::black_box;
use std::os::unix::fs::FileExt;
use std::time::{Duration, Instant};

use rvm_core::rvm_storage::AlignedBuf;
use rvm_core::rvm_storage::widths::wide;
use rvm_core::{Rvm, Segment};
use tempfile::TempDir;

use crate::Result;
use crate::pages::pages_of;

/// The size of a log that is not full before the largest commit is folded.
const LOG_CAPACITY: u64 = 256 << 20;

/// The two times of one transaction, or of the same by hand.
#[derive(Clone, Copy, Debug)]
pub struct LargeTimes {
    /// From its begin to the end of its commit.
    pub whole: Duration,
    /// Its commit alone: by hand, the write and its force.
    pub commit: Duration,
}

/// A store whose transactions change all bytes of its segment.
#[derive(Debug)]
pub struct LargeCommits {
    rvm: Rvm,
    segment: Segment,
    bytes: AlignedBuf,
    _dir: TempDir,
}

impl LargeCommits {
    /// A store with a segment of `len` bytes.
    ///
    /// # Errors
    /// I/O.
    pub fn of_len(len: u64) -> Result<Self> {
        let dir = tempfile::tempdir()?;
        let options = Rvm::options().background(false).log_capacity_initial(LOG_CAPACITY);
        let rvm = options.log_capacity_max(LOG_CAPACITY).open(dir.path().join("store"))?;
        let segment = rvm.map("large", len)?;
        Ok(Self { rvm, segment, bytes: pages_of(len, 1)?, _dir: dir })
    }

    /// Times one transaction. The log is emptied behind it.
    ///
    /// # Errors
    /// I/O.
    pub fn time(&mut self) -> Result<LargeTimes> {
        let started = Instant::now();
        let mut txn = self.rvm.begin(&[&self.segment])?;
        txn.write(&self.segment, 0, self.bytes.as_slice())?;
        let stored = started.elapsed();
        txn.commit()?;
        let whole = started.elapsed();
        self.rvm.truncate_log()?;
        Ok(LargeTimes { whole, commit: whole.saturating_sub(stored) })
    }
}

/// A file of a log's size that was really written, to be written again through the page cache and forced, piece behind piece.
#[derive(Debug)]
pub struct LargeWrites {
    file: File,
    /// Where the next piece goes.
    at: u64,
    memory: AlignedBuf,
    bytes: AlignedBuf,
    _dir: TempDir,
}

impl LargeWrites {
    /// A file that pieces of `len` bytes are written to.
    ///
    /// # Errors
    /// I/O.
    pub fn of_len(len: u64) -> Result<Self> {
        let dir = tempfile::tempdir()?;
        let options = &mut File::options();
        let file = options.write(true).create_new(true).open(dir.path().join("raw"))?;
        let bytes = pages_of(len, 1)?;
        file.write_all_at(pages_of(LOG_CAPACITY, 0)?.as_slice(), 0)?;
        file.sync_all()?;
        let memory = pages_of(len, 2)?;
        Ok(Self { file, at: 0, memory, bytes, _dir: dir })
    }

    /// Times a store of all bytes into memory, and then one write of them and its force.
    ///
    /// # Errors
    /// I/O.
    pub fn time(&mut self) -> Result<LargeTimes> {
        let started = Instant::now();
        black_box(self.memory.as_mut_slice()).copy_from_slice(self.bytes.as_slice());
        let stored = started.elapsed();
        self.file.write_all_at(self.memory.as_slice(), self.at)?;
        self.file.sync_data()?;
        let whole = started.elapsed();
        let len = wide(self.memory.len());
        self.at = if self.at + 2 * len > LOG_CAPACITY { 0 } else { self.at + len };
        Ok(LargeTimes { whole, commit: whole.saturating_sub(stored) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Guards against a commit of less than all bytes.
    #[test]
    fn all_bytes_are_committed() {
        let mut ours = LargeCommits::of_len(1 << 20).unwrap();
        let times = ours.time().unwrap();
        assert!(times.commit < times.whole && ours.rvm.stats().log_bytes > 1 << 20);
        assert!(ours.segment.read().unwrap().iter().all(|byte| *byte == 1));
        LargeWrites::of_len(1 << 20).unwrap().time().unwrap();
    }
}
