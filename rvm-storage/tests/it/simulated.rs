//! The memory backend's own promises: an exact crash, deterministic randomness and time, and counts.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use rvm_storage::{
    Fill, LockMode, LockScope, MemStorage, OperationCounts, Storage, StorageError, Write,
};

use crate::seg;

/// Guards against a crash that is kinder than it says: bytes, lengths and names that were not forced are gone.
#[test]
fn a_crash_keeps_what_was_forced_and_nothing_else() {
    let storage = MemStorage::new();
    let blob = storage.create(&seg("a")).unwrap();
    blob.write_at(0, b"forced--").unwrap();
    blob.force().unwrap();
    storage.sync_names().unwrap();
    blob.write_at(0, b"lost").unwrap();
    blob.write_at(8, b"a longer file").unwrap();
    blob.write_and_force(&[Write { offset: 6, bytes: b"++" }]).unwrap();
    storage.create(&seg("b")).unwrap().force().unwrap();

    let after = storage.crash();
    assert_eq!(after.read_file(&seg("a")).unwrap(), b"forced++");
    assert_eq!(after.list().unwrap(), [seg("a")]);
}

/// Guards against names that a crash should have brought back or taken.
#[test]
fn a_crash_undoes_unsynced_names() {
    let storage = MemStorage::new();
    for name in ["renamed", "removed", "replaced"] {
        let blob = storage.create(&seg(name)).unwrap();
        blob.write_at(0, name.as_bytes()).unwrap();
        blob.force().unwrap();
    }
    storage.sync_names().unwrap();
    storage.rename(&seg("renamed"), &seg("new-name")).unwrap();
    storage.remove(&seg("removed")).unwrap();
    storage.remove(&seg("replaced")).unwrap();
    storage.create(&seg("replaced")).unwrap().allocate(3, Fill::Written).unwrap();

    let after = storage.crash();
    for name in ["renamed", "removed", "replaced"] {
        assert_eq!(after.read_file(&seg(name)).unwrap(), name.as_bytes());
    }
    assert_eq!(after.list().unwrap().len(), 3);
}

/// Guards against a length that comes back from nowhere: a cut is forced like anything else.
#[test]
fn a_cut_is_lost_until_it_is_forced() {
    let storage = MemStorage::new();
    let blob = storage.create(&seg("a")).unwrap();
    blob.write_at(0, &[1; 10]).unwrap();
    blob.force().unwrap();
    storage.sync_names().unwrap();
    blob.set_len(2).unwrap();
    let after = storage.crash();
    assert_eq!(after.read_file(&seg("a")).unwrap(), [1; 10]);
    let blob = after.open(&seg("a")).unwrap();
    blob.set_len(2).unwrap();
    blob.force().unwrap();
    assert_eq!(after.crash().read_file(&seg("a")).unwrap(), [1; 2]);
}

/// Guards against an engine over a crashed store that still writes, or that waits for a lock for ever.
#[test]
fn everything_fails_behind_a_crash() {
    let storage = MemStorage::new();
    let blob = storage.create(&seg("a")).unwrap();
    storage.sync_names().unwrap();
    let clone = storage.clone();
    let held = storage.lock(LockScope::Owner, LockMode::Exclusive, Duration::ZERO).unwrap();
    let after = storage.crash();
    let mut byte = [0];
    let outcomes = [
        blob.len().map(drop),
        blob.read_at(0, &mut byte),
        blob.write_at(0, b"x"),
        blob.write_and_force(&[]),
        blob.allocate(1, Fill::Reserved),
        blob.set_len(1),
        blob.force(),
        blob.drop_cache(),
        blob.file().map(drop),
        clone.list().map(drop),
        clone.open(&seg("a")).map(drop),
        clone.create(&seg("b")).map(drop),
        clone.rename(&seg("a"), &seg("b")),
        clone.remove(&seg("a")),
        clone.sync_names(),
        clone.lock(LockScope::Layout, LockMode::Shared, Duration::ZERO).map(drop),
        clone.fill_random(&mut byte),
    ];
    for (at, outcome) in outcomes.into_iter().enumerate() {
        let Err(StorageError::Io { source, .. }) = outcome else { panic!("operation {at}") };
        assert!(source.to_string().contains("crashed"), "operation {at}: {source}");
    }
    drop(after.lock(LockScope::Owner, LockMode::Exclusive, Duration::ZERO).unwrap());
    drop(held);
    assert_eq!(after.read_file(&seg("a")).unwrap(), b"");
}

