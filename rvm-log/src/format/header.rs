//! One slot of the header pair: encode and decode. Which slot counts is [`LogFile`](crate::LogFile)'s business.

use rvm_storage::SegmentName;
use rvm_storage::widths::narrow;

use super::checksum::Running;
use super::fields::{Put, SLOT, Take, len_of};
use crate::ids::{Epoch, LogId, Lsn, Salt, StoreId, TxnId};
use crate::ring::{BLOCK_LEN, Ring};

/// The first bytes of a slot.
pub const MAGIC: [u8; 8] = *b"RVM-LOG\n";
/// The version of the format that this software writes.
pub const VERSION: u32 = 1;
/// The feature bits that this software knows.
pub const FEATURES: u32 = 0;
/// The length of a slot, in bytes.
pub const SLOT_LEN: usize = 4096;
/// Where a slot's checksum lies.
pub const SLOT_CRC_OFFSET: usize = SLOT_LEN - 4;

const _: () = assert!(len_of(SLOT) <= SLOT_CRC_OFFSET);
const _: () = assert!(rvm_storage::widths::wide(SLOT_LEN) == BLOCK_LEN);

/// What a log's header says. The fields are those of [`SLOT`].
#[derive(Clone, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "the table of the format says what each field means")]
pub struct LogHeader {
    pub generation: u64,
    pub store_id: StoreId,
    pub log_id: LogId,
    pub segment_len: u64,
    pub epoch: Epoch,
    pub salt: Salt,
    pub ring: Ring,
    pub head: Lsn,
    pub prev_end: Lsn,
    pub synced: Lsn,
    pub txn_id_max: TxnId,
    pub clean: bool,
    pub segment_name: SegmentName,
}

/// Why a slot says nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SlotFault {
    /// It is not whole: the checksum or the magic is wrong.
    Unreadable,
    /// It is whole and of another version.
    Version(u32),
    /// It is whole and has feature bits that are not known.
    Features(u32),
    /// It is whole, and a field has a value that is never written.
    Field {
        /// The field's name.
        name: &'static str,
        /// Its value.
        value: u64,
    },
}

impl LogHeader {
    /// The bytes of a slot.
    #[must_use]
    pub fn encode(&self) -> [u8; SLOT_LEN] {
        let mut slot = [0; SLOT_LEN];
        let name = self.segment_name.as_str();
        let mut put = Put(&mut slot);
        put.bytes(&MAGIC).u32(VERSION).u32(FEATURES).u64(self.generation);
        put.bytes(&self.store_id.0).u64(self.log_id.0).u64(self.segment_len);
        put.u64(self.epoch.0).bytes(&self.salt.0).u64(self.ring.capacity());
        put.u64(self.head.0).u64(self.prev_end.0).u64(self.synced.0).u64(self.txn_id_max.0);
        put.u32(u32::from(self.clean)).u32(u32::try_from(name.len()).unwrap_or(u32::MAX));
        put.bytes(name.as_bytes());
        seal(&mut slot);
        slot
    }

    /// Reads a slot.
    ///
    /// # Errors
    /// The fault. Only [`SlotFault::Unreadable`] can be a torn write.
    pub fn decode(slot: &[u8]) -> Result<Self, SlotFault> {
        let (content, crc) = slot.split_at_checked(SLOT_CRC_OFFSET).ok_or(SlotFault::Unreadable)?;
        if crc != Running::UNSEEDED.over(content).value().to_le_bytes() {
            return Err(SlotFault::Unreadable);
        }
        let mut take = Take(content);
        if take.array() != Some(MAGIC) {
            return Err(SlotFault::Unreadable);
        }
        match take.u32().ok_or(SlotFault::Unreadable)? {
            VERSION => {}
            other => return Err(SlotFault::Version(other)),
        }
        match take.u32().ok_or(SlotFault::Unreadable)? {
            FEATURES => {}
            other => return Err(SlotFault::Features(other)),
        }
        Self::decode_fields(take)
    }

    fn decode_fields(mut take: Take<'_>) -> Result<Self, SlotFault> {
        let mut number = |name, valid: &dyn Fn(u64) -> bool| match take.u64() {
            Some(value) if valid(value) => Ok(value),
            value => Err(SlotFault::Field { name, value: value.unwrap_or_default() }),
        };
        let any = |_| true;
        let positive = |value| value > 0;
        let lsn = |value| value < Lsn::LIMIT.0 && value % 8 == 0;

        let generation = number("generation", &positive)?;
        let store_id = (number("store_id", &any)?, number("store_id", &any)?);
        let log_id = LogId(number("log_id", &positive)?);
        let segment_len = number("segment_len", &|value| value <= i64::MAX.unsigned_abs())?;
        let epoch = Epoch(number("epoch", &|value| value > 0 && value < Lsn::LIMIT.0)?);
        let salt = (number("salt", &any)?, number("salt", &any)?);
        let capacity = number("capacity", &|value| Ring::new(value).is_some())?;
        let head = number("head", &lsn)?;
        let prev_end = number("prev_end", &|value| lsn(value) && value <= head)?;
        let reach = Ring::new(capacity).map_or(Lsn(0), |ring| ring.limit(Lsn(head)));
        let in_ring = |value| value >= head && Lsn(value) <= reach;
        let synced = number("synced", &|value| lsn(value) && in_ring(value))?;
        let txn_id_max = TxnId(number("txn_id_max", &|value| value < Lsn::LIMIT.0)?);
        let clean = take.u32().unwrap_or_default();
        let name_len = take.u32().unwrap_or_default();
        let segment_name = name_from(take, name_len)
            .ok_or(SlotFault::Field { name: "segment_name_len", value: name_len.into() })?;
        if clean > 1 {
            return Err(SlotFault::Field { name: "clean", value: clean.into() });
        }
        let ring =
            Ring::new(capacity).ok_or(SlotFault::Field { name: "capacity", value: capacity })?;
        Ok(Self {
            generation,
            store_id: StoreId(sixteen(store_id)),
            log_id,
            segment_len,
            epoch,
            salt: Salt(sixteen(salt)),
            ring,
            head: Lsn(head),
            prev_end: Lsn(prev_end),
            synced: Lsn(synced),
            txn_id_max,
            clean: clean == 1,
            segment_name,
        })
    }
}

/// Puts a slot's checksum in its place.
pub fn seal(slot: &mut [u8; SLOT_LEN]) {
    let (content, crc) = slot.split_at_mut(SLOT_CRC_OFFSET);
    Put(crc).u32(Running::UNSEEDED.over(content).value());
}

fn sixteen((low, high): (u64, u64)) -> [u8; 16] {
    (u128::from(low) | u128::from(high) << 64).to_le_bytes()
}

pub(super) fn name_from(mut take: Take<'_>, len: u32) -> Option<SegmentName> {
    let name = take.bytes(narrow(len.into()))?;
    SegmentName::new(std::str::from_utf8(name).ok()?).ok()
}

#[cfg(test)]
mod tests;
