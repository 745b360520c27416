//! The sectors that writes made a file longer by: a device may have the length, and not the zeros.

use std::ops::Range;

use crate::widths::wide;

use super::pages::SECTOR_LEN;

/// A set of sectors, as ranges that may overlap.
#[derive(Clone, Default, Debug)]
pub(super) struct Fresh(Vec<Range<u64>>);

impl Fresh {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether there is more than one.
    pub(super) fn are_many(&self) -> bool {
        self.sectors().nth(1).is_some()
    }

    pub(super) fn sectors(&self) -> impl Iterator<Item = u64> {
        self.0.iter().flat_map(Clone::clone)
    }

    /// Adds the sectors that begin in `bytes`.
    pub(super) fn add(&mut self, bytes: Range<u64>) {
        let sectors = bytes.start.div_ceil(wide(SECTOR_LEN))..bytes.end.div_ceil(wide(SECTOR_LEN));
        match self.0.last_mut() {
            _ if sectors.is_empty() => {}
            Some(last) if last.end == sectors.start => last.end = sectors.end,
            _ => self.0.push(sectors),
        }
    }

    pub(super) fn append(&mut self, other: &mut Self) {
        self.0.append(&mut other.0);
    }

    pub(super) fn remove(&mut self, sectors: &Range<u64>) {
        if !self.is_empty() {
            let rest = |range: &Range<u64>| {
                let before = range.start..range.end.min(sectors.start);
                [before, range.start.max(sectors.end)..range.end]
            };
            let left = self.0.iter().flat_map(rest).filter(|range| !range.is_empty());
            self.0 = left.collect();
        }
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}
