//! Bytes that differ, put together to ranges.

use rvm_storage::widths::{narrow, wide};

use super::Difference;
use crate::copy_error::Result;
use crate::image::PIECE_LEN;

/// Bytes that differ belong to one range if fewer equal ones than this lie between them.
pub const GAP: usize = 16;
/// No range is longer, in bytes: a longer one is told in several.
pub const RANGE_LEN_MAX: usize = 64 << 10;

/// No record is longer, in bytes.
pub const RECORD_LEN_MAX: u64 = 4096;

/// Where records start: at each offset that is `start` and some times `len`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Records {
    pub(super) len: u64,
    /// Below the length.
    pub(super) start: u64,
}

impl Records {
    /// How many bytes of its record lie before a position.
    const fn before(self, position: u64) -> u64 {
        (position % self.len + self.len - self.start) % self.len
    }

    /// How many bytes of its record lie at and behind a position; none if one starts there.
    const fn behind(self, position: u64) -> u64 {
        (self.len - self.before(position)) % self.len
    }
}

/// The range that is being put together, and how many there were.
pub(super) struct Ranges<'a> {
    segment: &'a str,
    len: u64,
    records: Records,
    start: u64,
    first: Vec<u8>,
    second: Vec<u8>,
    /// How many bytes at their end are equal.
    equal: usize,
    count: u64,
    bytes: u64,
}

type Each<'e> = dyn FnMut(Difference<'_>) -> Result<()> + 'e;

impl<'a> Ranges<'a> {
    /// Nothing behind the first `len` bytes is compared.
    pub(super) fn new(segment: &'a str, len: u64, records: Records) -> Self {
        let (first, second) = (Vec::new(), Vec::new());
        Self { segment, len, records, start: 0, first, second, equal: 0, count: 0, bytes: 0 }
    }

    /// Compares a piece of both sides; what is missing of one is zeros.
    pub(super) fn add(
        &mut self,
        offset: u64,
        (first, second): (&[u8], &[u8]),
        each: &mut Each<'_>,
    ) -> Result<()> {
        if offset != self.start + wide(self.first.len()) {
            self.end(each)?;
        }
        if first == second {
            return Ok(());
        }
        let len = narrow(PIECE_LEN.min(self.len.saturating_sub(offset)));
        let at = |side: &[u8], index| side.get(index).copied().unwrap_or(0);
        for (index, position) in (0..len).zip(offset..) {
            let (old, new) = (at(first, index), at(second, index));
            if self.first.is_empty() {
                if old == new {
                    continue;
                }
                let back = index.min(narrow(self.records.before(position)));
                self.start = position - wide(back);
                self.first.extend((index - back..index).map(|index| at(first, index)));
                self.second.extend((index - back..index).map(|index| at(second, index)));
            }
            self.push(position, (old, new), each)?;
        }
        Ok(())
    }

    fn push(&mut self, position: u64, (old, new): (u8, u8), each: &mut Each<'_>) -> Result<()> {
        self.first.push(old);
        self.second.push(new);
        if old == new {
            self.equal += 1;
        } else {
            self.equal = 0;
            self.bytes += 1;
        }
        let is_apart = self.equal >= GAP.max(narrow(self.records.len));
        let is_long = self.first.len() >= RANGE_LEN_MAX && self.records.behind(position + 1) == 0;
        if is_apart || is_long { self.end(each) } else { Ok(()) }
    }

    /// Tells of the range, without the equal bytes at its end but those of its last record.
    fn end(&mut self, each: &mut Each<'_>) -> Result<()> {
        let mut len = self.first.len() - self.equal.min(self.first.len());
        if len > 0 {
            let rest = self.records.behind(self.start + wide(len));
            len = self.first.len().min(len + narrow(rest));
        }
        self.first.truncate(len);
        self.second.truncate(len);
        if len > 0 {
            self.count += 1;
            let (segment, offset) = (self.segment, self.start);
            let (first, second) = (&self.first[..], &self.second[..]);
            each(Difference::Range { segment, offset, first, second })?;
        }
        self.first.clear();
        self.second.clear();
        self.equal = 0;
        Ok(())
    }

    /// Tells of the last range; returns how many there were, and how many bytes differ.
    pub(super) fn finish(mut self, each: &mut Each<'_>) -> Result<(u64, u64)> {
        self.end(each)?;
        Ok((self.count, self.bytes))
    }
}
