//! The log as history: transactions in order, what they changed, who wrote some bytes; against a model, at every moment of a life.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use rvm_core::rvm_history::history::{
    Filter, History, Touching, Transaction, blame, detail, dropped,
};
use rvm_core::rvm_log::LogFile;
use rvm_core::rvm_storage::sim::{Moment, SimStorage};
use rvm_core::rvm_storage::{SegmentName, Storage};
use rvm_core::{Durability, Error, Options, Rvm, Segment};

const LEN: u64 = 200;
const NONE: [u64; 0] = [];
const NOW: Duration = Duration::ZERO;

fn options() -> Options {
    Rvm::options().background(false)
}

/// What a transaction wrote: segment, offset, bytes.
type Writes = Vec<(&'static str, u64, Vec<u8>)>;

/// The transactions of a life by their ids.
type Model = BTreeMap<u64, Writes>;

fn commit(rvm: &Rvm, segments: &[Segment], model: &mut Model, writes: Writes) -> u64 {
    let all: Vec<_> = segments.iter().collect();
    let mut txn = rvm.begin(&all).unwrap();
    for (name, offset, bytes) in &writes {
        let segment = segments.iter().find(|segment| segment.name() == *name).unwrap();
        txn.write(segment, *offset, bytes).unwrap();
    }
    txn.label(&format!("of {}", writes.len())).unwrap();
    let id = txn.commit().unwrap().transaction_id();
    model.insert(id, writes);
    id
}

fn live(rvm: &Rvm) -> Model {
    live_on(rvm, Model::new())
}

fn live_on(rvm: &Rvm, mut model: Model) -> Model {
    let segments = ["a", "b"].map(|name| rvm.map(name, LEN).unwrap());
    let mut seed = 11_u64;
    let mut draw = |below: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963);
        (seed >> 33) % below
    };
    for round in 0..24 {
        let mut writes = Writes::new();
        for _ in 0..=draw(3) {
            let name = if draw(3) == 0 { "b" } else { "a" };
            let bytes =
                vec![u8::try_from(1 + draw(255)).unwrap(); usize::try_from(1 + draw(30)).unwrap()];
            writes.push((name, draw(LEN - 30), bytes));
        }
        commit(rvm, &segments, &mut model, writes);
        if round % 5 == 4 {
            rvm.truncate_log().unwrap();
        }
    }
    for segment in segments {
        rvm.unmap(&segment).unwrap();
    }
    model
}

/// The bytes of a segment before a transaction.
fn state_before(model: &Model, segment: &str, id: u64) -> Vec<u8> {
    let mut state = vec![0; usize::try_from(LEN).unwrap()];
    for writes in model.range(..id).map(|(_, writes)| writes) {
        for (name, offset, bytes) in writes {
            let start = usize::try_from(*offset).unwrap();
            if *name == segment {
                state[start..start + bytes.len()].copy_from_slice(bytes);
            }
        }
    }
    state
}

fn all(storage: &dyn Storage) -> Vec<Transaction> {
    History::default().batch(storage, NOW).unwrap().transactions
}

