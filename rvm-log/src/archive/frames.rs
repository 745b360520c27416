//! Walks over an archive's frames, from header to header; finds its way again behind one that is damaged.

use rvm_storage::widths::{narrow, wide};
use rvm_storage::{AlignedBuf, Blob};

use super::{ArchiveFile, corrupt};
use crate::error::Result;
use crate::format::archive::{FRAME_ALIGN, FRAME_HEADER_LEN, FRAME_MAGIC, FrameFault, FrameHeader};
use crate::format::checksum::Checksums;

/// How much is read at once where a frame is looked for, in bytes.
const WINDOW_LEN: u64 = 1 << 16;

/// What a walk comes to next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step {
    /// A frame whose header is whole, and that lies within the file. Its payload was not looked at.
    Frame(FrameHeader),
    /// There is none where one should be.
    Broken {
        /// Where in the file.
        offset: u64,
        /// Where the next frame lies; `None` if there is none, as it is with the rest of an append that a crash cut short.
        next: Option<u64>,
        /// What is wrong there.
        fault: &'static str,
    },
}

/// The frames of an archive, as far as it reached when the walk began.
#[derive(Debug)]
pub struct Frames<'a> {
    blob: &'a dyn Blob,
    checksums: Checksums,
    at: u64,
    len: u64,
    stored: AlignedBuf,
}

impl<'a> Frames<'a> {
    pub(super) fn new(file: &'a ArchiveFile, at: u64, len: u64) -> Self {
        let (blob, checksums) = (file.blob(), file.checksums());
        Self { blob, checksums, at, len, stored: AlignedBuf::new() }
    }

    /// The place where the next frame should be.
    #[must_use]
    pub const fn position(&self) -> u64 {
        self.at
    }

    /// The next frame, or what is wrong there; `None` at the end.
    ///
    /// # Errors
    /// I/O.
    #[expect(clippy::should_implement_trait, reason = "it can fail, and be asked for payloads")]
    pub fn next(&mut self) -> Result<Option<Step>> {
        if self.at >= self.len {
            return Ok(None);
        }
        let offset = self.at;
        let fault = match self.header_at(offset)? {
            Ok(frame) => {
                self.at = frame.end();
                return Ok(Some(Step::Frame(frame)));
            }
            Err(FrameFault::Absent) => "none was begun there",
            Err(FrameFault::Torn) => "its header's checksum",
            Err(FrameFault::Malformed(fault)) => fault,
        };
        let next = self.find(offset + FRAME_ALIGN)?;
        self.at = next.unwrap_or(self.len);
        Ok(Some(Step::Broken { offset, next, fault }))
    }

    /// The next frame; damage if there is none where one should be.
    ///
    /// # Errors
    /// I/O; corruption.
    pub fn next_whole(&mut self) -> Result<Option<FrameHeader>> {
        match self.next()? {
            Some(Step::Broken { offset, fault, .. }) => Err(corrupt(self.blob, offset, fault)),
            Some(Step::Frame(frame)) => Ok(Some(frame)),
            None => Ok(None),
        }
    }

    /// Reads and unpacks a frame's payload into `raw`.
    ///
    /// # Errors
    /// I/O; corruption.
    pub fn payload(&mut self, frame: &FrameHeader, raw: &mut Vec<u8>) -> Result<()> {
        let len = narrow(frame.stored_len.into());
        if frame.end() > self.len || self.stored.try_reserve(len).is_err() {
            return Err(corrupt(self.blob, frame.offset, "it is longer than the file"));
        }
        self.stored.resize(len);
        self.blob.read_at(frame.payload_offset(), self.stored.as_mut_slice())?;
        let unpacked = frame.unpack(self.stored.as_slice(), self.checksums, raw);
        unpacked.map_err(|fault| corrupt(self.blob, frame.offset, fault))
    }

    /// The header of a frame that starts at `offset` and lies within the file.
    pub(super) fn header_at(
        &mut self,
        offset: u64,
    ) -> Result<std::result::Result<FrameHeader, FrameFault>> {
        let mut bytes = [0; FRAME_HEADER_LEN];
        if offset.saturating_add(wide(FRAME_HEADER_LEN)) > self.len {
            return Ok(Err(FrameFault::Malformed("the file ends in its header")));
        }
        self.blob.read_at(offset, &mut bytes)?;
        Ok(FrameHeader::decode(&bytes, offset, self.checksums).and_then(|frame| {
            if frame.end() <= self.len {
                Ok(frame)
            } else {
                Err(FrameFault::Malformed("it is longer than the file"))
            }
        }))
    }

    /// The first place from `from` on where a frame lies.
    fn find(&mut self, from: u64) -> Result<Option<u64>> {
        let mut window = vec![0; narrow(WINDOW_LEN)];
        let mut at = from;
        while at.saturating_add(wide(FRAME_HEADER_LEN)) <= self.len {
            let len = narrow((self.len - at).min(WINDOW_LEN));
            let held = window.get_mut(..len).unwrap_or_default();
            self.blob.read_at(at, held)?;
            let starts = held.chunks(narrow(FRAME_ALIGN)).zip((at..).step_by(narrow(FRAME_ALIGN)));
            let found = starts.filter(|(piece, _)| piece.starts_with(&FRAME_MAGIC));
            for offset in found.map(|(_, offset)| offset).collect::<Vec<_>>() {
                if self.header_at(offset)?.is_ok() {
                    return Ok(Some(offset));
                }
            }
            at = at.saturating_add(wide(len));
        }
        Ok(None)
    }
}
