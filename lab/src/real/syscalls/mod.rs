//! Every system call by which a life reaches its files, made to fail in turn: with errors, once and for good, with short writes, and with
//! a kill in its place. Behind each the oracle judges what is there.
//!
//! A run under strace counts the calls first; the n-th of a name is then met in a run of its own. The runs are alike, since a life follows
//! from its seed; where threads make them differ, a fault may miss, and does not count.

mod fault;
mod recovery;
mod short;
mod strike;
mod trace;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use rvm_core::Durability;

use crate::life::{Script, Step};
use crate::workers::each_on_threads;

use self::fault::{Fault, faults_of, names};
use self::recovery::strike_recovery;
use self::strike::{Ground, Strike, tracing};
use self::trace::Call;
use super::life::End;
use crate::life::Life;
use crate::machine::missing;

/// Steps of a life, and of one that is killed at every call whatsoever.
const STEPS: usize = 16;
const STEPS_OF_SHORT: usize = 5;

/// How much is to be done.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// At least so many faults must fire. If they are as many as a life has, all faults of each life that is begun are made.
    pub faults: u64,
    /// The first seed.
    pub seed: u64,
    /// How many threads work at once.
    pub threads: usize,
}

/// What was done.
#[derive(Clone, Default, Debug)]
pub struct Tally {
    /// Lives whose calls were counted.
    pub lives: u64,
    /// Faults that fired.
    pub fired: u64,
    /// Of them: errors.
    pub errors: u64,
    /// Of them: writes of a part, or of nothing.
    pub short: u64,
    /// Of them: kills.
    pub kills: u64,
    /// Kills in lives that force commits over several segments, at every call of any name.
    pub kills_of_shared: u64,
    /// Faults in the recovery behind a kill.
    pub in_recovery: u64,
    /// Faults that did not fire.
    pub missed: u64,
    /// How many errors there were of each call.
    pub calls: BTreeMap<String, u64>,
}

/// Why this cannot run here, if it cannot.
#[must_use]
pub fn cannot_run() -> Option<String> {
    missing(&["strace", "timeout", "env"])
}

/// Strikes the lives of `program` until enough faults fired.
///
/// # Errors
/// The promise that was broken, and how.
pub fn run(program: &Path, plan: &Plan) -> Result<Tally, String> {
    let mut all = Tally::default();
    all.add(&kill_shared(program, plan, plan.faults / 5)?);
    for (seed, kind) in (plan.seed..).zip((0..3).cycle()) {
        if all.fired >= plan.faults {
            break;
        }
        let mut life = Life::new(program, seed, STEPS);
        life.mapped = kind == 1;
        life.threads = kind == 2;
        all.add(&strike_all(&life, plan)?);
    }
    Ok(all)
}

/// Kills short lives with a forced commit over several segments at every system call: both parts are there, or none.
fn kill_shared(program: &Path, plan: &Plan, enough: u64) -> Result<Tally, String> {
    let mut all = Tally::default();
    for seed in (plan.seed..).filter(|seed| forces_shared(*seed)) {
        if all.fired >= enough {
            break;
        }
        let life = Life::new(program, seed, STEPS_OF_SHORT);
        let calls = traced(&life, "all")?;
        let strikes = strikes_at(&calls, |_| vec![Fault::Kill]);
        all.add(&made(&life, plan, &some_of(strikes, enough))?);
    }
    all.kills_of_shared = all.kills;
    Ok(all)
}

/// Whether the short life of this seed has a commit that forces two segments or more.
fn forces_shared(seed: u64) -> bool {
    Script::random(seed, STEPS_OF_SHORT).steps.iter().any(|step| {
        matches!(step, Step::Commit { part, durability: Durability::Force, .. } if part.wrote.len() > 1)
    })
}

