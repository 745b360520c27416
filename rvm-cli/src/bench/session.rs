//! The rounds: what the library is compared with, and the library, in turn.

use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use indicatif::ProgressBar;

use super::branch::{Branch, Work};
use super::disk::Forces;
use super::home::Home;
use super::memory::Stores;
use super::plan::Plan;
use super::slice::{Limit, Slice, add, no_latencies};
use crate::arguments::CommitKind;
use crate::failure::Failure;
use crate::quantities::per_second;
use crate::waiting::Interrupt;

/// What a round gave, in a second.
#[derive(Clone, Copy, Debug)]
pub(super) struct Round {
    /// Forces of the disk, or transactions of plain stores.
    pub(super) reference: u64,
    pub(super) commits: u64,
}

/// What all rounds gave.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) rounds: Vec<Round>,
    pub(super) commit_latencies: Histogram<u64>,
    /// None are taken of plain stores: the clock would cost more than they do.
    pub(super) force_latencies: Option<Histogram<u64>>,
    /// The slices of all commits.
    pub(super) commit_time: Duration,
    pub(super) work: Work,
    /// Whether forces went past the page cache.
    pub(super) direct_writes: bool,
    /// With all that does not count.
    pub(super) time: Duration,
}

/// What the library is compared with.
#[derive(Debug)]
enum Reference {
    Disk(Forces),
    Memory(Stores),
}

/// Both sides, ready to run.
#[derive(Debug)]
pub(super) struct Session<'a> {
    plan: &'a Plan,
    interrupt: &'a Interrupt,
    bar: &'a ProgressBar,
    started: Instant,
    reference: Reference,
    branch: Branch,
}

impl<'a> Session<'a> {
    /// Makes both sides ready.
    pub(super) fn new(
        plan: &'a Plan,
        home: &Home,
        interrupt: &'a Interrupt,
        bar: &'a ProgressBar,
    ) -> Result<Self, Failure> {
        let started = Instant::now();
        let reference = match plan.durability {
            CommitKind::Force => Reference::Disk(Forces::new(&home.disk(), plan.threads)?),
            CommitKind::Lazy => Reference::Memory(Stores::new(plan)?),
        };
        let branch = Branch::new(&home.store(), plan)?;
        Ok(Self { plan, interrupt, bar, started, reference, branch })
    }

    /// Runs all rounds, after one that does not count. Who goes first changes from round to round.
    pub(super) fn run(mut self) -> Result<Outcome, Failure> {
        // What was done until here says nothing of how long a slice takes.
        self.bar.reset();
        let mut rounds = Vec::new();
        let (mut commit_latencies, mut force_latencies) = (no_latencies()?, no_latencies()?);
        let (mut commit_time, mut done) = (Duration::ZERO, Work::default());
        for round in 0..=self.plan.rounds {
            let (reference, (commits, work)) = if round % 2 == 0 {
                let reference = self.run_reference(round)?;
                (reference, self.run_branch(round)?)
            } else {
                let ours = self.run_branch(round)?;
                (self.run_reference(round)?, ours)
            };
            if round > 0 {
                let rate = |slice: &Slice| per_second(slice.latencies.len(), slice.time);
                rounds.push(Round { reference: rate(&reference), commits: rate(&commits) });
                add(&mut force_latencies, &reference.latencies)?;
                add(&mut commit_latencies, &commits.latencies)?;
                commit_time += commits.time;
                done.add(work);
            }
        }
        self.branch.close()?;
        let (is_disk, direct_writes) = match &self.reference {
            Reference::Disk(forces) => (true, forces.are_direct()),
            Reference::Memory(_) => (false, false),
        };
        Ok(Outcome {
            rounds,
            commit_latencies,
            force_latencies: is_disk.then_some(force_latencies),
            commit_time,
            work: done,
            direct_writes,
            time: self.started.elapsed(),
        })
    }

    fn run_reference(&mut self, round: u32) -> Result<Slice, Failure> {
        let limit = self.limit();
        let slice = match &mut self.reference {
            Reference::Disk(forces) => forces.run(limit),
            Reference::Memory(stores) => stores.run(limit),
        }?;
        self.note(round)?;
        Ok(slice)
    }

    fn run_branch(&mut self, round: u32) -> Result<(Slice, Work), Failure> {
        let counted = self.branch.run(self.limit())?;
        self.note(round)?;
        Ok(counted)
    }

    fn limit(&self) -> Limit<'a> {
        Limit { time: self.plan.slice, interrupt: self.interrupt, times_per_reading: 1 }
    }

    fn note(&self, round: u32) -> Result<(), Failure> {
        self.bar.inc(1);
        if self.interrupt.is_set() {
            let rounds = self.plan.rounds;
            return Err(Failure::Interrupted(format!("in round {round} of {rounds}")));
        }
        Ok(())
    }
}
