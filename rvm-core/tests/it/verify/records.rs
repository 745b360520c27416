//! Damages of records: rot in every field, and each field changed with checksums that fit.

use rvm_core::Durability;
use rvm_core::rvm_history::verify::FindingKind::{self, *};
use rvm_core::rvm_log::format::fields::{DEPENDENCY, PARTICIPANT, RECORD_HEADER, offset_of};
use rvm_core::rvm_log::format::record::HEADER_LEN;
use rvm_core::rvm_storage::sim::SimStorage;
use rvm_core::rvm_storage::widths::narrow;

use super::specimen::{
    ALONE, DEPENDING, Fit, Planted, SHARED, SHARED_BACK, Specimen, commit, found, open, plant,
};

fn at(what: &str, kind: FindingKind, record: (&str, usize)) -> Planted {
    let within = Specimen::new().place_of(record);
    Planted { what: what.into(), file: format!("{}.log", record.0), within, kind }
}

/// Guards against rot that passes for the end of the log, though the header vouches for more.
#[test]
fn rot_in_any_byte_of_a_record_is_found() {
    let lost = at("rot", RecordLost, SHARED);
    let (_, len) = Specimen::new().record(SHARED);
    for place in 0..len {
        plant(&Planted { what: format!("rot in byte {place}"), ..lost.clone_of() }, |specimen| {
            let start = usize::try_from(lost.within.start).unwrap();
            let byte = specimen.file("a.log")[start + place] ^ 0x10;
            specimen.bytes(SHARED, place, &[byte], Fit::None);
        });
    }
}

/// Guards against a walk that ends at the first damage: what is behind must be found, too, and damage in two logs at once.
#[test]
fn what_lies_behind_damage_is_found_too() {
    let specimen = Specimen::new();
    // From the last on: the tool that damages them reads the log up to its record.
    specimen.bytes(("a", 3), 70, &[0xff], Fit::None);
    specimen.bytes(("a", 0), 20, &[0xff], Fit::None);
    specimen.bytes(("b", 0), 70, &[0xff], Fit::None);
    let report = specimen.verify();
    for record in [("a", 0), ("a", 3), ("b", 0)] {
        found(&at("one of three", RecordLost, record), &report);
    }
    assert_eq!(report.records, 12 - 3);
}

/// Guards against a record whose loss only the stamps of later records tell of, and not the header.
#[test]
fn a_loss_that_only_stamps_tell_of_is_found() {
    let storage = SimStorage::new(3);
    let (store, [a, ..]) = open(&storage);
    for _ in 0..4 {
        commit(&store, &[&a], &[], Durability::Force);
    }
    let specimen = Specimen { storage: storage.moment().crash() };
    assert_eq!(specimen.header("a").synced.0, 0);
    let torn = Specimen { storage: storage.moment().crash() };
    let last = torn.place_of(("a", 3));
    torn.bytes(("a", 3), 30, &[0xff], Fit::None);
    let (what, file) = ("the last force of all".into(), "a.log".into());
    found(&Planted { what, file, within: last, kind: TornTail }, &torn.verify());
    let within = specimen.place_of(("a", 1));
    specimen.bytes(("a", 1), 30, &[0xff], Fit::None);
    let what = "without a header that vouches".into();
    found(&Planted { what, file: "a.log".into(), within, kind: RecordLost }, &specimen.verify());
}

/// Guards against each field of the fixed header, changed by somebody who computes checksums.
#[test]
fn a_field_of_a_record_that_cannot_be_is_found_behind_right_checksums() {
    let values: [(&str, FindingKind, &[u8]); 14] = [
        ("magic", RecordLost, b"X"),
        ("total_len", RecordMalformed, &[0x71]),
        ("total_len", RecordLost, &[0xf8, 1]),
        ("lsn", RecordLost, &[8]),
        ("epoch", RecordLost, &[2]),
        ("txn_id", RecordMalformed, &[0; 8]),
        ("txn_id", TransactionOrder, &[1]),
        ("synced", RecordMalformed, &[0xff, 0xff]),
        ("synced", SyncedStamp, &[8, 0]),
        ("range_count", RecordMalformed, &[9]),
        ("participant_count", RecordMalformed, &[200]),
        ("dependency_count", RecordMalformed, &[200]),
        ("label_len", RecordMalformed, &[255]),
        ("flags", RecordMalformed, &[0x80]),
    ];
    for (field, kind, value) in values {
        plant(&at(field, kind, SHARED), |specimen| {
            specimen.field(SHARED, field, value, Fit::Header);
        });
    }
    plant(&at("reserved", RecordReserved, SHARED), |specimen| {
        specimen.field(SHARED, "reserved", &[1], Fit::Header);
    });
    // A stamp that is not behind the one before, and where no record ends.
    let (lsn, _) = Specimen::new().record(("a", 4));
    plant(&at("synced", SyncedStamp, ("a", 4)), |specimen| {
        specimen.field(("a", 4), "synced", &(lsn.0 - 8).to_le_bytes(), Fit::Header);
    });
    // The stamp of the last record goes back behind that of the one before.
    plant(&at("synced", SyncedStamp, ("a", 4)), |specimen| {
        specimen.field(("a", 4), "synced", &[0; 8], Fit::Header);
    });
}

