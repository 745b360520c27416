//! The bytes of an archive: its header, and the header and payload of a frame. No I/O.

use rvm_storage::SegmentName;
use rvm_storage::widths::{narrow, wide};

use super::checksum::{Checksums, Running};
use super::fields::{ARCHIVE_FRAME, ARCHIVE_HEADER, Put, Take, len_of};
use super::header::{SLOT_CRC_OFFSET, SLOT_LEN, SlotFault, name_from, seal};
use crate::ids::{Epoch, LogId, Lsn, Salt, StoreId, TxnId};

/// The first bytes of an archive's header.
pub const ARCHIVE_MAGIC: [u8; 8] = *b"RVM-ARC\n";
/// The version of the archives that this software writes.
pub const ARCHIVE_VERSION: u32 = 1;
/// The feature bits of archives that this software knows.
pub const ARCHIVE_FEATURES: u32 = 0;
/// Where the frames start: behind the two copies of the header.
pub const FRAMES_START: u64 = 2 * wide(SLOT_LEN);
/// The first bytes of a frame.
pub const FRAME_MAGIC: [u8; 4] = *b"RVMa";
/// The length of a frame's fixed header, in bytes.
pub const FRAME_HEADER_LEN: usize = len_of(ARCHIVE_FRAME);
/// The length of what ends a frame: the place in the file where it starts.
pub const FRAME_TRAILER_LEN: u64 = 8;
/// Frames start and end at multiples of this many bytes.
pub const FRAME_ALIGN: u64 = 8;
/// The longest piece of a base, and what a frame of records is meant to hold, in bytes. A longer record has a frame of its own.
pub const CHUNK_LEN: u64 = 1 << 20;
/// What LZ4 can make of one byte at most; a frame that claims more is none.
const RATIO_MAX: u64 = 255;

const COMPRESSED: u8 = 1;
const FIRST: u8 = 2;
const LAST: u8 = 4;
const CREATED: u8 = 8;

const _: () = assert!(len_of(ARCHIVE_HEADER) <= SLOT_CRC_OFFSET && FRAME_HEADER_LEN == 128);

/// What an archive's header says. The fields are those of [`ARCHIVE_HEADER`].
#[derive(Clone, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "the table of the format says what each field means")]
pub struct ArchiveHeader {
    pub store_id: StoreId,
    pub salt: Salt,
    pub segment_name: SegmentName,
}

impl ArchiveHeader {
    /// The bytes of one copy.
    #[must_use]
    pub fn encode(&self) -> [u8; SLOT_LEN] {
        let mut copy = [0; SLOT_LEN];
        let name = self.segment_name.as_str();
        let mut put = Put(&mut copy);
        put.bytes(&ARCHIVE_MAGIC).u32(ARCHIVE_VERSION).u32(ARCHIVE_FEATURES);
        put.bytes(&self.store_id.0).bytes(&self.salt.0);
        put.u32(u32::try_from(name.len()).unwrap_or(u32::MAX)).bytes(name.as_bytes());
        seal(&mut copy);
        copy
    }

    /// Reads one copy.
    ///
    /// # Errors
    /// The fault.
    pub fn decode(copy: &[u8]) -> Result<Self, SlotFault> {
        let (content, crc) = copy.split_at_checked(SLOT_CRC_OFFSET).ok_or(SlotFault::Unreadable)?;
        if crc != Running::UNSEEDED.over(content).value().to_le_bytes() {
            return Err(SlotFault::Unreadable);
        }
        let mut take = Take(content);
        if take.array() != Some(ARCHIVE_MAGIC) {
            return Err(SlotFault::Unreadable);
        }
        match (take.u32().unwrap_or_default(), take.u32().unwrap_or_default()) {
            (ARCHIVE_VERSION, ARCHIVE_FEATURES) => {}
            (ARCHIVE_VERSION, features) => return Err(SlotFault::Features(features)),
            (version, _) => return Err(SlotFault::Version(version)),
        }
        let (store_id, salt) = (take.array(), take.array());
        let name_len = take.u32().unwrap_or_default();
        let segment_name = name_from(take, name_len)
            .ok_or(SlotFault::Field { name: "segment_name_len", value: name_len.into() })?;
        Ok(Self {
            store_id: StoreId(store_id.unwrap_or_default()),
            salt: Salt(salt.unwrap_or_default()),
            segment_name,
        })
    }
}

