//! Archiving switched on and off, and archives that are lost or not the store's.

use super::*;
use rvm_core::{ArchivedHistory, Error};

fn started() -> (MemStorage, World) {
    started_on(MemStorage::new())
}

fn started_on(storage: MemStorage) -> (MemStorage, World) {
    let mut world = World::new(open(Arc::new(storage.clone())).unwrap());
    world.map("a", 100).unwrap();
    world.rvm.archive_on().unwrap();
    for byte in 1..=3 {
        world.write(&[("a", 0, &[byte])]).unwrap();
    }
    (storage, world)
}

/// Guards against a gap that is bridged: what was committed while archiving was off is in no state that is shown.
#[test]
fn what_happens_while_it_is_off_is_a_gap() {
    let (storage, mut world) = started();
    let off = world.rvm.archive_off(ArchivedHistory::Keep).unwrap();
    assert_eq!(off.changed, ["a"]);
    assert_eq!(world.rvm.archive_off(ArchivedHistory::Keep).unwrap().unchanged, ["a"]);
    assert!(archive(&storage, "a").is_stopped());
    for byte in 4..=6 {
        world.write(&[("a", 0, &[byte])]).unwrap();
        world.rvm.truncate_log().unwrap();
    }
    assert_eq!(archived(&archive(&storage, "a")), [1, 2, 3]);
    assert_eq!(world.rvm.archive_on().unwrap().changed, ["a"]);
    world.write(&[("a", 0, &[7])]).unwrap();
    for until in [0, 1, 2, 3, 6, 7] {
        assert_eq!(copied(&storage, until).unwrap(), *world.state(until), "until {until}");
    }
    for until in [4, 5] {
        let error = copied(&storage, until).unwrap_err();
        let CopyError::OutOfReach { segments, .. } = error else { panic!("{error}") };
        assert_eq!(segments, [("a".to_owned(), Some(TxnId(6)))]);
    }
}

/// Guards against a second copy of the segment where nothing happened while it was off.
#[test]
fn switched_on_again_at_once_there_is_no_gap() {
    let (storage, mut world) = started();
    world.rvm.archive_off(ArchivedHistory::Keep).unwrap();
    world.rvm.archive_on().unwrap();
    world.write(&[("a", 0, &[4])]).unwrap();
    world.rvm.truncate_log().unwrap();
    assert_eq!(archive(&storage, "a").stretches().len(), 1);
    for until in 0..=4 {
        assert_eq!(copied(&storage, until).unwrap(), *world.state(until), "until {until}");
    }
}

/// Guards against a program that has to know of archives to keep them going, and against one that makes them where nobody asked.
#[test]
fn it_is_the_store_that_is_archived_whoever_opens_it() {
    for archived in [true, false] {
        let storage = MemStorage::new();
        let mut world = World::new(open(Arc::new(storage.clone())).unwrap());
        world.map("a", 100).unwrap();
        if archived {
            world.rvm.archive_on().unwrap();
        }
        world.rvm.close().unwrap();
        world.rvm = open(Arc::new(storage.clone())).unwrap();
        world.map("b", 100).unwrap();
        let files = storage.list().unwrap();
        let found = files.iter().filter(|file| file.role() == FileRole::Archive).count();
        assert_eq!(found, if archived { 2 } else { 0 });
    }
}

/// Guards against files that stay, and against a commit that fails for want of them.
#[test]
fn removed_history_is_gone_and_the_store_goes_on() {
    let (storage, mut world) = started();
    world.map("gone", 10).unwrap();
    world.destroy("gone").unwrap();
    let off = world.rvm.archive_off(ArchivedHistory::Remove).unwrap();
    assert_eq!(off.changed, ["a", "gone"]);
    assert!(storage.list().unwrap().iter().all(|file| file.role() != FileRole::Archive));
    world.write(&[("a", 0, &[4])]).unwrap();
    world.rvm.truncate_log().unwrap();
    assert_eq!(copied(&storage, 4).unwrap(), *world.state(4));
    world.rvm.archive_on().unwrap();
    world.write(&[("a", 0, &[5])]).unwrap();
    world.rvm.truncate_log().unwrap();
    assert_eq!(copied(&storage, 4).unwrap(), *world.state(4));
}

