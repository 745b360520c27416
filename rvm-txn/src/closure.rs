//! The closure force: makes commits decided.
//!
//! A record that names other logs survives a crash only if what it names survives. So forcing a log up to a target means
//! forcing every log that an undecided record below the target names, up to that part's end, and so on to a fixpoint. The
//! records below a target never change, so one latch at a time is enough; later appends never extend the closure.

use std::sync::Arc;

use rvm_log::{LogError, Lsn};
use smallvec::SmallVec;

use crate::log_handle::LogHandle;
use crate::shared::Shared;

/// A log and the position up to which it is to be decided.
pub(crate) type Targets = SmallVec<[(Arc<LogHandle>, Lsn); 2]>;

/// Returns when everything below the targets is decided: durable with all that it hangs on.
///
/// # Errors
/// The first failure of the store, once it is poisoned.
pub(crate) fn decide(shared: &Shared, start: Targets) -> Result<(), Arc<LogError>> {
    let targets = closure_of(start);
    shared.helpers.force_all(shared, &targets)?;
    for (log, target) in &targets {
        let mut state = log.latch.lock();
        state.raise_decided(*target);
        log.changed.notify_all();
    }
    Ok(())
}

struct Goal {
    log: Arc<LogHandle>,
    target: Lsn,
    /// Links below are followed already.
    followed: Lsn,
}

fn closure_of(start: Targets) -> Targets {
    let mut goals: SmallVec<[Goal; 4]> = SmallVec::new();
    for (log, target) in start {
        raise(&mut goals, &log, target);
    }
    let mut next = 0;
    while let Some(goal) = goals.get_mut(next) {
        if goal.followed >= goal.target {
            next += 1;
            continue;
        }
        let (log, from, to) = (Arc::clone(&goal.log), goal.followed, goal.target);
        goal.followed = to;
        let mut named: SmallVec<[(Arc<LogHandle>, Lsn); 4]> = SmallVec::new();
        {
            let state = log.latch.lock();
            let first = state.links.partition_point(|link| link.lsn < from);
            for link in state.links.iter().skip(first).take_while(|link| link.lsn < to) {
                named.extend(
                    link.others.iter().filter_map(|(other, end)| Some((other.upgrade()?, *end))),
                );
            }
        }
        for (other, end) in named {
            raise(&mut goals, &other, end);
        }
        next = goals.iter().position(|goal| goal.followed < goal.target).unwrap_or(goals.len());
    }
    goals.into_iter().map(|goal| (goal.log, goal.target)).collect()
}

fn raise(goals: &mut SmallVec<[Goal; 4]>, log: &Arc<LogHandle>, target: Lsn) {
    match goals.iter_mut().find(|goal| Arc::ptr_eq(&goal.log, log)) {
        Some(goal) => goal.target = goal.target.max(target),
        None => goals.push(Goal { log: Arc::clone(log), target, followed: Lsn(0) }),
    }
}
