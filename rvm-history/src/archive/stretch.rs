//! A stretch of history without a gap.

use rvm_log::format::archive::FrameHeader;
use rvm_log::{Epoch, LogId, Lsn, TxnId};

/// A stretch of a segment's history without a gap.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Stretch {
    /// The log that it comes from.
    pub log_id: LogId,
    /// The copy of the segment that it begins with. Without one, which takes damage, its records can be shown, and no state made of them.
    pub base: Option<Base>,
    /// Behind its last record.
    pub end_lsn: Lsn,
    /// The epoch of its last frame.
    pub epoch: Epoch,
    /// The transactions of its first and its last record.
    pub transactions: Option<(TxnId, TxnId)>,
    /// The latest commit time of its records, in nanoseconds since 1970.
    pub last_time: u64,
    /// Bytes of its records, as they were in the log.
    pub record_bytes: u64,
    /// The segment's lengths, and the newest transaction before each.
    pub lengths: Vec<(TxnId, u64)>,
    /// The segment was about to be destroyed behind this transaction, and nothing followed.
    pub destroyed: Option<TxnId>,
    /// Where it starts in the file, and where it ends.
    pub(crate) start: u64,
    pub(crate) end: u64,
}

/// The copy of a segment that a stretch begins with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Base {
    /// The LSN that it is of.
    pub lsn: Lsn,
    /// It has no later transaction.
    pub last_txn: TxnId,
    /// The segment was made then, and was not there before.
    pub created: bool,
    /// When it was made, in nanoseconds since 1970.
    pub time: u64,
    /// Behind its last piece in the file.
    pub(crate) end: u64,
}

impl Stretch {
    /// Whether a state of this log at `from`, and all records from there to `to`, can be had of it.
    pub(crate) fn spans(&self, log_id: LogId, from: Lsn, to: Lsn) -> bool {
        let begins = self.base.is_some_and(|base| base.lsn <= from);
        self.log_id == log_id && begins && self.end_lsn >= to
    }

    /// A stretch that begins with a frame of records, at its start.
    pub(super) fn without_base(frame: &FrameHeader) -> Self {
        Self {
            log_id: frame.log_id,
            base: None,
            end_lsn: frame.from,
            epoch: frame.epoch,
            transactions: None,
            last_time: 0,
            record_bytes: 0,
            lengths: vec![(TxnId(0), frame.segment_len)],
            destroyed: None,
            start: frame.offset,
            end: frame.offset,
        }
    }

    /// A stretch whose base began at `start` and ends with this frame.
    pub(super) fn on_base(start: u64, frame: &FrameHeader, created: bool) -> Self {
        let (lsn, last_txn, time) = (frame.to, frame.last_txn, frame.time);
        let base = Some(Base { lsn, last_txn, created, time, end: frame.end() });
        let lengths = vec![(last_txn, frame.segment_len)];
        Self { base, start, end: frame.end(), lengths, ..Self::without_base(frame) }
    }

    /// The segment's length when the transactions up to `until` were committed.
    #[must_use]
    pub fn len_at(&self, until: TxnId) -> u64 {
        let lengths = self.lengths.iter().filter(|(txn, _)| *txn <= until);
        lengths.map(|(_, len)| *len).max().unwrap_or_default()
    }

    /// The earliest transaction up to which the segment can be made anew of it.
    #[must_use]
    pub fn first_state(&self) -> Option<TxnId> {
        self.base.map(|base| base.last_txn)
    }

    /// Whether a state up to `until` can be made of it alone, whatever came behind its end.
    #[must_use]
    pub fn covers(&self, until: TxnId) -> bool {
        let last = self.transactions.map(|(_, last)| last);
        let end = self.destroyed.into_iter().chain(last).max();
        self.first_state().is_some_and(|first| first <= until)
            && end.is_some_and(|end| until <= end)
    }

    /// The segment is made and nothing became of it: whatever made it was interrupted, if its log is not there.
    pub(crate) const fn is_empty(&self) -> bool {
        let created = matches!(self.base, Some(Base { created: true, .. }));
        created && self.transactions.is_none() && self.destroyed.is_none()
    }
}
