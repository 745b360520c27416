//! Appends to an archive. All that is appended together is forced together, and counts only then.

use rvm_storage::Blob;
use rvm_storage::holes::next_data;
use rvm_storage::widths::{narrow, wide};

use super::{ArchiveFile, end};
use crate::error::{LogError, Result};
use crate::format::archive::{CHUNK_LEN, FRAME_TRAILER_LEN, FrameHeader, FrameKind, pack};
use crate::format::header::{LogHeader, SLOT_LEN};
use crate::ids::{Epoch, LogId, Lsn, Salt, TxnId};
use crate::reader::no_memory;
use crate::scan::Scanner;

/// How much is appended, in bytes, before it is forced: whoever opens the archive looks through all that was not.
const FORCE_LEN: u64 = 8 << 20;

/// The place in a log's history that a frame is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Point {
    /// The log.
    pub log_id: LogId,
    /// Its epoch.
    pub epoch: Epoch,
    /// The salt of that.
    pub salt: Salt,
    /// The LSN.
    pub lsn: Lsn,
    /// No record below the LSN is of a later transaction.
    pub last_txn: TxnId,
    /// The segment's length.
    pub segment_len: u64,
    /// The time, in nanoseconds since 1970.
    pub time: u64,
}

/// An archive that is appended to.
#[derive(Debug)]
pub struct ArchiveWriter {
    file: ArchiveFile,
    /// Where the next frame goes; all before is forced.
    end: u64,
    last: Option<FrameHeader>,
    /// Something may lie behind the end that does not count.
    cut_due: bool,
}

impl ArchiveWriter {
    /// Goes on with an archive, whose file is forced first, so that what is found in it is durable. What lies behind the last whole
    /// append is cut off before the next one.
    ///
    /// # Errors
    /// I/O.
    pub fn new(file: ArchiveFile) -> Result<Self> {
        file.blob().force()?;
        file.blob().drop_cache()?;
        let found = end::find(&file)?;
        let cut_due = file.blob().len()? != found.at;
        let (end, last) = (found.at, found.last);
        Ok(Self { file, end, last, cut_due })
    }

    /// The file.
    #[must_use]
    pub const fn file(&self) -> &ArchiveFile {
        &self.file
    }

    /// The last frame; `None` if there is none, or if what had been forced is damaged.
    #[must_use]
    pub const fn last(&self) -> Option<&FrameHeader> {
        self.last.as_ref()
    }

    /// Whether nothing is to be archived until something else is said.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.last.is_some_and(|last| last.kind == FrameKind::Stopped)
    }

    /// Up to where the history of the log with this header goes without a gap; `None` if it has to begin anew with a base.
    #[must_use]
    pub fn reaches(&self, log: &LogHeader) -> Option<Lsn> {
        let last = self.last.filter(|last| last.log_id == log.log_id)?;
        let is_whole = !matches!(last.kind, FrameKind::Base { last: false, .. });
        // A base may be older than its log, and know no salt.
        let is_same = last.salt == log.salt || last.kind != FrameKind::Records;
        // Of an older epoch, nothing behind its cut is history.
        let is_below_cut = last.epoch < log.epoch && last.to <= log.prev_end;
        let is_older = is_below_cut || (last.epoch == log.epoch && is_same);
        (is_whole && is_older).then_some(last.to)
    }

    /// Appends what `give` gives, and forces it. After an error nothing of it counts, and it can be done again.
    ///
    /// # Errors
    /// I/O; what `give` fails with.
    pub fn extend(&mut self, give: impl FnOnce(&mut Appender<'_>) -> Result<()>) -> Result<()> {
        if self.cut_due {
            self.file.blob().set_len(self.end)?;
            // Else a frame of then could be found behind one of now.
            self.file.blob().force()?;
        }
        self.cut_due = true;
        let mut appender = Appender {
            file: &self.file,
            durable: self.end,
            at: self.end,
            last: self.last,
            raw: Vec::new(),
            packed: Vec::new(),
            bytes: Vec::new(),
        };
        give(&mut appender)?;
        let (end, last) = (appender.at, appender.last);
        self.file.blob().force()?;
        (self.end, self.last, self.cut_due) = (end, last, false);
        Ok(())
    }
}

/// Writes frames one behind the other.
#[derive(Debug)]
pub struct Appender<'a> {
    file: &'a ArchiveFile,
    durable: u64,
    at: u64,
    last: Option<FrameHeader>,
    raw: Vec<u8>,
    packed: Vec<u8>,
    bytes: Vec<u8>,
}

