//! Each kind of damage by itself: what is kept, what is reported, and which segments are suspect.

use std::sync::Arc;

use rvm_core::rvm_log::Damage;
use rvm_core::rvm_log::format::fields::{SLOT, offset_of};
use rvm_core::rvm_log::format::header::{SLOT_LEN, seal};
use rvm_core::rvm_storage::sim::{Failure, Fault, OperationKind};
use rvm_core::rvm_storage::{FileRole, LockMode, LockScope, MemStorage, Storage};
use rvm_core::{Condition, DamageCause, DamageFound, Error, Recovery, Rvm, SalvageReport};

use super::history::{
    History, LEN, NAMES, Salvage, bytes_of, change, copy, file, log, salvage, simulated,
};

fn unreadable_header(storage: &MemStorage, name: &str) {
    change(storage, &log(name), |bytes| {
        bytes[50] ^= 1;
        bytes[SLOT_LEN + 50] ^= 1;
    });
}

/// The only damage.
fn the_damage(salvage: &Salvage) -> &DamageFound {
    assert_eq!(salvage.report.damage.len(), 1, "{:?}", salvage.report);
    &salvage.report.damage[0]
}

fn conditions(salvage: &Salvage) -> [Condition; 3] {
    NAMES.map(|name| salvage.report.condition(name))
}

/// Guards against salvage that makes less of a sound store than the ordinary opening, or alarms its owner.
#[test]
fn without_damage_all_is_there_and_the_report_is_empty() {
    let history = History::new(9, 25);
    let found = salvage(&history.storage);
    assert_eq!(found.report, SalvageReport::default());
    assert!(found.report.is_empty());
    assert!(found.segments == history.last());
    Rvm::options().open_with(Arc::new(history.storage.clone())).unwrap().close().unwrap();
    let clean = salvage(&history.storage);
    assert_eq!(clean.report, SalvageReport::default());
    assert!(clean.segments == history.last());
}

/// Guards against a report that is called empty though something is wrong, and against bytes of no state that are called sound.
#[test]
fn a_report_with_damage_or_affected_segments_is_not_empty() {
    let history = History::new(9, 25);
    change(&history.storage, &log("a"), |bytes| bytes[..2 * SLOT_LEN].fill(0xff));
    let report = salvage(&history.storage).report;
    assert!(!report.is_empty());
    let mut only_damage = report.clone();
    only_damage.affected.clear();
    assert!(!only_damage.is_empty());
    let mut only_affected = report;
    only_affected.damage.clear();
    assert!(!only_affected.is_empty());
    let sound = [Condition::Intact, Condition::Unconfirmed, Condition::Older];
    assert!(sound.iter().all(|condition| !condition.is_suspect()));
    assert!(Condition::MayHoldNewer.is_suspect() && Condition::FileOnly.is_suspect());
}

/// Guards against a transaction that stays in one segment when its part in another is damaged, and against an intact segment that
/// is said to be damaged.
#[test]
fn a_damaged_record_cuts_what_shared_a_transaction_with_it_and_nothing_else() {
    let storage = MemStorage::new();
    let rvm = Rvm::options().background(false).open_with(Arc::new(storage.clone())).unwrap();
    let [a, b, c] = NAMES.map(|name| rvm.map(name, 64).unwrap());
    for (byte, segments) in
        [(1, vec![&a]), (2, vec![&a, &b]), (3, vec![&b]), (4, vec![&a]), (5, vec![&c])]
    {
        let mut txn = rvm.begin(&segments).unwrap();
        for segment in segments {
            txn.write(segment, 0, &[byte; 8]).unwrap();
        }
        txn.commit().unwrap();
    }
    let storage = storage.crash();
    let records = records(&storage, "a");
    change(&storage, &log("a"), |bytes| bytes[8192 + records[1] + 70] ^= 1);
    let found = salvage(&storage);
    let damage = the_damage(&found);
    assert_eq!(
        (damage.segment.as_str(), damage.readable_to),
        ("a", Some(records[1].try_into().unwrap()))
    );
    assert_eq!(damage.offset, u64::try_from(8192 + records[1]).unwrap());
    assert!(matches!(damage.cause, DamageCause::Damage(Damage::DurableRecordLost { .. })));
    let first = found.segments.each_ref().map(|bytes| bytes.as_ref().unwrap()[0]);
    assert_eq!(first, [1, 0, 5]);
    assert_eq!(conditions(&found), [Condition::MayHoldNewer, Condition::Older, Condition::Intact]);
}

