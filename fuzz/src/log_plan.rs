//! A log file to be written: a true one, with lies in its header, its records and its bytes.

use arbitrary::Arbitrary;
use rvm_core::rvm_log::format::fields::SLOT;
use rvm_core::rvm_log::format::header::{SLOT_LEN, seal};
use rvm_core::rvm_log::{
    CAPACITY_MIN, Checksums, Dependency, Epoch, LogHeader, LogId, Lsn, Participant, Ring, Salt,
    StoreId, TxnId,
};
use rvm_core::rvm_storage::SegmentName;
use rvm_core::rvm_storage::widths::{narrow, wide};

use crate::record_plan::{RecordPlan, Setting, put_field};
use crate::values::{Value, overwrite};

/// What a log starts with.
#[derive(Arbitrary, Clone, Debug)]
pub struct HeaderPlan {
    /// Its head, in units of 8 bytes from the start of a lap far on.
    head: u16,
    /// How many blocks the ring has beyond the fewest.
    more_blocks: u8,
    /// Up to here it was durable, in units of 8 bytes from the head.
    synced: u8,
    clean: bool,
    lies: Vec<FieldLie>,
}

/// A header field of another value, in one slot or in both.
#[derive(Arbitrary, Clone, Copy, Debug)]
struct FieldLie {
    field: u8,
    value: Value,
    slots: u8,
    /// Whether the checksum is left wrong.
    unsealed: bool,
}

/// Damage to the finished file.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub enum Damage {
    /// These bytes stand here.
    Bytes(u16, [u8; 4]),
    /// Some zeros, as if a sector was never written.
    Zeros(u16, u16),
    /// The file ends early.
    Cut(u16),
}

impl Damage {
    /// Does it.
    pub fn apply(self, file: &mut Vec<u8>) {
        match self {
            Self::Bytes(at, bytes) => overwrite(file, at.into(), &bytes),
            Self::Zeros(at, len) => overwrite(file, at.into(), &vec![0; len.into()]),
            Self::Cut(at) => file.truncate(at.into()),
        }
    }
}

/// A log file in the making.
#[derive(Debug)]
pub struct LogInMaking<'a> {
    plan: &'a HeaderPlan,
    header: LogHeader,
    ring: Vec<u8>,
    end: Lsn,
}

impl<'a> LogInMaking<'a> {
    /// An empty log of `segment`, which has `segment_len` bytes; `number` tells the logs of a store apart.
    #[must_use]
    pub fn new(plan: &'a HeaderPlan, segment: &SegmentName, segment_len: u64, number: u8) -> Self {
        let capacity = CAPACITY_MIN + u64::from(plan.more_blocks % 4) * 4096;
        let ring = Ring::new(capacity).expect("whole blocks");
        let head = Lsn(u64::from(plan.head) * 8);
        let header = LogHeader {
            generation: 1,
            store_id: StoreId([7; 16]),
            log_id: LogId(u64::from(number) + 1),
            segment_len,
            epoch: Epoch(1),
            salt: Salt([number; 16]),
            ring,
            head,
            prev_end: Lsn(0),
            synced: head.plus(u64::from(plan.synced) * 8),
            txn_id_max: TxnId(0),
            clean: plan.clean,
            segment_name: segment.clone(),
        };
        Self { plan, header, ring: vec![0; narrow(capacity)], end: head }
    }

    /// How another log's record names the next one of `len` bytes.
    #[must_use]
    pub fn next_part(&self, (total_len, part_crc): (u32, u32)) -> Participant {
        let LogHeader { log_id, epoch, .. } = self.header;
        Participant { log_id, epoch, lsn: self.end, total_len, part_crc }
    }

    /// How another log's record depends on this one as it is.
    #[must_use]
    pub fn as_dependency(&self) -> Dependency {
        let LogHeader { log_id, epoch, .. } = self.header;
        Dependency { log_id, epoch, lsn: self.end }
    }

    /// Appends a record of a transaction, if the ring has room.
    pub fn append(
        &mut self,
        record: &RecordPlan,
        txn_id: u64,
        participants: &[Participant],
        dependencies: &[Dependency],
    ) {
        let LogHeader { epoch, salt, ring, head, .. } = self.header;
        let checksums = Checksums::new(salt);
        let lsn = self.end;
        let setting = Setting { lsn, epoch, checksums, txn_id, participants, dependencies };
        let bytes = record.encode(&setting);
        let end = lsn.plus(wide(bytes.len()));
        if ring.fits(head, end) {
            let start = narrow(lsn.0 % ring.capacity());
            let (first, wrapped) = bytes.split_at(bytes.len().min(self.ring.len() - start));
            self.ring[start..start + first.len()].copy_from_slice(first);
            self.ring[..wrapped.len()].copy_from_slice(wrapped);
            self.end = end;
        }
    }

    /// The whole file.
    #[must_use]
    pub fn finish(self, damage: &[Damage]) -> Vec<u8> {
        let slot = self.header.encode();
        let mut slots = [slot, slot];
        for lie in &self.plan.lies {
            let field = &SLOT[usize::from(lie.field) % SLOT.len()];
            for (number, slot) in slots.iter_mut().enumerate() {
                // Mostly both, since one slot that cannot be read costs nothing.
                if lie.slots % 4 >= 2 || usize::from(lie.slots % 2) == number {
                    put_field(slot, SLOT, field, lie.value);
                    if !lie.unsealed {
                        seal(slot);
                    }
                }
            }
        }
        let mut file = Vec::with_capacity(2 * SLOT_LEN + self.ring.len());
        for slot in &slots {
            file.extend_from_slice(slot);
        }
        file.extend_from_slice(&self.ring);
        for damage in damage {
            damage.apply(&mut file);
        }
        file
    }
}
