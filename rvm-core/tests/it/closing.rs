//! A close that comes while others are still at work on the files.

use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use rvm_core::rvm_storage::sim::{Failure, Fault, Operation, OperationKind, SimStorage};
use rvm_core::rvm_storage::{LockMode, LockScope, Storage};
use rvm_core::{Error, Rvm};

/// Guards against a lock that is given up while a write is on its way: the next opener would recover the store, and the write would come
/// to its logs. The store is poisoned, so nobody else waits for that write.
#[test]
fn a_close_waits_for_a_write_that_is_under_way() {
    let storage = SimStorage::new(1);
    let (begun, has_begun) = mpsc::channel();
    let (go_on, may_go_on) = mpsc::channel::<()>();
    let may_go_on = Mutex::new(may_go_on);
    let rvm = Rvm::options().background(false).open_with(Arc::new(storage.clone())).unwrap();
    let (slow, bad) = (rvm.map("slow", 8).unwrap(), rvm.map("bad", 8).unwrap());
    let put = |segment| rvm.transaction(&[segment], |txn| txn.write(segment, 0, b"x"));
    put(&slow).unwrap();
    put(&bad).unwrap();
    let forces = |operation: &Operation, name: &str| {
        let file = operation.file.as_ref().map(ToString::to_string);
        operation.kind == OperationKind::WriteAndForce && file.as_deref() == Some(name)
    };
    storage.on_operation(move |operation| {
        if forces(operation, "slow.log") {
            begun.send(()).unwrap();
            may_go_on.lock().unwrap().recv().ok();
        }
    });
    let fails = move |operation: &Operation| forces(operation, "bad.log");
    storage.inject(Fault::nth(0, Failure::Error).when(fails));
    std::thread::scope(|scope| {
        // Dropped where this fails, so that the write does not wait for ever.
        let go_on = go_on;
        let writing = scope.spawn(|| put(&slow));
        has_begun.recv().unwrap();
        assert!(matches!(put(&bad), Err(Error::Indeterminate { .. })));
        let closing = scope.spawn(|| rvm.close());
        while !matches!(rvm.flush(), Err(Error::Closed)) {
            std::thread::yield_now();
        }
        // Time enough for a close that does not wait.
        for _ in 0..50 {
            let lock = storage.lock(LockScope::Owner, LockMode::Exclusive, Duration::ZERO);
            assert!(lock.is_err(), "the lock was given up");
            std::thread::sleep(Duration::from_millis(1));
        }
        go_on.send(()).unwrap();
        writing.join().unwrap().unwrap();
        assert!(matches!(closing.join().unwrap(), Err(Error::Poisoned { .. })));
    });
    storage.lock(LockScope::Owner, LockMode::Exclusive, Duration::ZERO).unwrap();
}
