//! What came of running the model.

use std::collections::BTreeMap;
use std::fmt;

use crate::oracle::{Kind, Violation};

/// Counts of some runs, and the first promise that was broken.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Summary {
    /// How many times the model was run, once for each seed.
    pub runs: u64,
    /// After how many steps a crash could have come.
    pub steps: u64,
    /// Commits that were acknowledged as durable.
    pub acknowledged: u64,
    /// Forces that failed.
    pub failed_forces: u64,
    /// Commits in which a write failed.
    pub failed_writes: u64,
    /// Crashes, those of recoveries included.
    pub crashes: u64,
    /// Recoveries that did not come to their end, and were begun again.
    pub interrupted_recoveries: u64,
    /// Recoveries that were completed, and judged.
    pub recoveries: u64,
    /// How many runs ended in a broken promise, by kind.
    pub violations: BTreeMap<Kind, u64>,
    /// The one with the lowest seed.
    pub first: Option<First>,
}

/// A broken promise, with what it takes to see it again.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct First {
    /// The seed of the run.
    pub seed: u64,
    /// How many crashes there had been by then.
    pub crashes: u64,
    /// What was wrong.
    pub violation: Violation,
}

impl Summary {
    /// How many runs ended in a broken promise.
    #[must_use]
    pub fn violations(&self) -> u64 {
        self.violations.values().sum()
    }

    /// Adds the counts of other runs.
    pub fn add(&mut self, other: &Self) {
        self.runs += other.runs;
        self.steps += other.steps;
        self.acknowledged += other.acknowledged;
        self.failed_forces += other.failed_forces;
        self.failed_writes += other.failed_writes;
        self.crashes += other.crashes;
        self.interrupted_recoveries += other.interrupted_recoveries;
        self.recoveries += other.recoveries;
        for (kind, count) in &other.violations {
            *self.violations.entry(*kind).or_default() += count;
        }
        let firsts = [&self.first, &other.first].into_iter().flatten();
        self.first = firsts.min_by_key(|first| first.seed).cloned();
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} runs, {} steps, {} acknowledged commits, {} failed forces, {} failed writes, {} crashes, \
             {} of them in recoveries, {} completed recoveries, {} violations",
            self.runs,
            self.steps,
            self.acknowledged,
            self.failed_forces,
            self.failed_writes,
            self.crashes,
            self.interrupted_recoveries,
            self.recoveries,
            self.violations(),
        )?;
        for (number, (kind, count)) in self.violations.iter().enumerate() {
            let between = if number == 0 { ": " } else { ", " };
            write!(f, "{between}{count} {kind}")?;
        }
        if let Some(First { seed, crashes, violation }) = &self.first {
            write!(f, "; first in seed {seed} after {crashes} crashes: {violation}")?;
        }
        Ok(())
    }
}
