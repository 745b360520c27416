//! Damaged, mispaired and foreign files: a distinct error with file and offset, and every file as it was.

use std::sync::Arc;

use rvm_core::rvm_log::format::header::{SLOT_LEN, seal};
use rvm_core::rvm_log::format::record::Position;
use rvm_core::rvm_log::{
    BLOCK_LEN, Checksums, DATA_START, Damage, Draft, Epoch, LogError, LogHeader, Lsn, TxnId,
};
use rvm_core::rvm_storage::{AlignedBuf, FileName, FileRole, MemStorage, SegmentName, Storage};
use rvm_core::{Condition, DamageCause, Durability, Error, Recovery, Rvm, Segment};

fn file(name: &str, role: FileRole) -> FileName {
    FileName::new(&SegmentName::new(name).unwrap(), role)
}

fn log(name: &str) -> FileName {
    file(name, FileRole::Log)
}

/// A store that crashed with five acknowledged commits in the log of `a`, each over `a` and `b`.
fn crashed() -> MemStorage {
    let storage = MemStorage::new();
    let rvm = Rvm::options().background(false).open_with(Arc::new(storage.clone())).unwrap();
    let (a, b) = (rvm.map("a", 1000).unwrap(), rvm.map("b", 1000).unwrap());
    for i in 0..5_u8 {
        let mut txn = rvm.begin(&[&a, &b]).unwrap();
        txn.write(&a, 0, &[i + 1; 100]).unwrap();
        txn.write(&b, 0, &[i + 1; 100]).unwrap();
        txn.commit().unwrap();
    }
    storage.crash()
}

/// Opens a damaged store; checks that it is refused as damaged and that no file has changed.
fn refused(storage: &MemStorage) -> (String, u64, Damage) {
    let contents = |storage: &MemStorage| {
        let mut names = storage.list().unwrap();
        names.sort();
        names.into_iter().map(|name| (storage.read_file(&name), name)).collect::<Vec<_>>()
    };
    let before = contents(storage);
    let error = Rvm::options().open_with(Arc::new(storage.clone())).unwrap_err();
    assert!(error.is_corruption(), "{error}");
    assert_eq!(contents(storage), before, "files were touched");
    match error {
        Error::Corrupt(LogError::Corrupt { file, offset, damage }) => (file, offset, damage),
        error => panic!("{error}"),
    }
}

fn change(storage: &MemStorage, name: &FileName, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = storage.read_file(name).unwrap();
    change(&mut bytes);
    storage.replace_file(name, bytes);
}

#[test]
fn a_segment_shorter_than_its_log_says() {
    let storage = crashed();
    change(&storage, &file("a", FileRole::Segment), |bytes| bytes.truncate(999));
    let (file, offset, damage) = refused(&storage);
    assert!(file.ends_with("a.seg"), "{file}");
    assert_eq!((offset, damage), (999, Damage::TooShort { needed: 1000, found: 999 }));
}

#[test]
fn a_segment_that_is_missing() {
    let storage = crashed();
    storage.remove(&file("b", FileRole::Segment)).unwrap();
    let (file, _, damage) = refused(&storage);
    assert!(file.ends_with("b.log"), "{file}");
    assert_eq!(damage, Damage::MissingSegment { segment: "b.seg".into() });
}

#[test]
fn a_header_pair_that_is_unreadable_and_one_slot_that_costs_nothing() {
    for slot in [0, SLOT_LEN] {
        let storage = crashed();
        change(&storage, &log("a"), |bytes| bytes[slot + 50] ^= 1);
        let rvm = Rvm::options().open_with(Arc::new(storage)).unwrap();
        assert_eq!(rvm.map("a", 1).unwrap().read().unwrap()[..100], [5; 100]);
    }
    let storage = crashed();
    change(&storage, &log("a"), |bytes| {
        bytes[50] ^= 1;
        bytes[SLOT_LEN + 50] ^= 1;
    });
    let (file, offset, damage) = refused(&storage);
    assert!(file.ends_with("a.log"), "{file}");
    assert_eq!((offset, damage), (0, Damage::HeaderPair));
}

