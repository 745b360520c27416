//! What is under the store: a cache, a medium, and everything that goes wrong with them.

use std::array;

use super::log::{LOGS, Log};
use super::page::Page;
use super::rule::Rule;
use super::segment::Segment;
use super::summary::Summary;

/// The store cannot go on: the process was killed or the power failed, or the store gave up since it was told of a failure.
#[derive(Debug)]
pub(super) struct Stopped;

/// The outcome of whatever may be interrupted.
pub(super) type Outcome = Result<(), Stopped>;

/// One force in so many fails.
const FORCES_TO_A_FAILURE: u32 = 60;

/// The machine, with the files of the store. What is read from them is what the cache has.
#[derive(Debug)]
pub(super) struct Machine {
    pub(super) logs: [Log; LOGS],
    pub(super) segments: [Segment; LOGS],
    /// All chance there is in a run.
    pub(super) chance: fastrand::Rng,
    pub(super) counts: Summary,
    /// So many steps are left until the process ends.
    fuse: u32,
    without: Option<Rule>,
}

impl Machine {
    pub(super) fn new(seed: u64, without: Option<Rule>) -> Self {
        Self {
            logs: array::from_fn(|_| Log::new()),
            segments: array::from_fn(|_| Segment::new()),
            chance: fastrand::Rng::with_seed(seed),
            counts: Summary::default(),
            fuse: 0,
            without,
        }
    }

    /// Whether the store obeys the rule in this run.
    pub(super) fn obeys(&self, rule: Rule) -> bool {
        self.without != Some(rule)
    }

    /// From now on, so many steps can be taken.
    pub(super) fn light_fuse(&mut self, steps: u32) {
        self.fuse = steps;
    }

    /// Time goes on, between any two things that the store does.
    pub(super) fn step(&mut self) -> Outcome {
        self.counts.steps += 1;
        if self.chance.u32(..3) == 0 {
            self.write_back_something();
        }
        self.fuse = self.fuse.saturating_sub(1);
        if self.fuse == 0 { Err(Stopped) } else { Ok(()) }
    }

    /// What machines do when nobody asked: one page of one file, in any order.
    fn write_back_something(&mut self) {
        let file = self.chance.usize(..LOGS);
        match self.chance.u32(..4) {
            0 => self.logs[file].header.write_back(),
            1 => self.segments[file].write_back_one(&mut self.chance),
            _ => {
                if let Some(slot) = self.chance.choice(&mut self.logs[file].slots) {
                    slot.write_back();
                }
            }
        }
    }

    /// Forces a log, header and all.
    pub(super) fn force_log(&mut self, log: usize) -> Outcome {
        self.step()?;
        if self.force_fails() {
            self.logs[log].slots.iter_mut().for_each(Page::fail_to_write_back);
            self.logs[log].header.fail_to_write_back();
            self.poison()?;
        }
        self.logs[log].slots.iter_mut().for_each(Page::write_back);
        self.logs[log].header.write_back();
        self.step()
    }

    /// Forces a segment.
    pub(super) fn force_segment(&mut self, segment: usize) -> Outcome {
        self.step()?;
        if self.force_fails() {
            self.segments[segment].fail_to_write_back();
            self.poison()?;
        }
        self.segments[segment].write_back();
        self.step()
    }

    fn force_fails(&mut self) -> bool {
        let fails = self.chance.u32(..FORCES_TO_A_FAILURE) == 0;
        self.counts.failed_forces += u64::from(fails);
        fails
    }

    /// A force failed. Whoever tries it again is told that all is well.
    fn poison(&self) -> Outcome {
        if self.obeys(Rule::PoisonOnFailedForce) { Err(Stopped) } else { Ok(()) }
    }

    /// The next reader gets what the medium has of the log.
    pub(super) fn drop_log_from_cache(&mut self, log: usize) {
        self.logs[log].slots.iter_mut().for_each(Page::drop_from_cache);
        self.logs[log].header.drop_from_cache();
    }

    /// The cache is gone, and any part of what was not forced with it. Headers are not torn: they have two slots, and a checksum each.
    pub(super) fn lose_power(&mut self) {
        for log in &mut self.logs {
            for slot in &mut log.slots {
                match self.chance.u32(..8) {
                    0 if slot.is_dirty() => slot.tear(None),
                    fate => slot.lose_power(fate >= 4),
                }
            }
            log.header.lose_power(self.chance.bool());
        }
        self.segments.iter_mut().for_each(|segment| segment.lose_power(&mut self.chance));
    }
}
