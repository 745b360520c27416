//! Abort: memory becomes what it was.

use std::sync::Arc;

use rvm_log::{LogError, ReplaySink, replay};
use rvm_storage::widths::{narrow, wide};
use rvm_storage::{FileName, FileRole};

use super::Transaction;
use crate::config::UndoMode;
use crate::coverage::Coverage;
use crate::error::{Error, Result};
use crate::part::Part;
use crate::shared::Shared;
use crate::sync::atomic::Ordering;
use crate::truncate::TruncationRight;
use crate::undo::UndoQueue;

impl Transaction {
    /// Undoes every declared change, newest first, and gives the segments back.
    ///
    /// # Errors
    /// [`Error::Forked`]; with [`UndoMode::None`] also [`Error::NotRestored`], when the committed bytes could not be read
    /// back: the segment must be mapped again.
    pub fn abort(mut self) -> Result<()> {
        if self.shared.in_child() {
            return Err(Error::Forked);
        }
        self.undo_and_release()
    }

    pub(super) fn undo_and_release(&mut self) -> Result<()> {
        let restored = match self.shared.config.undo {
            UndoMode::Keep => {
                self.restore_snapshots();
                Ok(())
            }
            UndoMode::None => self.restore_committed(),
        };
        let counters = self.shared.counters();
        counters.aborts.add(1);
        counters.undo_records.add(wide(self.work.undo.records().len()));
        self.release();
        restored
    }

    fn restore_snapshots(&mut self) {
        for record in self.work.undo.records().iter().rev() {
            let old = self.work.undo.old_bytes(record);
            let memory = self.work.parts.get_mut(record.part).map(|part| &mut part.memory);
            let now = memory.and_then(|memory| memory.get_mut(record.start..record.end));
            if let Some(now) = now.filter(|now| now.len() == old.len()) {
                now.copy_from_slice(old);
            }
        }
    }

    fn restore_committed(&mut self) -> Result<()> {
        let mut result = Ok(());
        for (index, part) in self.work.parts.iter_mut().enumerate() {
            if part.written && read_back(&self.shared, &self.work.undo, index, part).is_err() {
                part.segment.spoiled.store(true, Ordering::Release);
                result = Err(Error::NotRestored { segment: part.segment.name.to_string() });
            }
        }
        result
    }
}

/// Puts the committed bytes back into the declared ranges of a part: those of the segment's file, and over them what the log
/// holds.
fn read_back(shared: &Shared, undo: &UndoQueue, index: usize, part: &mut Part) -> Result<()> {
    let log = &part.log;
    let _right = TruncationRight::take(log);
    let all_durable = {
        let state = log.latch.lock();
        state.durable == state.tail.end()
    };
    if !all_durable {
        // What is only in memory cannot be read back.
        shared.logs.settle([(Arc::clone(log), log.end())])?;
    }
    let mut declared = Coverage::default();
    for record in undo.records().iter().filter(|record| record.part == index) {
        declared.add(record.start, record.end, |_, _| {});
    }
    let file = shared.storage.open(&FileName::new(&part.segment.name, FileRole::Segment))?;
    for &(start, end) in declared.ranges() {
        file.read_at(wide(start), part.memory.get_mut(start..end).unwrap_or_default())?;
    }
    let (head, durable) = {
        let state = log.latch.lock();
        (state.head, state.durable)
    };
    let header = log.file.lock().header().clone();
    let mut sink = Within { declared: &declared, memory: &mut part.memory };
    replay(log.blob.as_ref(), &header, (head, durable), part.segment.len, &mut sink)?;
    Ok(())
}

/// Takes replayed bytes into memory, but only where ranges were declared.
struct Within<'a> {
    declared: &'a Coverage,
    memory: &'a mut [u8],
}

impl ReplaySink for Within<'_> {
    fn apply(&mut self, offset: u64, bytes: &[u8]) -> std::result::Result<(), LogError> {
        let (start, end) = (narrow(offset), narrow(offset) + bytes.len());
        let ranges = self.declared.ranges();
        let first = ranges.partition_point(|range| range.1 <= start);
        for &(low, high) in ranges.iter().skip(first).take_while(|range| range.0 < end) {
            let (low, high) = (low.max(start), high.min(end));
            let to = self.memory.get_mut(low..high);
            if let (Some(to), Some(from)) = (to, bytes.get(low - start..high - start)) {
                to.copy_from_slice(from);
            }
        }
        Ok(())
    }

    fn takes_overlaps(&self) -> bool {
        true
    }
}
