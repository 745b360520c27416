//! The header pair under power cuts: every change is the old header or the new one, and no second crash tears the only
//! whole slot.

use std::collections::BTreeSet;

use rvm_log::{BLOCK_LEN, Damage, LogError, LogFile, LogHeader, Lsn, NewLog, TxnId};
use rvm_storage::sim::{Failure, Fault, Moment, Operation, OperationKind, SimStorage};
use rvm_storage::widths::narrow;
use rvm_storage::{FileRole, MemStorage, Storage};

use crate::cuts::{EVERY_TEAR, count_steps, cuts, open, recorded, store_with_log};
use crate::workbench::{Record, Workbench, log_name, read, ring, segment};

/// A sector, in bytes.
const SECTOR_LEN: usize = 512;

fn advance(header: &mut LogHeader) {
    header.head = header.head.plus(8);
    header.synced = header.head;
    header.txn_id_max.0 += 1;
    header.clean = !header.clean;
}

fn change(storage: &SimStorage) -> Result<(), LogError> {
    open(storage).change_header(advance)
}

/// Guards against a change of the header that a power cut leaves half done, at either write and with any sectors.
#[test]
fn a_torn_change_is_the_old_header_or_the_new() {
    let storage = store_with_log();
    let old = open(&storage).header().clone();
    let mut new = old.clone();
    advance(&mut new);
    new.generation += 1;
    let recording = recorded(&storage, |storage| change(storage).unwrap());
    let written = storage.read_file(&log_name()).unwrap();
    let is_write = |operation: &&Operation| operation.kind == OperationKind::WriteAndForce;
    let first = narrow(recording.operations.iter().find(is_write).unwrap().offset);
    let (mut torn, mut moments) = (0, 0);
    for (moment, after) in cuts(&recording, EVERY_TEAR) {
        moments = moment + 1;
        let found = open(&after).header().clone();
        let is_new = found == new;
        assert!(is_new || found == old, "moment {moment}");
        // The fields lie in the first sector of a slot and the checksum in the last.
        let bytes = after.read_file(&log_name()).unwrap();
        let arrived = [0, 7].map(|sector| {
            let place = first + sector * SECTOR_LEN..first + (sector + 1) * SECTOR_LEN;
            bytes[place.clone()] == written[place]
        });
        torn += usize::from(arrived[0] != arrived[1]);
        assert_eq!(is_new, arrived == [true, true], "moment {moment}, {arrived:?}");
    }
    assert_eq!((moments, torn), (5, 2), "before, inside and between two writes, and at the end");
}

/// Guards against a header that is claimed in memory, and was not written.
#[test]
fn a_change_that_failed_is_not_claimed() {
    assert_eq!(count_steps(store_with_log, change), 2);
    for write in 0..2 {
        let storage = store_with_log();
        let mut log = open(&storage);
        let old = log.header().clone();
        storage.inject(Fault::nth(write, Failure::Dead).of(OperationKind::WriteAndForce));
        log.change_header(advance).unwrap_err();
        assert_eq!(*log.header(), old);
    }
}

/// Guards against two crashes in a row that leave no whole slot: the second change must not begin with the slot that
/// survived the first.
#[test]
fn a_second_crash_never_tears_the_only_whole_slot() {
    let mut tried = 0;
    let first_life = recorded(&store_with_log(), |storage| change(storage).unwrap());
    for (first, between) in cuts(&first_life, EVERY_TEAR) {
        let relied_on = open(&between).header().clone();
        let second_life = recorded(&between, |storage| change(storage).unwrap());
        for (second, after) in cuts(&second_life, EVERY_TEAR) {
            let what = format!("the power went at moments {first} and {second}");
            let third =
                LogFile::open(&after, &segment()).unwrap_or_else(|error| panic!("{what}: {error}"));
            assert!(third.header().generation >= relied_on.generation, "{what}: back in time");
            tried += 1;
        }
    }
    // Of five moments two have four outcomes each; some of the second change are those of the first.
    assert!(tried > 100, "{tried} tries");
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
            storage.replace_file(&log_name(), &bytes).unwrap();
            assert_eq!(*open(&storage).header(), header, "slot at {lost} lost");
            // The next change makes the pair whole again; here it is the next round's.
        }
    }
}

