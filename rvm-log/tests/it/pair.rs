//! The header pair under power cuts: every change is the old header or the new one, and no second crash tears the only
//! whole slot.

use rvm_log::{
    BLOCK_LEN, CAPACITY_MIN, Damage, LogError, LogFile, LogHeader, LogId, Lsn, NewLog, draw_log_id,
};
use rvm_storage::widths::narrow;
use rvm_storage::{FileRole, MemStorage, Storage};

use crate::faulty::Faulty;
use crate::workbench::{Record, Workbench, log_name, read, ring, segment};

/// Sector subsets of a slot's eight: none, each alone, all but each, all, and some in between.
fn tears() -> Vec<u64> {
    let singles = (0..8).map(|sector| 1 << sector);
    let all_but = (0..8).map(|sector| 0xff & !(1 << sector));
    singles.chain(all_but).chain([0, 0xff, 0x0f, 0xf0, 0x7e]).collect()
}

fn advance(header: &mut LogHeader) {
    header.head = header.head.plus(8);
    header.synced = header.head;
    header.txn_id_max.0 += 1;
    header.clean = !header.clean;
}

fn store_with_log() -> MemStorage {
    let bench = Workbench::small();
    bench.storage
}

fn open(storage: &dyn Storage) -> LogFile {
    LogFile::open(storage, &segment()).unwrap()
}

/// Guards against a change of the header that a power cut leaves half done, at either write and with any sectors.
#[test]
fn a_torn_change_is_the_old_header_or_the_new() {
    for write in 0..2 {
        for sectors in tears() {
            let faulty = Faulty::new(store_with_log());
            let mut log = open(&faulty);
            let old = log.header().clone();
            faulty.cut_power_at(write, sectors);
            log.change_header(advance).unwrap_err();
            assert_eq!(*log.header(), old, "the change is not claimed");

            let found = open(&faulty.inner.crash()).header().clone();
            let mut new = old.clone();
            advance(&mut new);
            new.generation += 1;
            let is_new = found == new;
            assert!(is_new || found == old, "write {write}, sectors {sectors:08b}");
            // The fields lie in the first sector and the checksum in the last.
            let arrived = sectors & 0x81 == 0x81;
            assert_eq!(is_new, write == 1 || arrived, "{write} {sectors:08b}");
        }
    }
}

/// Guards against two crashes in a row that leave no whole slot: the second change must not begin with the slot that
/// survived the first.
#[test]
fn a_second_crash_never_tears_the_only_whole_slot() {
    for (first_write, first_sectors, second_write, second_sectors) in
        tears().into_iter().flat_map(|first| {
            tears().into_iter().flat_map(move |second| {
                [
                    (0, first, 0, second),
                    (0, first, 1, second),
                    (1, first, 0, second),
                    (1, first, 1, second),
                ]
            })
        })
    {
        let what = format!("{first_write} {first_sectors:08b} {second_write} {second_sectors:08b}");
        let first_life = Faulty::new(store_with_log());
        let mut log = open(&first_life);
        first_life.cut_power_at(first_write, first_sectors);
        log.change_header(advance).unwrap_err();

        let second_life = Faulty::new(first_life.inner.crash());
        let mut log = open(&second_life);
        let relied_on = log.header().clone();
        second_life.cut_power_at(second_write, second_sectors);
        log.change_header(advance).unwrap_err();

        let after = second_life.inner.crash();
        let third =
            LogFile::open(&after, &segment()).unwrap_or_else(|error| panic!("{what}: {error}"));
        assert!(third.header().generation >= relied_on.generation, "{what}: went back in time");
    }
}

/// Guards against a change that leaves one slot behind: either slot alone must say the same.
#[test]
fn after_a_change_either_slot_alone_is_enough() {
    let storage = store_with_log();
    for _ in 0..3 {
        open(&storage).change_header(advance).unwrap();
        let (header, file) =
            (open(&storage).header().clone(), storage.read_file(&log_name()).unwrap());
        for lost in [0, BLOCK_LEN] {
            let mut bytes = file.clone();
            bytes[narrow(lost)..narrow(lost + BLOCK_LEN)].fill(0);
            storage.replace_file(&log_name(), bytes);
            assert_eq!(*open(&storage).header(), header, "slot at {lost} lost");
            // The next change makes the pair whole again; here it is the next round's.
        }
    }
}

