//! The directory of a store: who may look into it, who made it, and opening it for reading only.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use rustix::fs::Mode;
use rvm_storage::{FileStorage, Fill, LockMode, LockScope, Storage, StorageError, Write};

use crate::{child, seg};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().mode() & 0o7777
}

/// Guards against files that others may read, or that their owner may not, by an odd umask. A child, because a umask
/// belongs to the process.
#[test]
fn permissions_do_not_depend_on_the_umask() {
    let Some(umask) = child::argument() else {
        for umask in ["000", "022", "077", "277"] {
            child::run(umask);
        }
        return;
    };
    let parent = tempfile::tempdir().unwrap();
    rustix::process::umask(Mode::from_bits_truncate(u32::from_str_radix(&umask, 8).unwrap()));
    let dir = parent.path().join("store");
    let storage = FileStorage::open(&dir).unwrap();
    storage.create(&seg("a")).unwrap();
    drop(storage.lock(LockScope::Owner, LockMode::Exclusive, Duration::ZERO).unwrap());
    assert_eq!(mode(&dir), 0o700);
    assert_eq!(mode(&dir.join("a.seg")), 0o600);
    assert_eq!(mode(&dir.join("rvm.lock")), 0o600);
}

/// Guards against taking permissions away that somebody gave on purpose.
#[test]
fn what_was_there_keeps_its_mode() {
    let dir = tempfile::tempdir().unwrap();
    let storage = FileStorage::open(dir.path()).unwrap();
    storage.create(&seg("a")).unwrap();
    let lock = || storage.lock(LockScope::Owner, LockMode::Exclusive, Duration::ZERO).unwrap();
    drop(lock());
    let paths = [dir.path().to_owned(), dir.path().join("a.seg"), dir.path().join("rvm.lock")];
    for path in &paths {
        fs::set_permissions(path, fs::Permissions::from_mode(0o750)).unwrap();
    }
    let again = FileStorage::open(dir.path()).unwrap();
    again.open(&seg("a")).unwrap().write_at(0, b"x").unwrap();
    drop(lock());
    for path in &paths {
        assert_eq!(mode(path), 0o750, "{}", path.display());
    }
}

/// Guards against making a whole path, or a store where only a reader was asked for.
#[test]
fn only_one_level_is_made_and_only_for_a_writer() {
    let parent = tempfile::tempdir().unwrap();
    let missing = parent.path().join("missing");
    let deep = FileStorage::open(missing.join("store")).unwrap_err();
    assert!(matches!(deep, StorageError::Io { .. }), "{deep:?}");
    assert!(FileStorage::read_only(&missing).unwrap_err().is_not_found());
    assert!(!missing.exists());

    fs::OpenOptions::new().create_new(true).write(true).open(&missing).unwrap();
    assert!(FileStorage::open(&missing).is_err(), "a file is no directory");
    assert!(FileStorage::read_only(&missing).is_err(), "a file is no directory");
}

/// Guards against a reader that changes something, and against one that cannot read, force or drop the cache.
#[test]
fn a_read_only_store_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let writer = FileStorage::open(dir.path()).unwrap();
    writer.create(&seg("a")).unwrap().write_at(0, b"data").unwrap();

    let reader = FileStorage::read_only(dir.path()).unwrap();
    let blob = reader.open(&seg("a")).unwrap();
    let refusals = [
        ("create", reader.create(&seg("b")).map(drop)),
        ("rename", reader.rename(&seg("a"), &seg("b"))),
        ("remove", reader.remove(&seg("a"))),
        ("write_at", blob.write_at(0, b"x")),
        ("write_and_force", blob.write_and_force(&[Write { offset: 0, bytes: b"x" }])),
        ("allocate", blob.allocate(10, Fill::Reserved)),
        ("set_len", blob.set_len(0)),
    ];
    for (what, outcome) in refusals {
        let refused = matches!(outcome, Err(StorageError::Unsupported { .. }));
        assert!(refused, "{what}: {outcome:?}");
    }
    blob.force().unwrap();
    blob.drop_cache().unwrap();
    reader.sync_names().unwrap();
    let mut bytes = [0; 4];
    blob.read_at(0, &mut bytes).unwrap();
    assert_eq!(&bytes, b"data");
    assert_eq!(reader.list().unwrap(), [seg("a")]);
    assert!(!dir.path().join("rvm.lock").exists());
}

/// Guards against files of others being taken for ours, whatever their names.
#[test]
fn foreign_files_are_not_listed() {
    use std::os::unix::ffi::OsStrExt;
    let dir = tempfile::tempdir().unwrap();
    let storage = FileStorage::open(dir.path()).unwrap();
    storage.create(&seg("a")).unwrap();
    drop(storage.lock(LockScope::Owner, LockMode::Exclusive, Duration::ZERO).unwrap());
    for name in [&b"notes.txt"[..], b".seg", b"a b.seg", b"\xff\xfe.seg", b"b.seg~", b".c.seg"] {
        let path = dir.path().join(std::ffi::OsStr::from_bytes(name));
        fs::OpenOptions::new().create_new(true).write(true).open(path).unwrap();
    }
    assert_eq!(storage.list().unwrap(), [seg("a")]);
}

/// Guards against a rename that replaces although the system could do it in one step.
#[test]
fn the_system_refuses_to_rename_onto_a_planted_link() {
    let dir = tempfile::tempdir().unwrap();
    let storage = FileStorage::open(dir.path()).unwrap();
    storage.create(&seg("a")).unwrap();
    std::os::unix::fs::symlink("nowhere", dir.path().join("b.seg")).unwrap();
    let outcome = storage.rename(&seg("a"), &seg("b"));
    assert!(matches!(outcome, Err(StorageError::AlreadyExists { .. })), "{outcome:?}");
    assert!(dir.path().join("a.seg").exists());
}

/// Guards against a clock in other units, or of another epoch.
#[test]
fn the_time_is_that_of_the_system() {
    let dir = tempfile::tempdir().unwrap();
    let storage = FileStorage::open(dir.path()).unwrap();
    let exact = UNIX_EPOCH.elapsed().unwrap();
    let told = Duration::from_nanos(storage.unix_nanos());
    assert!(told.abs_diff(exact) < Duration::from_secs(3_600), "{told:?}, {exact:?}");
}
