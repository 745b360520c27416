//! Writes segments as they were.

use rvm_log::{Damage, LogError, LogFile, RecordView, TxnId};
use rvm_storage::holes::next_data;
use rvm_storage::widths::{narrow, wide};
use rvm_storage::{Blob, FileName, FileRole, SegmentName, Storage};

use super::plan::{Plan, Sources, limit_of};
use super::{Planned, PointInTimeReport};
use crate::archive::{SegmentArchive, Stretch};
use crate::copy_error::{CopyError, Result};
use crate::observer::{Observer, Stage, advance};

/// How much of a segment's file is read at once.
const CHUNK_LEN: u64 = 1 << 20;

/// Writes all segments under temporary names, and names them when all are forced.
pub(super) fn write(
    source: &dyn Storage,
    sources: &Sources,
    planned: &Planned,
    destination: &dyn Storage,
    observer: &mut dyn Observer,
) -> Result<PointInTimeReport> {
    let mut report = planned.report(sources);
    for (name, plan) in &planned.plans {
        let Some(len) = plan.len_at(source, sources, name, planned.until)? else { continue };
        report.add(name, plan, len);
        let blob = destination.create_anew(&FileName::new(name, FileRole::NewSegment))?;
        blob.set_len(len)?;
        let until = planned.until;
        let mut writer =
            Writer { blob: &*blob, name, len, until, transactions: 0, written: 0, observer };
        match *plan {
            Plan::Archive { stretch, goes_on } => writer.archive(sources, stretch, goes_on)?,
            _ => writer.file(source, sources, *plan)?,
        }
        let (transactions, written) = (writer.transactions, writer.written);
        blob.force()?;
        if let Some(segment) = report.segments.last_mut() {
            (segment.transactions, segment.written_bytes) = (transactions, written);
        }
    }
    for (name, plan) in &planned.plans {
        if *plan != Plan::Absent {
            let temporary = FileName::new(name, FileRole::NewSegment);
            destination.rename(&temporary, &FileName::new(name, FileRole::Segment))?;
        }
    }
    destination.sync_names()?;
    Ok(report)
}

/// Writes one segment.
struct Writer<'a> {
    blob: &'a dyn Blob,
    name: &'a SegmentName,
    len: u64,
    until: TxnId,
    transactions: u64,
    written: u64,
    observer: &'a mut dyn Observer,
}

impl Writer<'_> {
    fn archive(&mut self, sources: &Sources, stretch: usize, goes_on: bool) -> Result<()> {
        let Some(archive) = sources.archive(self.name) else { return Ok(()) };
        let Some(stretch) = archive.stretches().get(stretch) else { return Ok(()) };
        self.base(archive, stretch)?;
        let (until, limit) = (self.until, limit_of(sources, self.name, stretch.log_id));
        let file = archive.file().blob().location();
        let mut records = archive.records_of(stretch)?;
        while records.seek(
            |frame| frame.first_txn <= until && frame.from < limit,
            |record| record.txn_id <= until && record.lsn < limit,
        )? {
            let Some(record) = records.next()? else { break };
            self.record(&record, file)?;
        }
        match sources.view.log(self.name) {
            Some(log) if goes_on => {
                let mut records = log.records(stretch.end_lsn);
                let file = log.file().blob().location();
                while let Some(record) = records.next()? {
                    if record.header().txn_id > until {
                        break;
                    }
                    self.record(&record, file)?;
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// The copy of the segment that a stretch begins with.
    fn base(&mut self, archive: &SegmentArchive, stretch: &Stretch) -> Result<()> {
        archive.each_piece(stretch, |frame, bytes| {
            let end = frame.chunk.saturating_add(wide(bytes.len()));
            if end > self.len {
                let damage = Damage::OutsideSegment { at: frame.from, end, segment_len: self.len };
                let file = archive.file().blob().location().to_owned();
                return Err(LogError::Corrupt { file, offset: frame.offset, damage }.into());
            }
            self.put(frame.chunk, bytes)
        })
    }

    /// The segment's file, and over it what its log has.
    fn file(&mut self, source: &dyn Storage, sources: &Sources, plan: Plan) -> Result<()> {
        let segment = source.open(&FileName::new(self.name, FileRole::Segment))?;
        let (mut at, mut bytes) = (0, Vec::new());
        while let Some(data) = next_data(&*segment, at, self.len)? {
            let len = (CHUNK_LEN - data % CHUNK_LEN).min(self.len - data);
            bytes.resize(narrow(len), 0);
            segment.read_at(data, &mut bytes)?;
            if bytes.iter().any(|byte| *byte != 0) {
                self.put(data, &bytes)?;
            }
            at = data + len;
        }
        let Some(log) = sources.view.log(self.name) else { return Ok(()) };
        let file = log.file().blob().location();
        let mut records = log.records(log.head());
        while let Some(record) = records.next()? {
            if record.header().txn_id > self.until {
                break;
            }
            self.record(&record, file)?;
        }
        // Truncation raises it before it writes to the file.
        let synced = LogFile::open(source, self.name)?.header().synced;
        let settled = match plan {
            Plan::File { all: true } => synced <= log.cut(),
            _ => synced == log.head(),
        };
        if settled { Ok(()) } else { Err(CopyError::Unsettled { segment: self.name.to_string() }) }
    }

    fn record(&mut self, record: &RecordView<'_>, file: &str) -> Result<()> {
        for (offset, bytes) in record.ranges() {
            let end = offset.saturating_add(wide(bytes.len()));
            if end > self.len {
                let at = record.header().lsn;
                let damage = Damage::OutsideSegment { at, end, segment_len: self.len };
                return Err(LogError::Corrupt { file: file.to_owned(), offset: 0, damage }.into());
            }
            self.put(offset, bytes)?;
        }
        self.transactions += 1;
        Ok(())
    }

    fn put(&mut self, offset: u64, bytes: &[u8]) -> Result<()> {
        if !bytes.is_empty() {
            self.blob.write_at(offset, bytes)?;
            self.written += wide(bytes.len());
        }
        // How much it will be is known only when it is done.
        advance(self.observer, Stage::Writing, self.written, 0)
    }
}
