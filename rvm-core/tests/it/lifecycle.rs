//! Segments from creation to destruction, logs from growth to truncation, stores from opening to closing.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rvm_core::rvm_log::LogFile;
use rvm_core::rvm_storage::sim::SimStorage;
use rvm_core::rvm_storage::{FileName, FileRole, MemStorage, SegmentName, Storage};
use rvm_core::{Durability, Error, Rvm, Segment};

fn open(storage: &MemStorage) -> Rvm {
    Rvm::options().background(false).open_with(Arc::new(storage.clone())).unwrap()
}

fn put(rvm: &Rvm, segment: &Segment, bytes: &[u8], durability: Durability) {
    let mut txn = rvm.begin(&[segment]).unwrap();
    txn.write(segment, 0, bytes).unwrap();
    txn.commit_with(durability).unwrap();
}

fn seg(name: &str) -> FileName {
    FileName::new(&SegmentName::new(name).unwrap(), FileRole::Segment)
}

fn log_len(storage: &MemStorage, name: &str) -> usize {
    let log = FileName::new(&SegmentName::new(name).unwrap(), FileRole::Log);
    storage.read_file(&log).unwrap().len()
}

/// Guards against a `.seg` file that is anything but pure data.
#[test]
fn a_new_segment_is_a_file_of_zeros_of_exactly_the_length_asked() {
    let storage = MemStorage::new();
    let rvm = open(&storage);
    rvm.map("s", 777).unwrap();
    assert_eq!(storage.crash().read_file(&seg("s")), Some(vec![0; 777]));
}

/// Guards against a mapping that shrinks, keeps undeclared bytes, or loses what is only in the log.
#[test]
fn mapping_again_shows_what_is_committed_and_extends_by_zeros() {
    let storage = MemStorage::new();
    let rvm = open(&storage);
    let segment = rvm.map("s", 10).unwrap();
    put(&rvm, &segment, b"0123456789", Durability::Lazy);
    rvm.unmap(&segment).unwrap();
    let segment = rvm.map("s", 4).unwrap();
    assert_eq!((segment.len(), &segment.read().unwrap()[..]), (10, &b"0123456789"[..]));
    rvm.unmap(&segment).unwrap();
    let segment = rvm.map("s", 12).unwrap();
    assert_eq!(&segment.read().unwrap()[..], b"0123456789\0\0");

    let rvm = open(&storage.crash());
    assert_eq!(rvm.map("s", 1).unwrap().len(), 12, "the extension is durable");
}

/// Guards against bytes of an old life: of the segment, or of a log that shared transactions with it.
#[test]
fn a_destroyed_segment_comes_back_as_zeros() {
    let storage = MemStorage::new();
    let rvm = open(&storage);
    let (s, other) = (rvm.map("s", 8).unwrap(), rvm.map("other", 8).unwrap());
    let mut txn = rvm.begin(&[&s, &other]).unwrap();
    txn.write(&s, 0, b"old life").unwrap();
    txn.write(&other, 0, b"survives").unwrap();
    txn.commit_with(Durability::Lazy).unwrap();
    rvm.unmap(&s).unwrap();
    rvm.destroy("s").unwrap();
    assert!(matches!(rvm.destroy("s"), Err(Error::NotFound { .. })));

    // The name starts anew, here and after a crash; the neighbour keeps what they shared.
    assert_eq!(rvm.map("s", 8).unwrap().read().unwrap()[..], [0; 8]);
    assert_eq!(&other.read().unwrap()[..], b"survives");
    let rvm = open(&storage.crash());
    assert_eq!(rvm.map("s", 8).unwrap().read().unwrap()[..], [0; 8]);
    assert_eq!(&rvm.map("other", 8).unwrap().read().unwrap()[..], b"survives");
}

