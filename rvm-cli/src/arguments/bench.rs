//! What can be asked of `rvmctl bench`, and its help.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::CommitKind;
use crate::sizes::parse_size;
use crate::spans::parse_seconds;

pub(super) const HELP: &str = "\
Runs the transactions of TPC-A on a new store in DIR. Each changes 8 bytes of three records of 128 bytes, appends an audit record of \
64 bytes, and commits. In turn with that, round by round and on as many threads, it measures what the disk itself can do: forced writes of one \
block of 4 KiB, one after the other, over zeros that were written before, each thread in a file of its own, through the code that forces \
logs. Both sides meet the same machine, so their ratio says what the library costs; above 1, commits share forces. It is the median \
of the rounds' own.

With --durability lazy a commit waits for the disk only when too much is on its way there. It is compared with the same stores into plain memory, \
each thread in its own.

A log has room for 16 MiB, or less where there are more than 16. Logs are folded into the segments between the rounds, which does not count, and in the \
background when they are half full before, which does.

Everything is made in a new directory inside DIR, and removed at the end, also after Ctrl-C.";

/// Arguments of `bench`.
#[derive(Debug, Args)]
pub(crate) struct BenchArguments {
    /// A directory on the disk to be measured [default: the one for temporary files]
    #[arg(value_name = "DIR")]
    pub(crate) directory: Option<PathBuf>,
    /// How many threads commit at once
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=256))]
    pub(crate) threads: u64,
    /// Whether the threads share a segment or have one each
    #[arg(long, value_enum, default_value_t = SegmentsKind::One)]
    pub(crate) segments: SegmentsKind,
    /// When a commit is durable: when it returns, or within 100 ms
    #[arg(long, value_enum, default_value_t = CommitKind::Force)]
    pub(crate) durability: CommitKind,
    /// Which accounts the transactions go to
    #[arg(long, value_enum, default_value_t = PatternKind::Random)]
    pub(crate) pattern: PatternKind,
    /// The length of a segment, as in 64K, 32M or 1G
    #[arg(long, default_value = "32M", value_name = "SIZE", value_parser = parse_size)]
    pub(crate) size: u64,
    /// How long to measure in all, in seconds
    #[arg(long, default_value = "5", value_name = "S", value_parser = parse_seconds)]
    pub(crate) seconds: Duration,
    /// How many rounds that time is divided into; one more comes first and does not count
    #[arg(long, default_value_t = 9, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) rounds: u32,
    /// Draw the latencies and the rounds into this file; one that is there is replaced
    #[arg(long, value_name = "FILE")]
    pub(crate) svg: Option<PathBuf>,
}

/// Whether threads share a segment.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum SegmentsKind {
    /// All have the same.
    One,
    /// Each has its own.
    Each,
}

impl SegmentsKind {
    /// The word for it.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::One => "one",
            Self::Each => "each",
        }
    }
}

/// Which accounts transactions go to.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum PatternKind {
    /// Any: the worst that a cache can meet.
    Random,
    /// One after the other: the best.
    Sequential,
}

impl PatternKind {
    /// The word for it.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Random => "random",
            Self::Sequential => "sequential",
        }
    }
}
