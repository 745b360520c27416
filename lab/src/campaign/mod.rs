//! All harnesses in one run, and the table of what they did.
//!
//! A harness has goals as well as checks: one whose faults did not fire, or that found nothing to cut, has failed even if nothing went
//! wrong.

mod commands;
mod in_process;
mod mounted;
mod progress;
mod real;
mod table;

use std::time::Instant;

use indicatif::ProgressBar;

pub use table::{json, markdown};

/// How much is to be done.
#[derive(Clone, Debug)]
pub struct Plan {
    /// How many thousandths of the full campaign: 1000 for all of it.
    pub thousandths: u64,
    /// What all random choices follow from.
    pub seed: u64,
    /// How many threads work at once.
    pub threads: usize,
}

impl Plan {
    /// A goal of the full campaign, for this plan.
    fn goal(&self, full: u64) -> u64 {
        (full * self.thousandths).div_ceil(1000)
    }

    /// A thread's part of a goal.
    fn each(&self, goal: u64) -> u64 {
        goal.div_ceil(self.threads as u64)
    }
}

/// One harness.
#[derive(Clone, Copy, Debug)]
pub struct Harness {
    /// Its name on the command line and in the table.
    pub name: &'static str,
    /// What it does, in a line.
    pub about: &'static str,
    run: fn(&Plan, &ProgressBar) -> Outcome,
}

/// Something that was counted.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub struct Figure {
    /// What.
    pub what: String,
    /// How many there were.
    pub found: u64,
    /// How many there had to be at least; 0 if that is all the same.
    pub goal: u64,
}

/// How a harness ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// Nothing was wrong.
    Passed(Vec<Figure>),
    /// It cannot run here, and why.
    Skipped(String),
    /// A promise was broken.
    Failed(String),
}

/// A line of the table.
#[derive(Clone, PartialEq, Debug)]
pub struct Row {
    /// The harness.
    pub harness: &'static str,
    /// What it does.
    pub about: &'static str,
    /// How it ended.
    pub outcome: Outcome,
    /// How long it took, in seconds.
    pub seconds: f64,
}

/// All harnesses, in the order of the table.
pub const HARNESSES: [Harness; 12] = [
    Harness {
        name: "states",
        about: "power cuts at every operation of random lives, recovery interrupted to depth 3",
        run: in_process::states,
    },
    Harness {
        name: "threads",
        about: "the same with three threads, helpers and background truncation",
        run: in_process::threads,
    },
    Harness {
        name: "faults",
        about: "every operation made to fail in turn in seven ways, once and for good",
        run: in_process::faults,
    },
    Harness {
        name: "model",
        about: "the protocol's model, and its rules removed one at a time",
        run: in_process::model,
    },
    Harness {
        name: "rot",
        about: "every bit flipped, every sector and block replaced",
        run: in_process::rot,
    },
    Harness {
        name: "schedules",
        about: "thread schedules of the engine under shuttle",
        run: commands::schedules,
    },
    Harness { name: "fuzz", about: "coverage-guided fuzzing", run: commands::fuzz },
    Harness {
        name: "kills",
        about: "a real program killed at random moments on a real file system",
        run: commands::kills,
    },
    Harness {
        name: "mount",
        about: "power cuts, kills and faults under a real mount, by a file system that forgets",
        run: mounted::mount,
    },
    Harness {
        name: "syscalls",
        about: "every system call of a real program made to fail in turn, or killed there",
        run: real::syscalls,
    },
    Harness {
        name: "full-disks",
        about: "lives on ext4, xfs and btrfs with so many blocks free, and opened there",
        run: real::full_disks,
    },
    Harness {
        name: "block-log",
        about: "power cuts among the block writes under ext4, xfs and btrfs",
        run: real::block_log,
    },
];

impl Harness {
    /// Runs it.
    #[must_use]
    pub fn run(&self, plan: &Plan) -> Row {
        let started = Instant::now();
        let bar = progress::bar(self.name);
        let outcome = (self.run)(plan, &bar);
        bar.finish_and_clear();
        let outcome = match outcome {
            Outcome::Passed(figures) => match figures.iter().find(|f| f.found < f.goal) {
                Some(Figure { what, found, goal }) => {
                    Outcome::Failed(format!("{what}: {found}, and {goal} was the goal"))
                }
                None => Outcome::Passed(figures),
            },
            other => other,
        };
        let seconds = started.elapsed().as_secs_f64();
        Row { harness: self.name, about: self.about, outcome, seconds }
    }
}

impl Row {
    /// False if a promise was broken or a goal missed.
    #[must_use]
    pub fn is_fine(&self) -> bool {
        !matches!(self.outcome, Outcome::Failed(_))
    }
}

fn figure(what: &str, found: u64, goal: u64) -> Figure {
    Figure { what: what.to_owned(), found, goal }
}

fn ended(figures: Result<Vec<Figure>, String>) -> Outcome {
    figures.map_or_else(Outcome::Failed, Outcome::Passed)
}
