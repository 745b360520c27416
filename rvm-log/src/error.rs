//! What reading and writing a log can fail with: I/O, or damage. A torn tail is neither; see [`Verdict`](crate::Verdict).

use rvm_storage::StorageError;

use crate::ids::{Epoch, LogId, Lsn};

/// The result of a log operation.
pub type Result<T> = std::result::Result<T, LogError>;

/// An operation on a log failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LogError {
    /// The backend failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// What was read is not what was written. Nothing has been changed.
    #[error("{file} is damaged at byte {offset}: {damage}")]
    Corrupt {
        /// The file.
        file: String,
        /// Where in the file.
        offset: u64,
        /// What is wrong there.
        damage: Damage,
    },
    /// The file was written by a newer version of this software.
    #[error("{file} has format {what} {found}, this software knows {known}")]
    Unsupported {
        /// The file.
        file: String,
        /// `"version"` or `"features"`.
        what: &'static str,
        /// What the file says.
        found: u32,
        /// What is supported.
        known: u32,
    },
    /// A record has more bytes than the format can say.
    #[error("a record of {len} bytes is larger than the log can hold ({limit} bytes)")]
    RecordTooLarge {
        /// The bytes that the record needs.
        len: u64,
        /// The bytes that there may be.
        limit: u64,
    },
    /// A record has more of something than the format can count.
    #[error("a record with {count} {what}, the limit is {limit}")]
    TooMany {
        /// What there is too much of, in the plural.
        what: &'static str,
        /// How many there are.
        count: u64,
        /// How many there may be.
        limit: u64,
    },
}

/// What is wrong with a file.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Damage {
    /// Neither slot of the header pair is whole.
    #[error("neither of the two header slots is readable")]
    HeaderPair,
    /// A field of a whole header has a value that is never written.
    #[error("the header's {field} cannot be {value}")]
    HeaderField {
        /// The field's name in the format's table.
        field: &'static str,
        /// Its value.
        value: u64,
    },
    /// The header belongs to another segment.
    #[error("the header names segment {found:?}")]
    OtherSegment {
        /// The segment that it names.
        found: String,
    },
    /// The log belongs to another store.
    #[error("the log is of store {found}, its neighbours are of store {expected}")]
    OtherStore {
        /// The store that it names.
        found: String,
        /// The store of the other logs.
        expected: String,
    },
    /// Two logs have the same identity: one was copied.
    #[error("log identity {log} is also that of {other}")]
    SameIdentity {
        /// The identity.
        log: LogId,
        /// The other log's file.
        other: String,
    },
    /// The file ends too early.
    #[error("the file has {found} bytes and should have {needed}")]
    TooShort {
        /// The length that something relies on.
        needed: u64,
        /// The length that it has.
        found: u64,
    },
    /// Records are missing that had been forced.
    #[error("no valid record at LSN {at}, though the log was durable up to LSN {synced}")]
    DurableRecordLost {
        /// The first position without a valid record.
        at: Lsn,
        /// Up to where the log is known to have been durable.
        synced: Lsn,
    },
    /// A record's checksums are right, but its content cannot be.
    #[error("the record at LSN {at} is malformed: {fault}")]
    Malformed {
        /// Where it starts.
        at: Lsn,
        /// What cannot be.
        fault: &'static str,
    },
    /// A record changes bytes behind its segment's end.
    #[error("the record at LSN {at} changes byte {end} of a segment of {segment_len} bytes")]
    OutsideSegment {
        /// Where it starts.
        at: Lsn,
        /// The end of the range that it changes.
        end: u64,
        /// The length of the segment.
        segment_len: u64,
    },
    /// The segment that the log belongs to has no file.
    #[error("its segment's file {segment} is missing")]
    MissingSegment {
        /// The file's name.
        segment: String,
    },
    /// A record names a log that is not in the store.
    #[error("the record at LSN {at} names log {log}, which is not in the store")]
    MissingLog {
        /// Where the record starts.
        at: Lsn,
        /// The log that it names.
        log: LogId,
    },
    /// A frame of an archive is not what was written, though later ones are there.
    #[error("no whole frame of the archive: {fault}")]
    ArchiveFrame {
        /// What is wrong with it.
        fault: &'static str,
    },
    /// A log is older than its neighbours: it was restored from a backup of its own.
    #[error("the log is of epoch {found}, and the store has reached epoch {expected}")]
    OlderBackup {
        /// The epoch that the log has.
        found: Epoch,
        /// The epoch that it should have.
        expected: Epoch,
    },
}
