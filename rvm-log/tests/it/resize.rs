//! Another ring for an empty log, and the block of the tail that each force writes again.

use std::collections::BTreeSet;

use rvm_log::{BLOCK_LEN, CAPACITY_MIN, LogError, Lsn, Tail, Verdict};
use rvm_storage::sim::{Failure, Fault, OperationKind, SimStorage};
use rvm_storage::widths::{narrow, wide};
use rvm_storage::{MemStorage, Storage};

use crate::cuts::{EVERY_TEAR, count_steps, cuts, open, recorded};
use crate::workbench::{Record, Workbench, log_name, position, read, read_bytes, ring, scan};

/// A log that was used, and is empty, with its end in the middle of a block of a later lap.
fn emptied<S: Storage>(storage: S, capacity: u64, end: Lsn) -> Workbench<S> {
    let mut bench = Workbench::on(storage, capacity);
    while bench.durable < end {
        let left = end.since(bench.durable);
        bench.append(Record::of_len(if left < 4_000 { left } else { 2_000 }, 0x77));
        bench.force();
        bench.move_head(bench.durable);
    }
    assert_eq!(bench.durable, end);
    bench
}

fn resize(log: &mut rvm_log::LogFile, capacity: u64) -> rvm_log::Result<()> {
    log.reserve(ring(capacity))?;
    log.resize(ring(capacity))
}

const MIDDLE: Lsn = Lsn(2 * CAPACITY_MIN + 3 * BLOCK_LEN + 1_000);

/// Guards against a grown or shrunk log whose next records go to the wrong place, or whose stale ones come back where
/// the new ring maps their positions.
#[test]
fn a_resized_log_goes_on_in_the_middle_of_a_block() {
    for (from, to) in [(8, 9), (8, 32), (32, 8), (9, 8), (31, 10)] {
        let mut bench = emptied(MemStorage::new(), from * BLOCK_LEN, MIDDLE);
        resize(&mut bench.log, to * BLOCK_LEN).unwrap();
        assert_eq!(wide(bench.file().len()), ring(to * BLOCK_LEN).file_len());
        assert_eq!(read(&bench.storage).unwrap(), (vec![], Verdict { end: MIDDLE, torn: None }));
        // Records of the old length, so that stale ones lie where new ones end; and beyond one lap of the new ring.
        for round in 0..3 * to {
            bench.append(Record::of_len(2_000, round.to_le_bytes()[0]));
            bench.append(Record::of_len(88, round.to_le_bytes()[0]));
            bench.force();
            if bench.live.len() > 8 {
                bench.move_head(bench.live[6].lsn);
            }
            let found = read(&bench.storage).unwrap();
            assert_eq!(found, (bench.live.clone(), Verdict { end: bench.durable, torn: None }));
        }
    }
}

/// Guards against a power cut in the middle of a resize: the log is empty at the same end with the old ring or the new,
/// and can be used.
#[test]
fn a_resize_is_all_or_nothing_at_every_step() {
    for (from, to) in [(8, 16), (16, 8)] {
        let make = || {
            let storage = SimStorage::new(1);
            emptied(storage.clone(), from * BLOCK_LEN, MIDDLE);
            storage
        };
        let work = |storage: &SimStorage| resize(&mut open(storage), to * BLOCK_LEN);
        assert_eq!(count_steps(make, work), 4, "{from} to {to}");
        let mut sizes = BTreeSet::new();
        let recording = recorded(&make(), |storage| work(storage).unwrap());
        for (moment, after) in cuts(&recording, EVERY_TEAR) {
            let mut log = open(&after);
            let found = log.ring().capacity() / BLOCK_LEN;
            assert!(found == from || found == to, "moment {moment}: {found} blocks");
            sizes.insert(found);
            let empty = (vec![], Verdict { end: MIDDLE, torn: None });
            assert_eq!(scan(&log).unwrap(), empty, "moment {moment}");
            resize(&mut log, 12 * BLOCK_LEN).unwrap();
            assert_eq!(read(&after).unwrap(), empty);
        }
        assert_eq!(sizes, BTreeSet::from([from, to]));
    }
}

