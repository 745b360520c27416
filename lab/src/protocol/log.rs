//! One log: a header, and slots that its records go round in.

use std::array;
use std::rc::Rc;

use super::page::Page;
use crate::oracle::TxnNo;

/// How many segments a store has, and logs.
pub(super) const LOGS: usize = 3;

/// How many records a log has room for. So few that space is used again all the time.
pub(super) const SLOTS: usize = 6;

/// The place of a record in the endless log. It never starts over, so the slot is `lsn % SLOTS`.
pub(super) type Lsn = usize;

/// Which of the lives between two recoveries.
pub(super) type Epoch = u32;

/// What a transaction appends to the log of one segment.
#[derive(Clone, Debug)]
pub(super) struct Record {
    pub(super) lsn: Lsn,
    pub(super) epoch: Epoch,
    /// What all records of the transaction say alike.
    pub(super) shared: Rc<Shared>,
}

/// What a transaction needs to survive. Each of its records says so.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) txn: TxnNo,
    /// Where its records are: this one and the others.
    pub(super) parts: Vec<Place>,
    /// Up to where it saw the logs of segments that it read: all below these places.
    pub(super) dependencies: Vec<Place>,
}

impl Shared {
    /// For each log that is named: the position below which everything has to be there.
    pub(super) fn ends(&self) -> impl Iterator<Item = (usize, Lsn)> {
        let parts = self.parts.iter().map(|part| (part.log, part.lsn + 1));
        parts.chain(self.dependencies.iter().map(|dependency| (dependency.log, dependency.lsn)))
    }
}

/// A position in one of the logs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) log: usize,
    pub(super) epoch: Epoch,
    pub(super) lsn: Lsn,
}

/// What a log says of itself.
#[derive(Clone, Copy, Debug)]
pub(super) struct Header {
    /// Only records of this epoch count.
    pub(super) epoch: Epoch,
    /// Records below are in the segment.
    pub(super) head: Lsn,
    /// Where the epoch before was cut: records of it count below, and never from here on.
    pub(super) prev_end: Lsn,
}

/// A log, as the machine holds it.
#[derive(Debug)]
pub(super) struct Log {
    pub(super) header: Page<Header>,
    /// `None` is what no reader takes for a record.
    pub(super) slots: [Page<Option<Record>>; SLOTS],
}

impl Log {
    pub(super) fn new() -> Self {
        Self {
            header: Page::new(Header { epoch: 1, head: 0, prev_end: 0 }),
            slots: array::from_fn(|_| Page::new(None)),
        }
    }

    pub(super) fn header(&self) -> Header {
        *self.header.read()
    }

    pub(super) fn write(&mut self, record: Record) {
        self.slots[record.lsn % SLOTS].write(Some(record));
    }

    /// The record at a position, if it is not of an earlier round; of whatever epoch.
    pub(super) fn record(&self, lsn: Lsn) -> Option<&Record> {
        self.slots[lsn % SLOTS].read().as_ref().filter(|record| record.lsn == lsn)
    }
}
