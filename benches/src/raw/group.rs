//! Group commit made by hand: one of those who wait writes for all who have appended.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use rvm_core::rvm_storage::AlignedBuf;
use rvm_tpca::{Bank, Change, Pattern};
use tempfile::TempDir;

use super::file::{BLOCK_LEN, ForcedFile};
use super::store::{LOG_LEN, encode};
use crate::Result;
use crate::threads::all_at_once;

/// A log that any number of threads append to.
#[derive(Debug)]
pub struct RawGroup {
    state: Mutex<State>,
    forced: Condvar,
    file: Mutex<ForcedFile>,
    _dir: TempDir,
}

#[derive(Debug, Default)]
struct State {
    tail: AlignedBuf,
    appended: u64,
    durable: u64,
    is_forcing: bool,
}

impl RawGroup {
    /// An empty log.
    ///
    /// # Errors
    /// I/O.
    pub fn open() -> Result<Self> {
        let dir = tempfile::tempdir()?;
        let file = Mutex::new(ForcedFile::create(&dir.path().join("log"), LOG_LEN)?);
        Ok(Self { state: Mutex::default(), forced: Condvar::new(), file, _dir: dir })
    }

    /// How long so many threads take for so many transactions each, every one forced.
    ///
    /// # Errors
    /// I/O.
    pub fn time(&self, threads: usize, commits: u64) -> Result<Duration> {
        all_at_once(threads, |_| {
            let mut bank = Bank::over(1 << 20, Pattern::Random);
            (0..commits).try_for_each(|_| self.commit(&bank.draw()))
        })
    }

    /// How long it takes when a thread for each of the logs runs so many transactions.
    ///
    /// # Errors
    /// I/O.
    pub fn time_each(logs: &[Self], commits: u64) -> Result<Duration> {
        all_at_once(logs.len(), |number| {
            let mut bank = Bank::over(1 << 20, Pattern::Random);
            let log = logs.get(number).ok_or("no log")?;
            (0..commits).try_for_each(|_| log.commit(&bank.draw()))
        })
    }

    fn commit(&self, change: &Change) -> Result<()> {
        let own = self.append(change)?;
        self.force(own)
    }

    /// Appends a record and says its number.
    pub(crate) fn append(&self, change: &Change) -> Result<u64> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.appended += 1;
        let own = state.appended;
        encode(change, own, &mut state.tail)?;
        Ok(own)
    }

    /// How many records were appended.
    #[cfg(feature = "peers")]
    pub(crate) fn appended(&self) -> u64 {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).appended
    }

    /// Returns when that record and all before it are on stable storage.
    pub(crate) fn force(&self, own: u64) -> Result<()> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        while state.durable < own {
            if state.is_forcing {
                state = self.forced.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            state.is_forcing = true;
            let (end, len) = (state.appended, state.tail.len());
            let full = len - len % BLOCK_LEN;
            let mut next = AlignedBuf::new();
            next.extend_from_slice(state.tail.as_slice().get(full..).unwrap_or_default());
            let mut blocks = std::mem::replace(&mut state.tail, next);
            drop(state);
            blocks.resize(len.next_multiple_of(BLOCK_LEN));
            let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
            let forced = file.force(blocks.as_slice(), full);
            drop(file);
            state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            state.is_forcing = false;
            forced?;
            state.durable = end;
            self.forced.notify_all();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Guards against a commit that returns before its force.
    #[test]
    fn whoever_returns_is_durable() {
        let raw = RawGroup::open().unwrap();
        raw.time(4, 50).unwrap();
        let state = raw.state.lock().unwrap();
        assert_eq!((state.appended, state.durable), (200, 200));
    }
}
