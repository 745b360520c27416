//! What can be chosen when a store is opened.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rvm_storage::memory::Residency;
use rvm_storage::{FileStorage, Storage};
use rvm_txn::{Config, RangePolicy, ReadOnlyConfig, Recovery, Result, Store, UndoMode};
#[cfg(doc)]
use rvm_txn::{Error, RecoveryReport};

use crate::rvm::Rvm;

/// What can be chosen when a store is opened. Each method says its default.
///
/// ```
/// use std::time::Duration;
/// use rvm_core::Rvm;
///
/// # let dir = tempfile::tempdir().unwrap();
/// let rvm = Rvm::options()
///     .log_capacity_max(256 << 20)
///     .lazy_interval(Duration::from_millis(20))
///     .open(dir.path().join("store"))?;
/// # Ok::<(), rvm_core::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "options do nothing until `open` is called"]
pub struct Options {
    config: Config,
    read_only: Option<ReadOnlyConfig>,
}

impl Options {
    /// The size of a new log's ring, in bytes: a multiple of 4096 from 32 KiB. Default 64 KiB.
    pub fn log_capacity_initial(mut self, bytes: u64) -> Self {
        self.config.log_capacity_initial = bytes;
        self
    }

    /// The size up to which a log grows when it fills up, in bytes: a multiple of 4096, up to 1 TiB. It bounds the size of a
    /// transaction. Default 64 MiB.
    pub fn log_capacity_max(mut self, bytes: u64) -> Self {
        self.config.log_capacity_max = bytes;
        self
    }

    /// The part of a log that is filled before it is truncated in the background: above 0, up to 1. Default 0.5.
    pub fn truncate_at(mut self, fraction: f64) -> Self {
        self.config.truncate_at = fraction;
        self
    }

    /// How long a lazy commit may stay in memory only: the window that a crash can lose. Default 100 ms.
    pub fn lazy_interval(mut self, interval: Duration) -> Self {
        self.config.lazy_interval = interval;
        self
    }

    /// What is logged of ranges that overlap. Default [`RangePolicy::PerCall`].
    pub fn range_policy(mut self, policy: RangePolicy) -> Self {
        self.config.range_policy = policy;
        self
    }

    /// How an abort restores memory. Default [`UndoMode::Keep`].
    pub fn undo(mut self, mode: UndoMode) -> Self {
        self.config.undo = mode;
        self
    }

    /// Where a segment's memory comes from. Default [`Residency::Resident`]: memory of the process's own, filled by reading the
    /// file.
    pub fn residency(mut self, residency: Residency) -> Self {
        self.config.residency = residency;
        self
    }

    /// Whether a thread truncates logs and forces lazy commits in the background. Without it a log is truncated by the
    /// thread whose commit finds it full, and lazy commits wait for the next force or [`Rvm::flush`]. Default true.
    pub fn background(mut self, background: bool) -> Self {
        self.config.background = background;
        self
    }

    /// How many threads help a commit over several segments to force their logs at once, and recovery to recover several segments at
    /// once. They start when first needed. Default 4.
    pub fn helpers(mut self, threads: usize) -> Self {
        self.config.helpers = threads;
        self
    }

    /// How often a thread of the store's own writes what [`Rvm::stats`] gives into the small file `rvm.stats` of the store's directory, where
    /// [`Published::read`](rvm_txn::Published::read) and `rvmctl stats` find it, from any process; above 0. It is replaced as a whole, never
    /// forced, and removed when the store is closed; commits do not wait for it. Default: never.
    pub fn publish_stats(mut self, every: Duration) -> Self {
        self.config.publish_stats = Some(every);
        self
    }

    /// Opens the store for reading: its committed state is copied into memory, also while another process has it open. Nothing is
    /// written, and nothing is locked when it is done. Default false.
    pub fn read_only(mut self, read_only: bool) -> Self {
        self.read_only = read_only.then(ReadOnlyConfig::default);
        self
    }

    /// Opens for reading and copies only these segments.
    pub fn read_only_segments<S: Into<String>>(
        mut self,
        names: impl IntoIterator<Item = S>,
    ) -> Self {
        let mut config = ReadOnlyConfig::default();
        config.only = Some(names.into_iter().map(Into::into).collect());
        self.read_only = Some(config);
        self
    }

    /// What happens to a damaged store. Default [`Recovery::Strict`]: it is refused. With [`Recovery::Salvage`] the store is opened for
    /// reading, with what is provably intact, and [`RecoveryReport::salvage`] says what is not; see [`salvage`](crate::salvage).
    pub fn recovery(mut self, recovery: Recovery) -> Self {
        self.config.recovery = recovery;
        self
    }

    /// Opens the store in the directory `dir`. It is made if it is missing (one level), unless the store is opened for
    /// reading.
    ///
    /// # Errors
    /// See [`Rvm::open`]; and [`Error::InvalidOption`].
    pub fn open(self, dir: impl AsRef<Path>) -> Result<Rvm> {
        let storage = match (self.config.recovery, &self.read_only) {
            (Recovery::Strict, None) => FileStorage::open(dir)?,
            _ => FileStorage::read_only(dir)?,
        };
        self.open_with(Arc::new(storage))
    }

    /// Opens the store on a storage backend of your choice.
    ///
    /// # Errors
    /// See [`Rvm::open`]; and [`Error::InvalidOption`].
    pub fn open_with(self, storage: Arc<dyn Storage>) -> Result<Rvm> {
        let store = match (self.config.recovery, self.read_only) {
            (_, None) => Store::open(storage, self.config)?,
            (Recovery::Strict, Some(read_only)) => Store::open_read_only(storage, &read_only)?,
            (Recovery::Salvage, Some(read_only)) => Store::salvage(storage, &read_only)?,
        };
        Ok(Rvm::new(store))
    }
}

impl Rvm {
    /// Opens the store in the directory `dir` with the default [`Options`]: makes the directory if it is missing, locks it, and
    /// recovers what a crash left.
    ///
    /// # Errors
    /// [`Error::Locked`] if it is open already, here or in another process. [`Error::Corrupt`] if a file is damaged; it
    /// names the file and the byte, and no file has been changed. [`Error::Io`].
    pub fn open(dir: impl AsRef<Path>) -> Result<Self> {
        Self::options().open(dir)
    }

    /// What can be chosen when a store is opened.
    pub fn options() -> Options {
        Options::default()
    }
}
