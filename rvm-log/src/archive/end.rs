//! Where an archive ends: behind the last frame that is whole, with all that was written together with it.

use rvm_storage::Blob;

use super::ArchiveFile;
use super::frames::{Frames, Step};
use crate::error::{LogError, Result};
use crate::format::archive::{FRAME_ALIGN, FRAME_TRAILER_LEN, FRAMES_START, FrameHeader};

/// Where the next frame goes.
#[derive(Clone, Copy, Debug)]
pub(super) struct End {
    pub(super) at: u64,
    /// The frame before; `None` if there is none, or if something is wrong before.
    pub(super) last: Option<FrameHeader>,
}

/// Finds it. The frame at the end says up to where the file had been forced before; from there on every frame is looked at. Only if the
/// end is not that of a frame, as after a crash, the whole file is walked over.
///
/// # Errors
/// I/O.
pub(super) fn find(file: &ArchiveFile) -> Result<End> {
    let len = file.blob().len()?;
    if let Some(last) = frame_ending_at(file, len)?
        && whole_from(file, last.durable)? == Some((len, last))
    {
        return Ok(End { at: len, last: Some(last) });
    }
    walk(file, len)
}

fn walk(file: &ArchiveFile, len: u64) -> Result<End> {
    let (mut frames, mut durable, mut broken) = (file.frames()?, FRAMES_START, None);
    while let Some(step) = frames.next()? {
        match step {
            Step::Frame(frame) => durable = durable.max(frame.durable),
            Step::Broken { offset, .. } => broken = broken.or(Some(offset)),
        }
    }
    // What had been forced is damaged: nothing that is there is touched, and nothing is built on.
    if broken.is_some_and(|offset| offset < durable) {
        return Ok(End { at: len.next_multiple_of(FRAME_ALIGN), last: None });
    }
    match whole_from(file, durable)? {
        Some((at, last)) => Ok(End { at, last: Some(last) }),
        None => Ok(End { at: durable, last: frame_ending_at(file, durable)? }),
    }
}

/// The last frame, and its end, of those that are whole, payload included, from `offset` on without a gap.
fn whole_from(file: &ArchiveFile, offset: u64) -> Result<Option<(u64, FrameHeader)>> {
    let (mut frames, mut raw, mut last) = (file.frames_from(offset)?, Vec::new(), None);
    loop {
        let next = frames.next_whole().and_then(|frame| {
            frame.map(|frame| frames.payload(&frame, &mut raw).map(|()| frame)).transpose()
        });
        match next {
            Ok(Some(frame)) if is_trailed(file.blob(), &frame)? => {
                last = Some((frame.end(), frame));
            }
            Ok(_) | Err(LogError::Corrupt { .. }) => return Ok(last),
            Err(failure) => return Err(failure),
        }
    }
}

/// Whether the end of a frame is in its place.
fn is_trailed(blob: &dyn Blob, frame: &FrameHeader) -> Result<bool> {
    let mut trailer = [0; 8];
    blob.read_at(frame.end() - FRAME_TRAILER_LEN, &mut trailer)?;
    Ok(u64::from_le_bytes(trailer) == frame.offset)
}

fn frame_ending_at(file: &ArchiveFile, end: u64) -> Result<Option<FrameHeader>> {
    let Some(trailer_at) = end.checked_sub(FRAME_TRAILER_LEN).filter(|at| *at > FRAMES_START)
    else {
        return Ok(None);
    };
    let mut trailer = [0; 8];
    file.blob().read_at(trailer_at, &mut trailer)?;
    let start = u64::from_le_bytes(trailer);
    if start < FRAMES_START || start >= end || !start.is_multiple_of(FRAME_ALIGN) {
        return Ok(None);
    }
    let frame = Frames::new(file, start, end).header_at(start)?;
    Ok(frame.ok().filter(|frame| frame.end() == end))
}
