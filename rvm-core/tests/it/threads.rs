//! Many threads: exclusive transactions, consistent reads, group commit, and no deadlock.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Barrier, mpsc};

use rvm_core::rvm_storage::MemStorage;
use rvm_core::{Durability, Error, Rvm, Segment};

fn store() -> (MemStorage, Rvm) {
    let storage = MemStorage::new();
    let rvm = Rvm::options().open_with(Arc::new(storage.clone())).unwrap();
    (storage, rvm)
}

fn number(bytes: &[u8]) -> u64 {
    u64::from_le_bytes(bytes[..8].try_into().unwrap())
}

fn add(rvm: &Rvm, from: &Segment, to: &Segment, durability: Durability) {
    let mut txn = rvm.begin(&[from, to]).unwrap();
    for (segment, change) in [(from, -1_i64), (to, 1)] {
        let balance = number(txn.read(segment).unwrap());
        txn.write(segment, 0, &balance.wrapping_add_signed(change).to_le_bytes()).unwrap();
    }
    txn.commit_with(durability).unwrap();
}

/// Guards against a lost update, a view of half a transfer, a deadlock between transactions that take segments in any order, and a crash
/// that loses or tears an acknowledged transfer.
#[test]
fn transfers_between_segments_keep_the_sum_in_every_view_and_after_a_crash() {
    const SEGMENTS: usize = 5;
    const TRANSFERS: usize = 300;
    let (storage, rvm) = store();
    let segments: Vec<Segment> =
        (0..SEGMENTS).map(|i| rvm.map(&format!("s{i}"), 8).unwrap()).collect();
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let mut workers = Vec::new();
        for thread in 0..4 {
            let (rvm, segments) = (&rvm, &segments);
            workers.push(scope.spawn(move || {
                for step in 0..TRANSFERS {
                    let from = (step * 7 + thread * 3) % SEGMENTS;
                    let to = (from + 1 + step % (SEGMENTS - 1)) % SEGMENTS;
                    let durability =
                        if step % 3 == 0 { Durability::Force } else { Durability::Lazy };
                    add(rvm, &segments[from], &segments[to], durability);
                }
            }));
        }
        let reader = scope.spawn(|| {
            let all: Vec<&Segment> = segments.iter().collect();
            let mut views = 0;
            while !stop.load(Ordering::Relaxed) || views == 0 {
                let guards = rvm.read(&all).unwrap();
                let sum = all
                    .iter()
                    .map(|segment| number(guards.get(segment).unwrap()))
                    .fold(0, u64::wrapping_add);
                assert_eq!(sum, 0, "a view of half a transfer");
                views += 1;
            }
        });
        for worker in workers {
            worker.join().unwrap();
        }
        stop.store(true, Ordering::Relaxed);
        reader.join().unwrap();
    });
    let last: Vec<u64> = segments.iter().map(|s| number(&s.read().unwrap())).collect();
    rvm.flush().unwrap();
    let rvm = Rvm::options().open_with(Arc::new(storage.crash())).unwrap();
    for (i, expected) in last.iter().enumerate() {
        let segment = rvm.map(&format!("s{i}"), 8).unwrap();
        assert_eq!(number(&segment.read().unwrap()), *expected);
    }
}

