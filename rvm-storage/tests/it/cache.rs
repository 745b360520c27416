//! What the page cache holds of a file. A read that must not wait for the device tells.

use std::fs::File;
use std::io::IoSliceMut;
use std::path::Path;

use rustix::io::{ReadWriteFlags, preadv2};
use rvm_storage::{FileStorage, Storage};

use crate::seg;

const PAGE: usize = 4096;

/// How many pages of the file the cache holds.
fn cached(path: &Path, pages: usize) -> usize {
    let file = File::open(path).unwrap();
    let is_cached = |page: &usize| {
        let mut byte = [0];
        let offset = u64::try_from(page * PAGE).unwrap();
        preadv2(&file, &mut [IoSliceMut::new(&mut byte)], offset, ReadWriteFlags::NOWAIT) == Ok(1)
    };
    (0..pages).filter(is_cached).count()
}

/// Guards against a recovery that reads what only the cache has: behind `drop_cache` the device is asked again.
#[test]
fn a_cache_that_was_dropped_holds_less() {
    const PAGES: usize = 64;
    let dir = tempfile::tempdir().unwrap();
    let storage = FileStorage::open(dir.path()).unwrap();
    let blob = storage.create(&seg("a")).unwrap();
    blob.write_at(0, &vec![7; PAGES * PAGE]).unwrap();
    blob.force().unwrap();
    let path = dir.path().join("a.seg");
    let before = cached(&path, PAGES);
    blob.drop_cache().unwrap();
    if before == 0 {
        println!("skipped: this file system does not say what is in its cache");
        return;
    }
    // The kernel takes it for advice: a page may stay, all do not.
    assert!(cached(&path, PAGES) < before, "of {before} pages every one is still in the cache");
}
