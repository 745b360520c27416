//! The rules of the protocol that can be taken out, to see that each of them matters.

use std::fmt;

/// A rule of the protocol. Each says what a store does, and what happens to a store that does not.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Rule {
    /// A durable commit forces the logs of all that its survival hangs on, not only its own. Without it: an earlier transaction in one
    /// of its logs has a part elsewhere that is lost; it is cut away, and the acknowledged one behind it.
    ForceTheClosure,
    /// The closure looks at all records that are not *decided*, even if they are forced. Without it: a record is forced for somebody else's
    /// sake, its other part is not, and nobody looks at it any more.
    ClosureOverUndecided,
    /// A record names the segments that its transaction read, with the position up to which it saw them. Without it: a transaction
    /// survives what it read.
    ReadDependencies,
    /// Where a record is taken away, all behind it in its log is taken away too. Without it: what was built on it survives.
    CascadeTheCut,
    /// Recovery forces the logs before it believes them. Without it: it acts on what only the cache has, and after the next power cut
    /// the reasons for what it did are gone.
    ForceLogsBeforeRecovery,
    /// Truncation carries decided records into segments, not those that are merely forced. Without it: a part of a transaction is in
    /// its segment, where no cut can take it back, and another is lost.
    TruncateOnlyDecided,
    /// What a record names in an older epoch of another log is judged by where that epoch was cut. Without it: a recovery that was
    /// interrupted while it reset the logs takes a record for present because the new epoch begins behind it.
    JudgeOlderEpochsByPrevEnd,
    /// A record says in which epoch it was written, and counts in no other. Without it: what an earlier recovery cut away stands where
    /// new records are to come, and is taken for one of them.
    EpochInTheRecord,
    /// A header is forced before space that it frees is used again. Without it: the old header comes back, and where it sends its reader
    /// stand newer records, or the cut of the last recovery is forgotten.
    ForceHeaderBeforeReuse,
    /// A segment is forced before its log's head moves past what was written to it. Without it: what the segment lost is not in the log
    /// any more.
    ForceSegmentBeforeHead,
    /// Recovery reads the logs from the medium, and not what the cache says of it. Without it: after a failed force it acts on bytes that were
    /// never written and seem to be.
    DropTheCacheInRecovery,
    /// After a failed force nothing more is done until the store is opened again. Without it: the force is tried once more, says that
    /// there is nothing left to write, and is believed.
    PoisonOnFailedForce,
    /// A part counts as present only if the record that is found there is of the same transaction. This one is implied: nothing else can
    /// stand at the same position of the same epoch. It stays as a defence against rot, which the model does not have.
    PartIdentity,
}

impl Rule {
    /// All rules.
    pub const ALL: [Self; 13] = [
        Self::ForceTheClosure,
        Self::ClosureOverUndecided,
        Self::ReadDependencies,
        Self::CascadeTheCut,
        Self::ForceLogsBeforeRecovery,
        Self::TruncateOnlyDecided,
        Self::JudgeOlderEpochsByPrevEnd,
        Self::EpochInTheRecord,
        Self::ForceHeaderBeforeReuse,
        Self::ForceSegmentBeforeHead,
        Self::DropTheCacheInRecovery,
        Self::PoisonOnFailedForce,
        Self::PartIdentity,
    ];

    /// Whether the other rules imply this one, so that nothing goes wrong without it.
    #[must_use]
    pub fn is_implied(self) -> bool {
        self == Self::PartIdentity
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ForceTheClosure => "force the closure, not only the own logs",
            Self::ClosureOverUndecided => "the closure is over what is undecided",
            Self::ReadDependencies => "a record names what its transaction read",
            Self::CascadeTheCut => "what stands behind a cut goes too",
            Self::ForceLogsBeforeRecovery => "recovery forces the logs first",
            Self::TruncateOnlyDecided => "truncation passes only what is decided",
            Self::JudgeOlderEpochsByPrevEnd => "an older epoch is judged by where it was cut",
            Self::EpochInTheRecord => "a record counts in its epoch only",
            Self::ForceHeaderBeforeReuse => "force the header before space is used again",
            Self::ForceSegmentBeforeHead => "force the segment before the head moves",
            Self::DropTheCacheInRecovery => "recovery does not believe the cache",
            Self::PoisonOnFailedForce => "a failed force poisons",
            Self::PartIdentity => "a part is of the same transaction",
        })
    }
}
