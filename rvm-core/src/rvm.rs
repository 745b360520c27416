//! The store, as its users see it.

use std::time::Duration;

use rvm_txn::{
    ArchiveReport, ArchivedHistory, Error, ReadGuards, RecoveryReport, Result, Segment,
    SegmentInfo, Stats, Store, Transaction, TruncateReport,
};

/// An open store: a directory of segments and their logs.
///
/// It is `Send` and `Sync`; share it between threads behind an [`Arc`](std::sync::Arc). Dropping it closes it as far as it can;
/// [`close`](Self::close) tells of failures.
#[derive(Debug)]
pub struct Rvm {
    store: Store,
}

impl Rvm {
    pub(crate) const fn new(store: Store) -> Self {
        Self { store }
    }

    /// Maps the segment `name` with at least `len` bytes: makes it, all zeros, if it is not there; extends it by zeros
    /// if it is shorter; maps a longer one whole.
    ///
    /// ```
    /// # let dir = tempfile::tempdir().unwrap();
    /// # let rvm = rvm_core::Rvm::open(dir.path())?;
    /// let accounts = rvm.map("accounts", 1 << 20)?;
    /// assert_eq!(accounts.len(), 1 << 20);
    /// # Ok::<(), rvm_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::AlreadyMapped`]; [`Error::InvalidName`]; [`Error::InvalidLength`] for 0 bytes or more than memory can
    /// address; [`Error::ReadOnly`] if it would have to be made or extended; [`Error::Poisoned`], [`Error::Closed`],
    /// [`Error::Forked`]; corruption; I/O. When it runs [out of space](Error::is_out_of_space) nothing has changed.
    pub fn map(&self, name: &str, len: u64) -> Result<Segment> {
        self.store.map(name, len)
    }

    /// Unmaps a segment. What is committed stays.
    ///
    /// # Errors
    /// [`Error::Busy`] while a transaction or a read guard has it; [`Error::NotMapped`], [`Error::ForeignSegment`],
    /// [`Error::Closed`], [`Error::Forked`].
    pub fn unmap(&self, segment: &Segment) -> Result<()> {
        self.store.unmap(segment)
    }

    /// Erases a segment and its log, for good.
    ///
    /// # Errors
    /// [`Error::AlreadyMapped`] while it is mapped; [`Error::NotFound`]; [`Error::InvalidName`], [`Error::ReadOnly`],
    /// [`Error::Poisoned`], [`Error::Closed`], [`Error::Forked`]; I/O.
    pub fn destroy(&self, name: &str) -> Result<()> {
        self.store.destroy(name)
    }

    /// All segments of the store, sorted by name, mapped or not.
    ///
    /// # Errors
    /// [`Error::Closed`], [`Error::Forked`]; I/O.
    pub fn segments(&self) -> Result<Vec<SegmentInfo>> {
        self.store.segments()
    }

    /// Begins a transaction over `segments` (each counts once). Waits until all are free, holding none meanwhile; takes all or none;
    /// first come, first served.
    ///
    /// # Errors
    /// [`Error::WouldDeadlock`] instead of a wait that would never end; [`Error::NoSegments`],
    /// [`Error::ForeignSegment`], [`Error::NotMapped`], [`Error::ReadOnly`], [`Error::Poisoned`], [`Error::Closed`],
    /// [`Error::Forked`].
    pub fn begin(&self, segments: &[&Segment]) -> Result<Transaction> {
        self.store.begin(segments)
    }

    /// As [`begin`](Self::begin), waiting at most `limit`.
    ///
    /// # Errors
    /// [`Error::Busy`] when that is over; else as [`begin`](Self::begin).
    pub fn begin_timeout(&self, segments: &[&Segment], limit: Duration) -> Result<Transaction> {
        self.store.begin_timeout(segments, limit)
    }

    /// As [`begin`](Self::begin), without waiting.
    ///
    /// # Errors
    /// [`Error::Busy`] if a segment is in use, or others wait for it; else as [`begin`](Self::begin).
    pub fn try_begin(&self, segments: &[&Segment]) -> Result<Transaction> {
        self.store.try_begin(segments)
    }