impl Appender<'_> {
    /// The segment as it is: `segment` has the bytes, or it is all zeros. `created` if it was not there before.
    ///
    /// # Errors
    /// I/O.
    pub fn base(&mut self, point: &Point, segment: Option<&dyn Blob>, created: bool) -> Result<()> {
        let (mut first, mut at) = (true, 0);
        let mut bytes = std::mem::take(&mut self.raw);
        while let Some(segment) = segment {
            let Some(data) = next_data(segment, at, point.segment_len)? else { break };
            let chunk = data - data % CHUNK_LEN;
            let len = CHUNK_LEN.min(point.segment_len - chunk);
            at = chunk + len;
            bytes.resize(narrow(len), 0);
            segment.read_at(chunk, &mut bytes)?;
            if let Some((start, end)) = without_zeros_around(&bytes) {
                let piece = bytes.get(start..end).unwrap_or_default();
                let kind = FrameKind::Base { first, last: false, created };
                self.frame(
                    FrameHeader { chunk: chunk + wide(start), ..frame_at(point, kind) },
                    piece,
                )?;
                first = false;
            }
        }
        self.raw = bytes;
        self.frame(frame_at(point, FrameKind::Base { first, last: true, created }), &[])
    }

    /// The records of `[from, to)`, which are decided.
    ///
    /// # Errors
    /// I/O; corruption.
    pub fn records(
        &mut self,
        log: &dyn Blob,
        header: &LogHeader,
        (from, to): (Lsn, Lsn),
    ) -> Result<()> {
        let mut scanner = Scanner::between(log, header, from, to);
        let mut raw = std::mem::take(&mut self.raw);
        raw.clear();
        let mut part = Part::default();
        while let Some(record) = scanner.next()? {
            let found = *record.header();
            let len = u64::from(found.total_len);
            if !raw.is_empty() && wide(raw.len()) + len > CHUNK_LEN {
                self.frame(part.frame(header), &raw)?;
                raw.clear();
            }
            if raw.is_empty() {
                part = Part { from: found.lsn, first: found.txn_id, ..Part::default() };
            }
            (part.to, part.last) = (found.end(), found.txn_id);
            part.time = part.time.max(found.commit_time);
            let bytes = scanner.held(found.lsn, len);
            raw.try_reserve(bytes.len()).map_err(|_| no_memory(log))?;
            raw.extend_from_slice(bytes);
        }
        scanner.verdict()?;
        let rest = if raw.is_empty() { Ok(()) } else { self.frame(part.frame(header), &raw) };
        self.raw = raw;
        rest
    }

    /// Says something that has no bytes.
    ///
    /// # Errors
    /// I/O.
    pub fn note(&mut self, point: &Point, kind: FrameKind) -> Result<()> {
        self.frame(frame_at(point, kind), &[])
    }

    fn frame(&mut self, frame: FrameHeader, raw: &[u8]) -> Result<()> {
        let too_large =
            |_| LogError::RecordTooLarge { len: wide(raw.len()), limit: u32::MAX.into() };
        let (stored, compressed) = pack(raw, &mut self.packed);
        let checksums = self.file.checksums();
        let frame = FrameHeader {
            compressed,
            offset: self.at,
            durable: self.durable,
            raw_len: u32::try_from(raw.len()).map_err(too_large)?,
            stored_len: u32::try_from(stored.len()).map_err(too_large)?,
            payload_crc: FrameHeader::checksum_of(self.at, stored, checksums),
            ..frame
        };
        let end = frame.end();
        let len = narrow(end - self.at);
        self.bytes.clear();
        self.bytes.try_reserve(len).map_err(|_| no_memory(self.file.blob()))?;
        self.bytes.extend_from_slice(&frame.encode(checksums));
        self.bytes.extend_from_slice(stored);
        self.bytes.resize(len - narrow(FRAME_TRAILER_LEN), 0);
        self.bytes.extend_from_slice(&self.at.to_le_bytes());
        self.file.blob().write_at(self.at, &self.bytes)?;
        (self.at, self.last) = (end, Some(frame));
        if self.at - self.durable >= FORCE_LEN {
            self.file.blob().force()?;
            self.durable = self.at;
        }
        Ok(())
    }
}

/// What a frame of records says of them.
#[derive(Clone, Copy, Default)]
struct Part {
    from: Lsn,
    to: Lsn,
    first: TxnId,
    last: TxnId,
    time: u64,
}

impl Part {
    fn frame(&self, header: &LogHeader) -> FrameHeader {
        let point = Point {
            log_id: header.log_id,
            epoch: header.epoch,
            salt: header.salt,
            lsn: self.to,
            last_txn: self.last,
            segment_len: header.segment_len,
            time: self.time,
        };
        let (from, first_txn) = (self.from, self.first);
        FrameHeader { from, first_txn, ..frame_at(&point, FrameKind::Records) }
    }
}

fn frame_at(point: &Point, kind: FrameKind) -> FrameHeader {
    FrameHeader {
        kind,
        compressed: false,
        offset: 0,
        durable: 0,
        log_id: point.log_id,
        epoch: point.epoch,
        salt: point.salt,
        from: point.lsn,
        to: point.lsn,
        first_txn: TxnId(0),
        last_txn: point.last_txn,
        segment_len: point.segment_len,
        time: point.time,
        chunk: 0,
        raw_len: 0,
        stored_len: 0,
        payload_crc: 0,
    }
}

/// Without the blocks of zeros at both ends; `None` if there is nothing else.
fn without_zeros_around(bytes: &[u8]) -> Option<(usize, usize)> {
    let holds = |block: &[u8]| block.iter().any(|byte| *byte != 0);
    let start = bytes.chunks(SLOT_LEN).position(holds)? * SLOT_LEN;
    let end = bytes.rchunks(SLOT_LEN).position(holds)? * SLOT_LEN;
    Some((start, bytes.len() - end))
}
