//! The records of an archive in order.

use std::ops::RangeInclusive;

use rvm_log::archive::ArchivedRecords;
use rvm_log::format::archive::FrameHeader;
use rvm_log::{Lsn, RecordHeader, RecordView, TxnId};
use rvm_txn::Result;

use super::SegmentArchive;

/// Reads the records of a segment's archive in the order in which they were committed, those of logs of earlier segments of that name first.
/// Frames that hold nothing that is wanted are not unpacked; one frame is in memory at a time.
#[derive(Debug)]
pub struct ArchiveReader<'a> {
    archive: &'a SegmentArchive,
    transactions: RangeInclusive<TxnId>,
    lsns: RangeInclusive<Lsn>,
    /// The stretch that is read, and its records.
    stretch: usize,
    records: Option<ArchivedRecords<'a>>,
}

impl<'a> ArchiveReader<'a> {
    /// Reads all of them.
    #[must_use]
    pub const fn new(archive: &'a SegmentArchive) -> Self {
        let transactions = TxnId(0)..=TxnId(u64::MAX);
        let lsns = Lsn(0)..=Lsn(u64::MAX);
        Self { archive, transactions, lsns, stretch: 0, records: None }
    }

    /// Only the records of these transactions.
    #[must_use]
    pub const fn of_transactions(mut self, transactions: RangeInclusive<TxnId>) -> Self {
        self.transactions = transactions;
        self
    }

    /// Only the records that start at these LSNs, in whichever log.
    #[must_use]
    pub const fn at_lsns(mut self, lsns: RangeInclusive<Lsn>) -> Self {
        self.lsns = lsns;
        self
    }

    /// The stretch that the last record came from, by its place in [`SegmentArchive::stretches`].
    #[must_use]
    pub const fn stretch(&self) -> usize {
        self.stretch
    }

    /// The next record; `None` behind the last.
    ///
    /// # Errors
    /// [`Error::Corrupt`](rvm_txn::Error::Corrupt); I/O.
    #[expect(clippy::should_implement_trait, reason = "it lends its payload, as no Iterator can")]
    pub fn next(&mut self) -> Result<Option<RecordView<'_>>> {
        while let Some(stretch) = self.archive.stretches().get(self.stretch) {
            if self.records.is_none() {
                self.records = Some(self.archive.records_of(stretch)?);
            }
            if self.seek()? {
                break;
            }
            (self.records, self.stretch) = (None, self.stretch + 1);
        }
        match &mut self.records {
            Some(records) => Ok(records.next()?),
            None => Ok(None),
        }
    }

    /// Goes on to the next record of this stretch that is wanted; false if there is none.
    fn seek(&mut self) -> Result<bool> {
        let (transactions, lsns) = (&self.transactions, &self.lsns);
        let Some(records) = &mut self.records else { return Ok(false) };
        let frame_wanted = |frame: &FrameHeader| {
            frame.last_txn >= *transactions.start()
                && frame.first_txn <= *transactions.end()
                && frame.to > *lsns.start()
                && frame.from <= *lsns.end()
        };
        Ok(records.seek(frame_wanted, |record: &RecordHeader| {
            transactions.contains(&record.txn_id) && lsns.contains(&record.lsn)
        })?)
    }
}
