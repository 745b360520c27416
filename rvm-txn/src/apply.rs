//! Puts committed bytes into a `.seg` file. Recovery and truncation both do it here.

use rvm_log::format::header::LogHeader;
use rvm_log::{LogError, Lsn, ReplaySink, Replayed, replay};
use rvm_storage::widths::{narrow, wide};
use rvm_storage::{AlignedBuf, Blob, FileName, FileRole, Storage};

/// Applies the records of `[from, to)` to the segment of the log, and forces the segment's file.
///
/// # Errors
/// I/O; corruption. The log is unchanged, so all of it can be applied again; after an error it must be.
pub(crate) fn apply_to_segment(
    storage: &dyn Storage,
    log: &dyn Blob,
    header: &LogHeader,
    (from, to): (Lsn, Lsn),
) -> Result<Replayed, LogError> {
    let segment = storage.open(&FileName::new(&header.segment_name, FileRole::Segment))?;
    let mut writer = SegmentWriter::new(segment.as_ref());
    let done = replay(log, header, (from, to), segment.len()?, &mut writer)?;
    writer.write_gathered()?;
    segment.force()?;
    Ok(done)
}

/// Writes bytes that come in offset order, with fewer and larger writes where they lie close together.
struct SegmentWriter<'a> {
    blob: &'a dyn Blob,
    /// What is not written yet.
    runs: Vec<Run>,
    /// The bytes of the runs, one behind the other.
    gathered: Vec<u8>,
    /// What the file holds where the runs lie close together.
    around: AlignedBuf,
}

/// Bytes side by side.
struct Run {
    start: u64,
    len: usize,
}

impl Run {
    fn end(&self) -> u64 {
        self.start + wide(self.len)
    }
}

/// The part of the file that is written at once, in bytes, unless one piece is longer.
const GATHER_LEN: u64 = 256 << 10;

/// Runs with less than this between them, in bytes, are written together: what lies between is in pages that change anyway.
const CLOSE_LEN: u64 = 4 << 10;

impl<'a> SegmentWriter<'a> {
    fn new(blob: &'a dyn Blob) -> Self {
        Self { blob, runs: Vec::new(), gathered: Vec::new(), around: AlignedBuf::new() }
    }

    fn add(&mut self, offset: u64, bytes: &[u8]) {
        match self.runs.last_mut() {
            Some(last) if last.end() == offset => last.len += bytes.len(),
            _ => self.runs.push(Run { start: offset, len: bytes.len() }),
        }
        self.gathered.extend_from_slice(bytes);
    }

    fn write_gathered(&mut self) -> Result<(), LogError> {
        let (Some(first), Some(last)) = (self.runs.first(), self.runs.last()) else {
            return Ok(());
        };
        let (start, end) = (first.start, last.end());
        // What cannot be read is not needed: the runs are written one by one then.
        if self.runs.len() > 1 && self.read_around(start, end) {
            for (run, bytes) in pieces(&self.runs, &self.gathered) {
                let at = narrow(run.start - start);
                if let Some(place) = self.around.as_mut_slice().get_mut(at..at + bytes.len()) {
                    place.copy_from_slice(bytes);
                }
            }
            self.blob.write_at(start, self.around.as_slice())?;
        } else {
            for (run, bytes) in pieces(&self.runs, &self.gathered) {
                self.blob.write_at(run.start, bytes)?;
            }
        }
        self.runs.clear();
        self.gathered.clear();
        Ok(())
    }

    /// Reads `[start, end)`; says whether that was possible.
    fn read_around(&mut self, start: u64, end: u64) -> bool {
        self.around.resize(narrow(end - start));
        self.blob.read_at(start, self.around.as_mut_slice()).is_ok()
    }
}

/// The runs, each with its bytes.
fn pieces<'a>(
    runs: &'a [Run],
    mut gathered: &'a [u8],
) -> impl Iterator<Item = (&'a Run, &'a [u8])> {
    runs.iter().map(move |run| {
        let (bytes, rest) = gathered.split_at_checked(run.len).unwrap_or_default();
        gathered = rest;
        (run, bytes)
    })
}

impl ReplaySink for SegmentWriter<'_> {
    fn apply(&mut self, offset: u64, bytes: &[u8]) -> Result<(), LogError> {
        if let (Some(first), Some(last)) = (self.runs.first(), self.runs.last()) {
            // A batch begins anew at the start of the segment.
            let between = offset.checked_sub(last.end());
            let is_close = between.is_some_and(|between| between < CLOSE_LEN);
            if !is_close || offset + wide(bytes.len()) - first.start > GATHER_LEN {
                self.write_gathered()?;
            }
        }
        self.add(offset, bytes);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
