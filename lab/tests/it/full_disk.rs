//! Stores on a disk that is full, or nearly: small file systems of their own, mounted from an image and filled up to
//! the block. What an operation promises for a full disk is checked at many numbers of free blocks, because each of
//! its steps can be the one that finds none.
//!
//! Mounting needs root and a few tools. Without them a test says `skipped` and passes.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;

use lab::real::{Disk, FileSystem};
use rvm_core::{CommitOutcome, Error, Options, Result, Rvm, Segment};

use super::child;

/// Guards against a `map` that leaves half a segment behind when the disk is full, or that harms the store.
#[test]
fn a_segment_that_cannot_be_made_leaves_nothing() {
    on_each_disk(|disk| {
        let (store, mut old) = (disk.store(), vec![0; 10_000]);
        let (mut made, mut refused) = (0, 0);
        for blocks in (0..28).chain([100, 1_000]) {
            let rvm = fixed_log(32 << 10).open(&store).unwrap();
            let segment = rvm.map("old", 10_000).unwrap();
            disk.leave(blocks).unwrap();
            let before = names(&store);
            let new = rvm.map("new", 40_000);
            match &new {
                Ok(new) => {
                    made += 1;
                    put(&rvm, new, &mut vec![0; 40_000], (30_000, 500)).unwrap();
                }
                Err(error) => {
                    refused += 1;
                    assert!(error.is_out_of_space(), "{blocks} blocks: {error}");
                    assert_eq!(names(&store), before, "{blocks} blocks");
                }
            }
            // The log of the other segment has its space already.
            put(&rvm, &segment, &mut old, (blocks * 9, 100)).unwrap();
            survives(&store, &[("old", &old)]);
            disk.free().unwrap();
            let new = new.unwrap_or_else(|_| rvm.map("new", 40_000).unwrap());
            assert!(new.read().unwrap()[..30_000].iter().all(|byte| *byte == 0));
            rvm.unmap(&new).unwrap();
            rvm.destroy("new").unwrap();
            rvm.close().unwrap();
        }
        assert!(made > 0 && refused > 0, "{made} made, {refused} refused");
    });
}

/// Guards against an extension that changes a segment's length and then fails, or that cannot be tried again.
#[test]
fn a_segment_that_cannot_be_extended_keeps_its_length() {
    on_each_disk(|disk| {
        let (store, mut bytes) = (disk.store(), vec![0; 5_000]);
        let (mut extended, mut refused) = (0, 0);
        for blocks in [0, 1, 2, 5, 9, 11, 13, 40] {
            let rvm = fixed_log(32 << 10).open(&store).unwrap();
            let segment = rvm.map("s", 5_000).unwrap();
            put(&rvm, &segment, &mut bytes, (blocks, 900)).unwrap();
            rvm.unmap(&segment).unwrap();
            disk.leave(blocks).unwrap();
            let longer = bytes.len() + 40_000;
            let segment = match rvm.map("s", longer as u64) {
                Ok(segment) => {
                    extended += 1;
                    bytes.resize(longer, 0);
                    segment
                }
                Err(error) => {
                    refused += 1;
                    assert!(error.is_out_of_space(), "{blocks} blocks: {error}");
                    let file = fs::metadata(store.join("s.seg")).unwrap();
                    assert_eq!(file.len(), bytes.len() as u64, "{blocks} blocks");
                    rvm.map("s", 1).unwrap()
                }
            };
            assert!(segment.read().unwrap()[..] == bytes[..], "{blocks} blocks");
            put(&rvm, &segment, &mut bytes, (4_000, 900)).unwrap();
            survives(&store, &[("s", &bytes)]);
            disk.free().unwrap();
            rvm.close().unwrap();
        }
        assert!(extended > 0 && refused > 0, "{extended} extended, {refused} refused");
    });
}

/// Guards against an adopted file that is longer after a `map` which failed, because its log found no space.
#[test]
fn an_adopted_file_that_cannot_be_extended_keeps_its_length() {
    on_each_disk(|disk| {
        for blocks in [0, 5, 10, 12, 15, 18] {
            let store = disk.store();
            fs::create_dir(&store).unwrap();
            let bytes = [7; 5_000];
            File::create_new(store.join("s.seg")).unwrap().write_all(&bytes).unwrap();
            let rvm = fixed_log(32 << 10).open(&store).unwrap();
            disk.leave(blocks).unwrap();
            let refused = rvm.map("s", bytes.len() as u64 + 40_000).unwrap_err();
            assert!(refused.is_out_of_space(), "{blocks} blocks: {refused}");
            assert!(fs::read(store.join("s.seg")).unwrap() == bytes, "{blocks} blocks");
            disk.free().unwrap();
            assert!(rvm.map("s", 1).unwrap().read().unwrap()[..] == bytes[..]);
        }
    });
}

