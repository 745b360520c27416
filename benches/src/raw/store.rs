//! A store made by hand: an array, an undo buffer, and a log of records with checksums.

use std::time::{Duration, Instant};

use rvm_core::rvm_storage::AlignedBuf;
use rvm_tpca::{Bank, Change, Pattern};
use tempfile::TempDir;

use super::file::{BLOCK_LEN, ForcedFile};
use crate::Result;
use crate::pages::pages_of;
use crate::runs::{GROUP, in_runs};
use crate::watched::Latency;

pub(super) const LOG_LEN: u64 = 64 << 20;

/// How much waits in memory, where nobody asks for a force, in bytes.
const TAIL_LEN: usize = 1 << 20;

/// The bytes of a record in the log: length, checksum and number, four offsets with lengths, and what was stored.
pub const RAW_RECORD_LEN: usize = 16 + 4 * 16 + 3 * 8 + 64;

/// Puts a record into `out`.
pub(super) fn encode(change: &Change, number: u64, out: &mut AlignedBuf) -> Result<()> {
    let mut record = [0; RAW_RECORD_LEN];
    let (header, body) = record.split_at_mut(16);
    let (places, data) = body.split_at_mut(64);
    let mut at = 0;
    for (place, (offset, bytes)) in places.chunks_exact_mut(16).zip(change.stores()) {
        let (first, second) = place.split_at_mut(8);
        first.copy_from_slice(&offset.to_le_bytes());
        second.copy_from_slice(&u64::try_from(bytes.len())?.to_le_bytes());
        let room = data.get_mut(at..at + bytes.len()).ok_or("a record is longer than it is")?;
        room.copy_from_slice(bytes);
        at += bytes.len();
    }
    let crc = crc32c::crc32c_append(u32::try_from(number & 0xffff)?, body);
    let len = u32::try_from(RAW_RECORD_LEN)?;
    let (sizes, txn) = header.split_at_mut(8);
    sizes.copy_from_slice(&(u64::from(crc) << 32 | u64::from(len)).to_le_bytes());
    txn.copy_from_slice(&number.to_le_bytes());
    out.extend_from_slice(&record);
    Ok(())
}

/// An array with an undo buffer.
#[derive(Debug)]
pub(crate) struct RawMemory {
    bytes: AlignedBuf,
    undo: Vec<u8>,
}

impl RawMemory {
    pub(crate) fn of_len(len: u64) -> Result<Self> {
        Ok(Self { bytes: pages_of(len, 1)?, undo: Vec::new() })
    }

    #[cfg(feature = "peers")]
    pub(crate) fn bytes(&self) -> &[u8] {
        self.bytes.as_slice()
    }

    /// Keeps the old bytes and stores the new ones.
    pub(crate) fn store(&mut self, change: &Change) -> Result<()> {
        self.undo.clear();
        for (offset, bytes) in change.stores() {
            let start = usize::try_from(offset)?;
            let place =
                self.bytes.as_mut_slice().get_mut(start..start + bytes.len()).ok_or("outside")?;
            self.undo.extend_from_slice(place);
            place.copy_from_slice(bytes);
        }
        Ok(())
    }
}

/// The store.
#[derive(Debug)]
pub struct RawStore {
    pub(crate) memory: RawMemory,
    bank: Bank,
    number: u64,
    log: RawLog,
    _dir: TempDir,
}

/// A log of which the last block stays in memory.
#[derive(Debug)]
pub(super) struct RawLog {
    pub(super) tail: AlignedBuf,
    file: ForcedFile,
}

impl RawLog {
    pub(super) fn create(dir: &TempDir, name: &str) -> Result<Self> {
        let file = ForcedFile::create(&dir.path().join(name), LOG_LEN)?;
        Ok(Self { tail: AlignedBuf::new(), file })
    }

    /// Writes and forces what is in memory; the last block is written again with what follows.
    pub(super) fn force(&mut self) -> Result<()> {
        let len = self.tail.len();
        let full = len - len % BLOCK_LEN;
        self.tail.resize(len.next_multiple_of(BLOCK_LEN));
        self.file.force(self.tail.as_slice(), full)?;
        self.tail.as_mut_slice().copy_within(full..len, 0);
        self.tail.resize(len - full);
        Ok(())
    }
}