/// Where the records of a log start.
fn records(storage: &MemStorage, name: &str) -> Vec<usize> {
    let mut starts = Vec::new();
    let wait = std::time::Duration::ZERO;
    rvm_core::inspect::each_record(storage, name, wait, |record| {
        starts.push(usize::try_from(record.lsn).unwrap());
        Ok(())
    })
    .unwrap();
    starts
}

/// Guards against a lost log that takes its neighbours' transactions along, or whose segment passes for sound.
#[test]
fn a_log_without_a_header_leaves_the_segments_file_and_all_other_logs() {
    let history = History::new(9, 25);
    unreadable_header(&history.storage, "b");
    let found = salvage(&history.storage);
    let damage = the_damage(&found);
    assert!(damage.file.ends_with("b.log"), "{damage:?}");
    assert_eq!(
        (&damage.cause, damage.readable_to),
        (&DamageCause::Damage(Damage::HeaderPair), None)
    );
    let expected = [Condition::Unconfirmed, Condition::FileOnly, Condition::Unconfirmed];
    assert_eq!(conditions(&found), expected);
    let last = history.last();
    assert!(found.segments[0] == last[0] && found.segments[2] == last[2]);
    assert_eq!(found.segments[1], history.storage.read_file(&file("b", FileRole::Segment)));
}

/// Guards against a segment that passes for a copied one while its log, which others name, is gone.
#[test]
fn a_missing_log_that_others_name_makes_its_segment_suspect() {
    let history = History::new(9, 25);
    history.storage.remove(&log("c")).unwrap();
    let found = salvage(&history.storage);
    let damage = the_damage(&found);
    assert!(matches!(damage.cause, DamageCause::Damage(Damage::MissingLog { .. })), "{damage:?}");
    assert_eq!(conditions(&found)[2], Condition::FileOnly);
    assert!(found.segments[..2] == history.last()[..2]);
}

/// Guards against bytes that are made up without a word where a segment's file has none.
#[test]
fn a_segment_file_that_is_short_or_missing_is_filled_with_zeros_and_suspect() {
    let history = History::new(0, 12);
    let last = history.last();
    for cut in [Some(100), None] {
        let storage = copy(&history.storage);
        let name = file("a", FileRole::Segment);
        match cut {
            Some(len) => change(&storage, &name, |bytes| bytes.truncate(len)),
            None => storage.remove(&name).unwrap(),
        }
        let found = salvage(&storage);
        let damage = the_damage(&found);
        assert!(damage.file.ends_with("a.seg"), "{damage:?}");
        assert_eq!(
            conditions(&found),
            [Condition::FileDamaged, Condition::Intact, Condition::Intact]
        );
        // The log reaches back to the zeros that the segment began with.
        assert!(found.segments == last);
        assert_eq!(found.segments[0].as_ref().unwrap().len(), LEN);
    }
}

/// Guards against a segment that is forgotten when neither of its files can be used.
#[test]
fn a_segment_of_which_nothing_remains_is_reported() {
    let history = History::new(9, 25);
    unreadable_header(&history.storage, "b");
    history.storage.remove(&file("b", FileRole::Segment)).unwrap();
    let found = salvage(&history.storage);
    assert_eq!(conditions(&found)[1], Condition::Lost);
    assert_eq!(found.segments[1], None);
    assert_eq!(found.report.damage.len(), 2);
}

/// Guards against reading what this version cannot understand.
#[test]
fn a_log_of_a_newer_format_is_not_read() {
    let history = History::new(9, 25);
    change(&history.storage, &log("a"), |bytes| {
        bytes[8] = 2;
        let slot: &mut [u8; SLOT_LEN] = bytes.first_chunk_mut().unwrap();
        seal(slot);
    });
    let found = salvage(&history.storage);
    let expected = DamageCause::Unsupported { what: "version", found: 2, known: 1 };
    assert_eq!(the_damage(&found).cause, expected);
    assert_eq!(expected.to_string(), "format version 2, this software knows 1");
    assert_eq!(conditions(&found)[0], Condition::FileOnly);
    assert_eq!(found.segments[0], history.storage.read_file(&file("a", FileRole::Segment)));
}

/// Commits once over the first two segments, after the store was recovered, and crashes.
fn commit_and_crash(storage: &MemStorage, byte: u8) -> MemStorage {
    let rvm = Rvm::options().background(false).open_with(Arc::new(storage.clone())).unwrap();
    let [a, b, _] = NAMES.map(|name| rvm.map(name, 1).unwrap());
    let mut txn = rvm.begin(&[&a, &b]).unwrap();
    txn.write(&a, 0, &[byte; 150]).unwrap();
    txn.write(&b, 0, &[byte; 150]).unwrap();
    txn.commit().unwrap();
    storage.crash()
}

