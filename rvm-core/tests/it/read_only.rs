//! Opening for reading: what is copied, and what happens when files change or fail while they are read.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rvm_core::rvm_log::format::header::SLOT_LEN;
use rvm_core::rvm_storage::sim::{Failure, Fault, OperationKind, SimStorage};
use rvm_core::rvm_storage::{FileName, FileRole, SegmentName};
use rvm_core::{Error, Result, Rvm};

fn file(name: &str, role: FileRole) -> FileName {
    FileName::new(&SegmentName::new(name).unwrap(), role)
}

/// A store that crashed, with two commits in the log of each of its segments.
fn crashed() -> SimStorage {
    let storage = SimStorage::new(1);
    let rvm = Rvm::options().background(false).open_with(Arc::new(storage.clone())).unwrap();
    for name in ["a", "b"] {
        let segment = rvm.map(name, 100).unwrap();
        for byte in 1..=2 {
            rvm.transaction(&[&segment], |txn| txn.write(&segment, 0, &[byte; 50])).unwrap();
        }
    }
    storage.crash()
}

fn read(storage: SimStorage) -> Result<Rvm> {
    Rvm::options().read_only(true).open_with(Arc::new(storage))
}

/// Guards against a copy that passes for a longer segment than there is, and against one that cannot be mapped at its own length.
#[test]
fn a_copy_is_as_long_as_its_segment() {
    let reader = Rvm::options().read_only(true).open_with(Arc::new(crashed())).unwrap();
    let longer = reader.map("a", 101).unwrap_err();
    assert_eq!(longer.to_string(), "cannot extend a segment: the store was opened read-only");
    assert_eq!(reader.map("a", 100).unwrap().read().unwrap()[..50], [2; 50]);
}

/// Guards against an empty file that keeps a store from being read: it was copied there, and is no segment yet.
#[test]
fn an_empty_file_is_no_segment_and_disturbs_no_other() {
    let storage = crashed();
    storage.replace_file(&file("empty", FileRole::Segment), &[]).unwrap();
    let reader = Rvm::options().read_only(true).open_with(Arc::new(storage)).unwrap();
    assert!(matches!(reader.map("empty", 1), Err(Error::NotFound { .. })));
    assert_eq!(reader.map("a", 1).unwrap().read().unwrap()[..50], [2; 50]);
}

/// Guards against a choice of segments that copies others, or that is not checked.
#[test]
fn only_the_segments_that_were_chosen_are_copied() {
    let storage = Arc::new(crashed());
    let choose = |name| Rvm::options().read_only_segments([name]).open_with(storage.clone());
    let reader = choose("b").unwrap();
    assert_eq!(reader.map("b", 1).unwrap().read().unwrap()[..50], [2; 50]);
    assert!(matches!(reader.map("a", 1), Err(Error::NotFound { .. })));
    assert_eq!(reader.recovery_report().logs.len(), 1);
    assert!(matches!(choose("c"), Err(Error::NotFound { .. })));
    assert!(matches!(choose("c/d"), Err(Error::InvalidName { .. })));
}

/// Makes a reader find a damaged log so often before it is whole; returns what came of it and how often the log was opened.
fn overtaken(times: usize, damage: impl Fn(&mut Vec<u8>)) -> (Result<Rvm>, usize) {
    let storage = crashed();
    let log = file("a", FileRole::Log);
    let whole = storage.read_file(&log).unwrap();
    let mut damaged = whole.clone();
    damage(&mut damaged);
    let opened = Arc::new(AtomicUsize::new(0));
    let (count, writer) = (Arc::clone(&opened), storage.clone());
    // The writer is at work when the reader opens the log.
    storage.on_operation(move |operation| {
        if operation.kind == OperationKind::Open && operation.file.as_ref() == Some(&log) {
            let is_damaged = count.fetch_add(1, Ordering::SeqCst) < times;
            writer.replace_file(&log, if is_damaged { &damaged } else { &whole }).unwrap();
        }
    });
    (read(storage), opened.load(Ordering::SeqCst))
}

/// Guards against a writer's header or force that is seen half done and passes for damage, and against a reader that never gives up.
#[test]
fn what_a_writer_may_be_about_to_write_is_read_again() {
    // Both slots of the header; the first record, of which the second says that it was durable.
    for damaged in [vec![50, SLOT_LEN + 50], vec![2 * SLOT_LEN + 70]] {
        let damage = |bytes: &mut Vec<u8>| damaged.iter().for_each(|at| bytes[*at] ^= 1);
        for times in [0, 1, 7] {
            let (reader, opened) = overtaken(times, damage);
            assert_eq!(opened, times + 1);
            assert_eq!(reader.unwrap().map("a", 1).unwrap().read().unwrap()[..50], [2; 50]);
        }
        let (reader, opened) = overtaken(100, damage);
        assert!(reader.unwrap_err().is_corruption());
        assert_eq!(opened, 8);
    }
}

/// Guards against damage that no writer explains, or a failing device, being read again and again.
#[test]
fn other_faults_are_told_at_once() {
    let (reader, opened) = overtaken(100, |bytes| bytes.truncate(SLOT_LEN));
    assert!(reader.unwrap_err().is_corruption());
    assert_eq!(opened, 1);

    let (storage, log) = (crashed(), Some(file("a", FileRole::Log)));
    let (count, counted) = (Arc::new(AtomicUsize::new(0)), log.clone());
    let opened = Arc::clone(&count);
    storage.on_operation(move |operation| {
        let opens_it = operation.kind == OperationKind::Open && operation.file == counted;
        count.fetch_add(usize::from(opens_it), Ordering::SeqCst);
    });
    let bad = Fault::nth(0, Failure::Error).of(OperationKind::Force).lasting();
    storage.inject(bad.when(move |operation| operation.file == log));
    assert!(matches!(read(storage), Err(Error::Io(_))));
    assert_eq!(opened.load(Ordering::SeqCst), 1);
}
