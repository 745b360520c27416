//! Makes stretches of an archive's frames.

use rvm_log::TxnId;
use rvm_log::archive::{ArchiveFile, Step};
use rvm_log::format::archive::{FrameHeader, FrameKind};
use rvm_txn::Result;

use super::{Break, SegmentArchive, Stretch};

/// Walks over all frames that count. The payloads of most are not looked at.
pub(super) fn walk(file: ArchiveFile) -> Result<SegmentArchive> {
    let end = file.end()?;
    let len = file.blob().len()?;
    let mut walk = Walk::default();
    let mut frames = file.frames_up_to(end);
    while let Some(step) = frames.next()? {
        match step {
            Step::Frame(frame) => walk.add(&frame),
            Step::Broken { offset, next, fault } => {
                walk.pending = None;
                walk.is_broken = true;
                walk.breaks.push(Break { offset, next, fault });
            }
        }
    }
    let Walk { stretches, breaks, last_txn, is_stopped, last, .. } = walk;
    let torn_len = len.saturating_sub(end);
    Ok(SegmentArchive { file, len, stretches, breaks, torn_len, last_txn, is_stopped, last })
}

#[derive(Default)]
struct Walk {
    stretches: Vec<Stretch>,
    breaks: Vec<Break>,
    last_txn: TxnId,
    /// The first frame of a base that is not complete yet.
    pending: Option<FrameHeader>,
    /// Something is missing behind the last stretch.
    is_broken: bool,
    /// The last frame says that archiving was stopped.
    is_stopped: bool,
    /// The last frame that history can go on behind.
    last: Option<FrameHeader>,
}

impl Walk {
    fn add(&mut self, frame: &FrameHeader) {
        self.last_txn = self.last_txn.max(frame.last_txn);
        self.is_stopped = frame.kind == FrameKind::Stopped;
        if !matches!(frame.kind, FrameKind::Base { last: false, .. }) {
            self.last = Some(*frame);
        }
        match frame.kind {
            FrameKind::Base { first, last, created } => self.add_base(frame, first, last, created),
            FrameKind::Records => self.add_records(frame),
            kind => {
                self.pending = None;
                let Some(stretch) = self.going_on(frame) else { return };
                stretch.end = frame.end();
                stretch.destroyed = (kind == FrameKind::Destroyed).then_some(frame.last_txn);
                if kind == FrameKind::Length {
                    stretch.lengths.push((frame.last_txn, frame.segment_len));
                }
            }
        }
    }

    /// The last stretch, if this frame goes on with it.
    fn going_on(&mut self, frame: &FrameHeader) -> Option<&mut Stretch> {
        let goes_on = |stretch: &&mut Stretch| {
            stretch.log_id == frame.log_id && stretch.end_lsn == frame.from
        };
        self.stretches.last_mut().filter(goes_on).filter(|_| !self.is_broken)
    }

    fn add_base(&mut self, frame: &FrameHeader, first: bool, last: bool, created: bool) {
        if first {
            self.pending = Some(*frame);
        }
        let same = |begun: &FrameHeader| begun.log_id == frame.log_id && begun.to == frame.to;
        let Some(begun) = self.pending.filter(same) else { return };
        if last {
            self.pending = None;
            self.is_broken = false;
            self.stretches.push(Stretch::on_base(begun.offset, frame, created));
        }
    }

    fn add_records(&mut self, frame: &FrameHeader) {
        self.pending = None;
        if self.going_on(frame).is_none() {
            self.is_broken = false;
            self.stretches.push(Stretch::without_base(frame));
        }
        let Some(stretch) = self.stretches.last_mut() else { return };
        let first = stretch.transactions.map_or(frame.first_txn, |(first, _)| first);
        stretch.transactions = Some((first, frame.last_txn));
        stretch.last_time = stretch.last_time.max(frame.time);
        stretch.record_bytes = stretch.record_bytes.saturating_add(frame.raw_len.into());
        (stretch.end_lsn, stretch.epoch, stretch.end) = (frame.to, frame.epoch, frame.end());
        stretch.destroyed = None;
    }
}
