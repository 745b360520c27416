//! A transaction: exclusive use of some segments, until commit or abort.

mod abort;
mod append;
mod commit;
mod redo;
mod work;

use std::fmt;
use std::ops::{Bound, RangeBounds};
use std::sync::Arc;

use rvm_storage::widths::{narrow, wide};

use crate::arbiter::{Mode, Slots, ThreadKey, Wait};
use crate::config::{RangePolicy, UndoMode};
use crate::error::{Error, Result};
use crate::ownership::{Taken, take_segments};
use crate::part::Part;
use crate::segment::Segment;
use crate::shared::Shared;

use work::Work;

pub use commit::{Commit, Durability};

/// Exclusive use of some segments, until [`commit`](Self::commit) or [`abort`](Self::abort). Dropping it aborts.
///
/// It may be sent to another thread. The store takes the thread that used it last for the one that holds it, so that it knows who waits
/// for whom; one that was sent and not used yet still counts for the thread that it came from.
#[must_use = "dropping a transaction aborts it"]
pub struct Transaction {
    shared: Arc<Shared>,
    work: Work,
    /// The segments' places with the arbiter.
    slots: Slots,
    thread: ThreadKey,
}

impl Transaction {
    pub(crate) fn begin(shared: &Arc<Shared>, segments: &[&Segment], wait: Wait) -> Result<Self> {
        shared.check_writable("begin a transaction")?;
        shared.logs.health.check()?;
        let thread = ThreadKey::current();
        let Taken { mappings, slots, left } =
            take_segments(shared, segments, Mode::Exclusive, wait)?;
        let mut work = Work::reused();
        for (mapping, left) in mappings.into_iter().zip(left) {
            let Some(mut part) = left.or_else(|| Part::of(mapping)) else { break };
            mapping.give_back_pages(&mut part.memory);
            work.parts.push(part);
        }
        let mut begun = Self { shared: Arc::clone(shared), work, slots, thread };
        match begun.check_begun() {
            Ok(()) => Ok(begun),
            Err(error) => {
                begun.release();
                Err(error)
            }
        }
    }

    /// What may have changed while the transaction waited.
    fn check_begun(&self) -> Result<()> {
        self.work.parts.iter().try_for_each(|part| part.segment.check_usable())?;
        self.shared.check_usable()?;
        if self.work.parts.len() < self.slots.len() { Err(Error::NoSegments) } else { Ok(()) }
    }

    /// Declares that `range` (in bytes of the segment) will change, saves its old bytes, and returns exactly that range to be changed.
    ///
    /// Each call makes one undo record, and at commit one redo range that holds the range's final bytes; see
    /// [`RangePolicy`] for another way.
    ///
    /// # Errors
    /// [`Error::NotInTransaction`], [`Error::OutOfRange`], [`Error::Forked`]; the transaction stays usable.
    pub fn about_to_modify(
        &mut self,
        segment: &Segment,
        range: impl RangeBounds<u64>,
    ) -> Result<&mut [u8]> {
        let (part, start, end) = self.locate(segment, &range)?;
        Ok(self.declare(part, start, end))
    }

    /// Returns a range that lies within one that was declared before, to be changed again, without another record.
    ///
    /// # Errors
    /// [`Error::NotDeclared`], [`Error::NotInTransaction`], [`Error::OutOfRange`], [`Error::Forked`].
    pub fn declared_mut(
        &mut self,
        segment: &Segment,
        range: impl RangeBounds<u64>,
    ) -> Result<&mut [u8]> {
        let (part, start, end) = self.locate(segment, &range)?;
        let declared =
            match self.shared.config.range_policy {
                RangePolicy::PerCall => self.work.undo.records().iter().rev().any(|record| {
                    record.part == part && record.start <= start && end <= record.end
                }),
                RangePolicy::Coalesce => {
                    self.work.parts.get(part).is_some_and(|part| part.coverage.contains(start, end))
                }
            };
        if !declared {
            let segment = segment.name().to_owned();
            return Err(Error::NotDeclared { segment, start: wide(start), end: wide(end) });
        }
        Ok(self.bytes_mut(part, start, end))
    }

    /// Declares several ranges of a segment and returns them all at once, in the order given.
    ///
    /// # Errors
    /// [`Error::Overlap`] names two that overlap; else as [`about_to_modify`](Self::about_to_modify). Nothing is declared then.
    pub fn about_to_modify_disjoint<R: RangeBounds<u64>>(
        &mut self,
        segment: &Segment,
        ranges: &[R],
    ) -> Result<Vec<&mut [u8]>> {
        let mut located = Vec::with_capacity(ranges.len());
        let mut part = self.part_of(segment)?;
        for (order, range) in ranges.iter().enumerate() {
            let (found, start, end) = self.locate(segment, range)?;
            part = found;
            located.push((start, end, order));
        }
        let in_call_order = located.clone();
        located.sort_unstable();
        for (&(start, end, _), &(next_start, next_end, _)) in
            located.iter().zip(located.iter().skip(1))
        {
            if next_start < end {
                return Err(Error::Overlap {
                    segment: segment.name().to_owned(),
                    first: (wide(start), wide(end)),
                    second: (wide(next_start), wide(next_end)),
                });
            }
        }
        for (start, end, _) in in_call_order {
            self.declare(part, start, end);
        }
        let len = narrow(segment.len());
        let (mut rest, mut position) = (self.bytes_mut(part, 0, len), 0);
        let mut slices = Vec::with_capacity(located.len());
        for (start, end, order) in located {
            let (_, behind) = rest.split_at_mut_checked(start - position).unwrap_or_default();
            let (slice, behind) = behind.split_at_mut_checked(end - start).unwrap_or_default();
            slices.push((order, slice));
            (rest, position) = (behind, end);
        }
        slices.sort_unstable_by_key(|(order, _)| *order);
        Ok(slices.into_iter().map(|(_, slice)| slice).collect())
    }

