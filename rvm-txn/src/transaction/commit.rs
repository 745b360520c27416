//! Commit: from declared ranges in memory to stable storage.

use std::sync::Arc;
use std::time::Instant;

use rvm_log::TxnId;

use super::Transaction;
use super::append::Appended;
use crate::error::{Error, Result};
use crate::logs::Targets;
use crate::shared::Shared;

/// When a commit is on stable storage.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Durability {
    /// `Ok` means that it is: it survives a crash of the process, of the system, and a loss of power.
    #[default]
    Force,
    /// `Ok` means that it is committed in memory, before every later commit of its segments. A crash may lose it, together with all that
    /// came after it, until the next force of its logs: by a `Force` commit, by `flush`, or after the store's lazy interval.
    Lazy,
}

/// A committed transaction.
#[derive(Clone, Debug)]
pub struct Commit {
    txn_id: TxnId,
    shared: Arc<Shared>,
    /// What has to be decided for it to be durable; nothing if it is.
    targets: Targets,
}

impl Commit {
    /// The transaction's number: it grows, and is not used again as long as a record bears it. One that declared no range leaves no record.
    #[must_use]
    pub fn transaction_id(&self) -> u64 {
        self.txn_id.0
    }

    /// Returns when the commit is on stable storage. At once, if it was committed with [`Durability::Force`].
    ///
    /// # Errors
    /// [`Error::Indeterminate`] if a write or a force failed; [`Error::Forked`].
    pub fn wait_durable(&self) -> Result<()> {
        if self.shared.in_child() {
            return Err(Error::Forked);
        }
        self.shared
            .logs
            .decide(self.targets.clone())
            .map_err(|cause| Error::Indeterminate { transaction: self.txn_id, cause })
    }
}

impl Transaction {
    /// Commits with [`Durability::Force`]: when this returns `Ok`, the changes are on stable storage.
    ///
    /// # Errors
    /// See [`commit_with`](Self::commit_with).
    pub fn commit(self) -> Result<Commit> {
        self.commit_with(Durability::Force)
    }

    /// Commits.
    ///
    /// # Errors
    /// [`Error::Indeterminate`]: a write or a force failed when the commit was under way, and only opening the store again tells
    /// whether it took effect. After every other error the transaction is undone and will never appear:
    /// [`Error::TransactionTooLarge`], [`Error::Poisoned`], [`Error::Closed`], [`Error::Forked`], or what kept a full log from being
    /// truncated or grown: [out of space](Error::is_out_of_space), [`Error::LayoutBusy`].
    pub fn commit_with(mut self, durability: Durability) -> Result<Commit> {
        let started = (durability == Durability::Force).then(Instant::now);
        if self.shared.in_child() {
            return Err(Error::Forked);
        }
        self.follow_thread();
        let txn_id = self.shared.next_txn_id();
        let appended = match self.append(txn_id, durability) {
            Ok(appended) => appended,
            Err(error) => {
                self.undo_and_release()?;
                return Err(error);
            }
        };
        // From here on the next transaction may build on this one.
        self.release();
        self.ask_maintenance(&appended);
        let mut commit =
            Commit { txn_id, shared: Arc::clone(&self.shared), targets: appended.targets };
        let Some(started) = started else { return Ok(commit) };
        self.shared
            .logs
            .decide(std::mem::take(&mut commit.targets))
            .map_err(|cause| Error::Indeterminate { transaction: txn_id, cause })?;
        let counters = self.shared.counters();
        counters.commits_forced.add(1);
        counters.commit_latency.record(started.elapsed());
        Ok(commit)
    }

    fn ask_maintenance(&self, appended: &Appended) {
        if !self.shared.config.background {
            return;
        }
        for log in &appended.lazy_news {
            self.shared.chores.force_lazily(log, self.shared.config.lazy_interval);
        }
        for log in &appended.truncation_due {
            self.shared.chores.truncate(log);
        }
    }
}
