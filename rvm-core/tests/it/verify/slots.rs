//! Damages of the header pair: rot in each field of one slot, and each field of one slot and of both with checksums that fit.

use rvm_core::rvm_history::verify::FindingKind::{self, *};
use rvm_core::rvm_log::format::fields::{SLOT, len_of, offset_of};

use super::specimen::{Planted, Specimen, found, plant};

const SLOT_LEN: u64 = 4096;

fn at(what: &str, kind: FindingKind, slot: u64, field: &str) -> Planted {
    let start = slot * SLOT_LEN + offset_of(SLOT, field) as u64;
    let len = SLOT.iter().find(|entry| entry.name == field).map_or(1, |entry| entry.len as u64);
    Planted {
        what: format!("{what} {field}"),
        file: "a.log".into(),
        within: start..start + len,
        kind,
    }
}

fn slot(what: &str, kind: FindingKind, slot: u64) -> Planted {
    let within = slot * SLOT_LEN..(slot + 1) * SLOT_LEN;
    Planted { what: what.into(), file: "a.log".into(), within, kind }
}

/// Guards against rot in one slot that nobody hears of until the other one rots too.
#[test]
fn rot_in_any_field_of_one_slot_is_found() {
    for field in SLOT {
        for number in [0, 1] {
            let rotted = |specimen: &Specimen| {
                let file = specimen.file("a.log");
                let at = offset_of(SLOT, field.name);
                let byte = file[number * 4096 + at] ^ 0x40;
                specimen.slots("a", &[number], field.name, &[byte], false);
            };
            plant(&slot(field.name, SlotUnreadable, number as u64), rotted);
        }
    }
    let behind =
        |place| move |specimen: &Specimen| specimen.slot_bytes("a", &[1], place, &[1], false);
    plant(&slot("the zeros", SlotUnreadable, 1), behind(2000));
    // A checksum alone that does not fit is what a write that was cut short leaves.
    plant(&slot("the checksum", SlotTorn, 1), behind(4093));
    let both = |specimen: &Specimen| specimen.slots("a", &[0, 1], "head", &[0xff], false);
    plant(&slot("both slots", HeaderPair, 0).anywhere(), both);
}

/// Guards against a value that is never written and that a check lets pass, since the checksum is right.
#[test]
fn a_field_that_cannot_be_is_found_behind_a_right_checksum() {
    let limit = (1_u64 << 62).to_le_bytes();
    let values: [(&str, FindingKind, &[u8]); 14] = [
        ("version", FormatUnknown, &[2]),
        ("features", FormatUnknown, &[1]),
        ("generation", HeaderField, &[0; 8]),
        ("log_id", HeaderField, &[0; 8]),
        ("segment_len", HeaderField, &[0xff; 8]),
        ("epoch", HeaderField, &[0; 8]),
        ("capacity", HeaderField, &[1]),
        ("head", HeaderField, &[3]),
        ("prev_end", HeaderField, &[8]),
        ("synced", HeaderField, &[1]),
        ("txn_id_max", HeaderField, &limit),
        ("clean", HeaderField, &[2]),
        ("segment_name_len", HeaderField, &[201]),
        ("segment_name", OtherSegment, b"z"),
    ];
    for (field, kind, value) in values {
        // The name's own rules are told under its length.
        plant(&at("both slots:", kind, 0, field), |specimen| {
            specimen.slots("a", &[0, 1], field, value, true);
        });
    }
    let bad_name = |specimen: &Specimen| specimen.slots("a", &[0, 1], "segment_name", b"/", true);
    plant(&at("a name that is none:", HeaderField, 0, "segment_name_len"), bad_name);
    let magic = |specimen: &Specimen| specimen.slots("a", &[0, 1], "magic", b"X", true);
    plant(&at("both slots:", HeaderPair, 0, "magic"), magic);
    let one = |specimen: &Specimen| specimen.slots("a", &[1], "head", &[3], true);
    plant(&at("one slot:", HeaderField, 1, "head"), one);
    let zeros = |specimen: &Specimen| specimen.slot_bytes("a", &[0], 700, &[1], true);
    plant(&slot("the zeros", SlotReserved, 0), zeros);
    let last = (1_u64 << 62) - 1;
    let last =
        |specimen: &Specimen| specimen.slots("a", &[0, 1], "epoch", &last.to_le_bytes(), true);
    plant(&at("no epoch follows:", HeaderField, 0, "epoch"), last);
}

