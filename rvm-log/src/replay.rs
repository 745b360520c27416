//! Pushes what committed records say into a sink. Recovery, truncation and mapping all go through here.

use rvm_storage::Blob;
use rvm_storage::widths::{narrow, wide};

use crate::error::{Damage, LogError, Result};
use crate::format::header::LogHeader;
use crate::ids::Lsn;
use crate::resolve::{Piece, resolve};
use crate::scan::Scanner;

/// Takes the bytes that a replay brings.
///
/// A sink must obey one law: applying the same bytes at the same offset twice equals applying them once. So a replay
/// that a crash interrupted can be begun again.
pub trait ReplaySink {
    /// Puts `bytes` at `offset` of the segment. Within a batch, calls come in offset order and never overlap.
    ///
    /// # Errors
    /// Whatever the sink fails with; the replay stops there.
    fn apply(&mut self, offset: u64, bytes: &[u8]) -> Result<()>;
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

/// How many bytes of records are resolved at once. A record is never divided.
const BATCH_LEN: usize = 64 << 20;

/// Replays the records of `[from, to)`, all of which are durable, into `sink`, for a segment of `segment_len` bytes.
/// Each byte is applied once a batch of 64 MiB, the newest winning, in offset order.
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
    let mut batch = Batch::default();
    let mut done = Replayed::default();
    loop {
        let at = scanner.position();
        let Some(record) = scanner.next()? else { break };
        done.records += 1;
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
        if batch.bytes.len() >= BATCH_LEN {
            done.applied_bytes += batch.drain_into(sink)?;
        }
    }
    scanner.verdict()?;
    done.applied_bytes += batch.drain_into(sink)?;
    Ok(done)
}

#[derive(Default)]
struct Batch {
    pieces: Vec<Piece>,
    bytes: Vec<u8>,
}

impl Batch {
    fn push(&mut self, offset: u64, bytes: &[u8]) {
        self.pieces.push(Piece { offset, len: wide(bytes.len()), at: wide(self.bytes.len()) });
        self.bytes.extend_from_slice(bytes);
    }

    fn drain_into(&mut self, sink: &mut dyn ReplaySink) -> Result<u64> {
        let mut applied = 0;
        resolve(&self.pieces, |piece| {
            let at = narrow(piece.at);
            let bytes = self.bytes.get(at..at.saturating_add(narrow(piece.len)));
            applied += piece.len;
            sink.apply(piece.offset, bytes.unwrap_or_default())
        })?;
        self.pieces.clear();
        self.bytes.clear();
        Ok(applied)
    }
}