#[test]
fn a_record_damaged_in_acknowledged_territory() {
    let storage = crashed();
    let at = usize::try_from(DATA_START).unwrap() + 90;
    change(&storage, &log("a"), |bytes| bytes[at] ^= 0x10);
    let (file, offset, damage) = refused(&storage);
    assert!(file.ends_with("a.log"), "{file}");
    assert_eq!(offset, DATA_START);
    assert!(matches!(damage, Damage::DurableRecordLost { .. }), "{damage}");
}

#[test]
fn a_log_that_others_name_is_missing() {
    let storage = crashed();
    storage.remove(&log("b")).unwrap();
    let (file, _, damage) = refused(&storage);
    assert!(file.ends_with("a.log"), "{file}");
    assert!(matches!(damage, Damage::MissingLog { .. }), "{damage}");
}

#[test]
fn a_log_under_another_name() {
    let storage = crashed();
    let of_a = storage.read_file(&log("a")).unwrap();
    storage.replace_file(&log("b"), of_a);
    let (file, _, damage) = refused(&storage);
    assert!(file.ends_with("b.log"), "{file}");
    assert_eq!(damage, Damage::OtherSegment { found: "a".into() });
}

#[test]
fn a_log_of_another_store() {
    let storage = crashed();
    let other = MemStorage::with_seed(99);
    let rvm = Rvm::options().open_with(Arc::new(other.clone())).unwrap();
    rvm.map("c", 10).unwrap();
    rvm.close().unwrap();
    for name in [log("c"), file("c", FileRole::Segment)] {
        storage.replace_file(&name, other.read_file(&name).unwrap());
    }
    let (file, _, damage) = refused(&storage);
    assert!(file.ends_with("c.log"), "{file}");
    assert!(matches!(damage, Damage::OtherStore { .. }), "{damage}");
}

/// Guards against a copied log that is taken for one of its own: what names the one would be judged by the other.
#[test]
fn two_logs_with_one_identity() {
    let storage = crashed();
    let mut bytes = storage.read_file(&log("a")).unwrap();
    let mut header = LogHeader::decode(&bytes[..SLOT_LEN]).unwrap();
    header.segment_name = SegmentName::new("copy").unwrap();
    let slot = header.encode();
    bytes[..2 * SLOT_LEN].copy_from_slice(&[slot, slot].concat());
    storage.replace_file(&log("copy"), bytes);
    let segment = storage.read_file(&file("a", FileRole::Segment)).unwrap();
    storage.replace_file(&file("copy", FileRole::Segment), segment);
    let (file, _, damage) = refused(&storage);
    assert!(file.ends_with("copy.log"), "{file}");
    assert!(
        matches!(&damage, Damage::SameIdentity { other, .. } if other.ends_with("a.log")),
        "{damage}"
    );
}

/// Guards against a log from a backup whose neighbour is one recovery ahead and was used since: it looks like a reset that was interrupted. The
/// neighbour's commits count, and its log must be emptied too, or the next commit is written before older ones of the same epoch.
#[test]
fn a_log_of_the_epoch_before_beside_one_that_was_used() {
    // A block with the record's other bytes: what lies in a commit's own blocks is written over.
    const LEN: usize = 4096 - 75;
    let commit = |storage: &MemStorage, commits: &[(&str, u8)]| {
        let rvm = Rvm::options().background(false).open_with(Arc::new(storage.clone())).unwrap();
        let segments = ["a", "b"].map(|name| rvm.map(name, 5000).unwrap());
        for (name, byte) in commits {
            let segment = segments.iter().find(|segment| segment.name() == *name).unwrap();
            rvm.transaction(&[segment], |txn| txn.write(segment, 0, &[*byte; LEN])).unwrap();
        }
        let view = segments.map(|segment| segment.read().unwrap()[0]);
        (storage.crash(), view)
    };
    let (storage, _) = commit(&MemStorage::new(), &[("b", 1)]);
    let backup = storage.read_file(&log("b")).unwrap();
    let (storage, _) = commit(&storage, &[("a", 2), ("a", 3)]);
    storage.replace_file(&log("b"), backup);
    let (storage, view) = commit(&storage, &[("a", 4)]);
    assert_eq!(view, [4, 1]);
    assert_eq!(commit(&storage, &[]).1, [4, 1]);
}

