//! The bounded cache of descriptors: it closes what it may, keeps what it must, and notices a file put in another's
//! place.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rvm_storage::{AlignedBuf, Blob, FileStorage, Storage, StorageError, Write};

use crate::{child, seg};

/// The segment files below `dir` that this process has open, each named as often as it is open.
fn open_files(dir: &Path) -> Vec<String> {
    let dir = fs::canonicalize(dir).unwrap();
    let targets = fs::read_dir("/proc/self/fd").unwrap().filter_map(|entry| {
        let target = fs::read_link(entry.ok()?.path()).ok()?;
        let name = target.strip_prefix(&dir).ok()?.to_str()?.to_owned();
        name.contains(".seg").then_some(name)
    });
    targets.collect()
}

fn distinct(mut names: Vec<String>) -> usize {
    names.sort();
    names.dedup();
    names.len()
}

fn blobs(storage: &FileStorage, count: usize) -> Vec<Arc<dyn Blob>> {
    (0..count).map(|i| storage.create(&seg(&format!("s{i}"))).unwrap()).collect()
}

fn read(blob: &dyn Blob) -> Vec<u8> {
    let mut bytes = vec![0; usize::try_from(blob.len().unwrap()).unwrap()];
    blob.read_at(0, &mut bytes).unwrap();
    bytes
}

/// Guards against running out of descriptors with many segments: with 50 files at most 4 are open, direct ones
/// included, whatever is done to them.
#[test]
fn no_more_files_are_open_than_allowed() {
    let dir = tempfile::tempdir().unwrap();
    let storage = FileStorage::open(dir.path()).unwrap().with_descriptor_limit(4);
    let blobs = blobs(&storage, 50);
    let mut block = AlignedBuf::new();
    block.resize(4096);
    for round in 0..3_u8 {
        for blob in &blobs {
            blob.write_at(0, &[round; 8192]).unwrap();
            blob.force().unwrap();
            blob.write_and_force(&[Write { offset: 4096, bytes: block.as_slice() }]).unwrap();
            assert!(distinct(open_files(dir.path())) <= 4);
            assert!(open_files(dir.path()).len() <= 8);
        }
        for blob in &blobs {
            assert_eq!(read(&**blob), [[round; 4096], [0; 4096]].concat());
            assert!(distinct(open_files(dir.path())) <= 4);
        }
    }
}

/// Guards against an error of writing back that nobody is told, because the descriptor was closed before the force.
#[test]
fn a_file_with_unforced_writes_stays_open() {
    let dir = tempfile::tempdir().unwrap();
    let storage = FileStorage::open(dir.path()).unwrap().with_descriptor_limit(4);
    let blobs = blobs(&storage, 20);
    let (dirty, clean) = blobs.split_at(10);
    for blob in dirty {
        blob.write_at(0, b"unforced").unwrap();
    }
    for blob in clean {
        assert_eq!(blob.len().unwrap(), 0);
        let open = open_files(dir.path());
        for i in 0..10 {
            assert!(open.contains(&format!("s{i}.seg")), "s{i}.seg was closed: {open:?}");
        }
        assert!(distinct(open) <= 11);
    }
    for blob in dirty {
        blob.force().unwrap();
    }
    assert_eq!(clean[0].len().unwrap(), 0);
    assert!(distinct(open_files(dir.path())) <= 4, "forced files may be closed again");
    for blob in dirty {
        assert_eq!(read(&**blob), b"unforced");
    }
}

/// Guards against descriptors left open behind blobs that are gone.
#[test]
fn a_dropped_blob_leaves_nothing_open() {
    let dir = tempfile::tempdir().unwrap();
    let storage = FileStorage::open(dir.path()).unwrap();
    let blobs = blobs(&storage, 10);
    blobs[0].write_at(0, b"unforced").unwrap();
    assert_eq!(open_files(dir.path()).len(), 10);
    drop(blobs);
    assert_eq!(open_files(dir.path()), Vec::<String>::new());
}

