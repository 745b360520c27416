//! Records, logs and stores of a given size, to be encoded, decoded, scanned, replayed and recovered.

use std::fs::{self, File};
use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use rvm_core::rvm_log::format::record::{HEADER_LEN, Position};
use rvm_core::rvm_log::{
    Checksums, Draft, Epoch, LogError, LogFile, Lsn, NewLog, RecordHeader, RecordView, ReplaySink,
    Ring, Salt, Scanner, Tail, TxnId, replay,
};
use rvm_core::rvm_storage::{AlignedBuf, FileStorage, SegmentName};
use rvm_core::{Durability, Rvm};
use rvm_tpca::{Bank, Change, Pattern};
use tempfile::TempDir;

use crate::Result;
use crate::ledger::transact;

/// Records in memory.
#[derive(Debug)]
pub struct Records {
    changes: Vec<Change>,
    checksums: Checksums,
    encoded: AlignedBuf,
}

const EPOCH: Epoch = Epoch(1);

impl Records {
    /// The records of so many of the bank's transactions over 1 MiB, encoded.
    ///
    /// # Errors
    /// None that is known.
    pub fn of_bank(count: usize) -> Result<Self> {
        let mut bank = Bank::over(1 << 20, Pattern::Random);
        let changes = (0..count).map(|_| bank.draw()).collect();
        let checksums = Checksums::new(Salt([7; 16]));
        let mut records = Self { changes, checksums, encoded: AlignedBuf::new() };
        records.encode()?;
        Ok(records)
    }

    /// The encoded bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.encoded.as_slice()
    }

    /// Encodes all, one behind the other, in place of what was encoded before.
    ///
    /// # Errors
    /// None that is known.
    pub fn encode(&mut self) -> Result<()> {
        self.encoded.clear();
        let mut lsn = Lsn(0);
        for (number, change) in (1..).zip(&self.changes) {
            let draft = Draft::new(TxnId(number), change.stores().into_iter());
            let measure = draft.measure()?;
            let position = Position { lsn, epoch: EPOCH, synced: Lsn(0) };
            draft.encode(&measure, position, self.checksums, &mut self.encoded);
            lsn = lsn.plus(measure.total_len.into());
        }
        black_box(self.encoded.as_slice());
        Ok(())
    }

    /// Decodes all that is encoded, checks it, and looks at every range. Returns how many bytes the ranges hold.
    ///
    /// # Errors
    /// A record that is not whole.
    pub fn decode(&self) -> Result<usize> {
        let (mut rest, mut lsn, mut len) = (self.bytes(), Lsn(0), 0);
        while let Some(header) = rest.first_chunk::<HEADER_LEN>() {
            let header = RecordHeader::decode(header, lsn, EPOCH, self.checksums)
                .map_err(|fault| format!("{fault:?}"))?;
            let view = RecordView::parse(header, rest, self.checksums)
                .map_err(|fault| format!("{fault:?}"))?;
            for (offset, bytes) in view.ranges() {
                len += black_box((offset, bytes)).1.len();
            }
            lsn = header.end();
            rest = rest.get(usize::try_from(header.total_len)?..).unwrap_or_default();
        }
        Ok(len)
    }
}

/// A log in a file, full of the bank's transactions over [`SampleLog::SEGMENT_LEN`] bytes.
#[derive(Debug)]
pub struct SampleLog {
    log: LogFile,
    end: Lsn,
    memory: Vec<u8>,
    _dir: TempDir,
}

impl SampleLog {
    /// The length of the segment that the records change, in bytes.
    pub const SEGMENT_LEN: u32 = 32 << 20;

