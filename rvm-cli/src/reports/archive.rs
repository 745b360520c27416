//! What the verbs around archives print.

use serde::Serialize;

/// `archive on` and `archive off`.
#[derive(Debug, Serialize)]
pub(crate) struct ArchiveSwitched {
    pub(crate) store: String,
    /// Whether it is on now.
    pub(crate) on: bool,
    /// Whether what was archived was removed.
    pub(crate) removed: bool,
    /// Segments whose archive changed, or would.
    pub(crate) changed: Vec<String>,
    /// Segments whose archive was so already.
    pub(crate) unchanged: Vec<String>,
    pub(crate) dry_run: bool,
}

/// `archive status`.
#[derive(Debug, Serialize)]
pub(crate) struct ArchiveStatus {
    pub(crate) store: String,
    /// Sorted by name.
    pub(crate) segments: Vec<ArchivedSegment>,
}

/// A segment in `archive status`.
#[derive(Debug, Serialize)]
pub(crate) struct ArchivedSegment {
    pub(crate) name: String,
    /// Whether the segment is there; its archive stays when it is destroyed.
    pub(crate) is_there: bool,
    /// `on`, `stopped`, `damaged` or `none`.
    pub(crate) archive: &'static str,
    /// The length of its archive in bytes; 0 if there is none.
    pub(crate) archive_len: u64,
    /// Bytes of records in it, before they were compressed.
    pub(crate) record_bytes: u64,
    /// It was not there before the first of these, so earlier states are known, too.
    pub(crate) created: bool,
    /// From which transaction to which one it is known.
    pub(crate) known: Vec<KnownFacts>,
    /// Where the archive is damaged.
    pub(crate) damage: Vec<ArchiveDamage>,
    /// Bytes of an append that was cut short, whose records the log has. Where it has not, that is damage, and this is 0.
    pub(crate) torn_bytes: u64,
}

/// A stretch of history.
#[derive(Debug, Serialize)]
pub(crate) struct KnownFacts {
    /// The first that is known.
    pub(crate) first_transaction: u64,
    /// Null if it goes on to the newest.
    pub(crate) last_transaction: Option<u64>,
}

/// A place where an archive is damaged.
#[derive(Debug, Serialize)]
pub(crate) struct ArchiveDamage {
    /// The file.
    pub(crate) file: String,
    pub(crate) offset: u64,
    /// What is wrong there.
    pub(crate) fault: String,
}

/// `replay`.
#[derive(Debug, Serialize)]
pub(crate) struct ReplayReport {
    pub(crate) store: String,
    /// The directory of the new store.
    pub(crate) to: String,
    pub(crate) dry_run: bool,
    /// The last transaction that may be in it.
    pub(crate) until_transaction: u64,
    /// The newest one of the store.
    pub(crate) newest_transaction: u64,
    /// Sorted by name.
    pub(crate) segments: Vec<ReplayedSegment>,
    /// Segments that were not there then.
    pub(crate) absent: Vec<String>,
}

/// A segment of the new store.
#[derive(Debug, Serialize)]
pub(crate) struct ReplayedSegment {
    pub(crate) name: String,
    pub(crate) len: u64,
    /// Whether it comes from its archive; if not, from its file and its log.
    pub(crate) from_archive: bool,
    /// Transactions that were replayed; null in a dry run.
    pub(crate) transactions: Option<u64>,
    /// Bytes that were written; null in a dry run.
    pub(crate) written_bytes: Option<u64>,
}
