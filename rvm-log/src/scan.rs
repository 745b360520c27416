//! Reads the records of a log in order and judges how they end.
//!
//! There are three outcomes. The log *ends*: nothing was begun behind the last record. It has a *torn tail*: something was begun
//! there and never acknowledged, which is normal after a crash. Or it is *corrupt*: bytes that had been durable are not
//! there any more. The evidence for the last is a synced LSN, in the header or in a later record, beyond the end; so
//! the very last force of a log cannot be told from a torn tail.

use rvm_storage::Blob;
use rvm_storage::widths::{narrow, wide};

use crate::error::{Damage, LogError, Result};
use crate::format::checksum::{Checksums, Running};
use crate::format::header::LogHeader;
use crate::format::record::{
    self, HEADER_LEN, RECORD_ALIGN, RecordFault, RecordHeader, RecordView,
};
use crate::ids::{Epoch, Lsn};
use crate::log_file::LogFile;
use crate::reader::RingReader;
use crate::ring::Ring;

/// How a log ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Verdict {
    /// The position behind the last record.
    pub end: Lsn,
    /// What lies behind it, if something was begun there.
    pub torn: Option<TornTail>,
}

/// The rest of a force that a crash cut short.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TornTail {
    /// Bytes from the end of the log to the end of the last piece of a record that was found; at least 1.
    pub len: u64,
}

/// Reads records one after the other.
#[derive(Debug)]
pub struct Scanner<'a> {
    blob: &'a dyn Blob,
    reader: RingReader<'a>,
    ring: Ring,
    epoch: Epoch,
    checksums: Checksums,
    /// The position of the next record.
    at: Lsn,
    /// All records lie below.
    limit: Lsn,
    /// Up to where the log is known to have been durable.
    synced: Lsn,
    /// What was found at `at`, once it is not a record.
    fault: Option<RecordFault>,
}

impl<'a> Scanner<'a> {
    /// Scans from the head on.
    #[must_use]
    pub fn new(log: &'a LogFile) -> Self {
        let header = log.header();
        Self::of(log.blob(), header, header.head, header.ring.limit(header.head), header.synced)
    }

    /// Scans `[from, to)`, which is known to be durable: anything that is not a record in it is damage.
    #[must_use]
    pub fn between(blob: &'a dyn Blob, header: &LogHeader, from: Lsn, to: Lsn) -> Self {
        Self::of(blob, header, from, to, to)
    }

    /// Scans from `from` on, where a record starts or the log ends, to the end of the log; the header need not be the one that counts.
    #[must_use]
    pub fn starting_at(blob: &'a dyn Blob, header: &LogHeader, from: Lsn) -> Self {
        Self::of(blob, header, from, header.ring.limit(header.head), header.synced)
    }

    fn of(blob: &'a dyn Blob, header: &LogHeader, at: Lsn, limit: Lsn, synced: Lsn) -> Self {
        let reader = RingReader::new(blob, header.ring, limit);
        let checksums = Checksums::new(header.salt);
        let (ring, epoch) = (header.ring, header.epoch);
        Self { blob, reader, ring, epoch, checksums, at, limit, synced, fault: None }
    }

    /// The position of the next record.
    #[must_use]
    pub fn position(&self) -> Lsn {
        self.at
    }

    pub(crate) fn ring(&self) -> Ring {
        self.ring
    }

    /// Whether the next record is in memory already, so that [`next`](Self::next) leaves what [`held`](Self::held) gives as it is.
    pub(crate) fn holds_next(&self) -> bool {
        let header = self.reader.held(self.at, wide(HEADER_LEN));
        let len = header.first_chunk().and_then(RecordHeader::claimed_len);
        len.is_some_and(|len| self.reader.held(self.at, len).len() == narrow(len))
    }

    /// Bytes that were read and are still in memory; nothing if they are not.
    pub(crate) fn held(&self, lsn: Lsn, len: u64) -> &[u8] {
        self.reader.held(lsn, len)
    }

