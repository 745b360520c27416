//! A store with the bank's memory in it.

use std::time::Duration;

use rvm_core::{Durability, Rvm, Segment};
use rvm_tpca::{Bank, Change, Pattern};
use tempfile::TempDir;

use crate::Result;
use crate::runs::{COMMITS_PER_RUN, GROUP, in_runs};
use crate::threads::all_at_once;

/// The size of a log. It neither grows nor is truncated while a commit is timed.
pub(crate) const LOG_CAPACITY: u64 = 16 << 20;

/// An open store in a directory of its own.
///
/// It does nothing in the background, so what is timed is what is asked for; truncation and recovery are measured
/// apart, as replay.
#[derive(Debug)]
pub struct Ledger {
    rvm: Rvm,
    segments: Vec<Segment>,
    bank: Bank,
    _dir: TempDir,
}

impl Ledger {
    /// A store of `segments` segments with `len` bytes each, at least one.
    ///
    /// # Errors
    /// I/O.
    pub fn open(segments: usize, len: u64) -> Result<Self> {
        let dir = tempfile::tempdir()?;
        let rvm = Rvm::options()
            .background(false)
            .log_capacity_initial(LOG_CAPACITY)
            .open(dir.path().join("store"))?;
        let map = |number| rvm.map(&format!("part-{number}"), len);
        let segments = (0..segments.max(1)).map(map).collect::<std::result::Result<_, _>>()?;
        Ok(Self { rvm, segments, bank: Bank::over(len, Pattern::Random), _dir: dir })
    }

    /// Runs one transaction. Its four stores go to the segments in turn.
    ///
    /// # Errors
    /// I/O.
    pub fn commit(&mut self, durability: Durability) -> Result<()> {
        let change = self.bank.draw();
        let all: [Option<&Segment>; 4] = std::array::from_fn(|index| self.segments.get(index));
        let mut txn = match all {
            [Some(only), None, ..] => self.rvm.begin(&[only])?,
            _ => self.rvm.begin(&self.segments.iter().collect::<Vec<_>>())?,
        };
        for ((offset, bytes), segment) in
            change.stores().into_iter().zip(self.segments.iter().cycle())
        {
            txn.about_to_modify(segment, offset..offset + length(bytes))?.copy_from_slice(bytes);
        }
        txn.commit_with(durability)?;
        Ok(())
    }

    /// How long so many lazy commits take, each in memory only.
    ///
    /// # Errors
    /// I/O.
    pub fn time_lazy(&mut self, commits: u64) -> Result<Duration> {
        self.time(commits, COMMITS_PER_RUN, |ledger| ledger.commit(Durability::Lazy))
    }

    /// How long so many durable commits take, one after the other.
    ///
    /// # Errors
    /// I/O.
    pub fn time_forced(&mut self, commits: u64) -> Result<Duration> {
        self.time(commits, COMMITS_PER_RUN, |ledger| ledger.commit(Durability::Force))
    }

    /// How long so many groups of [`GROUP`] lazy commits and a flush take.
    ///
    /// # Errors
    /// I/O.
    pub fn time_groups(&mut self, groups: u64) -> Result<Duration> {
        self.time(groups, COMMITS_PER_RUN / GROUP, |ledger| {
            for _ in 0..GROUP {
                ledger.commit(Durability::Lazy)?;
            }
            Ok(ledger.rvm.flush()?)
        })
    }

    /// How long so many threads take for so many durable commits each. They share the one segment, or have one each.
    ///
    /// # Errors
    /// I/O.
    pub fn time_threads(&mut self, threads: usize, commits: u64) -> Result<Duration> {
        let taken = all_at_once(threads, |number| {
            let segment = self.segments.get(number % self.segments.len()).ok_or("no segment")?;
            let mut bank = Bank::over(segment.len(), Pattern::Random);
            (0..commits)
                .try_for_each(|_| transact(&self.rvm, segment, &bank.draw(), Durability::Force))
        })?;
        self.rvm.truncate_log()?;
        Ok(taken)
    }

    /// Times `work`, so many times. The log is emptied after each run, which is not counted.
    fn time(
        &mut self,
        times: u64,
        times_per_run: u64,
        work: impl Fn(&mut Self) -> Result<()>,
    ) -> Result<Duration> {
        in_runs(self, (times, times_per_run), work, |ledger| {
            ledger.rvm.truncate_log()?;
            Ok(())
        })
    }
}

/// Runs one transaction over one segment.
///
/// # Errors
/// I/O.
pub(crate) fn transact(
    rvm: &Rvm,
    segment: &Segment,
    change: &Change,
    durability: Durability,
) -> Result<()> {
    let mut txn = rvm.begin(&[segment])?;
    for (offset, bytes) in change.stores() {
        txn.write(segment, offset, bytes)?;
    }
    txn.commit_with(durability)?;
    Ok(())
}

fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Guards against a benchmark that commits something else than it says.
    #[test]
    fn a_commit_is_one_record_of_four_ranges_in_all() {
        for (segments, records) in [(1, 1), (4, 4)] {
            let mut ledger = Ledger::open(segments, 1 << 16).unwrap();
            ledger.commit(Durability::Force).unwrap();
            let stats = ledger.rvm.stats();
            assert_eq!((stats.commits_forced, stats.redo_ranges), (1, 4));
            assert_eq!(stats.log_forces, records);
            ledger.time_groups(2).unwrap();
            assert_eq!(ledger.rvm.stats().commits_lazy, 128);
        }
    }
}
