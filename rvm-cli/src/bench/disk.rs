//! What the disk itself can do: forced writes of one block, one after the other, as the engine forces a small part of a log.

use std::path::Path;
use std::sync::Arc;

use rvm_core::rvm_storage::{
    AlignedBuf, Blob, FileName, FileRole, FileStorage, Fill, SegmentName, Storage, Write,
};

use super::plan::{BLOCK_LEN, Plan};
use super::slice::{Limit, Slice, all_at_once};
use crate::failure::Failure;

/// Files that are forced, one for each thread.
#[derive(Debug)]
pub(super) struct Forces(Vec<ForcedFile>);

/// A file of zeros, which blocks are written over, round and round.
#[derive(Debug)]
struct ForcedFile {
    blob: Arc<dyn Blob>,
    len: u64,
    block: AlignedBuf,
    /// Where the next block goes.
    at: u64,
}

impl Forces {
    /// Makes so many files.
    pub(super) fn new(directory: &Path, threads: usize) -> Result<Self, Failure> {
        let storage = FileStorage::open(directory)?;
        let files =
            (0..threads).map(|number| ForcedFile::create(&storage, number, Plan::room(threads)));
        let files = files.collect::<Result<_, _>>()?;
        storage.sync_names()?;
        Ok(Self(files))
    }

    /// Forces until the limit, on all threads at once.
    pub(super) fn run(&mut self, limit: Limit<'_>) -> Result<Slice, Failure> {
        all_at_once(&mut self.0, limit, ForcedFile::force_block)
    }

    /// Whether the file system lets a force go past the page cache, as far as that is known.
    pub(super) fn are_direct(&self) -> bool {
        self.0.iter().all(|file| file.blob.capabilities().direct_writes)
    }
}

impl ForcedFile {
    fn create(storage: &FileStorage, number: usize, len: u64) -> Result<Self, Failure> {
        let name = SegmentName::new(&format!("disk-{number}"))?;
        let blob = storage.create(&FileName::new(&name, FileRole::Log))?;
        blob.allocate(len, Fill::Written)?;
        blob.force()?;
        let mut block = AlignedBuf::new();
        block.resize(usize::try_from(BLOCK_LEN).unwrap_or(AlignedBuf::ALIGN));
        block.as_mut_slice().fill(0xa5);
        Ok(Self { blob, len, block, at: 0 })
    }

    fn force_block(&mut self) -> Result<(), Failure> {
        let bytes = self.block.as_slice();
        self.blob.write_and_force(&[Write { offset: self.at, bytes }])?;
        self.at = (self.at + BLOCK_LEN) % self.len;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::waiting::Interrupt;

    /// Guards against a disk that looks quicker since a block is left out, or lies where the file would have to grow.
    #[test]
    fn each_force_writes_the_next_block() {
        let parent = tempfile::tempdir().unwrap();
        let mut forces = Forces::new(&parent.path().join("disk"), 2).unwrap();
        let interrupt = Interrupt::default();
        let limit = Limit { time: Duration::ZERO, interrupt: &interrupt, times_per_reading: 3 };
        let slice = forces.run(limit).unwrap();
        assert_eq!(slice.latencies.len(), 6);
        for file in &forces.0 {
            let mut bytes = vec![0; 4 * 4096];
            file.blob.read_at(0, &mut bytes).unwrap();
            let (written, rest) = bytes.split_at(3 * 4096);
            assert!(written.iter().all(|byte| *byte == 0xa5) && rest.iter().all(|byte| *byte == 0));
            assert_eq!(file.blob.len().unwrap(), Plan::room(2));
        }
    }
}