    /// The next record; `None` behind the last, and from then on.
    ///
    /// # Errors
    /// I/O; [`Damage::Malformed`].
    #[expect(clippy::should_implement_trait, reason = "it lends its window, as no Iterator can")]
    pub fn next(&mut self) -> Result<Option<RecordView<'_>>> {
        if self.fault.is_some() {
            return Ok(None);
        }
        let seed = self.checksums.at(self.at);
        let header = match self.header_at(self.at, seed)? {
            Ok(header) => header,
            Err(fault) => return self.stop(fault),
        };
        let (at, len) = (self.at, header.total_len.into());
        if !self.reader.hold(at, len)? {
            return self.stop(RecordFault::Malformed("it reaches beyond the ring"));
        }
        match RecordView::parse_seeded(header, self.reader.held(at, len), seed) {
            Ok(view) => {
                self.at = header.end();
                Ok(Some(view))
            }
            Err(RecordFault::Malformed(fault)) => Err(malformed(self.blob, self.ring, at, fault)),
            Err(fault) => {
                self.fault = Some(fault);
                Ok(None)
            }
        }
    }

    /// Goes on behind what is no record: at the next position with a fixed header that is right. `None` if there is none.
    ///
    /// # Errors
    /// I/O.
    pub fn skip(&mut self) -> Result<Option<Lsn>> {
        let mut candidate = self.at.plus(RECORD_ALIGN);
        while let Some(found) =
            self.reader.find(candidate, RECORD_ALIGN, &record::MAGIC, HEADER_LEN)?
        {
            if self.header_at(found, self.checksums.at(found))?.is_ok() {
                (self.at, self.fault) = (found, None);
                return Ok(Some(found));
            }
            candidate = found.plus(RECORD_ALIGN);
        }
        Ok(None)
    }

    /// The `len` bytes at a position, whatever they are; nothing if they reach beyond what is scanned.
    ///
    /// # Errors
    /// I/O.
    pub fn bytes_at(&mut self, lsn: Lsn, len: u64) -> Result<&[u8]> {
        let is_held = self.reader.hold(lsn, len)?;
        Ok(if is_held { self.reader.held(lsn, len) } else { &[] })
    }

    /// Judges how the log ends. Reads on to the end of the ring, to see what lies there.
    ///
    /// # Errors
    /// I/O; [`Damage::DurableRecordLost`].
    pub fn verdict(mut self) -> Result<Verdict> {
        while self.next()?.is_some() {}
        if self.at >= self.limit {
            return Ok(Verdict { end: self.at, torn: None });
        }
        let (mut torn_end, mut candidate) = (self.at, self.at);
        while self.synced <= self.at {
            let found = self.reader.find(candidate, RECORD_ALIGN, &record::MAGIC, HEADER_LEN)?;
            let Some(found) = found else { break };
            match self.header_at(found, self.checksums.at(found))? {
                Ok(header) => {
                    torn_end = torn_end.max(header.end());
                    self.synced = self.synced.max(header.synced);
                }
                Err(RecordFault::Absent) => {}
                // It was begun in this lap.
                Err(RecordFault::Torn | RecordFault::Malformed(_)) => {
                    torn_end = torn_end.max(found.plus(wide(HEADER_LEN)));
                }
            }
            candidate = found.plus(RECORD_ALIGN);
        }
        if self.synced > self.at {
            let damage = Damage::DurableRecordLost { at: self.at, synced: self.synced };
            return Err(corrupt(self.blob, self.ring, self.at, damage));
        }
        let len = torn_end.min(self.limit).since(self.at);
        Ok(Verdict { end: self.at, torn: (len > 0).then_some(TornTail { len }) })
    }

    fn stop(&mut self, fault: RecordFault) -> Result<Option<RecordView<'_>>> {
        if let RecordFault::Malformed(fault) = fault {
            return Err(malformed(self.blob, self.ring, self.at, fault));
        }
        self.fault = Some(fault);
        Ok(None)
    }

    fn header_at(
        &mut self,
        lsn: Lsn,
        seed: Running,
    ) -> Result<std::result::Result<RecordHeader, RecordFault>> {
        if !self.reader.hold(lsn, wide(HEADER_LEN))? {
            return Ok(Err(RecordFault::Absent));
        }
        let bytes = self.reader.held(lsn, wide(HEADER_LEN));
        Ok(match bytes.first_chunk() {
            Some(bytes) => RecordHeader::decode_seeded(bytes, lsn, self.epoch, seed),
            None => Err(RecordFault::Absent),
        })
    }
}

fn malformed(blob: &dyn Blob, ring: Ring, at: Lsn, fault: &'static str) -> LogError {
    corrupt(blob, ring, at, Damage::Malformed { at, fault })
}

fn corrupt(blob: &dyn Blob, ring: Ring, at: Lsn, damage: Damage) -> LogError {
    let file = blob.location().to_owned();
    LogError::Corrupt { file, offset: ring.file_offset(at), damage }
}