    /// A log with at least `len` bytes of records.
    ///
    /// # Errors
    /// I/O.
    pub fn of_len(len: u64) -> Result<Self> {
        let dir = tempfile::tempdir()?;
        let storage = FileStorage::open(dir.path().join("log"))?;
        let segment_len = u64::from(Self::SEGMENT_LEN);
        let ring = Ring::new((len + (1 << 20)).next_multiple_of(4096)).ok_or("no such ring")?;
        let new =
            NewLog::first_of_store(&storage, &SegmentName::new("sample")?, segment_len, ring)?;
        let log = LogFile::create(&storage, &new)?;
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
        let memory = vec![0; usize::try_from(segment_len)?];
        Ok(Self { end: tail.end(), log, memory, _dir: dir })
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
        let mut sink = Memory(&mut self.memory);
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

/// What a store with a full log left when it was killed.
#[derive(Debug)]
pub struct CrashedStore {
    dir: TempDir,
    log_len: u64,
    records: u64,
}

impl CrashedStore {
    /// A store of one segment of 32 MiB, with about `len` bytes of records that are not folded yet.
    ///
    /// # Errors
    /// I/O.
    pub fn with_log(len: u64) -> Result<Self> {
        let dir = tempfile::tempdir()?;
        let live = dir.path().join("live");
        let rvm = Rvm::options()
            .background(false)
            .log_capacity_initial((len + (1 << 20)).next_multiple_of(4096))
            .log_capacity_max((len + (1 << 20)).next_multiple_of(4096))
            .open(&live)?;
        let segment = rvm.map("sample", SampleLog::SEGMENT_LEN.into())?;
        let mut bank = Bank::over(segment.len(), Pattern::Random);
        while rvm.stats().log_bytes < len {
            transact(&rvm, &segment, &bank.draw(), Durability::Lazy)?;
        }
        rvm.flush()?;
        let (log_len, records) = (rvm.stats().log_bytes, rvm.stats().commits_lazy);
        copy(&live, &dir.path().join("crashed"))?;
        rvm.close()?;
        fs::remove_dir_all(live)?;
        Ok(Self { dir, log_len, records })
    }

    /// The bytes of its records.
    #[must_use]
    pub fn log_len(&self) -> u64 {
        self.log_len
    }

    /// How many records that is.
    #[must_use]
    pub fn records(&self) -> u64 {
        self.records
    }

    /// How long opening it takes: reading the log, applying it to the segment's file, forcing that, and beginning anew.
    /// It is done on a copy, which was forced before and is not in memory.
    ///
    /// # Errors
    /// I/O; a store that was not recovered whole.
    pub fn time_open(&self) -> Result<Duration> {
        let copied = tempfile::tempdir_in(self.dir.path())?;
        let store = copied.path().join("store");
        copy(&self.dir.path().join("crashed"), &store)?;
        let started = Instant::now();
        let rvm = Rvm::options().background(false).open(store)?;
        let taken = started.elapsed();
        let found = rvm.recovery_report().logs.iter().map(|log| log.records).sum::<u64>();
        if found == self.records { Ok(taken) } else { Err("not all was recovered".into()) }
    }
}

/// Copies a store's files and forces them.
fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir(to)?;
    for entry in from.read_dir()? {
        let entry = entry?;
        let copied = to.join(entry.file_name());
        fs::copy(entry.path(), &copied)?;
        File::open(copied)?.sync_all()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Guards against benchmarks of nothing: every path sees every record.
    #[test]
    fn records_logs_and_stores_hold_what_they_say() {
        let records = Records::of_bank(100).unwrap();
        assert_eq!(records.decode().unwrap(), 100 * (3 * 8 + 64));
        let mut log = SampleLog::of_len(300_000).unwrap();
        let scanned = log.scan().unwrap();
        assert!(log.len() >= 300_000 && log.len() / scanned < 300, "{scanned} records");
        assert_eq!(log.replay().unwrap(), scanned);
        assert!(log.memory.iter().any(|byte| *byte != 0));
        let crashed = CrashedStore::with_log(300_000).unwrap();
        assert!(crashed.log_len() >= 300_000);
        crashed.time_open().unwrap();
        crashed.time_open().unwrap();
    }
}
