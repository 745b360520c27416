//! Single failures at chosen moments, and races at the edges of a store's life. Each of these lost something, hung, or left a
//! store that did not open, before it was mended.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier, mpsc};
use std::time::Duration;

use rvm_core::rvm_storage::sim::{Failure, Fault, Operation, OperationKind, SimStorage};
use rvm_core::rvm_storage::{
    FileName, FileRole, Fill, LockMode, LockScope, MemStorage, SegmentName, Storage,
};
use rvm_core::{Durability, Error, Result, Rvm, Segment};

fn open(storage: impl Storage + 'static) -> Result<Rvm> {
    Rvm::options().background(false).log_capacity_initial(32 << 10).open_with(Arc::new(storage))
}

fn put(rvm: &Rvm, segments: &[&Segment], bytes: &[u8], durability: Durability) -> Result<()> {
    let mut txn = rvm.begin(segments)?;
    for segment in segments {
        txn.write(segment, 0, bytes)?;
    }
    txn.commit_with(durability).map(drop)
}

fn seg(name: &str) -> FileName {
    FileName::new(&SegmentName::new(name).unwrap(), FileRole::Segment)
}

fn log(name: &str) -> FileName {
    FileName::new(&SegmentName::new(name).unwrap(), FileRole::Log)
}

/// Picks one kind of operation on one log.
fn on_log(kind: OperationKind, name: &str) -> impl Fn(&Operation) -> bool + use<> {
    let file = Some(log(name));
    move |operation| operation.kind == kind && operation.file == file
}

/// A device on which the first operation that `pick` picks fails.
fn failing(
    failure: Failure,
    pick: impl Fn(&Operation) -> bool + Send + Sync + 'static,
) -> SimStorage {
    let storage = SimStorage::new(1);
    storage.inject(Fault::nth(0, failure).when(pick));
    storage
}

/// Longer than anything that is not stuck.
const STUCK: Duration = Duration::from_secs(60);

/// Guards against committers that wait for each other's failed forces for ever: a follower whose leader failed must be woken although its
/// round has not ended.
#[test]
fn everybody_comes_back_when_every_force_fails() {
    for round in 0..150_u64 {
        let storage = SimStorage::new(round);
        let setup = open(storage.clone()).unwrap();
        for i in 0..3 {
            let segment = setup.map(&format!("s{i}"), 64).unwrap();
            put(&setup, &[&segment], b"x", Durability::Force).unwrap();
        }
        setup.close().unwrap();
        // Forces take their time, so that others come to wait for them.
        storage.on_operation(|operation| {
            if operation.kind == OperationKind::WriteAndForce {
                std::thread::sleep(Duration::from_millis(1));
            }
        });
        // Each header is opened for appending first, with two forces.
        storage.inject(Fault::nth(12, Failure::Error).of(OperationKind::WriteAndForce).lasting());
        let rvm = Arc::new(open(storage).unwrap());
        let segments: Vec<_> = (0..3).map(|i| rvm.map(&format!("s{i}"), 64).unwrap()).collect();
        for segment in &segments {
            put(&rvm, &[segment], b"x", Durability::Force).unwrap();
        }
        let (done, all_done) = mpsc::channel();
        for thread in 0..8 {
            let (rvm, segments, done) = (Arc::clone(&rvm), segments.clone(), done.clone());
            std::thread::spawn(move || {
                let (a, b) = (&segments[thread % 3], &segments[(thread + 1) % 3]);
                let mut ended = Ok(());
                while ended.is_ok() {
                    ended = put(&rvm, &[a, b], b"y", Durability::Force);
                }
                assert!(ended.is_err_and(|error| error.is_poisoned()));
                done.send(()).unwrap();
            });
        }
        for _ in 0..8 {
            all_done.recv_timeout(STUCK).unwrap_or_else(|_| panic!("stuck in round {round}"));
        }
    }
}

