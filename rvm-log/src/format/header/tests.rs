//! What the header codec must never do: accept a damaged slot, or a value that is never written, or panic.

use proptest::prelude::*;

use super::*;
use crate::format::fields::offset_of;
use crate::ring::{CAPACITY_LIMIT, CAPACITY_MIN, DATA_START};

fn sample() -> LogHeader {
    LogHeader {
        generation: 5,
        store_id: StoreId(*b"the store's own."),
        log_id: LogId(0x0123_4567_89ab_cdef),
        segment_len: 1 << 33,
        epoch: Epoch(4),
        salt: Salt(*b"a pinch of salt!"),
        ring: Ring::new(CAPACITY_MIN).unwrap(),
        head: Lsn(5_000),
        prev_end: Lsn(4_800),
        synced: Lsn(6_000),
        txn_id_max: TxnId(77),
        clean: true,
        segment_name: SegmentName::new("a-name").unwrap(),
    }
}

/// The sample with a field of up to eight bytes replaced, and the checksum made right.
fn with(field: &str, value: u64) -> Result<LogHeader, SlotFault> {
    let mut slot = sample().encode();
    let len = SLOT.iter().find(|row| row.name == field).unwrap().len.min(8);
    let at = offset_of(SLOT, field);
    slot[at..at + len].copy_from_slice(&value.to_le_bytes()[..len]);
    seal(&mut slot);
    LogHeader::decode(&slot)
}

/// Guards against a field that moves, or that is written to a place it is not read from.
#[test]
fn every_field_lies_where_the_table_says() {
    let (header, slot) = (sample(), sample().encode());
    let number = |name: &str| {
        let at = offset_of(SLOT, name);
        let len = SLOT.iter().find(|row| row.name == name).unwrap().len;
        let mut bytes = [0; 8];
        bytes[..len].copy_from_slice(&slot[at..at + len]);
        u64::from_le_bytes(bytes)
    };
    for (name, value) in [
        ("version", VERSION.into()),
        ("features", FEATURES.into()),
        ("generation", 5),
        ("log_id", header.log_id.0),
        ("segment_len", 1 << 33),
        ("epoch", 4),
        ("capacity", CAPACITY_MIN),
        ("head", 5_000),
        ("prev_end", 4_800),
        ("synced", 6_000),
        ("txn_id_max", 77),
        ("clean", 1),
        ("segment_name_len", 6),
    ] {
        assert_eq!(number(name), value, "{name}");
    }
    assert_eq!(slot[..8], MAGIC);
    for (name, bytes) in [
        ("store_id", &header.store_id.0[..]),
        ("salt", &header.salt.0),
        ("segment_name", b"a-name"),
    ] {
        assert!(slot[offset_of(SLOT, name)..].starts_with(bytes), "{name}");
    }
    let name_end = offset_of(SLOT, "segment_name") + 6;
    assert!(slot[name_end..SLOT_CRC_OFFSET].iter().all(|byte| *byte == 0));
    assert_eq!(LogHeader::decode(&slot), Ok(header));
}

/// Guards against a damaged byte that goes unseen, the reserved ones included.
#[test]
fn no_flipped_byte_is_accepted() {
    let whole = sample().encode();
    for at in 0..SLOT_LEN {
        for flip in [1 << (at % 8), 0xff] {
            let mut slot = whole;
            slot[at] ^= flip;
            assert_eq!(LogHeader::decode(&slot), Err(SlotFault::Unreadable), "byte {at}");
        }
    }
}

/// Guards against a decoder that reads past the end of what it was given.
#[test]
fn no_cut_slot_is_accepted() {
    let slot = sample().encode();
    for len in 0..SLOT_LEN {
        assert_eq!(LogHeader::decode(&slot[..len]), Err(SlotFault::Unreadable), "{len} bytes");
    }
    assert_eq!(LogHeader::decode(&[0; SLOT_LEN]), Err(SlotFault::Unreadable), "zeros");
}

