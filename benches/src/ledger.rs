//! A store with the bank's memory in it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rvm_core::rvm_storage::FileStorage;
use rvm_core::{Durability, Options, Rvm, Segment, Stats};
use rvm_tpca::{Bank, Change, Pattern};
use tempfile::TempDir;

use crate::Result;
use crate::declared::Declared;
use crate::runs::{COMMITS_PER_RUN, GROUP, in_runs};
use crate::threads::all_at_once;
use crate::watched::{Latency, Watched};

/// The size of a log. It neither grows nor is truncated while a commit is timed.
pub(crate) const LOG_CAPACITY: u64 = 16 << 20;

/// An open store in a directory of its own.
///
/// Unless it is given other options it does nothing in the background, so what is timed is what is asked for; truncation
/// and recovery are measured apart.
#[derive(Debug)]
pub struct Ledger {
    rvm: Rvm,
    segments: Vec<Segment>,
    bank: Bank,
    declared: Declared,
    _dir: TempDir,
}

impl Ledger {
    /// A store of `segments` segments with `len` bytes each, at least one.
    ///
    /// # Errors
    /// I/O.
    pub fn open(segments: usize, len: u64) -> Result<Self> {
        Self::with(Self::options(), segments, Pattern::Random, len)
    }

    /// A store whose transactions go to these places.
    ///
    /// # Errors
    /// I/O.
    pub fn in_pattern(pattern: Pattern, len: u64) -> Result<Self> {
        Self::with(Self::options(), 1, pattern, len)
    }

    /// A store with other options than [`options`](Self::options).
    ///
    /// # Errors
    /// I/O.
    pub fn with_options(options: Options, len: u64) -> Result<Self> {
        Self::with(options, 1, Pattern::Random, len)
    }

    /// The same, of which transactions declare more than they store.
    #[must_use]
    pub fn declaring(self, declared: Declared) -> Self {
        Self { declared, ..self }
    }

    /// What a store is opened with: nothing in the background, and a log that has room for all that is timed.
    pub fn options() -> Options {
        Rvm::options().background(false).log_capacity_initial(LOG_CAPACITY)
    }

    fn with(options: Options, segments: usize, pattern: Pattern, len: u64) -> Result<Self> {
        let dir = tempfile::tempdir()?;
        let storage = Watched(FileStorage::open(dir.path().join("store"))?);
        let rvm = options.open_with(Arc::new(storage))?;
        let map = |number| rvm.map(&format!("part-{number}"), len);
        let segments = (0..segments.max(1)).map(map).collect::<std::result::Result<_, _>>()?;
        let bank = Bank::over(len, pattern);
        Ok(Self { rvm, segments, bank, declared: Declared::Stores, _dir: dir })
    }

    /// What the store did so far.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.rvm.stats()
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
            let place = txn.about_to_modify(segment, self.declared.range(offset, bytes))?;
            place.get_mut(..bytes.len()).ok_or("a short range")?.copy_from_slice(bytes);
        }
        txn.commit_with(durability)?;
        Ok(())
    }

    /// How long so many lazy commits take, each in memory only.
    ///
    /// # Errors
    /// I/O.
    pub fn time_lazy(&mut self, commits: u64) -> Result<Duration> {
        self.time_bursts(commits, COMMITS_PER_RUN)
    }

    /// How long so many lazy commits take, in bursts of so many, between which the log is emptied.
    ///
    /// # Errors
    /// I/O.
    pub fn time_bursts(&mut self, commits: u64, commits_per_burst: u64) -> Result<Duration> {
        self.time(commits, commits_per_burst, |ledger| ledger.commit(Durability::Lazy))
    }

    /// How long so many lazy commits and a flush take. The engine forces the log itself whenever a MiB of it waits.
    ///
    /// # Errors
    /// I/O.
    pub fn time_sustained(&mut self, commits: u64) -> Result<Duration> {
        let sustain = |ledger: &mut Self| {
            (0..commits).try_for_each(|_| ledger.commit(Durability::Lazy))?;
            Ok(ledger.rvm.flush()?)
        };
        self.time(1, 1, sustain)
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
        self.time(groups, COMMITS_PER_RUN / GROUP, Self::commit_group)
    }

    /// How long each of so many durable commits takes, with its transaction, and whether or not the log is truncated meanwhile.
    ///
    /// # Errors
    /// I/O.
    pub fn latencies(&mut self, commits: u64) -> Result<Vec<Latency>> {
        (0..commits).map(|_| Latency::of(|| self.commit(Durability::Force))).collect()
    }

    /// How long it takes to fold the log of so many lazy commits.
    ///
    /// # Errors
    /// I/O.
    pub fn time_truncation(&mut self, commits: u64) -> Result<Duration> {
        (0..commits).try_for_each(|_| self.commit(Durability::Lazy))?;
        self.rvm.flush()?;
        let started = Instant::now();
        self.rvm.truncate_log()?;
        Ok(started.elapsed())
    }

    /// Folds the log, which is not to be counted.
    ///
    /// # Errors
    /// I/O.
    pub fn empty_log(&mut self) -> Result<()> {
        self.rvm.truncate_log()?;
        Ok(())
    }

    /// How long so many groups of [`GROUP`] lazy commits and a flush take, whether or not the log is truncated meanwhile.
    ///
    /// # Errors
    /// I/O.
    pub fn time_groups_on(&mut self, groups: u64) -> Result<Duration> {
        let started = Instant::now();
        for _ in 0..groups {
            self.commit_group()?;
        }
        Ok(started.elapsed())
    }

    /// Returns when truncations in the background that were asked for are done.
    pub fn settle(&self) {
        const A_WHILE: Duration = Duration::from_millis(300);
        let mut seen = None;
        while seen != Some(self.rvm.stats().truncated_bytes) {
            seen = Some(self.rvm.stats().truncated_bytes);
            std::thread::sleep(A_WHILE);
        }
    }

    fn commit_group(&mut self) -> Result<()> {
        for _ in 0..GROUP {
            self.commit(Durability::Lazy)?;
        }
        Ok(self.rvm.flush()?)
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

    /// Guards against times that have the forces in them, or are of nothing.
    #[test]
    fn what_is_outside_of_a_force_is_less_than_a_commit() {
        let mut ledger = Ledger::in_pattern(Pattern::Sequential, 1 << 16).unwrap();
        for latency in ledger.latencies(40).unwrap() {
            assert!(!latency.outside.is_zero() && latency.outside < latency.whole);
        }
        assert_eq!(ledger.stats().commits_forced, 40);
        ledger.settle();
    }
}
