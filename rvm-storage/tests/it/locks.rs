//! The locks of a store in a directory, within a process and between processes.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::{MetadataExt, symlink};
use std::time::Duration;

use rvm_storage::{FileStorage, LockMode, LockScope, Storage, StorageError, StoreLock};

use crate::child;

fn take(
    storage: &FileStorage,
    scope: LockScope,
    mode: LockMode,
) -> rvm_storage::Result<Box<dyn StoreLock>> {
    storage.lock(scope, mode, Duration::ZERO)
}

fn own(storage: &FileStorage) -> rvm_storage::Result<Box<dyn StoreLock>> {
    take(storage, LockScope::Owner, LockMode::Exclusive)
}

/// Guards against one process opening a store twice, under whatever path.
#[test]
fn a_second_owner_in_this_process_is_refused() {
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("store");
    let first = FileStorage::open(&dir).unwrap();
    symlink(&dir, parent.path().join("alias")).unwrap();
    let held = own(&first).unwrap();
    for path in [dir.clone(), parent.path().join("alias"), dir.join(".")] {
        let second = FileStorage::open(path).unwrap();
        let Err(StorageError::Locked { path }) = own(&second) else { panic!("a second owner") };
        assert!(path.ends_with("rvm.lock"), "{path}");
    }
    drop(held);
    assert!(own(&FileStorage::open(&dir).unwrap()).is_ok());
}

/// Guards against a lock that excludes nobody, since its file was removed or replaced by the one who held it.
#[test]
fn the_lock_file_stays() {
    let dir = tempfile::tempdir().unwrap();
    let storage = FileStorage::open(dir.path()).unwrap();
    let path = dir.path().join("rvm.lock");
    drop(own(&storage).unwrap());
    let inode = fs::metadata(&path).unwrap().ino();
    drop(own(&storage).unwrap());
    assert_eq!(fs::metadata(&path).unwrap().ino(), inode);
}

/// Guards against a reader that makes files, that cannot see an owner, or that owns the store itself.
#[test]
fn a_reader_takes_shared_locks_and_makes_no_file() {
    let dir = tempfile::tempdir().unwrap();
    let reader = FileStorage::read_only(dir.path()).unwrap();
    drop(take(&reader, LockScope::Owner, LockMode::Shared).unwrap());
    drop(take(&reader, LockScope::Layout, LockMode::Shared).unwrap());
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0, "a reader made a file");
    for scope in [LockScope::Owner, LockScope::Layout] {
        let exclusive = take(&reader, scope, LockMode::Exclusive);
        assert!(matches!(exclusive, Err(StorageError::Unsupported { .. })));
    }

    let writer = FileStorage::open(dir.path()).unwrap();
    let owner = own(&writer).unwrap();
    let shared = take(&reader, LockScope::Owner, LockMode::Shared);
    assert!(matches!(shared, Err(StorageError::Locked { .. })));
    drop(owner);
    let shared = take(&reader, LockScope::Owner, LockMode::Shared).unwrap();
    assert!(matches!(own(&writer), Err(StorageError::Locked { .. })));
    drop(shared);

    let layout = take(&writer, LockScope::Layout, LockMode::Exclusive).unwrap();
    let shared = take(&reader, LockScope::Layout, LockMode::Shared);
    assert!(matches!(shared, Err(StorageError::Busy { .. })));
    drop(layout);
    assert!(take(&reader, LockScope::Layout, LockMode::Shared).is_ok());
}

/// Guards against two processes with one store, and against a lock that outlives the process that had it.
#[test]
fn a_lock_excludes_other_processes_and_dies_with_its_own() {
    if let Some(dir) = child::argument() {
        let storage = FileStorage::open(dir).unwrap();
        let _owner = own(&storage).unwrap();
        let _layout = take(&storage, LockScope::Layout, LockMode::Exclusive).unwrap();
        println!("\nlocked");
        std::io::stdout().flush().unwrap();
        // Until the parent kills us, or is gone itself.
        std::io::stdin().read_line(&mut String::new()).unwrap();
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let mut child = child::command(dir.path().to_str().unwrap()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap() == "locked"), "the child got its locks");

    let storage = FileStorage::open(dir.path()).unwrap();
    assert!(matches!(own(&storage), Err(StorageError::Locked { .. })));
    let layout = take(&storage, LockScope::Layout, LockMode::Shared);
    assert!(matches!(layout, Err(StorageError::Busy { .. })));

    child.kill().unwrap();
    child.wait().unwrap();
    let _owner = own(&storage).unwrap();
    let _layout = take(&storage, LockScope::Layout, LockMode::Exclusive).unwrap();
}
