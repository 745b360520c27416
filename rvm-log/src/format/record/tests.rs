//! What the record codec must never do: accept a damaged record, refuse a whole one, or panic.

use proptest::prelude::*;
use rvm_storage::AlignedBuf;
use rvm_storage::widths::wide;

use super::draft::Position;
use super::*;
use crate::error::LogError;
use crate::format::checksum::Checksums;
use crate::format::fields::{RECORD_HEADER, offset_of};
use crate::ids::{Salt, TxnId};
use crate::ring::RECORD_LEN_LIMIT;

const AT: Position = Position { lsn: Lsn(4096 + 64), epoch: Epoch(3), synced: Lsn(4096) };

fn checksums() -> Checksums {
    Checksums::new(Salt(*b"0123456789abcdef"))
}

fn encoded(
    participants: &[Participant],
    dependencies: &[Dependency],
    label: &[u8],
    ranges: &[(u64, Vec<u8>)],
) -> Vec<u8> {
    let draft = Draft {
        commit_time: 77,
        lazy: true,
        participants,
        dependencies,
        label,
        ..Draft::new(TxnId(9), ranges.iter().map(|(offset, bytes)| (*offset, bytes.as_slice())))
    };
    let mut out = AlignedBuf::new();
    draft.encode(&draft.measure().unwrap(), AT, checksums(), &mut out);
    out.as_slice().to_vec()
}

fn decoded(bytes: &[u8]) -> Result<RecordView<'_>, RecordFault> {
    let header = bytes.first_chunk().ok_or(RecordFault::Absent)?;
    let header = RecordHeader::decode(header, AT.lsn, AT.epoch, checksums())?;
    RecordView::parse(header, bytes, checksums())
}

fn sample() -> Vec<u8> {
    let other = Participant {
        log_id: LogId(5),
        epoch: AT.epoch,
        lsn: Lsn(128),
        total_len: 96,
        part_crc: 0xfeed_f00d,
    };
    let read = Dependency { log_id: LogId(6), epoch: Epoch(2), lsn: Lsn(8) };
    encoded(&[other], &[read], b"label", &[(0, vec![1; 3]), (300, vec![2; 200]), (7, vec![])])
}

/// Makes the checksums and the second length right.
fn seal(bytes: &mut [u8], synced: Lsn) {
    restamp(bytes, AT.lsn, synced, checksums());
    let (rest, trailer) = bytes.split_at_mut(bytes.len() - TRAILER_LEN);
    let crc = checksums().at(AT.lsn).over(&rest[HEADER_LEN..]).value();
    trailer[..4].copy_from_slice(&crc.to_le_bytes());
    trailer[4..].copy_from_slice(&rest[4..8]);
}

/// Guards against a change of the bytes on disk: this is the golden form of a record.
#[test]
fn the_bytes_of_a_record_are_these() {
    let bytes = encoded(&[], &[], b"L", &[(300, b"abc".to_vec())]);
    let golden = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/v1/record.bin"));
    assert_eq!(bytes, golden.unwrap());
}

/// Guards against a damaged byte that goes unseen, in any field.
#[test]
fn no_flipped_bit_is_accepted() {
    let bytes = sample();
    assert!(decoded(&bytes).is_ok());
    for at in 0..bytes.len() {
        for bit in 0..8 {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1 << bit;
            assert!(decoded(&damaged).is_err(), "byte {at} bit {bit}");
        }
    }
}

/// Guards against a decoder that reads past the end of what it was given.
#[test]
fn no_cut_record_is_accepted() {
    let bytes = sample();
    for len in 0..bytes.len() {
        assert!(decoded(&bytes[..len]).is_err(), "{len} bytes");
    }
}

/// Guards against a new header over an older record's body: the position seeds both checksums.
#[test]
fn a_record_of_another_position_or_salt_is_not_accepted() {
    let bytes = sample();
    let header: &[u8; HEADER_LEN] = bytes.first_chunk().unwrap();
    let other = Checksums::new(Salt([0; 16]));
    assert_eq!(
        RecordHeader::decode(header, AT.lsn, AT.epoch, other),
        Err(RecordFault::Torn),
        "salt"
    );
    let absent = Err(RecordFault::Absent);
    assert_eq!(RecordHeader::decode(header, Lsn(8), AT.epoch, checksums()), absent, "position");
    assert_eq!(RecordHeader::decode(header, AT.lsn, Epoch(4), checksums()), absent, "epoch");
    let header = RecordHeader::decode(header, AT.lsn, AT.epoch, checksums()).unwrap();
    let moved = RecordHeader { lsn: Lsn(8), ..header };
    assert!(RecordView::parse(moved, &bytes, checksums()).is_err(), "body");
}

