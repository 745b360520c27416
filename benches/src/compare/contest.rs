//! A store in a directory of its own, and the users that run transactions on it.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rvm_core::rvm_storage::widths::wide;
use rvm_tpca::{Bank, Pattern};
use tempfile::TempDir;

use crate::Result;
use crate::device::Device;
use crate::figure::figure;
use crate::peers::{Item, Mode, Peer, Setting, Store, copy_as_killed};
use crate::runs::{COMMITS_PER_RUN, GROUP};
use crate::threads::all_at_once;

/// How many transactions a user is ahead of the one before.
const APART: u64 = 1000;

/// Commits between two looks at the clock, where a commit takes hardly longer than the look.
const COMMITS_PER_LOOK: u64 = 64;

/// A store that takes part.
#[derive(Debug)]
pub(super) struct Contestant {
    pub(super) store: &'static Store,
    peer: Box<dyn Peer>,
    users: Vec<Mutex<Bank>>,
    setting: Setting,
    dir: TempDir,
}

/// What a round of durable commits gave.
#[derive(Debug)]
pub(super) struct Round {
    /// How long each commit took.
    pub(super) latencies: Vec<Duration>,
    /// How long all of it took.
    pub(super) taken: Duration,
}

impl Round {
    fn commits(&self) -> f64 {
        figure(wide(self.latencies.len()))
    }

    pub(super) fn commits_per_second(&self) -> f64 {
        self.commits() / self.taken.as_secs_f64()
    }
}

/// What a round of one thread wrote, for each commit.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) device: Option<f64>,
    pub(super) log: Option<f64>,
}

impl Contestant {
    /// Opens a new store, filled, for at most so many users.
    pub(super) fn enter(store: &'static Store, setting: Setting, users: usize) -> Result<Self> {
        let dir = tempfile::tempdir()?;
        let peer = (store.open)(dir.path(), setting)
            .map_err(|error| format!("{}: open: {error}", store.name))?;
        peer.load().map_err(|error| format!("{}: fill: {error}", store.name))?;
        let banks = Bank::over(setting.len, Pattern::Random).apart(APART);
        let users = banks.take(users).map(Mutex::new).collect();
        Ok(Self { store, peer, users, setting, dir })
    }

    /// Commits by so many threads, each until the time is over.
    pub(super) fn run(&self, threads: usize, time: Duration) -> Result<Round> {
        let latencies = Mutex::new(Vec::new());
        let taken = all_at_once(threads, |number| {
            let user = self.users.get(number).ok_or("more threads than users")?;
            let mut bank = user.lock().unwrap_or_else(PoisonError::into_inner);
            let mut own = Vec::new();
            let (started, mut before) = (Instant::now(), Duration::ZERO);
            while before < time {
                self.peer.commit(&bank.draw())?;
                let after = started.elapsed();
                own.push(after.saturating_sub(before));
                before = after;
            }
            latencies.lock().unwrap_or_else(PoisonError::into_inner).append(&mut own);
            Ok(())
        });
        let taken = taken.map_err(|error| format!("{}: commit: {error}", self.store.name))?;
        let latencies = latencies.into_inner().unwrap_or_else(PoisonError::into_inner);
        Ok(Round { latencies, taken })
    }

    /// The same by one thread, and what it wrote. All that others have cached is written before.
    pub(super) fn run_and_count(&self, time: Duration) -> Result<(Round, Written)> {
        let device = Device::of(self.dir.path())?;
        let (device_before, log_before) = (device.written()?, self.peer.log_bytes());
        let round = self.run(1, time)?;
        let (device_after, log_after) = (device.written()?, self.peer.log_bytes());
        let commits = round.commits();
        let each = |before: Option<u64>, after: Option<u64>| {
            Some(figure(after?.saturating_sub(before?)) / commits)
        };
        let written =
            Written { device: each(device_before, device_after), log: each(log_before, log_after) };
        Ok((round, written))
    }

    /// Lazy commits in a second. They run in bursts; the flush after each is not counted.
    pub(super) fn lazy_per_second(&self, time: Duration) -> Result<f64> {
        self.with_first_user(|bank| {
            let (mut commits, mut taken) = (0, Duration::ZERO);
            while taken < time {
                let started = Instant::now();
                let mut burst = 0;
                while burst < COMMITS_PER_RUN && taken + started.elapsed() < time {
                    for _ in 0..COMMITS_PER_LOOK {
                        self.peer.commit(&bank.draw())?;
                    }
                    burst += COMMITS_PER_LOOK;
                }
                taken += started.elapsed();
                commits += burst;
                self.peer.flush()?;
            }
            Ok(figure(commits) / taken.as_secs_f64())
        })
    }

    /// Lazy commits in a second with a flush after each group, which is counted.
    pub(super) fn grouped_per_second(&self, time: Duration) -> Result<f64> {
        self.with_first_user(|bank| {
            let (mut commits, started) = (0, Instant::now());
            while started.elapsed() < time {
                for _ in 0..GROUP {
                    self.peer.commit(&bank.draw())?;
                }
                self.peer.flush()?;
                commits += GROUP;
            }
            Ok(figure(commits) / started.elapsed().as_secs_f64())
        })
    }

    /// Commits so often.
    pub(super) fn commit(&self, commits: u64) -> Result<()> {
        self.with_first_user(|bank| (0..commits).try_for_each(|_| self.peer.commit(&bank.draw())))
    }

    /// Milliseconds from opening to the first read, of a copy that is made while the store is open, as a killed process would
    /// leave it.
    pub(super) fn open_copy_ms(&self) -> Result<f64> {
        let copy = copy_as_killed(self.dir.path())?;
        let started = Instant::now();
        let peer = (self.store.open)(copy.path(), self.setting)
            .map_err(|error| format!("{}: open a copy: {error}", self.store.name))?;
        peer.read(Item::Account(0))?;
        let taken = started.elapsed();
        drop(peer);
        Ok(taken.as_secs_f64() * 1e3)
    }

    fn with_first_user<T>(&self, work: impl FnOnce(&mut Bank) -> Result<T>) -> Result<T> {
        let user = self.users.first().ok_or("a store without users")?;
        work(&mut user.lock().unwrap_or_else(PoisonError::into_inner))
            .map_err(|error| format!("{}: commit or flush: {error}", self.store.name).into())
    }
}

/// All stores that can commit like that, each opened and filled.
pub(super) fn enter_all(
    stores: &[&'static Store],
    setting: Setting,
    users: usize,
) -> Result<Vec<Contestant>> {
    let can = |store: &&&Store| setting.mode == Mode::Lazy || store.is_durable;
    stores.iter().filter(can).map(|store| Contestant::enter(store, setting, users)).collect()
}
