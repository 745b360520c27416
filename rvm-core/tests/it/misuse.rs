//! Every misuse, one by one: an error that names the facts, never a panic, and a transaction that stays usable.

use std::sync::Arc;
use std::time::Duration;

use rvm_core::rvm_storage::MemStorage;
use rvm_core::{Error, Family, Rvm, Segment};

struct World {
    rvm: Rvm,
    segment: Segment,
    other: Segment,
}

fn world() -> World {
    let rvm = Rvm::options().open_with(Arc::new(MemStorage::new())).unwrap();
    let (segment, other) = (rvm.map("s", 100).unwrap(), rvm.map("other", 100).unwrap());
    World { rvm, segment, other }
}

/// The error's text, once its family is right.
fn misuse<T: std::fmt::Debug>(result: Result<T, Error>) -> String {
    told(result, Family::Misuse)
}

fn told<T: std::fmt::Debug>(result: Result<T, Error>, family: Family) -> String {
    let error = result.unwrap_err();
    assert_eq!(error.family(), family, "{error:?}");
    error.to_string()
}

#[test]
fn names_outside_the_rules() {
    let World { rvm, .. } = world();
    for name in ["", ".hidden", "a/b", "..", "a b", &"x".repeat(201)] {
        assert!(misuse(rvm.map(name, 1)).contains("no segment name"), "{name}");
        assert!(misuse(rvm.destroy(name)).contains("no segment name"), "{name}");
    }
    rvm.map(&"x".repeat(200), 1).unwrap();
}

#[test]
fn lengths_that_no_segment_can_have() {
    let World { rvm, .. } = world();
    assert!(misuse(rvm.map("new", 0)).contains("at least one byte"));
    assert!(misuse(rvm.map("new", u64::MAX)).contains("memory cannot address"));
    assert_eq!(rvm.segments().unwrap().len(), 2, "nothing was made");
}

#[test]
fn a_segment_mapped_twice_and_the_first_mapping_stays() {
    let World { rvm, segment, .. } = world();
    assert_eq!(misuse(rvm.map("s", 100)), "segment \"s\" is already mapped");
    assert_eq!(misuse(rvm.destroy("s")), "segment \"s\" is already mapped");
    let mut txn = rvm.begin(&[&segment]).unwrap();
    txn.write(&segment, 0, b"fine").unwrap();
    txn.commit().unwrap();
}

#[test]
fn a_segment_that_is_no_longer_mapped() {
    let World { rvm, segment, .. } = world();
    rvm.unmap(&segment).unwrap();
    let expected = "segment \"s\" is no longer mapped";
    assert_eq!(misuse(rvm.unmap(&segment)), expected);
    assert_eq!(misuse(rvm.begin(&[&segment])), expected);
    assert_eq!(misuse(segment.read().map(drop)), expected);
    assert_eq!(misuse(segment.read_latest().map(drop)), expected);
    // The name maps again, and the old handle does not come alive.
    let again = rvm.map("s", 100).unwrap();
    assert_eq!(misuse(rvm.begin(&[&segment])), expected);
    rvm.begin(&[&again]).unwrap().abort().unwrap();
}

#[test]
fn a_segment_of_another_store() {
    let (here, there) = (world(), world());
    let expected = "segment \"s\" belongs to another store";
    assert_eq!(misuse(here.rvm.begin(&[&there.segment])), expected);
    assert_eq!(misuse(here.rvm.unmap(&there.segment)), expected);
    assert_eq!(misuse(here.rvm.read(&[&there.segment])), expected);
    let mut txn = here.rvm.begin(&[&here.segment]).unwrap();
    let foreign = txn.about_to_modify(&there.segment, 0..1);
    assert_eq!(misuse(foreign), "segment \"s\" is not part of this transaction");
}

#[test]
fn a_transaction_over_nothing() {
    let World { rvm, .. } = world();
    assert!(misuse(rvm.begin(&[])).contains("at least one segment"));
    assert!(misuse(rvm.read(&[])).contains("at least one segment"));
}

#[test]
fn the_same_segment_twice_counts_once() {
    let World { rvm, segment, .. } = world();
    let mut txn = rvm.begin(&[&segment, &segment]).unwrap();
    txn.write(&segment, 0, b"x").unwrap();
    txn.commit().unwrap();
    assert_eq!(rvm.stats().redo_ranges, 1);
    assert_eq!(rvm.read(&[&segment, &segment]).unwrap().get(&segment).unwrap()[0], b'x');
}