/// Guards against lists, ranges and padding that checksums cover and that say what cannot be.
#[test]
fn a_body_that_cannot_be_is_found_behind_right_checksums() {
    let (_, len) = Specimen::new().record(ALONE);
    let body = |at: usize, value: &'static [u8]| {
        move |specimen: &Specimen| specimen.bytes(ALONE, at, value, Fit::Body)
    };
    // `ac 02 05`: five bytes at 300; then `fa 1f 03`: three at 4090.
    plant(&at("a range's offset", RecordOutsideSegment, ALONE), body(HEADER_LEN, &[0xff, 0x7f]));
    plant(&at("a range's length", RecordMalformed, ALONE), body(HEADER_LEN + 2, &[0x7f]));
    plant(&at("a longer form", RecordMalformed, ALONE), body(HEADER_LEN, &[0xac, 0x00]));
    plant(&at("the padding", RecordMalformed, ALONE), body(len - 9, &[1]));
    plant(&at("the trailer", RecordLost, ALONE), body(len - 4, &[0xff]));
    plant(&at("the body's checksum", RecordLost, ALONE), |specimen| {
        specimen.bytes(ALONE, len - 8, &[1, 2, 3, 4], Fit::None);
    });
}

/// Guards against a list of participants that is believed: each field of an entry, and data that is not what the others named.
#[test]
fn a_part_that_is_not_as_named_is_found() {
    let entry = |field| HEADER_LEN + offset_of(PARTICIPANT, field);
    let own = Specimen::new().header("a").log_id.0.to_le_bytes();
    let b = Specimen::new().header("b").log_id.0.to_le_bytes();
    let values: [(&str, FindingKind, &[u8]); 9] = [
        ("log_id", MissingLog, &[9; 8]),
        ("log_id", PartList, &own),
        ("log_id", PartMismatch, &b),
        ("epoch", PartList, &[2]),
        ("lsn", PartList, &[1]),
        ("lsn", PartMismatch, &[8]),
        ("total_len", PartMismatch, &[8, 1]),
        ("total_len", PartList, &[9]),
        ("part_crc", PartMismatch, &[1, 2, 3]),
    ];
    for (field, kind, value) in values {
        plant(&at(field, kind, SHARED), |specimen| {
            specimen.bytes(SHARED, entry(field), value, Fit::Body);
        });
    }
    plant(&at("another transaction", PartMismatch, SHARED), |specimen| {
        specimen.field(SHARED_BACK, "txn_id", &[5], Fit::Header);
    });
    // The other side names a part that no longer names it back.
    plant(&at("unanswered", PartUnanswered, SHARED_BACK), |specimen| {
        specimen.bytes(SHARED, entry("log_id"), &[9; 8], Fit::Body);
    });
    plant(&at("data", PartMismatch, SHARED_BACK), |specimen| {
        let (_, len) = specimen.record(SHARED);
        let data = specimen.file("a.log")[narrow(specimen.place_of(SHARED).start)..][..len]
            .windows(5)
            .position(|bytes| bytes == b"abcde");
        specimen.bytes(SHARED, data.unwrap(), b"z", Fit::Body);
    });
}

/// Guards against a dependency that is believed.
#[test]
fn a_dependency_that_is_not_as_named_is_found() {
    let entry = |field| HEADER_LEN + offset_of(DEPENDENCY, field);
    let own = Specimen::new().header("b").log_id.0.to_le_bytes();
    let values: [(&str, FindingKind, &[u8]); 5] = [
        ("log_id", MissingLog, &[9; 8]),
        ("log_id", PartList, &own),
        ("epoch", PartList, &[2]),
        ("lsn", PartList, &[1]),
        ("lsn", DependencyMismatch, &[8, 0]),
    ];
    for (field, kind, value) in values {
        plant(&at(field, kind, DEPENDING), |specimen| {
            specimen.bytes(DEPENDING, entry(field), value, Fit::Body);
        });
    }
    assert_eq!(RECORD_HEADER.len(), 14, "a field is not in these tests");
}

impl Planted {
    fn clone_of(&self) -> Self {
        Self {
            what: self.what.clone(),
            file: self.file.clone(),
            within: self.within.clone(),
            kind: self.kind,
        }
    }
}