/// Guards against a log that bricks itself: a header that no reader accepts is refused before a byte is written.
#[test]
fn a_header_that_could_not_be_read_back_is_never_written() {
    type Change = fn(&mut LogHeader);
    let changes: [(&str, Change); 6] = [
        ("synced", |header| header.synced = header.head.plus(1 << 30)),
        ("head", |header| header.head = Lsn(3)),
        ("prev_end", |header| header.prev_end = header.head.plus(8)),
        ("segment_len", |header| header.segment_len = u64::MAX),
        ("epoch", |header| header.epoch.0 = 0),
        ("txn_id_max", |header| header.txn_id_max.0 = u64::MAX),
    ];
    for (field, change) in changes {
        let storage = store_with_log();
        let mut log = open(&storage);
        let (before, forces) = (storage.read_file(&log_name()), storage.counts().forces);
        match log.change_header(change) {
            Err(LogError::Corrupt { damage: Damage::HeaderField { field: found, .. }, .. }) => {
                assert_eq!(found, field);
            }
            other => panic!("{field}: {other:?}"),
        }
        assert_eq!((storage.read_file(&log_name()), storage.counts().forces), (before, forces));
    }
    let storage = MemStorage::new();
    let mut new = NewLog::first_of_store(&storage, &segment(), 10, ring(1 << 15)).unwrap();
    new.segment_len = u64::MAX;
    LogFile::create(&storage, &new).unwrap_err();
    assert!(storage.list().unwrap().is_empty());
}

/// Guards against a log that exists before it is whole: whenever the power is cut, there is none, or an empty one, or a
/// temporary file that the next attempt replaces.
#[test]
fn creation_is_all_or_nothing_at_every_step() {
    let steps = {
        let faulty = Faulty::new(MemStorage::new());
        let new = NewLog::first_of_store(&faulty, &segment(), 10, ring(1 << 15)).unwrap();
        LogFile::create(&faulty, &new).unwrap();
        faulty.steps()
    };
    assert!(steps >= 6, "{steps} steps");
    for step in 0..steps {
        for names_arrive in [false, true] {
            let faulty = Faulty::new(MemStorage::new());
            let new = NewLog::first_of_store(&faulty, &segment(), 10, ring(1 << 15)).unwrap();
            faulty.cut_power_at(step, 0);
            LogFile::create(&faulty, &new).unwrap_err();
            if names_arrive {
                faulty.inner.sync_names().unwrap();
            }
            let after = faulty.inner.crash();
            match LogFile::open(&after, &segment()) {
                Ok(log) => {
                    assert!(names_arrive && step + 1 == steps, "step {step}: it was not finished");
                    assert_eq!(log.header().generation, 1);
                    assert!(read(&after).unwrap().0.is_empty());
                }
                Err(LogError::Storage(error)) => {
                    assert!(error.is_not_found(), "{error}");
                    let left = after.list().unwrap();
                    assert!(left.iter().all(|name| name.role() == FileRole::NewLog), "{left:?}");
                    LogFile::create(&after, &new).unwrap();
                }
                Err(other) => panic!("step {step}: {other}"),
            }
        }
    }
}

/// Guards against a log that is opened for another segment than the one it belongs to.
#[test]
fn a_log_under_another_name_is_refused() {
    let mut bench = Workbench::small();
    bench.append(Record::of(0, vec![1]));
    bench.force();
    let other = rvm_storage::SegmentName::new("other").unwrap();
    let name = rvm_storage::FileName::new(&other, FileRole::Log);
    bench.storage.replace_file(&name, bench.file());
    match LogFile::open(&bench.storage, &other) {
        Err(LogError::Corrupt { file, offset: 0, damage: Damage::OtherSegment { found } }) => {
            assert_eq!((file.as_str(), found.as_str()), ("memory/other.log", "sample"));
        }
        other => panic!("{other:?}"),
    }
}

/// Guards against a log whose identity is the number that means none: every reader would refuse its header.
#[test]
fn a_drawn_log_identity_is_never_zero() {
    let faulty = Faulty::new(MemStorage::new());
    faulty.draw_zeros(3);
    assert_ne!(draw_log_id(&faulty).unwrap(), LogId(0));
    // The store's identity may be zeros; the log's is drawn next.
    faulty.draw_zeros(2);
    let new = NewLog::first_of_store(&faulty, &segment(), 10, ring(CAPACITY_MIN)).unwrap();
    let made = LogFile::create(&faulty, &new).unwrap();
    assert_eq!(open(&faulty).header(), made.header());
}