/// Guards against a ring that does not grow, grows beyond its limit, or stays large for ever.
#[test]
fn a_full_log_grows_up_to_its_limit_and_truncation_brings_it_back() {
    let storage = MemStorage::new();
    let rvm = Rvm::options()
        .background(false)
        .log_capacity_initial(32 << 10)
        .log_capacity_max(100 << 12)
        .open_with(Arc::new(storage.clone()))
        .unwrap();
    let segment = rvm.map("s", 20_000).unwrap();
    assert_eq!(log_len(&storage, "s"), 8192 + (32 << 10));
    for round in 0..200_u8 {
        put(&rvm, &segment, &vec![round; 20_000], Durability::Lazy);
    }
    assert_eq!(rvm.stats().log_growths, 2, "32 KiB, 128 KiB, 400 KiB");
    assert_eq!(log_len(&storage, "s"), 8192 + (100 << 12));
    rvm.truncate_log().unwrap();
    assert_eq!(log_len(&storage, "s"), 8192 + (32 << 10));
    assert_eq!(storage.crash().read_file(&seg("s")), Some(vec![199; 20_000]));
}

/// Guards against uncommitted bytes that reach the disk through a truncation.
#[test]
fn truncation_with_a_transaction_open_leaks_nothing_of_it() {
    let storage = MemStorage::new();
    let rvm = open(&storage);
    let segment = rvm.map("s", 8).unwrap();
    put(&rvm, &segment, b"resolved", Durability::Lazy);
    let mut txn = rvm.begin(&[&segment]).unwrap();
    txn.write(&segment, 0, b"LEAK").unwrap();
    let report = rvm.truncate_log().unwrap();
    assert_eq!(report.logs_truncated, 1);
    assert!(report.freed_bytes > 0 && report.out_of_space.is_empty());
    assert_eq!(storage.read_file(&seg("s")).unwrap(), b"resolved");
    txn.write(&segment, 4, b"MORE").unwrap();
    txn.commit().unwrap();
    let rvm = open(&storage.crash());
    assert_eq!(&rvm.map("s", 8).unwrap().read().unwrap()[..], b"LEAKMORE");
}

/// Guards against commits that stop while the log is truncated, and against a log that is only truncated when it is full.
#[test]
fn the_maintenance_thread_truncates_from_half_full() {
    let options = Rvm::options().log_capacity_initial(1 << 20).log_capacity_max(1 << 20);
    let rvm = options.open_with(Arc::new(MemStorage::new())).unwrap();
    let segment = rvm.map("s", 4096).unwrap();
    let started = Instant::now();
    for truncations in 1..=3 {
        // More than half of the log, so that it is asked to, and less than all, so that nobody else must.
        for _ in 0..140 {
            put(&rvm, &segment, &[1; 4096], Durability::Force);
        }
        while rvm.stats().truncations < truncations {
            assert!(started.elapsed() < Duration::from_secs(60), "it never truncated");
            std::thread::yield_now();
        }
    }
}

/// Guards against a lazy commit that stays in memory for ever.
#[test]
fn a_lazy_commit_becomes_durable_without_being_asked() {
    let storage = MemStorage::new();
    let rvm = Rvm::options()
        .lazy_interval(Duration::from_millis(1))
        .open_with(Arc::new(storage.clone()))
        .unwrap();
    let segment = rvm.map("s", 8).unwrap();
    put(&rvm, &segment, b"laziness", Durability::Lazy);
    let started = Instant::now();
    while rvm.stats().log_forces == 0 {
        assert!(started.elapsed() < Duration::from_secs(60), "it was never forced");
        std::thread::yield_now();
    }
    let rvm = open(&storage.crash());
    assert_eq!(&rvm.map("s", 8).unwrap().read().unwrap()[..], b"laziness");
}

