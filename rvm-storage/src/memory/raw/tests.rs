//! Tests that need unsafe code themselves: making a token, running code between fork and exec, closing a standard
//! stream. They stand here so that no other file may have any.

use std::fs::File;
use std::io;
use std::os::fd::{FromRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::MappedToken;
use crate::memory::{ForkDetector, Region};
use crate::{
    Blob, FileName, FileRole, FileStorage, LockMode, LockScope, MemStorage, SegmentName, Storage,
    StorageError,
};

const CHILD: &str = "RVM_STORAGE_TEST_CHILD";

fn token() -> MappedToken {
    // SAFETY: 1 to 3: the tests map files in temporary directories of their own, which they neither shorten nor write
    // while a region lives, but where a test says why it may. 4: no child uses a region.
    unsafe { MappedToken::new() }
}

fn name() -> FileName {
    FileName::new(&SegmentName::new("a").unwrap(), FileRole::Segment)
}

fn file_of(bytes: &[u8]) -> (tempfile::TempDir, Arc<dyn Blob>) {
    let dir = tempfile::tempdir().unwrap();
    let blob = FileStorage::open(dir.path()).unwrap().create(&name()).unwrap();
    blob.write_at(0, bytes).unwrap();
    (dir, blob)
}

/// Guards against changes in memory that reach the file by themselves, and against a release that keeps old pages.
#[test]
fn a_mapped_region_shows_the_file_and_keeps_changes_to_itself() {
    let bytes: Vec<u8> = (0..=255).cycle().take(20_000).collect();
    let (_dir, blob) = file_of(&bytes);
    let mut region = Region::mapped(&*blob, 20_000, 10_000, token()).unwrap();
    assert!(region.is_mapped());
    assert_eq!(*region, bytes[..10_000]);

    let base = region.base_ptr();
    region[5_000] ^= 0xFF;
    let mut on_disk = [0];
    blob.read_at(5_000, &mut on_disk).unwrap();
    assert_eq!(on_disk, [bytes[5_000]], "a private change must not reach the file");

    // What a truncation writes is what the region has; then the pages may go.
    blob.write_at(5_000, &[region[5_000]]).unwrap();
    assert!(region.release_clean_pages().unwrap());
    assert_eq!(region[5_000], bytes[5_000] ^ 0xFF);
    assert_eq!(region.base_ptr(), base);
}

/// Guards against a release that gives nothing back: without it, the changed page would stay.
#[test]
fn a_release_forgets_what_the_file_does_not_have() {
    let (_dir, blob) = file_of(&[7; 5_000]);
    let mut region = Region::mapped(&*blob, 5_000, 5_000, token()).unwrap();
    region.fill(1);
    assert!(region.release_clean_pages().unwrap());
    assert_eq!(*region, [7; 5_000]);
}

/// Guards against a page behind the end of the file, whose touch would kill the process.
#[test]
fn a_file_too_short_to_map_is_refused() {
    let (_dir, blob) = file_of(&[7; 5_000]);
    for file_len in [4_999, 5_000, 100_000] {
        let mapped = Region::mapped(&*blob, file_len, 5_001, token());
        assert!(matches!(mapped, Err(StorageError::ShortFile { .. })), "{mapped:?}");
    }
    let nothing = Region::mapped(&*blob, 5_000, 0, token());
    assert!(matches!(nothing, Err(StorageError::Io { .. })));
}

/// Guards against a mapped region of a backend that has nothing to map.
#[test]
fn memory_cannot_be_mapped() {
    let blob = MemStorage::new().create(&name()).unwrap();
    blob.set_len(10).unwrap();
    let mapped = Region::mapped(&*blob, 10, 10, token());
    assert!(matches!(mapped, Err(StorageError::Unsupported { .. })));
}

/// Starts a program whose child half fails with `errno` behind the fork if `fails` holds there.
fn fork_and_ask(errno: i32, fails: impl Fn() -> bool + Send + Sync + 'static) -> io::Result<()> {
    let mut command = Command::new("true");
    let ask = move || if fails() { Err(io::Error::from_raw_os_error(errno)) } else { Ok(()) };
    // SAFETY: the closure runs between fork and exec, where no other thread is and a lock that one held stays held. It
    // reads memory, asks for the process id and closes a descriptor; the one lock it tries, it does not wait for. It
    // makes an error of a number. It may free memory: the allocator of the C library is made ready by `fork`.
    unsafe { command.pre_exec(ask) };
    command.spawn()?.wait().map(drop)
}

/// Guards against a forked child that takes itself for the parent, and against a parent taken for a child.
#[test]
fn a_forked_child_knows_that_it_is_one() {
    const ERRNO: i32 = 71;
    let detector = Arc::new(ForkDetector::new().unwrap());
    for _ in 0..3 {
        let in_child = Arc::clone(&detector);
        let answer = fork_and_ask(ERRNO, move || in_child.in_child());
        assert_eq!(answer.unwrap_err().raw_os_error(), Some(ERRNO), "the child did not know");
        assert!(!detector.in_child(), "the parent is not a child");
    }
}

/// Guards against a child that takes its parent's lock away when it drops its copy.
#[test]
fn a_lock_dropped_in_a_forked_child_stays_the_parents() {
    const NOT_DROPPED: i32 = 71;
    let dir = tempfile::tempdir().unwrap();
    let storage = FileStorage::open(dir.path()).unwrap();
    let take = || storage.lock(LockScope::Layout, LockMode::Exclusive, Duration::ZERO);
    let held = Arc::new(Mutex::new(Some(take().unwrap())));
    let in_child = Arc::clone(&held);
    let drop_it = move || in_child.try_lock().is_ok_and(|mut lock| lock.take().is_some());
    fork_and_ask(NOT_DROPPED, move || !drop_it()).unwrap();
    assert!(matches!(take(), Err(StorageError::Busy { .. })), "the parent lost its lock");
    drop(held.lock().unwrap().take());
    assert!(take().is_ok());
}

/// Guards against a file of the store standing where some library prints to (a child process closes its own streams).
#[test]
fn no_file_of_a_store_takes_the_place_of_a_standard_stream() {
    let Ok(dir) = std::env::var(CHILD) else {
        let dir = tempfile::tempdir().unwrap();
        let this_test = std::thread::current().name().unwrap().to_owned();
        let status = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", &this_test])
            .env(CHILD, dir.path())
            .status()
            .unwrap();
        assert!(status.success());
        return;
    };
    // SAFETY: this process runs this test only, and its standard input is used by nobody.
    drop(unsafe { OwnedFd::from_raw_fd(0) });
    let storage = FileStorage::open(&dir).unwrap();
    let blob = storage.create(&name()).unwrap();
    let _lock = storage.lock(LockScope::Owner, LockMode::Exclusive, Duration::ZERO).unwrap();
    blob.write_at(0, b"data").unwrap();
    // The lowest free number is what the next open gets: still 0, so none of those above stands there.
    let probe = File::open("/dev/null").unwrap();
    assert_eq!(std::os::fd::AsRawFd::as_raw_fd(&probe), 0);
    assert_eq!(std::fs::read(std::path::Path::new(&dir).join("a.seg")).unwrap(), b"data");
}
