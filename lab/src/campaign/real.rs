//! The harnesses on the real kernel.

use std::path::PathBuf;

use crate::real::syscalls;

use super::commands::{cargo, said, target};
use super::{Outcome, Plan, ended, figure};

pub(super) fn syscalls(plan: &Plan) -> Outcome {
    if let Some(reason) = syscalls::cannot_run() {
        return Outcome::Skipped(reason);
    }
    let faults = plan.goal(5_000);
    let parts = syscalls::Plan { faults, seed: plan.seed, threads: plan.threads };
    let tally = life().and_then(|program| syscalls::run(&program, &parts));
    ended(tally.map(|tally| {
        let of = |part: u64| (faults / part).max(1);
        vec![
            figure("faults fired", tally.fired, faults),
            figure("errors", tally.errors, of(4)),
            figure("short writes", tally.short, of(20)),
            figure("kills", tally.kills, of(10)),
            figure("of them where a commit has several segments", tally.kills_of_shared, of(20)),
            figure("inside recovery", tally.in_recovery, of(50)),
            figure("kinds of calls that failed", tally.calls.len() as u64, 10),
            figure("faults missed", tally.missed, 0),
        ]
    }))
}

/// The program `life`, built.
fn life() -> Result<PathBuf, String> {
    said(cargo(&["build", "--release", "-p", "lab", "--bin", "life"]))?;
    Ok(target().join("release/life"))
}
