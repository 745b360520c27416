//! What the engine can fail with: four families, never mixed.

use std::sync::Arc;
use std::time::Duration;

use rvm_log::{LogError, TxnId};
use rvm_storage::{SegmentName, Storage, StorageError};

/// The result of an operation on a store.
pub type Result<T> = std::result::Result<T, Error>;

/// An operation on a store failed.
///
/// [`Error::family`] says whose turn it is to act; the variants carry the facts. After an error from a commit,
/// [`Error::commit_outcome`] says what became of the transaction.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A segment's name breaks the rules: 1 to 200 bytes of `A-Z a-z 0-9 . _ -`, not starting with a dot.
    #[error("{name:?} is no segment name: {reason}")]
    InvalidName {
        /// The name as given.
        name: String,
        /// The rule that it breaks.
        reason: &'static str,
    },
    /// An option has a value that it cannot have.
    #[error("option {option}: {reason}")]
    InvalidOption {
        /// The option.
        option: &'static str,
        /// What is wrong with its value.
        reason: String,
    },
    /// A segment cannot have this length.
    #[error("segment {segment:?} cannot be mapped with {len} bytes: {reason}")]
    InvalidLength {
        /// The segment.
        segment: String,
        /// The length asked for.
        len: u64,
        /// Why not.
        reason: &'static str,
    },
    /// The segment is mapped; there is one mapping at a time, and a mapped segment cannot be destroyed.
    #[error("segment {segment:?} is already mapped")]
    AlreadyMapped {
        /// The segment.
        segment: String,
    },
    /// The segment was mapped once and is not any more.
    #[error("segment {segment:?} is no longer mapped")]
    NotMapped {
        /// The segment.
        segment: String,
    },
    /// The segment was mapped by another store.
    #[error("segment {segment:?} belongs to another store")]
    ForeignSegment {
        /// The segment.
        segment: String,
    },
    /// A transaction must be given at least one segment.
    #[error("a transaction needs at least one segment")]
    NoSegments,
    /// The segment is not one of those that the transaction was begun with.
    #[error("segment {segment:?} is not part of this transaction")]
    NotInTransaction {
        /// The segment.
        segment: String,
    },
    /// A range reaches outside its segment.
    #[error("bytes {start}..{end} reach outside segment {segment:?} of {segment_len} bytes")]
    OutOfRange {
        /// The segment.
        segment: String,
        /// The first byte.
        start: u64,
        /// The byte behind the last.
        end: u64,
        /// The segment's length.
        segment_len: u64,
    },
    /// Two ranges that should be disjoint overlap.
    #[error("bytes {}..{} and {}..{} of segment {segment:?} overlap", first.0, first.1, second.0, second.1)]
    Overlap {
        /// The segment.
        segment: String,
        /// Start and end of the one.
        first: (u64, u64),
        /// Start and end of the other.
        second: (u64, u64),
    },
    /// The range was not declared before in this transaction.
    #[error("bytes {start}..{end} of segment {segment:?} were not declared in this transaction")]
    NotDeclared {
        /// The segment.
        segment: String,
        /// The first byte.
        start: u64,
        /// The byte behind the last.
        end: u64,
    },
    /// A label is too long.
    #[error("a label of {len} bytes is longer than 255")]
    LabelTooLong {
        /// Its length.
        len: usize,
    },
    /// The thread would wait for what it, or a thread that waits for it, holds.
    #[error("waiting for segment {segment:?} would never end: this thread is itself waited for")]
    WouldDeadlock {
        /// The segment that is held.
        segment: String,
    },
    /// The transaction's record does not fit the largest log.
    #[error(
        "the transaction needs {needed} bytes of log for segment {segment:?}, the limit is {limit}"
    )]
    TransactionTooLarge {
        /// The segment whose log is too small.
        segment: String,
        /// The bytes that its record needs.
        needed: u64,
        /// The bytes that there may be.
        limit: u64,
    },
    /// The transaction changed more segments than a record can name.
    #[error("a transaction over {count} segments besides the first, the limit is {limit}")]
    TooManySegments {
        /// How many there are.
        count: u64,
        /// How many there may be.
        limit: u64,
    },
    /// The store was opened for reading.
    #[error("cannot {operation}: the store was opened read-only")]
    ReadOnly {
        /// The operation.
        operation: &'static str,
    },

    /// The segment is in use by a transaction or a read guard, and stayed so as long as was waited.
    #[error("segment {segment:?} is in use{}", waited_for(*.waited))]
    Busy {
        /// The segment.
        segment: String,
        /// How long was waited.
        waited: Duration,
    },
    /// There is no such segment.
    #[error("there is no segment {segment:?} in {store}")]
    NotFound {
        /// The segment.
        segment: String,
        /// Where the store is.
        store: String,
    },
    /// The store is open already, in this process or another.
    #[error("{path} is locked: the store is open already")]
    Locked {
        /// The lock file.
        path: String,
    },
    /// Another process was copying the store, or changing its files' shape, for longer than was waited.
    #[error("{path} is being read or reshaped by another opener (waited {waited_ms} ms)")]
    LayoutBusy {
        /// The store's directory.
        path: String,
        /// How long was waited, in milliseconds.
        waited_ms: u64,
    },
    /// The store was closed.
    #[error("the store was closed")]
    Closed,
    /// This is a child of the process that opened the store; it must open a store of its own.
    #[error("the store was opened before a fork, in the parent process")]
    Forked,
    /// A write or a force failed earlier; nothing can be committed until the store is opened again.
    #[error("the store takes no more commits until it is opened again, because: {cause}")]
    Poisoned {
        /// The first failure.
        #[source]
        cause: Arc<LogError>,
    },
    /// The commit was under way when a write or a force failed. Whether it took effect is known when the store is opened again.
    #[error(
        "whether transaction {transaction} is committed is unknown until the store is opened again, because: {cause}"
    )]
    Indeterminate {
        /// The transaction.
        transaction: TxnId,
        /// The failure.
        #[source]
        cause: Arc<LogError>,
    },
    /// The store was closed while the device was too full to fold a log into its segment. The log keeps everything.
    #[error(
        "the store is closed, but the log of segment {segment:?} could not be folded into it: the device is full"
    )]
    NotFolded {
        /// The first such segment.
        segment: String,
    },
    /// An abort could not read the committed bytes back (only with [`UndoMode::None`](crate::UndoMode::None)); the segment cannot be
    /// used until it is mapped again.
    #[error(
        "segment {segment:?} holds bytes of a transaction that could not be undone; map it again"
    )]
    NotRestored {
        /// The segment.
        segment: String,
    },

    /// The backend failed.
    #[error(transparent)]
    Io(StorageError),
    /// A file is damaged, or of a format that is not known. No file was changed.
    #[error(transparent)]
    Corrupt(LogError),
    /// What lies where a process tells what it counts is something else, or only a part. The store itself is not concerned.
    #[error("{file} holds no statistics of a store: line {line}: {fault}")]
    NotStatistics {
        /// The file.
        file: String,
        /// The line, from 1.
        line: u64,
        /// What is wrong there.
        fault: &'static str,
    },
}