/// Guards against old bytes that never were, over folds that are under way or were interrupted, where the file may have them or newer ones;
/// and against bytes that pass for unknown though nothing is folded.
#[test]
fn old_bytes_are_right_or_unknown_at_every_moment() {
    let storage = SimStorage::new(3);
    let rvm = options().open_with(Arc::new(storage.clone())).unwrap();
    storage.record();
    let model = live(&rvm);
    let mut left: Vec<_> = storage.recorded().moments.iter().map(Moment::process_kill).collect();
    let crashed = storage.crash();
    crashed.record();
    drop(options().open_with(Arc::new(crashed.clone())).unwrap());
    left.extend(crashed.recorded().moments.iter().map(Moment::crash));
    let (mut known, mut unknown, mut unknown_before) = (0, 0, 0);
    for storage in &left {
        let found = all(storage);
        for transaction in found.iter().cloned() {
            let id = transaction.id;
            let detail = detail(storage, id, u64::MAX, NOW).unwrap().unwrap();
            assert_eq!(detail.transaction, transaction);
            for change in &detail.changes {
                let state = state_before(&model, &change.segment, id);
                let after = state_before(&model, &change.segment, id + 1);
                let start = usize::try_from(change.offset).unwrap();
                assert_eq!(change.new, after[start..start + change.new.len()]);
                assert_eq!(change.old.len(), change.new.len());
                let name = SegmentName::new(&change.segment).unwrap();
                let log = LogFile::open(storage, &name).unwrap();
                let nothing_is_folded = log.header().synced == log.header().head;
                assert!(!nothing_is_folded || change.old.all().is_some(), "{id} at {start}");
                for (at, (old, was)) in
                    (change.offset..).zip(change.old.iter().zip(&state[start..]))
                {
                    let is_in_log = found.iter().filter(|older| older.id < id).any(|older| {
                        let mut parts = older.parts.iter().filter(|p| p.segment == change.segment);
                        let has = |(start, len): &(u64, u64)| (*start..start + len).contains(&at);
                        parts.any(|part| part.ranges.iter().any(has))
                    });
                    assert!(old.is_some() || !is_in_log, "{id} at {at}: the log has it");
                    assert!(old.is_none_or(|old| old == *was), "{id} at {start}");
                    *(if old.is_some() { &mut known } else { &mut unknown }) += 1;
                }
            }
        }
        let Ok(found) = blame(storage, "a", (0, LEN), 99, NOW) else { continue };
        let before_all = found.base.first_record.map_or(u64::MAX, |(id, _)| id);
        let state = state_before(&model, "a", before_all);
        for (base, was) in found.base.bytes.iter().zip(&state) {
            assert!(base.is_none_or(|base| base == *was || before_all == u64::MAX));
            unknown_before += u64::from(base.is_none());
        }
    }
    assert!(known > 5_000, "{known}");
    assert!(unknown > 100, "{unknown}");
    assert!(unknown_before > 0);
}

/// Guards against transactions that are missing, out of order, doubled or torn apart where several logs have a part.
#[test]
fn each_transaction_comes_once_and_in_order() {
    let storage = SimStorage::new(1);
    let rvm = options().open_with(Arc::new(storage.clone())).unwrap();
    let mut model = live(&rvm);
    rvm.truncate_log().unwrap();
    let folded = model.len();
    let segments = ["c", "d"].map(|name| rvm.map(name, LEN).unwrap());
    for round in 0..6_u8 {
        let writes = vec![("c", 1, vec![round; 3]), ("d", 2, vec![round; 4]), ("c", 3, vec![9; 2])];
        let kept = if round % 2 == 0 { writes } else { writes[1..2].to_vec() };
        commit(&rvm, &segments, &mut model, kept);
    }
    let found = all(&storage);
    let ids: Vec<_> = found.iter().map(|transaction| transaction.id).collect();
    assert_eq!(ids, model.keys().copied().skip(folded).collect::<Vec<_>>());
    let first = &found[0];
    assert_eq!((first.parts.len(), first.range_count(), first.range_bytes()), (2, 3, 9));
    assert_eq!(first.parts[0].ranges, [(1, 3), (3, 2)]);
    assert_eq!((first.label.as_str(), first.lazy, first.folded_parts), ("of 3", false, 0));
    assert_eq!(found[1].parts.len(), 1);
    assert!(detail(&storage, 1, 99, NOW).unwrap().is_none(), "it is folded");
}

