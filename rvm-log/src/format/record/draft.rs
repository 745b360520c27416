//! Encoding a record. Lengths are known before a position is, so that space can be reserved first.

use rvm_storage::AlignedBuf;
use rvm_storage::widths::{narrow, wide};

use super::{
    DEPENDENCY_LEN, Dependency, HEADER_CRC_OFFSET, HEADER_LEN, MAGIC, PARTICIPANT_LEN, Participant,
    RECORD_ALIGN, RECORD_FLAG_LAZY, SYNCED_OFFSET, TRAILER_LEN,
};
use crate::error::{LogError, Result};
use crate::format::checksum::{Checksums, Running};
use crate::format::fields::Put;
use crate::format::varint;
use crate::ids::{Epoch, Lsn, TxnId};
use crate::ring::RECORD_LEN_LIMIT;

/// A record that has no position yet.
#[derive(Clone, Debug)]
pub struct Draft<'a, R> {
    /// The transaction.
    pub txn_id: TxnId,
    /// Nanoseconds since 1970.
    pub commit_time: u64,
    /// Whether it is committed lazily.
    pub lazy: bool,
    /// The other logs that hold a part of the transaction.
    pub participants: &'a [Participant],
    /// The logs that it depends on without having written them.
    pub dependencies: &'a [Dependency],
    /// A word for people, up to 255 bytes.
    pub label: &'a [u8],
    /// Segment offset and final bytes of each range, in the order they are to be replayed.
    pub ranges: R,
}