/// Guards against a ring that is resized on the disk and not in memory: only the reservation of space may fail harmlessly.
#[test]
fn a_header_that_finds_no_space_while_the_ring_grows_poisons() {
    let grows = AtomicBool::new(false);
    let (allocate, force) =
        (on_log(OperationKind::Allocate, "s"), on_log(OperationKind::Force, "s"));
    let storage = failing(Failure::OutOfSpace, move |operation| {
        grows.fetch_or(allocate(operation), Ordering::SeqCst);
        grows.load(Ordering::SeqCst) && force(operation)
    });
    let rvm = open(storage.clone()).unwrap();
    let segment = rvm.map("s", 20_000).unwrap();
    put(&rvm, &[&segment], &vec![1; 20_000], Durability::Force).unwrap();
    let failed = put(&rvm, &[&segment], &vec![2; 20_000], Durability::Force).unwrap_err();
    assert!(storage.faults_fired() == 1 && failed.is_poisoned(), "{failed}");
    let rvm = open(storage.crash()).unwrap();
    assert_eq!(rvm.map("s", 1).unwrap().read().unwrap()[..], vec![1; 20_000]);
}

/// Guards against a log that promises a length which a power cut takes back: the file was copied here and never forced.
#[test]
fn a_copied_segment_is_forced_before_its_log_relies_on_it() {
    let memory = MemStorage::new();
    memory.create(&seg("s")).unwrap().write_at(0, &[7; 100]).unwrap();
    memory.sync_names().unwrap();
    let rvm = open(memory.clone()).unwrap();
    let segment = rvm.map("s", 1).unwrap();
    put(&rvm, &[&segment], b"kept", Durability::Force).unwrap();
    let rvm = open(memory.crash()).unwrap();
    assert_eq!(rvm.map("s", 1).unwrap().read().unwrap()[..6], *b"kept\x07\x07");
}

/// Guards against the same, when the process was killed between extending a file and forcing it.
#[test]
fn an_interrupted_extension_is_forced_by_the_next_mapping() {
    let memory = MemStorage::new();
    let rvm = open(memory.clone()).unwrap();
    rvm.map("s", 100).unwrap();
    rvm.close().unwrap();
    memory.open(&seg("s")).unwrap().allocate(200, Fill::Reserved).unwrap();
    let rvm = open(memory.clone()).unwrap();
    let segment = rvm.map("s", 200).unwrap();
    put(&rvm, &[&segment], b"kept", Durability::Force).unwrap();
    let rvm = open(memory.crash()).unwrap();
    assert_eq!(rvm.map("s", 1).unwrap().len(), 200);
}

/// Guards against a log without its segment: the log's name could not be removed, and the destruction is tried again.
#[test]
fn a_destruction_that_failed_can_be_repeated() {
    let storage = failing(Failure::Error, on_log(OperationKind::Remove, "s"));
    let rvm = open(storage.clone()).unwrap();
    let segment = rvm.map("s", 8).unwrap();
    rvm.unmap(&segment).unwrap();
    assert!(matches!(rvm.destroy("s"), Err(Error::Io(_))));
    rvm.destroy("s").unwrap();
    let rvm = open(storage.crash()).unwrap();
    assert!(rvm.segments().unwrap().is_empty());
}

/// Guards against a segment that is taken back although its log has its name: the log could not be opened for another reason.
#[test]
fn a_log_that_may_have_its_name_keeps_its_segment() {
    let storage = SimStorage::new(1);
    let unopened = Fault::nth(0, Failure::Error).when(on_log(OperationKind::Open, "s"));
    storage.inject(unopened.lasting());
    let rvm = open(storage.clone()).unwrap();
    let failed = rvm.map("s", 8).unwrap_err();
    assert!(failed.is_poisoned(), "{failed}");
    let rvm = open(storage.crash()).unwrap();
    assert_eq!(rvm.map("s", 8).unwrap().read().unwrap()[..], [0; 8]);
}

/// Guards against a wait for threads that have ended: the store is poisoned and closed, and a lazy commit is asked for.
#[test]
fn waiting_for_a_lazy_commit_ends_on_a_closed_and_poisoned_store() {
    let storage = failing(Failure::Error, on_log(OperationKind::WriteAndForce, "c"));
    let rvm = open(storage).unwrap();
    let map = |name| rvm.map(name, 8).unwrap();
    let (a, b, c) = (map("a"), map("b"), map("c"));
    let mut txn = rvm.begin(&[&a, &b]).unwrap();
    txn.write(&a, 0, b"x").unwrap();
    txn.write(&b, 0, b"x").unwrap();
    let lazy = txn.commit_with(Durability::Lazy).unwrap();
    assert!(put(&rvm, &[&c], b"x", Durability::Force).is_err());
    assert!(matches!(rvm.close(), Err(Error::Poisoned { .. })));
    let (done, all_done) = mpsc::channel();
    std::thread::spawn(move || {
        for _ in 0..3 {
            done.send(lazy.wait_durable().is_err()).unwrap();
        }
    });
    for _ in 0..3 {
        assert!(all_done.recv_timeout(STUCK).expect("it is stuck"));
    }
}

