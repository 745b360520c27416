//! How a segment is written, and read for that.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rvm_storage::sim::{Failure, Fault, OperationKind, SimStorage};
use rvm_storage::{SegmentName, Storage};

use super::*;

/// Guards against a segment that cannot be folded because bytes that nobody changed cannot be read, and against bytes of another place.
#[test]
fn what_cannot_be_read_is_not_needed() {
    let storage = SimStorage::new(1);
    let name = FileName::new(&SegmentName::new("s").unwrap(), FileRole::Segment);
    storage.replace_file(&name, &[1, 2, 3, 4]).unwrap();
    storage.inject(Fault::nth(0, Failure::Error).of(OperationKind::Read));
    let blob = storage.open(&name).unwrap();
    let mut segment = SegmentWriter { blob: blob.as_ref(), pace: Pace::AtOnce, unforced: 0 };
    let mut bytes = [0; 2];
    assert!(!segment.read_back(1, &mut bytes));
    assert_eq!(storage.faults_fired(), 1);
    assert!(segment.read_back(1, &mut bytes));
    assert_eq!(bytes, [2, 3]);
    assert!(!segment.read_back(3, &mut bytes), "behind its end");
    segment.apply(2, &[9]).unwrap();
    assert_eq!(storage.read_file(&name).unwrap(), [1, 2, 9, 4]);
}

/// Guards against a truncation that keeps the device busy for as long as all of a segment takes, and against a recovery that waits for
/// every part of it.
#[test]
fn beside_commits_little_is_forced_at_a_time() {
    for (pace, forces) in [(Pace::BesideCommits, 2), (Pace::AtOnce, 0)] {
        let storage = SimStorage::new(1);
        let name = FileName::new(&SegmentName::new("s").unwrap(), FileRole::Segment);
        storage.replace_file(&name, &vec![0; 3 * LITTLE]).unwrap();
        let seen = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&seen);
        storage.on_operation(move |operation| {
            if operation.kind == OperationKind::Force {
                count.fetch_add(1, Ordering::Relaxed);
            }
        });
        let blob = storage.open(&name).unwrap();
        let mut segment = SegmentWriter { blob: blob.as_ref(), pace, unforced: 0 };
        for part in 0..5 {
            segment.apply(part * 512 * 1024, &vec![1; LITTLE / 2]).unwrap();
        }
        assert_eq!(seen.load(Ordering::Relaxed), forces, "{pace:?}");
    }
}
