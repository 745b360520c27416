//! Archives as files: golden ones, torn ones, damaged ones, and what is appended behind them.
//!
//! `tests/golden/v1/sample.arc` is made anew, on purpose only, by `cargo test -p rvm-log --test it -- --ignored make_the_golden_archive`.

use std::path::PathBuf;

use rvm_log::archive::{ArchiveFile, ArchiveWriter, ArchivedRecords, Point, Step};
use rvm_log::format::archive::{
    CHUNK_LEN, FRAME_HEADER_LEN, FRAMES_START, FrameFault, FrameHeader, FrameKind,
};
use rvm_log::{Checksums, Damage, LogError, Lsn, TxnId};
use rvm_storage::sim::SimStorage;
use rvm_storage::widths::{narrow, wide};
use rvm_storage::{FileName, FileRole, MemStorage, Storage};

use crate::workbench::{Record, Workbench, segment};

fn archive_name() -> FileName {
    FileName::new(&segment(), FileRole::Archive)
}

fn golden_path() -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests", "golden", "v1", "sample.arc"].iter().collect()
}

/// An archive without frames, under its name.
fn begun<S: Storage>(bench: &Workbench<S>) -> ArchiveWriter {
    let store_id = bench.log.header().store_id;
    drop(ArchiveFile::create(&bench.storage, &segment(), store_id).unwrap());
    ArchiveFile::publish(&bench.storage, &segment()).unwrap();
    bench.storage.sync_names().unwrap();
    reopened(&bench.storage)
}

fn reopened(storage: &dyn Storage) -> ArchiveWriter {
    ArchiveWriter::new(ArchiveFile::open(storage, &segment()).unwrap()).unwrap()
}

fn point<S: Storage>(bench: &Workbench<S>, lsn: Lsn, last_txn: u64) -> Point {
    let header = bench.log.header();
    Point {
        log_id: header.log_id,
        epoch: header.epoch,
        salt: header.salt,
        lsn,
        last_txn: TxnId(last_txn),
        segment_len: 3_000_000,
        time: 1_700_000_000_000_000_000,
    }
}

/// Archives all that is live, in one append.
fn keep<S: Storage>(bench: &Workbench<S>, writer: &mut ArchiveWriter, from: Lsn) {
    let header = bench.log.header().clone();
    let range = (from, bench.durable);
    writer.extend(|appender| appender.records(bench.log.blob(), &header, range)).unwrap();
}

/// An archive with a frame of each kind.
fn sample() -> (Workbench, Vec<u8>) {
    let mut bench = Workbench::small();
    let name = FileName::new(&segment(), FileRole::Segment);
    let blob = bench.storage.create(&name).unwrap();
    blob.set_len(3_000_000).unwrap();
    blob.write_at(5, b"at the start").unwrap();
    blob.write_at(2_500_000, &[0x77; 5_000]).unwrap();
    let mut writer = begun(&bench);
    let at = point(&bench, Lsn(0), 0);
    writer.extend(|appender| appender.base(&at, Some(&*blob), false)).unwrap();
    bench.append(Record { label: b"first".to_vec(), ..Record::of(7, b"one".to_vec()) });
    bench.append(Record::of(100, vec![0x61; 900]));
    bench.force();
    keep(&bench, &mut writer, Lsn(0));
    let end = bench.durable;
    for (kind, last_txn) in
        [(FrameKind::Length, 2), (FrameKind::Stopped, 3), (FrameKind::Destroyed, 4)]
    {
        let at = point(&bench, end, last_txn);
        writer.extend(|appender| appender.note(&at, kind)).unwrap();
    }
    let created = FrameKind::Base { first: true, last: true, created: true };
    writer.extend(|appender| appender.base(&point(&bench, Lsn(0), 5), None, true)).unwrap();
    assert_eq!(writer.last().unwrap().kind, created);
    let bytes = bench.storage.read_file(&archive_name()).unwrap();
    (bench, bytes)
}

