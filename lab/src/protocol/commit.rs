//! Commit, up to the point where the transaction's records are in its logs and the next one may build on it.

use std::rc::Rc;

use super::log::{LOGS, Place, Record, SLOTS, Shared};
use super::machine::{Outcome, Stopped};
use super::rule::Rule;
use super::store::{Store, Waiting};
use crate::oracle::{SegmentSet, TxnNo};

/// One commit in so many meets a failed write.
const WRITES_TO_A_FAILURE: u32 = 10;

impl Store {
    /// Commits a transaction that writes some segments and reads some others. If it is to be durable, it is acknowledged later, when
    /// its forces are done, and so it is if it only read; if not, nobody waits for it.
    pub(super) fn commit(&mut self, durable: bool) -> Outcome {
        let (wrote, read) = self.draw_segments();
        self.make_room(wrote)?;
        self.last_txn += 1;
        let txn = TxnNo(self.last_txn);
        let shared = Rc::new(Shared {
            txn,
            parts: wrote.iter().map(|log| self.tail(log)).collect(),
            dependencies: self.dependencies(read),
        });
        // From here on a crash may keep it.
        self.history.commit(txn, wrote, read);
        if !wrote.is_empty() && self.machine.chance.u32(..WRITES_TO_A_FAILURE) == 0 {
            return self.append_in_part(&shared);
        }
        for part in &shared.parts {
            self.write(*part, &shared);
            self.positions[part.log].tail += 1;
        }
        self.machine.step()?;
        if durable {
            let targets = self.targets(&shared);
            self.waiting.push(Waiting { txn, targets });
        }
        Ok(())
    }

    /// Which segments a transaction writes, and which it only reads; at least one of either.
    fn draw_segments(&mut self) -> (SegmentSet, SegmentSet) {
        let chance = &mut self.machine.chance;
        let mut wrote: SegmentSet = (0..LOGS).filter(|_| chance.bool()).collect();
        let others = (0..LOGS).filter(|log| !wrote.contains(*log));
        let read: SegmentSet = others.filter(|_| chance.bool()).collect();
        if wrote.is_empty() && read.is_empty() {
            wrote.insert(chance.usize(..LOGS));
        }
        (wrote, read)
    }

    /// Waits for space, while nothing is reserved. One slot stays free, as the block of the tail does in a real log.
    fn make_room(&mut self, wrote: SegmentSet) -> Outcome {
        for log in wrote.iter() {
            if self.positions[log].tail - self.log(log).header().head >= SLOTS - 1 {
                self.force_everything()?;
                self.truncate(log)?;
            }
        }
        Ok(())
    }

    /// What the transaction saw in segments that it did not write, as far as a crash could still take it back.
    fn dependencies(&self, read: SegmentSet) -> Vec<Place> {
        if !self.machine.obeys(Rule::ReadDependencies) {
            return Vec::new();
        }
        let undecided = |log: &usize| self.positions[*log].tail > self.positions[*log].decided;
        read.iter().filter(undecided).map(|log| self.tail(log)).collect()
    }

    /// A write fails, and some of the records may have landed. Nothing more is appended, so no hole is ever written over; reopening
    /// decides what becomes of the transaction.
    fn append_in_part(&mut self, shared: &Rc<Shared>) -> Outcome {
        self.machine.counts.failed_writes += 1;
        let landed = self.machine.chance.usize(1..=shared.parts.len());
        shared.parts.iter().take(landed).for_each(|part| self.write(*part, shared));
        self.machine.step()?;
        Err(Stopped)
    }

    fn write(&mut self, part: Place, shared: &Rc<Shared>) {
        let Place { log, epoch, lsn } = part;
        self.machine.logs[log].write(Record { lsn, epoch, shared: Rc::clone(shared) });
    }
}
