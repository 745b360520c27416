//! The harnesses that run in this process, on the simulated device.

use std::sync::atomic::{AtomicU64, Ordering};

use indicatif::ProgressBar;
use rvm_core::rvm_storage::sim::{Exploration, Explorer};

use crate::corruption::{Damage, Specimen, Tally, blocks, damage_all, every_bit, every_byte};
use crate::life::{Script, explore, explore_with_faults, explore_with_threads};
use crate::protocol::{self, Rule};
use crate::workers::on_threads;

use super::progress::count_to;
use super::{Figure, Outcome, Plan, ended, figure};

/// Steps of a life whose power is cut, and of one that meets faults.
const STEPS: usize = 16;
const STEPS_WITH_FAULTS: usize = 8;

/// Explores life after life, each of so many steps, until `enough`; tells of each, and says how many of the states had more than one
/// segment.
fn lives(
    plan: &Plan,
    tell: impl Fn(&Exploration) + Sync,
    steps: usize,
    enough: impl Fn(&Exploration) -> bool + Sync,
    explore: impl Fn(&Explorer, &Script) -> Result<Exploration, String> + Sync,
    tuned: impl Fn(Explorer) -> Explorer + Sync,
) -> Result<(Exploration, u64), String> {
    let next = AtomicU64::new(plan.seed);
    let workers = on_threads(plan.threads, |_| {
        let (mut all, mut shared) = (Exploration::default(), 0);
        while !enough(&all) {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            let script = Script::random(seed, steps);
            let explored = explore(&tuned(Explorer::new(seed)), &script)?;
            all.add(&explored);
            tell(&explored);
            shared += if script.segments > 1 { explored.states } else { 0 };
        }
        Ok((all, shared))
    })?;
    let (mut all, mut shared) = (Exploration::default(), 0);
    for (explored, more) in workers {
        all.add(&explored);
        shared += more;
    }
    Ok((all, shared))
}

pub(super) fn states(plan: &Plan, bar: &ProgressBar) -> Outcome {
    let (goal, nested) = (plan.goal(10_000_000), plan.goal(1_000_000));
    let (each, each_nested) = (plan.each(goal), plan.each(nested));
    let enough = |all: &Exploration| all.states >= each && all.nested >= each_nested;
    let tuned = |explorer: Explorer| explorer.exhaustive_up_to(128).samples(48);
    count_to(bar, goal);
    let tell = |explored: &Exploration| bar.inc(explored.states);
    ended(lives(plan, tell, STEPS, enough, explore, tuned).map(|(all, shared)| {
        vec![
            figure("crash states", all.states, goal),
            figure("inside recovery", all.nested, nested),
            figure("with several segments", shared, goal / 2),
            figure("moments", all.moments, 1),
            figure("moments exhausted", all.exhausted, 1),
        ]
    }))
}

pub(super) fn threads(plan: &Plan, bar: &ProgressBar) -> Outcome {
    let goal = plan.goal(250_000);
    // Each life has threads of its own.
    let plan = Plan { threads: 1, ..plan.clone() };
    let enough = |all: &Exploration| all.states >= goal;
    let tuned = |explorer: Explorer| explorer.exhaustive_up_to(32).samples(16);
    count_to(bar, goal);
    let tell = |explored: &Exploration| bar.inc(explored.states);
    ended(lives(&plan, tell, 3 * STEPS, enough, explore_with_threads, tuned).map(|(all, _)| {
        vec![figure("crash states", all.states, goal), figure("inside recovery", all.nested, 1)]
    }))
}

pub(super) fn faults(plan: &Plan, bar: &ProgressBar) -> Outcome {
    let goal = plan.goal(500_000);
    let each = plan.each(goal);
    let enough = |all: &Exploration| all.faults >= each;
    count_to(bar, goal);
    let tell = |explored: &Exploration| bar.inc(explored.faults);
    let explored = lives(plan, tell, STEPS_WITH_FAULTS, enough, explore_with_faults, |same| same);
    ended(explored.map(|(all, _)| {
        vec![
            figure("faults fired", all.faults, goal),
            figure("stores opened behind them", all.states, goal),
            figure("power cuts inside that", all.nested, 1),
        ]
    }))
}

pub(super) fn model(plan: &Plan, _: &ProgressBar) -> Outcome {
    let runs = plan.goal(1_000_000);
    let summary = protocol::campaign(runs, plan.threads);
    if let Some(first) = &summary.first {
        return Outcome::Failed(format!("the model by all rules: {first:?}"));
    }
    let mut caught = 0;
    for rule in Rule::ALL {
        // Some removals are rare to show: the full number of runs, whatever the plan's scale.
        let without = protocol::run(0..40_000, Some(rule));
        match (without.first, rule.is_implied()) {
            (Some(_), false) => caught += 1,
            (None, true) => {}
            (None, false) => return Outcome::Failed(format!("{rule:?} was not missed")),
            (Some(first), true) => return Outcome::Failed(format!("{rule:?}: {first:?}")),
        }
    }
    Outcome::Passed(vec![
        figure("runs", summary.runs, runs),
        figure("crashes", summary.crashes, runs),
        figure("rules removed and missed", caught, 1),
    ])
}

pub(super) fn rot(plan: &Plan, bar: &ProgressBar) -> Outcome {
    ended(rotted(plan, bar))
}

fn rotted(plan: &Plan, bar: &ProgressBar) -> Result<Vec<Figure>, String> {
    let step = usize::try_from(1000 / plan.thousandths).unwrap_or(1).max(1);
    let (mut bits, mut pieces) = (Tally::default(), Tally::default());
    let mut bits_there = 0;
    let specimens = [Specimen::make(), Specimen::folded(), Specimen::interrupted()];
    for (index, specimen) in specimens.into_iter().enumerate() {
        let specimen = specimen.map_err(|error| error.to_string())?;
        // Every bit of the first; of the others, one of every byte.
        let damages = || -> Box<dyn Iterator<Item = Damage> + '_> {
            if index == 0 {
                Box::new(every_bit(&specimen))
            } else {
                Box::new(every_byte(&specimen))
            }
        };
        count_to(bar, bar.position() + (damages().count() / step) as u64);
        bits_there += if index == 0 { specimen.len() as u64 * 8 } else { 0 };
        let tallies = on_threads(plan.threads, |first| {
            let mine = damages().step_by(step).skip(first).step_by(plan.threads);
            damage_all(&specimen, mine.inspect(|_| bar.inc(1)))
        })?;
        for tally in &tallies {
            bits.add(tally);
        }
        pieces.add(&damage_all(&specimen, blocks(&specimen, plan.seed))?);
    }
    let flipped = figure("bits flipped", bits.damages, bits_there / step as u64);
    let replaced = figure("blocks replaced", pieces.damages, 1);
    bits.add(&pieces);
    Ok(vec![
        flipped,
        replaced,
        figure("harmless", bits.intact, 1),
        figure("reported", bits.reported, 1),
        figure("in the last force", bits.last_force, 1),
        figure("in a segment's data", bits.segment_data, 1),
    ])
}
