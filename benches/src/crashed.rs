//! Stores with a full log, to be recovered.

use std::fs::{self, File};
use std::path::Path;
use std::time::{Duration, Instant};

use rvm_core::{Durability, Rvm};
use rvm_tpca::{Bank, Pattern};
use tempfile::TempDir;

use crate::Result;
use crate::cache::{Temperature, drop_cache};
use crate::ledger::transact;
use crate::logs::SampleLog;

/// What a store with a full log left when it was killed.
#[derive(Debug)]
pub struct CrashedStore {
    dir: TempDir,
    log_len: u64,
    records: u64,
}

impl CrashedStore {
    /// A store of one segment of `segment_len` bytes, with about `len` bytes of records that are not folded yet. They change its
    /// first [`SampleLog::SEGMENT_LEN`] bytes, so that the same log can be had for segments of several lengths.
    ///
    /// # Errors
    /// I/O.
    pub fn with_log(len: u64, segment_len: u64) -> Result<Self> {
        let dir = tempfile::tempdir()?;
        let live = dir.path().join("live");
        let capacity = (len + (1 << 20)).next_multiple_of(4096);
        let rvm = Rvm::options()
            .background(false)
            .log_capacity_initial(capacity)
            .log_capacity_max(capacity)
            .open(&live)?;
        let segment = rvm.map("sample", segment_len)?;
        let mut bank = Bank::over(SampleLog::SEGMENT_LEN.into(), Pattern::Random);
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
    /// It is done on a copy, which was forced before. The log is read from the device in any case, since recovery does not
    /// believe the page cache; if it is to be cold, the segment is, too.
    ///
    /// # Errors
    /// I/O; a store that was not recovered whole.
    pub fn time_open(&self, temperature: Temperature) -> Result<Duration> {
        let copied = tempfile::tempdir_in(self.dir.path())?;
        let store = copied.path().join("store");
        copy(&self.dir.path().join("crashed"), &store)?;
        if temperature == Temperature::Cold {
            for entry in store.read_dir()? {
                drop_cache(&File::open(entry?.path())?)?;
            }
        }
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

    /// Guards against a benchmark that opens a store once only, or one with less in it.
    #[test]
    fn a_crashed_store_is_opened_again_and_again() {
        let crashed = CrashedStore::with_log(300_000, SampleLog::SEGMENT_LEN.into()).unwrap();
        assert!(crashed.log_len() >= 300_000);
        crashed.time_open(Temperature::Warm).unwrap();
        crashed.time_open(Temperature::Cold).unwrap();
    }
}
