//! Pushes what committed records say into a sink. Recovery, truncation and mapping all go through here.

use rvm_storage::Blob;
use rvm_storage::widths::{narrow, wide};

use crate::batch::Batch;
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
    /// [`takes_overlaps`](Self::takes_overlaps).
    ///
    /// # Errors
    /// Whatever the sink fails with; the replay stops there.
    fn apply(&mut self, offset: u64, bytes: &[u8]) -> Result<()>;

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

/// How much memory is filled with ranges before they are put in order, in bytes, and a record's more. A record is never divided.
const BATCH_LEN: usize = 64 << 20;

/// The same for ranges that are given as they were written: they are gathered all the same, so that stores that wait for memory follow each other
/// closely and wait together.
const BURST_LEN: usize = 64 << 10;

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
    let mut scanner = Scanner::between(blob, header, from, to);
    let batch_len = if sink.takes_overlaps() { BURST_LEN } else { BATCH_LEN };
    let mut batch = Batch::default();
    let mut done = Replayed::default();
    loop {
        let at = scanner.position();
        let Some(record) = scanner.next()? else { break };
        done.records += 1;
        let (ranges, bytes) =
            (narrow(record.header().range_count.into()), narrow(record.data_len()));
        batch.make_room(ranges, bytes).map_err(|_| no_memory(blob))?;
        for (offset, bytes) in record.ranges() {
            let end = offset.saturating_add(wide(bytes.len()));
            if end > segment_len {
                let damage = Damage::OutsideSegment { at, end, segment_len };
                let file = blob.location().to_owned();
                return Err(LogError::Corrupt {
                    file,
                    offset: header.ring.file_offset(at),
                    damage,
                });
            }
            done.ranges += 1;
            done.range_bytes += wide(bytes.len());
            batch.push(offset, bytes);
        }
        if batch.memory_len() >= batch_len {
            done.applied_bytes += drain(&mut batch, sink)?;
        }
    }
    scanner.verdict()?;
    done.applied_bytes += drain(&mut batch, sink)?;
    Ok(done)
}

fn drain(batch: &mut Batch, sink: &mut dyn ReplaySink) -> Result<u64> {
    let (mut applied, takes_overlaps) = (0, sink.takes_overlaps());
    let emit = |offset, bytes: &[u8]| {
        applied += wide(bytes.len());
        sink.apply(offset, bytes)
    };
    if takes_overlaps { batch.drain_as_written(emit) } else { batch.drain(emit) }?;
    Ok(applied)
}
