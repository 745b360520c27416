//! What truncation must leave alone.

use rvm_storage::sim::SimStorage;
use rvm_storage::{FileName, FileRole, MemStorage, SegmentName, Storage};

use super::*;
use crate::config::Config;
use crate::store::Store;
use crate::transaction::Durability;

/// Guards against half of a transaction in the segments: one part is durable, the other is not, and the first is applied; and against
/// a header that vouches for it, so that the crash passes for damage.
#[test]
fn a_record_that_is_durable_and_not_decided_stays_in_the_log() {
    for before in [None, Some(b"decided!")] {
        let storage = SimStorage::new(1);
        let config = Config { background: false, helpers: 0, ..Config::default() };
        let store = Store::open(Arc::new(storage.clone()), config).unwrap();
        let (a, b) = (store.map("a", 8).unwrap(), store.map("b", 8).unwrap());
        if let Some(before) = before {
            let mut decided = store.begin(&[&a]).unwrap();
            decided.write(&a, 0, before).unwrap();
            decided.commit_with(Durability::Force).unwrap();
        }
        let mut txn = store.begin(&[&a, &b]).unwrap();
        txn.write(&a, 0, b"together").unwrap();
        txn.write(&b, 0, b"together").unwrap();
        txn.commit_with(Durability::Lazy).unwrap();

        let shared = &store.shared;
        let log = a.mapping.log.clone().unwrap();
        log.force_to(log.end(), &shared.logs.health).unwrap();
        storage.record();
        let freed = truncate_decided(shared, &log, &TruncationRight::take(&log)).unwrap();
        assert_eq!(freed > 0, before.is_some());

        for moment in storage.recorded().moments {
            let after = Store::open(Arc::new(moment.crash()), Config::default());
            let after = after.unwrap_or_else(|error| panic!("power cut {moment}: {error}"));
            let found = ["a", "b"].map(|name| after.map(name, 8).unwrap().read().unwrap().to_vec());
            assert_eq!(found, [*before.unwrap_or(&[0; 8]), [0; 8]], "power cut {moment}");
        }
    }
}

/// Guards against an archive that has what a crash takes back, and goes on behind it as if it had happened.
#[test]
fn a_record_that_is_durable_and_not_decided_is_not_archived() {
    let storage = MemStorage::new();
    let config = Config { background: false, helpers: 0, ..Config::default() };
    let store = Store::open(Arc::new(storage.clone()), config).unwrap();
    let (a, b) = (store.map("a", 8).unwrap(), store.map("b", 8).unwrap());
    store.archive_on().unwrap();
    let mut decided = store.begin(&[&a]).unwrap();
    decided.write(&a, 0, b"decided!").unwrap();
    decided.commit_with(Durability::Force).unwrap();
    let mut txn = store.begin(&[&a, &b]).unwrap();
    txn.write(&a, 0, b"together").unwrap();
    txn.write(&b, 0, b"together").unwrap();
    txn.commit_with(Durability::Lazy).unwrap();

    let log = a.mapping.log.clone().unwrap();
    log.force_to(log.end(), &store.shared.logs.health).unwrap();
    truncate_decided(&store.shared, &log, &TruncationRight::take(&log)).unwrap();
    let archive = log.archive.lock();
    let last = archive.as_ref().unwrap().last().copied().unwrap();
    let head = log.latch.lock().head;
    assert_eq!((last.last_txn.0, last.to), (1, head));
    assert!(head < log.end());
}

/// Guards against a second force of what is decided, and against a truncation that leaves something.
#[test]
fn what_is_decided_is_applied_and_freed() {
    let storage = MemStorage::new();
    let config = Config { background: false, helpers: 0, ..Config::default() };
    let store = Store::open(Arc::new(storage.clone()), config).unwrap();
    let a = store.map("a", 8).unwrap();
    let mut txn = store.begin(&[&a]).unwrap();
    txn.write(&a, 0, b"decided!").unwrap();
    txn.commit_with(Durability::Force).unwrap();
    let log = a.mapping.log.clone().unwrap();
    let freed = truncate_decided(&store.shared, &log, &TruncationRight::take(&log)).unwrap();
    assert!(freed > 0);
    assert_eq!(log.latch.lock().live_len(), 0);
    let file = FileName::new(&SegmentName::new("a").unwrap(), FileRole::Segment);
    let mut bytes = [0; 8];
    storage.crash().open(&file).unwrap().read_at(0, &mut bytes).unwrap();
    assert_eq!(&bytes, b"decided!");
}
