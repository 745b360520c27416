//! Files of version 1, byte for byte: what is written today must be them, and what they say must be read for ever.
//!
//! `tests/golden/v1` holds a whole log and a header slot, `tests/golden/v1-corrupt` the same log with damage. They are made
//! anew, on purpose only, by `cargo test -p rvm-log --test it -- --ignored make_the_golden_files`.

use std::fmt::Write as _;
use std::path::PathBuf;

use rvm_log::format::header::{SLOT_LEN, seal};
use rvm_log::{
    CAPACITY_MIN, Damage, Dependency, Draft, Epoch, LogError, LogHeader, LogId, Lsn, Participant,
    Salt, TxnId,
};
use rvm_storage::AlignedBuf;
use rvm_storage::widths::narrow;

use crate::workbench::{Found, LOG_LOCATION, Record, Workbench, read_bytes};

fn path(file: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests", "golden", file].iter().collect()
}

fn golden(file: &str) -> Vec<u8> {
    std::fs::read(path(file)).unwrap()
}

/// A log with one record of each kind, the third of which wraps around the ring.
fn sample() -> Workbench {
    let mut bench = Workbench::small();
    for _ in 0..8 {
        bench.append(Record::of_len(3_968, 0xaa));
        bench.force();
        bench.move_head(bench.durable);
    }
    let other = Participant {
        log_id: LogId(0x0102_0304_0506_0708),
        epoch: Epoch(1),
        lsn: Lsn(4096),
        total_len: 160,
        part_crc: 0x8bad_f00d,
    };
    let given = Dependency { log_id: LogId(0x1112_1314_1516_1718), epoch: Epoch(1), lsn: Lsn(640) };
    bench.append(Record {
        commit_time: 1_700_000_000_000_000_000,
        ..Record::of(0, b"one".to_vec())
    });
    bench.append(Record {
        label: b"transfer".to_vec(),
        participants: vec![other, Participant { log_id: LogId(2), ..other }],
        dependencies: vec![given],
        ..Record::of(300, b"of three logs".to_vec())
    });
    bench.force();
    bench.append(Record {
        lazy: true,
        ranges: vec![(0, vec![0x61; 700]), (100, vec![0x62; 40]), (65_536, vec![])],
        ..Record::default()
    });
    bench.force();
    bench.append(Record::of(70_000, vec![0x63; 9]));
    bench.force();
    let ring = bench.log.ring();
    assert!(bench.live[2].lsn < Lsn(CAPACITY_MIN) && bench.live[2].end() > Lsn(CAPACITY_MIN));
    assert_eq!(ring.capacity(), CAPACITY_MIN);
    bench
}

fn slot() -> [u8; SLOT_LEN] {
    let mut header = sample().log.header().clone();
    header.generation = 3;
    header.salt = Salt(*b"sixteen salty ..");
    header.encode()
}

fn record() -> Vec<u8> {
    let bytes = b"abc".to_vec();
    let draft = Draft {
        commit_time: 77,
        lazy: true,
        label: b"L",
        ..Draft::new(TxnId(9), std::iter::once((300, bytes.as_slice())))
    };
    let position = rvm_log::format::record::Position {
        lsn: Lsn(4096 + 64),
        epoch: Epoch(3),
        synced: Lsn(4096),
    };
    let checksums = rvm_log::Checksums::new(Salt(*b"0123456789abcdef"));
    let mut out = AlignedBuf::new();
    draft.encode(&draft.measure().unwrap(), position, checksums, &mut out);
    out.as_slice().to_vec()
}

/// What a log says, as text that a person can compare. The salt is never shown; the checksums rest on it.
fn describe(header: &LogHeader, found: &Found) -> String {
    let mut text = String::new();
    let LogHeader { generation, store_id, log_id, segment_len, epoch, head, prev_end, .. } = header;
    let LogHeader { synced, txn_id_max, clean, segment_name, .. } = header;
    let capacity = header.ring.capacity();
    writeln!(text, "generation {generation}, store {store_id}, log {log_id}").unwrap();
    writeln!(text, "segment {segment_name}, {segment_len} bytes").unwrap();
    writeln!(text, "epoch {epoch}, capacity {capacity}, head {head}, prev_end {prev_end}").unwrap();
    writeln!(text, "synced {synced}, txn_id_max {txn_id_max}, clean {clean}").unwrap();
    let (records, verdict) = found.as_ref().unwrap();
    for record in records {
        let Record { lsn, len, synced, txn_id, commit_time, lazy, .. } = record;
        let label = String::from_utf8_lossy(&record.label);
        writeln!(text, "record {lsn}, {len} bytes, synced {synced}, transaction {txn_id}").unwrap();
        writeln!(text, "  time {commit_time}, lazy {lazy}, label {label:?}").unwrap();
        for part in &record.participants {
            let Participant { log_id, epoch, lsn, total_len, part_crc } = part;
            write!(text, "  participant {log_id}, epoch {epoch}, record {lsn}").unwrap();
            writeln!(text, ", {total_len} bytes, crc {part_crc:08x}").unwrap();
        }
        for Dependency { log_id, epoch, lsn } in &record.dependencies {
            writeln!(text, "  dependency {log_id}, epoch {epoch}, up to {lsn}").unwrap();
        }
        for (offset, bytes) in &record.ranges {
            let (len, text_of) = (bytes.len(), String::from_utf8_lossy(bytes));
            writeln!(text, "  range {offset}, {len} bytes: {text_of}").unwrap();
        }
    }
    let torn = verdict.torn.map_or(0, |torn| torn.len);
    writeln!(text, "end {}, {torn} bytes torn", verdict.end).unwrap();
    text
}

