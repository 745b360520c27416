//! Logs of a given size, to be scanned and replayed.

use rvm_core::rvm_log::{
    Draft, LogError, LogFile, Lsn, NewLog, ReplaySink, Ring, Scanner, Tail, TxnId, replay,
};
use rvm_core::rvm_storage::{AlignedBuf, FileStorage, SegmentName, Storage};
use rvm_tpca::{Bank, Pattern};
use tempfile::TempDir;

use crate::Result;
use crate::pages::pages_of;

/// A log that is full of the bank's transactions over [`SampleLog::SEGMENT_LEN`] bytes.
#[derive(Debug)]
pub struct SampleLog {
    log: LogFile,
    end: Lsn,
    memory: AlignedBuf,
    _dir: Option<TempDir>,
}

impl SampleLog {
    /// The length of the segment that the records change, in bytes.
    pub const SEGMENT_LEN: u32 = 32 << 20;

    /// A log in a file, with at least `len` bytes of records.
    ///
    /// # Errors
    /// I/O.
    pub fn of_len(len: u64) -> Result<Self> {
        let dir = tempfile::tempdir()?;
        let storage = FileStorage::open(dir.path().join("log"))?;
        Ok(Self { _dir: Some(dir), ..Self::on(&storage, "sample", len)? })
    }

    /// A log on any storage, for a segment of this name, which need not be there.
    ///
    /// # Errors
    /// I/O; a log that is there.
    pub fn on(storage: &dyn Storage, segment: &str, len: u64) -> Result<Self> {
        let segment_len = u64::from(Self::SEGMENT_LEN);
        let ring = Ring::new((len + (1 << 20)).next_multiple_of(4096)).ok_or("no such ring")?;
        let new = NewLog::first_of_store(storage, &SegmentName::new(segment)?, segment_len, ring)?;
        let log = LogFile::create(storage, &new)?;
        let (mut tail, mut bank) =
            (Tail::new(log.header().head), Bank::over(segment_len, Pattern::Random));
        let mut number = 0;
        while tail.end().0 < len {
            number += 1;
            let change = bank.draw();
            let draft = Draft::new(TxnId(number), change.stores().into_iter());
            tail.append(&draft, &draft.measure()?, log.header().epoch, log.checksums());
            if tail.unsealed_len() > 1 << 20 || tail.end().0 >= len {
                let batch = tail.seal(Lsn(0), log.checksums());
                batch.force(log.blob(), log.ring())?;
                tail.recycle(batch);
            }
        }
        let memory = pages_of(segment_len, 0)?;
        Ok(Self { end: tail.end(), log, memory, _dir: None })
    }

    /// The bytes of its records.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.end.0
    }

    /// True if it has no record.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Makes the next replay read from the device.
    ///
    /// # Errors
    /// I/O.
    pub fn drop_cache(&self) -> Result<()> {
        let blob = self.log.blob();
        blob.force()?;
        Ok(blob.drop_cache()?)
    }

    /// Reads and checks all records; returns how many there are.
    ///
    /// # Errors
    /// I/O; corruption.
    pub fn scan(&self) -> Result<u64> {
        let header = self.log.header();
        let mut scanner = Scanner::between(self.log.blob(), header, header.head, self.end);
        let mut records = 0;
        while scanner.next()?.is_some() {
            records += 1;
        }
        if scanner.position() == self.end { Ok(records) } else { Err("the log ends early".into()) }
    }

    /// Replays all records into memory, as mapping a segment does; returns how many there are.
    ///
    /// # Errors
    /// I/O; corruption.
    pub fn replay(&mut self) -> Result<u64> {
        let (header, span) = (self.log.header(), (self.log.header().head, self.end));
        let mut sink = Memory(self.memory.as_mut_slice());
        let replayed = replay(self.log.blob(), header, span, Self::SEGMENT_LEN.into(), &mut sink)?;
        Ok(replayed.records)
    }
}

struct Memory<'a>(&'a mut [u8]);

impl ReplaySink for Memory<'_> {
    fn apply(&mut self, offset: u64, bytes: &[u8]) -> std::result::Result<(), LogError> {
        let place = usize::try_from(offset).ok().and_then(|start| self.0.get_mut(start..));
        if let Some(place) = place.and_then(|place| place.get_mut(..bytes.len())) {
            place.copy_from_slice(bytes);
        }
        Ok(())
    }

    fn takes_overlaps(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use rvm_core::rvm_storage::MemStorage;

    use super::*;

    /// Guards against benchmarks of nothing: every path sees every record, on any storage.
    #[test]
    fn logs_hold_what_they_say() {
        let on_memory = SampleLog::on(&MemStorage::new(), "sample", 300_000).unwrap();
        for mut log in [SampleLog::of_len(300_000).unwrap(), on_memory] {
            let scanned = log.scan().unwrap();
            assert!(log.len() >= 300_000 && log.len() / scanned < 300, "{scanned} records");
            log.drop_cache().unwrap();
            assert_eq!(log.replay().unwrap(), scanned);
            assert!(log.memory.as_slice().iter().any(|byte| *byte != 0));
        }
    }
}