/// Guards against a log that is put back from a backup of its own and quietly loses what came after.
#[test]
fn a_log_from_an_older_backup() {
    let storage = crashed();
    let backup = storage.read_file(&log("b")).unwrap();
    let mut storage = storage;
    for _ in 0..2 {
        let rvm = Rvm::options().background(false).open_with(Arc::new(storage.clone())).unwrap();
        let (a, b) = (rvm.map("a", 1).unwrap(), rvm.map("b", 1).unwrap());
        let mut txn = rvm.begin(&[&a, &b]).unwrap();
        txn.write(&a, 0, b"x").unwrap();
        txn.write(&b, 0, b"x").unwrap();
        txn.commit_with(Durability::Force).unwrap();
        storage = storage.crash();
    }
    storage.replace_file(&log("b"), backup);
    let (file, _, damage) = refused(&storage);
    assert!(file.ends_with("b.log"), "{file}");
    assert!(matches!(damage, Damage::OlderBackup { .. }), "{damage}");
}

/// A store of one segment, closed, whose log then gets other header fields, and perhaps a record of one range so far behind its head.
fn made_up(new: impl FnOnce(&mut LogHeader), record: Option<(u64, TxnId)>) -> MemStorage {
    let storage = MemStorage::new();
    let rvm = Rvm::options().background(false).open_with(Arc::new(storage.clone())).unwrap();
    rvm.map("a", 1000).unwrap();
    rvm.close().unwrap();
    change(&storage, &log("a"), |bytes| {
        let mut header = LogHeader::decode(&bytes[..SLOT_LEN]).unwrap();
        new(&mut header);
        let slot = header.encode();
        bytes[..2 * SLOT_LEN].copy_from_slice(&[slot, slot].concat());
        let Some((behind, txn_id)) = record else { return };
        let draft = Draft::new(txn_id, std::iter::once((0, b"hello".as_slice())));
        let lsn = header.head.plus(behind);
        let at = Position { lsn, epoch: header.epoch, synced: header.synced };
        let mut record = AlignedBuf::new();
        draft.encode(&draft.measure().unwrap(), at, Checksums::new(header.salt), &mut record);
        let start = usize::try_from(header.ring.file_offset(lsn)).unwrap();
        bytes[start..][..record.len()].copy_from_slice(record.as_slice());
    });
    storage
}

/// Guards against a recovery that writes segments and finds only then that there is no further epoch, and against a store that is
/// opened though no recovery can follow.
#[test]
fn an_epoch_that_no_other_can_follow() {
    let last = Lsn::LIMIT.0 - 1;
    for clean in [false, true] {
        let new = |header: &mut LogHeader| (header.epoch, header.clean) = (Epoch(last), clean);
        let storage = made_up(new, (!clean).then_some((0, TxnId(1))));
        let (file, offset, damage) = refused(&storage);
        assert!(file.ends_with("a.log"), "{file}");
        assert_eq!((offset, damage), (0, Damage::HeaderField { field: "epoch", value: last }));
        let read = Rvm::options().read_only(true).open_with(Arc::new(storage));
        assert!(read.unwrap_err().is_corruption(), "readers understand the same");
    }
}