fn with_file(bytes: Vec<u8>) -> MemStorage {
    let storage = MemStorage::new();
    storage.replace_file(&archive_name(), bytes);
    storage
}

fn frames(storage: &MemStorage) -> Vec<FrameHeader> {
    let file = ArchiveFile::open(storage, &segment()).unwrap();
    let (mut frames, mut found) = (file.frames().unwrap(), Vec::new());
    while let Some(frame) = frames.next_whole().unwrap() {
        found.push(frame);
    }
    found
}

/// Guards against a change of any byte that is written, and against an archive of version 1 that is read as something else.
#[test]
fn what_is_written_and_read_is_golden() {
    let (bench, bytes) = sample();
    let golden = with_file(std::fs::read(golden_path()).unwrap());
    // Another release of what compresses may do better.
    let told = |frame: &FrameHeader| FrameHeader {
        offset: 0,
        durable: 0,
        stored_len: 0,
        payload_crc: 0,
        ..*frame
    };
    let storage = golden;
    let found = frames(&storage);
    let written: Vec<FrameHeader> = frames(&with_file(bytes.clone())).iter().map(told).collect();
    assert_eq!(found.iter().map(told).collect::<Vec<_>>(), written);
    let header = narrow(FRAMES_START);
    assert!(storage.read_file(&archive_name()).unwrap()[..header] == bytes[..header]);
    let base = |first, last, created| FrameKind::Base { first, last, created };
    let kinds: Vec<FrameKind> = found.iter().map(|frame| frame.kind).collect();
    assert_eq!(
        kinds,
        [
            base(true, false, false),
            base(false, false, false),
            base(false, true, false),
            FrameKind::Records,
            FrameKind::Length,
            FrameKind::Stopped,
            FrameKind::Destroyed,
            base(true, true, true),
        ]
    );
    let file = ArchiveFile::open(&storage, &segment()).unwrap();
    let (mut reader, mut raw) = (file.frames().unwrap(), Vec::new());
    reader.payload(&found[0], &mut raw).unwrap();
    assert_eq!((found[0].chunk, raw.len()), (0, 4_096));
    assert_eq!(&raw[5..17], b"at the start");
    reader.payload(&found[1], &mut raw).unwrap();
    let start = 2_500_000 - narrow(found[1].chunk);
    assert!(raw[start..start + 5_000].iter().all(|byte| *byte == 0x77) && found[1].compressed);
    let mut records = ArchivedRecords::between(&file, FRAMES_START, file.end().unwrap()).unwrap();
    let mut live = Vec::new();
    while let Some(record) = records.next().unwrap() {
        live.push(Record::from(record));
    }
    assert_eq!(live, bench.live);
}

/// Writes the golden archive. Only for a new version of the format, in a folder of its own.
#[test]
#[ignore = "changes a golden file"]
#[expect(clippy::disallowed_methods, reason = "it is a file of the repository, not of a store")]
fn make_the_golden_archive() {
    std::fs::write(golden_path(), sample().1).unwrap();
}

/// Guards against a header that costs the archive when one of its copies rots, and against one that is believed when both do.
#[test]
fn either_copy_of_the_header_is_enough() {
    let (_, good) = sample();
    for place in [0, 9, 20, 50, 4_095] {
        let mut bytes = good.clone();
        bytes[place] ^= 1;
        assert_eq!(frames(&with_file(bytes.clone())).len(), 8, "byte {place}");
        bytes[4_096 + place] ^= 1;
        let opened = ArchiveFile::open(&with_file(bytes), &segment()).unwrap_err();
        let damage = Damage::HeaderPair;
        assert!(matches!(opened, LogError::Corrupt { damage: found, .. } if found == damage));
    }
}

