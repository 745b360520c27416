//! Random scripts.

use std::sync::Arc;

use fastrand::Rng;
use rvm_core::rvm_storage::Storage;
use rvm_core::{Durability, RangePolicy, Residency, Result, Rvm, UndoMode};

use crate::oracle::SegmentSet;

use super::layout::TXNS_MAX;
use super::step::{Part, Step};

/// The smallest ring there is, in bytes: it wraps and fills soon.
const RING_MIN: u64 = 32 << 10;

/// The names of a life's segments.
const NAMES: [&str; 5] = ["a", "b", "c", "d", "e"];

/// How a store is opened, and what is asked of it.
#[derive(Clone, Debug)]
pub struct Script {
    /// How many segments it has, from 1 to 5.
    pub segments: usize,
    /// The size to which a ring may grow, in bytes.
    pub ring_max: u64,
    /// The filled part of a ring from which it is truncated.
    pub truncate_at: f64,
    /// What is logged of ranges that overlap.
    pub policy: RangePolicy,
    /// How aborts restore memory.
    pub undo: UndoMode,
    /// Where the segments' memory comes from.
    pub residency: Residency,
    /// Threads that help to force, and whether there is one in the background.
    pub threads: (usize, bool),
    /// What is asked.
    pub steps: Vec<Step>,
}

impl Script {
    /// A script that follows from a seed, of `len` steps. Most have several segments, since those are what can go wrong.
    #[must_use]
    pub fn random(seed: u64, len: usize) -> Self {
        let mut rng = Rng::with_seed(seed);
        let segments = [1, 2, 2, 3, 3, 3, 4, 5][rng.usize(..8)];
        let steps = (0..len.min(TXNS_MAX as usize - 1)).map(|_| step(&mut rng, segments)).collect();
        Self {
            segments,
            ring_max: RING_MIN << rng.u32(..3),
            truncate_at: [0.25, 0.5, 1.0][rng.usize(..3)],
            policy: if rng.bool() { RangePolicy::PerCall } else { RangePolicy::Coalesce },
            undo: if rng.u32(..4) == 0 { UndoMode::None } else { UndoMode::Keep },
            residency: Residency::Resident,
            threads: (0, false),
            steps,
        }
    }

    /// The segments' names.
    #[must_use]
    pub fn names(&self) -> &'static [&'static str] {
        &NAMES[..self.segments]
    }

    /// Opens the store as the script says.
    ///
    /// # Errors
    /// As [`Rvm::open`].
    pub fn open(&self, storage: Arc<dyn Storage>) -> Result<Rvm> {
        Rvm::options()
            .log_capacity_initial(RING_MIN)
            .log_capacity_max(self.ring_max)
            .truncate_at(self.truncate_at)
            .range_policy(self.policy)
            .undo(self.undo)
            .residency(self.residency)
            .helpers(self.threads.0)
            .background(self.threads.1)
            .open_with(storage)
    }
}

fn step(rng: &mut Rng, segments: usize) -> Step {
    match rng.u32(..24) {
        0..=12 => {
            let durability = if rng.u32(..5) < 2 { Durability::Force } else { Durability::Lazy };
            // Most are small; some fill a third of the smallest ring.
            let bulk = if rng.u32(..6) == 0 { rng.u8(1..6) } else { 0 };
            Step::Commit { part: part(rng, segments), durability, bulk }
        }
        13 | 14 => Step::Abort(part(rng, segments)),
        15 => Step::Flush,
        16 => Step::WaitDurable(rng.u8(..)),
        17 | 18 => Step::Truncate,
        19 => Step::Reopen,
        20 | 21 => Step::Remap { segment: rng.usize(..segments), longer: rng.bool() },
        22 => Step::ShortLived { beside: rng.usize(..segments) },
        _ => Step::ReadBeside,
    }
}

fn part(rng: &mut Rng, segments: usize) -> Part {
    let mut part = Part { wrote: SegmentSet::NONE, read: SegmentSet::NONE };
    for segment in 0..segments {
        match rng.u32(..5) {
            0 | 1 => part.wrote.insert(segment),
            2 => part.read.insert(segment),
            _ => {}
        }
    }
    if part.wrote.is_empty() && (part.read.is_empty() || rng.bool()) {
        let segment = rng.usize(..segments);
        part.wrote.insert(segment);
        part.read = part.read.iter().filter(|read| *read != segment).collect();
    }
    part
}
