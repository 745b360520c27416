//! Where in a log the bytes lie that its segment's file may lack, the newest of each.
//!
//! Only as many places are kept as memory is allowed for: those from some offset of the segment on, up to another. Reading elsewhere makes
//! them anew from the log, so that to read a segment in order takes one scan for each [`PLACES_MAX`].

use std::collections::BTreeMap;

use rvm_log::{Damage, LogError, Lsn};
use rvm_storage::widths::{narrow, wide};
use rvm_txn::Result;
use rvm_txn::inspect::LogView;

/// How many places are kept at most; each takes some 50 bytes.
const PLACES_MAX: usize = if cfg!(test) { 8 } else { 1 << 21 };

/// The places of a stretch of a segment.
#[derive(Debug, Default)]
pub(super) struct Overlay {
    /// What the places are known of: from here to there.
    start: u64,
    end: u64,
    /// Where a run of bytes starts in the segment, how many they are, and where they lie in the log. None overlap.
    places: BTreeMap<u64, Place>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Place {
    len: u64,
    lsn: Lsn,
}

impl Overlay {
    /// Puts what the log has over `bytes`, which are the file's from `offset` on.
    pub(super) fn put_over(
        &mut self,
        log: &LogView<'_>,
        segment_len: u64,
        offset: u64,
        bytes: &mut [u8],
    ) -> Result<()> {
        let (mut at, end) = (offset, offset.saturating_add(wide(bytes.len())));
        while at < end {
            self.look(log, segment_len, at)?;
            let until = self.end.min(end);
            for (start, place) in self.within(at, until) {
                let target = narrow(start - offset)..narrow(start - offset + place.len);
                read_log(log, place.lsn, bytes.get_mut(target).unwrap_or_default())?;
            }
            at = until;
        }
        Ok(())
    }

    /// The first byte from `offset` on that the log changes.
    pub(super) fn next_change(
        &mut self,
        log: &LogView<'_>,
        segment_len: u64,
        offset: u64,
    ) -> Result<Option<u64>> {
        let mut at = offset;
        while at < segment_len {
            self.look(log, segment_len, at)?;
            if let Some((start, _)) = self.within(at, self.end).next() {
                return Ok(Some(start));
            }
            at = self.end;
        }
        Ok(None)
    }

    /// The places between two offsets, cut to those.
    fn within(&self, from: u64, to: u64) -> impl Iterator<Item = (u64, Place)> {
        let before = self.places.range(..from).next_back();
        let before = before.filter(move |(start, place)| *start + place.len > from);
        let inside = self.places.range(from..to.max(from));
        before.into_iter().chain(inside).map(move |(start, place)| {
            let (first, end) = ((*start).max(from), (start + place.len).min(to));
            (first, Place { len: end - first, lsn: place.lsn.plus(first - start) })
        })
    }

    /// Makes the places of `offset`, and of as much behind it as there is memory for.
    fn look(&mut self, log: &LogView<'_>, segment_len: u64, offset: u64) -> Result<()> {
        if self.start <= offset && offset < self.end {
            return Ok(());
        }
        self.places.clear();
        (self.start, self.end) = (offset, segment_len);
        let made = self.scan(log, segment_len);
        if made.is_err() {
            self.end = self.start;
        }
        made
    }

    fn scan(&mut self, log: &LogView<'_>, segment_len: u64) -> Result<()> {
        let mut scanner = log.records(log.head());
        while let Some(record) = scanner.next()? {
            let mut lsn = record.data_lsn();
            for (offset, bytes) in record.ranges() {
                let len = wide(bytes.len());
                let end = offset.saturating_add(len);
                if end > segment_len {
                    return Err(outside(log, record.header().lsn, end, segment_len).into());
                }
                self.put(offset, end, lsn);
                lsn = lsn.plus(len);
            }
        }
        scanner.verdict()?;
        Ok(())
    }

    /// Puts a newer run of bytes over the others.
    fn put(&mut self, offset: u64, end: u64, lsn: Lsn) {
        let (start, end) = (offset.max(self.start), end.min(self.end));
        if start >= end {
            return;
        }
        self.make_way(start, end);
        let lsn = lsn.plus(start - offset);
        self.places.insert(start, Place { len: end - start, lsn });
        if self.places.len() > PLACES_MAX {
            while self.places.len() > PLACES_MAX / 2 {
                let Some((start, _)) = self.places.pop_last() else { break };
                self.end = start;
            }
        }
    }

    fn make_way(&mut self, start: u64, end: u64) {
        if let Some((&first, &place)) = self.places.range(..start).next_back()
            && first + place.len > start
        {
            self.places.insert(first, Place { len: start - first, lsn: place.lsn });
            self.keep_tail(first, place, end);
        }
        while let Some((&first, &place)) = self.places.range(start..end).next() {
            self.places.remove(&first);
            self.keep_tail(first, place, end);
        }
    }

    /// What of a run that is written over lies behind `end`.
    fn keep_tail(&mut self, first: u64, place: Place, end: u64) {
        let after = first + place.len;
        if after > end {
            let tail = Place { len: after - end, lsn: place.lsn.plus(end - first) };
            self.places.insert(end, tail);
        }
    }
}

/// Fills `bytes` from a position of the log on.
fn read_log(log: &LogView<'_>, lsn: Lsn, bytes: &mut [u8]) -> Result<()> {
    let (blob, ring) = (log.file().blob(), log.file().ring());
    let before_wrap = narrow(ring.before_wrap(lsn, wide(bytes.len())));
    let (first, wrapped) = bytes.split_at_mut_checked(before_wrap).unwrap_or_default();
    blob.read_at(ring.file_offset(lsn), first)?;
    if !wrapped.is_empty() {
        blob.read_at(rvm_log::DATA_START, wrapped)?;
    }
    Ok(())
}

fn outside(log: &LogView<'_>, at: Lsn, end: u64, segment_len: u64) -> LogError {
    LogError::Corrupt {
        file: log.file().blob().location().to_owned(),
        offset: log.file().ring().file_offset(at),
        damage: Damage::OutsideSegment { at, end, segment_len },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes_of(overlay: &Overlay, len: u64) -> Vec<u64> {
        let mut found = vec![0; narrow(len)];
        for (start, place) in overlay.within(0, len) {
            for step in 0..place.len {
                found[narrow(start + step)] = place.lsn.0 + step;
            }
        }
        found
    }

    /// Guards against an older byte that shows through a newer one, against a rest that is lost, and against places beyond the bound:
    /// compared with bytes that are written one by one.
    #[test]
    fn the_newest_place_of_each_byte_is_kept() {
        const LEN: u64 = 64;
        let mut seed = 7_u64;
        let mut draw = |below: u64| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (seed >> 33) % below
        };
        for _ in 0..500 {
            let mut overlay = Overlay { start: 0, end: LEN, places: BTreeMap::new() };
            let mut model = vec![0; narrow(LEN)];
            for number in 1..=draw(20) {
                let (start, lsn) = (draw(LEN), number * 1000);
                let end = (start + draw(12)).min(LEN);
                overlay.put(start, end, Lsn(lsn));
                (start..end).for_each(|at| model[narrow(at)] = lsn + at - start);
                assert!(overlay.places.len() <= PLACES_MAX + 1);
            }
            let known = narrow(overlay.end);
            assert_eq!(bytes_of(&overlay, overlay.end), model[..known]);
        }
    }
}
