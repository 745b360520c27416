//! How a segment is written: the right bytes, and few writes of few bytes.

use std::sync::{Arc, Mutex};

use rvm_storage::sim::{Failure, Fault, OperationKind, SimStorage};
use rvm_storage::{SegmentName, Storage};

use super::*;

const LEN: usize = 1 << 20;

/// Writes runs into a file of `0xee`, in batches; checks its bytes, and returns the offset and length of each write.
fn writes(batches: &[Vec<(u64, usize)>]) -> Vec<(u64, u64)> {
    let storage = SimStorage::new(1);
    let name = FileName::new(&SegmentName::new("s").unwrap(), FileRole::Segment);
    let mut expected = vec![0xee; LEN];
    storage.replace_file(&name, &expected).unwrap();
    let written = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&written);
    storage.on_operation(move |operation| {
        if operation.kind == OperationKind::Write {
            seen.lock().unwrap().push((operation.offset, operation.len));
        }
    });
    let blob = storage.open(&name).unwrap();
    let mut segment = SegmentWriter::new(blob.as_ref());
    for (batch, fill) in batches.iter().zip(1..) {
        for (offset, len) in batch {
            let start = narrow(*offset);
            expected[start..start + len].fill(fill);
            segment.apply(*offset, &vec![fill; *len]).unwrap();
        }
    }
    segment.write_gathered().unwrap();
    assert!(storage.read_file(&name).unwrap() == expected, "{batches:?}");
    written.lock().unwrap().clone()
}

const GATHER: u64 = 256 << 10;
const CLOSE: u64 = 4 << 10;

/// Guards against a system call for each of many small changes.
#[test]
fn runs_that_lie_close_together_are_one_write() {
    assert_eq!(writes(&[vec![(10, 5), (15, 5)]]), [(10, 10)], "side by side");
    assert_eq!(writes(&[vec![(10, 5), (CLOSE + 14, 11)]]), [(10, CLOSE + 15)], "close");
    let each_page: Vec<_> = (0..100).map(|page| (page * CLOSE, 8)).collect();
    assert_eq!(writes(&[each_page]), [(0, 63 * CLOSE + 8), (GATHER, 35 * CLOSE + 8)]);
}

/// Guards against bytes that are written though nothing changed there.
#[test]
fn runs_that_lie_apart_are_written_apart() {
    assert_eq!(writes(&[vec![(10, 5), (CLOSE + 15, 11)]]), [(10, 5), (CLOSE + 15, 11)]);
    let many_and_one: Vec<_> = (0..64).map(|i| (16 * i, 8)).chain([(200_000, 8)]).collect();
    assert_eq!(writes(&[many_and_one]), [(0, 63 * 16 + 8), (200_000, 8)]);
    assert_eq!(writes(&[vec![(0, 1), (GATHER, 1)]]), [(0, 1), (GATHER, 1)], "not gathered");
}

/// Guards against more memory than one stretch, and against a write of nothing.
#[test]
fn what_is_gathered_is_bounded() {
    assert_eq!(writes(&[]), []);
    let side_by_side: Vec<_> = (0..8).map(|part| (part * GATHER / 4, 64 << 10)).collect();
    assert_eq!(writes(&[side_by_side]), [(0, GATHER), (GATHER, GATHER)]);
    assert_eq!(writes(&[vec![(0, 8), (100, 300 << 10)]]), [(0, 8), (100, 300 << 10)]);
}

/// Guards against runs of an earlier batch that are written over those of a later one.
#[test]
fn a_batch_that_begins_anew_is_written_behind_the_one_before() {
    assert_eq!(writes(&[vec![(100, 50)], vec![(120, 50)], vec![(0, 10)]]).len(), 3);
}

/// Guards against a segment that cannot be folded because bytes that nobody changed cannot be read.
#[test]
fn what_cannot_be_read_is_not_needed() {
    let storage = SimStorage::new(1);
    let name = FileName::new(&SegmentName::new("s").unwrap(), FileRole::Segment);
    storage.replace_file(&name, &[0; 100]).unwrap();
    storage.inject(Fault::nth(0, Failure::Error).of(OperationKind::Read));
    let blob = storage.open(&name).unwrap();
    let mut segment = SegmentWriter::new(blob.as_ref());
    segment.apply(10, &[1]).unwrap();
    segment.apply(20, &[2]).unwrap();
    segment.write_gathered().unwrap();
    assert_eq!(storage.faults_fired(), 1);
    let found = storage.read_file(&name).unwrap();
    assert_eq!((found[10], found[15], found[20]), (1, 0, 2));
}
