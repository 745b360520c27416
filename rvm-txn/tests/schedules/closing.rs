//! The store is closed, and segments are unmapped, under those who use them.

use std::sync::Arc;

use rvm_txn::{Durability, Error, Store};
use shuttle::thread;

use crate::disk::Disk;
use crate::explore::explore;
use crate::history::quiet;
use crate::stage::{Stage, config, is_closed};

/// Adds to a segment for as long as the store is open and the segment is mapped.
fn add(stage: &Stage, written: &[&'static str], durability: Durability) {
    match stage.add(written, &[], durability) {
        Ok(()) | Err(Error::Closed | Error::NotMapped { .. }) => {}
        Err(error) => panic!("{error}"),
    }
}

/// Guards against a commit that is acknowledged and missing behind a clean shutdown, a log that is marked clean and appended to, and
/// files that are touched when the store has been given up.
#[test]
fn the_store_is_closed_while_it_is_used() {
    explore(|| {
        let mut config = config();
        config.helpers = 1;
        let stage = Stage::new(&["a", "b"], 0, config);
        stage.play(vec![
            |stage| {
                add(stage, &["a"], Durability::Lazy);
                add(stage, &["b", "a"], Durability::Force);
            },
            |stage| {
                let truncated = stage.store.truncate_log();
                assert!(matches!(truncated, Ok(_) | Err(Error::Closed)), "{truncated:?}");
                let seen = stage.look(&["a", "b"]);
                assert!(seen.is_ok() || is_closed(&seen), "{seen:?}");
                add(stage, &["b"], Durability::Force);
            },
            |stage| {
                // Busy as long as somebody has a transaction.
                while !matches!(stage.store.close(), Ok(()) | Err(Error::Closed)) {
                    thread::yield_now();
                }
                stage.cuts(1);
            },
        ]);
    });
}

/// Guards against a segment that is mapped again with less than was committed to it, and against a transaction that has a segment which
/// is not mapped any more.
#[test]
fn segments_are_unmapped_and_mapped_while_they_are_used() {
    explore(|| {
        let stage = Stage::new(&["a", "b"], 0, config());
        stage.play(vec![
            |stage| {
                add(stage, &["a"], Durability::Lazy);
                add(stage, &["a", "b"], Durability::Force);
            },
            |stage| add(stage, &["b"], Durability::Force),
            |stage| match stage.store.unmap(stage.segment("a")) {
                Err(Error::Busy { .. }) => {}
                unmapped => {
                    unmapped.unwrap();
                    stage.cuts(1);
                    let again = stage.store.map("a", 1).unwrap();
                    let view = again.read().unwrap();
                    stage.history.shown_again("a", &view);
                }
            },
        ]);
    });
}

/// Guards against a transaction that outlives its store and writes to files that are another's by then.
#[test]
fn the_store_is_dropped_under_a_transaction() {
    explore(|| {
        let disk = Disk::new();
        let store = Store::open(Arc::new(disk.clone()), quiet()).unwrap();
        let a = store.map("a", 8).unwrap();
        let begin = |bytes| {
            let mut txn = store.begin(&[&a]).unwrap();
            txn.write(&a, 0, bytes).unwrap();
            txn
        };
        // The first commit opens the log, and that looks whether the store is closed, too.
        begin(b"in time ").commit().unwrap();
        let txn = begin(b"too late");
        let committing = thread::spawn(|| txn.commit().map(drop));
        drop(store);
        let committed = committing.join().unwrap();
        assert!(committed.is_ok() || is_closed(&committed), "{committed:?}");
        let store = Store::open(Arc::new(disk.image()), quiet()).unwrap();
        let kept = store.map("a", 8).unwrap().read().unwrap()[..] == *b"too late";
        assert_eq!(kept, committed.is_ok());
    });
}
