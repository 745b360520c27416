//! The redo ranges of one segment of a transaction: what is to be logged, with the final bytes, in replay order.

use rvm_storage::widths::wide;

use super::Transaction;
use crate::config::RangePolicy;
use crate::part::Part;
use crate::undo::UndoRecord;

/// Segment offset and final bytes of each range.
#[derive(Clone, Debug)]
pub(super) struct Redo<'a> {
    ranges: Ranges<'a>,
    bytes: &'a [u8],
}

#[derive(Clone, Debug)]
enum Ranges<'a> {
    /// One for each call, in call order.
    PerCall { records: std::slice::Iter<'a, UndoRecord>, part: usize },
    /// Merged, in offset order.
    Coalesced(std::slice::Iter<'a, (usize, usize)>),
}

impl Transaction {
    pub(super) fn redo<'a>(&'a self, index: usize, part: &'a Part) -> Redo<'a> {
        let ranges = match self.shared.config.range_policy {
            RangePolicy::PerCall => {
                Ranges::PerCall { records: self.work.undo.records().iter(), part: index }
            }
            RangePolicy::Coalesce => Ranges::Coalesced(part.coverage.ranges().iter()),
        };
        Redo { ranges, bytes: &part.memory }
    }
}

impl<'a> Iterator for Redo<'a> {
    type Item = (u64, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (start, end) = match &mut self.ranges {
            Ranges::PerCall { records, part } => {
                let record = records.find(|record| record.part == *part)?;
                (record.start, record.end)
            }
            Ranges::Coalesced(ranges) => *ranges.next()?,
        };
        Some((wide(start), self.bytes.get(start..end)?))
    }
}
