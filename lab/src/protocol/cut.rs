//! The largest consistent cut: for each log the position up to which its records count.
//!
//! A record counts if all that it names is *present*: below the head of its log, where only what is decided can be, or below its cut. So
//! one starts with all that can be read, and lowers the cuts until nothing is missing. As a cut is a prefix, nothing survives what came before
//! it; as every acknowledged commit's closure is a consistent cut itself, and the largest contains them all, none of them is lost.

use std::collections::BTreeSet;

use super::log::{LOGS, Lsn, Place, Record};
use super::rule::Rule;
use super::store::Store;

/// What of the logs counts.
#[derive(Debug)]
pub(super) struct Cut {
    pub(super) ends: [Lsn; LOGS],
    /// Records below the ends that do not count. There is no such thing under [`Rule::CascadeTheCut`].
    skipped: BTreeSet<(usize, Lsn)>,
}

impl Cut {
    pub(super) fn contains(&self, log: usize, lsn: Lsn) -> bool {
        lsn < self.ends[log] && !self.skipped.contains(&(log, lsn))
    }
}

impl Store {
    /// The largest consistent cut of what is in the logs.
    pub(super) fn consistent_cut(&self) -> Cut {
        let ends = std::array::from_fn(|log| self.valid_end(log));
        let mut cut = Cut { ends, skipped: BTreeSet::new() };
        while let Some((log, lsn)) = self.first_that_lacks_something(&cut) {
            if self.machine.obeys(Rule::CascadeTheCut) {
                cut.ends[log] = lsn;
            } else {
                cut.skipped.insert((log, lsn));
            }
        }
        cut
    }

    /// Where the records of a log end: at the first slot that does not hold the next one.
    fn valid_end(&self, log: usize) -> Lsn {
        let head = self.log(log).header().head;
        let valid = (head..).take_while(|lsn| self.valid_record(log, *lsn).is_some());
        head + valid.count()
    }

    /// The record at a position, if it is one of the log's present epoch.
    fn valid_record(&self, log: usize, lsn: Lsn) -> Option<&Record> {
        let epoch = self.log(log).header().epoch;
        let any_epoch = !self.machine.obeys(Rule::EpochInTheRecord);
        self.log(log).record(lsn).filter(|record| any_epoch || record.epoch == epoch)
    }

    fn first_that_lacks_something(&self, cut: &Cut) -> Option<(usize, Lsn)> {
        let places = (0..LOGS).flat_map(|log| {
            (self.log(log).header().head..cut.ends[log]).map(move |lsn| (log, lsn))
        });
        let mut counted = places.filter(|(log, lsn)| cut.contains(*log, *lsn));
        counted.find(|(log, lsn)| {
            self.valid_record(*log, *lsn).is_none_or(|record| !self.has_all_it_names(record, cut))
        })
    }

    fn has_all_it_names(&self, record: &Record, cut: &Cut) -> bool {
        let shared = &record.shared;
        let is_part = |found: &Record| {
            !self.machine.obeys(Rule::PartIdentity) || found.shared.txn == shared.txn
        };
        let parts = shared.parts.iter().all(|part| {
            self.is_settled(*part, part.lsn + 1).unwrap_or_else(|| {
                let found = self.valid_record(part.log, part.lsn);
                cut.contains(part.log, part.lsn) && found.is_some_and(is_part)
            })
        });
        parts
            && shared.dependencies.iter().all(|seen| {
                self.is_settled(*seen, seen.lsn).unwrap_or_else(|| seen.lsn <= cut.ends[seen.log])
            })
    }

    /// Whether everything below `end` is there, in the log and epoch of `place`, as far as the log's header can tell; nothing, if it
    /// depends on the cut.
    fn is_settled(&self, place: Place, end: Lsn) -> Option<bool> {
        let header = self.log(place.log).header();
        let epochs_tell = self.machine.obeys(Rule::JudgeOlderEpochsByPrevEnd)
            && self.machine.obeys(Rule::EpochInTheRecord);
        if place.epoch < header.epoch && epochs_tell {
            return Some(end <= header.prev_end);
        }
        (end <= header.head).then_some(true)
    }
}
