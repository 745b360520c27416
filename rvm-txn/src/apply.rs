//! Puts committed bytes into a `.seg` file. Recovery and truncation both do it here.

use rvm_log::format::header::LogHeader;
use rvm_log::{LogError, Lsn, ReplaySink, Replayed, replay};
use rvm_storage::widths::wide;
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
    let mut writer = SegmentWriter { blob: segment.as_ref(), start: 0, gathered: Vec::new() };
    let done = replay(log, header, (from, to), segment.len()?, &mut writer)?;
    writer.write_gathered()?;
    segment.force()?;
    Ok(done)
}

/// Gathers bytes that lie side by side into one write.
struct SegmentWriter<'a> {
    blob: &'a dyn Blob,
    start: u64,
    gathered: Vec<u8>,
}

/// How much is gathered at most, in bytes.
const GATHER_LEN: usize = 1 << 20;

impl SegmentWriter<'_> {
    fn write_gathered(&mut self) -> Result<(), LogError> {
        if !self.gathered.is_empty() {
            self.blob.write_at(self.start, &self.gathered)?;
            self.gathered.clear();
        }
        Ok(())
    }
}

impl ReplaySink for SegmentWriter<'_> {
    fn apply(&mut self, offset: u64, bytes: &[u8]) -> Result<(), LogError> {
        let side_by_side = self.start + wide(self.gathered.len()) == offset;
        if !side_by_side || self.gathered.len() + bytes.len() > GATHER_LEN {
            self.write_gathered()?;
            self.start = offset;
        }
        self.gathered.extend_from_slice(bytes);
        Ok(())
    }
}