/// Guards against a thread that waits for a lock of a store that is no more.
#[test]
fn a_crash_ends_waiting_for_a_lock() {
    let storage = MemStorage::new();
    let _held = storage.lock(LockScope::Layout, LockMode::Exclusive, Duration::ZERO).unwrap();
    let waiting = storage.clone();
    let (about_to_wait, begun) = mpsc::channel();
    let waiter = thread::spawn(move || {
        about_to_wait.send(()).unwrap();
        waiting.lock(LockScope::Layout, LockMode::Shared, Duration::MAX).map(drop)
    });
    begun.recv().unwrap();
    let _after = storage.crash();
    assert!(matches!(waiter.join().unwrap(), Err(StorageError::Io { .. })));
}

/// Guards against tests that differ from run to run, and against salts that repeat after a crash.
#[test]
fn randomness_and_time_are_deterministic_and_go_on_after_a_crash() {
    let draw = |storage: &MemStorage| {
        let mut bytes = [0; 16];
        storage.fill_random(&mut bytes).unwrap();
        bytes
    };
    assert_eq!(draw(&MemStorage::with_seed(7)), draw(&MemStorage::with_seed(7)));
    assert_ne!(draw(&MemStorage::with_seed(7)), draw(&MemStorage::with_seed(8)));
    assert_eq!(draw(&MemStorage::new()), draw(&MemStorage::default()));

    let storage = MemStorage::with_seed(7);
    let (bytes, time) = (draw(&storage), storage.unix_nanos());
    assert_eq!(storage.unix_nanos(), time + 1_000);
    let after = storage.crash();
    assert_ne!(draw(&after), bytes);
    assert_eq!(after.unix_nanos(), time + 2_000);
}

/// Guards against tests of "one force per commit" that count something else.
#[test]
fn operations_are_counted() {
    let storage = MemStorage::new();
    assert_eq!(storage.counts(), OperationCounts::default());
    let blob = storage.create(&seg("a")).unwrap();
    blob.set_len(10).unwrap();
    blob.write_at(0, b"123").unwrap();
    blob.write_and_force(&[Write { offset: 0, bytes: b"12" }, Write { offset: 5, bytes: b"3" }])
        .unwrap();
    blob.force().unwrap();
    blob.read_at(0, &mut [0; 4]).unwrap();
    blob.drop_cache().unwrap();
    storage.open(&seg("a")).unwrap();
    storage.rename(&seg("a"), &seg("b")).unwrap();
    storage.sync_names().unwrap();
    drop(storage.lock(LockScope::Owner, LockMode::Shared, Duration::ZERO).unwrap());
    let wanted = OperationCounts {
        reads: 1,
        writes: 3,
        written_bytes: 6,
        forces: 2,
        resizes: 1,
        cache_drops: 1,
        opens: 1,
        name_changes: 2,
        name_syncs: 1,
        locks: 1,
    };
    assert_eq!(storage.counts(), wanted);
}

/// Guards against planted damage that open blobs, or a crash, do not see.
#[test]
fn a_replaced_file_is_seen_by_all_and_durable() {
    let storage = MemStorage::new();
    let blob = storage.create(&seg("a")).unwrap();
    storage.sync_names().unwrap();
    storage.replace_file(&seg("a"), b"damaged".to_vec());
    storage.replace_file(&seg("b"), b"new".to_vec());
    let mut found = [0; 7];
    blob.read_at(0, &mut found).unwrap();
    assert_eq!(&found, b"damaged");
    let after = storage.crash();
    assert_eq!(after.read_file(&seg("a")).unwrap(), b"damaged");
    assert_eq!(after.read_file(&seg("b")).unwrap(), b"new");
    assert_eq!(after.read_file(&seg("c")), None);
}

/// Guards against a forced write that silently grows the file, which a real one must not rely on.
#[test]
fn a_forced_write_behind_the_end_is_an_error() {
    let blob = MemStorage::new().create(&seg("a")).unwrap();
    blob.set_len(4).unwrap();
    assert!(blob.write_and_force(&[Write { offset: 3, bytes: b"ab" }]).is_err());
    assert!(blob.write_and_force(&[Write { offset: 2, bytes: b"ab" }]).is_ok());
    assert_eq!(blob.len().unwrap(), 4);
}
