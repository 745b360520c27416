//! Reading a record: total, for any bytes at all.

use rvm_storage::widths::{narrow, wide};

use super::{
    DEPENDENCY_LEN, Dependency, HEADER_CRC_OFFSET, HEADER_LEN, MAGIC, PARTICIPANT_LEN, Participant,
    RECORD_ALIGN, RECORD_FLAG_LAZY, TRAILER_LEN,
};
use crate::format::checksum::{Checksums, Running};
use crate::format::fields::Take;
use crate::format::varint;
use crate::ids::{Epoch, LogId, Lsn, TxnId};

/// Why bytes are not a record.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RecordFault {
    /// Nothing was ever written here in this lap: the magic, the position or the epoch is another's.
    Absent,
    /// It was begun and is not whole: a checksum is wrong.
    Torn,
    /// Its checksums are right and its content cannot be.
    Malformed(&'static str),
}

/// The fixed header of a record. The fields are those of [`RECORD_HEADER`](crate::format::fields::RECORD_HEADER).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "the table of the format says what each field means")]
pub struct RecordHeader {
    pub total_len: u32,
    pub lsn: Lsn,
    pub epoch: Epoch,
    pub txn_id: TxnId,
    pub commit_time: u64,
    pub synced: Lsn,
    pub range_count: u32,
    pub participant_count: u16,
    pub dependency_count: u16,
    pub label_len: u8,
    pub flags: u8,
}

impl RecordHeader {
    /// Reads the header of the record at `lsn`.
    ///
    /// # Errors
    /// Why there is none.
    pub fn decode(
        bytes: &[u8; HEADER_LEN],
        lsn: Lsn,
        epoch: Epoch,
        checksums: Checksums,
    ) -> Result<Self, RecordFault> {
        Self::decode_seeded(bytes, lsn, epoch, checksums.at(lsn))
    }

    /// [`decode`](Self::decode) with the seed of the checksums at `lsn`.
    pub(crate) fn decode_seeded(
        bytes: &[u8; HEADER_LEN],
        lsn: Lsn,
        epoch: Epoch,
        seed: Running,
    ) -> Result<Self, RecordFault> {
        let header = Self::fields(bytes).ok_or(RecordFault::Absent)?;
        if header.lsn != lsn || header.epoch != epoch {
            return Err(RecordFault::Absent);
        }
        let (content, crc) =
            bytes.split_at_checked(HEADER_CRC_OFFSET).ok_or(RecordFault::Absent)?;
        if crc != seed.over(content).value().to_le_bytes() {
            return Err(RecordFault::Torn);
        }
        match header.fault() {
            None => Ok(header),
            Some(fault) => Err(RecordFault::Malformed(fault)),
        }
    }

    /// The position behind the record.
    #[must_use]
    pub fn end(&self) -> Lsn {
        self.lsn.plus(self.total_len.into())
    }

    /// True if it was committed lazily.
    #[must_use]
    pub const fn is_lazy(&self) -> bool {
        self.flags & RECORD_FLAG_LAZY != 0
    }

    /// The length that a header says the record has, whether that is so or not.
    pub(crate) fn claimed_len(bytes: &[u8; HEADER_LEN]) -> Option<u64> {
        Some(Self::fields(bytes)?.total_len.into())
    }

    fn fields(bytes: &[u8; HEADER_LEN]) -> Option<Self> {
        let mut take = Take(bytes);
        (take.array()? == MAGIC).then_some(())?;
        Some(Self {
            total_len: take.u32()?,
            lsn: Lsn(take.u64()?),
            epoch: Epoch(take.u64()?),
            txn_id: TxnId(take.u64()?),
            commit_time: take.u64()?,
            synced: Lsn(take.u64()?),
            range_count: take.u32()?,
            participant_count: take.u16()?,
            dependency_count: take.u16()?,
            label_len: take.u8()?,
            flags: take.u8()?,
        })
    }

    fn fault(&self) -> Option<&'static str> {
        let fixed = wide(HEADER_LEN + TRAILER_LEN);
        if u64::from(self.total_len) % RECORD_ALIGN != 0 || u64::from(self.total_len) < fixed {
            Some("its length")
        } else if self.txn_id.0 == 0 || self.txn_id.0 >= Lsn::LIMIT.0 {
            Some("its transaction id")
        } else if self.synced > self.lsn {
            Some("its synced LSN")
        } else if self.flags & !RECORD_FLAG_LAZY != 0 {
            Some("its flags")
        } else {
            None
        }
    }
}

/// A whole, checked record over the bytes it was read from.
#[derive(Clone, Copy, Debug)]
pub struct RecordView<'a> {
    header: RecordHeader,
    participants: &'a [u8],
    dependencies: &'a [u8],
    ranges: &'a [u8],
    label: &'a [u8],
    data: &'a [u8],
}