/// Guards against a commit that is acknowledged though the epochs may be used up before it is recovered.
#[test]
fn no_commit_is_taken_where_epochs_run_out() {
    let half = Lsn::LIMIT.0 / 2;
    for (epoch, is_taken) in [(half - 1, true), (half, false), (Lsn::LIMIT.0 - 2, false)] {
        let storage = made_up(|header| header.epoch = Epoch(epoch), None);
        let rvm = Rvm::options().background(false).open_with(Arc::new(storage.clone())).unwrap();
        let a = rvm.map("a", 1).unwrap();
        let mut txn = rvm.begin(&[&a]).unwrap();
        txn.write(&a, 0, b"x").unwrap();
        let taken = txn.commit();
        assert_eq!(taken.is_ok(), is_taken, "{epoch}: {taken:?}");
        if let Err(error) = taken {
            assert!(error.is_corruption(), "{error}");
        }
        let storage = storage.crash();
        let rvm = Rvm::options().background(false).open_with(Arc::new(storage)).unwrap();
        let first = rvm.map("a", 1).unwrap().read().unwrap()[0];
        assert_eq!(first == b'x', is_taken, "{epoch}");
    }
}

/// Guards against a record behind a clean end that becomes the next one when a commit fills the gap before it.
#[test]
fn a_record_behind_a_clean_end_never_counts() {
    // Number 0 is no transaction's: such a record is malformed, and would be damage.
    let gaps = (72..=160).step_by(8);
    for (gap, txn_id) in gaps.flat_map(|gap| [(gap, TxnId(1)), (gap, TxnId(0))]) {
        // At the start of a block: what lies in the commit's own block is written over.
        let head = Lsn(BLOCK_LEN - gap);
        let new = |header: &mut LogHeader| (header.head, header.synced) = (head, head);
        let storage = made_up(new, Some((gap, txn_id)));
        let rvm = Rvm::options().background(false).open_with(Arc::new(storage.clone())).unwrap();
        let a = rvm.map("a", 1).unwrap();
        let mut txn = rvm.begin(&[&a]).unwrap();
        txn.write(&a, 0, b"x").unwrap();
        txn.commit().unwrap();
        let rvm = Rvm::options().background(false).open_with(Arc::new(storage.crash())).unwrap();
        let found = rvm.map("a", 1).unwrap().read().unwrap()[..5].to_vec();
        assert_eq!(found, b"x\0\0\0\0", "{gap} bytes behind, {txn_id}");
    }
}

/// Guards against a record behind a torn one that becomes the next one when a commit of the next life is as long as the torn one was.
#[test]
fn a_record_behind_a_torn_one_never_counts() {
    let open = |storage| Rvm::options().background(false).open_with(Arc::new(storage)).unwrap();
    let put = |rvm: &Rvm, a: &Segment, offset, bytes: &[u8], durability| {
        let mut txn = rvm.begin(&[a]).unwrap();
        txn.write(a, offset, bytes).unwrap();
        txn.commit_with(durability).unwrap();
    };
    let mut behind = 0;
    for len in (3_800..4_096).step_by(8) {
        let storage = MemStorage::new();
        let rvm = open(storage.clone());
        let a = rvm.map("a", 8_192).unwrap();
        put(&rvm, &a, 0, &vec![1; len], Durability::Lazy);
        put(&rvm, &a, 4_096, &[2], Durability::Lazy);
        let before = storage.read_file(&log("a")).unwrap();
        rvm.flush().unwrap();
        let storage = storage.crash();
        change(&storage, &log("a"), |bytes| {
            let first = usize::try_from(DATA_START).unwrap()
                ..usize::try_from(DATA_START + BLOCK_LEN).unwrap();
            bytes[first.clone()].copy_from_slice(&before[first.clone()]);
            // The second record's header lies there whole.
            behind += usize::from(bytes[first.end..].windows(4).any(|magic| magic == b"RVMr"));
        });
        let rvm = open(storage.clone());
        put(&rvm, &rvm.map("a", 8_192).unwrap(), 0, &vec![3; len], Durability::Force);
        let found = open(storage.crash()).map("a", 8_192).unwrap().read().unwrap().to_vec();
        assert_eq!((found[0], found[4_096]), (3, 0), "{len}");
    }
    assert!(behind > 0, "no record lay in a block of its own");
}

