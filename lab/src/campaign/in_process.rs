//! The harnesses that run in this process, on the simulated device.

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use rvm_core::rvm_storage::sim::{Exploration, Explorer, Failure};

use crate::corruption::{Specimen, Tally, blocks, damage_all, every_bit};
use crate::life::{Script, check, run, run_on_threads};
use crate::protocol::{self, Rule};

use super::{Outcome, Plan, figure};

/// Steps of a life whose power is cut, and of one that meets faults.
const STEPS: usize = 16;
const STEPS_WITH_FAULTS: usize = 8;

/// Explores life after life until `enough`; also says how many of the states had more than one segment.
fn lives(
    plan: &Plan,
    enough: impl Fn(&Exploration) -> bool + Sync,
    explore: impl Fn(u64) -> Result<(Exploration, usize), String> + Sync,
) -> Result<(Exploration, u64), String> {
    let next = AtomicU64::new(plan.seed);
    let worker = || {
        let (mut all, mut shared) = (Exploration::default(), 0);
        while !enough(&all) {
            let (explored, segments) = explore(next.fetch_add(1, Ordering::Relaxed))?;
            all.add(&explored);
            shared += if segments > 1 { explored.states } else { 0 };
        }
        Ok((all, shared))
    };
    thread::scope(|scope| {
        let working: Vec<_> = (0..plan.threads).map(|_| scope.spawn(worker)).collect();
        let (mut all, mut shared) = (Exploration::default(), 0);
        for thread in working {
            let (explored, more) = thread.join().unwrap_or_else(|_| Err("a panic".to_owned()))?;
            all.add(&explored);
            shared += more;
        }
        Ok((all, shared))
    })
}

fn told(script: &Script, failure: impl std::fmt::Display) -> String {
    format!("{failure}\n  {script:?}")
}

pub(super) fn states(plan: &Plan) -> Outcome {
    let goal = plan.goal(10_000_000);
    let nested = plan.goal(1_000_000);
    let each = goal / plan.threads as u64 + 1;
    let each_nested = nested / plan.threads as u64 + 1;
    let explored = lives(
        plan,
        |all| all.states >= each && all.nested >= each_nested,
        |seed| {
            let script = Script::random(seed, STEPS);
            let explorer = Explorer::new(seed).exhaustive_up_to(128).samples(48);
            explorer
                .explore(
                    &script.steps,
                    |storage, steps, notes| run(&script, storage, steps, notes),
                    |storage, events| check(&script, storage, events),
                )
                .map(|explored| (explored, script.segments))
                .map_err(|failure| told(&script, failure))
        },
    );
    match explored {
        Err(failure) => Outcome::Failed(failure),
        Ok((all, shared)) => Outcome::Passed(vec![
            figure("crash states", all.states, goal),
            figure("inside recovery", all.nested, nested),
            figure("with several segments", shared, goal / 2),
            figure("moments", all.moments, 1),
            figure("moments exhausted", all.exhausted, 1),
        ]),
    }
}

pub(super) fn threads(plan: &Plan) -> Outcome {
    let goal = plan.goal(250_000);
    // Each life has threads of its own.
    let explored = lives(
        &Plan { threads: 1, ..plan.clone() },
        |all| all.states >= goal,
        |seed| {
            let script = Script::random(seed, 3 * STEPS);
            let explorer = Explorer::new(seed).exhaustive_up_to(32).samples(16);
            explorer
                .explore(
                    &script.steps,
                    |storage, steps, notes| run_on_threads(&script, storage, steps, notes),
                    |storage, events| check(&script, storage, events),
                )
                .map(|explored| (explored, script.segments))
                .map_err(|failure| told(&script, failure))
        },
    );
    match explored {
        Err(failure) => Outcome::Failed(failure),
        Ok((all, _)) => Outcome::Passed(vec![
            figure("crash states", all.states, goal),
            figure("inside recovery", all.nested, 1),
        ]),
    }
}

pub(super) fn faults(plan: &Plan) -> Outcome {
    let goal = plan.goal(500_000);
    let each = goal / plan.threads as u64 + 1;
    let explored = lives(
        plan,
        |all| all.faults >= each,
        |seed| {
            let script = Script::random(seed, STEPS_WITH_FAULTS);
            Explorer::new(seed)
                .fail_each(
                    &script.steps,
                    &Failure::ALL,
                    |storage, steps, notes| run(&script, storage, steps, notes),
                    |storage, events| check(&script, storage, events),
                )
                .map(|explored| (explored, script.segments))
                .map_err(|failure| told(&script, failure))
        },
    );
    match explored {
        Err(failure) => Outcome::Failed(failure),
        Ok((all, _)) => Outcome::Passed(vec![
            figure("faults fired", all.faults, goal),
            figure("stores opened behind them", all.states, goal),
            figure("power cuts inside that", all.nested, 1),
        ]),
    }
}

pub(super) fn model(plan: &Plan) -> Outcome {
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

pub(super) fn rot(plan: &Plan) -> Outcome {
    let specimen = match Specimen::make() {
        Ok(specimen) => specimen,
        Err(error) => return Outcome::Failed(error.to_string()),
    };
    let step = usize::try_from(1000 / plan.thousandths).unwrap_or(1).max(1);
    let bits = specimen.len() as u64 * 8;
    let worker = |first: usize| {
        let mine = every_bit(&specimen).step_by(step).skip(first).step_by(plan.threads);
        damage_all(&specimen, mine)
    };
    let tallies = thread::scope(|scope| {
        let worker = &worker;
        let start = |first| scope.spawn(move || worker(first));
        let working: Vec<_> = (0..plan.threads).map(start).collect();
        let join = |thread: thread::ScopedJoinHandle<'_, _>| {
            thread.join().unwrap_or_else(|_| Err("a panic".to_owned()))
        };
        working.into_iter().map(join).collect::<Result<Vec<Tally>, String>>()
    });
    let pieces = damage_all(&specimen, blocks(&specimen, plan.seed));
    let mut all = Tally::default();
    match tallies.and_then(|tallies| Ok((tallies, pieces?))) {
        Err(fault) => Outcome::Failed(fault),
        Ok((tallies, pieces)) => {
            tallies.iter().chain([&pieces]).for_each(|tally| all.add(tally));
            Outcome::Passed(vec![
                figure("bits flipped", all.damages - pieces.damages, bits / step as u64),
                figure("blocks replaced", pieces.damages, 1),
                figure("harmless", all.intact, 1),
                figure("reported", all.reported, 1),
                figure("in the last force", all.last_force, 1),
                figure("in a segment's data", all.segment_data, 1),
            ])
        }
    }
}