/// Guards against a commit that is acknowledged and not there, with many committers in one group.
#[test]
fn every_acknowledged_commit_of_a_group_survives() {
    let (storage, rvm) = store();
    let segments: Vec<Segment> = (0..8).map(|i| rvm.map(&format!("s{i}"), 8).unwrap()).collect();
    let acknowledged: Vec<AtomicU64> = (0..8).map(|_| AtomicU64::new(0)).collect();
    let stop = AtomicBool::new(false);
    let image = std::thread::scope(|scope| {
        for (segment, acknowledged) in segments.iter().zip(&acknowledged) {
            let (rvm, stop) = (&rvm, &stop);
            scope.spawn(move || {
                for value in 1_u64.. {
                    if stop.load(Ordering::SeqCst) {
                        return;
                    }
                    let committed = rvm.begin(&[segment]).and_then(|mut txn| {
                        txn.write(segment, 0, &value.to_le_bytes())?;
                        txn.commit()
                    });
                    match committed {
                        Ok(_) => acknowledged.store(value, Ordering::SeqCst),
                        // The power is gone: for a force, or for the lock that truncation takes.
                        Err(error) => {
                            let expected = error.is_poisoned() || matches!(error, Error::Io(_));
                            return assert!(expected, "{error}");
                        }
                    }
                }
            });
        }
        while acknowledged.iter().any(|value| value.load(Ordering::SeqCst) < 20) {
            std::thread::yield_now();
        }
        let before: Vec<u64> = acknowledged.iter().map(|v| v.load(Ordering::SeqCst)).collect();
        let image = storage.crash();
        stop.store(true, Ordering::SeqCst);
        (image, before)
    });
    let (image, before) = image;
    let rvm = Rvm::options().open_with(Arc::new(image)).unwrap();
    for (i, value) in before.iter().enumerate() {
        let segment = rvm.map(&format!("s{i}"), 8).unwrap();
        assert!(number(&segment.read().unwrap()) >= *value, "segment {i}");
    }
}

/// Guards against a wait that never ends: two threads that each hold a view and want the other's segment.
#[test]
fn a_cycle_of_waits_is_refused_at_once() {
    let (_storage, rvm) = store();
    let (a, b) = (rvm.map("a", 8).unwrap(), rvm.map("b", 8).unwrap());
    let both_hold = Barrier::new(2);
    let refused = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for (own, wanted) in [(&a, &b), (&b, &a)] {
            let (rvm, both_hold, refused) = (&rvm, &both_hold, &refused);
            scope.spawn(move || {
                let view = own.read().unwrap();
                both_hold.wait();
                match rvm.begin(&[wanted]) {
                    Ok(txn) => txn.abort().unwrap(),
                    Err(Error::WouldDeadlock { .. }) => {
                        refused.fetch_add(1, Ordering::Relaxed);
                    }
                    Err(error) => panic!("{error}"),
                }
                drop(view);
            });
        }
    });
    assert_eq!(refused.into_inner(), 1, "one gives way, the other goes on");
}

/// Guards against a reader that waits behind a queued transaction which waits for that very reader.
#[test]
fn a_thread_that_holds_a_view_overtakes_those_who_wait() {
    let (_storage, rvm) = store();
    let (a, b) = (rvm.map("a", 8).unwrap(), rvm.map("b", 8).unwrap());
    let view = a.read().unwrap();
    std::thread::scope(|scope| {
        let (queued, is_queued) = mpsc::channel();
        let rvm = &rvm;
        let (a, b) = (&a, &b);
        scope.spawn(move || {
            queued.send(()).unwrap();
            rvm.begin(&[a, b]).unwrap().abort().unwrap();
        });
        is_queued.recv().unwrap();
        // Whether the other thread waits already or not, neither of these may wait for it.
        for _ in 0..1000 {
            drop(b.read().unwrap());
            drop(a.read().unwrap());
            std::thread::yield_now();
        }
        drop(view);
    });
}

/// Guards against a transaction that cannot leave its thread, and against a false deadlock behind it.
#[test]
fn a_transaction_may_be_finished_by_another_thread() {
    let (_storage, rvm) = store();
    let a = rvm.map("a", 8).unwrap();
    let mut txn = rvm.begin(&[&a]).unwrap();
    txn.write(&a, 0, b"here").unwrap();
    std::thread::scope(|scope| {
        let (adopted, is_adopted) = mpsc::channel();
        let (go_on, may_go_on) = mpsc::channel();
        let a = &a;
        scope.spawn(move || {
            txn.write(a, 4, b"away").unwrap();
            adopted.send(()).unwrap();
            may_go_on.recv().unwrap();
            txn.commit().unwrap();
        });
        is_adopted.recv().unwrap();
        go_on.send(()).unwrap();
        assert_eq!(&a.read().unwrap()[..], b"hereaway", "waits for the other thread");
    });
}