/// Guards against a newer format that is read as this one.
#[test]
fn other_versions_and_unknown_features_are_named() {
    for version in [0, 2, u32::MAX] {
        assert_eq!(with("version", version.into()), Err(SlotFault::Version(version)));
    }
    for bit in 0..32 {
        assert_eq!(with("features", 1 << bit), Err(SlotFault::Features(1 << bit)));
    }
    assert_eq!(with("magic", 0), Err(SlotFault::Unreadable), "not a log at all");
}

/// Guards against a value that is never written and would mislead whoever relies on it; each limit from both sides.
#[test]
fn each_field_is_held_to_its_limits() {
    let limit = Lsn::LIMIT.0;
    let reach = sample().ring.limit(Lsn(5_000)).0;
    assert_eq!(reach, 4_096 + CAPACITY_MIN);
    let cases: [(&str, &[u64], &[u64]); 10] = [
        ("generation", &[1, u64::MAX], &[0]),
        ("log_id", &[1, u64::MAX], &[0]),
        ("segment_len", &[0, i64::MAX.unsigned_abs()], &[1 << 63, u64::MAX]),
        ("epoch", &[1, limit - 1], &[0, limit, u64::MAX]),
        (
            "capacity",
            &[CAPACITY_MIN, CAPACITY_LIMIT],
            &[0, CAPACITY_MIN - 4_096, CAPACITY_MIN + 8, CAPACITY_LIMIT + 4_096, u64::MAX],
        ),
        ("head", &[4_800, 6_000], &[4_801, limit, limit + 8, u64::MAX - 7]),
        ("prev_end", &[0, 5_000], &[1, 5_008, u64::MAX - 7]),
        ("synced", &[5_000, reach], &[4_992, 5_001, reach + 8, limit, u64::MAX - 7]),
        ("txn_id_max", &[0, limit - 1], &[limit, u64::MAX]),
        ("clean", &[0, 1], &[2, u32::MAX.into()]),
    ];
    for (name, good, bad) in cases {
        for value in good {
            assert!(with(name, *value).is_ok(), "{name} = {value}");
        }
        for value in bad {
            assert_eq!(with(name, *value), Err(SlotFault::Field { name, value: *value }));
        }
    }
    for (name_len, valid) in [(0, false), (6, true), (7, false), (201, false), (u32::MAX, false)] {
        let name_len = u64::from(name_len);
        assert_eq!(with("segment_name_len", name_len).is_ok(), valid, "{name_len}");
    }
}

/// Guards against a change of the sizes that nothing may change any more.
#[test]
fn the_pair_is_two_blocks() {
    assert_eq!(DATA_START, 2 * BLOCK_LEN);
    assert_eq!((SLOT_LEN, SLOT_CRC_OFFSET), (4_096, 4_092));
}

proptest! {
    /// Guards against a panic on a slot whose checksum an attacker made right, and against two forms of one header.
    #[test]
    fn hostile_slots_never_panic_and_valid_ones_are_canonical(
        at in 0..SLOT_CRC_OFFSET, bytes in prop::collection::vec(any::<u8>(), 1..64),
    ) {
        let mut slot = sample().encode();
        let end = SLOT_CRC_OFFSET.min(at + bytes.len());
        slot[at..end].copy_from_slice(&bytes[..end - at]);
        seal(&mut slot);
        if let Ok(header) = LogHeader::decode(&slot) {
            prop_assert_eq!(LogHeader::decode(&header.encode()), Ok(header));
        }
    }
}

/// Guards against a salt that gets into a message or a trace: who knows it can make data that passes for a record.
#[test]
fn a_header_does_not_show_its_salt() {
    let shown = format!("{:?}", sample());
    assert!(shown.contains("Salt(..)"), "{shown}");
    assert!(!shown.contains("pinch") && !shown.contains("97, 32, 112"), "{shown}");
    assert!(shown.contains("StoreId(7468652073746f72652773206f776e2e)"), "{shown}");
}
