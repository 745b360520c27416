//! What `log timeline` prints as JSON.

use serde::Serialize;

/// `log timeline`.
#[derive(Debug, Serialize)]
pub(crate) struct TimelineReport {
    pub(crate) store: String,
    /// Sorted by the name of the segment.
    pub(crate) logs: Vec<RingFacts>,
    /// Segments that were copied there and have no log yet.
    pub(crate) without_log: Vec<String>,
    /// When the transactions in them were committed.
    pub(crate) commits: CommitsFacts,
}

/// A log and its ring.
#[derive(Debug, Serialize)]
pub(crate) struct RingFacts {
    pub(crate) segment: String,
    /// Bytes that it can hold.
    pub(crate) capacity: u64,
    /// Where its live records start.
    pub(crate) head_lsn: u64,
    /// Up to where its header says that it is durable and decided.
    pub(crate) synced_lsn: u64,
    /// Behind the last committed record.
    pub(crate) cut_lsn: u64,
    /// Behind the last whole record.
    pub(crate) end_lsn: u64,
    /// Bytes of a torn tail behind that.
    pub(crate) torn_bytes: u64,
    /// They cover the ring, in order.
    pub(crate) ring: Vec<RingPiece>,
}

/// A part of a ring, in bytes of the ring.
#[derive(Debug, Serialize)]
pub(crate) struct RingPiece {
    /// `free`, `applied`, `vouched` (it may be applied), `unapplied`, `dropped` or `torn`.
    pub(crate) kind: &'static str,
    /// Where it starts.
    pub(crate) start: u64,
    /// Where it ends.
    pub(crate) end: u64,
}

/// When the transactions in the logs were committed.
#[derive(Debug, Serialize)]
pub(crate) struct CommitsFacts {
    pub(crate) count: u64,
    /// When the first was committed; null if there is none, as the next three.
    pub(crate) first: Option<String>,
    pub(crate) first_nanos: Option<u64>,
    /// When the last was.
    pub(crate) last: Option<String>,
    pub(crate) last_nanos: Option<u64>,
    /// How long a bucket is.
    pub(crate) bucket_nanos: u64,
    /// How many commits each bucket has, from that of the first on.
    pub(crate) buckets: Vec<u64>,
}
