//! What a life is made of.

use rvm_core::Durability;

use crate::oracle::SegmentSet;

/// One thing that a program asks of the store.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Step {
    /// A transaction over some segments.
    Commit {
        /// What it writes and reads.
        part: Part,
        /// When its commit returns.
        durability: Durability,
        /// How often it writes the large range too: each time 2 KiB more to log.
        bulk: u8,
    },
    /// A transaction that changes everything it is given, and takes it back.
    Abort(Part),
    /// Everything is made durable.
    Flush,
    /// Waits until one of the lazy commits is durable: the n-th, counted around.
    WaitDurable(u8),
    /// The logs are folded into the segments.
    Truncate,
    /// Closed, and opened again.
    Reopen,
    /// A segment is unmapped and mapped again, longer if so.
    Remap {
        /// Which.
        segment: usize,
        /// By 1 KiB.
        longer: bool,
    },
    /// A segment is made, written together with another one, unmapped and destroyed.
    ShortLived {
        /// The other one.
        beside: usize,
    },
    /// The store is opened for reading, beside us.
    ReadBeside,
}

/// The segments of a transaction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Part {
    /// Those that it writes.
    pub wrote: SegmentSet,
    /// Those that it is given and only reads.
    pub read: SegmentSet,
}