/// Also guards against a transaction that cannot be used after a mistake.
#[test]
fn ranges_outside_the_segment_or_the_transaction() {
    let World { rvm, segment, other } = world();
    let mut txn = rvm.begin(&[&segment]).unwrap();
    txn.write(&segment, 0, b"before").unwrap();

    let text = misuse(txn.about_to_modify(&segment, 90..101));
    assert_eq!(text, "bytes 90..101 reach outside segment \"s\" of 100 bytes");
    misuse(txn.about_to_modify(&segment, 101..101));
    misuse(txn.about_to_modify(&segment, 0..=u64::MAX));
    misuse(txn.about_to_modify(&segment, u64::MAX..));
    #[expect(clippy::reversed_empty_ranges, reason = "the mistake to be caught")]
    let reversed = txn.about_to_modify(&segment, 20..10);
    assert!(misuse(reversed).contains("20..10"));
    misuse(txn.write(&segment, 99, b"ab"));
    misuse(txn.write(&segment, u64::MAX, b"ab"));
    assert_eq!(misuse(txn.read(&other)), "segment \"other\" is not part of this transaction");
    misuse(txn.write(&other, 0, b"x"));
    let text = misuse(txn.declared_mut(&segment, 4..8));
    assert_eq!(text, "bytes 4..8 of segment \"s\" were not declared in this transaction");
    let text = misuse(txn.about_to_modify_disjoint(&segment, &[10..20, 30..40, 19..21]));
    assert_eq!(text, "bytes 10..20 and 19..21 of segment \"s\" overlap");
    misuse(txn.label(&"x".repeat(256)));

    txn.label(&"x".repeat(255)).unwrap();
    txn.about_to_modify(&segment, 100..100).unwrap();
    txn.about_to_modify(&segment, ..).unwrap();
    txn.commit().unwrap();
    assert_eq!(rvm.stats().redo_ranges, 3, "what failed left no record");
    assert_eq!(&segment.read().unwrap()[..6], b"before");
}

#[test]
fn a_segment_in_use() {
    let World { rvm, segment, other } = world();
    let txn = rvm.begin(&[&segment]).unwrap();
    assert_eq!(told(rvm.try_begin(&[&other, &segment]), Family::State), "segment \"s\" is in use");
    assert_eq!(told(rvm.unmap(&segment), Family::State), "segment \"s\" is in use");
    assert_eq!(told(rvm.close(), Family::State), "segment \"s\" is in use");
    // The same thread holds it, so waiting would never end.
    misuse(rvm.begin(&[&segment]));
    misuse(segment.read().map(drop));
    std::thread::scope(|scope| {
        let other_thread = scope.spawn(|| {
            let limit = Duration::from_millis(1);
            told(rvm.begin_timeout(&[&segment], limit), Family::State)
        });
        assert_eq!(other_thread.join().unwrap(), "segment \"s\" is in use (waited 1 ms)");
    });
    txn.abort().unwrap();

    let view = segment.read().unwrap();
    assert_eq!(told(rvm.unmap(&segment), Family::State), "segment \"s\" is in use");
    misuse(rvm.begin(&[&segment]));
    let _second_view = segment.read().unwrap();
    drop(view);
}

#[test]
fn a_segment_that_is_not_there() {
    let World { rvm, .. } = world();
    assert_eq!(told(rvm.destroy("none"), Family::State), "there is no segment \"none\" in memory");
}

#[test]
fn a_closed_store() {
    let World { rvm, segment, .. } = world();
    rvm.close().unwrap();
    let expected = "the store was closed";
    assert_eq!(told(rvm.close(), Family::State), expected);
    assert_eq!(told(rvm.map("s", 1), Family::State), expected);
    assert_eq!(told(rvm.begin(&[&segment]), Family::State), expected);
    assert_eq!(told(segment.read().map(drop), Family::State), expected);
    assert_eq!(told(rvm.flush(), Family::State), expected);
    assert_eq!(told(rvm.truncate_log(), Family::State), expected);
    assert_eq!(told(rvm.segments(), Family::State), expected);
    assert_eq!(told(rvm.destroy("s"), Family::State), expected);
}

#[test]
fn options_that_make_no_sense() {
    let open = |options: rvm_core::Options| misuse(options.open_with(Arc::new(MemStorage::new())));
    assert!(open(Rvm::options().log_capacity_initial(4096)).contains("log_capacity_initial"));
    assert!(open(Rvm::options().log_capacity_initial(40_000)).contains("multiple of 4096"));
    assert!(open(Rvm::options().log_capacity_max(u64::MAX)).contains("log_capacity_max"));
    assert!(open(Rvm::options().log_capacity_max(32 << 10)).contains("log_capacity_initial"));
    for fraction in [0.0, -1.0, 1.5, f64::NAN] {
        assert!(open(Rvm::options().truncate_at(fraction)).contains("truncate_at"));
    }
}

/// Guards against a half-written large transaction, and against a store that is spoiled by one.
#[test]
fn a_transaction_larger_than_the_largest_log() {
    let storage = MemStorage::new();
    let rvm =
        Rvm::options().log_capacity_max(64 << 10).open_with(Arc::new(storage.clone())).unwrap();
    let segment = rvm.map("s", 100_000).unwrap();
    let mut txn = rvm.begin(&[&segment]).unwrap();
    txn.about_to_modify(&segment, ..).unwrap().fill(1);
    let error = txn.commit().unwrap_err();
    let limit = (64 << 10) - 2 * 4096;
    let Error::TransactionTooLarge { needed, limit: found, .. } = error else {
        panic!("{error:?}");
    };
    assert!(needed > 100_000 && found == limit, "{needed} {found}");
    assert!(segment.read().unwrap().iter().all(|byte| *byte == 0), "it was undone");

    let mut txn = rvm.begin(&[&segment]).unwrap();
    txn.about_to_modify(&segment, ..50_000).unwrap().fill(2);
    txn.commit().unwrap();
    drop(rvm);
    let rvm = Rvm::options().open_with(Arc::new(storage.crash())).unwrap();
    let segment = rvm.map("s", 1).unwrap();
    let view = segment.read().unwrap();
    assert!(view[..50_000].iter().all(|byte| *byte == 2) && view[50_000] == 0);
}
