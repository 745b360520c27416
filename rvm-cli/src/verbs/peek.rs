//! `rvmctl peek`: committed bytes of a segment. It works while the store is in use, and when recovery is due.

use rvm_core::Error;
use rvm_core::rvm_history::Snapshot;
use rvm_core::rvm_storage::widths::{narrow, wide};

use super::status::WAIT;
use crate::arguments::PeekArguments;
use crate::failure::Failure;
use crate::hexdump::{Dump, to_hex};
use crate::output::Output;
use crate::place::Place;
use crate::quantities::bytes;
use crate::reports::PeekReport;

/// How much is read at once, in bytes; all zeros take no memory.
const CHUNK_LEN: usize = 64 << 10;

/// How much that is not zero is shown at once, in bytes. It is copied before any of it is printed: the store's process waits for no reader of
/// ours.
const SHOWN_MAX: u64 = 64 << 20;

/// How much JSON holds, in bytes, zeros included.
const JSON_MAX: u64 = 16 << 20;

/// A part of a segment: what of it is not zero.
struct Copied {
    segment_len: u64,
    start: u64,
    end: u64,
    pieces: Vec<(u64, Vec<u8>)>,
}

/// Shows bytes of a segment.
pub(super) fn run(
    place: &Place,
    asked: &PeekArguments,
    output: &mut Output,
) -> Result<(), Failure> {
    let copied = Copied::take(place, asked)?;
    if asked.raw {
        return copied.write(output);
    }
    if output.wants_json() {
        return output.json(&copied.report(&asked.name)?);
    }
    copied.dump(output)
}

impl Copied {
    fn take(place: &Place, asked: &PeekArguments) -> Result<Self, Failure> {
        let name = asked.name.as_str();
        let snapshot = Snapshot::take(&place.look()?, WAIT)?;
        let (segment_len, start) = (snapshot.len(name)?, asked.offset);
        let end = asked.len.map_or(segment_len.max(start), |len| start.saturating_add(len));
        if end > segment_len {
            let segment = name.to_owned();
            return Err(Error::OutOfRange { segment, start, end, segment_len }.into());
        }
        let (mut pieces, mut len) = (Vec::new(), 0);
        let mut chunks = snapshot.chunks_between(name, (start, end), CHUNK_LEN)?;
        while let Some(chunk) = chunks.next()? {
            len += wide(chunk.bytes.len());
            if len > SHOWN_MAX {
                return Err(too_much(SHOWN_MAX, "that are not zero"));
            }
            pieces.push((chunk.offset, chunk.bytes.to_vec()));
        }
        Ok(Self { segment_len, start, end, pieces })
    }

    fn write(&self, output: &mut Output) -> Result<(), Failure> {
        let zeros = vec![0; CHUNK_LEN];
        let mut at = self.start;
        let fill_to = |at: &mut u64, to: u64, output: &mut Output| {
            while *at < to {
                let some = zeros.get(..narrow(to - *at)).unwrap_or(&zeros);
                output.raw(some)?;
                *at += wide(some.len());
            }
            Ok::<(), Failure>(())
        };
        for (offset, bytes) in &self.pieces {
            fill_to(&mut at, *offset, output)?;
            output.raw(bytes)?;
            at = offset.saturating_add(wide(bytes.len()));
        }
        fill_to(&mut at, self.end, output)
    }

    fn report(&self, name: &str) -> Result<PeekReport, Failure> {
        let len = self.end - self.start;
        if len > JSON_MAX {
            return Err(too_much(JSON_MAX, "for one JSON object"));
        }
        let mut all = vec![0; narrow(len)];
        for (offset, bytes) in &self.pieces {
            let place = all.get_mut(narrow(offset - self.start)..).unwrap_or_default();
            place.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
        }
        Ok(PeekReport {
            segment: name.to_owned(),
            segment_len: self.segment_len,
            offset: self.start,
            len,
            hex: to_hex(&all),
        })
    }

    fn dump(&self, output: &mut Output) -> Result<(), Failure> {
        let mut dump = Dump::new(self.start, |line: &str| output.line(line));
        for (offset, bytes) in &self.pieces {
            dump.zeros_to(*offset)?;
            dump.bytes(bytes)?;
        }
        dump.zeros_to(self.end)?;
        dump.end()
    }
}

fn too_much(limit: u64, what: &str) -> Failure {
    Failure::Usage(format!("there are more than {} {what}: name a range", bytes(limit)))
}