/// Guards against a stamp beyond the end of what there is, or on a part of a header.
#[test]
fn less_than_a_header_is_not_stamped() {
    for len in 0..HEADER_LEN {
        let mut bytes = sample()[..len].to_vec();
        restamp(&mut bytes, AT.lsn, Lsn(8), checksums());
        assert_eq!(bytes, sample()[..len], "{len} bytes");
    }
}

/// Guards against a stamp that changes anything but the synced LSN.
#[test]
fn restamping_changes_one_field() {
    let mut bytes = sample();
    restamp(&mut bytes, AT.lsn, Lsn(4104), checksums());
    let view = decoded(&bytes).unwrap();
    assert_eq!(view.header().synced, Lsn(4104));
    restamp(&mut bytes, AT.lsn, AT.synced, checksums());
    assert_eq!(bytes, sample());
}

proptest! {
    /// Guards against a range, a participant, a dependency or a label that comes back different.
    #[test]
    fn what_is_encoded_is_decoded(
        ranges in prop::collection::vec((any::<u32>(), prop::collection::vec(any::<u8>(), 0..300)), 0..8),
        participants in prop::collection::vec((any::<u64>(), any::<u64>(), any::<u32>()), 0..4),
        dependencies in prop::collection::vec((any::<u64>(), any::<u64>()), 0..4),
        label in prop::collection::vec(any::<u8>(), 0..=255),
    ) {
        let ranges: Vec<_> = ranges.into_iter().map(|(o, b)| (u64::from(o), b)).collect();
        let participants: Vec<_> = participants.into_iter().map(|(id, lsn, crc)| Participant {
            log_id: LogId(id), epoch: Epoch(1), lsn: Lsn(lsn), total_len: crc ^ 8, part_crc: crc,
        }).collect();
        let dependencies: Vec<_> = dependencies.into_iter()
            .map(|(id, lsn)| Dependency { log_id: LogId(id), epoch: Epoch(1), lsn: Lsn(lsn) })
            .collect();
        let bytes = encoded(&participants, &dependencies, &label, &ranges);
        let view = decoded(&bytes).unwrap();
        prop_assert_eq!(view.participants().collect::<Vec<_>>(), participants);
        prop_assert_eq!(view.dependencies().collect::<Vec<_>>(), dependencies);
        prop_assert_eq!(view.label(), &label);
        let read: Vec<_> = view.ranges().map(|(o, b)| (o, b.to_vec())).collect();
        prop_assert_eq!(read, ranges.clone());
        let data_len: usize = ranges.iter().map(|(_, bytes)| bytes.len()).sum();
        prop_assert_eq!(view.data_len(), wide(data_len));
        let draft = Draft { label: &label, ..Draft::new(TxnId(1), ranges.iter().map(|(o, b)| (*o, b.as_slice()))) };
        prop_assert_eq!(view.part_crc(), draft.part_crc());
    }

    /// Guards against a panic or an endless loop on bytes whose checksums an attacker made right.
    #[test]
    fn hostile_bytes_with_right_checksums_never_panic(
        mut bytes in prop::collection::vec(any::<u8>(), HEADER_LEN + TRAILER_LEN..400),
    ) {
        bytes.truncate(bytes.len() / 8 * 8);
        let total_len = u32::try_from(bytes.len()).unwrap();
        bytes[..4].copy_from_slice(&MAGIC);
        bytes[4..8].copy_from_slice(&total_len.to_le_bytes());
        bytes[8..16].copy_from_slice(&AT.lsn.0.to_le_bytes());
        bytes[16..24].copy_from_slice(&AT.epoch.0.to_le_bytes());
        bytes[24..32].copy_from_slice(&1_u64.to_le_bytes());
        seal(&mut bytes, AT.synced);
        match decoded(&bytes) {
            Ok(view) => prop_assert!(view.ranges().count() <= bytes.len()),
            Err(fault) => prop_assert!(matches!(fault, RecordFault::Malformed(_)), "{:?}", fault),
        }
    }
}