    /// Runs `work` in a transaction over `segments`: commits when it returns `Ok`, aborts when it returns `Err` or panics.
    ///
    /// ```
    /// # let dir = tempfile::tempdir().unwrap();
    /// # let rvm = rvm_core::Rvm::open(dir.path())?;
    /// let (from, to) = (rvm.map("from", 8)?, rvm.map("to", 8)?);
    /// rvm.transaction(&[&from, &to], |txn| {
    ///     txn.about_to_modify(&from, 0..8)?.copy_from_slice(&7_u64.to_le_bytes());
    ///     txn.write(&to, 0, &9_u64.to_le_bytes())
    /// })?;
    /// assert_eq!(*from.read()?, 7_u64.to_le_bytes());
    /// # Ok::<(), rvm_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// What `work` returns; and as [`begin`](Self::begin) and [`Transaction::commit`].
    pub fn transaction<T, E: From<Error>>(
        &self,
        segments: &[&Segment],
        work: impl FnOnce(&mut Transaction) -> std::result::Result<T, E>,
    ) -> std::result::Result<T, E> {
        let mut txn = self.begin(segments)?;
        match work(&mut txn) {
            Ok(value) => {
                txn.commit()?;
                Ok(value)
            }
            Err(error) => {
                txn.abort()?;
                Err(error)
            }
        }
    }

    /// A consistent view of several segments: shows every transaction over them whole or not at all, and no `Force` commit that a
    /// crash could take back.
    ///
    /// # Errors
    /// As [`Segment::read`], and [`Error::NoSegments`].
    pub fn read(&self, segments: &[&Segment]) -> Result<ReadGuards> {
        self.store.read(segments)
    }

    /// Makes every lazy commit durable.
    ///
    /// # Errors
    /// [`Error::Poisoned`], [`Error::Closed`], [`Error::Forked`].
    pub fn flush(&self) -> Result<()> {
        self.store.flush()
    }

    /// Makes every commit durable, folds all logs into their segments, and brings the logs back to their initial size. Legal at any
    /// time, also with transactions open: nothing of theirs leaks. Afterwards the `.seg` files hold all that is committed.
    ///
    /// # Errors
    /// [`Error::Poisoned`], [`Error::ReadOnly`], [`Error::LayoutBusy`], [`Error::Closed`], [`Error::Forked`]. A full device is
    /// in the report, not an error.
    pub fn truncate_log(&self) -> Result<TruncateReport> {
        self.store.truncate_log()
    }

    /// Keeps what the logs hold beyond truncation from now on, in `NAME.arc` beside each log, for every segment, those included that are made
    /// later, also by programs that know nothing of it. Then the store can be copied as it was after any later transaction; see
    /// [`point_in_time`](rvm_history::point_in_time). Each archive begins with a copy of its segment, which takes the time to read that;
    /// commits go on as long as their logs have room. A commit costs nothing more, truncation writes and forces one file more.
    ///
    /// On a store without segments it lasts until the store is closed, unless a segment is made by then.
    ///
    /// ```
    /// # let dir = tempfile::tempdir().unwrap();
    /// # let rvm = rvm_core::Rvm::open(dir.path())?;
    /// let accounts = rvm.map("accounts", 1 << 20)?;
    /// assert_eq!(rvm.archive_on()?.changed, ["accounts"]);
    /// assert_eq!(rvm.archive_on()?.unchanged, ["accounts"]);
    /// # Ok::<(), rvm_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::ReadOnly`], [`Error::LayoutBusy`], [`Error::Poisoned`], [`Error::Closed`], [`Error::Forked`]; [`Error::Corrupt`] for an
    /// archive that cannot be gone on with; I/O. Those that were begun by then stay.
    pub fn archive_on(&self) -> Result<ArchiveReport> {
        self.store.archive_on()
    }

    /// Keeps nothing beyond truncation any more. What is archived by now stays, unless it is to be removed.
    ///
    /// # Errors
    /// As [`archive_on`](Self::archive_on).
    pub fn archive_off(&self, history: ArchivedHistory) -> Result<ArchiveReport> {
        self.store.archive_off(history)
    }

    /// What opening the store found and did.
    #[must_use]
    pub fn recovery_report(&self) -> &RecoveryReport {
        self.store.recovery_report()
    }

    /// What the store did since it was opened.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.store.stats()
    }

    /// In a child of the process that opened the store: gives up the child's copy of the store's lock, which would keep everybody out
    /// if the child outlives its parent. Dropping the store there does it, too. In the process itself nothing happens.
    pub fn leave_to_parent(&self) {
        self.store.leave_to_parent();
    }

    /// Makes every commit durable, folds the logs into the segments, marks the shutdown as clean, and unlocks. Later calls fail
    /// with [`Error::Closed`]; a second store can be opened on the directory.
    ///
    /// # Errors
    /// [`Error::Busy`] while a transaction is open: nothing has happened then. [`Error::Poisoned`]: it is closed, and will be
    /// recovered when it is opened again. [`Error::NotFolded`]: it is closed, and a full device kept a log from being folded.
    pub fn close(&self) -> Result<()> {
        self.store.close()
    }
}