impl<'a, R> Draft<'a, R>
where
    R: Iterator<Item = (u64, &'a [u8])> + Clone,
{
    /// The limit that the record's length field sets, in bytes.
    pub const LEN_LIMIT: u64 = RECORD_LEN_LIMIT;

    /// A record of a transaction with a single part and nothing else to say.
    pub const fn new(txn_id: TxnId, ranges: R) -> Self {
        Self {
            txn_id,
            commit_time: 0,
            lazy: false,
            participants: &[],
            dependencies: &[],
            label: &[],
            ranges,
        }
    }

    /// The bytes that the record takes, and how many ranges it has.
    ///
    /// # Errors
    /// [`LogError::RecordTooLarge`], [`LogError::TooMany`] if one of the format's fields cannot hold it.
    pub fn measure(&self) -> Result<Measure> {
        let mut ranges = 0_u64;
        let mut lists = wide(self.participants.len()) * wide(PARTICIPANT_LEN);
        lists += wide(self.dependencies.len()) * wide(DEPENDENCY_LEN);
        let mut len = wide(HEADER_LEN + TRAILER_LEN + self.label.len());
        for (offset, bytes) in self.ranges.clone() {
            let bytes_len = wide(bytes.len());
            ranges += 1;
            lists = lists.saturating_add(varint::len(offset) + varint::len(bytes_len));
            len = len.saturating_add(bytes_len);
        }
        let whole = len.saturating_add(lists);
        let len = whole.checked_next_multiple_of(RECORD_ALIGN).unwrap_or(u64::MAX);
        if len > Self::LEN_LIMIT {
            return Err(LogError::RecordTooLarge { len, limit: Self::LEN_LIMIT });
        }
        Ok(Measure {
            total_len: counted("bytes", len, u32::MAX.into())?,
            lists_len: narrow(lists),
            padding_len: narrow(len - whole),
            range_count: counted("ranges", ranges, u32::MAX.into())?,
            participant_count: counted(
                "participants",
                wide(self.participants.len()),
                u16::MAX.into(),
            )?,
            dependency_count: counted(
                "dependencies",
                wide(self.dependencies.len()),
                u16::MAX.into(),
            )?,
            label_len: counted("bytes of label", wide(self.label.len()), u8::MAX.into())?,
        })
    }

    /// The checksum by which the other parts of the transaction know this one: over the ranges' positions and lengths, the label, and the data.
    /// Of bytes that nobody changes meanwhile; [`Tail::lay`](crate::Tail::lay) tells that of what was copied.
    #[must_use]
    pub fn part_crc(&self) -> u32 {
        let mut crc = Running::UNSEEDED;
        for (offset, bytes) in self.ranges.clone() {
            for value in [offset, wide(bytes.len())] {
                let mut number = [0; varint::LEN_MAX];
                varint::put(&mut Put(&mut number), value);
                crc = crc.over(number.get(..narrow(varint::len(value))).unwrap_or_default());
            }
        }
        crc = crc.over(self.label);
        self.ranges.clone().fold(crc, |crc, (_, bytes)| crc.over(bytes)).value()
    }

    /// Appends the record to `out`, for the position `lsn`.
    pub fn encode(
        &self,
        measure: &Measure,
        position: Position,
        checksums: Checksums,
        out: &mut AlignedBuf,
    ) {
        let start = out.len();
        self.encode_unstamped(measure, position, checksums, out);
        let record = out.as_mut_slice().get_mut(start..).unwrap_or_default();
        restamp(record, position.lsn, position.synced, checksums);
    }

    /// [`encode`](Self::encode) without the header's checksum, for a record that is [restamped](restamp) before anybody reads it.
    pub(crate) fn encode_unstamped(
        &self,
        measure: &Measure,
        position: Position,
        checksums: Checksums,
        out: &mut AlignedBuf,
    ) {
        let start = out.len();
        self.lay(measure, position, out);
        let record = out.as_mut_slice().get_mut(start..).unwrap_or_default();
        seal(record, position.lsn, checksums);
    }

    /// Appends the record to `out` without any checksum: it is to be [sealed](seal).
    pub(crate) fn lay(&self, measure: &Measure, position: Position, out: &mut AlignedBuf) {
        let (start, total_len) = (out.len(), narrow(measure.total_len.into()));
        out.reserve(total_len);
        out.resize(start + HEADER_LEN + measure.lists_len);
        let fixed = out.as_mut_slice().get_mut(start..).unwrap_or_default();
        let (header, lists) = fixed.split_at_mut_checked(HEADER_LEN).unwrap_or_default();
        Put(header).array(self.header(measure, position));
        let mut put = Put(lists);
        for participant in self.participants {
            put.array(encode_participant(participant));
        }
        for dependency in self.dependencies {
            put.array(encode_dependency(dependency));
        }
        for (offset, bytes) in self.ranges.clone() {
            varint::put(&mut put, offset);
            varint::put(&mut put, wide(bytes.len()));
        }
        out.extend_from_slice(self.label);
        for (_, bytes) in self.ranges.clone() {
            out.extend_from_slice(bytes);
        }
        out.resize(start + total_len);
    }

    /// The header, without its checksum.
    fn header(&self, measure: &Measure, at: Position) -> [u8; HEADER_LEN] {
        let mut header = [0; HEADER_LEN];
        let flags = if self.lazy { RECORD_FLAG_LAZY } else { 0 };
        let mut put = Put(&mut header);
        put.array(MAGIC).u32(measure.total_len).u64(at.lsn.0).u64(at.epoch.0);
        put.u64(self.txn_id.0).u64(self.commit_time).u64(at.synced.0);
        put.u32(measure.range_count).u16(measure.participant_count);
        put.u16(measure.dependency_count).u8(measure.label_len).u8(flags);
        header
    }
}

fn counted<T: TryFrom<u64>>(what: &'static str, count: u64, limit: u64) -> Result<T> {
    T::try_from(count).map_err(|_| LogError::TooMany { what, count, limit })
}

/// Where a record goes.
#[derive(Clone, Copy, Debug)]
pub struct Position {
    /// Its LSN.
    pub lsn: Lsn,
    /// The log's epoch.
    pub epoch: Epoch,
    /// Up to where the log is durable.
    pub synced: Lsn,
}

/// The sizes of a draft, checked against the format's fields.
#[derive(Clone, Copy, Debug)]
pub struct Measure {
    /// The bytes of the whole record.
    pub total_len: u32,
    /// The bytes between the fixed header and the label.
    lists_len: usize,
    /// The zeros between the data and the trailer.
    padding_len: usize,
    range_count: u32,
    participant_count: u16,
    dependency_count: u16,
    label_len: u8,
}

impl Measure {
    /// How many ranges the record has.
    #[must_use]
    pub const fn range_count(&self) -> u32 {
        self.range_count
    }

    /// [`Draft::part_crc`] of a record that was laid, from what was copied: whatever happens to the segment's memory meanwhile, this is what
    /// the log holds. 0 if there is no other part to name it.
    pub(crate) fn part_crc_of(&self, record: &[u8]) -> u32 {
        if self.participant_count == 0 {
            return 0;
        }
        let named = usize::from(self.participant_count) * PARTICIPANT_LEN
            + usize::from(self.dependency_count) * DEPENDENCY_LEN;
        let end = narrow(self.total_len.into()).saturating_sub(TRAILER_LEN + self.padding_len);
        let part = record.get(HEADER_LEN + named..end).unwrap_or_default();
        Running::UNSEEDED.over(part).value()
    }
}

/// Puts the true participants into a record that was laid with as many others.
pub(crate) fn name_participants(record: &mut [u8], participants: &[Participant]) {
    let mut put = Put(record.get_mut(HEADER_LEN..).unwrap_or_default());
    for participant in participants {
        put.array(encode_participant(participant));
    }
}

/// Puts the checksum over all behind the header, and the length, at the end of a record that was laid.
pub(crate) fn seal(record: &mut [u8], lsn: Lsn, checksums: Checksums) {
    let total_len = record.len();
    let Some((content, trailer)) = record.split_last_chunk_mut::<TRAILER_LEN>() else { return };
    // The position, which seeds the checksum, stands before the body until that is made: one pass over both.
    let (_, seed_and_body) = content.split_at_mut_checked(HEADER_LEN - 8).unwrap_or_default();
    let Some(seed) = seed_and_body.first_chunk_mut::<8>() else { return };
    let header_end = std::mem::replace(seed, Checksums::position(lsn));
    let crc = checksums.salted().over(seed_and_body).value();
    Put(seed_and_body).array(header_end);
    Put(trailer).u32(crc).u32(u32::try_from(total_len).unwrap_or(u32::MAX));
}

/// Puts a newer synced LSN, and the checksum of the header, into the encoded record at the start of `bytes`.
pub(crate) fn restamp(bytes: &mut [u8], lsn: Lsn, synced: Lsn, checksums: Checksums) {
    if let Some(header) = bytes.first_chunk_mut::<HEADER_LEN>() {
        Put(&mut header[SYNCED_OFFSET..]).u64(synced.0);
        let (content, crc) = header.split_at_mut(HEADER_CRC_OFFSET);
        Put(crc).u32(checksums.at(lsn).over(content).value());
    }
}

fn encode_participant(participant: &Participant) -> [u8; PARTICIPANT_LEN] {
    let mut entry = [0; PARTICIPANT_LEN];
    let mut put = Put(&mut entry);
    put.u64(participant.log_id.0).u64(participant.epoch.0).u64(participant.lsn.0);
    put.u32(participant.total_len).u32(participant.part_crc);
    entry
}

fn encode_dependency(dependency: &Dependency) -> [u8; DEPENDENCY_LEN] {
    let mut entry = [0; DEPENDENCY_LEN];
    Put(&mut entry).u64(dependency.log_id.0).u64(dependency.epoch.0).u64(dependency.lsn.0);
    entry
}
