//! Faults in the recovery behind a kill: it may fail, but it destroys nothing, and what it decided stays decided.

use crate::life::Life;
use crate::real::evidence::copy;
use crate::real::life::{End, Left, could_not_judge};

use super::fault::{Fault, faults_of, names};
use super::strike::{Ground, Strike, tracing};
use super::{Plan, Tally, strikes_at};
use crate::workers::each_on_threads;

/// Kills the life at this call, and strikes the recovery of what is left at every call, `step` apart.
pub(super) fn strike_recovery(
    life: &Life,
    kill: &Strike,
    plan: &Plan,
    step: usize,
) -> Result<Tally, String> {
    let crashed = Ground::new()?;
    let under = kill.under(&crashed.trace()).unwrap_or_default();
    let left = life.live(&crashed.store(), &under)?;
    let traced = Ground::new()?;
    copy(&crashed.store(), &traced.store()).map_err(|error| error.to_string())?;
    life.judge(&traced.store(), &left.said, &tracing(&names(), &traced.trace()))?;
    let can_be_made = |fault: &Fault| !matches!(fault, Fault::Short(..));
    let mut strikes = strikes_at(&traced.calls()?, faults_of);
    strikes.retain(|strike| can_be_made(&strike.fault));
    let strikes: Vec<Strike> = strikes.into_iter().step_by(step).collect();
    let fired = each_on_threads(plan.threads, &strikes, |strike| {
        let ground = Ground::new()?;
        copy(&crashed.store(), &ground.store()).map_err(|error| error.to_string())?;
        Ok((strike.clone(), twice(strike, life, &ground, &left.said)?))
    })?;
    let mut tally = Tally::default();
    for (strike, fired) in &fired {
        tally.count(strike, *fired);
        tally.in_recovery += u64::from(*fired);
    }
    Ok(tally)
}

/// Judges with the fault, and again without. Says whether the fault fired.
fn twice(strike: &Strike, life: &Life, ground: &Ground, events: &str) -> Result<bool, String> {
    let under = strike.under(&ground.trace()).unwrap_or_default();
    let told = |wrong: String, events: &str| {
        strike.told(life, ground, &under, &format!("in the recovery: {wrong}"), events)
    };
    let first = life.judge(&ground.store(), events, &under);
    let Left { end, said, complaint } = first.map_err(|wrong| told(wrong, events))?;
    if end == End::Stopped && !could_not_judge(&complaint) {
        return Err(told(complaint, events));
    }
    let trace = std::fs::read_to_string(ground.trace()).unwrap_or_default();
    let fired = trace.contains("(INJECTED)") || end == End::Killed;
    // A judge that came to its end has seen what was decided.
    let decided = if end == End::Done {
        format!("{{\"Recovered\":{}}}\n", said.trim())
    } else {
        String::new()
    };
    let events = format!("{events}{decided}");
    let second = life.judge(&ground.store(), &events, &[]);
    match second.map_err(|wrong| told(wrong, &events))? {
        Left { end: End::Done, .. } => Ok(fired),
        Left { complaint, .. } => Err(told(format!("the next one: {complaint}"), &events)),
    }
}
