//! Aborts that keep no snapshots: what is committed is read back, and that can fail.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rvm_core::rvm_storage::sim::{Failure, Fault, OperationKind, SimStorage};
use rvm_core::{Error, Rvm, Segment, UndoMode};

struct World {
    rvm: Rvm,
    s: Segment,
    other: Segment,
    /// The next time that the file of `s` is opened fails.
    armed: Arc<AtomicBool>,
}

/// A store with `kept` at the start of both segments.
fn world() -> World {
    let armed = Arc::new(AtomicBool::new(false));
    let is_armed = Arc::clone(&armed);
    let storage = SimStorage::new(1);
    let bad = Fault::nth(0, Failure::Error).of(OperationKind::Open).when(move |operation| {
        let file = operation.file.as_ref().map(ToString::to_string);
        file.as_deref() == Some("s.seg") && is_armed.load(Ordering::SeqCst)
    });
    storage.inject(bad);
    let options = Rvm::options().background(false).undo(UndoMode::None);
    let rvm = options.open_with(Arc::new(storage)).unwrap();
    let (s, other) = (rvm.map("s", 8).unwrap(), rvm.map("other", 8).unwrap());
    rvm.transaction(&[&s, &other], |txn| {
        txn.write(&s, 0, b"kept")?;
        txn.write(&other, 0, b"kept")
    })
    .unwrap();
    World { rvm, s, other, armed }
}

fn is_not_restored<T: std::fmt::Debug>(result: Result<T, Error>) {
    match result {
        Err(Error::NotRestored { segment }) => assert_eq!(segment, "s"),
        other => panic!("{other:?}"),
    }
}

/// Guards against a segment that goes on with bytes of a transaction that was aborted, against a neighbour that is given up along
/// with it, and against one that stays unusable though its committed bytes can be read again.
#[test]
fn a_segment_that_could_not_be_undone_must_be_mapped_again() {
    let World { rvm, s, other, armed } = world();
    let mut txn = rvm.begin(&[&s, &other]).unwrap();
    txn.write(&s, 2, b"lost").unwrap();
    txn.write(&other, 2, b"lost").unwrap();
    armed.store(true, Ordering::SeqCst);
    is_not_restored(txn.abort());

    assert_eq!(other.read().unwrap()[..], *b"kept\0\0\0\0");
    is_not_restored(s.read());
    is_not_restored(rvm.begin(&[&other, &s]));
    rvm.unmap(&s).unwrap();
    let s = rvm.map("s", 8).unwrap();
    assert_eq!(s.read().unwrap()[..], *b"kept\0\0\0\0");
    rvm.transaction(&[&s, &other], |txn| txn.write(&s, 0, b"on")).unwrap();
}

/// Guards against a transaction that was waiting for the segment, and is given what could not be undone; and against one that is refused
/// and keeps its other segments.
#[test]
fn who_waits_for_a_segment_that_could_not_be_undone_is_refused() {
    let World { rvm, s, other, armed } = world();
    let mut txn = rvm.begin(&[&s]).unwrap();
    txn.write(&s, 0, b"lost").unwrap();
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| rvm.begin(&[&s, &other]).map(drop));
        // As soon as somebody waits for it, whoever holds nothing is refused.
        let is_waited_for = || rvm.try_begin(&[&other]).is_err();
        let watching = scope.spawn(move || {
            while !is_waited_for() {
                std::thread::yield_now();
            }
        });
        watching.join().unwrap();
        armed.store(true, Ordering::SeqCst);
        is_not_restored(txn.abort());
        is_not_restored(waiting.join().unwrap());
    });
    rvm.try_begin(&[&other]).unwrap().abort().unwrap();
}
