//! A store: open, begin, read, flush, truncate, close.

use std::sync::Arc;
use std::time::Duration;

use rvm_storage::forks::keep_for_ever;
use rvm_storage::{LockMode, LockScope, Storage};

use crate::arbiter::Wait;
use crate::config::{Config, Recovery};
use crate::error::{Error, Result};
use crate::maintenance;
use crate::publishing::Publishing;
use crate::read::ReadGuards;
use crate::recovery::{RecoveryReport, recover};
use crate::segment::Segment;
use crate::shared::{Beginning, Shared};
use crate::stats::{Appends, Stats};
use crate::sync::Mutex;
use crate::sync::thread::JoinHandle;
use crate::transaction::Transaction;
use crate::truncate::{TruncateReport, TruncationRight, truncate_all};

/// Somebody who only looks whether the store is open takes its lock for a moment; that is waited for.
const OWNER_WAIT: Duration = Duration::from_millis(20);

/// A store that is open, for writing or for reading.
///
/// Dropping it closes it as far as it can, without telling of failures; [`close`](Self::close) tells.
#[derive(Debug)]
pub struct Store {
    pub(crate) shared: Arc<Shared>,
    report: RecoveryReport,
    maintenance: Mutex<Option<JoinHandle<()>>>,
    publishing: Mutex<Option<Publishing>>,
}

impl Store {
    /// Locks the store, recovers it, and opens it for writing. With [`Recovery::Salvage`] it is only read; see
    /// [`salvage`](Self::salvage).
    ///
    /// # Errors
    /// [`Error::Locked`]; [`Error::Corrupt`], with all files untouched; [`Error::InvalidOption`]; I/O.
    pub fn open(storage: Arc<dyn Storage>, config: Config) -> Result<Self> {
        let rings = config.check()?;
        if config.recovery == Recovery::Salvage {
            return Self::salvage_all(storage);
        }
        let lock = storage.lock(LockScope::Owner, LockMode::Exclusive, OWNER_WAIT)?;
        let recovered = recover(storage.as_ref(), &config)?;
        let shared = Shared::new(Beginning {
            storage,
            config,
            rings,
            epoch: recovered.epoch,
            read_only: false,
            logs: recovered.logs,
            store_id: recovered.store_id,
            last_txn_id: recovered.last_txn_id,
            archiving: recovered.archiving,
            owner_lock: Some(lock),
        })?;
        let store = Self::new(shared, recovered.report);
        if store.shared.config.background {
            *store.maintenance.lock() = Some(maintenance::start(&store.shared)?);
        }
        if let Some(every) = store.shared.config.publish_stats {
            *store.publishing.lock() = Some(Publishing::start(&store.shared, every)?);
        }
        Ok(store)
    }

    pub(crate) fn new(shared: Arc<Shared>, report: RecoveryReport) -> Self {
        Self { shared, report, maintenance: Mutex::default(), publishing: Mutex::default() }
    }

    /// Begins a transaction over `segments` (each counts once): waits until all are free, takes all or none, first come first
    /// served.
    ///
    /// # Errors
    /// [`Error::WouldDeadlock`], [`Error::NoSegments`], [`Error::ForeignSegment`], [`Error::NotMapped`],
    /// [`Error::ReadOnly`], [`Error::Poisoned`], [`Error::Closed`], [`Error::Forked`].
    pub fn begin(&self, segments: &[&Segment]) -> Result<Transaction> {
        Transaction::begin(&self.shared, segments, Wait::Forever)
    }

    /// Begins a transaction, waiting at most `limit`.
    ///
    /// # Errors
    /// [`Error::Busy`] when it is over; else as [`begin`](Self::begin).
    pub fn begin_timeout(&self, segments: &[&Segment], limit: Duration) -> Result<Transaction> {
        Transaction::begin(&self.shared, segments, Wait::AtMost(limit))
    }

    /// Begins a transaction without waiting.
    ///
    /// # Errors
    /// [`Error::Busy`] if a segment is in use or others wait for it; else as [`begin`](Self::begin).
    pub fn try_begin(&self, segments: &[&Segment]) -> Result<Transaction> {
        Transaction::begin(&self.shared, segments, Wait::No)
    }

    /// A consistent view of several segments; see [`Segment::read`].
    ///
    /// # Errors
    /// As [`Segment::read`], and [`Error::NoSegments`].
    pub fn read(&self, segments: &[&Segment]) -> Result<ReadGuards> {
        ReadGuards::take(&self.shared, segments)
    }

    /// Makes every lazy commit durable.
    ///
    /// # Errors
    /// [`Error::Poisoned`], [`Error::Closed`], [`Error::Forked`].
    pub fn flush(&self) -> Result<()> {
        self.shared.check_usable()?;
        self.shared.logs.decide_all()
    }

