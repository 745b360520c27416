//! Regions that are memory of their own.

use std::fs;
use std::io;

use rvm_storage::memory::Region;
use rvm_storage::{FileStorage, MemStorage, Storage, StorageError};

use crate::seg;

/// Guards against bytes that change under a reference, and against a signal when the file is cut.
#[test]
fn a_resident_region_has_no_tie_to_its_file() {
    let dir = tempfile::tempdir().unwrap();
    let blob = FileStorage::open(dir.path()).unwrap().create(&seg("a")).unwrap();
    // More than is read at once.
    let bytes: Vec<u8> = (0..=250).cycle().take((8 << 20) + 4_321).collect();
    blob.write_at(0, &bytes).unwrap();
    let file_len = u64::try_from(bytes.len()).unwrap();
    let region = Region::resident(&*blob, file_len, file_len + 9_000).unwrap();
    assert!(!region.is_mapped());

    blob.write_at(100, &[255; 100]).unwrap();
    blob.set_len(0).unwrap();
    fs::remove_file(dir.path().join("a.seg")).unwrap();
    assert!(region[..bytes.len()] == bytes);
    assert!(region[bytes.len()..].iter().all(|&byte| byte == 0));
    assert_eq!(region.len(), bytes.len() + 9_000);
}

/// Guards against reading more of a file than the segment has, or than the file has.
#[test]
fn a_region_takes_what_fits_of_a_file() {
    let blob = MemStorage::new().create(&seg("a")).unwrap();
    blob.write_at(0, b"0123456789").unwrap();
    assert_eq!(*Region::resident(&*blob, 10, 4).unwrap(), *b"0123");
    assert_eq!(*Region::resident(&*blob, 3, 5).unwrap(), *b"012\0\0");
    assert_eq!(*Region::resident(&*blob, 0, 2).unwrap(), [0, 0]);
    let short = Region::resident(&*blob, 11, 20);
    assert!(matches!(short, Err(StorageError::ShortFile { file_len: 10, .. })));
}

/// Guards against an abort, or a region of another length, for lengths that cannot be.
#[test]
fn impossible_lengths_are_errors() {
    let blob = MemStorage::new().create(&seg("a")).unwrap();
    for (len, kind) in [
        (0, io::ErrorKind::InvalidInput),
        (u64::MAX, io::ErrorKind::OutOfMemory),
        (1 << 63, io::ErrorKind::OutOfMemory),
        ((1 << 63) - 1, io::ErrorKind::OutOfMemory),
    ] {
        for outcome in [Region::zeroed(len), Region::resident(&*blob, 0, len)] {
            let Err(StorageError::Io { source, .. }) = outcome else { panic!("{len}") };
            assert_eq!(source.kind(), kind, "{len}");
        }
    }
}

/// Guards against addresses that move, and against a resident region that forgets its changes.
#[test]
fn a_resident_region_stays_in_place_and_keeps_its_bytes() {
    let mut region = Region::zeroed(3 << 20).unwrap();
    let base = region.base_ptr();
    region.fill(9);
    assert!(!region.release_clean_pages().unwrap());
    let moved = Box::new(region);
    assert_eq!(moved.base_ptr(), base);
    assert!(moved.iter().all(|&byte| byte == 9));
}

/// Guards against a region that only one thread can use.
#[test]
fn a_region_goes_between_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<Region>();
    shared::<rvm_storage::memory::ForkDetector>();
}
