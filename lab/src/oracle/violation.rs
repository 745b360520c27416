//! The promises that a recovery can break, each with the facts that show it.

use std::fmt;

use super::sets::TxnNo;

/// A broken promise.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Violation {
    /// A transaction is there in part.
    #[error("{txn} is in {found} of the {wrote} segments that it wrote")]
    Atomicity {
        /// The transaction.
        txn: TxnNo,
        /// In how many segments its mark was found.
        found: usize,
        /// In how many it was left.
        wrote: usize,
    },
    /// A transaction that was acknowledged as durable is not there.
    #[error("{txn} was acknowledged and is lost")]
    AcknowledgedLost {
        /// The transaction.
        txn: TxnNo,
    },
    /// A transaction that was aborted left something.
    #[error("{txn} was aborted and is in segment {segment}")]
    AbortedAppeared {
        /// The transaction.
        txn: TxnNo,
        /// Where its mark was found.
        segment: usize,
    },
    /// A transaction survived what came before it in a segment.
    #[error("{txn} is kept in segment {segment}, behind {lost}, which is lost")]
    Prefix {
        /// The transaction that is there.
        txn: TxnNo,
        /// The segment that both wrote.
        segment: usize,
        /// The earlier one, which is not.
        lost: TxnNo,
    },
    /// The last of those that are there did not have the last word.
    #[error("segment {segment} was last written by {}, not by {}", name(*.found), name(*.expected))]
    Order {
        /// The segment.
        segment: usize,
        /// Whose number its shared cell holds.
        found: Option<TxnNo>,
        /// The last of its writers that is there.
        expected: Option<TxnNo>,
    },
    /// What an earlier recovery had decided was decided anew.
    #[error("{txn} was {} by an earlier recovery and is {} by this one", fate(*.before), fate(!*.before))]
    Flip {
        /// The transaction.
        txn: TxnNo,
        /// Whether the earlier recovery kept it.
        before: bool,
    },
    /// A transaction survived what it had read.
    #[error("{txn} is kept, but {lost}, which it read, is lost")]
    ReadDependency {
        /// The transaction that is there.
        txn: TxnNo,
        /// The one whose bytes it read, which is not.
        lost: TxnNo,
    },
    /// A mark that nobody left there by a commit.
    #[error("{txn} is in segment {segment}, where it never committed anything")]
    Phantom {
        /// The transaction.
        txn: TxnNo,
        /// Where its mark was found.
        segment: usize,
    },
}

/// The kind of a [`Violation`], to count by.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[non_exhaustive]
pub enum Kind {
    /// See [`Violation::Atomicity`].
    Atomicity,
    /// See [`Violation::AcknowledgedLost`].
    AcknowledgedLost,
    /// See [`Violation::AbortedAppeared`].
    AbortedAppeared,
    /// See [`Violation::Prefix`].
    Prefix,
    /// See [`Violation::Order`].
    Order,
    /// See [`Violation::Flip`].
    Flip,
    /// See [`Violation::ReadDependency`].
    ReadDependency,
    /// See [`Violation::Phantom`].
    Phantom,
}

impl Violation {
    /// Which promise was broken, without the facts.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Atomicity { .. } => Kind::Atomicity,
            Self::AcknowledgedLost { .. } => Kind::AcknowledgedLost,
            Self::AbortedAppeared { .. } => Kind::AbortedAppeared,
            Self::Prefix { .. } => Kind::Prefix,
            Self::Order { .. } => Kind::Order,
            Self::Flip { .. } => Kind::Flip,
            Self::ReadDependency { .. } => Kind::ReadDependency,
            Self::Phantom { .. } => Kind::Phantom,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Atomicity => "atomicity",
            Self::AcknowledgedLost => "acknowledged lost",
            Self::AbortedAppeared => "aborted appeared",
            Self::Prefix => "prefix",
            Self::Order => "order",
            Self::Flip => "flip",
            Self::ReadDependency => "read dependency",
            Self::Phantom => "phantom",
        })
    }
}

fn name(txn: Option<TxnNo>) -> String {
    txn.map_or_else(|| "nobody".to_owned(), |txn| txn.to_string())
}

fn fate(kept: bool) -> &'static str {
    if kept { "kept" } else { "dropped" }
}