/// All faults of a life, or some for a small plan, and some of the recoveries behind its kills.
fn strike_all(life: &Life, plan: &Plan) -> Result<Tally, String> {
    let calls = traced(life, &names())?;
    let mut strikes = strikes_at(&calls, faults_of);
    for strike in &mut strikes {
        strike.is_sure &= !life.threads;
    }
    // Others would be stopped, too, and nobody waits for them.
    strikes.retain(|strike| strike.is_sure || !matches!(strike.fault, Fault::Short(..)));
    let is_late = |strike: &&Strike| strike.fault == Fault::Kill && strike.call.name == "pwrite64";
    let kills: Vec<Strike> = strikes.iter().filter(is_late).cloned().collect();
    let mut all = made(life, plan, &some_of(strikes, plan.faults))?;
    all.lives = 1;
    // Two of the kills, so that recovery has something to do. A small plan has a part of each.
    let step = usize::try_from(1_000 / plan.faults.clamp(1, 1_000)).unwrap_or(1);
    for kill in kills.iter().rev().step_by(kills.len().div_ceil(2).max(1)) {
        all.add(&strike_recovery(life, kill, plan, step)?);
    }
    Ok(all)
}

/// The calls of a life without faults.
fn traced(life: &Life, names: &str) -> Result<Vec<Call>, String> {
    let ground = Ground::new()?;
    let left = life.live(&ground.store(), &tracing(names, &ground.trace()))?;
    if left.end != End::Done {
        return Err(format!("seed {}, without any fault: {}", life.seed, left.complaint));
    }
    ground.calls()
}

/// The faults of these calls. Those of several threads that strace cannot tell apart count once.
fn strikes_at(calls: &[Call], faults: impl Fn(&Call) -> Vec<Fault>) -> Vec<Strike> {
    let key = |call: &Call| (call.name.clone(), call.nth);
    let mut makers: BTreeMap<_, BTreeSet<&str>> = BTreeMap::new();
    for call in calls {
        makers.entry(key(call)).or_default().insert(&call.thread);
    }
    let first = calls.first().map(|call| call.thread.as_str());
    let mut strikes = Vec::new();
    for call in calls {
        let Some(threads) = makers.remove(&key(call)) else { continue };
        let is_sure = threads.len() == 1 && threads.first().copied() == first;
        let strike = |fault| Strike { call: call.clone(), fault, is_sure };
        strikes.extend(faults(call).into_iter().map(strike));
    }
    strikes
}

/// All of them. If fewer are wanted, so many from everywhere: as many in each kind of fault of a log's force as in all the rest.
fn some_of(strikes: Vec<Strike>, wanted: u64) -> Vec<Strike> {
    let wanted = usize::try_from(wanted).unwrap_or(usize::MAX);
    if strikes.len() <= wanted {
        return strikes;
    }
    let mut kinds: BTreeMap<u8, Vec<Strike>> = BTreeMap::new();
    for strike in strikes {
        let kind = match (strike.call.forces_log(), strike.fault) {
            (true, Fault::Error(..)) => 1,
            (true, Fault::Nothing | Fault::Short(..)) => 2,
            _ => 0,
        };
        kinds.entry(kind).or_default().push(strike);
    }
    let each = (wanted / kinds.len().max(1)).max(1);
    let few = |kind: Vec<Strike>| {
        let step = (kind.len() / each).max(1);
        kind.into_iter().step_by(step)
    };
    kinds.into_values().flat_map(few).collect()
}

fn made(life: &Life, plan: &Plan, strikes: &[Strike]) -> Result<Tally, String> {
    let fired = each_on_threads(plan.threads, strikes, |strike| {
        Ok((strike.clone(), strike.strike(life, &Ground::new()?)?))
    })?;
    let mut tally = Tally::default();
    for (strike, fired) in &fired {
        tally.count(strike, *fired);
    }
    Ok(tally)
}

impl Tally {
    fn count(&mut self, strike: &Strike, fired: bool) {
        if !fired {
            self.missed += 1;
            return;
        }
        self.fired += 1;
        match strike.fault {
            Fault::Error(..) => {
                self.errors += 1;
                *self.calls.entry(strike.call.name.clone()).or_default() += 1;
            }
            Fault::Nothing | Fault::Short(..) => self.short += 1,
            Fault::Kill => self.kills += 1,
        }
    }

    fn add(&mut self, other: &Self) {
        self.lives += other.lives;
        self.fired += other.fired;
        self.errors += other.errors;
        self.short += other.short;
        self.kills += other.kills;
        self.kills_of_shared += other.kills_of_shared;
        self.in_recovery += other.in_recovery;
        self.missed += other.missed;
        for (call, count) in &other.calls {
            *self.calls.entry(call.clone()).or_default() += count;
        }
    }
}
