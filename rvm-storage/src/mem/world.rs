//! What all clones of a [`MemStorage`](super::MemStorage) and its blobs share.
//!
//! `power` is held shared by every operation from its start to its end, and exclusively by a crash. So a crash lies
//! wholly before or wholly behind each operation, and whatever comes behind it fails.
//!
//! Names point to files, not to contents: a synced name and a live one may point to the same file.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::{Mutex, RwLock, RwLockReadGuard};

use crate::error::{Result, StorageError};
use crate::name::FileName;
use crate::random::Random;

use super::counts::Counters;
use super::image::Image;
use super::lock::Locks;

/// The clock starts at 2024-01-01 00:00 UTC.
pub(crate) const CLOCK_START_NANOS: u64 = 1_704_067_200_000_000_000;

/// How far the clock moves each time it is read.
pub(crate) const CLOCK_STEP_NANOS: u64 = 1_000;

pub(super) type SharedFile = Arc<Mutex<Image>>;
pub(super) type Namespace = BTreeMap<FileName, SharedFile>;

#[derive(Debug)]
pub(super) struct World {
    power: RwLock<Power>,
    pub(super) names: Mutex<Names>,
    pub(super) locks: Arc<Locks>,
    pub(super) counters: Counters,
    random: Mutex<Random>,
    clock_nanos: AtomicU64,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Power {
    On,
    Off,
}

#[derive(Debug, Default)]
pub(super) struct Names {
    pub(super) live: Namespace,
    pub(super) synced: Namespace,
}

/// Holds back a crash as long as it lives.
#[derive(Debug)]
pub(super) struct Powered<'a> {
    _guard: RwLockReadGuard<'a, Power>,
}

impl World {
    pub(super) fn new(seed: u64) -> Self {
        Self::start(Names::default(), Random::new(seed), CLOCK_START_NANOS)
    }

    fn start(names: Names, random: Random, clock_nanos: u64) -> Self {
        Self {
            power: RwLock::new(Power::On),
            names: Mutex::new(names),
            locks: Arc::default(),
            counters: Counters::default(),
            random: Mutex::new(random),
            clock_nanos: AtomicU64::new(clock_nanos),
        }
    }

    /// Begins an operation; fails behind a crash.
    pub(super) fn powered(&self, operation: &'static str, path: &str) -> Result<Powered<'_>> {
        let guard = self.power.read();
        match *guard {
            Power::On => Ok(Powered { _guard: guard }),
            Power::Off => Err(crashed(operation, path)),
        }
    }

    /// Turns this world off and returns the one that finds what was durable.
    pub(super) fn crash(&self) -> Self {
        let mut power = self.power.write();
        *power = Power::Off;
        self.locks.crash();
        let names = self.names.lock();
        let survivors: Namespace = names
            .synced
            .iter()
            .map(|(name, file)| (name.clone(), share(file.lock().after_crash())))
            .collect();
        let names = Names { live: survivors.clone(), synced: survivors };
        // Randomness and time go on: a store that starts anew must not draw the salts of its former life.
        Self::start(names, self.random.lock().clone(), self.clock_nanos.load(Ordering::Relaxed))
    }

    pub(super) fn fill_random(&self, bytes: &mut [u8]) {
        self.random.lock().fill(bytes);
    }

    pub(super) fn unix_nanos(&self) -> u64 {
        self.clock_nanos.fetch_add(CLOCK_STEP_NANOS, Ordering::Relaxed)
    }
}

pub(super) fn share(image: Image) -> SharedFile {
    Arc::new(Mutex::new(image))
}

pub(crate) fn crashed(operation: &'static str, path: &str) -> StorageError {
    StorageError::io(operation, path, io::Error::other("the store crashed"))
}