impl RawStore {
    /// A store over `len` bytes.
    ///
    /// # Errors
    /// I/O.
    pub fn open(pattern: Pattern, len: u64) -> Result<Self> {
        Self::open_in(tempfile::tempdir()?, pattern, len)
    }

    fn open_in(dir: TempDir, pattern: Pattern, len: u64) -> Result<Self> {
        Ok(Self {
            memory: RawMemory::of_len(len)?,
            bank: Bank::over(len, pattern),
            number: 0,
            log: RawLog::create(&dir, "log")?,
            _dir: dir,
        })
    }

    /// Runs the next transaction of its bank.
    fn commit(&mut self) -> Result<()> {
        let change = self.bank.draw();
        self.run(&change)
    }

    /// Runs one transaction: its bytes are stored and logged, in memory.
    pub(crate) fn run(&mut self, change: &Change) -> Result<()> {
        self.memory.store(change)?;
        self.number += 1;
        encode(change, self.number, &mut self.log.tail)
    }

    /// Forces what was logged.
    pub(crate) fn force(&mut self) -> Result<()> {
        self.log.force()
    }

    /// How long so many transactions take, in bursts of so many, between which the log is forced.
    ///
    /// # Errors
    /// I/O.
    pub fn time_bursts(&mut self, commits: u64, commits_per_burst: u64) -> Result<Duration> {
        in_runs(self, (commits, commits_per_burst), Self::commit, Self::force)
    }

    /// How long so many transactions take, with a force whenever 1 MiB of records waits.
    ///
    /// # Errors
    /// I/O.
    pub fn time_sustained(&mut self, commits: u64) -> Result<Duration> {
        let started = Instant::now();
        for _ in 0..commits {
            self.commit()?;
            if self.log.tail.len() >= TAIL_LEN {
                self.force()?;
            }
        }
        self.force()?;
        Ok(started.elapsed())
    }

    /// How long each of so many transactions takes, every one forced.
    ///
    /// # Errors
    /// I/O.
    pub fn latencies(&mut self, commits: u64) -> Result<Vec<Latency>> {
        let commit = |store: &mut Self| {
            store.commit()?;
            store.force()
        };
        (0..commits).map(|_| Latency::of(|| commit(self))).collect()
    }

    /// How long so many transactions take, each forced.
    ///
    /// # Errors
    /// I/O.
    pub fn time_forced(&mut self, commits: u64) -> Result<Duration> {
        self.time_groups_of(1, commits)
    }

    /// How long so many groups of [`GROUP`] transactions take, each group forced.
    ///
    /// # Errors
    /// I/O.
    pub fn time_groups(&mut self, groups: u64) -> Result<Duration> {
        self.time_groups_of(GROUP, groups)
    }

    fn time_groups_of(&mut self, commits: u64, groups: u64) -> Result<Duration> {
        let started = Instant::now();
        for _ in 0..groups {
            for _ in 0..commits {
                self.commit()?;
            }
            self.force()?;
        }
        Ok(started.elapsed())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Guards against a loop that does less than it says: what is stored is in the log, whole, block behind block.
    #[test]
    fn what_a_loop_stores_it_has_logged() {
        let dir = tempfile::tempdir().unwrap();
        let log = dir.path().join("log");
        let mut store = RawStore::open_in(dir, Pattern::Random, 1 << 16).unwrap();
        store.time_forced(60).unwrap();
        store.time_groups(2).unwrap();
        let log = std::fs::read(log).unwrap();
        let mut bank = Bank::over(1 << 16, Pattern::Random);
        let mut expected = AlignedBuf::new();
        for number in 1..=60 + 2 * GROUP {
            encode(&bank.draw(), number, &mut expected).unwrap();
        }
        assert_eq!(&log[..expected.len()], expected.as_slice());
        assert!(store.memory.bytes.as_slice().iter().filter(|byte| **byte != 1).count() > 1_000);
    }
}
