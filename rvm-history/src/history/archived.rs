//! What an archive tells of bytes and transactions that the log does not hold any more.

use rvm_log::{LogId, Lsn, RecordView};
use rvm_storage::Storage;
use rvm_txn::inspect::LogView;
use rvm_txn::{Error, Result};

use super::before::Before;
use crate::archive::{SegmentArchive, Stretch};

/// The archive of a log's segment, and the place of the stretch in it that goes up to the log's head without a gap.
pub(super) fn up_to_head(
    storage: &dyn Storage,
    log: &LogView<'_>,
) -> Result<Option<(SegmentArchive, Stretch)>> {
    let header = log.header();
    let Some(archive) = SegmentArchive::open(storage, &header.segment_name)? else {
        return Ok(None);
    };
    let (log_id, head) = (header.log_id, log.head());
    let reaches = |stretch: &&Stretch| stretch.spans(log_id, head, head);
    let stretch = archive.stretches().iter().find(reaches).cloned();
    Ok(stretch.map(|stretch| (archive, stretch)))
}

/// Gives the records of a stretch below a position to `each`.
pub(super) fn records_below(
    archive: &SegmentArchive,
    stretch: &Stretch,
    until: Lsn,
    mut each: impl FnMut(&RecordView<'_>),
) -> Result<()> {
    let mut records = archive.records_of(stretch)?;
    while records.seek(|frame| frame.from < until, |record| record.lsn < until)? {
        let Some(record) = records.next()? else { break };
        each(&record);
    }
    Ok(())
}

/// The bytes of some stretches of a segment before the record at `until`, as the archive has them: from the copy that its stretch begins
/// with, if there is one, and from its records.
pub(super) fn before(
    archive: &SegmentArchive,
    stretch: &Stretch,
    stretches: &[(u64, u64)],
    until: Lsn,
) -> Result<Before> {
    let path = archive.file().blob().location();
    let mut before = match stretch.base {
        // What is left out of the copy is zeros.
        Some(_) => Before::zeros(stretches, path)?,
        None => Before::unknown(stretches, path)?,
    };
    archive.each_piece(stretch, |frame, bytes| {
        before.put_older(frame.chunk, bytes);
        Ok::<_, Error>(())
    })?;
    records_below(archive, stretch, until, |record| {
        for (offset, bytes) in record.ranges() {
            before.put_older(offset, bytes);
        }
    })?;
    Ok(before)
}

/// Where a log is in an archive.
pub(super) fn stretch_of(archive: &SegmentArchive, log_id: LogId, lsn: Lsn) -> Option<&Stretch> {
    archive.stretches().iter().find(|stretch| {
        let begins = stretch.base.is_none_or(|base| base.lsn <= lsn);
        stretch.log_id == log_id && begins && lsn < stretch.end_lsn
    })
}
