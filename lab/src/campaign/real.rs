//! The harnesses on the real kernel.

use indicatif::ProgressBar;

use crate::real::{FileSystem, block_log, full_disks, syscalls};
use crate::workers::each_on_threads;

use super::commands::life;
use super::{Figure, Outcome, Plan, ended, figure};

pub(super) fn syscalls(plan: &Plan, _: &ProgressBar) -> Outcome {
    if let Some(reason) = syscalls::cannot_run() {
        return Outcome::Skipped(reason);
    }
    let faults = plan.goal(7_000);
    let parts = syscalls::Plan { faults, seed: plan.seed, threads: plan.threads };
    let tally = life().and_then(|program| syscalls::run(&program, &parts));
    ended(tally.map(|tally| {
        let of = |part: u64| faults / part;
        vec![
            figure("faults fired", tally.fired, faults),
            figure("errors", tally.errors, of(4)),
            figure("short writes", tally.short, of(20)),
            figure("kills", tally.kills, of(10)),
            figure("of a commit over several segments", tally.kills_of_shared, of(20)),
            figure("inside recovery", tally.in_recovery, of(50)),
            figure("kinds of calls that failed", tally.calls.len() as u64, of(100).min(10)),
            figure("faults missed", tally.missed, 0),
        ]
    }))
}

pub(super) fn full_disks(plan: &Plan, _: &ProgressBar) -> Outcome {
    let (kinds, mut figures) = match kinds(FileSystem::cannot_be_made) {
        Ok(here) => here,
        Err(reason) => return Outcome::Skipped(reason),
    };
    let plans: Vec<full_disks::Plan> = kinds
        .iter()
        .map(|kind| {
            let lives = plan.goal(if *kind == FileSystem::Ext4 { 600 } else { 200 });
            // A copying file system takes many blocks for one that is changed.
            let fine = if kind.copies_on_write() { 4 } else { 1 };
            let coarse = usize::try_from(500 / plan.thousandths).unwrap_or(0).min(40);
            full_disks::Plan { kind: *kind, lives, seed: plan.seed, stride: fine * coarse.max(1) }
        })
        .collect();
    let done = life().and_then(|program| {
        each_on_threads(plan.threads, &plans, |plan| Ok((*plan, full_disks::run(&program, plan)?)))
    });
    ended(done.map(|mut done| {
        done.sort_by_key(|(plan, _)| plan.kind.name());
        for (full_disks::Plan { kind, lives, .. }, tally) in &done {
            figures.push(figure(&format!("lives on {}", kind.name()), tally.lives, *lives));
            figures.push(figure("that starved", tally.starved, lives / 4));
            figures.push(figure("opened while it was full", tally.opened_full, lives / 4));
        }
        figures
    }))
}

pub(super) fn block_log(plan: &Plan, _: &ProgressBar) -> Outcome {
    let (kinds, mut figures) = match kinds(block_log::cannot_run) {
        Ok(here) => here,
        Err(reason) => return Outcome::Skipped(reason),
    };
    let goal = |kind| plan.goal(if kind == FileSystem::Ext4 { 800 } else { 200 });
    let mut plans = Vec::new();
    for kind in &kinds {
        // Copies of one image of btrfs may not be mounted at once.
        let parts = if *kind == FileSystem::Ext4 { 2 } else { 1 };
        for part in 0..parts {
            let points = goal(*kind).div_ceil(parts);
            // Odd, since moments with and without unflushed writes alternate.
            let stride = usize::try_from(100 / plan.thousandths).unwrap_or(0) | 1;
            let seed = plan.seed + 1000 * part;
            plans.push(block_log::Plan { kind: *kind, points, seed, stride });
        }
    }
    let done = life().and_then(|program| {
        each_on_threads(plan.threads, &plans, |plan| {
            Ok((plan.kind, block_log::run(&program, plan)?))
        })
    });
    ended(done.map(|done| {
        for kind in kinds {
            let mut all = block_log::Tally::default();
            done.iter().filter(|(of, _)| *of == kind).for_each(|(_, tally)| all.add(tally));
            let goal = goal(kind);
            figures.push(figure(&format!("moments on {}", kind.name()), all.judged, goal));
            figures.push(figure("among unflushed writes", all.torn, goal / 4));
            figures.push(figure("behind an acknowledgement", all.acknowledged, goal / 2));
            figures.push(figure("images refused", all.refused, 0));
        }
        figures
    }))
}

/// The file systems that can be used here, and figures that show those that cannot; the reason, if none can.
fn kinds(
    cannot: impl Fn(FileSystem) -> Option<String>,
) -> Result<(Vec<FileSystem>, Vec<Figure>), String> {
    let (mut kinds, mut skipped, mut reasons) = (Vec::new(), Vec::new(), Vec::new());
    for kind in FileSystem::ALL {
        match cannot(kind) {
            None => kinds.push(kind),
            Some(reason) => {
                skipped.push(figure(&format!("on {} (skipped: {reason})", kind.name()), 0, 0));
                reasons.push(reason);
            }
        }
    }
    reasons.dedup();
    if kinds.is_empty() { Err(reasons.join(", ")) } else { Ok((kinds, skipped)) }
}
