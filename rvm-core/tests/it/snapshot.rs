//! Snapshots: the committed bytes of a store, read where they are, beside a process that folds its logs.

use std::fs::{self, OpenOptions};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use rvm_core::rvm_history::Snapshot;
use rvm_core::rvm_storage::sim::{Moment, OperationKind, SimStorage};
use rvm_core::rvm_storage::{FileName, FileRole, FileStorage, SegmentName, Storage};
use rvm_core::{Error, Options, Rvm};

const LENS: [(&str, u64); 2] = [("a", 5000), ("b", 300)];

fn options() -> Options {
    Rvm::options().background(false)
}

fn take(storage: &dyn Storage) -> Snapshot {
    Snapshot::take(storage, Duration::ZERO).unwrap()
}

fn whole(snapshot: &Snapshot, segment: &str) -> Vec<u8> {
    let mut bytes = vec![0xee; usize::try_from(snapshot.len(segment).unwrap()).unwrap()];
    snapshot.read_at(segment, 0, &mut bytes).unwrap();
    bytes
}

fn in_chunks(snapshot: &Snapshot, segment: &str, chunk_len: usize) -> Vec<u8> {
    let mut bytes = vec![0; usize::try_from(snapshot.len(segment).unwrap()).unwrap()];
    let mut chunks = snapshot.chunks(segment, chunk_len).unwrap();
    while let Some(chunk) = chunks.next().unwrap() {
        let start = usize::try_from(chunk.offset).unwrap();
        assert_eq!(start % chunk_len, 0);
        assert!(chunk.bytes.iter().any(|byte| *byte != 0), "zeros at {start}");
        bytes[start..start + chunk.bytes.len()].copy_from_slice(chunk.bytes);
    }
    bytes
}

/// Overlapping writes at places that look random; in every third transaction in both segments.
fn live(rvm: &Rvm, transactions: u64) {
    let [a, b] = LENS.map(|(name, len)| rvm.map(name, len).unwrap());
    let mut seed = 3_u64;
    let mut draw = |below: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963);
        (seed >> 33) % below
    };
    for number in 0..transactions {
        let mut txn = rvm.begin(&[&a, &b]).unwrap();
        for _ in 0..=draw(4) {
            let len = usize::try_from(1 + draw(200)).unwrap();
            txn.write(&a, draw(4800), &vec![u8::try_from(draw(256)).unwrap(); len]).unwrap();
        }
        if number % 3 == 0 {
            txn.write(&b, draw(290), &draw(u64::MAX).to_le_bytes()).unwrap();
        }
        txn.commit().unwrap();
        if number % 7 == 6 {
            rvm.truncate_log().unwrap();
        }
    }
}

/// Guards against bytes that a snapshot shows otherwise than a copy of the store does: over a fold under way, an interrupted recovery, a wrapped
/// ring and chunks of any length.
#[test]
fn a_snapshot_has_the_bytes_that_a_copy_has_at_every_moment() {
    let storage = SimStorage::new(5);
    let rvm = options().open_with(Arc::new(storage.clone())).unwrap();
    storage.record();
    live(&rvm, 40);
    let mut left: Vec<_> = storage.recorded().moments.iter().map(Moment::process_kill).collect();
    let crashed = storage.crash();
    crashed.record();
    drop(options().open_with(Arc::new(crashed.clone())).unwrap());
    left.extend(crashed.recorded().moments.iter().map(Moment::crash));
    assert!(left.len() > 200, "{} moments", left.len());
    for storage in left {
        let copy = Rvm::options().read_only(true).open_with(Arc::new(storage.clone())).unwrap();
        let snapshot = take(&storage);
        for name in snapshot.segments().iter().map(SegmentName::as_str) {
            let len = snapshot.len(name).unwrap();
            if len == 0 {
                continue;
            }
            let segment = copy.map(name, len).unwrap();
            let expected = segment.read().unwrap();
            assert_eq!(whole(&snapshot, name), expected[..]);
            for chunk_len in [7, 64, 4096, 1 << 20] {
                assert_eq!(in_chunks(&snapshot, name, chunk_len), expected[..], "{chunk_len}");
            }
            let mut middle = [0; 10];
            snapshot.read_at(name, 123, &mut middle).unwrap();
            assert_eq!(middle, expected[123..133]);
        }
    }
}