/// Guards against going on in a file that took the place of the one that was open.
#[test]
fn a_file_put_in_anothers_place_is_noticed() {
    let dir = tempfile::tempdir().unwrap();
    let storage = FileStorage::open(dir.path()).unwrap().with_descriptor_limit(1);
    let blobs = blobs(&storage, 2);
    let path = dir.path().join("s0.seg");
    assert_eq!(open_files(dir.path()), ["s1.seg"], "s0.seg is closed");
    fs::rename(&path, dir.path().join("kept")).unwrap();

    let absent = blobs[0].len().unwrap_err();
    assert!(absent.is_not_found(), "{absent:?}");
    fs::copy(dir.path().join("kept"), &path).unwrap();
    for outcome in [blobs[0].len().map(drop), blobs[0].write_at(0, b"x"), blobs[0].force()] {
        let fault = outcome.unwrap_err();
        assert!(fault.to_string().contains("replaced"), "{fault}");
    }
    assert_eq!(fs::metadata(&path).unwrap().len(), 0, "the stranger was written to");

    fs::rename(dir.path().join("kept"), &path).unwrap();
    assert_eq!(blobs[0].len().unwrap(), 0, "the file itself is welcome back");
}

/// Guards against a limit of the process below our own: what is idle is closed before giving up. A child, because
/// the limit belongs to the process.
#[test]
fn a_small_limit_of_the_process_is_survived() {
    if child::argument().is_none() {
        return child::run("small");
    }
    let dir = tempfile::tempdir().unwrap();
    let storage = FileStorage::open(dir.path()).unwrap();
    let maximum = getrlimit(Resource::Nofile).maximum;
    setrlimit(Resource::Nofile, Rlimit { current: Some(40), maximum }).unwrap();
    let blobs = blobs(&storage, 200);
    for (blob, byte) in blobs.iter().zip(0..) {
        blob.write_at(0, &[byte]).unwrap();
        blob.force().unwrap();
    }
    for (blob, byte) in blobs.iter().zip(0..) {
        assert_eq!(read(&**blob), [byte]);
    }
    // With nothing idle left there is nothing to close, and the error says what is wrong.
    let fault = blobs.iter().find_map(|blob| blob.write_at(0, b"unforced").err()).unwrap();
    let StorageError::Io { source, .. } = &fault else { panic!("{fault:?}") };
    let errno = rustix::io::Errno::from_io_error(source);
    assert_eq!(errno, Some(rustix::io::Errno::MFILE), "{fault}");
    assert_ne!(source.kind(), io::ErrorKind::NotFound);
}

/// Guards against a cache that closes a file under a thread that uses it, or hands out another's descriptor.
#[test]
fn threads_share_a_cache_that_is_too_small() {
    let dir = tempfile::tempdir().unwrap();
    let storage = FileStorage::open(dir.path()).unwrap().with_descriptor_limit(2);
    let blobs = blobs(&storage, 8);
    let mut next = 0_u64;
    std::thread::scope(|scope| {
        for blob in &blobs {
            next += 1;
            let mark = next.to_le_bytes();
            scope.spawn(move || {
                for round in 0..50 {
                    blob.write_at(8 * round, &mark).unwrap();
                    if round % 3 == 0 {
                        blob.force().unwrap();
                    }
                    let mut found = [0; 8];
                    blob.read_at(8 * round, &mut found).unwrap();
                    assert_eq!(found, mark);
                }
                blob.force().unwrap();
            });
        }
    });
    for (blob, mark) in blobs.iter().zip(1_u64..) {
        assert_eq!(read(&**blob), mark.to_le_bytes().repeat(50));
    }
}

/// Guards against an order of the files, by when they were last used, that changes while they are sorted, which panics.
#[test]
fn files_are_closed_while_others_use_theirs() {
    let dir = tempfile::tempdir().unwrap();
    let storage = FileStorage::open(dir.path()).unwrap().with_descriptor_limit(200);
    let blobs = blobs(&storage, 400);
    for blob in &blobs {
        blob.write_at(0, &[1; 8]).unwrap();
        blob.force().unwrap();
    }
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let blobs = &blobs;
            scope.spawn(move || {
                for round in 0..3_000 {
                    // Two threads use few files, which stay open; the others have to make room each time.
                    let range = if thread < 2 { 150 } else { blobs.len() };
                    let blob = &blobs[(round * 7 + thread * 31) % range];
                    let mut bytes = [0; 8];
                    blob.read_at(0, &mut bytes).unwrap();
                    assert_eq!(bytes, [1; 8]);
                }
            });
        }
    });
}