/// Guards against a field that no writer makes, and that is believed; and against the last that one does make, and that is refused.
#[test]
fn each_field_of_the_header_has_its_limits() {
    let fixed = u64::try_from(HEADER_LEN + TRAILER_LEN).unwrap();
    let cases = [
        ("total_len", fixed, None),
        ("total_len", fixed - 8, Some("its length")),
        ("total_len", fixed + 4, Some("its length")),
        ("txn_id", 1, None),
        ("txn_id", Lsn::LIMIT.0 - 1, None),
        ("txn_id", 0, Some("its transaction id")),
        ("txn_id", Lsn::LIMIT.0, Some("its transaction id")),
        ("synced", AT.lsn.0, None),
        ("synced", AT.lsn.0 + 8, Some("its synced LSN")),
        ("flags", 0, None),
        ("flags", 2, Some("its flags")),
    ];
    for (name, value, fault) in cases {
        let mut bytes = encoded(&[], &[], b"", &[]);
        let field = RECORD_HEADER.iter().find(|field| field.name == name).unwrap();
        let at = offset_of(RECORD_HEADER, name);
        bytes[at..at + field.len].copy_from_slice(&value.to_le_bytes()[..field.len]);
        seal(&mut bytes, if name == "synced" { Lsn(value) } else { AT.synced });
        let found = decoded(&bytes).err();
        assert_eq!(found, fault.map(RecordFault::Malformed), "{name} = {value}");
    }
}

/// Guards against bytes behind a record's data that nobody wrote there.
#[test]
fn padding_is_less_than_a_step_and_zeros() {
    for (len, last, is_fine) in [(7, 0, true), (7, 1, false), (8, 0, false)] {
        let mut bytes = encoded(&[], &[], b"", &[]);
        bytes.splice(HEADER_LEN..HEADER_LEN, std::iter::repeat_n(0, 8));
        bytes[HEADER_LEN + 7] = last;
        // The other bytes are a label.
        bytes[offset_of(RECORD_HEADER, "label_len")] = 8 - len;
        let total_len = u32::try_from(bytes.len()).unwrap();
        bytes[4..8].copy_from_slice(&total_len.to_le_bytes());
        seal(&mut bytes, AT.synced);
        let fault = (!is_fine).then_some(RecordFault::Malformed("its padding"));
        assert_eq!(decoded(&bytes).err(), fault, "{len} bytes, the last {last}");
    }
}

/// Guards against a count that is cut to its field, and against an error that speaks of something else.
#[test]
fn more_than_a_field_can_count_is_refused() {
    let other = Participant {
        log_id: LogId(5),
        epoch: AT.epoch,
        lsn: Lsn(128),
        total_len: 96,
        part_crc: 0,
    };
    let participants = vec![other; 65_536];
    let draft = Draft::new(TxnId(1), std::iter::empty());
    let refused = |draft: Draft<'_, _>| match draft.measure() {
        Err(LogError::TooMany { what, count, limit }) => (what, count, limit),
        other => panic!("{other:?}"),
    };
    let too_many = Draft { participants: &participants, ..draft.clone() };
    assert_eq!(refused(too_many), ("participants", 65_536, 65_535));
    assert!(Draft { participants: &participants[1..], ..draft.clone() }.measure().is_ok());
    let read = Dependency { log_id: LogId(6), epoch: AT.epoch, lsn: Lsn(8) };
    let too_many = Draft { dependencies: &vec![read; 65_536], ..draft.clone() };
    assert_eq!(refused(too_many), ("dependencies", 65_536, 65_535));
    let long = Draft { label: &[b'x'; 256], ..draft };
    assert_eq!(refused(long), ("bytes of label", 256, 255));
}

/// Guards against a length that is cut to its field: the record would be read as another, or its neighbour's bytes as its own.
#[test]
fn a_record_longer_than_its_length_can_say_is_refused() {
    const MIB: usize = 1 << 20;
    let bytes = vec![0; MIB];
    let of = |rest| {
        let rest = std::iter::once((0, &bytes[..rest]));
        let ranges = std::iter::repeat_n((0, bytes.as_slice()), 4_095).chain(rest);
        Draft::new(TxnId(1), ranges).measure()
    };
    // Each range takes its bytes, one byte of offset and three of length.
    let fixed = HEADER_LEN + TRAILER_LEN + 4_096 * 4;
    let most = usize::try_from(RECORD_LEN_LIMIT).unwrap() - fixed - 4_095 * MIB;
    assert_eq!(u64::from(of(most).unwrap().total_len), RECORD_LEN_LIMIT);
    match of(most + 1) {
        Err(LogError::RecordTooLarge { len, limit }) => {
            assert_eq!((len, limit), (RECORD_LEN_LIMIT + 8, RECORD_LEN_LIMIT));
        }
        other => panic!("{other:?}"),
    }
}