/// Guards against a log that is spoiled by growing without space, and against one that then takes nothing, though
/// truncation can make room.
#[test]
fn a_log_that_cannot_grow_goes_on_at_its_size() {
    on_each_disk(|disk| {
        let mut refused = 0;
        for blocks in [0, 1, 2, 5, 12, 23, 24, 25, 60, 96, 130, 400] {
            let store = disk.store();
            let options = fixed_log(32 << 10).log_capacity_max(512 << 10);
            let rvm = options.clone().open(&store).unwrap();
            let segment = rvm.map("s", 200_000).unwrap();
            let mut bytes = vec![0; 200_000];
            disk.leave(blocks).unwrap();
            for i in 0..40 {
                // A long record fits no log of the initial size; the short ones between two fill it.
                let len = if i % 10 == 9 { 60_000 } else { 5_000 };
                match put(&rvm, &segment, &mut bytes, (i * 3_301, len)) {
                    Ok(()) => {}
                    Err(error) => {
                        refused += 1;
                        assert_eq!(len, 60_000, "{blocks} blocks: {error}");
                    }
                }
            }
            survives(&store, &[("s", &bytes)]);
            disk.free().unwrap();
            put(&rvm, &segment, &mut bytes, (77_777, 60_000)).unwrap();
            assert!(rvm.stats().log_growths > 0);
            assert!(rvm.truncate_log().unwrap().out_of_space.is_empty());
            rvm.close().unwrap();
            assert!(fs::read(store.join("s.seg")).unwrap() == bytes);
            let rvm = options.open(&store).unwrap();
            assert!(rvm.map("s", 1).unwrap().read().unwrap()[..] == bytes[..]);
        }
        assert!(refused > 0, "there was always space");
    });
}

/// Guards against a truncation that loses records which it could not apply, that frees their space, or that stops
/// commits while there is room; and against other segments that suffer with the one that has no space.
#[test]
fn a_segment_that_cannot_be_applied_to_keeps_its_log() {
    on_each_disk(|disk| {
        let mut stuck = 0;
        for blocks in [0, 1, 2, 5, 10, 30, 100] {
            let store = disk.store();
            let mut bytes = adopt_sparse(&store);
            let mut dense_bytes = vec![0; 8_000];
            let rvm = fixed_log(64 << 10).open(&store).unwrap();
            let sparse = rvm.map("sparse", 1).unwrap();
            let dense = rvm.map("dense", 8_000).unwrap();
            disk.leave(blocks).unwrap();
            let mut commits = 0;
            let full = (0..200).find_map(|i| {
                let put = put(&rvm, &sparse, &mut bytes, scattered(i));
                commits += usize::from(put.is_ok());
                put.err()
            });
            put(&rvm, &dense, &mut dense_bytes, (blocks, 900)).unwrap();
            if full.is_some() {
                stuck += 1;
                assert!(commits >= 50, "{blocks} blocks: the log was not full: {commits} commits");
                let log_used = log_used(&rvm, "sparse");
                let report = rvm.truncate_log().unwrap();
                assert_eq!(report.out_of_space, ["sparse"], "{blocks} blocks");
                assert_eq!(log_used, self::log_used(&rvm, "sparse"));
                assert_eq!(self::log_used(&rvm, "dense"), 0, "{blocks} blocks");
                assert!(rvm.stats().truncations_out_of_space > 0);
            }
            survives(&store, &[("sparse", &bytes), ("dense", &dense_bytes)]);
            disk.free().unwrap();
            assert!(rvm.truncate_log().unwrap().out_of_space.is_empty());
            assert!(fs::read(store.join("sparse.seg")).unwrap() == bytes, "{blocks} blocks");
            put(&rvm, &sparse, &mut bytes, (1_234, 1_000)).unwrap();
            rvm.close().unwrap();
            let rvm = Rvm::open(&store).unwrap();
            assert!(rvm.map("sparse", 1).unwrap().read().unwrap()[..] == bytes[..]);
            assert!(rvm.map("dense", 1).unwrap().read().unwrap()[..] == dense_bytes[..]);
        }
        assert!(stuck > 0, "there was always space");
    });
}

