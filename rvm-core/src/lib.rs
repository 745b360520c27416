#![doc = include_str!("../guide/front.md")]
//!
//! # Where to read on
//!
//! [`what_ok_means`] says what survives which crash. [`Rvm`] has all operations on a store, [`Transaction`] those
//! on a transaction, [`Options`] what can be chosen. [`rvm_storage`] has the traits for a storage backend of your own, and the kit that
//! checks it; [`rvm_log`] the format of the log, byte by byte; [`rvm_txn`] the engine.

#![forbid(unsafe_code)]

mod options;
mod rvm;
#[doc = include_str!("../guide/salvage.md")]
pub mod salvage {}
#[doc = include_str!("../guide/what_ok_means.md")]
pub mod what_ok_means {}

pub use options::Options;
pub use rvm::Rvm;
pub use rvm_history;
pub use rvm_history::Snapshot;
pub use rvm_log;
pub use rvm_storage;
pub use rvm_storage::memory::{MappedToken, Residency};
pub use rvm_txn;
pub use rvm_txn::inspect;
pub use rvm_txn::{
    AffectedSegment, ArchiveReport, ArchivedHistory, Commit, CommitOutcome, Condition, DamageCause,
    DamageFound, Durability, Error, Exposition, Family, Latencies, LogRecovery, Metric, Published,
    RangePolicy, ReadGuard, ReadGuards, Recovery, RecoveryReport, Result, SalvageReport, Segment,
    SegmentInfo, Stats, Transaction, TruncateReport, UndoMode,
};
