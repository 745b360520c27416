//! Undo and redo, one for one with the calls that declared ranges.

use std::sync::Arc;
use std::time::Duration;

use rvm_core::rvm_storage::MemStorage;
use rvm_core::{Error, RangePolicy, Rvm, inspect};

/// The redo ranges of each record in the log of segment `s`.
fn logged(storage: &MemStorage) -> Vec<Vec<(u64, u64)>> {
    let mut records = Vec::new();
    inspect::each_record(storage, "s", Duration::ZERO, |record| {
        records.push(record.ranges);
        Ok(())
    })
    .unwrap();
    records
}

fn store(policy: RangePolicy) -> (MemStorage, Rvm) {
    let storage = MemStorage::new();
    let rvm = Rvm::options()
        .background(false)
        .range_policy(policy)
        .open_with(Arc::new(storage.clone()))
        .unwrap();
    (storage, rvm)
}

/// Guards against a call that is merged, dropped or moved: by default there is one redo range for each, in call order, also for
/// ranges that overlap, are empty, or were never changed.
#[test]
fn there_is_one_undo_record_and_one_redo_range_for_each_call_in_call_order() {
    let (storage, rvm) = store(RangePolicy::PerCall);
    let segment = rvm.map("s", 64).unwrap();
    let mut txn = rvm.begin(&[&segment]).unwrap();
    let calls = [(40, 4), (0, 10), (5, 10), (5, 0), (0, 10)];
    for (start, len) in calls {
        txn.about_to_modify(&segment, start..start + len).unwrap();
    }
    txn.commit().unwrap();
    assert_eq!(logged(&storage), [calls]);
    let stats = rvm.stats();
    assert_eq!((stats.undo_records, stats.redo_ranges), (5, 5));
}

/// Guards against overlapping ranges whose replay gives another state than memory had.
#[test]
fn overlapping_calls_replay_to_the_final_state() {
    for policy in [RangePolicy::PerCall, RangePolicy::Coalesce] {
        let (storage, rvm) = store(policy);
        let segment = rvm.map("s", 16).unwrap();
        let mut txn = rvm.begin(&[&segment]).unwrap();
        txn.about_to_modify(&segment, 0..8).unwrap().fill(b'a');
        txn.about_to_modify(&segment, 4..12).unwrap().fill(b'b');
        txn.declared_mut(&segment, 6..7).unwrap().fill(b'c');
        txn.commit().unwrap();

        let rvm = Rvm::options().open_with(Arc::new(storage.crash())).unwrap();
        let segment = rvm.map("s", 16).unwrap();
        assert_eq!(&segment.read().unwrap()[..], b"aaaabbcbbbbb\0\0\0\0", "{policy:?}");
    }
}

/// Guards against a restore in the wrong order: the oldest snapshot must win.
#[test]
fn an_abort_restores_overlapping_ranges_newest_first() {
    for policy in [RangePolicy::PerCall, RangePolicy::Coalesce] {
        let (_storage, rvm) = store(policy);
        let segment = rvm.map("s", 16).unwrap();
        let mut txn = rvm.begin(&[&segment]).unwrap();
        txn.write(&segment, 0, b"0123456789abcdef").unwrap();
        txn.commit().unwrap();
        let mut txn = rvm.begin(&[&segment]).unwrap();
        txn.write(&segment, 0, b"XXXXXXXX").unwrap();
        txn.write(&segment, 4, b"YYYYYYYY").unwrap();
        txn.write(&segment, 0, b"ZZ").unwrap();
        txn.abort().unwrap();
        assert_eq!(&segment.read().unwrap()[..], b"0123456789abcdef", "{policy:?}");
    }
}

/// Guards against ranges that are logged twice when they are to be merged.
#[test]
fn coalesced_ranges_are_logged_once() {
    let (storage, rvm) = store(RangePolicy::Coalesce);
    let segment = rvm.map("s", 64).unwrap();
    let mut txn = rvm.begin(&[&segment]).unwrap();
    for (start, end) in [(0, 10), (30, 40), (5, 15), (15, 20), (3, 4)] {
        txn.about_to_modify(&segment, start..end).unwrap();
    }
    txn.commit().unwrap();
    assert_eq!(logged(&storage), [[(0, 20), (30, 10)]]);
    assert_eq!(rvm.stats().undo_records, 4, "0..10, 30..40, 10..15, 15..20");
}

/// Guards against slices in another order than the ranges, and against a record missing for one of them.
#[test]
fn disjoint_ranges_come_back_in_the_order_given() {
    let (storage, rvm) = store(RangePolicy::PerCall);
    let segment = rvm.map("s", 64).unwrap();
    let mut txn = rvm.begin(&[&segment]).unwrap();
    let slices = txn.about_to_modify_disjoint(&segment, &[40..44, 0..2, 10..13]).unwrap();
    assert_eq!(slices.iter().map(|slice| slice.len()).collect::<Vec<_>>(), [4, 2, 3]);
    for (byte, slice) in (1..).zip(slices) {
        slice.fill(byte);
    }
    let bytes = txn.read(&segment).unwrap();
    assert_eq!((bytes[40], bytes[0], bytes[10], bytes[20]), (1, 2, 3, 0));
    txn.commit().unwrap();
    assert_eq!(logged(&storage), [[(40, 4), (0, 2), (10, 3)]]);
}

/// Guards against a range that counts as declared since one of another segment is, or since it touches one.
#[test]
fn only_what_lies_within_a_range_of_the_same_segment_counts_as_declared() {
    for policy in [RangePolicy::PerCall, RangePolicy::Coalesce] {
        let (_storage, rvm) = store(policy);
        let (s, other) = (rvm.map("s", 64).unwrap(), rvm.map("other", 64).unwrap());
        let mut txn = rvm.begin(&[&other, &s]).unwrap();
        txn.about_to_modify(&s, 10..20).unwrap();
        let refused = txn.declared_mut(&other, 10..20);
        assert!(matches!(refused, Err(Error::NotDeclared { .. })), "{policy:?}");
        for (start, end) in [(9, 15), (15, 21), (9, 21), (0, 5), (30, 40), (20, 30)] {
            let refused = txn.declared_mut(&s, start..end);
            assert!(matches!(refused, Err(Error::NotDeclared { .. })), "{policy:?} {start}..{end}");
        }
        for (start, end) in [(10, 20), (10, 11), (19, 20), (13, 17)] {
            txn.declared_mut(&s, start..end).unwrap();
        }
        txn.abort().unwrap();
    }
}

/// Guards against a byte too many or too few at either end of a range.
#[test]
fn ranges_of_every_kind_mean_the_bytes_that_they_say() {
    use std::ops::Bound::{Excluded, Included, Unbounded};
    let (storage, rvm) = store(RangePolicy::PerCall);
    let segment = rvm.map("s", 64).unwrap();
    let mut txn = rvm.begin(&[&segment]).unwrap();
    let mut calls = Vec::new();
    for (start, first) in [(Included(3), 3), (Excluded(3), 4), (Unbounded, 0)] {
        for (end, behind) in [(Included(5), 6), (Excluded(5), 5), (Unbounded, 64)] {
            let bytes = txn.about_to_modify(&segment, (start, end)).unwrap();
            assert_eq!(bytes.len() as u64, behind - first, "{start:?} {end:?}");
            calls.push((first, behind - first));
        }
    }
    let refused = txn.about_to_modify(&segment, (Excluded(u64::MAX), Unbounded));
    assert!(matches!(refused, Err(Error::OutOfRange { .. })));
    txn.commit().unwrap();
    assert_eq!(logged(&storage), [calls]);
}
