//! What is bounded, and what happens where the bound is met: memory that waits for a force, bytes in one write, a record's
//! length, threads.

use std::sync::Arc;
use std::thread;

use rustix::process::{Resource, Rlimit, setrlimit};
use rvm_core::rvm_storage::{FileName, FileRole, MemStorage, SegmentName};
use rvm_core::{Durability, Error, Rvm, Segment, UndoMode};

use super::child;

const MIB: usize = 1 << 20;

fn put(rvm: &Rvm, segment: &Segment, bytes: &[u8], durability: Durability) {
    let mut txn = rvm.begin(&[segment]).unwrap();
    txn.write(segment, 0, bytes).unwrap();
    txn.commit_with(durability).unwrap();
}

/// Guards against lazy commits that pile up in memory for as long as the log has room, and against a large one that is never let in.
#[test]
fn what_waits_in_memory_for_a_force_is_bounded() {
    let storage = MemStorage::new();
    let rvm = Rvm::options()
        .background(false)
        .log_capacity_initial(32 << 20)
        .open_with(Arc::new(storage.clone()))
        .unwrap();
    let segment = rvm.map("s", 6 << 20).unwrap();
    put(&rvm, &segment, &vec![1; 700 << 10], Durability::Lazy);
    assert_eq!(rvm.stats().log_forces, 0);
    put(&rvm, &segment, &vec![2; 700 << 10], Durability::Lazy);
    assert_eq!(rvm.stats().log_forces, 1, "twice 700 KiB are more than 1 MiB");
    // Larger than the bound by itself.
    put(&rvm, &segment, &vec![3; 6 * MIB], Durability::Lazy);
    assert_eq!((rvm.stats().log_forces, rvm.stats().truncations), (2, 0));
    let rvm = Rvm::options().open_with(Arc::new(storage.crash())).unwrap();
    let view = rvm.map("s", 1).unwrap();
    assert!(view.read().unwrap()[..700 << 10].iter().all(|byte| *byte == 2));
}

/// Guards against a transaction that is refused although the log, made with other options, has room for it.
#[test]
fn a_log_larger_than_the_options_allow_takes_what_fits() {
    let storage = MemStorage::new();
    let open = |storage: MemStorage, capacity| {
        let options = Rvm::options().background(false).log_capacity_initial(capacity);
        options.log_capacity_max(capacity).open_with(Arc::new(storage)).unwrap()
    };
    let rvm = open(storage.clone(), 4 << 20);
    let segment = rvm.map("s", 1 << 20).unwrap();
    put(&rvm, &segment, b"x", Durability::Force);
    let rvm = open(storage.crash(), 64 << 10);
    let segment = rvm.map("s", 1 << 20).unwrap();
    put(&rvm, &segment, &vec![1; MIB], Durability::Force);
    assert!(segment.read().unwrap().iter().all(|byte| *byte == 1));
}

/// Guards against bytes that are lost, or come to the wrong place, where more lie side by side than are written at once.
#[test]
fn any_number_of_bytes_side_by_side_is_folded_whole() {
    const PIECE: usize = 300_000;
    let storage = MemStorage::new();
    let options = Rvm::options().background(false).log_capacity_initial(8 << 20);
    let rvm = options.open_with(Arc::new(storage.clone())).unwrap();
    let segment = rvm.map("s", 3_600_000).unwrap();
    let mut expected = vec![0; 3_600_000];
    let mut txn = rvm.begin(&[&segment]).unwrap();
    for (fill, piece) in (1..).zip(expected.chunks_mut(PIECE)).skip(1) {
        piece.fill(fill);
        txn.write(&segment, u64::from(fill - 1) * PIECE as u64, piece).unwrap();
    }
    txn.commit().unwrap();
    rvm.truncate_log().unwrap();
    let file = FileName::new(&SegmentName::new("s").unwrap(), FileRole::Segment);
    assert!(storage.crash().read_file(&file).unwrap() == expected);
}

/// Guards against a length that is cut to its field, and against a segment that keeps what was refused.
#[test]
fn a_record_longer_than_the_format_can_say_is_refused_and_undone() {
    let rvm = Rvm::options()
        .background(false)
        .undo(UndoMode::None)
        .open_with(Arc::new(MemStorage::new()))
        .unwrap();
    let segment = rvm.map("s", 16 << 20).unwrap();
    put(&rvm, &segment, b"kept", Durability::Force);
    let mut txn = rvm.begin(&[&segment]).unwrap();
    txn.about_to_modify(&segment, ..8).unwrap().fill(0xee);
    // Each call is a range of its own in the record.
    for _ in 0..256 {
        txn.about_to_modify(&segment, ..).unwrap();
    }
    match txn.commit() {
        Err(Error::TransactionTooLarge { needed, limit, .. }) => {
            assert_eq!(limit, u64::from(u32::MAX) - 7);
            assert!(needed > 256 * (16 << 20), "{needed}");
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(segment.read().unwrap()[..8], *b"kept\0\0\0\0");
}

/// Guards against a panic, or a commit that waits for helpers, where the system has no thread to give.
#[test]
fn a_store_works_without_threads() {
    let dir = tempfile::tempdir().unwrap();
    child::run(child::command("limits::child_works_without_threads", dir.path()));
}

#[test]
#[ignore = "runs in a process of its own"]
fn child_works_without_threads() {
    if child::dir().is_none() {
        return;
    }
    let names = ["a", "b", "c"];
    let open = |storage: &MemStorage, background, helpers| {
        let options = Rvm::options().background(background).helpers(helpers);
        options.log_capacity_initial(32 << 10).open_with(Arc::new(storage.clone()))
    };
    let commit = |rvm: &Rvm, bytes: &[u8; 8]| {
        let segments = names.map(|name| rvm.map(name, 8).unwrap());
        rvm.transaction(&segments.each_ref(), |txn| {
            segments.iter().try_for_each(|segment| txn.write(segment, 0, bytes))
        })
        .unwrap();
    };
    let storage = MemStorage::new();
    let rvm = open(&storage, false, 0).unwrap();
    commit(&rvm, b"a crash.");
    let storage = storage.crash();

    // Less than a thread's stack more than there is now.
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let size = status.lines().find_map(|line| line.strip_prefix("VmSize:")).unwrap();
    let kib: u64 = size.trim().trim_end_matches(" kB").parse().unwrap();
    let limit = Some((kib + 1500) << 10);
    setrlimit(Resource::As, Rlimit { current: limit, maximum: limit }).unwrap();
    assert!(thread::Builder::new().spawn(|| ()).is_err(), "the limit leaves room for a thread");

    let Err(Error::Io(error)) = open(&storage, true, 4) else { panic!("it has a thread") };
    assert!(error.to_string().contains("start the maintenance thread"), "{error}");
    // Three logs to recover, to force at once, and to fold.
    let storage = storage.crash();
    let rvm = open(&storage, false, 4).unwrap();
    commit(&rvm, b"no help!");
    let storage = storage.crash();
    let rvm = open(&storage, false, 4).unwrap();
    assert_eq!(rvm.recovery_report().logs.len(), 3);
    for name in names {
        assert_eq!(rvm.map(name, 8).unwrap().read().unwrap()[..], *b"no help!");
    }
    rvm.close().unwrap();
}
