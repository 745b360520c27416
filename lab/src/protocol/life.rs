//! One run: some lives of a store, each ended by a crash, a recovery that may crash too, and the oracle's judgement.

use super::machine::Outcome;
use super::rule::Rule;
use super::store::Store;
use super::summary::{First, Summary};
use crate::oracle::{Found, Kept, Violation};

/// How often a run opens its store and loses it again.
const LIVES: usize = 4;

/// The most that a store does in one life.
const OPERATIONS: usize = 24;

/// Runs the model once and adds what came of it.
pub(super) fn run(seed: u64, without: Option<Rule>, summary: &mut Summary) {
    let mut store = Store::new(seed, without);
    store.machine.counts.runs = 1;
    for _ in 0..LIVES {
        store.live();
        store.recover_at_last();
        match store.judge() {
            Ok(kept) => store.history.settle(&kept),
            Err(violation) => {
                let counts = &mut store.machine.counts;
                counts.violations.insert(violation.kind(), 1);
                counts.first = Some(First { seed, crashes: counts.crashes, violation });
                break;
            }
        }
    }
    summary.add(&store.machine.counts);
}

impl Store {
    /// Works until something stops it, or the life is over.
    fn live(&mut self) {
        let steps = self.machine.chance.u32(1..=60);
        self.machine.light_fuse(steps);
        for _ in 0..OPERATIONS {
            if self.operate().is_err() {
                break;
            }
        }
        self.crash();
    }

    fn operate(&mut self) -> Outcome {
        match self.machine.chance.u32(..12) {
            0 => {
                let log = self.machine.chance.usize(..super::log::LOGS);
                self.truncate(log)
            }
            1 | 2 => self.commit(false),
            3..=5 => self.commit(true),
            _ => self.progress(),
        }
    }

    /// The process ends, and forgets; one time in three the cache outlives it.
    fn crash(&mut self) {
        self.machine.counts.crashes += 1;
        self.waiting.clear();
        if self.machine.chance.u32(..3) != 0 {
            self.machine.lose_power();
        }
    }

    /// Recovers, as often as it takes.
    fn recover_at_last(&mut self) {
        loop {
            let spared = self.machine.chance.u32(..3) == 0;
            let steps = if spared { u32::MAX } else { self.machine.chance.u32(1..=45) };
            self.machine.light_fuse(steps);
            if self.recover().is_ok() {
                self.machine.counts.recoveries += 1;
                return;
            }
            self.machine.counts.interrupted_recoveries += 1;
            self.crash();
        }
    }

    fn judge(&self) -> Result<Kept, Violation> {
        let segments = self.machine.segments.iter().map(super::segment::Segment::found);
        self.history.judge(&Found { segments: segments.collect() })
    }
}