/// Guards against a shutdown that is marked as clean while a log could not be folded, and against a recovery without
/// space that harms what the next one needs.
#[test]
fn a_store_closed_on_a_full_disk_is_recovered_when_there_is_space() {
    on_each_disk(|disk| {
        for blocks in [0, 3, 12] {
            let store = disk.store();
            let mut bytes = adopt_sparse(&store);
            let rvm = fixed_log(64 << 10).open(&store).unwrap();
            let sparse = rvm.map("sparse", 1).unwrap();
            for i in 0..40 {
                put(&rvm, &sparse, &mut bytes, scattered(i)).unwrap();
            }
            disk.leave(blocks).unwrap();
            let closed = rvm.close().expect_err("there is no space for the changes");
            assert!(closed.is_out_of_space(), "{blocks} blocks: {closed}");
            assert!(matches!(closed, Error::NotFolded { segment } if segment == "sparse"));
            assert!(matches!(rvm.flush(), Err(Error::Closed)));
            let log = fs::read(store.join("sparse.log")).unwrap();
            for _ in 0..2 {
                let refused = Rvm::open(&store).unwrap_err();
                assert!(refused.is_out_of_space(), "{blocks} blocks: {refused}");
                assert!(fs::read(store.join("sparse.log")).unwrap() == log, "{blocks} blocks");
            }
            survives(&store, &[("sparse", &bytes)]);
            disk.free().unwrap();
            let rvm = Rvm::open(&store).unwrap();
            assert!(rvm.recovery_report().recovered);
            assert!(rvm.map("sparse", 1).unwrap().read().unwrap()[..] == bytes[..]);
        }
    });
}

/// Guards against an opening that needs space: a machine whose disk ran full could not be brought up again.
#[test]
fn an_intact_store_opens_and_commits_without_a_free_byte() {
    on_each_disk(|disk| {
        let store = disk.store();
        let mut bytes = vec![0; SPARSE_LEN];
        (0..SCRIPT_LEN).for_each(|i| change(&mut bytes, scattered(i)));
        let mut command = child::command("full_disk::child_commits_and_waits", &store);
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        assert!(lines.any(|line| line.unwrap() == "ready"), "the child failed");
        child.kill().unwrap();
        child.wait().unwrap();

        disk.leave(0).unwrap();
        for round in 0..3 {
            let rvm = fixed_log(64 << 10).open(&store).unwrap();
            assert_eq!(rvm.recovery_report().recovered, round == 0);
            let segment = rvm.map("s", 1).unwrap();
            assert!(segment.read().unwrap()[..] == bytes[..], "round {round}");
            put(&rvm, &segment, &mut bytes, (round * 5_000, 3_000)).unwrap();
            rvm.close().unwrap();
        }
    });
}

/// Guards against a full disk that takes back what was acknowledged, where even a log that has its space cannot be written: the
/// store is poisoned then, and opening it when there is space decides.
#[test]
fn a_disk_that_copies_on_write_poisons_and_loses_nothing() {
    on_each_copying_disk(|disk| {
        let mut poisoned = 0;
        for blocks in [0, 8, 64, 256] {
            let store = disk.store();
            let rvm = fixed_log(64 << 10).open(&store).unwrap();
            let segment = rvm.map("s", SPARSE_LEN as u64).unwrap();
            let mut bytes = vec![0; SPARSE_LEN];
            disk.leave(blocks).unwrap();
            let mut undecided = None;
            for i in 0..SCRIPT_LEN {
                let mut after = bytes.clone();
                let (at, len) = scattered(i);
                change(&mut after, (at, len));
                let bytes_there = &after[at..at + len];
                match rvm
                    .transaction(&[&segment], |txn| txn.write(&segment, at as u64, bytes_there))
                {
                    Ok(()) => bytes = after,
                    Err(Error::Indeterminate { .. }) => undecided = Some(after),
                    Err(error) => assert!(error.is_poisoned() || error.is_out_of_space()),
                }
            }
            poisoned += usize::from(rvm.flush().is_err());
            drop((segment, rvm));
            if let Err(error) = Rvm::open(&store) {
                assert!(error.is_out_of_space() || error.is_poisoned(), "{error}");
            }
            disk.free().unwrap();
            let rvm = Rvm::open(&store).unwrap();
            let found = rvm.map("s", 1).unwrap().read().unwrap().to_vec();
            assert!(found == bytes || undecided.is_some_and(|after| found == after), "{blocks}");
        }
        assert!(poisoned > 0, "there was always space");
    });
}

