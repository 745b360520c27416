//! Recovery, which may be interrupted at every step and starts over then. It comes to the same verdict each time: a log that was
//! already reset says where it was cut, and the others are as they were.

use super::cut::Cut;
use super::log::{Header, LOGS};
use super::machine::Outcome;
use super::rule::Rule;
use super::store::{Positions, Store, shuffled_logs};

impl Store {
    /// Finds out what counts, carries it into the segments, and empties the logs.
    pub(super) fn recover(&mut self) -> Outcome {
        self.make_logs_believable()?;
        let cut = self.consistent_cut();
        self.apply_cut(&cut)?;
        self.reset_logs(&cut)?;
        self.positions = std::array::from_fn(|log| {
            let head = self.log(log).header().head;
            Positions { tail: head, forced: head, decided: head }
        });
        Ok(())
    }

    /// What is only in the cache may be gone the next time, when the segments already show it.
    fn make_logs_believable(&mut self) -> Outcome {
        if !self.machine.obeys(Rule::ForceLogsBeforeRecovery) {
            return Ok(());
        }
        for log in 0..LOGS {
            self.machine.force_log(log)?;
            if self.machine.obeys(Rule::DropTheCacheInRecovery) {
                self.machine.drop_log_from_cache(log);
            }
        }
        Ok(())
    }

    fn apply_cut(&mut self, cut: &Cut) -> Outcome {
        for log in 0..LOGS {
            for lsn in self.log(log).header().head..cut.ends[log] {
                if cut.contains(log, lsn) {
                    self.apply(log, lsn)?;
                }
            }
        }
        if self.machine.obeys(Rule::ForceSegmentBeforeHead) {
            for segment in 0..LOGS {
                self.machine.force_segment(segment)?;
            }
        }
        Ok(())
    }

    /// Starts a new epoch in each log, in which nothing that is in its slots counts. Different epochs mean that an earlier recovery
    /// was interrupted here: that one is finished, no other begun.
    fn reset_logs(&mut self, cut: &Cut) -> Outcome {
        let epochs = self.machine.logs.each_ref().map(|log| log.header().epoch);
        let (oldest, newest) =
            epochs.iter().fold((epochs[0], epochs[0]), |(oldest, newest), epoch| {
                (oldest.min(*epoch), newest.max(*epoch))
            });
        let target = if oldest == newest { newest + 1 } else { newest };
        for log in shuffled_logs(&mut self.machine.chance) {
            if epochs[log] == target {
                continue;
            }
            let prev_end = cut.ends[log];
            // A log may start anew on a fresh slot. Where its old epoch was cut cannot be told from the head then.
            let head = prev_end + usize::from(self.machine.chance.bool());
            self.machine.logs[log].header.write(Header { epoch: target, head, prev_end });
            self.machine.step()?;
            if self.machine.obeys(Rule::ForceHeaderBeforeReuse) {
                self.machine.force_log(log)?;
            }
        }
        Ok(())
    }
}