/// Guards against evidence that costs the pair: it must leave the slot alone that counted before, and the next change, torn or not, must
/// not begin with the only slot that has the newest header.
#[test]
fn vouching_and_changing_in_turn_never_leave_less_than_one_whole_slot() {
    let storage = store_with_log();
    let first_life = recorded(&storage, |storage| {
        let mut log = open(storage);
        log.vouch(Lsn(64), TxnId(3)).unwrap();
        let header = log.header();
        assert_eq!((header.synced, header.txn_id_max, header.generation), (Lsn(64), TxnId(3), 2));
        // Less is no evidence.
        log.vouch(Lsn(8), TxnId(1)).unwrap();
        assert_eq!((log.header().synced, log.header().txn_id_max), (Lsn(64), TxnId(3)));
        log.change_header(|header| header.head = Lsn(64)).unwrap();
        log.vouch(Lsn(128), TxnId(4)).unwrap();
    });
    let writes = |operation: &&Operation| operation.kind == OperationKind::WriteAndForce;
    let places: Vec<u64> =
        first_life.operations.iter().filter(writes).map(|write| write.offset).collect();
    assert_eq!(places, [BLOCK_LEN, 0, BLOCK_LEN, 0, BLOCK_LEN]);
    let mut generations = BTreeSet::new();
    for (first, between) in cuts(&first_life, EVERY_TEAR) {
        let relied_on = open(&between).header().clone();
        generations.insert(relied_on.generation);
        let vouch = |storage: &SimStorage| open(storage).vouch(Lsn(256), TxnId(9)).unwrap();
        for (second, after) in cuts(&recorded(&between, vouch), EVERY_TEAR) {
            let what = format!("the power went at moments {first} and {second}");
            let third =
                LogFile::open(&after, &segment()).unwrap_or_else(|error| panic!("{what}: {error}"));
            let (found, before) = (third.header(), &relied_on);
            assert!(found.generation >= before.generation && found.head == before.head, "{what}");
        }
    }
    assert_eq!(generations, BTreeSet::from([1, 2, 3, 4, 5]));
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
        let found =
            || (storage.read_file(&log_name()), storage.count(OperationKind::WriteAndForce));
        let before = found();
        match log.change_header(change) {
            Err(LogError::Corrupt { damage: Damage::HeaderField { field: found, .. }, .. }) => {
                assert_eq!(found, field);
            }
            other => panic!("{field}: {other:?}"),
        }
        assert_eq!((found(), storage.count(OperationKind::Force)), (before, 1));
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
    let draw = |storage: &SimStorage| {
        NewLog::first_of_store(storage, &segment(), 10, ring(1 << 15)).unwrap()
    };
    let create = |storage: &SimStorage| LogFile::create(storage, &draw(storage)).map(drop);
    let steps = count_steps(|| SimStorage::new(1), create);
    assert!(steps >= 6, "{steps} steps");
    let storage = SimStorage::new(1);
    let new = draw(&storage);
    let recording = recorded(&storage, |storage| drop(LogFile::create(storage, &new).unwrap()));
    let is_rename = |moment: &Moment| {
        moment.operation().is_some_and(|operation| operation.kind == OperationKind::Rename)
    };
    let renamed = recording.moments.iter().position(is_rename).unwrap();
    let (mut complete, mut left_over) = (0, 0);
    for (moment, after) in cuts(&recording, 200) {
        match LogFile::open(&after, &segment()) {
            Ok(log) => {
                assert!(moment > renamed, "moment {moment}: it was not finished");
                assert_eq!(log.header().generation, 1);
                assert!(read(&after).unwrap().0.is_empty());
                complete += 1;
            }
            Err(LogError::Storage(error)) => {
                assert!(error.is_not_found(), "{error}");
                assert!(moment + 1 < recording.moments.len(), "it was finished");
                let left = after.list().unwrap();
                assert!(left.iter().all(|name| name.role() == FileRole::NewLog), "{left:?}");
                left_over += left.len();
                LogFile::create(&after, &new).unwrap();
            }
            Err(other) => panic!("moment {moment}: {other}"),
        }
    }
    assert!(complete > 1 && left_over > 50, "{complete} complete, {left_over} left over");
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