/// Guards against a store that does not open, or does not commit, because an archive is not what it should be; and against archives taken
/// from it that are not its own.
#[test]
fn an_archive_that_cannot_be_used_is_told_and_left_alone() {
    let (storage, mut world) = started();
    world.rvm.close().unwrap();
    let good = storage.read_file(&archive_file("a")).unwrap();
    let (other, _) = started_on(MemStorage::with_seed(9));
    let foreign = other.read_file(&archive_file("a")).unwrap();
    let damaged = vec![0x55; good.len()];
    for bytes in [damaged, foreign, Vec::new(), good[..5_000].to_vec()] {
        storage.replace_file(&archive_file("a"), bytes.clone());
        world.rvm = open(Arc::new(storage.clone())).unwrap();
        assert_eq!(world.rvm.recovery_report().unusable_archives, ["a.arc"]);
        world.segments.clear();
        world.map("a", 100).unwrap();
        world.write(&[("a", 1, &[1])]).unwrap();
        let refused = world.rvm.archive_on().unwrap_err();
        assert!(matches!(refused, Error::Corrupt(_)), "{refused}");
        world.rvm.close().unwrap();
        assert_eq!(storage.read_file(&archive_file("a")).unwrap(), bytes);
    }
    storage.remove(&archive_file("a")).unwrap();
    world.rvm = open(Arc::new(storage.clone())).unwrap();
    assert_eq!(world.rvm.archive_on().unwrap().changed, ["a"]);
    let last = world.last();
    assert_eq!(copied(&storage, last).unwrap(), *world.state(last));
}

/// Guards against history that goes on behind frames that are missing: an older archive put back makes a gap, and a new beginning.
#[test]
fn an_archive_that_lost_its_end_begins_anew() {
    let (storage, mut world) = started();
    world.rvm.truncate_log().unwrap();
    let older = storage.read_file(&archive_file("a")).unwrap();
    world.write(&[("a", 0, &[4])]).unwrap();
    world.write(&[("a", 0, &[5])]).unwrap();
    world.rvm.close().unwrap();
    storage.replace_file(&archive_file("a"), older);
    world.rvm = open(Arc::new(storage.clone())).unwrap();
    world.segments.clear();
    world.map("a", 100).unwrap();
    world.write(&[("a", 0, &[6])]).unwrap();
    world.rvm.truncate_log().unwrap();
    world.write(&[("a", 0, &[7])]).unwrap();
    world.rvm.truncate_log().unwrap();
    assert_eq!(archive(&storage, "a").stretches().len(), 2);
    for until in [1, 2, 3, 6, 7] {
        assert_eq!(copied(&storage, until).unwrap(), *world.state(until), "until {until}");
    }
    for until in [4, 5] {
        assert!(matches!(copied(&storage, until), Err(CopyError::OutOfReach { .. })));
    }
}

/// Guards against the number of a transaction that is given twice when the segment that it changed is gone: what two transactions did would
/// pass for one.
#[test]
fn no_transaction_has_the_number_of_one_whose_segment_was_destroyed() {
    for archived in [false, true] {
        let storage = MemStorage::new();
        let open = || open(Arc::new(storage.clone())).unwrap();
        let store = open();
        let (a, _b) = (store.map("a", 64).unwrap(), store.map("b", 64).unwrap());
        if archived {
            store.archive_on().unwrap();
        }
        let commit = |store: &Rvm, segment: &Segment| {
            let mut txn = store.begin(&[segment]).unwrap();
            txn.write(segment, 0, b"x").unwrap();
            txn.commit().unwrap().transaction_id()
        };
        let last = (0..3).map(|_| commit(&store, &a)).last().unwrap();
        store.close().unwrap();
        let store = open();
        store.destroy("a").unwrap();
        store.close().unwrap();
        let store = open();
        let b = store.map("b", 64).unwrap();
        assert_eq!(commit(&store, &b), last + 1);
        store.close().unwrap();
        // Only an archive remembers what no log knows any more.
        let store = open();
        store.destroy("b").unwrap();
        store.close().unwrap();
        let store = open();
        let c = store.map("c", 64).unwrap();
        assert_eq!(commit(&store, &c), if archived { last + 2 } else { 1 });
        store.close().unwrap();
        let reopened = open();
        assert_eq!(reopened.recovery_report().unusable_archives, [""; 0]);
    }
}