impl<'a> RecordView<'a> {
    /// Reads the rest of a record whose header is known; `bytes` are the whole record.
    ///
    /// # Errors
    /// Why there is none.
    pub fn parse(
        header: RecordHeader,
        bytes: &'a [u8],
        checksums: Checksums,
    ) -> Result<Self, RecordFault> {
        Self::parse_seeded(header, bytes, checksums.at(header.lsn))
    }

    /// [`parse`](Self::parse) with the seed of the checksums at the record's position.
    pub(crate) fn parse_seeded(
        header: RecordHeader,
        bytes: &'a [u8],
        seed: Running,
    ) -> Result<Self, RecordFault> {
        let body_len = narrow(header.total_len.into()).saturating_sub(HEADER_LEN + TRAILER_LEN);
        let mut take = Take(bytes);
        let (_, body) = (take.bytes(HEADER_LEN), take.bytes(body_len));
        let body = body.ok_or(RecordFault::Torn)?;
        let crc = take.u32().ok_or(RecordFault::Torn)?;
        if crc != seed.over(body).value() || take.u32() != Some(header.total_len) {
            return Err(RecordFault::Torn);
        }
        Self::split(header, body)
    }

    /// The fixed header.
    #[must_use]
    pub const fn header(&self) -> &RecordHeader {
        &self.header
    }

    /// The label; empty if there is none.
    #[must_use]
    pub const fn label(&self) -> &'a [u8] {
        self.label
    }

    /// The other logs that hold a part of the transaction.
    pub fn participants(&self) -> impl Iterator<Item = Participant> + use<'a> {
        self.participants.chunks_exact(PARTICIPANT_LEN).filter_map(|entry| {
            let mut take = Take(entry);
            Some(Participant {
                log_id: LogId(take.u64()?),
                epoch: Epoch(take.u64()?),
                lsn: Lsn(take.u64()?),
                total_len: take.u32()?,
                part_crc: take.u32()?,
            })
        })
    }

    /// The logs that the transaction depends on.
    pub fn dependencies(&self) -> impl Iterator<Item = Dependency> + use<'a> {
        self.dependencies.chunks_exact(DEPENDENCY_LEN).filter_map(|entry| {
            let mut take = Take(entry);
            Some(Dependency {
                log_id: LogId(take.u64()?),
                epoch: Epoch(take.u64()?),
                lsn: Lsn(take.u64()?),
            })
        })
    }

    /// Segment offset and final bytes of each range, in replay order.
    pub fn ranges(&self) -> impl Iterator<Item = (u64, &'a [u8])> + use<'a> {
        let (mut ranges, mut data) = (Take(self.ranges), Take(self.data));
        std::iter::from_fn(move || {
            let offset = varint::take(&mut ranges)?;
            let len = varint::take(&mut ranges)?;
            Some((offset, data.bytes(narrow(len))?))
        })
    }

    /// Where the bytes of its first range lie in the log; those of the others follow.
    #[must_use]
    pub fn data_lsn(&self) -> Lsn {
        let lists = self.participants.len() + self.dependencies.len() + self.ranges.len();
        self.header.lsn.plus(wide(HEADER_LEN + lists + self.label.len()))
    }

    /// The bytes that the ranges change, overlaps counted as often as they are declared.
    #[must_use]
    pub fn data_len(&self) -> u64 {
        wide(self.data.len())
    }

    /// See [`Draft::part_crc`](super::Draft::part_crc).
    #[must_use]
    pub fn part_crc(&self) -> u32 {
        Running::UNSEEDED.over(self.ranges).over(self.label).over(self.data).value()
    }

    fn split(header: RecordHeader, body: &'a [u8]) -> Result<Self, RecordFault> {
        const CUT: RecordFault = RecordFault::Malformed("its lists are longer than it is");
        let mut take = Take(body);
        let participants = usize::from(header.participant_count) * PARTICIPANT_LEN;
        let participants = take.bytes(participants).ok_or(CUT)?;
        let dependencies = usize::from(header.dependency_count) * DEPENDENCY_LEN;
        let dependencies = take.bytes(dependencies).ok_or(CUT)?;

        let before = take.0;
        let mut data_len = 0_u64;
        for _ in 0..header.range_count {
            let offset = varint::take(&mut take).ok_or(CUT)?;
            let len = varint::take(&mut take).ok_or(CUT)?;
            offset.checked_add(len).ok_or(RecordFault::Malformed("a range's end"))?;
            data_len = data_len.checked_add(len).ok_or(CUT)?;
        }
        let ranges = before.get(..before.len() - take.0.len()).ok_or(CUT)?;
        let label = take.bytes(header.label_len.into()).ok_or(CUT)?;
        let data = take.bytes(narrow(data_len)).ok_or(CUT)?;
        if wide(take.0.len()) >= RECORD_ALIGN || take.0.iter().any(|byte| *byte != 0) {
            return Err(RecordFault::Malformed("its padding"));
        }
        Ok(Self { header, participants, dependencies, ranges, label, data })
    }
}
