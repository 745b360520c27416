//! Segments whose files fail, or go, while they are listed, mapped, recovered and destroyed.

use std::sync::Arc;

use rvm_core::rvm_storage::sim::{Failure, Fault, Operation, OperationKind, SimStorage};
use rvm_core::rvm_storage::{FileName, FileRole, SegmentName, Storage};
use rvm_core::{Error, Result, Rvm};

fn open(storage: &SimStorage) -> Result<Rvm> {
    Rvm::options().background(false).open_with(Arc::new(storage.clone()))
}

fn seg(name: &str) -> FileName {
    FileName::new(&SegmentName::new(name).unwrap(), FileRole::Segment)
}

/// Guards against a segment that disappears from between its name and its length, which is no failure, and against a failure that
/// passes for one that disappeared.
#[test]
fn a_segment_that_goes_while_all_are_listed_is_left_out() {
    for is_failure in [false, true] {
        let storage = SimStorage::new(1);
        for name in ["going", "staying"] {
            storage.replace_file(&seg(name), b"x").unwrap();
        }
        let rvm = open(&storage).unwrap();
        let opens_it = |operation: &Operation| {
            operation.kind == OperationKind::Open && operation.file == Some(seg("going"))
        };
        if is_failure {
            storage.inject(Fault::nth(0, Failure::Error).when(opens_it));
        } else {
            let other = storage.clone();
            storage.on_operation(move |operation| {
                if opens_it(operation) {
                    other.remove(&seg("going")).unwrap();
                }
            });
        }
        match rvm.segments() {
            Ok(segments) => assert_eq!((segments.len(), is_failure), (1, false)),
            Err(error) => assert!(is_failure && matches!(error, Error::Io(_)), "{error}"),
        }
    }
}

/// Guards against a failing device that passes for a segment which is not there: it would be made anew, or said to be missing.
#[test]
fn a_segment_that_cannot_be_opened_is_not_one_that_is_not_there() {
    for opened in 0.. {
        let storage = SimStorage::new(1);
        let rvm = open(&storage).unwrap();
        let segment = rvm.map("s", 8).unwrap();
        rvm.transaction(&[&segment], |txn| txn.write(&segment, 0, b"kept")).unwrap();
        let storage = storage.crash();
        let bad = Fault::nth(opened, Failure::Error).of(OperationKind::Open);
        storage.inject(bad.when(|operation| operation.file == Some(seg("s"))));
        let used = open(&storage).and_then(|rvm| {
            // At its own length, which one that is not there does not have.
            let segment = rvm.map("s", 0)?;
            assert_eq!(segment.read()?[..4], *b"kept", "{opened}");
            rvm.unmap(&segment)?;
            rvm.destroy("s")
        });
        if storage.faults_fired() == 0 {
            used.unwrap();
            assert_eq!(opened, 4, "twice at recovery, mapped, destroyed");
            return;
        }
        assert!(matches!(used, Err(Error::Io(_))), "{opened}: {used:?}");
        assert!(storage.read_file(&seg("s")).is_some(), "{opened}: it was destroyed all the same");
    }
}

/// Guards against a copied file that is cut, or stays extended, when there is no space for its log.
#[test]
fn a_mapping_that_failed_leaves_a_copied_file_as_it_was() {
    let new_log = FileName::new(&SegmentName::new("s").unwrap(), FileRole::NewLog);
    for len in [1, 100, 150] {
        let new_log = new_log.clone();
        let storage = SimStorage::new(1);
        let bad = Fault::nth(0, Failure::OutOfSpace).of(OperationKind::Allocate);
        storage.inject(bad.when(move |operation| operation.file.as_ref() == Some(&new_log)));
        storage.replace_file(&seg("s"), &[7; 100]).unwrap();
        let rvm = open(&storage).unwrap();
        let failed = rvm.map("s", len).unwrap_err();
        assert!(failed.is_out_of_space(), "{failed}");
        assert_eq!(storage.read_file(&seg("s")), Some(vec![7; 100]), "{len}");
        assert_eq!(rvm.map("s", len).unwrap().len(), len.max(100));
    }
}

/// Guards against a store that is given up because a segment's device is full while a log is folded, though the log has everything; and against
/// one that goes on when the device fails.
#[test]
fn a_full_device_keeps_the_log_and_a_failing_one_poisons() {
    for failure in [Failure::OutOfSpace, Failure::Error] {
        let storage = SimStorage::new(1);
        let rvm = open(&storage).unwrap();
        let segment = rvm.map("s", 8).unwrap();
        let put = |bytes| rvm.transaction(&[&segment], |txn| txn.write(&segment, 0, bytes));
        put(b"kept").unwrap();
        let folds = |operation: &Operation| operation.file == Some(seg("s"));
        storage.inject(Fault::nth(0, failure).of(OperationKind::Write).when(folds));
        let truncated = rvm.truncate_log();
        assert_eq!(storage.faults_fired(), 1);
        if failure == Failure::OutOfSpace {
            assert_eq!(truncated.unwrap().out_of_space, ["s"]);
            put(b"more").unwrap();
            assert!(rvm.truncate_log().unwrap().freed_bytes > 0);
        } else {
            assert!(truncated.unwrap_err().is_poisoned());
            assert!(put(b"more").unwrap_err().is_poisoned());
        }
        let found = open(&storage.crash()).unwrap().map("s", 8).unwrap().read().unwrap().to_vec();
        let expected = if failure == Failure::OutOfSpace { b"more" } else { b"kept" };
        assert_eq!(found[..4], *expected, "{failure:?}");
    }
}
