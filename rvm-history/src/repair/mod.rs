//! Repairs what can be repaired without guessing: plans, and then acts.
//!
//! A header slot that has rotted is written again from its twin. A file whose making a crash cut short is removed. With
//! [`cut`](RepairOptions::cut), a log that is damaged is cut off where the damage begins, and every log that hangs on what is lost with it;
//! the plan names the transactions. Before anything is changed it is copied to another storage. A crash in the middle leaves a store of
//! which another repair makes the same.
//!
//! What this cannot repair, [`Recovery::Salvage`](rvm_txn::Recovery::Salvage) can still read.
//!
//! ```
//! use rvm_history::repair::{Repair, RepairOptions};
//! use rvm_storage::{FileName, MemStorage, Storage};
//!
//! let storage = MemStorage::new();
//! let leftover = FileName::parse(".notes.log.new").expect("a name of a store's");
//! storage.create(&leftover)?;
//!
//! let repair = Repair::plan(&storage, &RepairOptions::default())?;
//! assert_eq!((repair.steps().len(), repair.left().len()), (1, 0));
//! repair.carry_out(&MemStorage::new())?;
//! assert!(storage.list()?.is_empty());
//! # Ok::<(), rvm_txn::Error>(())
//! ```

mod act;
mod lost;
mod plan;
mod steps;

use std::time::Duration;

use rvm_storage::{LockMode, LockScope, Storage, StoreLock};
use rvm_txn::Result;

use self::plan::Planned;
pub use self::steps::{LostRecord, Step};
use crate::verify::{Finding, FindingKind, Severity};

/// What a repair may do.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RepairOptions {
    /// Whether logs may be cut off where they are damaged. Default false.
    pub cut: bool,
    /// Whether it is only planned, on files that cannot be written. Default false.
    pub dry_run: bool,
    /// How long to wait for readers to leave the store's files. Default 10 s.
    pub wait: Duration,
}

impl Default for RepairOptions {
    fn default() -> Self {
        Self { cut: false, dry_run: false, wait: Duration::from_secs(10) }
    }
}

/// A repair that is planned. As long as it lives, nobody else opens the store for writing.
#[derive(Debug)]
pub struct Repair<'a> {
    storage: &'a dyn Storage,
    steps: Vec<Step>,
    left: Vec<Finding>,
    cut_helps: bool,
    wait: Duration,
    _owner: Box<dyn StoreLock>,
}

impl<'a> Repair<'a> {
    /// Checks the store and plans what to do. Nothing is written.
    ///
    /// # Errors
    /// [`Error::Locked`](rvm_txn::Error::Locked) if the store is open for writing; [`Error::LayoutBusy`](rvm_txn::Error::LayoutBusy); I/O.
    pub fn plan(storage: &'a dyn Storage, options: &RepairOptions) -> Result<Self> {
        let mode = if options.dry_run { LockMode::Shared } else { LockMode::Exclusive };
        let owner = storage.lock(LockScope::Owner, mode, Duration::ZERO)?;
        let Planned { steps, left, cut_helps } = plan::plan(storage, options)?;
        Ok(Self { storage, steps, left, cut_helps, wait: options.wait, _owner: owner })
    }

    /// What is to be done, in order.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// What is wrong and stays so: warnings and damage.
    #[must_use]
    pub fn left(&self) -> &[Finding] {
        &self.left
    }

    /// Whether less would be [left](Self::left) with [`RepairOptions::cut`], which was not given.
    #[must_use]
    pub const fn cut_helps(&self) -> bool {
        self.cut_helps
    }

    /// Whether something that is left is of the kind that [`Recovery::Salvage`](rvm_txn::Recovery::Salvage) makes the best of: damage to
    /// the store's present, in files of a format that is known and that can be opened.
    #[must_use]
    pub fn salvage_helps(&self) -> bool {
        let is_of_no_use = |finding: &Finding| {
            matches!(
                finding.kind,
                FindingKind::ArchiveDamaged
                    | FindingKind::FormatUnknown
                    | FindingKind::NotPlain
                    | FindingKind::Unreadable
            )
        };
        let damage = self.left.iter().filter(|left| left.severity() == Severity::Damage);
        damage.into_iter().any(|left| !is_of_no_use(left))
    }

    /// Does what is planned. Each file is copied to `save`, durably, before it is changed.
    ///
    /// # Errors
    /// [`Error::LayoutBusy`](rvm_txn::Error::LayoutBusy), with nothing done; I/O, with some steps done. Planning again finds the others.
    pub fn carry_out(self, save: &dyn Storage) -> Result<()> {
        act::save(self.storage, save, &self.steps)?;
        let _layout = self.storage.lock(LockScope::Layout, LockMode::Exclusive, self.wait)?;
        self.steps.iter().try_for_each(|step| act::step(self.storage, step))
    }
}
