//! How a segment is written, and read for that.

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
    let (mut segment, mut bytes) = (SegmentWriter(blob.as_ref()), [0; 2]);
    assert!(!segment.read_back(1, &mut bytes));
    assert_eq!(storage.faults_fired(), 1);
    assert!(segment.read_back(1, &mut bytes));
    assert_eq!(bytes, [2, 3]);
    assert!(!segment.read_back(3, &mut bytes), "behind its end");
    segment.apply(2, &[9]).unwrap();
    assert_eq!(storage.read_file(&name).unwrap(), [1, 2, 9, 4]);
}