/// Guards against old records that are put over a newer segment, and against a salvage that fails since others know that they are
/// old.
#[test]
fn a_log_from_an_older_backup_is_not_replayed() {
    let history = History::new(9, 25);
    let backup = history.storage.read_file(&log("b")).unwrap();
    let once = commit_and_crash(&history.storage, b'x');
    let once_and_backup = copy(&once);
    let twice = commit_and_crash(&once, b'y');
    // The second recovery folded the first commit; the first recovery, all before it.
    let before = history.last()[1].as_ref().unwrap()[..150].to_vec();
    for (storage, expected) in
        [(once_and_backup, [vec![b'x'; 150], before]), (twice, [vec![b'y'; 150], vec![b'x'; 150]])]
    {
        storage.replace_file(&log("b"), backup.clone());
        let found = salvage(&storage);
        let cause = &the_damage(&found).cause;
        assert!(matches!(cause, DamageCause::Damage(Damage::OlderBackup { .. })), "{cause}");
        assert_eq!(conditions(&found)[1], Condition::FileOnly);
        let first = [0, 1].map(|at| found.segments[at].as_ref().unwrap()[..150].to_vec());
        assert_eq!(first, expected);
    }
}

/// Guards against an older log that passes for one of an interrupted reset though commits went on after that.
#[test]
fn a_log_of_the_epoch_before_is_old_if_the_others_were_used() {
    let history = History::new(9, 25);
    let backup = history.storage.read_file(&log("c")).unwrap();
    let storage = commit_and_crash(&history.storage, b'x');
    storage.replace_file(&log("c"), backup);
    unreadable_header(&storage, "b");
    let found = salvage(&storage);
    let expected = [Condition::Unconfirmed, Condition::FileOnly, Condition::FileOnly];
    assert_eq!(conditions(&found), expected);
    assert_eq!(found.segments[0].as_ref().unwrap()[..150], [b'x'; 150]);
}

/// Guards against a suspicion that nothing supports: a record that counts puts its bytes over whatever was folded.
#[test]
fn bytes_that_a_record_that_counts_covers_raise_no_suspicion() {
    let storage = MemStorage::new();
    let rvm = Rvm::options().background(false).open_with(Arc::new(storage.clone())).unwrap();
    let [a, b, _] = NAMES.map(|name| rvm.map(name, 64).unwrap());
    let both = [&a, &b];
    for (segments, byte) in [(&both[1..], 7), (&both[..], 7), (&both[..], 8), (&both[..1], 9)] {
        let mut txn = rvm.begin(segments).unwrap();
        for segment in segments {
            txn.write(segment, 0, &[byte; 8]).unwrap();
        }
        txn.commit().unwrap();
    }
    let storage = storage.crash();
    change(&storage, &log("a"), |bytes| bytes[8192 + 70] ^= 1);
    let found = salvage(&storage);
    assert_eq!(conditions(&found)[..2], [Condition::MayHoldNewer, Condition::Older]);
    assert_eq!(found.segments[1].as_ref().unwrap()[..8], [7; 8]);
}

/// Guards against a log of another store, or of another segment, that is replayed into this one.
#[test]
fn foreign_logs_are_not_read() {
    let history = History::new(9, 25);
    let storage = copy(&history.storage);
    let other = MemStorage::with_seed(99);
    let rvm = Rvm::options().open_with(Arc::new(other.clone())).unwrap();
    rvm.map("c", 10).unwrap();
    rvm.close().unwrap();
    storage.replace_file(&log("c"), other.read_file(&log("c")).unwrap());
    let found = salvage(&storage);
    let causes = |salvage: &Salvage| format!("{:?}", salvage.report.damage);
    assert!(causes(&found).contains("OtherStore"), "{}", causes(&found));
    assert_eq!(conditions(&found)[2], Condition::FileOnly);

    let storage = copy(&history.storage);
    storage.replace_file(&log("b"), storage.read_file(&log("a")).unwrap());
    let found = salvage(&storage);
    assert!(causes(&found).contains("OtherSegment"), "{}", causes(&found));
    assert_eq!(conditions(&found)[1], Condition::FileOnly);
    assert!(found.segments[0] == history.last()[0]);
}

/// Guards against older bytes that are put over newer ones: recovery folds all logs before it resets the first, so behind an
/// interrupted reset a damaged log has nothing to tell any more.
#[test]
fn damage_behind_an_interrupted_reset_costs_nothing() {
    let history = History::new(0, 25);
    let folded = copy(&history.storage);
    drop(Rvm::options().background(false).open_with(Arc::new(folded.clone())).unwrap());
    let folded = folded.crash();
    for reset in NAMES {
        let storage = copy(&folded);
        for name in NAMES.into_iter().filter(|name| *name != reset) {
            storage.replace_file(&log(name), history.storage.read_file(&log(name)).unwrap());
        }
        assert!(salvage(&storage).report.is_empty());
        let damaged = NAMES.into_iter().find(|name| *name != reset).unwrap();
        change(&storage, &log(damaged), |bytes| bytes[8192 + 90] ^= 1);
        let found = salvage(&storage);
        the_damage(&found);
        assert_eq!(conditions(&found), [Condition::Intact; 3]);
        assert!(found.segments == history.last(), "{reset}");
    }
}