/// The damaged twins of the sample.
fn corrupt() -> [(&'static str, Vec<u8>); 4] {
    let bench = sample();
    let mut pair = bench.file();
    (pair[100], pair[SLOT_LEN + 200]) = (!pair[100], !pair[SLOT_LEN + 200]);
    let mut acknowledged = bench.file();
    acknowledged[bench.place(bench.live[1].end()) - 20] ^= 0x10;
    let mut version = bench.file();
    let slot: &mut [u8; SLOT_LEN] = version.first_chunk_mut().unwrap();
    slot[8] = 2;
    seal(slot);
    let mut short = bench.file();
    short.truncate(20_000);
    [
        ("header-pair.log", pair),
        ("acknowledged.log", acknowledged),
        ("version.log", version),
        ("short.log", short),
    ]
}

/// Guards against a change of any byte that is written.
#[test]
fn what_is_written_is_golden() {
    assert!(golden("v1/record.bin") == record());
    assert!(golden("v1/slot.bin") == slot());
    assert!(golden("v1/sample.log") == sample().file());
    for (name, bytes) in corrupt() {
        assert!(golden(&format!("v1-corrupt/{name}")) == bytes, "{name}");
    }
}

/// Guards against a file of version 1 that is read as something else.
#[test]
fn what_is_golden_is_read() {
    let bytes = golden("v1/sample.log");
    let header = LogHeader::decode(&bytes[..SLOT_LEN]).unwrap();
    let found = read_bytes(bytes);
    assert_eq!(found.as_ref().unwrap().0, sample().live);
    let expected = String::from_utf8(golden("v1/sample.txt")).unwrap();
    assert_eq!(describe(&header, &found), expected);

    let slot = golden("v1/slot.bin");
    let header = LogHeader::decode(&slot).unwrap();
    assert_eq!((header.generation, header.salt.0), (3, *b"sixteen salty .."));
    assert_eq!(header.segment_name.as_str(), "sample");
}

/// Guards against damage that a later version no longer finds, or reports at another place.
#[test]
fn damaged_files_are_told_for_what_they_are() {
    let bench = sample();
    let file = |name: &str| read_bytes(golden(&format!("v1-corrupt/{name}"))).unwrap_err();
    match file("header-pair.log") {
        LogError::Corrupt { file, offset: 0, damage: Damage::HeaderPair } => {
            assert_eq!(file, LOG_LOCATION);
        }
        other => panic!("{other:?}"),
    }
    match file("acknowledged.log") {
        LogError::Corrupt { offset, damage: Damage::DurableRecordLost { at, synced }, .. } => {
            let lost = &bench.live[1];
            assert_eq!((narrow(offset), at), (bench.place(lost.lsn), lost.lsn));
            assert_eq!(synced, bench.live[2].synced);
        }
        other => panic!("{other:?}"),
    }
    match file("version.log") {
        LogError::Unsupported { what: "version", found: 2, known: 1, .. } => {}
        other => panic!("{other:?}"),
    }
    match file("short.log") {
        LogError::Corrupt {
            offset: 20_000,
            damage: Damage::TooShort { needed, found: 20_000 },
            ..
        } => {
            assert_eq!(needed, bench.log.ring().file_len());
        }
        other => panic!("{other:?}"),
    }
}

/// Writes the golden files. Only for a new version of the format, in a folder of its own.
#[test]
#[ignore = "changes the golden files"]
#[expect(clippy::disallowed_methods, reason = "these are files of the repository, not of a store")]
fn make_the_golden_files() {
    let bytes = sample().file();
    let header = LogHeader::decode(&bytes[..SLOT_LEN]).unwrap();
    let text = describe(&header, &read_bytes(bytes.clone()));
    std::fs::write(path("v1/record.bin"), record()).unwrap();
    std::fs::write(path("v1/slot.bin"), slot()).unwrap();
    std::fs::write(path("v1/sample.log"), bytes).unwrap();
    std::fs::write(path("v1/sample.txt"), text).unwrap();
    for (name, bytes) in corrupt() {
        std::fs::write(path(&format!("v1-corrupt/{name}")), bytes).unwrap();
    }
}
