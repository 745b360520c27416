//! Transactions of recoverable virtual memory: undo, commit, group commit, truncation, recovery.
//!
//! [`Store`] is the engine behind `rvm-core`, over any [`Storage`](rvm_storage::Storage). Use it directly to run on a backend of your own:
//!
//! ```
//! use std::sync::Arc;
//!
//! use rvm_storage::MemStorage;
//! use rvm_txn::{Config, Store};
//!
//! let storage = MemStorage::new();
//! let store = Store::open(Arc::new(storage.clone()), Config::default())?;
//! let notes = store.map("notes", 4096)?;
//! let mut txn = store.begin(&[&notes])?;
//! txn.write(&notes, 0, b"kept")?;
//! txn.commit()?;
//!
//! let store = Store::open(Arc::new(storage.crash()), Config::default())?;
//! let notes = store.map("notes", 4096)?;
//! assert_eq!(&notes.read()?[..4], b"kept");
//! # Ok::<(), rvm_txn::Error>(())
//! ```

#![forbid(unsafe_code)]

mod apply;
mod arbiter;
mod archive;
mod archiving;
mod chores;
mod config;
mod coverage;
mod error;
mod health;
pub mod inspect;
mod layout;
mod log_handle;
mod logs;
mod maintenance;
mod mapping;
mod naming;
mod ownership;
mod parallel;
mod part;
mod publishing;
mod read;
mod read_only;
mod recovery;
mod room;
mod salvage;
mod segment;
mod segment_files;
mod shared;
mod stats;
mod store;
mod sync;
mod transaction;
mod truncate;
mod undo;

pub use archiving::{ArchiveReport, ArchivedHistory};
pub use config::{Config, RangePolicy, Recovery, UndoMode};
pub use error::{CommitOutcome, Error, Family, Result};
pub use naming::SegmentInfo;
pub use read::{ReadGuard, ReadGuards};
pub use read_only::ReadOnlyConfig;
pub use recovery::{
    AffectedSegment, Condition, DamageCause, DamageFound, LogRecovery, RecoveryReport,
    SalvageReport,
};
pub use segment::Segment;
pub use stats::{Exposition, Latencies, Metric, PUBLISHED_FILE, Published, Stats};
pub use store::Store;
pub use transaction::{Commit, Durability, Transaction};
pub use truncate::TruncateReport;