/// Runs a test on every kind of file system that can be made here and changes blocks in place.
fn on_each_disk(test: impl Fn(&Disk)) {
    on_each(|kind| !kind.copies_on_write(), test);
}

/// Runs a test on every kind that can be made here and writes a changed block to another place, for which it needs space.
fn on_each_copying_disk(test: impl Fn(&Disk)) {
    on_each(FileSystem::copies_on_write, test);
}

#[expect(clippy::print_stdout, reason = "what is skipped must be seen")]
fn on_each(wanted: impl Fn(FileSystem) -> bool, test: impl Fn(&Disk)) {
    for kind in FileSystem::ALL.into_iter().filter(|kind| wanted(*kind)) {
        match Disk::mount(kind) {
            Ok(disk) => {
                println!("on {}", kind.name());
                test(&disk);
            }
            Err(reason) => println!("skipped: {}: {reason}", kind.name()),
        }
    }
}

#[test]
#[ignore = "runs in a process of its own"]
fn child_commits_and_waits() {
    let Some(dir) = child::dir() else { return };
    let rvm = fixed_log(64 << 10).open(dir).unwrap();
    let segment = rvm.map("s", SPARSE_LEN as u64).unwrap();
    let mut bytes = vec![0; SPARSE_LEN];
    for i in 0..SCRIPT_LEN {
        put(&rvm, &segment, &mut bytes, scattered(i)).unwrap();
    }
    println!("\nready");
    loop {
        std::thread::park();
    }
}

const SPARSE_LEN: usize = 256 << 10;

/// More than a log of 64 KiB holds, so that a part of it has been applied.
const SCRIPT_LEN: usize = 100;

/// Offset and length of the `i`-th change of a segment of [`SPARSE_LEN`] bytes.
fn scattered(i: usize) -> (usize, usize) {
    (i * 161_395 % (SPARSE_LEN - 1_000), 1_000)
}

/// The bytes that a change at this place brings.
fn change(bytes: &mut [u8], (at, len): (usize, usize)) {
    let stamp = bytes[at].wrapping_add(1).max(1);
    bytes[at..at + len].fill(stamp);
}

/// Commits a change; `bytes` are what the segment must hold, before and after. A failure must be a lack of space that
/// undid the transaction and spoiled nothing.
fn put(rvm: &Rvm, segment: &Segment, bytes: &mut Vec<u8>, at: (usize, usize)) -> Result<()> {
    let mut after = bytes.clone();
    change(&mut after, at);
    let mut txn = rvm.begin(&[segment])?;
    txn.write(segment, at.0 as u64, &after[at.0..at.0 + at.1])?;
    let committed = txn.commit();
    match &committed {
        Ok(_) => *bytes = after,
        Err(error) => {
            assert!(error.is_out_of_space() && !error.is_poisoned(), "{error}");
            assert_eq!(error.commit_outcome(), CommitOutcome::NotCommitted, "{error}");
        }
    }
    assert!(segment.read().unwrap()[..] == bytes[..], "{committed:?}");
    committed.map(drop)
}

/// A store whose logs have this size and do not grow, and which does nothing by itself.
fn fixed_log(capacity: u64) -> Options {
    Rvm::options().background(false).log_capacity_initial(capacity).log_capacity_max(capacity)
}

/// Puts a segment without a single block on the disk into a store that is still to be made.
fn adopt_sparse(store: &Path) -> Vec<u8> {
    fs::create_dir(store).unwrap();
    let file = File::create_new(store.join("sparse.seg")).unwrap();
    file.set_len(SPARSE_LEN as u64).unwrap();
    vec![0; SPARSE_LEN]
}

fn names(store: &Path) -> BTreeSet<String> {
    let entries = store.read_dir().unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

fn log_used(rvm: &Rvm, name: &str) -> u64 {
    rvm.segments().unwrap().iter().find(|segment| segment.name == name).unwrap().log_used
}

/// Were the process killed now, a store opened on what it left would hold these bytes.
fn survives(store: &Path, expected: &[(&str, &Vec<u8>)]) {
    let copy = tempfile::tempdir().unwrap();
    for name in names(store) {
        fs::copy(store.join(&name), copy.path().join(&name)).unwrap();
    }
    let rvm = Rvm::open(copy.path()).unwrap();
    for (name, bytes) in expected {
        let segment = rvm.map(name, 1).unwrap();
        assert!(segment.read().unwrap()[..] == bytes[..], "{name} after a kill");
    }
}
