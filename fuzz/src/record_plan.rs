//! A record to be written: a true one, fields of which may be overwritten before its checksums are computed.

use arbitrary::Arbitrary;
use rvm_core::rvm_log::format::fields::{Field, RECORD_HEADER, offset_of};
use rvm_core::rvm_log::format::record::{HEADER_LEN, Position, TRAILER_LEN};
use rvm_core::rvm_log::{Checksums, Dependency, Draft, Epoch, Lsn, Participant, TxnId};
use rvm_core::rvm_storage::AlignedBuf;

use crate::values::{Value, overwrite};

/// What a record holds besides what its place decides.
#[derive(Arbitrary, Clone, Debug)]
pub struct RecordPlan {
    lazy: bool,
    label_len: u8,
    /// It claims that all before it was durable when it was forced.
    after_all: bool,
    ranges: Vec<RangePlan>,
    lies: Vec<Lie>,
}

/// A range of a record.
#[derive(Arbitrary, Clone, Copy, Debug)]
struct RangePlan {
    offset: Value,
    len: u8,
    fill: u8,
}

/// What is overwritten in an encoded record.
#[derive(Arbitrary, Clone, Copy, Debug)]
struct Lie {
    /// Which field of the header; those beyond it mean a byte of the body.
    field: u8,
    value: Value,
    /// Whether the checksums are left wrong.
    unsealed: bool,
}

/// Where a record goes, and what it has to do with other logs.
#[derive(Clone, Copy, Debug)]
pub struct Setting<'a> {
    /// Its position.
    pub lsn: Lsn,
    /// The log's epoch.
    pub epoch: Epoch,
    /// The checksums of that epoch.
    pub checksums: Checksums,
    /// The transaction.
    pub txn_id: u64,
    /// The other parts of the transaction.
    pub participants: &'a [Participant],
    /// What it depends on.
    pub dependencies: &'a [Dependency],
}

static FILL: [u8; 256 + 255] = filler();

/// Any 255 bytes of this are a range's bytes: so a fill is where they start, and no two bytes of a range are the same.
const fn filler() -> [u8; 256 + 255] {
    let mut bytes = [0; 256 + 255];
    let (mut at, mut byte) = (0, 0_u8);
    while at < bytes.len() {
        bytes[at] = byte;
        byte = byte.wrapping_add(1);
        at += 1;
    }
    bytes
}

impl RecordPlan {
    /// The record's length, and its checksum as the transaction's other parts name it.
    #[must_use]
    pub fn measure(&self, participants: usize, dependencies: usize) -> (u32, u32) {
        let participant = Participant {
            log_id: rvm_core::rvm_log::LogId(0),
            epoch: Epoch(0),
            lsn: Lsn(0),
            total_len: 0,
            part_crc: 0,
        };
        let dependency = Dependency { log_id: participant.log_id, epoch: Epoch(0), lsn: Lsn(0) };
        let (participants, dependencies) =
            (vec![participant; participants], vec![dependency; dependencies]);
        let draft = self.draft(1, &participants, &dependencies);
        (draft.measure().expect("a small record").total_len, draft.part_crc())
    }

    /// The record's bytes, lies and all.
    #[must_use]
    pub fn encode(&self, setting: &Setting<'_>) -> Vec<u8> {
        let Setting { lsn, epoch, checksums, .. } = *setting;
        let draft = self.draft(setting.txn_id, setting.participants, setting.dependencies);
        let synced = if self.after_all { lsn } else { Lsn(0) };
        let mut out = AlignedBuf::new();
        let measure = draft.measure().expect("a small record");
        draft.encode(&measure, Position { lsn, epoch, synced }, checksums, &mut out);
        let mut bytes = out.as_slice().to_vec();
        for lie in &self.lies {
            let field = usize::from(lie.field);
            if let Some(field) = RECORD_HEADER.get(field) {
                put_field(&mut bytes, RECORD_HEADER, field, lie.value);
            } else {
                let body_len = bytes.len() - HEADER_LEN - TRAILER_LEN;
                let at = HEADER_LEN + (field - RECORD_HEADER.len()) % body_len.max(1);
                overwrite(&mut bytes, at, &lie.value.0.to_le_bytes()[..1]);
            }
            if !lie.unsealed {
                seal(&mut bytes, lsn, checksums);
            }
        }
        bytes
    }

    fn draft<'a>(
        &'a self,
        txn_id: u64,
        participants: &'a [Participant],
        dependencies: &'a [Dependency],
    ) -> Draft<'a, impl Iterator<Item = (u64, &'a [u8])> + Clone + 'a> {
        Draft {
            lazy: self.lazy,
            label: &FILL[..usize::from(self.label_len)],
            participants,
            dependencies,
            ..Draft::new(TxnId(txn_id), self.ranges.iter().map(RangePlan::range))
        }
    }
}

impl RangePlan {
    fn range<'a>(&self) -> (u64, &'a [u8]) {
        let (start, len) = (usize::from(self.fill), usize::from(self.len));
        let bytes = &FILL[start..start + len];
        (self.offset.0, bytes)
    }
}

/// Puts a value into a field of the structure at the start of `bytes`.
pub fn put_field(bytes: &mut [u8], table: &[Field], field: &Field, value: Value) {
    let len = field.len.min(8);
    overwrite(bytes, offset_of(table, field.name), &value.0.to_le_bytes()[..len]);
}

/// Makes both checksums of a record right, as far as it is there, and its length at the end the one at its start.
pub fn seal(bytes: &mut [u8], lsn: Lsn, checksums: Checksums) {
    const CRC: usize = HEADER_LEN - 4;
    if bytes.len() < HEADER_LEN {
        return;
    }
    let crc = checksums.at(lsn).over(&bytes[..CRC]).value();
    overwrite(bytes, CRC, &crc.to_le_bytes());
    let said = u32::from_le_bytes([bytes[4], bytes[5], bytes[6], bytes[7]]);
    let total_len = usize::try_from(said).unwrap_or(usize::MAX);
    if (HEADER_LEN + TRAILER_LEN..=bytes.len()).contains(&total_len) {
        let body_end = total_len - TRAILER_LEN;
        let crc = checksums.at(lsn).over(&bytes[HEADER_LEN..body_end]).value();
        overwrite(bytes, body_end, &crc.to_le_bytes());
        overwrite(bytes, body_end + 4, &said.to_le_bytes());
    }
}