/// Guards against salvage of a store that a writer changes meanwhile, and against writing to what was salvaged.
#[test]
fn a_store_in_use_is_refused_and_a_salvaged_one_is_read_only() {
    let history = History::new(9, 25);
    unreadable_header(&history.storage, "b");
    let open = || {
        let options = Rvm::options().recovery(Recovery::Salvage);
        options.open_with(Arc::new(history.storage.clone()))
    };
    let wait = std::time::Duration::ZERO;
    let owner = history.storage.lock(LockScope::Owner, LockMode::Exclusive, wait).unwrap();
    assert!(matches!(open(), Err(Error::Locked { .. })));
    drop(owner);
    let rvm = open().unwrap();
    let a = rvm.map("a", 1).unwrap();
    assert!(matches!(rvm.begin(&[&a]), Err(Error::ReadOnly { .. })));
    assert!(matches!(rvm.truncate_log(), Err(Error::ReadOnly { .. })));
    assert!(matches!(rvm.destroy("a"), Err(Error::ReadOnly { .. })));
}

/// Guards against a choice of segments that salvage does not know, or that hides the damage of others.
#[test]
fn single_segments_can_be_salvaged() {
    let history = History::new(9, 25);
    unreadable_header(&history.storage, "b");
    let options = Rvm::options().recovery(Recovery::Salvage).read_only_segments(["c"]);
    let rvm = options.open_with(Arc::new(history.storage.clone())).unwrap();
    assert!(rvm.map("c", 1).is_ok() && rvm.map("a", 1).is_err());
    assert_eq!(rvm.recovery_report().salvage.damage.len(), 1);
    let options = Rvm::options().recovery(Recovery::Salvage).read_only_segments(["d"]);
    let refused = options.open_with(Arc::new(history.storage.clone()));
    assert!(matches!(refused, Err(Error::NotFound { .. })));
}

/// Guards against a record that reaches behind its segment's end and is replayed there, or that makes salvage fail.
#[test]
fn a_record_outside_its_segment_ends_what_counts_of_its_log() {
    let history = History::new(0, 25);
    let short = 100_u64;
    let storage = copy(&history.storage);
    change(&storage, &file("a", FileRole::Segment), |bytes| bytes.truncate(100));
    change(&storage, &log("a"), |bytes| {
        let at = offset_of(SLOT, "segment_len");
        for slot in bytes[..2 * SLOT_LEN].chunks_exact_mut(SLOT_LEN) {
            slot[at..at + 8].copy_from_slice(&short.to_le_bytes());
            seal(slot.first_chunk_mut().unwrap());
        }
    });
    let found = salvage(&storage);
    let cause = &the_damage(&found).cause;
    assert!(matches!(cause, DamageCause::Damage(Damage::OutsideSegment { .. })), "{cause}");
    assert_eq!(conditions(&found)[0], Condition::MayHoldNewer);
    assert_eq!(found.segments[0].as_ref().unwrap().len(), 100);
    history.check(&found, |name| name != "a", "a shortened segment");
}

/// Guards against a bad sector in one log that makes the whole store unreadable, or passes for the log's end.
#[test]
fn a_log_that_cannot_be_read_costs_that_log_only() {
    let history = History::new(9, 25);
    for kind in [OperationKind::Open, OperationKind::Force, OperationKind::Read] {
        let storage = simulated(&history.storage);
        let bad = Fault::nth(0, Failure::Error).of(kind).lasting();
        storage.inject(bad.when(|operation| operation.file == Some(log("b"))));
        let options = Rvm::options().recovery(Recovery::Salvage);
        let rvm = options.open_with(Arc::new(storage.clone())).unwrap();
        assert!(storage.faults_fired() > 0);
        let report = &rvm.recovery_report().salvage;
        assert!(matches!(report.damage[0].cause, DamageCause::Unreadable(_)), "{report:?}");
        assert!(report.damage[0].cause.to_string().contains("an injected fault"));
        assert_eq!(report.condition("b"), Condition::FileOnly);
        assert_eq!(report.condition("a"), Condition::Unconfirmed);
        assert_eq!(bytes_of(&rvm, "a"), history.last()[0]);
    }
}
