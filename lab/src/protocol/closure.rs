//! The closure: what has to be forced so that no crash can take a transaction back.
//!
//! A record survives only with all that it names, and with all that stands before it in its log; and so on for each of those. So forcing
//! the own records is not enough. The closure is a position for each log, such that whatever a record below them names is below them too.

use super::log::{LOGS, Lsn, Shared};
use super::rule::Rule;
use super::store::{Store, Targets};

impl Store {
    /// The closure of a transaction that was just appended. What is appended later never extends it.
    pub(super) fn targets(&self, shared: &Shared) -> Targets {
        let mut targets = [0; LOGS];
        raise(&mut targets, shared);
        if self.machine.obeys(Rule::ForceTheClosure) {
            while self.raise_by_what_is_below(&mut targets) {}
        }
        targets
    }

    /// Raises the targets by what the records below them name. Whether any was raised.
    fn raise_by_what_is_below(&self, targets: &mut Targets) -> bool {
        let before = *targets;
        for (log, target) in before.into_iter().enumerate() {
            for record in
                (self.closed_below(log)..target).filter_map(|lsn| self.log(log).record(lsn))
            {
                raise(targets, &record.shared);
            }
        }
        before != *targets
    }

    /// Below, all that records name is known to be safe. What is forced is not safe by that: what it names may not be forced.
    fn closed_below(&self, log: usize) -> Lsn {
        let positions = self.positions[log];
        if self.machine.obeys(Rule::ClosureOverUndecided) {
            positions.decided
        } else {
            positions.forced
        }
    }
}

fn raise(targets: &mut Targets, shared: &Shared) {
    for (log, end) in shared.ends() {
        targets[log] = targets[log].max(end);
    }
}