/// Guards against a flush, or a wait, that returns before the bytes are there; and against one that forces what is durable.
#[test]
fn flush_and_wait_durable_make_lazy_commits_durable() {
    let storage = MemStorage::new();
    let rvm = open(&storage);
    let (a, b) = (rvm.map("a", 4).unwrap(), rvm.map("b", 4).unwrap());
    put(&rvm, &a, b"away", Durability::Lazy);
    let mut txn = rvm.begin(&[&b]).unwrap();
    txn.write(&b, 0, b"wait").unwrap();
    let commit = txn.commit_with(Durability::Lazy).unwrap();
    commit.wait_durable().unwrap();
    let forces = rvm.stats().log_forces;
    assert_eq!(forces, 1, "only what the commit hangs on");
    commit.wait_durable().unwrap();
    rvm.flush().unwrap();
    rvm.flush().unwrap();
    assert_eq!(rvm.stats().log_forces, forces + 1);
    let rvm = open(&storage.crash());
    assert_eq!(&rvm.map("a", 4).unwrap().read().unwrap()[..], b"away");
    assert_eq!(&rvm.map("b", 4).unwrap().read().unwrap()[..], b"wait");
}

/// Guards against an opening that writes to a store that was shut down cleanly, or that recovers it.
#[test]
fn a_clean_store_opens_without_a_write() {
    let storage = MemStorage::new();
    let rvm = open(&storage);
    let segment = rvm.map("s", 8).unwrap();
    put(&rvm, &segment, b"finished", Durability::Lazy);
    rvm.close().unwrap();
    let before = storage.counts();
    let rvm = open(&storage);
    let after = storage.counts();
    assert_eq!(before.writes, after.writes);
    assert!(!rvm.recovery_report().recovered);
    let segment = rvm.map("s", 8).unwrap();
    assert_eq!(&segment.read().unwrap()[..], b"finished");
    put(&rvm, &segment, b"reopened", Durability::Force);
    let rvm = open(&storage.crash());
    assert!(rvm.recovery_report().recovered);
    assert_eq!(rvm.recovery_report().logs[0].records, 1);
    assert_eq!(&rvm.map("s", 8).unwrap().read().unwrap()[..], b"reopened");
}

/// Guards against a transaction number that is used again after a crash or a clean shutdown.
#[test]
fn transaction_numbers_grow_over_every_kind_of_end() {
    let mut storage = MemStorage::new();
    let mut last = 0;
    for round in 0..6 {
        let rvm = open(&storage);
        let segment = rvm.map("s", 8).unwrap();
        for _ in 0..3 {
            let mut txn = rvm.begin(&[&segment]).unwrap();
            txn.write(&segment, 0, b"x").unwrap();
            let number = txn.commit().unwrap().transaction_id();
            assert!(number > last, "{number} after {last}");
            last = number;
        }
        if round % 2 == 0 {
            rvm.close().unwrap();
        } else {
            storage = storage.crash();
        }
    }
}

/// Guards against a panic in a transaction's closure that commits, or that keeps the segment.
#[test]
fn a_closure_that_fails_or_panics_aborts() {
    let storage = MemStorage::new();
    let rvm = open(&storage);
    let segment = rvm.map("s", 4).unwrap();
    let failed = rvm.transaction(&[&segment], |txn| {
        txn.write(&segment, 0, b"gone")?;
        txn.write(&segment, 3, b"too long")
    });
    assert!(matches!(failed, Err(Error::OutOfRange { .. })));
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        rvm.transaction(&[&segment], |txn| -> Result<(), Error> {
            txn.write(&segment, 0, b"gone")?;
            std::panic::resume_unwind(Box::new("on purpose"))
        })
    }));
    assert!(panicked.is_err());
    assert_eq!(segment.read().unwrap()[..], [0; 4]);
    assert_eq!(rvm.stats().aborts, 2);
}

