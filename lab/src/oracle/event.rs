//! What the oracle is told: what a program did, and what was found after a recovery.

use serde::{Deserialize, Serialize};

use super::sets::{SegmentSet, TxnNo, TxnSet};

/// Something that happened to a store, noted by the campaign when it happens.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Event {
    /// A transaction is about to be committed. Noted while it still owns its segments, so that the events of one segment stand in the
    /// order of its log. From here on a crash may keep it or lose it.
    Committing {
        /// The transaction.
        txn: TxnNo,
        /// The segments in which it left its mark.
        wrote: SegmentSet,
        /// The segments that it was given and did not write. It depends on the last writer of each of them.
        read: SegmentSet,
    },
    /// The commit was acknowledged as durable: no crash may take it back.
    Acknowledged(TxnNo),
    /// Everything committed so far was acknowledged as durable, as a flush does. Only for campaigns in which no commit is under way then.
    AcknowledgedAll,
    /// The transaction was aborted, or its commit failed with the word that it is not committed. It may have no other event.
    Aborted(TxnNo),
    /// A recovery was completed, and the oracle found it right. Its verdict binds all later ones.
    Recovered(Kept),
}

/// What was found in a store after a recovery: one entry for each segment, in the order of the campaign's numbers.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Found {
    /// The segments.
    pub segments: Vec<SegmentFound>,
}

/// What was found in one segment.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct SegmentFound {
    /// The transactions whose mark is there.
    pub present: TxnSet,
    /// Who wrote the shared cell last; nothing, if it is as the segment was made.
    pub last: Option<TxnNo>,
}

/// The verdict on a recovery that kept its promises: the transactions that are there, in all of their segments. One that wrote nothing
/// counts as kept when it was acknowledged.
#[derive(Clone, Default, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Kept(pub TxnSet);