/// Guards against a refused `close` that closes the store for a moment.
#[test]
fn a_refused_close_disturbs_nobody() {
    let rvm = open(MemStorage::new()).unwrap();
    let (segment, held) = (rvm.map("s", 8).unwrap(), rvm.map("held", 8).unwrap());
    let txn = rvm.begin(&[&held]).unwrap();
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                assert!(matches!(rvm.close(), Err(Error::Busy { .. })));
            }
        });
        for _ in 0..2000 {
            put(&rvm, &[&segment], b"x", Durability::Force).unwrap();
        }
        stop.store(true, Ordering::Relaxed);
    });
    drop(txn);
    rvm.close().unwrap();
}

/// Guards against two mappings of one segment, each with memory of its own.
#[test]
fn of_many_who_map_a_segment_one_succeeds() {
    let rvm = open(MemStorage::new()).unwrap();
    for _ in 0..200 {
        let barrier = Barrier::new(3);
        let mapped: Vec<Segment> = std::thread::scope(|scope| {
            let map = || {
                barrier.wait();
                rvm.map("s", 4096)
            };
            let threads: Vec<_> = (0..3).map(|_| scope.spawn(map)).collect();
            threads.into_iter().filter_map(|thread| thread.join().unwrap().ok()).collect()
        });
        assert_eq!(mapped.len(), 1);
        rvm.unmap(&mapped[0]).unwrap();
    }
}

/// Guards against files that are touched after the store was given up, by mappings that had begun before.
#[test]
fn mappings_and_a_close_exclude_each_other() {
    for _ in 0..200 {
        let memory = MemStorage::new();
        let rvm = open(memory.clone()).unwrap();
        let barrier = Barrier::new(5);
        let writes = std::thread::scope(|scope| {
            for name in ["a", "b", "c", "d"] {
                let (rvm, barrier) = (&rvm, &barrier);
                scope.spawn(move || {
                    barrier.wait();
                    match rvm.map(name, 100) {
                        Ok(_) | Err(Error::Closed) => {}
                        Err(error) => panic!("{error}"),
                    }
                });
            }
            barrier.wait();
            rvm.close().unwrap();
            memory.counts().writes
        });
        assert_eq!(memory.counts().writes, writes, "somebody wrote behind the close");
    }
}

/// Guards against lazy commits that stay in memory as long as somebody reads the store: truncation waits for the reader, the force must
/// not.
#[test]
fn a_reader_does_not_delay_lazy_commits() {
    let memory = MemStorage::new();
    let rvm = Rvm::options()
        .log_capacity_initial(32 << 10)
        .lazy_interval(Duration::from_millis(2))
        .open_with(Arc::new(memory.clone()))
        .unwrap();
    let (large, small) = (rvm.map("large", 20_000).unwrap(), rvm.map("small", 8).unwrap());
    let reader = memory.lock(LockScope::Layout, LockMode::Shared, Duration::ZERO).unwrap();
    put(&rvm, &[&large], &[1; 10_000], Durability::Force).unwrap();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let locks = memory.counts().locks;
        scope.spawn(|| {
            // Waits for the reader, with the truncation of the large log in its hands.
            let truncated = rvm.truncate_log();
            assert!(done.load(Ordering::SeqCst), "{truncated:?} before the lazy commit was forced");
        });
        while memory.counts().locks == locks {
            std::thread::yield_now();
        }
        // More than half: the maintenance thread is asked to truncate the same log.
        put(&rvm, &[&large], &[1; 10_000], Durability::Force).unwrap();
        let before = rvm.stats().log_forces;
        put(&rvm, &[&small], b"lazy", Durability::Lazy).unwrap();
        while rvm.stats().log_forces == before {
            std::thread::yield_now();
        }
        assert_eq!(rvm.stats().truncations, 0, "the reader was ignored");
        done.store(true, Ordering::SeqCst);
        drop(reader);
    });
}

