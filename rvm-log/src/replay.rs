//! Pushes what committed records say into a sink. Recovery, truncation and mapping all go through here.

mod batch;
mod burst;
mod overlay;
mod stretches;

use rvm_storage::Blob;
use rvm_storage::widths::wide;

use batch::Batch;
use burst::Burst;

use crate::error::{Damage, LogError, Result};
use crate::format::header::LogHeader;
use crate::ids::Lsn;
use crate::reader::no_memory;
use crate::scan::Scanner;

/// Takes the bytes that a replay brings.
///
/// A sink must obey one law: applying the same bytes at the same offset twice equals applying them once. So a replay
/// that a crash interrupted can be begun again.
pub trait ReplaySink {
    /// Puts `bytes` at `offset` of the segment. Within a batch, calls come in offset order and never overlap, unless the sink
    /// [`takes_overlaps`](Self::takes_overlaps). Some may be what it [read back](Self::read_back) before, in between others.
    ///
    /// # Errors
    /// Whatever the sink fails with; the replay stops there.
    fn apply(&mut self, offset: u64, bytes: &[u8]) -> Result<()>;

    /// Fills `bytes` with what the segment has at `offset` now. A sink that can is given changes that lie close together in one call, with what
    /// lies between them. False if it cannot; they come one by one then.
    fn read_back(&mut self, offset: u64, bytes: &mut [u8]) -> bool {
        let (_, _) = (offset, bytes);
        false
    }

    /// True for a sink to which one place is as good as the next, as it is in memory: it is given the ranges as they were written, the
    /// newer ones behind those that they overlap, and nothing is put in order first.
    fn takes_overlaps(&self) -> bool {
        false
    }
}

/// What a replay did.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Replayed {
    /// Records read.
    pub records: u64,
    /// Ranges in them.
    pub ranges: u64,
    /// Bytes in the ranges, overlaps counted as often as declared.
    pub range_bytes: u64,
    /// Bytes given to the sink.
    pub applied_bytes: u64,
}

/// How much memory is filled with ranges before they are given to the sink, in bytes.
const BATCH_LEN: usize = 64 << 20;

/// Replays the records of `[from, to)`, all of which are durable, into `sink`, for a segment of `segment_len` bytes.
/// Unless the sink takes overlaps, each byte is applied once a batch of 64 MiB, the newest winning, in offset order.
///
/// # Errors
/// I/O; corruption, which includes a range behind the segment's end; what the sink fails with.
pub fn replay(
    blob: &dyn Blob,
    header: &LogHeader,
    (from, to): (Lsn, Lsn),
    segment_len: u64,
    sink: &mut dyn ReplaySink,
) -> Result<Replayed> {
    let scanner = Scanner::between(blob, header, from, to);
    let mut reading = Reading { blob, scanner, to, segment_len, done: Replayed::default() };
    let applied_bytes =
        if sink.takes_overlaps() { reading.as_written(sink) } else { reading.in_order(sink) }?;
    reading.scanner.verdict()?;
    Ok(Replayed { applied_bytes, ..reading.done })
}

struct Reading<'a> {
    blob: &'a dyn Blob,
    scanner: Scanner<'a>,
    to: Lsn,
    segment_len: u64,
    done: Replayed,
}

impl Reading<'_> {
    /// Gives all ranges to the sink in the order of their offsets, each byte once a batch; returns how many bytes that were. What is less
    /// than a batch is not given if the records end too early.
    fn in_order(&mut self, sink: &mut dyn ReplaySink) -> Result<u64> {
        let (blob, mut batch, mut applied) = (self.blob, Batch::default(), 0);
        while self.record(|range| {
            batch.push(range.offset, range.bytes).map_err(|_| no_memory(blob))?;
            if batch.memory_len() >= BATCH_LEN {
                applied += batch.drain(sink)?;
            }
            Ok(())
        })? {}
        if self.scanner.position() == self.to {
            applied += batch.drain(sink)?;
        }
        Ok(applied)
    }

    /// Gives all ranges to the sink as they were written; returns how many bytes that were.
    fn as_written(&mut self, sink: &mut dyn ReplaySink) -> Result<u64> {
        let (blob, mut burst) = (self.blob, Burst::default());
        loop {
            if burst.is_full() || !self.scanner.holds_next() {
                burst.drain(&self.scanner, sink)?;
            }
            if !self.record(|range| burst.push(&range).map_err(|_| no_memory(blob)))? {
                burst.drain(&self.scanner, sink)?;
                return Ok(self.done.range_bytes);
            }
        }
    }

    /// Gives the ranges of the next record to `take`; false if there is none.
    fn record(&mut self, mut take: impl FnMut(Range<'_>) -> Result<()>) -> Result<bool> {
        let (blob, segment_len) = (self.blob, self.segment_len);
        let ring = self.scanner.ring();
        let Some(record) = self.scanner.next()? else { return Ok(false) };
        self.done.records += 1;
        let mut lsn = record.data_lsn();
        for (offset, bytes) in record.ranges() {
            let len = wide(bytes.len());
            let end = offset.saturating_add(len);
            if end > segment_len {
                let at = record.header().lsn;
                let damage = Damage::OutsideSegment { at, end, segment_len };
                let file = blob.location().to_owned();
                return Err(LogError::Corrupt { file, offset: ring.file_offset(at), damage });
            }
            self.done.ranges += 1;
            self.done.range_bytes += len;
            take(Range { offset, bytes, lsn })?;
            lsn = lsn.plus(len);
        }
        Ok(true)
    }
}

/// A range of a record.
struct Range<'a> {
    /// The segment offset.
    offset: u64,
    bytes: &'a [u8],
    /// Where its bytes lie in the log.
    lsn: Lsn,
}
