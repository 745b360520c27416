//! Forces, and the acknowledgements that wait for them.

use super::log::LOGS;
use super::machine::Outcome;
use super::store::{Positions, Store, shuffled_logs};

impl Store {
    /// Does one thing for one of the commits that wait: forces a log of its closure; or, if all are forced, acknowledges it.
    pub(super) fn progress(&mut self) -> Outcome {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let pick = self.machine.chance.usize(..self.waiting.len());
        let targets = self.waiting[pick].targets;
        let is_due = |log: &usize| self.positions[*log].forced < targets[*log];
        let due: Vec<usize> = (0..LOGS).filter(is_due).collect();
        if let Some(log) = self.machine.chance.choice(due) {
            return self.force(log);
        }
        let done = self.waiting.swap_remove(pick);
        self.decide(&targets);
        self.history.acknowledge(done.txn);
        self.machine.counts.acknowledged += 1;
        Ok(())
    }

    /// Forces all logs, in any order. Then everything is decided, and what nobody waited for is as good as acknowledged: a flush
    /// says so.
    pub(super) fn force_everything(&mut self) -> Outcome {
        let targets = self.positions.map(|positions| positions.tail);
        for log in shuffled_logs(&mut self.machine.chance) {
            self.force(log)?;
        }
        self.decide(&targets);
        self.history.acknowledge_all();
        Ok(())
    }

    fn force(&mut self, log: usize) -> Outcome {
        let Positions { tail, .. } = self.positions[log];
        self.machine.force_log(log)?;
        self.positions[log].forced = tail;
        Ok(())
    }
}