/// Guards against fields that are possible by themselves, and not beside the rest of the store.
#[test]
fn a_field_that_contradicts_the_rest_is_found() {
    let number = |value: u64| value.to_le_bytes();
    let specimen = Specimen::new();
    let (a, b) = (specimen.header("a"), specimen.header("b"));
    let first = specimen.place_of(("a", 0));
    let behind = 8192 + a.synced.0;
    let change = |field: &'static str, value: Vec<u8>| {
        move |specimen: &Specimen| specimen.slots("a", &[0, 1], field, &value, true)
    };
    let lost =
        |within| Planted { what: "lost".into(), file: "a.log".into(), within, kind: RecordLost };
    plant(&at("a store", OtherStore, 0, "store_id"), change("store_id", vec![1; 16]));
    let twin = number(b.log_id.0).to_vec();
    plant(&at("another's", SameIdentity, 0, "log_id").in_file("b.log"), change("log_id", twin));
    let away = Planted {
        what: "an unknown log_id".into(),
        file: "c.log".into(),
        within: 8192..9000,
        kind: MissingLog,
    };
    plant(&away, change("log_id", vec![7; 8]));
    let longer = Planted {
        what: "segment_len".into(),
        file: "a.seg".into(),
        within: 4095..4096,
        kind: FileTooShort,
    };
    plant(&longer, change("segment_len", number(5000).to_vec()));
    let shorter = Planted { kind: RecordBeyondHeader, ..lost(first.clone()) };
    plant(&shorter, change("segment_len", number(4000).to_vec()));
    plant(
        &at("used in epoch 2,", OlderLog, 0, "epoch").in_file("b.log"),
        change("epoch", number(2).to_vec()),
    );
    plant(
        &at("epoch 9,", OlderLog, 0, "epoch").in_file("b.log"),
        change("epoch", number(9).to_vec()),
    );
    plant(&lost(first.clone()), change("salt", vec![9; 16]));
    let end = Planted {
        kind: FileTooShort,
        ..lost(8192 + a.ring.capacity() - 1..8192 + a.ring.capacity())
    };
    plant(&end, change("capacity", number(64 << 10).to_vec()));
    plant(&lost(first.start + 8..first.end), change("head", number(8).to_vec()));
    plant(&lost(behind..behind + 64), change("synced", number(a.synced.0 + 64).to_vec()));
    let known = Planted { kind: TransactionMax, ..lost(first) };
    plant(&known, change("txn_id_max", number(0).to_vec()));
    plant(&at("a lie,", CleanMark, 0, "clean"), change("clean", vec![1]));
}

/// Guards against two slots of which each is possible, and that cannot be a pair.
#[test]
fn slots_that_cannot_be_a_pair_are_found() {
    let possible: [(&str, &[u8]); 10] = [
        ("generation", &[90]),
        ("store_id", &[1]),
        ("log_id", &[1]),
        ("segment_len", &[1]),
        ("epoch", &[2]),
        ("salt", &[1]),
        ("prev_end", &[0]),
        ("synced", &[0, 0]),
        ("txn_id_max", &[3]),
        ("clean", &[1]),
    ];
    for (field, value) in possible {
        let specimen = Specimen::new();
        specimen.slots("a", &[1], field, value, true);
        if field == "prev_end" {
            // It was 0 before: the pair is as it was.
            assert!(specimen.verify().findings.is_empty());
            continue;
        }
        let report = specimen.verify();
        found(&slot(field, SlotsDisagree, 1).anywhere(), &report);
    }
}

/// Guards against the older slot of a pair that is later in something: one of them is not of this log's past.
#[test]
fn an_older_slot_that_is_ahead_is_found() {
    let generation = Specimen::new().header("a").generation;
    let newer = (generation + 1).to_le_bytes();
    for (field, value) in [("txn_id_max", 30_u64), ("epoch", 7), ("segment_len", 1 << 20)] {
        plant(&at("ahead:", SlotsDisagree, 1, field), |specimen| {
            specimen.slots("a", &[0], "generation", &newer, true);
            specimen.slots("a", &[1], field, &value.to_le_bytes(), true);
        });
    }
    // What no change of the header changes; the salt goes with the epoch.
    for field in ["store_id", "log_id", "segment_name", "salt"] {
        plant(&at("another's:", SlotsDisagree, 1, field), |specimen| {
            specimen.slots("a", &[0], "generation", &newer, true);
            specimen.slots("a", &[1], field, b"Z", true);
        });
    }
    // One change behind, and otherwise as before: what a crash leaves.
    plant(&at("behind:", SlotLags, 1, "generation"), |specimen| {
        specimen.slots("a", &[0], "generation", &newer, true);
    });
    assert!(len_of(SLOT) < 4092);
}

impl Planted {
    /// In whichever slot.
    fn anywhere(self) -> Self {
        Self { within: 0..2 * SLOT_LEN, ..self }
    }

    fn in_file(self, file: &str) -> Self {
        Self { file: file.into(), ..self }
    }
}
