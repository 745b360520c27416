//! Damage that is judged by what several logs say of each other, and files of which there is nothing to judge.

use std::sync::Arc;

use rvm_core::rvm_log::format::header::SLOT_LEN;
use rvm_core::rvm_log::{Damage, LogHeader};
use rvm_core::rvm_storage::sim::{Failure, Fault, OperationKind};
use rvm_core::rvm_storage::{FileRole, MemStorage, SegmentName, Storage};
use rvm_core::{Condition, DamageCause, Durability, Error, Recovery, Rvm, Segment};

use super::history::{History, NAMES, change, copy, file, log, salvage, simulated};

fn open(storage: &MemStorage) -> (Rvm, [Segment; 3]) {
    let options = Rvm::options().background(false);
    let rvm = options.open_with(Arc::new(storage.clone())).unwrap();
    let segments = NAMES.map(|name| rvm.map(name, 64).unwrap());
    (rvm, segments)
}

/// Gives a log another header, in both slots.
fn change_header(storage: &MemStorage, name: &str, new: impl FnOnce(&mut LogHeader)) {
    change(storage, &log(name), |bytes| {
        let mut header = LogHeader::decode(&bytes[..SLOT_LEN]).unwrap();
        new(&mut header);
        let slot = header.encode();
        bytes[..2 * SLOT_LEN].copy_from_slice(&[slot, slot].concat());
    });
}

/// Makes both slots of a log's header unreadable.
fn ruin_header(storage: &MemStorage, name: &str) {
    change(storage, &log(name), |bytes| (bytes[50], bytes[SLOT_LEN + 50]) = (0xee, 0xee));
}

/// Damages the first record of a log that starts at its ring's start.
fn ruin_first_record(storage: &MemStorage, name: &str) {
    change(storage, &log(name), |bytes| bytes[2 * SLOT_LEN + 70] ^= 1);
}

/// A store in whose log of `a` there is a transaction that read what is first in the log of `b`, and was not durable then.
fn with_a_dependency() -> MemStorage {
    let storage = MemStorage::new();
    let (rvm, [a, b, _]) = open(&storage);
    let commit = |given: &[&Segment], write: &Segment, durability| {
        let mut txn = rvm.begin(given).unwrap();
        txn.write(write, 0, &[7; 8]).unwrap();
        txn.commit_with(durability).unwrap();
    };
    commit(&[&b], &b, Durability::Lazy);
    commit(&[&a, &b], &a, Durability::Lazy);
    rvm.flush().unwrap();
    // Says that the first was durable.
    commit(&[&b], &b, Durability::Force);
    storage.crash()
}

fn first_bytes(storage: &MemStorage) -> ([Option<u8>; 2], [Condition; 2]) {
    let found = salvage(storage);
    let first = [0, 1].map(|at| found.segments[at].as_ref().map(|bytes| bytes[0]));
    (first, ["a", "b"].map(|name| found.report.condition(name)))
}

/// Guards against a transaction that is shown though what it read is lost, and against one that is thrown away because what it read
/// can neither be shown nor denied.
#[test]
fn what_a_transaction_read_counts_as_its_other_parts_do() {
    let whole = with_a_dependency();
    assert_eq!(first_bytes(&whole), ([Some(7), Some(7)], [Condition::Intact; 2]));

    let storage = copy(&whole);
    ruin_first_record(&storage, "b");
    let conditions = [Condition::Older, Condition::MayHoldNewer];
    assert_eq!(first_bytes(&storage), ([Some(0), Some(0)], conditions));

    let storage = copy(&whole);
    ruin_header(&storage, "b");
    let conditions = [Condition::Unconfirmed, Condition::FileOnly];
    assert_eq!(first_bytes(&storage), ([Some(7), Some(0)], conditions));

    let storage = copy(&whole);
    storage.remove(&log("b")).unwrap();
    assert_eq!(first_bytes(&storage), ([Some(7), Some(0)], conditions));
    let damage = salvage(&storage).report.damage;
    assert!(matches!(damage[0].cause, DamageCause::Damage(Damage::MissingLog { .. })));
}

/// Guards against an older log that passes for one of an interrupted reset: the newer logs were used since, though all that shows it
/// is damaged.
#[test]
fn a_log_of_the_epoch_before_is_old_if_the_others_are_damaged() {
    let history = History::new(0, 25);
    let backup = history.storage.read_file(&log("c")).unwrap();
    let (rvm, [a, b, _]) = open(&history.storage);
    for byte in [b'x', b'y'] {
        rvm.transaction(&[&a, &b], |txn| {
            txn.write(&a, 0, &[byte; 8])?;
            txn.write(&b, 0, &[byte; 8])
        })
        .unwrap();
    }
    let storage = history.storage.crash();
    for name in ["a", "b"] {
        let start = header(&storage, name).head.0;
        let at = 2 * SLOT_LEN + usize::try_from(start).unwrap() + 70;
        change(&storage, &log(name), |bytes| bytes[at] ^= 1);
    }
    storage.replace_file(&log("c"), backup);
    let found = salvage(&storage);
    let conditions = NAMES.map(|name| found.report.condition(name));
    let suspect = Condition::MayHoldNewer;
    assert_eq!(conditions, [suspect, suspect, Condition::FileOnly], "{:?}", found.report);
}