/// Guards against a torn append that is taken for whole, against one that is cut where it should not be, and against a frame appended behind it
/// that nobody finds.
#[test]
fn whatever_arrives_of_an_append_the_next_one_goes_on_from_what_is_whole() {
    let mut bench = Workbench::on(SimStorage::new(5), rvm_log::CAPACITY_MIN);
    let mut writer = begun(&bench);
    writer.extend(|appender| appender.base(&point(&bench, Lsn(0), 0), None, true)).unwrap();
    bench.append(Record::of(0, vec![1; 300]));
    bench.force();
    keep(&bench, &mut writer, Lsn(0));
    let before = bench.durable;
    bench.append(Record::of(0, (0..=255).cycle().take(3_000).collect()));
    bench.append(Record::of(9, vec![3; 30]));
    bench.force();
    bench.storage.record();
    keep(&bench, &mut writer, before);
    let moments = bench.storage.recorded().moments;
    let mut ends = Vec::new();
    for moment in &moments {
        let unknowns = moment.unknowns();
        for cut in unknowns.cuts_up_to(40) {
            let found = moment.power_cut(&unknowns, &cut);
            let mut writer = reopened(&found);
            let end = writer.last().unwrap().to;
            assert!(end == before || end == bench.durable, "{moment}: {end}");
            ends.push(end);
            let at = point(&bench, end, 9);
            writer.extend(|appender| appender.note(&at, FrameKind::Length)).unwrap();
            let file = ArchiveFile::open(&found, &segment()).unwrap();
            let mut steps = file.frames().unwrap();
            let mut last = None;
            while let Some(step) = steps.next().unwrap() {
                let Step::Frame(frame) = step else { panic!("{moment}: {step:?}") };
                last = Some(frame);
            }
            assert_eq!(last.map(|last| (last.kind, last.to)), Some((FrameKind::Length, end)));
        }
    }
    assert!(ends.contains(&before) && ends.contains(&bench.durable));
}

/// Guards against damage in what had been forced that is cut off as a torn end, with all that lies behind.
#[test]
fn damage_before_the_end_is_left_alone() {
    let (bench, good) = sample();
    let storage = with_file(good.clone());
    let second = frames(&storage)[3].offset;
    let mut bytes = good.clone();
    // The end is not that of a frame, as after a crash, so the file is gone through.
    bytes[narrow(second) + 60] ^= 1;
    bytes.extend([0xee; 40]);
    let storage = with_file(bytes.clone());
    let mut writer = reopened(&storage);
    assert_eq!(writer.last(), None);
    assert_eq!(writer.reaches(bench.log.header()), None);
    writer.extend(|appender| appender.base(&point(&bench, Lsn(64), 9), None, false)).unwrap();
    let file = storage.read_file(&archive_name()).unwrap();
    assert_eq!(file[..bytes.len()], bytes);
    let file = ArchiveFile::open(&storage, &segment()).unwrap();
    let (mut steps, mut broken, mut last) = (file.frames().unwrap(), Vec::new(), None);
    while let Some(step) = steps.next().unwrap() {
        match step {
            Step::Broken { offset, next: Some(_), .. } => broken.push(offset),
            Step::Broken { .. } => panic!("{step:?}"),
            Step::Frame(frame) => last = Some(frame),
        }
    }
    assert_eq!(broken, [second, wide(good.len()).next_multiple_of(8)]);
    assert_eq!(last.unwrap().to, Lsn(64));
    assert_eq!(reopened(&storage).last(), last.as_ref());
}

