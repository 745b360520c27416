//! Files whose checksums are right and whose content cannot be: an error or a log, never a panic, an endless loop, or
//! more memory than the file is long.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rvm_log::format::fields::{Field, RECORD_HEADER, SLOT, offset_of};
use rvm_log::format::header::{SLOT_LEN, seal};
use rvm_log::format::record::{HEADER_LEN, TRAILER_LEN};
use rvm_log::{BLOCK_LEN, Checksums, LogError, LogFile, Lsn};
use rvm_storage::sim::{OperationKind, SimStorage};
use rvm_storage::widths::{narrow, wide};

use crate::workbench::{Record, Workbench, log_name, read, scan, segment};

/// What a scan may hold besides what the file has: one window, whole blocks of it.
const CONSTANT: u64 = (1 << 20) + 2 * BLOCK_LEN;

fn extremes() -> Vec<u64> {
    let mut values =
        vec![0, 1, 2, 3, 7, 8, 63, 64, 71, 72, 200, 201, 255, 256, 4_095, 4_096, 65_535];
    for power in [15, 16, 31, 32, 40, 41, 53, 61, 62, 63] {
        let value = 1_u64 << power;
        values.extend([value - 8, value - 1, value, value + 8, value + 4_096]);
    }
    values.extend([u64::MAX - 7, u64::MAX - 4_095, u64::MAX]);
    values
}

fn put(bytes: &mut [u8], at: usize, field: &Field, value: u64) {
    for (place, byte) in bytes[at..at + field.len.min(8)].iter_mut().zip(value.to_le_bytes()) {
        *place = byte;
    }
}

fn some_log() -> Workbench {
    let mut bench = Workbench::small();
    for fill in 0..6 {
        bench.append(Record { label: b"x".to_vec(), ..Record::of(10, vec![fill; 700]) });
        bench.force();
    }
    bench.move_head(bench.live[2].lsn);
    bench.append(Record::of(0, vec![9; 50]));
    bench.force();
    bench
}

/// Reads through a store that measures; returns whether the log could be read.
fn read_measured(bytes: &[u8], what: &str) -> Result<(), LogError> {
    let len = wide(bytes.len());
    let storage = SimStorage::new(1);
    storage.replace_file(&log_name(), bytes).unwrap();
    let largest = Arc::new(AtomicU64::new(0));
    let seen = Arc::clone(&largest);
    storage.on_operation(move |operation| {
        if operation.kind == OperationKind::Read {
            seen.fetch_max(operation.len, Ordering::Relaxed);
        }
    });
    let found = read(&storage);
    let (largest, reads) = (largest.load(Ordering::Relaxed), storage.count(OperationKind::Read));
    assert!(largest <= len.min(CONSTANT), "{what}");
    assert!(largest > 0, "{what}: nothing was measured");
    assert!(reads < 20, "{what}: {reads} reads");
    match found {
        Ok(_) => Ok(()),
        Err(error @ (LogError::Corrupt { .. } | LogError::Unsupported { .. })) => Err(error),
        Err(error) => panic!("{what}: {error}"),
    }
}

/// Guards against a header field that is believed before it is checked: each one takes each extreme, in one slot and in
/// both.
#[test]
fn no_header_field_is_trusted() {
    let file = some_log().file();
    let (mut read, mut refused) = (0, 0);
    for field in SLOT {
        for value in extremes() {
            for slots in [&[0][..], &[SLOT_LEN][..], &[0, SLOT_LEN][..]] {
                let mut bytes = file.clone();
                for start in slots {
                    let slot: &mut [u8; SLOT_LEN] =
                        (&mut bytes[*start..*start + SLOT_LEN]).try_into().unwrap();
                    put(slot, offset_of(SLOT, field.name), field, value);
                    seal(slot);
                }
                let what = format!("{} = {value} in {slots:?}", field.name);
                match read_measured(&bytes, &what) {
                    Ok(()) => read += 1,
                    Err(_) => refused += 1,
                }
            }
        }
    }
    assert!(read > 500 && refused > 1_000, "{read} read, {refused} refused");
}

/// Guards against a record's length or count that is believed before it is checked, with checksums that are right.
#[test]
fn no_record_field_is_trusted() {
    let bench = some_log();
    let (file, checksums) = (bench.file(), bench.log.checksums());
    let record = &bench.live[1];
    let start = bench.place(record.lsn);
    let (mut read, mut refused) = (0, 0);
    for field in RECORD_HEADER.iter().filter(|field| field.name != "header_crc") {
        for value in extremes() {
            let mut bytes = file.clone();
            let header = &mut bytes[start..start + HEADER_LEN];
            put(header, offset_of(RECORD_HEADER, field.name), field, value);
            seal_header(header, record.lsn, checksums);
            match read_measured(&bytes, &format!("{} = {value}", field.name)) {
                Ok(()) => read += 1,
                Err(_) => refused += 1,
            }
        }
    }
    assert!(read > 50 && refused > 300, "{read} read, {refused} refused");
}

/// Guards against a body that lies about its lists: every byte of it takes every value, and the checksum is made right.
#[test]
fn no_record_body_is_trusted() {
    let mut bench = Workbench::small();
    bench.append(Record {
        label: b"ab".to_vec(),
        ranges: vec![(3, vec![1, 2]), (200, vec![3])],
        ..Record::default()
    });
    bench.force();
    let (file, checksums, record) = (bench.file(), bench.log.checksums(), &bench.live[0]);
    let start = bench.place(record.lsn);
    let body = start + HEADER_LEN..start + narrow(record.len) - TRAILER_LEN;
    for place in body.clone() {
        for value in 0..=255 {
            let mut bytes = file.clone();
            bytes[place] = value;
            let crc = checksums.at(record.lsn).over(&bytes[body.clone()]).value();
            bytes[body.end..body.end + 4].copy_from_slice(&crc.to_le_bytes());
            read_measured(&bytes, &format!("byte {place} = {value}")).ok();
        }
    }
}

/// Guards against a record that reaches beyond the ring: no torn write makes one, so it is damage, in the last force too.
#[test]
fn a_record_beyond_the_ring_is_malformed() {
    let mut bench = Workbench::small();
    bench.append(Record::of(0, vec![1; 100]));
    bench.force();
    let (mut bytes, place) = (bench.file(), bench.place(Lsn(0)));
    let total_len = u32::try_from(bench.log.ring().capacity() + 8).unwrap();
    let header = &mut bytes[place..place + HEADER_LEN];
    header[4..8].copy_from_slice(&total_len.to_le_bytes());
    seal_header(header, Lsn(0), bench.log.checksums());
    match read_measured(&bytes, "too long") {
        Err(LogError::Corrupt {
            damage: rvm_log::Damage::Malformed { at: Lsn(0), .. }, ..
        }) => {}
        other => panic!("{other:?}"),
    }
}

/// Guards against a file that shrinks while it is open: an error, not an end.
#[test]
fn a_file_that_shrinks_under_a_scan_is_an_error() {
    let bench = some_log();
    let log = LogFile::open(&bench.storage, &segment()).unwrap();
    let mut bytes = bench.file();
    bytes.truncate(9_000);
    bench.storage.replace_file(&log_name(), bytes);
    assert!(matches!(scan(&log), Err(LogError::Storage(_))));
}

fn seal_header(header: &mut [u8], lsn: Lsn, checksums: Checksums) {
    let (content, crc) = header.split_at_mut(HEADER_LEN - 4);
    crc.copy_from_slice(&checksums.at(lsn).over(content).value().to_le_bytes());
}
