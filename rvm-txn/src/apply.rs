//! Puts committed bytes into a `.seg` file. Recovery and truncation both do it here.

use rvm_log::format::header::LogHeader;
use rvm_log::{LogError, Lsn, ReplaySink, Replayed, replay};
use rvm_storage::{Blob, FileName, FileRole, Storage};

/// Whether others wait for the device meanwhile.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Pace {
    /// Nobody does.
    AtOnce,
    /// Commits go on. A device that is told to force much keeps a log's force waiting, so it is told [little at a time](LITTLE).
    BesideCommits,
}

/// How much of a segment is written, in bytes, before it is forced, where commits go on.
const LITTLE: usize = 1 << 20;

/// Applies the records of `[from, to)` to the segment of the log, and forces the segment's file.
///
/// # Errors
/// I/O; corruption. The log is unchanged, so all of it can be applied again; after an error it must be.
pub(crate) fn apply_to_segment(
    storage: &dyn Storage,
    log: &dyn Blob,
    header: &LogHeader,
    (from, to): (Lsn, Lsn),
    pace: Pace,
) -> Result<Replayed, LogError> {
    let segment = storage.open(&FileName::new(&header.segment_name, FileRole::Segment))?;
    let mut writer = SegmentWriter { blob: segment.as_ref(), pace, unforced: 0 };
    let done = replay(log, header, (from, to), segment.len()?, &mut writer)?;
    segment.force()?;
    Ok(done)
}

/// Writes a segment's file, and lets changes that lie close together be written together.
struct SegmentWriter<'a> {
    blob: &'a dyn Blob,
    pace: Pace,
    /// How much was written since the last force, in bytes.
    unforced: usize,
}

impl ReplaySink for SegmentWriter<'_> {
    fn apply(&mut self, offset: u64, bytes: &[u8]) -> Result<(), LogError> {
        self.blob.write_at(offset, bytes)?;
        self.unforced += bytes.len();
        if self.pace == Pace::BesideCommits && self.unforced >= LITTLE {
            self.blob.force()?;
            self.unforced = 0;
        }
        Ok(())
    }

    /// What cannot be read is not needed: the changes are written one by one then.
    fn read_back(&mut self, offset: u64, bytes: &mut [u8]) -> bool {
        self.blob.read_at(offset, bytes).is_ok()
    }
}

#[cfg(test)]
mod tests;