    /// Declares the range of `bytes` at `offset` and copies them there.
    ///
    /// # Errors
    /// As [`about_to_modify`](Self::about_to_modify).
    pub fn write(&mut self, segment: &Segment, offset: u64, bytes: &[u8]) -> Result<()> {
        let end = offset.saturating_add(wide(bytes.len()));
        self.about_to_modify(segment, offset..end)?.copy_from_slice(bytes);
        Ok(())
    }

    /// The segment with this transaction's changes. What earlier transactions left there may not be durable yet.
    ///
    /// # Errors
    /// [`Error::NotInTransaction`], [`Error::Forked`].
    pub fn read(&self, segment: &Segment) -> Result<&[u8]> {
        if self.shared.in_child() {
            return Err(Error::Forked);
        }
        let part = self.part_of(segment)?;
        Ok(self.work.parts.get(part).map_or(&[], |part| &part.memory))
    }

    /// A word for people, kept in the log's records; replaces an earlier one.
    ///
    /// # Errors
    /// [`Error::LabelTooLong`] above 255 bytes.
    pub fn label(&mut self, label: &str) -> Result<()> {
        if label.len() > usize::from(u8::MAX) {
            return Err(Error::LabelTooLong { len: label.len() });
        }
        self.work.label.clear();
        self.work.label.extend_from_slice(label.as_bytes());
        Ok(())
    }

    #[inline]
    fn part_of(&self, segment: &Segment) -> Result<usize> {
        let part =
            self.work.parts.iter().position(|part| Arc::ptr_eq(&part.segment, &segment.mapping));
        part.ok_or_else(|| not_in_transaction(segment))
    }

    /// Checks a range; returns the part and its bounds in memory.
    #[inline]
    fn locate(
        &mut self,
        segment: &Segment,
        range: &impl RangeBounds<u64>,
    ) -> Result<(usize, usize, usize)> {
        if self.shared.in_child() {
            return Err(Error::Forked);
        }
        self.follow_thread();
        let part = self.part_of(segment)?;
        let start = match range.start_bound() {
            Bound::Included(start) => *start,
            Bound::Excluded(before) => before.saturating_add(1),
            Bound::Unbounded => 0,
        };
        let end = match range.end_bound() {
            Bound::Included(last) => last.saturating_add(1),
            Bound::Excluded(end) => *end,
            Bound::Unbounded => segment.len(),
        };
        if start > end || end > segment.len() {
            return Err(out_of_range(segment, start, end));
        }
        Ok((part, narrow(start), narrow(end)))
    }

    /// The range was located: it lies within the part.
    #[inline]
    fn declare(&mut self, part_index: usize, start: usize, end: usize) -> &mut [u8] {
        let Work { parts, undo, .. } = &mut self.work;
        let Some(part) = parts.get_mut(part_index) else { return &mut [] };
        let bytes = part.memory.get_mut(start..end).unwrap_or_default();
        part.written = true;
        let config = &self.shared.config;
        let old = if config.undo == UndoMode::Keep { &*bytes } else { &[] };
        match config.range_policy {
            RangePolicy::PerCall => undo.push(part_index, (start, end), old),
            RangePolicy::Coalesce => part.coverage.add(start, end, |fresh_start, fresh_end| {
                let old = old.get(fresh_start - start..fresh_end - start).unwrap_or_default();
                undo.push(part_index, (fresh_start, fresh_end), old);
            }),
        }
        bytes
    }

    fn bytes_mut(&mut self, part: usize, start: usize, end: usize) -> &mut [u8] {
        let memory = self.work.parts.get_mut(part).map(|part| &mut part.memory);
        memory.and_then(|memory| memory.get_mut(start..end)).unwrap_or_default()
    }

    /// The store takes the thread that used the transaction last for the one that holds its segments.
    fn follow_thread(&mut self) {
        let thread = ThreadKey::current();
        if thread != self.thread {
            self.thread = thread;
            self.shared.arbiter.hand_over(&self.slots, thread);
        }
    }

    /// Gives the segments and the undo queue back.
    fn release(&mut self) {
        for part in &mut self.work.parts {
            part.reset();
        }
        let left = self.work.parts.drain(..);
        self.shared.arbiter.release(&self.slots, Mode::Exclusive, self.thread, left);
        std::mem::take(&mut self.work).leave();
    }
}

#[cold]
fn out_of_range(segment: &Segment, start: u64, end: u64) -> Error {
    let (segment, segment_len) = (segment.name().to_owned(), segment.len());
    Error::OutOfRange { segment, start, end, segment_len }
}

#[cold]
fn not_in_transaction(segment: &Segment) -> Error {
    Error::NotInTransaction { segment: segment.name().to_owned() }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        if !self.work.parts.is_empty() && !self.shared.in_child() {
            // A drop cannot tell; a segment that could not be restored says so when it is used next.
            self.undo_and_release().ok();
        }
    }
}

impl fmt::Debug for Transaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let segments: Vec<_> = self.work.parts.iter().map(|part| &part.segment.name).collect();
        f.debug_struct("Transaction")
            .field("segments", &segments)
            .field("declared", &self.work.undo.records().len())
            .finish_non_exhaustive()
    }
}