fn waited_for(waited: Duration) -> String {
    if waited.is_zero() { String::new() } else { format!(" (waited {} ms)", waited.as_millis()) }
}

/// Whose turn it is to act.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Family {
    /// The caller asked for something that makes no sense. Nothing happened.
    Misuse,
    /// The operating system failed.
    Io,
    /// What was read is not what was written.
    Corruption,
    /// The store or a segment is not in a state to do this.
    State,
}

/// What became of a transaction whose commit failed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CommitOutcome {
    /// It was undone, in memory and for good.
    NotCommitted,
    /// Unknown until the store is opened again; memory shows it as committed.
    Indeterminate,
}

impl Error {
    /// There is no such segment in the store.
    pub(crate) fn no_segment(storage: &dyn Storage, segment: &SegmentName) -> Self {
        Self::NotFound { segment: segment.to_string(), store: storage.location() }
    }

    /// Whose turn it is to act.
    #[must_use]
    pub fn family(&self) -> Family {
        match self {
            Self::InvalidName { .. }
            | Self::InvalidOption { .. }
            | Self::InvalidLength { .. }
            | Self::AlreadyMapped { .. }
            | Self::NotMapped { .. }
            | Self::ForeignSegment { .. }
            | Self::NoSegments
            | Self::NotInTransaction { .. }
            | Self::OutOfRange { .. }
            | Self::Overlap { .. }
            | Self::NotDeclared { .. }
            | Self::LabelTooLong { .. }
            | Self::WouldDeadlock { .. }
            | Self::TransactionTooLarge { .. }
            | Self::TooManySegments { .. }
            | Self::ReadOnly { .. } => Family::Misuse,
            Self::Busy { .. }
            | Self::NotFound { .. }
            | Self::Locked { .. }
            | Self::LayoutBusy { .. }
            | Self::Closed
            | Self::Forked
            | Self::Poisoned { .. }
            | Self::Indeterminate { .. }
            | Self::NotFolded { .. }
            | Self::NotRestored { .. } => Family::State,
            Self::Io(_) => Family::Io,
            Self::Corrupt(_) | Self::NotStatistics { .. } => Family::Corruption,
        }
    }

    /// True if a file is damaged or of an unknown format.
    #[must_use]
    pub fn is_corruption(&self) -> bool {
        self.family() == Family::Corruption
    }

    /// True if the device is full.
    #[must_use]
    pub fn is_out_of_space(&self) -> bool {
        match self {
            Self::Io(error) => error.is_out_of_space(),
            Self::NotFolded { .. } => true,
            _ => false,
        }
    }

    /// True if the store takes no more commits until it is opened again.
    #[must_use]
    pub fn is_poisoned(&self) -> bool {
        matches!(self, Self::Poisoned { .. } | Self::Indeterminate { .. })
    }

    /// If this came from a commit: what became of the transaction.
    #[must_use]
    pub fn commit_outcome(&self) -> CommitOutcome {
        match self {
            Self::Indeterminate { .. } => CommitOutcome::Indeterminate,
            _ => CommitOutcome::NotCommitted,
        }
    }
}

impl From<StorageError> for Error {
    fn from(error: StorageError) -> Self {
        match error {
            StorageError::InvalidName { name, reason } => Self::InvalidName { name, reason },
            StorageError::Locked { path } => Self::Locked { path },
            StorageError::Busy { path, waited_ms } => Self::LayoutBusy { path, waited_ms },
            error => Self::Io(error),
        }
    }
}

impl From<LogError> for Error {
    fn from(error: LogError) -> Self {
        match error {
            LogError::Storage(error) => error.into(),
            LogError::TooMany { count, limit, .. } => Self::TooManySegments { count, limit },
            error => Self::Corrupt(error),
        }
    }
}
