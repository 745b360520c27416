//! Records and header slots of any bytes: decoding ends, says the same each time, keeps its own rules, and what it
//! understood is encoded to the same bytes.

use arbitrary::{Arbitrary, Unstructured};
use rvm_core::rvm_log::format::header::{SLOT_LEN, SlotFault, seal};
use rvm_core::rvm_log::format::record::{HEADER_LEN, MAGIC, Position, RecordFault, TRAILER_LEN};
use rvm_core::rvm_log::{
    Checksums, Dependency, Draft, Epoch, LogHeader, LogId, Lsn, Participant, RecordHeader,
    RecordView, Salt,
};
use rvm_core::rvm_storage::AlignedBuf;
use rvm_core::rvm_storage::widths::{narrow, wide};

use crate::record_plan::{self, RecordPlan, Setting};
use crate::values::overwrite;

/// More than decoding needs: it allocates nothing, and checking allocates by the input's length.
const MEMORY_MAX: usize = 1 << 20;

/// Bits of an input's first byte.
mod mode {
    /// A header slot and not a record.
    pub(super) const SLOT: u8 = 1;
    /// The checksums are made right.
    pub(super) const SEALED: u8 = 2;
    /// The magic and the length are made right, too.
    pub(super) const FRAMED: u8 = 4;
    /// The record is looked for at the position that it names.
    pub(super) const AT_HOME: u8 = 8;
    /// The bytes are the plan of a record.
    pub(super) const PLANNED: u8 = 16;
}

/// Checks an input: one byte of [`mode`], then the bytes to decode.
pub fn check(input: &[u8]) {
    let Some((mode, bytes)) = input.split_first() else { return };
    crate::memory::bounded(MEMORY_MAX, || {
        if mode & mode::SLOT == 0 { record(*mode, bytes) } else { slot(*mode, bytes) }
    });
}

fn record(mode: u8, bytes: &[u8]) {
    if mode & mode::PLANNED != 0 {
        return planned(mode, bytes);
    }
    let mut bytes = bytes.to_vec();
    if mode & mode::FRAMED != 0 {
        bytes.truncate(bytes.len() / 8 * 8);
        let len = u32::try_from(bytes.len()).expect("a short input");
        overwrite(&mut bytes, 0, &MAGIC);
        overwrite(&mut bytes, 4, &len.to_le_bytes());
    }
    let number = |at: usize| {
        bytes.get(at..at + 8).map_or(0, |n| u64::from_le_bytes(n.try_into().expect("8 bytes")))
    };
    let at_home = mode & mode::AT_HOME != 0;
    let (lsn, epoch) =
        if at_home { (Lsn(number(8)), Epoch(number(16))) } else { (Lsn(64), Epoch(1)) };
    let checksums = Checksums::new(Salt([mode; 16]));
    if mode & mode::SEALED != 0 {
        record_plan::seal(&mut bytes, lsn, checksums);
    }
    decode(&bytes, lsn, epoch, checksums);
}

/// A record that was written for this, with lies in it whose checksums are right.
fn planned(mode: u8, bytes: &[u8]) {
    let Ok(plan) = RecordPlan::arbitrary_take_rest(Unstructured::new(bytes)) else { return };
    let (lsn, epoch, checksums) = (Lsn(64), Epoch(1), Checksums::new(Salt([mode; 16])));
    let part = Participant { log_id: LogId(2), epoch, lsn, total_len: 80, part_crc: 1 };
    let given = Dependency { log_id: LogId(3), epoch, lsn };
    let count = usize::from(mode >> 5);
    let (participants, dependencies) = (&[part; 7][..count], &[given; 7][count..]);
    let setting = Setting { lsn, epoch, checksums, txn_id: 1, participants, dependencies };
    decode(&plan.encode(&setting), lsn, epoch, checksums);
}

fn decode(bytes: &[u8], lsn: Lsn, epoch: Epoch, checksums: Checksums) {
    let Some(start) = bytes.first_chunk::<HEADER_LEN>() else { return };
    let decode = || RecordHeader::decode(start, lsn, epoch, checksums);
    assert_eq!(decode(), decode(), "decoding is not pure");
    let Ok(header) = decode() else { return };
    assert_eq!((header.lsn, header.epoch), (lsn, epoch));
    assert!(header.synced <= lsn && header.txn_id.0 > 0 && header.end() >= lsn);
    match RecordView::parse(header, bytes, checksums) {
        Ok(view) => whole(&view, bytes, checksums),
        Err(RecordFault::Absent) => panic!("a body cannot be absent"),
        Err(fault @ (RecordFault::Torn | RecordFault::Malformed(_))) => {
            let again = RecordView::parse(header, bytes, checksums).map(|_| ());
            assert_eq!(again, Err(fault), "parsing is not pure");
        }
    }
}