/// Guards against a follower that misses, doubles or invents transactions where logs are folded, recovered or made again in between.
#[test]
fn a_follower_sees_each_once_and_counts_what_it_missed() {
    let storage = SimStorage::new(1);
    let rvm = options().open_with(Arc::new(storage.clone())).unwrap();
    let segments = ["a", "b"].map(|name| rvm.map(name, LEN).unwrap());
    let mut model = Model::new();
    let mut write = |rvm: &Rvm, segments: &[Segment], times: u8| -> Vec<u64> {
        let writes = |round| vec![("a", 0, vec![round; 3]), ("b", 0, vec![round; 3])];
        (0..times).map(|round| commit(rvm, segments, &mut model, writes(round))).collect()
    };
    write(&rvm, &segments, 3);
    let mut follower = History::from_now(Filter::default(), &storage, NOW).unwrap();
    let mut next = |storage: &SimStorage| {
        let batch = follower.batch(storage, NOW).unwrap();
        let ids: Vec<_> = batch.transactions.iter().map(|transaction| transaction.id).collect();
        (ids, batch.missed_at_most)
    };
    assert_eq!(next(&storage), (Vec::new(), 0));
    let ids = write(&rvm, &segments, 4);
    assert_eq!(next(&storage), (ids, 0));
    rvm.truncate_log().unwrap();
    let ids = write(&rvm, &segments, 2);
    assert_eq!(next(&storage), (ids, 0), "nothing was missed");
    write(&rvm, &segments, 5);
    rvm.truncate_log().unwrap();
    let ids = write(&rvm, &segments, 1);
    assert_eq!(next(&storage), (ids, 5));

    let ids = write(&rvm, &segments, 2);
    let crashed = storage.crash();
    assert_eq!(next(&crashed), (ids, 0));
    let rvm = options().open_with(Arc::new(crashed.clone())).unwrap();
    let segments = ["a", "b"].map(|name| rvm.map(name, LEN).unwrap());
    let ids = write(&rvm, &segments, 1);
    assert_eq!(next(&crashed), (ids, 0), "another epoch");

    let again = SimStorage::new(2);
    let rvm = options().open_with(Arc::new(again.clone())).unwrap();
    let segments = ["a", "b"].map(|name| rvm.map(name, LEN).unwrap());
    let ids = write(&rvm, &segments, 1);
    assert_eq!(next(&again), (ids, 0), "another store in its place");
}

/// Guards against filters that let through what they should not, or look at another part than the one that is wanted.
#[test]
fn filters_find_addresses_values_labels_and_times() {
    let storage = SimStorage::new(1);
    let rvm = options().open_with(Arc::new(storage.clone())).unwrap();
    let segments = ["a", "b"].map(|name| rvm.map(name, LEN).unwrap());
    let mut model = Model::new();
    let first = commit(&rvm, &segments, &mut model, vec![("a", 10, vec![1, 2, 3])]);
    let both = commit(&rvm, &segments, &mut model, vec![("a", 50, vec![7]), ("b", 10, vec![2, 3])]);
    let last = commit(&rvm, &segments, &mut model, vec![("b", 12, vec![2, 3]), ("b", 90, vec![5])]);
    let find = |filter: Filter| -> Vec<u64> {
        let batch = History::new(filter).batch(&storage, NOW).unwrap();
        batch.transactions.iter().map(|transaction| transaction.id).collect()
    };
    let none = Filter::default;
    let touching =
        |segment: &str, start, end| Some(Touching { segment: segment.to_owned(), start, end });
    assert_eq!(find(none()), [first, both, last]);
    assert_eq!(find(Filter { segment: Some("a".into()), ..none() }), [first, both]);
    assert_eq!(find(Filter { touching: touching("b", 11, 13), ..none() }), [both, last]);
    assert_eq!(find(Filter { touching: touching("b", 12, 13), ..none() }), [last]);
    assert_eq!(find(Filter { touching: touching("b", 13, 13), ..none() }), NONE);
    assert_eq!(find(Filter { touching: touching("a", 13, 50), ..none() }), NONE);
    assert_eq!(find(Filter { value: Some(vec![2, 3]), ..none() }), [first, both, last]);
    let value = Some(vec![2, 3]);
    assert_eq!(
        find(Filter { value: value.clone(), segment: Some("b".into()), ..none() }),
        [both, last]
    );
    assert_eq!(
        find(Filter { value: value.clone(), touching: touching("a", 50, 51), ..none() }),
        NONE
    );
    assert_eq!(find(Filter { value: Some(vec![3, 2]), ..none() }), NONE);
    assert_eq!(find(Filter { label: Some("of 2".into()), ..none() }), [both, last]);
    let times: Vec<u64> = all(&storage).iter().map(|transaction| transaction.commit_time).collect();
    let since = Filter { since: Some(times[1]), until: Some(times[1]), ..none() };
    assert!(find(since).contains(&both));
    assert_eq!(find(Filter { since: Some(times[2] + 1), ..none() }), NONE);
    assert_eq!(find(Filter { until: Some(times[0].saturating_sub(1)), ..none() }), NONE);
}