/// Guards against bytes that are committed after the snapshot and reach the segment's file while it is read.
#[test]
fn nothing_newer_reaches_a_file_as_long_as_a_snapshot_lives() {
    let storage = SimStorage::new(1);
    let rvm = options().open_with(Arc::new(storage.clone())).unwrap();
    let a = rvm.map("a", 100).unwrap();
    rvm.transaction(&[&a], |txn| txn.write(&a, 0, &[1; 10])).unwrap();
    let snapshot = take(&storage);
    rvm.transaction(&[&a], |txn| txn.write(&a, 50, &[2; 10])).unwrap();

    let (lives, written) = (Arc::new(AtomicBool::new(true)), Arc::new(AtomicBool::new(false)));
    let (tell, told) = channel();
    let (still_lives, was_written) = (Arc::clone(&lives), Arc::clone(&written));
    let segment = FileName::new(&SegmentName::new("a").unwrap(), FileRole::Segment);
    storage.on_operation(move |operation| {
        let writes = operation.kind == OperationKind::Write;
        if writes && operation.file.as_ref() == Some(&segment) {
            was_written.fetch_or(still_lives.load(Ordering::SeqCst), Ordering::SeqCst);
        }
        if writes || operation.kind == OperationKind::Lock {
            tell.send(()).ok();
        }
    });
    thread::scope(|scope| {
        let folding = scope.spawn(|| rvm.truncate_log().unwrap());
        told.recv().unwrap();
        let mut expected = [0; 100];
        expected[..10].fill(1);
        assert_eq!(whole(&snapshot, "a"), expected);
        lives.store(false, Ordering::SeqCst);
        drop(snapshot);
        assert_eq!(folding.join().unwrap().logs_truncated, 1);
    });
    assert!(!written.load(Ordering::SeqCst), "a fold began beside a snapshot");
}

/// Tells that it is over, also if a test fails.
struct StoreOnDrop<'a>(&'a AtomicBool);

impl Drop for StoreOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// Guards against a snapshot of half a transaction, and against one that moves on while it is read.
#[test]
fn a_snapshot_is_of_one_moment_over_all_segments() {
    let parent = tempfile::tempdir().unwrap();
    let rvm = Rvm::options().log_capacity_max(64 << 10).open(parent.path()).unwrap();
    let [a, b] = ["a", "b"].map(|name| rvm.map(name, 64 << 10).unwrap());
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            for round in 1_u64.. {
                let offset = round % 8000 * 8;
                let mut txn = rvm.begin(&[&a, &b]).unwrap();
                for segment in [&a, &b] {
                    txn.write(segment, 0, &round.to_le_bytes()).unwrap();
                    txn.write(segment, offset, &round.to_le_bytes()).unwrap();
                }
                txn.commit().unwrap();
                if stop.load(Ordering::SeqCst) {
                    return;
                }
            }
        });
        let storage = FileStorage::read_only(parent.path()).unwrap();
        let _at_the_end = StoreOnDrop(&stop);
        for _ in 0..40 {
            let snapshot = Snapshot::take(&storage, Duration::from_secs(10)).unwrap();
            let first = whole(&snapshot, "a");
            assert_eq!(first, whole(&snapshot, "b"));
            assert_eq!(first, in_chunks(&snapshot, "a", 1000));
        }
    });
}

/// Guards against a segment that is read whole though little of it was ever written, and against changes in holes that are missed.
#[test]
fn holes_are_passed_over_and_changes_in_them_are_not() {
    const LEN: u64 = 10 << 30;
    let parent = tempfile::tempdir().unwrap();
    for (name, len) in [("big.seg", LEN), ("c.seg", 1 << 20)] {
        let mut options = OpenOptions::new();
        let file = options.write(true).create(true).truncate(true).open(parent.path().join(name));
        file.unwrap().set_len(len).unwrap();
    }
    let storage = FileStorage::read_only(parent.path()).unwrap();
    let snapshot = take(&storage);
    assert!(snapshot.chunks("big", 1 << 16).unwrap().next().unwrap().is_none());
    assert_eq!(snapshot.lsn("big").unwrap(), None);
    let mut bytes = [1; 4];
    snapshot.read_at("big", LEN - 4, &mut bytes).unwrap();
    assert_eq!(bytes, [0; 4]);
    drop(snapshot);

    // The mapping leaves the holes of a file that was there.
    fs::remove_file(parent.path().join("big.seg")).unwrap();
    let rvm = options().open(parent.path()).unwrap();
    let c = rvm.map("c", 1 << 20).unwrap();
    rvm.transaction(&[&c], |txn| txn.write(&c, 600_000, &[7])).unwrap();
    let snapshot = take(&storage);
    let mut chunks = snapshot.chunks("c", 4096).unwrap();
    let chunk = chunks.next().unwrap().unwrap();
    assert_eq!((chunk.offset, chunk.bytes[600_000 % 4096]), (600_000 / 4096 * 4096, 7));
    assert!(chunks.next().unwrap().is_none());
}

/// Guards against a length or a name that is taken as it comes, and against the wrong family of error.
#[test]
fn what_is_not_there_is_refused() {
    let storage = SimStorage::new(1);
    let rvm = options().open_with(Arc::new(storage.clone())).unwrap();
    rvm.map("a", 100).unwrap();
    let snapshot = take(&storage);
    assert!(matches!(snapshot.len("b"), Err(Error::NotFound { .. })));
    assert!(matches!(snapshot.read_at("b", 0, &mut []), Err(Error::NotFound { .. })));
    for (offset, len) in [(91, 10), (u64::MAX, 1), (101, 0)] {
        let read = snapshot.read_at("a", offset, &mut vec![0; len]);
        assert!(matches!(read, Err(Error::OutOfRange { segment_len: 100, .. })), "{offset}");
    }
    assert!(snapshot.read_at("a", 100, &mut []).is_ok());
    assert!(matches!(snapshot.chunks_between("a", (9, 101), 8), Err(Error::OutOfRange { .. })));
}
