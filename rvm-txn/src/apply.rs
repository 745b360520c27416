//! Puts committed bytes into a `.seg` file. Recovery and truncation both do it here.

use rvm_log::format::header::LogHeader;
use rvm_log::{LogError, Lsn, ReplaySink, Replayed, replay};
use rvm_storage::{Blob, FileName, FileRole, Storage};

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
    let mut writer = SegmentWriter(segment.as_ref());
    let done = replay(log, header, (from, to), segment.len()?, &mut writer)?;
    segment.force()?;
    Ok(done)
}

/// Writes a segment's file, and lets changes that lie close together be written together.
struct SegmentWriter<'a>(&'a dyn Blob);

impl ReplaySink for SegmentWriter<'_> {
    fn apply(&mut self, offset: u64, bytes: &[u8]) -> Result<(), LogError> {
        Ok(self.0.write_at(offset, bytes)?)
    }

    /// What cannot be read is not needed: the changes are written one by one then.
    fn read_back(&mut self, offset: u64, bytes: &mut [u8]) -> bool {
        self.0.read_at(offset, bytes).is_ok()
    }
}

#[cfg(test)]
mod tests;
