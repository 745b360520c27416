//! Truncation: carries what is decided from a log into its segment, and frees the space.

use super::machine::Outcome;
use super::rule::Rule;
use super::store::{Positions, Store};

impl Store {
    /// Empties a log as far as it is decided. The segment is on the medium before the head says so, and the head before anything is
    /// written where it used to be.
    pub(super) fn truncate(&mut self, log: usize) -> Outcome {
        let Positions { decided, forced, .. } = self.positions[log];
        let mark = if self.machine.obeys(Rule::TruncateOnlyDecided) { decided } else { forced };
        let mut header = self.log(log).header();
        if mark <= header.head {
            return Ok(());
        }
        for lsn in header.head..mark {
            self.apply(log, lsn)?;
        }
        if self.machine.obeys(Rule::ForceSegmentBeforeHead) {
            self.machine.force_segment(log)?;
        }
        header.head = mark;
        self.machine.logs[log].header.write(header);
        self.machine.step()?;
        if self.machine.obeys(Rule::ForceHeaderBeforeReuse) {
            self.machine.force_log(log)?;
        }
        Ok(())
    }

    /// Does to the segment what the record at a position says; twice is as good as once.
    pub(super) fn apply(&mut self, log: usize, lsn: usize) -> Outcome {
        if let Some(record) = self.log(log).record(lsn) {
            let txn = record.shared.txn;
            self.machine.segments[log].apply(txn);
        }
        self.machine.step()
    }
}
