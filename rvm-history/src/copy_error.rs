//! What copying a store can fail with: backups, restores, exports and imports, comparisons, copies as of then.

use std::io;
use std::path::Path;

use rvm_log::{LogError, TxnId};
use rvm_storage::StorageError;
use rvm_txn::{Error, Family};

/// The result of copying.
pub type Result<T> = std::result::Result<T, CopyError>;

/// A copy could not be made, read or put back.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CopyError {
    /// The store said no.
    #[error(transparent)]
    Store(#[from] Error),
    /// A file of the copy cannot be used.
    #[error("cannot {operation} {path}: {source}")]
    File {
        /// The operation, as a verb.
        operation: &'static str,
        /// The file or directory.
        path: String,
        /// The cause.
        source: io::Error,
    },
    /// There is no backup.
    #[error("there is no backup in {path}: it has no manifest.json")]
    NoBackup {
        /// The directory.
        path: String,
    },
    /// The copy is not what was written.
    #[error("{file} is damaged{}: {damage}", at(*.offset))]
    Damaged {
        /// The file.
        file: String,
        /// Where in the file, if that can be said.
        offset: Option<u64>,
        /// What is wrong there.
        damage: String,
    },
    /// The copy was written by a newer version of this software.
    #[error("{file} has format version {found}, this software knows {known}")]
    Unsupported {
        /// The file.
        file: String,
        /// What the file says.
        found: u64,
        /// What is supported.
        known: u64,
    },
    /// A backup of the chain is not where its successor says.
    #[error("backup {backup} builds on backup {id}, which is not in {base}")]
    BaseMissing {
        /// The backup that needs it.
        backup: String,
        /// Where it was looked for.
        base: String,
        /// Its identity.
        id: String,
    },
    /// Another backup lies where one of the chain should.
    #[error("backup {backup} builds on backup {id}, and {base} is backup {found}")]
    BaseForeign {
        /// The backup that needs it.
        backup: String,
        /// What lies there.
        base: String,
        /// The identity that was wanted.
        id: String,
        /// The identity that was found.
        found: String,
    },
    /// An incremental backup was asked for, on one of another store.
    #[error("{base} is a backup of store {found}, this is store {wanted}")]
    OtherStore {
        /// The backup.
        base: String,
        /// Its store.
        found: String,
        /// The store.
        wanted: String,
    },
    /// What is to be made is there already.
    #[error("{path} exists already, and nothing is written over")]
    Exists {
        /// The file or directory.
        path: String,
    },
    /// A directory has to be empty.
    #[error("{path} is not empty, and nothing is written over")]
    NotEmpty {
        /// The directory.
        path: String,
    },
    /// Another process is making the same backup.
    #[error("{path} is being written by another process")]
    InProgress {
        /// The unfinished backup.
        path: String,
    },
    /// Text that should be an export is none.
    #[error("{file}, line {line}: {fault}")]
    Text {
        /// The text.
        file: String,
        /// The line, from 1.
        line: u64,
        /// What is wrong there.
        fault: String,
    },
    /// A segment is to be made and is there already.
    #[error("segment {segment:?} exists already in {store}, and is not replaced unless asked to")]
    SegmentExists {
        /// The segment.
        segment: String,
        /// The store.
        store: String,
    },
    /// A segment is longer than what should replace it, and segments do not shrink.
    #[error("segment {segment:?} has {len} bytes and cannot shrink to {wanted}; destroy it first")]
    WouldShrink {
        /// The segment.
        segment: String,
        /// Its length.
        len: u64,
        /// The length that it should have.
        wanted: u64,
    },
    /// The text cannot be written.
    #[error("cannot write the output: {0}")]
    Output(#[source] io::Error),
    /// What the store was then is not known any more.
    #[error("the history does not reach back to transaction {until}: {}", reasons(.segments))]
    OutOfReach {
        /// What was asked for.
        until: TxnId,
        /// The segments of which it is not known, and the first later transaction for which it is.
        segments: Vec<(String, Option<TxnId>)>,
    },
    /// What the store was at that time is not known any more.
    #[error("the history of {} begins later than that", segments.join(", "))]
    BeforeHistory {
        /// The segments of which it is not known.
        segments: Vec<String>,
    },
    /// There is no such transaction yet.
    #[error("there is no transaction {until} yet, the newest is {newest}")]
    BeyondNewest {
        /// What was asked for.
        until: TxnId,
        /// The newest one of the store.
        newest: TxnId,
    },
    /// A segment's file was changed while it was read, again and again, and there is no archive to take it from.
    #[error(
        "segment {segment:?} has no archive, and its log was truncated while its file was read"
    )]
    Unsettled {
        /// The segment.
        segment: String,
    },
    /// The observer ended it.
    #[error("stopped before it was done; nothing was left behind")]
    Stopped,
}

fn reasons(segments: &[(String, Option<TxnId>)]) -> String {
    let reasons = segments.iter().map(|(segment, first)| match first {
        Some(first) => format!("{segment:?} is known from transaction {first} on"),
        None => format!("{segment:?} is not known from then on"),
    });
    reasons.collect::<Vec<_>>().join(", ")
}

fn at(offset: Option<u64>) -> String {
    offset.map_or_else(String::new, |offset| format!(" at byte {offset}"))
}

impl CopyError {
    /// Whose turn it is to act.
    #[must_use]
    pub fn family(&self) -> Family {
        match self {
            Self::Store(error) => error.family(),
            Self::File { .. } | Self::Output(_) => Family::Io,
            Self::OtherStore { .. } | Self::WouldShrink { .. } | Self::BeyondNewest { .. } => {
                Family::Misuse
            }
            Self::Damaged { .. }
            | Self::Unsupported { .. }
            | Self::BaseForeign { .. }
            | Self::Text { .. } => Family::Corruption,
            Self::NoBackup { .. }
            | Self::BaseMissing { .. }
            | Self::Exists { .. }
            | Self::NotEmpty { .. }
            | Self::InProgress { .. }
            | Self::SegmentExists { .. }
            | Self::OutOfReach { .. }
            | Self::BeforeHistory { .. }
            | Self::Unsettled { .. }
            | Self::Stopped => Family::State,
        }
    }

    pub(crate) fn file(operation: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::File { operation, path: path.display().to_string(), source }
    }

    pub(crate) fn damaged(path: &Path, offset: Option<u64>, damage: impl Into<String>) -> Self {
        Self::Damaged { file: path.display().to_string(), offset, damage: damage.into() }
    }
}

impl From<StorageError> for CopyError {
    fn from(error: StorageError) -> Self {
        Self::Store(error.into())
    }
}

impl From<LogError> for CopyError {
    fn from(error: LogError) -> Self {
        Self::Store(error.into())
    }
}
