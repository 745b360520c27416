//! One segment: a mark for each transaction, and a cell that all of them overwrite.

use super::page::Page;
use crate::oracle::{SegmentFound, TxnNo};

/// A segment, as the machine holds it. All of its cells are pages of their own, so that they can be lost one by one.
#[derive(Debug)]
pub(super) struct Segment {
    /// By the numbers of the transactions, as far as any has left one.
    marks: Vec<Page<bool>>,
    last: Page<Option<TxnNo>>,
}

impl Segment {
    pub(super) fn new() -> Self {
        Self { marks: Vec::new(), last: Page::new(None) }
    }

    /// Does what a record of the transaction says.
    pub(super) fn apply(&mut self, txn: TxnNo) {
        let place = txn.0 as usize;
        if place >= self.marks.len() {
            self.marks.resize(place + 1, Page::new(false));
        }
        self.marks[place].write(true);
        self.last.write(Some(txn));
    }

    pub(super) fn write_back(&mut self) {
        self.marks.iter_mut().for_each(Page::write_back);
        self.last.write_back();
    }

    /// What the machine does now and then: one page, if there is any to write.
    pub(super) fn write_back_one(&mut self, chance: &mut fastrand::Rng) {
        let dirty = self.marks.iter().filter(|mark| mark.is_dirty()).count();
        let pick = chance.usize(..=dirty);
        match self.marks.iter_mut().filter(|mark| mark.is_dirty()).nth(pick) {
            Some(mark) => mark.write_back(),
            None => self.last.write_back(),
        }
    }

    pub(super) fn fail_to_write_back(&mut self) {
        self.marks.iter_mut().for_each(Page::fail_to_write_back);
        self.last.fail_to_write_back();
    }

    pub(super) fn lose_power(&mut self, chance: &mut fastrand::Rng) {
        for mark in &mut self.marks {
            let just_in_time = mark.is_dirty() && chance.bool();
            mark.lose_power(just_in_time);
        }
        self.last.lose_power(chance.bool());
    }

    pub(super) fn found(&self) -> SegmentFound {
        let marks = (0..).map(TxnNo).zip(&self.marks);
        let present = marks.filter(|(_, mark)| *mark.read()).map(|(txn, _)| txn).collect();
        SegmentFound { present, last: *self.last.read() }
    }
}