/// Guards against a device that is full when the ring should grow: the log stays as it was and goes on.
#[test]
fn a_growth_that_finds_no_space_changes_nothing() {
    let storage = SimStorage::new(1);
    let mut bench = emptied(storage.clone(), CAPACITY_MIN, MIDDLE);
    let before = storage.read_file(&log_name());
    let full = Fault::nth(0, Failure::OutOfSpace).of(OperationKind::Allocate);
    storage.inject(full.lasting());
    match bench.log.reserve(ring(2 * CAPACITY_MIN)) {
        Err(LogError::Storage(error)) => assert!(error.is_out_of_space(), "{error}"),
        other => panic!("{other:?}"),
    }
    assert_eq!(bench.log.ring(), ring(CAPACITY_MIN));
    assert!(storage.faults_fired() > 0 && storage.read_file(&log_name()) == before);
    bench.append(Record::of(0, vec![1; 100]));
    bench.force();
    bench.move_head(bench.durable);
    assert_eq!(read(&storage).unwrap().0, []);
    bench.append(Record::of(0, vec![2; 100]));
    bench.force();
    assert_eq!(read(&storage).unwrap().0, bench.live);
}

/// Guards against a rewritten tail block that loses or changes what was forced in it before, and against more bytes
/// written than there are blocks with something new in them.
#[test]
fn the_last_block_is_written_again_with_its_old_bytes() {
    let mut bench = Workbench::small();
    let mut forced: Vec<u8> = Vec::new();
    for len in [80, 88, 3_000, 960, 8_192, 80, 4_096 - 88, 88] {
        let before = bench.durable;
        bench.append(Record::of_len(len, 0x3c));
        let written = bench.force();
        let blocks = bench.durable.0.div_ceil(BLOCK_LEN) - before.0 / BLOCK_LEN;
        assert_eq!(written, blocks * BLOCK_LEN, "{before} to {}", bench.durable);
        let file = bench.file();
        let data = &file[bench.place(Lsn(0))..];
        assert!(data.starts_with(&forced), "at {}", bench.durable);
        forced = data[..narrow(bench.durable.0)].to_vec();
        assert!(data[forced.len()..].iter().all(|byte| *byte == 0), "behind the end lie zeros");
    }
    assert_eq!(bench.durable.0 % BLOCK_LEN, (80 + 88 + 3_000 + 960 + 80) % BLOCK_LEN);
}

/// Guards against a batch over the ring's end that is written as one piece, behind the file or over the header.
#[test]
fn a_batch_that_wraps_is_two_writes_and_one_force() {
    let end = Lsn(2 * CAPACITY_MIN - 1_000);
    let mut bench = emptied(MemStorage::new(), CAPACITY_MIN, end);
    let header_pair = bench.file()[..bench.place(Lsn(0))].to_vec();
    let before = bench.storage.counts();
    bench.append(Record::of_len(6_000, 0x5a));
    let written = bench.force();
    let after = bench.storage.counts();
    assert_eq!(written, 3 * BLOCK_LEN);
    assert_eq!((after.writes - before.writes, after.forces - before.forces), (2, 1));
    assert_eq!(after.written_bytes - before.written_bytes, written);
    let file = bench.file();
    assert_eq!(file[..header_pair.len()], header_pair);
    assert_eq!(wide(file.len()), ring(CAPACITY_MIN).file_len());
    assert_eq!(position(bench.place(bench.durable)), position(header_pair.len() + 5_000));
    assert_eq!(read_bytes(file).unwrap().0, bench.live);

    // A batch that ends exactly at the ring's end does not wrap.
    let mut bench = emptied(MemStorage::new(), CAPACITY_MIN, end);
    let before = bench.storage.counts().writes;
    bench.append(Record::of_len(1_000, 0x5b));
    bench.force();
    assert_eq!(bench.storage.counts().writes - before, 1);
    assert_eq!(bench.durable, Lsn(2 * CAPACITY_MIN));
    assert_eq!(read(&bench.storage).unwrap().0, bench.live);
    bench.append(Record::of_len(1_000, 0x5c));
    bench.force();
    assert_eq!(read(&bench.storage).unwrap().0, bench.live);
}

/// Guards against a tail that begins in the middle of a block, as after recovery, and claims bytes below its start.
#[test]
fn a_tail_that_begins_in_a_block_appends_behind_the_head() {
    let mut bench = emptied(MemStorage::new(), CAPACITY_MIN, MIDDLE);
    bench.tail = Tail::new(MIDDLE);
    bench.append(Record::of_len(120, 1));
    bench.force();
    bench.append(Record::of_len(128, 2));
    bench.force();
    assert_eq!(read(&bench.storage).unwrap().0, bench.live);
    assert_eq!(bench.storage.read_file(&log_name()).unwrap().len(), bench.file().len());
}