/// Guards against a panic, or memory that the file cannot fill, for headers with right checksums and hostile values.
#[test]
fn hostile_headers_are_refused() {
    let (_, good) = sample();
    let storage = with_file(good);
    let salt = ArchiveFile::open(&storage, &segment()).unwrap().header().salt;
    let checksums = Checksums::new(salt);
    let good = frames(&storage)[3];
    let max = u64::MAX;
    let hostile = [
        FrameHeader { raw_len: u32::MAX, ..good },
        FrameHeader { raw_len: u32::MAX, to: Lsn(u32::MAX.into()), from: Lsn(0), ..good },
        FrameHeader { stored_len: u32::MAX, ..good },
        FrameHeader { to: Lsn(max), ..good },
        FrameHeader { from: Lsn(max), ..good },
        FrameHeader { first_txn: TxnId(99), ..good },
        FrameHeader { last_txn: TxnId(max), ..good },
        FrameHeader { durable: good.offset + 8, ..good },
        FrameHeader { segment_len: max, ..good },
        FrameHeader { kind: FrameKind::Destroyed, ..good },
        FrameHeader {
            kind: FrameKind::Base { first: true, last: true, created: false },
            from: good.to,
            chunk: max,
            ..good
        },
    ];
    for frame in hostile {
        let bytes = frame.encode(checksums);
        let found = FrameHeader::decode(&bytes, frame.offset, checksums);
        assert!(matches!(found, Err(FrameFault::Malformed(_))), "{frame:?}: {found:?}");
    }
    let bytes = good.encode(checksums);
    assert_eq!(FrameHeader::decode(&bytes, good.offset, checksums), Ok(good));
    let elsewhere = FrameHeader::decode(&bytes, good.offset + 8, checksums);
    assert_eq!(elsewhere, Err(FrameFault::Absent));
    for place in 0..FRAME_HEADER_LEN {
        let mut bytes = bytes;
        bytes[place] ^= 0x40;
        assert!(FrameHeader::decode(&bytes, good.offset, checksums).is_err(), "byte {place}");
    }
    let mut raw = Vec::new();
    let honest = |stored: &[u8]| FrameHeader {
        payload_crc: FrameHeader::checksum_of(good.offset, stored, checksums),
        stored_len: u32::try_from(stored.len()).unwrap(),
        ..good
    };
    for stored in [&b"\xff\xff\xff\xff"[..], b"\x00", b"\x1fA\x09\x00", b"", &[0x55; 64]] {
        assert!(honest(stored).unpack(stored, checksums, &mut raw).is_err(), "{stored:?}");
    }
}

/// Guards against a frame that grows with what is archived at once, and against records that are split.
#[test]
fn frames_of_records_are_about_a_mebibyte() {
    let mut bench = Workbench::on(MemStorage::new(), 8 << 20);
    let mut writer = begun(&bench);
    for byte in 0..70 {
        bench.append(Record::of_len(60_000, byte));
    }
    bench.append(Record::of_len(2 << 20, 9));
    bench.append(Record::of_len(1_000, 9));
    bench.force();
    keep(&bench, &mut writer, Lsn(0));
    let found = frames(&bench.storage);
    let lens: Vec<u64> = found.iter().map(|frame| frame.raw_len.into()).collect();
    assert_eq!(lens.iter().sum::<u64>(), bench.durable.0);
    assert!(lens.iter().filter(|len| **len > CHUNK_LEN).eq([&(2 << 20)]), "{lens:?}");
    assert_eq!(lens.len(), 5 + 1 + 1, "{lens:?}");
}

/// Guards against an archive that is gone on with although it has records that its log lost, to a cut below its end: what was committed since
/// would be missing, or would begin in the middle of a record.
#[test]
fn what_lies_behind_the_cut_of_an_epoch_is_no_history() {
    let mut bench = Workbench::small();
    let mut writer = begun(&bench);
    writer.extend(|appender| appender.base(&point(&bench, Lsn(0), 0), None, true)).unwrap();
    bench.append(Record::of(100, vec![0x61; 900]));
    bench.force();
    keep(&bench, &mut writer, Lsn(0));
    let end = writer.last().unwrap().to;
    let mut header = bench.log.header().clone();
    assert_eq!(writer.reaches(&header), Some(end));
    (header.epoch, header.salt) = (rvm_log::Epoch(header.epoch.0 + 1), rvm_log::Salt([1; 16]));
    for (prev_end, reaches) in [(Lsn(end.0 - 8), None), (end, Some(end))] {
        header.prev_end = prev_end;
        assert_eq!(writer.reaches(&header), reaches, "cut at {prev_end}");
    }
}