    /// Makes every commit durable, folds all logs into their segments, and brings the logs back to their initial size. Legal at any
    /// time, with transactions open too: nothing of theirs leaks.
    ///
    /// # Errors
    /// [`Error::Poisoned`], [`Error::ReadOnly`], [`Error::LayoutBusy`], [`Error::Closed`], [`Error::Forked`]. A full device is
    /// not an error but in the report.
    pub fn truncate_log(&self) -> Result<TruncateReport> {
        self.shared.check_writable("truncate the log")?;
        self.truncate_logs(|| self.shared.check_usable())
    }

    /// Truncates every log, if `check` allows it while the right to do so is held.
    fn truncate_logs(&self, check: impl Fn() -> Result<()>) -> Result<TruncateReport> {
        let mut report = TruncateReport::default();
        for log in self.shared.logs.all() {
            let right = TruncationRight::take(&log);
            check()?;
            let initial = self.shared.rings.initial;
            let truncated = truncate_all(&self.shared, &log, &right).and_then(|freed| {
                if log.ring().capacity() > initial.capacity() {
                    crate::room::resize(&self.shared, &log, initial, &right)?;
                }
                Ok(freed)
            });
            match truncated {
                Ok(0) => {}
                Ok(freed) => {
                    report.logs_truncated += 1;
                    report.freed_bytes += freed;
                }
                Err(error) if error.is_out_of_space() => {
                    report.out_of_space.push(log.name.to_string());
                }
                Err(error) => return Err(error),
            }
        }
        Ok(report)
    }

    /// What opening the store found and did.
    #[must_use]
    pub fn recovery_report(&self) -> &RecoveryReport {
        &self.report
    }

    /// What the store did since it was opened. In a forked child what was appended is not told.
    #[must_use]
    pub fn stats(&self) -> Stats {
        // In a child of a fork another thread's locks stay as they were.
        let in_child = self.shared.in_child();
        let appends = if in_child { Appends::default() } else { self.shared.logs.appends() };
        self.shared.counters().read(appends)
    }

    /// In a child of the process that opened the store: gives up the child's copy of the store's lock, which would keep everybody out
    /// if the child outlives its parent. Dropping the store there does it, too. In the process itself nothing happens.
    pub fn leave_to_parent(&self) {
        if self.shared.in_child() {
            self.shared.release_inherited_lock();
        }
    }

    /// Makes every commit durable, folds the logs into the segments, marks the shutdown as clean, and gives the store up. Later calls
    /// fail with [`Error::Closed`].
    ///
    /// # Errors
    /// [`Error::Busy`] while a transaction is open: nothing has happened then. [`Error::Poisoned`]: the store is closed and will
    /// be recovered when it is opened again. [`Error::NotFolded`], [`Error::LayoutBusy`]: closed too; the logs keep what could not be
    /// folded, and the store will be recovered.
    pub fn close(&self) -> Result<()> {
        self.shared.check_usable()?;
        // Whoever begins later finds the store closed.
        if self.shared.arbiter.between_transactions(|| self.shared.set_closed())? {
            self.shut_down()
        } else {
            Err(Error::Closed)
        }
    }

    /// The store is marked as closed: nothing is appended any more.
    fn shut_down(&self) -> Result<()> {
        if let Some(publishing) = self.publishing.lock().take() {
            publishing.end(&self.shared);
        }
        self.shared.chores.stop();
        if let Some(thread) = self.maintenance.lock().take() {
            // A panic in the thread was reported when it happened.
            drop(thread.join());
        }
        // Nobody makes or removes files any more.
        let _naming = self.shared.naming.lock();
        let settled = if self.shared.read_only { Ok(()) } else { self.fold_and_mark_clean() };
        self.shared.logs.stop_helpers();
        for log in self.shared.logs.all() {
            log.quiesce();
        }
        self.shared.release_owner_lock();
        settled
    }

    /// Empties the logs and marks them clean.
    fn fold_and_mark_clean(&self) -> Result<()> {
        self.shared.logs.decide_all()?;
        let report = self.truncate_logs(|| Ok(()))?;
        let txn_id_max = self.shared.last_txn_id();
        for log in self.shared.logs.all() {
            let durable = log.latch.lock().durable;
            log.change_header(
                &self.shared.logs.health,
                |header| !header.clean && header.head == durable,
                |header| {
                    header.synced = durable;
                    header.txn_id_max = txn_id_max;
                    header.clean = true;
                },
            )?;
        }
        match report.out_of_space.first() {
            None => Ok(()),
            Some(segment) => Err(Error::NotFolded { segment: segment.clone() }),
        }
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        if self.shared.in_child() {
            // The parent's locks and threads are not ours to touch, not even by dropping them.
            self.leave_to_parent();
            let threads = (self.maintenance.get_mut().take(), self.publishing.get_mut().take());
            keep_for_ever((Arc::clone(&self.shared), threads));
        } else if self.shared.set_closed() {
            // A drop cannot tell; what was committed is recovered at the next opening.
            self.shut_down().ok();
        }
    }
}
