//! What is to be measured.

use std::time::Duration;

use rvm_tpca::{Bank, Pattern};

use crate::arguments::{BenchArguments, CommitKind, PatternKind, SegmentsKind};
use crate::failure::Failure;
use crate::quantities::{bytes, counted};

/// What a file is written in, in bytes.
pub(super) const BLOCK_LEN: u64 = 4096;

/// The least that TPC-A has room in, in bytes.
const SEGMENT_LEN_MIN: u64 = 4096;

/// What is to be measured.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) threads: usize,
    pub(super) segments: SegmentsKind,
    pub(super) segment_len: u64,
    pub(super) pattern: PatternKind,
    pub(super) durability: CommitKind,
    /// Those that count.
    pub(super) rounds: u32,
    /// How long each side has in a round.
    pub(super) slice: Duration,
}

impl Plan {
    /// What the arguments ask for, if it makes sense.
    pub(super) fn new(arguments: &BenchArguments) -> Result<Self, Failure> {
        if arguments.size < SEGMENT_LEN_MIN {
            return Err(Failure::Usage(format!(
                "{} bytes have no room for the transactions: --size is at least {SEGMENT_LEN_MIN}",
                arguments.size
            )));
        }
        let threads = usize::try_from(arguments.threads).unwrap_or(usize::MAX);
        let slices = 2 * arguments.rounds.saturating_add(1);
        Ok(Self {
            threads,
            segments: arguments.segments,
            segment_len: arguments.size,
            pattern: arguments.pattern,
            durability: arguments.durability,
            rounds: arguments.rounds,
            slice: arguments.seconds / slices,
        })
    }

    /// How many segments there are.
    pub(super) const fn segment_count(&self) -> usize {
        match self.segments {
            SegmentsKind::One => 1,
            SegmentsKind::Each => self.threads,
        }
    }

    /// What each of so many files that are written over, round and round, has room for, in bytes: whole blocks. One thread fills no more
    /// than that in a round that waits for a disk.
    pub(super) fn room(files: usize) -> u64 {
        const TOGETHER: u64 = 256 << 20;
        let each = TOGETHER / u64::try_from(files.max(1)).unwrap_or(u64::MAX);
        each.clamp(1 << 20, 16 << 20) / BLOCK_LEN * BLOCK_LEN
    }

    /// What is measured, on one line.
    pub(super) fn to_line(&self) -> String {
        let count = |number: usize, noun| counted(u64::try_from(number).unwrap_or(u64::MAX), noun);
        let threads = count(self.threads, "thread");
        let segments = count(self.segment_count(), "segment");
        let kind = match self.durability {
            CommitKind::Force => "each commit forced",
            CommitKind::Lazy => "lazy commits",
        };
        let (len, pattern) = (bytes(self.segment_len), self.pattern.word());
        format!("TPC-A on {threads}, {segments} of {len}, {pattern}, {kind}")
    }

    /// The transactions of each thread. All are the same, some way ahead or behind, so that no two meet in a cache.
    pub(super) fn banks(&self) -> impl Iterator<Item = Bank> {
        const APART: u64 = 10_007;
        let pattern = match self.pattern {
            PatternKind::Random => Pattern::Random,
            PatternKind::Sequential => Pattern::Sequential,
        };
        Bank::over(self.segment_len, pattern).apart(APART).take(self.threads)
    }
}
