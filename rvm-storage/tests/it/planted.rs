//! Things planted in a store's directory: each is refused by name, untouched, and without hanging.

use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::time::Duration;

use rustix::fs::{CWD, Mode, mkfifoat};
use rvm_storage::{FileStorage, LockMode, LockScope, Storage, StorageError};

use crate::seg;

fn is_not_plain<T>(outcome: rvm_storage::Result<T>, what: &str) {
    match outcome {
        Err(StorageError::NotPlain { found, .. }) => assert!(found.contains(what), "{found}"),
        Err(other) => panic!("{what}: {other:?}"),
        Ok(_) => panic!("{what} was opened"),
    }
}

fn both_openers(dir: &Path) -> [FileStorage; 2] {
    [FileStorage::open(dir).unwrap(), FileStorage::read_only(dir).unwrap()]
}

/// Guards against writing through a link to wherever it points.
#[test]
fn a_link_is_not_followed() {
    let (dir, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let victim = elsewhere.path().join("victim");
    fs::OpenOptions::new().create_new(true).write(true).open(&victim).unwrap();
    symlink(&victim, dir.path().join("a.seg")).unwrap();
    symlink(elsewhere.path().join("absent"), dir.path().join("b.seg")).unwrap();
    for storage in both_openers(dir.path()) {
        is_not_plain(storage.open(&seg("a")), "link");
        is_not_plain(storage.open(&seg("b")), "link");
    }
    let storage = FileStorage::open(dir.path()).unwrap();
    for name in ["a", "b"] {
        let made = storage.create(&seg(name));
        assert!(matches!(made, Err(StorageError::AlreadyExists { .. })), "{made:?}");
    }
    assert!(!elsewhere.path().join("absent").exists(), "a dangling link was followed");
}

/// Guards against a file that somebody else can change under a second name.
#[test]
fn a_file_with_two_names_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let storage = FileStorage::open(dir.path()).unwrap();
    storage.create(&seg("a")).unwrap().write_at(0, b"data").unwrap();
    fs::hard_link(dir.path().join("a.seg"), dir.path().join("copy")).unwrap();
    for storage in both_openers(dir.path()) {
        is_not_plain(storage.open(&seg("a")), "2 names");
    }
    fs::remove_file(dir.path().join("copy")).unwrap();
    assert!(storage.open(&seg("a")).is_ok());
}

/// Guards against an open that waits for a fifo's other end for ever, and against writing into other things.
#[test]
fn fifos_sockets_and_directories_are_refused_at_once() {
    let dir = tempfile::tempdir().unwrap();
    mkfifoat(CWD, dir.path().join("fifo.seg"), Mode::RWXU).unwrap();
    let _socket = UnixListener::bind(dir.path().join("socket.seg")).unwrap();
    fs::create_dir(dir.path().join("directory.seg")).unwrap();
    for storage in both_openers(dir.path()) {
        for what in ["fifo", "socket", "directory"] {
            is_not_plain(storage.open(&seg(what)), what);
        }
    }
}

/// Guards against a lock on somebody else's file, which would exclude nobody.
#[test]
fn a_planted_lock_file_is_refused() {
    let (dir, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    symlink(elsewhere.path().join("absent"), dir.path().join("rvm.lock")).unwrap();
    for storage in both_openers(dir.path()) {
        is_not_plain(storage.lock(LockScope::Owner, LockMode::Shared, Duration::ZERO), "link");
    }
    assert!(!elsewhere.path().join("absent").exists(), "a dangling link was followed");
}