/// What a frame is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FrameKind {
    /// A piece of the segment as it was at an LSN. What no piece covers was zero.
    Base {
        /// It is the first piece of its base.
        first: bool,
        /// It is the last one.
        last: bool,
        /// The segment was made then, and was not there before.
        created: bool,
    },
    /// Whole records of the log, as they stood there.
    Records,
    /// The segment has another length from here on; or archiving goes on after it was stopped.
    Length,
    /// The segment is about to be destroyed.
    Destroyed,
    /// Nothing more is archived until a frame of another kind follows.
    Stopped,
}

/// The fixed header of a frame. The fields are those of [`ARCHIVE_FRAME`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "the table of the format says what each field means")]
pub struct FrameHeader {
    pub kind: FrameKind,
    pub compressed: bool,
    pub offset: u64,
    pub durable: u64,
    pub log_id: LogId,
    pub epoch: Epoch,
    pub salt: Salt,
    pub from: Lsn,
    pub to: Lsn,
    pub first_txn: TxnId,
    pub last_txn: TxnId,
    pub segment_len: u64,
    pub time: u64,
    pub chunk: u64,
    pub raw_len: u32,
    pub stored_len: u32,
    pub payload_crc: u32,
}

/// Why bytes are not the header of a frame.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FrameFault {
    /// None was begun here: the magic or the place is another's.
    Absent,
    /// It was begun and is not whole: a checksum is wrong.
    Torn,
    /// Its checksum is right and its content cannot be.
    Malformed(&'static str),
}

impl FrameHeader {
    /// The bytes of the header.
    #[must_use]
    pub fn encode(&self, checksums: Checksums) -> [u8; FRAME_HEADER_LEN] {
        let mut bytes = [0; FRAME_HEADER_LEN];
        let (kind, flags) = self.kind.code();
        let flags = flags | if self.compressed { COMPRESSED } else { 0 };
        let mut put = Put(&mut bytes);
        put.bytes(&FRAME_MAGIC).u8(kind).u8(flags).u16(0).u64(self.offset).u64(self.durable);
        put.u64(self.log_id.0).u64(self.epoch.0).bytes(&self.salt.0);
        put.u64(self.from.0).u64(self.to.0).u64(self.first_txn.0).u64(self.last_txn.0);
        put.u64(self.segment_len).u64(self.time).u64(self.chunk);
        put.u32(self.raw_len).u32(self.stored_len).u32(self.payload_crc);
        let (content, crc) = bytes.split_at_mut(FRAME_HEADER_LEN - 4);
        Put(crc).u32(checksums.at(Lsn(self.offset)).over(content).value());
        bytes
    }

    /// Reads the header of the frame at `offset` of its file.
    ///
    /// # Errors
    /// Why there is none.
    pub fn decode(
        bytes: &[u8; FRAME_HEADER_LEN],
        offset: u64,
        checksums: Checksums,
    ) -> Result<Self, FrameFault> {
        let mut take = Take(bytes);
        if take.array() != Some(FRAME_MAGIC) {
            return Err(FrameFault::Absent);
        }
        let (content, crc) =
            bytes.split_at_checked(FRAME_HEADER_LEN - 4).ok_or(FrameFault::Absent)?;
        let (kind, flags) = (take.u8().unwrap_or_default(), take.u8().unwrap_or_default());
        take.u16();
        let mut number = || take.u64().unwrap_or_default();
        if number() != offset {
            return Err(FrameFault::Absent);
        }
        if crc != checksums.at(Lsn(offset)).over(content).value().to_le_bytes() {
            return Err(FrameFault::Torn);
        }
        let kind = FrameKind::of_code(kind, flags & !COMPRESSED)
            .ok_or(FrameFault::Malformed("its kind or its flags"))?;
        let (durable, log_id, epoch) = (number(), LogId(number()), Epoch(number()));
        let salt = Salt(take.array().unwrap_or_default());
        let mut number = || take.u64().unwrap_or_default();
        let (from, to) = (Lsn(number()), Lsn(number()));
        let (first_txn, last_txn) = (TxnId(number()), TxnId(number()));
        let (segment_len, time, chunk) = (number(), number(), number());
        let mut number = || take.u32().unwrap_or_default();
        let (raw_len, stored_len, payload_crc) = (number(), number(), number());
        let compressed = flags & COMPRESSED != 0;
        #[rustfmt::skip]
        let header = Self {
            kind, compressed, offset, durable, log_id, epoch, salt, from, to, first_txn, last_txn,
            segment_len, time, chunk, raw_len, stored_len, payload_crc,
        };
        header.fault().map_or(Ok(header), |fault| Err(FrameFault::Malformed(fault)))
    }