/// What must hold for a record that was understood.
fn whole(view: &RecordView<'_>, bytes: &[u8], checksums: Checksums) {
    let header = *view.header();
    let len = narrow(header.total_len.into());
    let participants: Vec<_> = view.participants().collect();
    let dependencies: Vec<_> = view.dependencies().collect();
    let ranges: Vec<(u64, &[u8])> = view.ranges().collect();
    assert_eq!(participants.len(), usize::from(header.participant_count));
    assert_eq!(dependencies.len(), usize::from(header.dependency_count));
    assert_eq!(wide(ranges.len()), u64::from(header.range_count));
    assert_eq!(view.label().len(), usize::from(header.label_len));
    let data_len: u64 = ranges.iter().map(|(_, bytes)| wide(bytes.len())).sum();
    assert_eq!(data_len, view.data_len());
    assert!(ranges.iter().all(|(offset, bytes)| offset.checked_add(wide(bytes.len())).is_some()));
    let cut = bytes.get(..len - 1).unwrap_or_default();
    assert!(RecordView::parse(header, cut, checksums).is_err(), "a cut record is accepted");

    let draft = Draft {
        txn_id: header.txn_id,
        commit_time: header.commit_time,
        lazy: header.is_lazy(),
        participants: &participants,
        dependencies: &dependencies,
        label: view.label(),
        ranges: ranges.iter().copied(),
    };
    assert_eq!(draft.part_crc(), view.part_crc());
    let measure = draft.measure().expect("what was read can be written");
    let position = Position { lsn: header.lsn, epoch: header.epoch, synced: header.synced };
    let mut out = AlignedBuf::new();
    draft.encode(&measure, position, checksums, &mut out);
    let (read, written) = (bytes.get(..len), out.as_slice());
    // The checksum covers the reserved bytes, so it differs with them.
    let same = |range: std::ops::Range<usize>| {
        read.and_then(|read| read.get(range.clone())) == written.get(range)
    };
    assert!(written.len() == len && same(0..RESERVED) && same(HEADER_LEN..len), "another record");
    let again = written.first_chunk().expect("a whole header");
    assert_eq!(RecordHeader::decode(again, header.lsn, header.epoch, checksums), Ok(header));
    assert!(TRAILER_LEN < len);
}

/// Where the bytes lie that a reader passes over.
const RESERVED: usize = {
    use rvm_core::rvm_log::format::fields::{RECORD_HEADER, offset_of};
    offset_of(RECORD_HEADER, "reserved")
};

fn slot(mode: u8, bytes: &[u8]) {
    // As they are, of whatever length: only a whole slot can be one.
    let found = LogHeader::decode(bytes);
    assert!(found.is_err() || bytes.len() == SLOT_LEN, "{found:?}");

    let mut slot = [0; SLOT_LEN];
    overwrite(&mut slot, 0, bytes);
    if mode & mode::FRAMED != 0 {
        use rvm_core::rvm_log::format::header::{FEATURES, MAGIC, VERSION};
        overwrite(&mut slot, 0, &MAGIC);
        overwrite(&mut slot, 8, &VERSION.to_le_bytes());
        overwrite(&mut slot, 12, &FEATURES.to_le_bytes());
    }
    if mode & mode::SEALED != 0 {
        seal(&mut slot);
    }
    let found = LogHeader::decode(&slot);
    assert_eq!(found, LogHeader::decode(&slot), "decoding is not pure");
    match found {
        Ok(header) => {
            assert!(header.prev_end <= header.head && header.head <= header.synced);
            assert!(header.ring.fits(header.head, header.synced));
            assert!(header.synced < Lsn::LIMIT && header.generation > 0 && header.log_id.0 > 0);
            assert_eq!(LogHeader::decode(&header.encode()), Ok(header), "another header");
        }
        Err(SlotFault::Unreadable) if mode & mode::FRAMED != 0 => {
            assert!(mode & mode::SEALED == 0, "a whole slot is unreadable");
        }
        Err(_) => {}
    }
}