fn header(storage: &MemStorage, name: &str) -> LogHeader {
    LogHeader::decode(&storage.read_file(&log(name)).unwrap()[..SLOT_LEN]).unwrap()
}

/// Guards against a copied log that is replayed into a second segment, or that takes the place of the one that it was copied from.
#[test]
fn of_two_logs_with_one_identity_the_first_counts() {
    let history = History::new(9, 25);
    let storage = copy(&history.storage);
    storage.replace_file(&log("z"), storage.read_file(&log("a")).unwrap());
    change_header(&storage, "z", |header| header.segment_name = SegmentName::new("z").unwrap());
    storage.replace_file(&file("z", FileRole::Segment), vec![0x55; 192]);
    let found = salvage(&storage);
    let damage = &found.report.damage;
    assert_eq!((damage.len(), damage[0].segment.as_str()), (1, "z"));
    assert!(
        matches!(&damage[0].cause, DamageCause::Damage(Damage::SameIdentity { other, .. }) if other.ends_with("a.log"))
    );
    assert_eq!(found.report.condition("z"), Condition::FileOnly);
    assert!(found.segments == history.last());
    let options = Rvm::options().recovery(Recovery::Salvage);
    let rvm = options.open_with(Arc::new(storage)).unwrap();
    assert_eq!(rvm.map("z", 1).unwrap().read().unwrap()[..], [0x55; 192]);
}

/// Guards against a salvage that fails, or says that all is well, where not a single log can be read.
#[test]
fn without_any_readable_log_the_files_are_returned() {
    let history = History::new(9, 25);
    for name in NAMES {
        ruin_header(&history.storage, name);
    }
    let found = salvage(&history.storage);
    assert_eq!(found.report.damage.len(), 3);
    for (at, name) in NAMES.into_iter().enumerate() {
        assert_eq!(found.report.condition(name), Condition::FileOnly);
        let bytes = history.storage.read_file(&file(name, FileRole::Segment));
        assert!(found.segments[at] == bytes, "{name}");
    }
}

/// Guards against a segment that is called intact though nothing of it is there: its file is missing, and its log promises no byte.
#[test]
fn a_segment_without_a_byte_is_lost_if_its_file_is_missing() {
    let storage = MemStorage::new();
    drop(open(&storage));
    change_header(&storage, "a", |header| header.segment_len = 0);
    storage.replace_file(&file("a", FileRole::Segment), Vec::new());
    let found = salvage(&storage);
    assert_eq!((found.report.damage.len(), &found.segments[0]), (0, &None), "{:?}", found.report);
    assert_eq!(found.report.condition("a"), Condition::Intact);

    storage.remove(&file("a", FileRole::Segment)).unwrap();
    let found = salvage(&storage);
    assert_eq!((found.report.damage.len(), &found.segments[0]), (1, &None), "{:?}", found.report);
    assert_eq!(found.report.condition("a"), Condition::Lost);
}

/// Guards against an empty file that was copied there and passes for damage, or for a segment.
#[test]
fn an_empty_file_without_a_log_is_no_damage() {
    let history = History::new(9, 25);
    history.storage.replace_file(&file("empty", FileRole::Segment), Vec::new());
    let found = salvage(&history.storage);
    assert!(found.report.is_empty(), "{:?}", found.report);
    assert!(found.segments == history.last());
}

/// Guards against a failing device that passes for a missing file: zeros would be returned for bytes that may be read the next time.
#[test]
fn a_segment_file_that_cannot_be_opened_is_an_error() {
    let history = History::new(9, 25);
    let storage = simulated(&history.storage);
    // Asked first how long the segment may be, which is no failure yet.
    let bad = Fault::nth(1, Failure::Error).of(OperationKind::Open);
    let segment = Some(file("a", FileRole::Segment));
    storage.inject(bad.when(move |operation| operation.file == segment));
    let options = Rvm::options().recovery(Recovery::Salvage);
    let refused = options.open_with(Arc::new(storage.clone()));
    assert_eq!(storage.faults_fired(), 1);
    assert!(matches!(refused, Err(Error::Io(_))), "{refused:?}");
}
