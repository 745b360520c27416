//! The records in an archive's frames, one after the other.

use rvm_storage::widths::{narrow, wide};

use super::frames::Frames;
use super::{ArchiveFile, corrupt};
use crate::error::{LogError, Result};
use crate::format::archive::{FrameHeader, FrameKind};
use crate::format::checksum::Checksums;
use crate::format::record::{HEADER_LEN, RecordHeader, RecordView};
use crate::ids::Lsn;

/// The unpacked payload of a frame of records.
#[derive(Debug, Default)]
pub struct Payload {
    frame: Option<FrameHeader>,
    raw: Vec<u8>,
    at: usize,
    /// That of the record there, once it was looked at.
    header: Option<RecordHeader>,
}

impl Payload {
    /// Takes the payload of `frame`.
    ///
    /// # Errors
    /// I/O; corruption.
    pub fn load(&mut self, frames: &mut Frames<'_>, frame: &FrameHeader) -> Result<()> {
        (self.frame, self.at, self.header) = (None, 0, None);
        frames.payload(frame, &mut self.raw)?;
        self.frame = Some(*frame);
        Ok(())
    }

    /// Goes on to the frame's next record that `wanted` says yes to; false if there is none.
    ///
    /// # Errors
    /// Corruption.
    pub fn seek(
        &mut self,
        file: &ArchiveFile,
        wanted: impl Fn(&RecordHeader) -> bool,
    ) -> Result<bool> {
        while let Some((frame, rest)) = self.rest() {
            let header = self.header.or_else(|| header_in(rest, &frame));
            let Some(header) = header else { return Err(broken(file, &frame)) };
            if wanted(&header) {
                self.header = Some(header);
                return Ok(true);
            }
            self.header = None;
            self.at = self.at.saturating_add(narrow(header.total_len.into()));
        }
        Ok(false)
    }

    /// The frame's next record, checked as it would be in its log; `None` behind the last.
    ///
    /// # Errors
    /// Corruption.
    pub fn next_record(&mut self, file: &ArchiveFile) -> Result<Option<RecordView<'_>>> {
        let known = self.header.take();
        let Self { frame: Some(frame), raw, at, .. } = self else { return Ok(None) };
        let Some(rest) = raw.get(*at..).filter(|rest| !rest.is_empty()) else { return Ok(None) };
        let record = known.or_else(|| header_in(rest, frame)).and_then(|header| {
            let len = narrow(header.total_len.into());
            *at += len;
            RecordView::parse(header, rest.get(..len)?, Checksums::new(frame.salt)).ok()
        });
        record.map(Some).ok_or_else(|| broken(file, frame))
    }

    /// The frame, and its bytes that were not gone over yet.
    fn rest(&self) -> Option<(FrameHeader, &[u8])> {
        let rest = self.raw.get(self.at..).filter(|rest| !rest.is_empty());
        self.frame.zip(rest)
    }
}

/// The header of the record that starts the last bytes of a frame.
fn header_in(rest: &[u8], frame: &FrameHeader) -> Option<RecordHeader> {
    let lsn = Lsn(frame.to.0.checked_sub(wide(rest.len()))?);
    let bytes = rest.first_chunk::<HEADER_LEN>()?;
    RecordHeader::decode(bytes, lsn, frame.epoch, Checksums::new(frame.salt)).ok()
}

fn broken(file: &ArchiveFile, frame: &FrameHeader) -> LogError {
    corrupt(file.blob(), frame.offset, "its records")
}

/// The records of a stretch of an archive, in order.
#[derive(Debug)]
pub struct ArchivedRecords<'a> {
    file: &'a ArchiveFile,
    frames: Frames<'a>,
    /// Behind the last frame that is read.
    end: u64,
    payload: Payload,
}

impl<'a> ArchivedRecords<'a> {
    /// The records of the frames from `start` on, where one starts, to `end`.
    ///
    /// # Errors
    /// I/O.
    pub fn between(file: &'a ArchiveFile, start: u64, end: u64) -> Result<Self> {
        let frames = file.frames_from(start)?;
        Ok(Self { file, frames, end, payload: Payload::default() })
    }

    /// Goes on to the next record that is wanted, in frames that are wanted; the others are not read. False behind the last.
    ///
    /// # Errors
    /// I/O; corruption.
    pub fn seek(
        &mut self,
        frame_wanted: impl Fn(&FrameHeader) -> bool,
        record_wanted: impl Fn(&RecordHeader) -> bool,
    ) -> Result<bool> {
        while !self.payload.seek(self.file, &record_wanted)? {
            if self.frames.position() >= self.end {
                return Ok(false);
            }
            let Some(frame) = self.frames.next_whole()? else { return Ok(false) };
            if frame.kind == FrameKind::Records && frame_wanted(&frame) {
                self.payload.load(&mut self.frames, &frame)?;
            }
        }
        Ok(true)
    }

    /// The next record; `None` behind the last.
    ///
    /// # Errors
    /// I/O; corruption.
    #[expect(clippy::should_implement_trait, reason = "it lends its payload, as no Iterator can")]
    pub fn next(&mut self) -> Result<Option<RecordView<'_>>> {
        if self.seek(|_| true, |_| true)? { self.payload.next_record(self.file) } else { Ok(None) }
    }
}
