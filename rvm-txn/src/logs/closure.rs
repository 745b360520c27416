//! The closure force: makes commits decided.
//!
//! A record that names other logs survives a crash only if what it names survives. So forcing a log up to a target means
//! forcing every log that an undecided record below the target names, up to that part's end, and so on to a fixpoint. The
//! records below a target never change, so one latch at a time is enough; later appends never extend the closure.

use std::sync::Arc;

use rvm_log::Lsn;
use smallvec::SmallVec;

use super::Targets;
use crate::log_handle::LogHandle;

struct Goal {
    log: Arc<LogHandle>,
    target: Lsn,
    /// Links below are followed already.
    followed: Lsn,
}

/// The targets that have to be durable for those of `start` to be decided.
pub(super) fn closure_of(start: Targets) -> Targets {
    let mut goals = Goals::new();
    for (log, target) in start {
        raise(&mut goals, &log, target);
    }
    while let Some(goal) = goals.iter_mut().find(|goal| goal.followed < goal.target) {
        let (log, from, to) = (Arc::clone(&goal.log), goal.followed, goal.target);
        goal.followed = to;
        for (other, end) in named_between(&log, from, to) {
            raise(&mut goals, &other, end);
        }
    }
    goals.into_iter().map(|goal| (goal.log, goal.target)).collect()
}

/// Sorted by the logs' indices.
type Goals = SmallVec<[Goal; 4]>;

fn raise(goals: &mut Goals, log: &Arc<LogHandle>, target: Lsn) {
    match goals.binary_search_by_key(&log.index, |goal| goal.log.index) {
        Ok(at) => {
            if let Some(goal) = goals.get_mut(at) {
                goal.target = goal.target.max(target);
            }
        }
        Err(at) => goals.insert(at, Goal { log: Arc::clone(log), target, followed: Lsn(0) }),
    }
}

/// What the undecided records of a log that start in `[from, to)` name.
fn named_between(log: &LogHandle, from: Lsn, to: Lsn) -> Targets {
    let state = log.latch.lock();
    let first = state.links.partition_point(|link| link.lsn < from);
    let links = state.links.iter().skip(first).take_while(|link| link.lsn < to);
    links
        .flat_map(|link| &link.others)
        .filter_map(|(other, end)| Some((other.upgrade()?, *end)))
        .collect()
}