    fn fault(&self) -> Option<&'static str> {
        let (raw, stored) = (u64::from(self.raw_len), u64::from(self.stored_len));
        let numbers = [self.from.0, self.to.0, self.first_txn.0, self.last_txn.0, self.epoch.0];
        let is_of_kind = match self.kind {
            FrameKind::Base { .. } => {
                let end = self.chunk.checked_add(raw);
                self.from == self.to
                    && raw <= CHUNK_LEN
                    && end.is_some_and(|end| end <= self.segment_len)
            }
            FrameKind::Records => self.from < self.to && self.to.since(self.from) == raw,
            _ => self.from == self.to && raw == 0,
        };
        if numbers.iter().any(|number| *number >= Lsn::LIMIT.0) {
            Some("its numbers")
        } else if self.first_txn > self.last_txn || self.log_id.0 == 0 {
            Some("its transactions")
        } else if !self.from.0.is_multiple_of(8) || !self.to.0.is_multiple_of(8) {
            Some("its positions")
        } else if self.durable > self.offset || !self.durable.is_multiple_of(FRAME_ALIGN) {
            Some("its durable place")
        } else if self.segment_len > i64::MAX.unsigned_abs() {
            Some("its segment's length")
        } else if !is_of_kind {
            Some("what it is about")
        } else if (self.compressed && (stored >= raw || raw > stored * RATIO_MAX))
            || (!self.compressed && stored != raw)
        {
            Some("its lengths")
        } else {
            None
        }
    }

    /// The place behind the frame, trailer included.
    #[must_use]
    pub fn end(&self) -> u64 {
        let payload = u64::from(self.stored_len).next_multiple_of(FRAME_ALIGN);
        self.offset.saturating_add(wide(FRAME_HEADER_LEN) + payload + FRAME_TRAILER_LEN)
    }

    /// Where the payload starts.
    #[must_use]
    pub fn payload_offset(&self) -> u64 {
        self.offset.saturating_add(wide(FRAME_HEADER_LEN))
    }

    /// The checksum that a payload must have, given as it lies in the file.
    #[must_use]
    pub fn checksum_of(offset: u64, stored: &[u8], checksums: Checksums) -> u32 {
        checksums.at(Lsn(offset)).over(stored).value()
    }

    /// Unpacks a payload, given as it lies in the file, into `raw`, whose memory is used again.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn unpack(
        &self,
        stored: &[u8],
        checksums: Checksums,
        raw: &mut Vec<u8>,
    ) -> Result<(), &'static str> {
        if stored.len() != narrow(self.stored_len.into())
            || Self::checksum_of(self.offset, stored, checksums) != self.payload_crc
        {
            raw.clear();
            return Err("its payload's checksum");
        }
        let len = narrow(self.raw_len.into());
        let more = len.saturating_sub(raw.len());
        raw.try_reserve_exact(more).map_err(|_| "there is no memory for its payload")?;
        if !self.compressed {
            raw.clear();
            raw.extend_from_slice(stored);
            return Ok(());
        }
        raw.resize(len, 0);
        match lz4_flex::block::decompress_into(stored, raw) {
            Ok(unpacked) if unpacked == len => Ok(()),
            _ => {
                raw.clear();
                Err("its payload does not unpack")
            }
        }
    }
}

impl FrameKind {
    fn code(self) -> (u8, u8) {
        let bit = |set, bit| if set { bit } else { 0 };
        match self {
            Self::Base { first, last, created } => {
                (1, bit(first, FIRST) | bit(last, LAST) | bit(created, CREATED))
            }
            Self::Records => (2, 0),
            Self::Length => (3, 0),
            Self::Destroyed => (4, 0),
            Self::Stopped => (5, 0),
        }
    }

    fn of_code(kind: u8, flags: u8) -> Option<Self> {
        let set = |bit| flags & bit != 0;
        let kind = match kind {
            1 => Self::Base { first: set(FIRST), last: set(LAST), created: set(CREATED) },
            2 => Self::Records,
            3 => Self::Length,
            4 => Self::Destroyed,
            5 => Self::Stopped,
            _ => return None,
        };
        (kind.code().1 == flags).then_some(kind)
    }
}

/// The payload as it is to be stored: compressed if that is shorter. `packed` is memory that is used again.
pub(crate) fn pack<'a>(raw: &'a [u8], packed: &'a mut Vec<u8>) -> (&'a [u8], bool) {
    let room = lz4_flex::block::get_maximum_output_size(raw.len());
    if packed.try_reserve(room.saturating_sub(packed.len())).is_err() {
        return (raw, false);
    }
    packed.resize(room, 0);
    match lz4_flex::block::compress_into(raw, packed) {
        Ok(len) if len < raw.len() => (packed.get(..len).unwrap_or_default(), true),
        _ => (raw, false),
    }
}