/// Guards against a crash between the two halves of a destruction that leaves the name unusable.
#[test]
fn a_segment_whose_log_is_gone_is_adopted() {
    let storage = MemStorage::new();
    let rvm = open(&storage);
    let segment = rvm.map("s", 4).unwrap();
    put(&rvm, &segment, b"data", Durability::Force);
    rvm.close().unwrap();
    storage.remove(&FileName::new(&SegmentName::new("s").unwrap(), FileRole::Log)).unwrap();
    let rvm = open(&storage);
    assert_eq!(rvm.recovery_report().adopted, ["s"]);
    assert_eq!(&rvm.map("s", 4).unwrap().read().unwrap()[..], b"data");
}

/// Guards against a copied segment that cannot be destroyed since it never had a log.
#[test]
fn a_segment_without_a_log_can_be_destroyed() {
    let storage = MemStorage::new();
    storage.replace_file(&seg("copied"), b"bytes".to_vec());
    let rvm = open(&storage);
    rvm.destroy("copied").unwrap();
    assert!(rvm.segments().unwrap().is_empty());
    assert!(matches!(rvm.destroy("copied"), Err(Error::NotFound { .. })));
    assert_eq!(storage.crash().read_file(&seg("copied")), None, "its name is gone durably");
}

/// Guards against a segment of no bytes, and against an empty file that takes its name for good.
#[test]
fn an_empty_file_becomes_a_segment_with_its_first_bytes() {
    let storage = MemStorage::new();
    storage.replace_file(&seg("s"), Vec::new());
    let rvm = open(&storage);
    let refused = rvm.map("s", 0);
    assert!(matches!(refused, Err(Error::InvalidLength { len: 0, .. })), "{refused:?}");
    let segment = rvm.map("s", 4).unwrap();
    put(&rvm, &segment, b"data", Durability::Force);
    let rvm = open(&storage.crash());
    assert_eq!(&rvm.map("s", 0).unwrap().read().unwrap()[..], b"data");
}

/// Guards against a trace that shows what segments hold, and against one that waits for a lock which its own thread has.
#[test]
fn what_is_shown_for_debugging_holds_no_data() {
    let storage = MemStorage::new();
    let rvm = open(&storage);
    let segment = rvm.map("s", 8).unwrap();
    let mut txn = rvm.begin(&[&segment]).unwrap();
    txn.write(&segment, 0, b"{secret}").unwrap();
    let shown = format!("{txn:?}");
    assert_eq!(shown, "Transaction { segments: [\"s\"], declared: 1, .. }");
    let commit = txn.commit_with(Durability::Lazy).unwrap();
    let view = segment.read_latest().unwrap();
    let shown = format!("{rvm:?} {segment:?} {commit:?} {view:?}");
    assert!(!shown.contains("secret") && !shown.contains("115, 101, 99"), "{shown}");
}

/// Guards against logs that are left in two epochs, because those of an interrupted reset look as if they had been closed.
#[test]
fn whatever_interrupts_a_recovery_the_next_ends_with_all_logs_in_one_epoch() {
    let storage = SimStorage::new(1);
    let open = |storage: &SimStorage| {
        let options = Rvm::options().background(false).helpers(0);
        options.open_with(Arc::new(storage.clone())).unwrap()
    };
    let rvm = open(&storage);
    let segments = ["a", "b", "c"].map(|name| rvm.map(name, 8).unwrap());
    put(&rvm, &segments[1], b"changed", Durability::Force);
    let crashed = storage.crash();
    crashed.record();
    open(&crashed);
    let mut interrupted = 0;
    for moment in crashed.recorded().moments {
        let left = moment.crash();
        let epochs = || {
            let log = |name| LogFile::open(&left, &SegmentName::new(name).unwrap()).unwrap();
            ["a", "b", "c"].map(|name| log(name).header().epoch)
        };
        interrupted += usize::from(epochs().iter().any(|epoch| *epoch != epochs()[0]));
        open(&left);
        assert!(epochs().iter().all(|epoch| *epoch == epochs()[0]), "{moment}: {:?}", epochs());
    }
    assert!(interrupted > 0, "no reset was interrupted");
}