/// Guards against a record that no version writes, and that is passed over as the end of the log, or applied.
#[test]
fn a_record_that_cannot_be_is_damage_wherever_it_lies() {
    let storage = made_up(|header| header.clean = false, Some((0, TxnId(0))));
    let (file, offset, damage) = refused(&storage);
    assert!(file.ends_with("a.log"), "{file}");
    assert_eq!(offset, DATA_START);
    assert!(matches!(damage, Damage::Malformed { at: Lsn(0), .. }), "{damage}");

    let options = Rvm::options().recovery(Recovery::Salvage);
    let rvm = options.open_with(Arc::new(storage)).unwrap();
    let salvage = &rvm.recovery_report().salvage;
    assert!(matches!(salvage.damage[0].cause, DamageCause::Damage(Damage::Malformed { .. })));
    assert_eq!((salvage.damage[0].readable_to, salvage.damage.len()), (Some(0), 1));
    assert_eq!(salvage.condition("a"), Condition::MayHoldNewer);
    assert_eq!(rvm.map("a", 1).unwrap().read().unwrap()[..5], [0; 5]);
}

/// Guards against a record right behind a clean end that is passed over: the next one would be written over it, as if it had never been.
#[test]
fn a_record_right_behind_a_clean_end_is_recovered() {
    let storage = made_up(|_| (), Some((0, TxnId(1))));
    let rvm = Rvm::options().background(false).open_with(Arc::new(storage)).unwrap();
    assert!(rvm.recovery_report().recovered);
    assert_eq!(rvm.map("a", 1).unwrap().read().unwrap()[..5], *b"hello");
}

#[test]
fn a_format_that_is_not_known() {
    for (offset, what) in [(8, "version"), (12, "features")] {
        let storage = crashed();
        change(&storage, &log("a"), |bytes| {
            bytes[offset] = 2;
            let slot: &mut [u8; SLOT_LEN] = bytes.first_chunk_mut().unwrap();
            seal(slot);
        });
        let error = Rvm::options().open_with(Arc::new(storage)).unwrap_err();
        assert!(error.is_corruption());
        let Error::Corrupt(LogError::Unsupported { file, what: found, .. }) = error else {
            panic!("{error:?}");
        };
        assert!(file.ends_with("a.log"), "{file}");
        assert_eq!(found, what);
    }
}

/// Guards against a copied file that is refused, changed, or taken without a word.
#[test]
fn a_segment_without_a_log_is_adopted_and_said_so() {
    let storage = MemStorage::new();
    storage.replace_file(&file("old", FileRole::Segment), b"kept bytes".to_vec());
    let rvm = Rvm::options().open_with(Arc::new(storage.clone())).unwrap();
    assert_eq!(rvm.recovery_report().adopted, ["old"]);
    let segment = rvm.map("old", 4).unwrap();
    assert_eq!(&segment.read().unwrap()[..], b"kept bytes", "a longer segment is mapped whole");
    drop(rvm);
    let rvm = Rvm::options().open_with(Arc::new(storage)).unwrap();
    assert!(rvm.recovery_report().adopted.is_empty(), "it has a log now");
}

/// Guards against garbage of an interrupted creation that stays, or that blocks the name.
#[test]
fn unfinished_files_are_removed() {
    let storage = MemStorage::new();
    for role in [FileRole::NewSegment, FileRole::NewLog] {
        storage.replace_file(&file("s", role), b"half".to_vec());
    }
    let rvm = Rvm::options().open_with(Arc::new(storage.clone())).unwrap();
    assert_eq!(rvm.recovery_report().removed_files, [".s.seg.new", ".s.log.new"]);
    rvm.map("s", 10).unwrap();
}
