//! What may have changed when room is made: nothing is held then, so each of these can come between a look at the log and the next.

use rvm_storage::MemStorage;

use super::*;
use crate::config::Config;
use crate::store::Store;

fn store() -> (Store, Arc<LogHandle>) {
    let config = Config { background: false, log_capacity_max: 128 << 10, ..Config::default() };
    let store = Store::open(Arc::new(MemStorage::new()), config).unwrap();
    let log = store.map("s", 8).unwrap().mapping.log.clone().unwrap();
    (store, log)
}

/// Guards against a log that is truncated and grown for ever: the record was measured for a larger ring, which is gone.
#[test]
fn a_record_for_which_the_ring_has_become_too_small_is_refused() {
    let (store, log) = store();
    let (capacity, limit) = (128 << 10, (128 << 10) - 2 * 4096);
    assert!(make_room(&store.shared, &log, limit).is_ok());
    match make_room(&store.shared, &log, capacity + 8) {
        Err(Error::TransactionTooLarge { needed, limit: found, .. }) => {
            assert_eq!((needed, found), (capacity + 8, limit));
        }
        other => panic!("{other:?}"),
    }
}

/// Guards against a record that is appended while the ring is given another size: it would be written where neither ring has it.
#[test]
fn nothing_is_let_in_while_the_ring_is_resized() {
    let (store, log) = store();
    make_room(&store.shared, &log, 8).unwrap();
    log.latch.lock().draining = true;
    assert!(!log.latch.lock().has_room(8));
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| {
            make_room(&store.shared, &log, 8).unwrap();
            assert!(!log.latch.lock().draining, "it did not wait");
        });
        // Woken for nothing, it waits on.
        for _ in 0..1000 {
            log.changed.notify_all();
            std::thread::yield_now();
        }
        log.latch.lock().draining = false;
        while !waiting.is_finished() {
            log.changed.notify_all();
            std::thread::yield_now();
        }
    });
}

/// Guards against a log that is marked as used by a commit that finds the store closed: the next opening would have to recover it.
#[test]
fn a_closed_store_keeps_its_clean_logs() {
    let (store, log) = store();
    store.close().unwrap();
    assert!(matches!(make_room(&store.shared, &log, 8), Err(Error::Closed)));
    assert!(log.file.lock().header().clean && !log.latch.lock().open);
}

/// Guards against a log that is truncated, or grown, again by everyone who waited while one did it.
#[test]
fn whoever_comes_behind_a_truncation_leaves_the_log_alone() {
    let (store, log) = store();
    let segment = store.map("t", 8).unwrap();
    let mut txn = store.begin(&[&segment]).unwrap();
    txn.write(&segment, 0, b"x").unwrap();
    txn.commit().unwrap();
    let used = segment.mapping.log.clone().unwrap();
    for log in [&log, &used] {
        make_space(&store.shared, log, 8).unwrap();
    }
    let stats = store.stats();
    assert_eq!((stats.truncations, stats.log_growths), (0, 0));
}