/// Guards against parts of a transaction whose other parts are lost that pass for committed, and that nobody is told of.
#[test]
fn what_recovery_would_drop_is_listed_apart() {
    let storage = SimStorage::new(1);
    // One log is forced after the other.
    let rvm = options().helpers(0).open_with(Arc::new(storage.clone())).unwrap();
    let segments = ["a", "b"].map(|name| rvm.map(name, LEN).unwrap());
    let mut model = Model::new();
    commit(&rvm, &segments, &mut model, vec![("a", 0, vec![1]), ("b", 0, vec![1])]);
    storage.record();
    let last = commit(&rvm, &segments, &mut model, vec![("a", 0, vec![2]), ("b", 0, vec![2])]);
    let mut seen = 0;
    for moment in storage.recorded().moments {
        let left = moment.crash();
        for half in dropped(&left, NOW).unwrap() {
            seen += 1;
            assert_eq!((half.id, half.parts.len(), half.folded_parts), (last, 1, 1));
            assert!(detail(&left, last, 99, NOW).unwrap().unwrap().is_dropped);
            assert!(all(&left).iter().all(|transaction| transaction.id != last));
        }
    }
    assert!(seen > 0);
}

/// Guards against writers in the wrong order, values of other bytes, and a limit that takes the newest away.
#[test]
fn blame_names_the_writers_newest_first() {
    let storage = SimStorage::new(1);
    let rvm = options().open_with(Arc::new(storage.clone())).unwrap();
    let segments = ["a", "b"].map(|name| rvm.map(name, LEN).unwrap());
    let mut model = Model::new();
    commit(&rvm, &segments, &mut model, vec![("a", 0, vec![9; 20])]);
    rvm.truncate_log().unwrap();
    let first =
        commit(&rvm, &segments, &mut model, vec![("a", 8, vec![1; 8]), ("b", 8, vec![5; 8])]);
    commit(&rvm, &segments, &mut model, vec![("a", 0, vec![2; 8]), ("a", 16, vec![2; 8])]);
    let last =
        commit(&rvm, &segments, &mut model, vec![("a", 4, vec![3; 6]), ("a", 9, vec![4; 2])]);
    let found = blame(&storage, "a", (8, 16), 9, NOW).unwrap();
    let ids: Vec<_> = found.writes.iter().map(|write| write.transaction).collect();
    assert_eq!(ids, [last, first]);
    let pieces: Vec<_> =
        found.writes[0].pieces.iter().map(|piece| (piece.offset, piece.bytes.clone())).collect();
    // Both ranges have the final bytes.
    assert_eq!(pieces, [(8, vec![3, 4]), (9, vec![4, 4])]);
    assert_eq!(found.base.bytes.all(), Some(&[9; 8][..]));
    assert_eq!(found.base.first_record.unwrap().0, first);
    let one = blame(&storage, "a", (8, 16), 1, NOW).unwrap();
    assert_eq!((one.writes[0].transaction, one.writes.len(), one.older_writes), (last, 1, 1));
    assert!(matches!(blame(&storage, "c", (0, 1), 1, NOW), Err(Error::NotFound { .. })));
    assert!(matches!(blame(&storage, "a", (0, 201), 1, NOW), Err(Error::OutOfRange { .. })));
}

/// Guards against changes that take more memory than was allowed, and lazy commits that pass for forced ones.
#[test]
fn large_changes_are_left_out_and_counted() {
    let storage = SimStorage::new(1);
    let rvm = options().open_with(Arc::new(storage.clone())).unwrap();
    let a = rvm.map("a", LEN).unwrap();
    let mut txn = rvm.begin(&[&a]).unwrap();
    for offset in [0, 40, 80] {
        txn.write(&a, offset, &[1; 40]).unwrap();
    }
    let id = txn.commit_with(Durability::Lazy).unwrap().transaction_id();
    rvm.flush().unwrap();
    let found = detail(&storage, id, 100, NOW).unwrap().unwrap();
    assert_eq!((found.changes.len(), found.changes_left_out), (2, 1));
    assert_eq!((found.transaction.range_count(), found.transaction.lazy), (3, true));
    assert_eq!(found.changes[0].changed_bytes(), Some(40));
}