/// Guards against a copy that is gone once it was unmapped.
#[test]
fn a_copied_segment_can_be_mapped_again() {
    let memory = MemStorage::new();
    let rvm = open(memory.clone()).unwrap();
    let segment = rvm.map("s", 8).unwrap();
    put(&rvm, &[&segment], b"readable", Durability::Force).unwrap();
    let reader = Rvm::options().read_only(true).open_with(Arc::new(memory)).unwrap();
    for _ in 0..2 {
        let copy = reader.map("s", 8).unwrap();
        assert_eq!(&copy.read().unwrap()[..], b"readable");
        reader.unmap(&copy).unwrap();
    }
}

/// Guards against names that only a cache has: a process is killed between the renaming of a new log, or segment, and the sync of the
/// names; the next one builds on them, and the power goes.
#[test]
fn names_that_a_killed_process_left_are_made_durable() {
    let storage = SimStorage::new(1);
    let options = || Rvm::options().background(false).helpers(0).log_capacity_initial(32 << 10);
    storage.record();
    options().open_with(Arc::new(storage.clone())).unwrap().map("a", 64).unwrap();
    for moment in storage.recorded().moments {
        let next = moment.process_kill();
        let rvm = options().open_with(Arc::new(next.clone())).unwrap();
        let a = rvm.map("a", 64).unwrap();
        rvm.transaction(&[&a], |txn| txn.write(&a, 0, b"kept")).unwrap();
        let found = options().open_with(Arc::new(next.crash())).unwrap();
        assert_eq!(&found.map("a", 64).unwrap().read().unwrap()[..4], b"kept", "killed {moment}");
    }
}

/// Guards against a recovery that believes the page cache: a force failed, the cache shows its record all the same, and the power goes
/// before the recovery that saw it has ended. The next one finds half of the transaction.
#[test]
fn recovery_believes_the_medium_and_not_the_cache() {
    for victim in ["a", "b"] {
        let storage = SimStorage::new(1);
        let rvm = open(storage.clone()).unwrap();
        let (a, b) = (rvm.map("a", 8).unwrap(), rvm.map("b", 8).unwrap());
        put(&rvm, &[&a, &b], b"old", Durability::Force).unwrap();
        let forces = on_log(OperationKind::WriteAndForce, victim);
        storage.inject(Fault::nth(0, Failure::LostForce).when(forces));
        put(&rvm, &[&a, &b], b"new", Durability::Force).unwrap_err();
        drop((a, b, rvm));

        storage.record();
        open(storage.clone()).unwrap();
        for moment in storage.recorded().moments {
            let found = open(moment.crash());
            let found = found.unwrap_or_else(|error| panic!("{victim}, cut {moment}: {error}"));
            for name in ["a", "b"] {
                let segment = found.map(name, 8).unwrap();
                let bytes = segment.read().unwrap();
                assert_eq!(&bytes[..3], b"old", "{name}; {victim} failed, cut {moment}");
            }
        }
    }
}

/// Guards against commits that wait for ever for a force whose storage panicked.
#[test]
fn a_storage_that_panics_is_one_that_fails() {
    let storage = SimStorage::new(1);
    let rvm = open(storage.clone()).unwrap();
    let segments = ["a", "b"].map(|name| rvm.map(name, 8).unwrap());
    let both: Vec<_> = segments.iter().collect();
    put(&rvm, &both, b"before", Durability::Force).unwrap();
    let picks = on_log(OperationKind::WriteAndForce, "b");
    storage.on_operation(move |operation| assert!(!picks(operation), "on purpose"));
    let failed = put(&rvm, &both, b"never", Durability::Force);
    assert!(matches!(failed, Err(Error::Indeterminate { .. })), "{failed:?}");
    let refused = put(&rvm, &[&segments[0]], b"never", Durability::Force);
    assert!(matches!(refused, Err(Error::Poisoned { .. })), "{refused:?}");
    assert!(matches!(rvm.close(), Err(Error::Poisoned { .. })));
    drop(rvm);
    storage.on_operation(|_| {});
    let rvm = open(storage).unwrap();
    let again = ["a", "b"].map(|name| rvm.map(name, 8).unwrap());
    let read = again.map(|segment| segment.read().unwrap()[..6].to_vec());
    assert_eq!(read, [b"before", b"before"]);
}