/// All old bytes in the segment `a`, which was never destroyed, are known, and right.
fn old_bytes_are_those_of(model: &Model, storage: &SimStorage, id: u64) {
    let found = detail(storage, id, u64::MAX, NOW).unwrap().unwrap();
    assert_eq!(found.changes.len(), model[&id].len());
    let state = state_before(model, "a", id);
    for change in found.changes.iter().filter(|change| change.segment == "a") {
        let start = usize::try_from(change.offset).unwrap();
        let was = &state[start..start + change.new.len()];
        assert_eq!(change.old.all(), Some(was), "{id} at {start}");
    }
}

/// Guards against history that ends where logs were truncated though archives keep it: missing, doubled or out of order, also of a segment
/// that is gone, and of one that was made again under its name.
#[test]
fn archives_tell_what_the_logs_do_not_hold_any_more() {
    let storage = SimStorage::new(1);
    let rvm = options().open_with(Arc::new(storage.clone())).unwrap();
    let mut model = Model::new();
    let a = [rvm.map("a", LEN).unwrap()];
    // Before the archive begins.
    commit(&rvm, &a, &mut model, vec![("a", 0, vec![9; 20])]);
    rvm.unmap(&a[0]).unwrap();
    rvm.truncate_log().unwrap();
    rvm.archive_on().unwrap();
    model = live_on(&rvm, model);
    let mut follower = History::from_now(Filter::default(), &storage, NOW).unwrap();
    let seen = model.len() - 1;
    rvm.destroy("b").unwrap();
    let mut later = History::from_now(Filter::default(), &storage, NOW).unwrap();
    storage.record();
    model.append(&mut live_on(&rvm, Model::new()));
    let moments = storage.recorded().moments;
    let kept: Vec<u64> = model.keys().copied().skip(1).collect();
    for moment in moments.iter().step_by(3) {
        let found = all(&moment.process_kill());
        let ids: Vec<_> = found.iter().map(|transaction| transaction.id).collect();
        assert_eq!(ids, kept[..ids.len()], "killed {moment}");
        for id in ids.iter().rev().step_by(9) {
            old_bytes_are_those_of(&model, &moment.process_kill(), *id);
        }
    }
    let crashed = storage.crash();
    let rvm = options().open_with(Arc::new(crashed.clone())).unwrap();
    model.append(&mut live_on(&rvm, Model::new()));
    let ids: Vec<u64> = model.keys().copied().skip(1).collect();
    let found = all(&crashed);
    assert_eq!(found.iter().map(|transaction| transaction.id).collect::<Vec<_>>(), ids);
    for (transaction, writes) in found.iter().zip(model.values().skip(1)) {
        let in_b = writes.iter().filter(|(name, _, _)| *name == "b").count();
        let parts = transaction.parts.iter().filter(|part| part.segment == "b");
        assert_eq!(parts.map(|part| part.ranges.len()).sum::<usize>(), in_b);
        assert_eq!((transaction.range_count(), transaction.folded_parts), (writes.len() as u64, 0));
    }
    for id in &ids {
        old_bytes_are_those_of(&model, &crashed, *id);
    }
    let found = blame(&crashed, "a", (0, LEN), 1000, NOW).unwrap();
    let mut writers: Vec<_> = found.writes.iter().map(|write| write.transaction).collect();
    writers.reverse();
    let writes_a = |writes: &&Writes| writes.iter().any(|(name, _, _)| *name == "a");
    assert_eq!(writers.len(), model.values().skip(1).filter(writes_a).count());
    assert!(writers.is_sorted() && found.base.is_archived);
    assert_eq!(found.base.bytes.all(), Some(&state_before(&model, "a", 2)[..]));
    for follower in [&mut follower, &mut later] {
        let batch = follower.batch(&crashed, NOW).unwrap();
        assert_eq!(batch.missed_at_most, 0);
        let told: Vec<_> = batch.transactions.iter().map(|found| found.id).collect();
        assert_eq!(told, ids[seen..]);
    }
    assert!(follower.batch(&crashed, NOW).unwrap().transactions.is_empty());
}
