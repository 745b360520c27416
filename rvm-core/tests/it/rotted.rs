//! Rot in the last force of a log, when some of it, or a part of the same transaction in another log, is in a segment already:
//! nothing else in the store may name the lost record any more, so whoever folds must have left evidence of it before.

use std::ops::Range;
use std::sync::Arc;

use rvm_core::rvm_log::{DATA_START, Damage, LogError};
use rvm_core::rvm_storage::sim::{Failure, Fault, Operation, OperationKind, SimStorage};
use rvm_core::rvm_storage::{FileName, FileRole, SegmentName};
use rvm_core::{Durability, Error, Recovery, Rvm, Segment};

/// A ring that cannot grow: one that is full is truncated, alone and by the thread that commits.
const RING_LEN: u64 = 32 << 10;
const SEGMENT_LEN: u64 = 2048;

struct World {
    storage: SimStorage,
    rvm: Rvm,
    segments: Vec<Segment>,
}

fn open(storage: &SimStorage) -> rvm_core::Result<Rvm> {
    let options = Rvm::options().log_capacity_initial(RING_LEN).log_capacity_max(RING_LEN);
    options.helpers(0).background(false).open_with(Arc::new(storage.clone()))
}

fn log(name: &str) -> FileName {
    FileName::new(&SegmentName::new(name).unwrap(), FileRole::Log)
}

impl World {
    fn of(names: &[&str]) -> Self {
        let storage = SimStorage::new(1);
        let rvm = open(&storage).unwrap();
        let segments = names.iter().map(|name| rvm.map(name, SEGMENT_LEN).unwrap()).collect();
        Self { storage, rvm, segments }
    }

    /// Sets the first and the last byte of the segments of `write` to 1, in a transaction that is given those of `read`, too.
    fn commit(&self, write: &[usize], read: &[usize], durability: Durability) {
        self.commit_byte(1, write, read, durability);
    }

    fn commit_byte(&self, byte: u8, write: &[usize], read: &[usize], durability: Durability) {
        let given: Vec<_> = write.iter().chain(read).map(|i| &self.segments[*i]).collect();
        let mut txn = self.rvm.begin(&given).unwrap();
        for segment in write {
            for offset in [0, SEGMENT_LEN - 1] {
                txn.write(&self.segments[*segment], offset, &[byte]).unwrap();
            }
        }
        txn.commit_with(durability).unwrap();
    }

    /// Commits to one segment until its log was full, and was truncated.
    fn fold_only(&self, segment: usize) -> rvm_core::Result<()> {
        let before = self.rvm.stats().truncations;
        while self.rvm.stats().truncations == before {
            let mut txn = self.rvm.begin(&[&self.segments[segment]])?;
            for _ in 0..2 {
                txn.write(&self.segments[segment], 1, &[7; 2000])?;
            }
            txn.commit()?;
        }
        Ok(())
    }

    /// What a power cut now leaves of what is not forced: nothing.
    fn after_power_cut(&self) -> SimStorage {
        let moment = self.storage.moment();
        moment.power_cut(&moment.unknowns(), &moment.unknowns().nothing())
    }
}

/// Flips a bit of the first record in a log.
fn rot(storage: &SimStorage, name: &str) {
    rot_at(storage, name, 70);
}

/// Flips a bit so far behind the start of a log's ring.
fn rot_at(storage: &SimStorage, name: &str, behind: usize) {
    let at = usize::try_from(DATA_START).unwrap() + behind;
    let byte = storage.read_file(&log(name)).unwrap()[at];
    storage.rot(&log(name), at as u64, &[byte ^ 1]).unwrap();
}

/// The first and the last byte of every segment; or the log that is damaged, and where.
fn find(storage: &SimStorage) -> Result<Vec<[u8; 2]>, (String, u64)> {
    match open(storage) {
        Ok(rvm) => Ok(ends(&rvm)),
        Err(Error::Corrupt(LogError::Corrupt { file, offset, damage })) => {
            assert!(matches!(damage, Damage::DurableRecordLost { .. }), "{damage}");
            Err((file, offset))
        }
        Err(error) => panic!("{error}"),
    }
}

fn ends(rvm: &Rvm) -> Vec<[u8; 2]> {
    let names = rvm.segments().unwrap();
    let both = |name: &str| {
        let segment = rvm.map(name, 1).unwrap();
        let view = segment.read().unwrap();
        [view[0], *view.last().unwrap()]
    };
    names.iter().map(|info| both(&info.name)).collect()
}

fn assert_reported(storage: &SimStorage, name: &str) {
    let (file, offset) = find(storage).expect_err("not noticed");
    assert!(file.ends_with(&log(name).to_string()), "{file}");
    assert_eq!(offset, DATA_START);
}

/// Guards against a transaction of which one part is in a segment and the other is taken for a torn tail.
#[test]
fn a_part_that_rots_is_missed_when_the_other_was_folded() {
    let world = World::of(&["a", "b"]);
    world.commit(&[0, 1], &[], Durability::Force);
    world.fold_only(0).unwrap();
    let found = world.after_power_cut();
    assert_eq!(find(&found), Ok(vec![[1, 1]; 2]), "without rot");
    let found = world.after_power_cut();
    rot(&found, "b");
    assert_reported(&found, "b");
}

/// Guards against a transaction that is in a segment without what it read.
#[test]
fn what_a_folded_transaction_read_is_missed_when_it_rots() {
    let world = World::of(&["a", "b"]);
    world.commit(&[1], &[], Durability::Lazy);
    world.commit(&[0], &[1], Durability::Force);
    world.fold_only(0).unwrap();
    let found = world.after_power_cut();
    rot(&found, "b");
    assert_reported(&found, "b");
}

/// Guards against a transaction of which one part is in a segment, and the other one is cut since what stands before it in its log hangs on
/// a record that rots: nothing of the three is named by what was folded.
#[test]
fn what_a_folded_transaction_hangs_on_is_missed_when_it_rots() {
    let world = World::of(&["a", "b", "c"]);
    world.commit(&[1, 2], &[], Durability::Lazy);
    world.commit(&[0, 1], &[], Durability::Force);
    world.fold_only(0).unwrap();
    let found = world.after_power_cut();
    assert_eq!(find(&found), Ok(vec![[1, 1]; 3]), "without rot");
    let found = world.after_power_cut();
    rot(&found, "c");
    assert_reported(&found, "c");
    // Salvage finds it, too, and says so.
    let salvaged = Rvm::options().recovery(Recovery::Salvage).open_with(Arc::new(found)).unwrap();
    let salvage = &salvaged.recovery_report().salvage;
    assert_eq!(salvage.damage.len(), 1, "{salvage:?}");
    assert_eq!(salvage.damage[0].segment, "c");
    let affected: Vec<_> = salvage.affected.iter().map(|found| &found.segment[..]).collect();
    assert_eq!(affected, ["b", "c"], "{salvage:?}");
}

/// The states around one transaction over all segments.
const NONE_OR_ALL: [&[u8]; 2] = [&[0, 0], &[1, 1]];

/// How much of a ring is rotted, one byte in so many: each record, its header and its body.
const ROTTED: Range<usize> = 0..280;
const ROTTED_STEP: usize = 56;

/// Whatever rots at whatever moment of `work` on a device: what is found is one of the states that there were, the bytes of each
/// segment, or the damage is reported. Without rot, whoever opens the store finds the last state. Segments that are gone do not count.
/// Returns how often damage was reported.
fn whole_at_every_moment(storage: &SimStorage, states: &[&[u8]], work: impl FnOnce()) -> usize {
    let is_one = |found: &[[u8; 2]], states: &[&[u8]]| {
        let equal =
            |state: &&[u8]| found.iter().zip(*state).all(|(ends, byte)| ends == &[*byte; 2]);
        states.iter().any(equal)
    };
    storage.record();
    work();
    let moments = storage.recorded().moments;
    assert!(moments.len() > 8, "{} moments", moments.len());
    let mut reported = 0;
    for moment in &moments {
        let reader = Rvm::options().read_only(true).open_with(Arc::new(moment.process_kill()));
        let read = ends(&reader.unwrap());
        let last = &states[states.len() - 1..];
        assert!(is_one(&read, last), "a reader finds {read:?}, at {moment}");
        let unknowns = moment.unknowns();
        for cut in unknowns.cuts_up_to(4) {
            for name in ["a", "b", "c"] {
                for behind in ROTTED.step_by(ROTTED_STEP) {
                    let found = moment.power_cut(&unknowns, &cut);
                    if found.read_file(&log(name)).is_none() {
                        continue;
                    }
                    rot_at(&found, name, behind);
                    match find(&found) {
                        Ok(ends) => {
                            assert!(is_one(&ends, states), "{ends:?}, {name} rotted, at {moment}");
                        }
                        Err(_) => reported += 1,
                    }
                }
            }
        }
    }
    reported
}

/// Guards against evidence that comes later than the first byte in a segment's file, when one log is truncated alone.
#[test]
fn no_moment_of_a_truncation_lacks_evidence() {
    let world = World::of(&["a", "b"]);
    world.commit(&[0, 1], &[], Durability::Force);
    let reported =
        whole_at_every_moment(&world.storage, &NONE_OR_ALL, || world.fold_only(0).unwrap());
    assert!(reported > 0);
}

/// The same when all are, and the transaction is the last force of both: the log that is folded has no later record, either.
#[test]
fn no_moment_lacks_evidence_when_all_logs_are_truncated() {
    let world = World::of(&["a", "b"]);
    world.commit(&[0, 1], &[], Durability::Force);
    let reported = whole_at_every_moment(&world.storage, &NONE_OR_ALL, || truncate(&world));
    assert!(reported > 0);
}

/// The same for a log alone: half of its last force may be in the segment.
#[test]
fn no_moment_lacks_evidence_when_a_log_that_names_no_other_is_truncated() {
    let world = World::of(&["a"]);
    world.commit(&[0], &[], Durability::Force);
    let reported = whole_at_every_moment(&world.storage, &NONE_OR_ALL, || truncate(&world));
    assert!(reported > 0);
}

/// The same when a segment is destroyed, which folds all that share transactions with it.
#[test]
fn no_moment_lacks_evidence_when_a_segment_is_destroyed() {
    let world = World::of(&["a", "b"]);
    world.commit(&[0, 1], &[], Durability::Force);
    world.rvm.unmap(&world.segments[1]).unwrap();
    let destroy = || world.rvm.destroy("b").unwrap();
    assert!(whole_at_every_moment(&world.storage, &NONE_OR_ALL, destroy) > 0);
}

/// The same for recovery, which folds all logs at once: the last forces of all of them hang together.
#[test]
fn no_moment_of_a_recovery_lacks_evidence() {
    let world = World::of(&["a", "b", "c"]);
    world.commit_byte(1, &[1, 2], &[], Durability::Lazy);
    world.commit_byte(2, &[0, 1], &[], Durability::Force);
    let crashed = world.after_power_cut();
    let states: [&[u8]; 3] = [&[0, 0, 0], &[0, 1, 1], &[2, 2, 1]];
    let recover = || assert_eq!(find(&crashed), Ok(vec![[2, 2], [2, 2], [1, 1]]));
    assert!(whole_at_every_moment(&crashed, &states, recover) > 0);
}

/// What `work` changes on the device, one line each.
fn changes(world: &World, work: impl FnOnce(&World)) -> Vec<String> {
    world.storage.record();
    work(world);
    let line = |operation: &Operation| {
        let file = operation.file.as_ref().map_or_else(String::new, ToString::to_string);
        format!("{} {file}", operation.kind.verb())
    };
    let operations = world.storage.recorded().operations;
    operations.iter().filter(|operation| operation.kind.changes()).map(line).collect()
}

fn truncate(world: &World) {
    world.rvm.truncate_log().unwrap();
}

/// What is left to do when the header vouches for what is folded.
const FOLD_A: [&str; 4] =
    ["write a.seg", "force a.seg", "write and force a.log", "write and force a.log"];
const FOLD_B: [&str; 4] =
    ["write b.seg", "force b.seg", "write and force b.log", "write and force b.log"];

/// Guards against a price for evidence in other logs where no record names one.
#[test]
fn evidence_for_a_log_that_names_no_other_costs_one_forced_write() {
    let world = World::of(&["a", "b"]);
    world.commit(&[0], &[], Durability::Force);
    world.commit(&[1], &[], Durability::Force);
    // Decided by now, so not named.
    world.commit(&[0], &[1], Durability::Force);
    let (a, b) = ("write and force a.log", "write and force b.log");
    assert_eq!(changes(&world, truncate), [&[a][..], &FOLD_A, &[b], &FOLD_B].concat());
}

/// Guards against a header change for every record that names a log, and for logs whose header says enough.
#[test]
fn evidence_costs_one_forced_write_for_each_header() {
    let world = World::of(&["a", "b", "c"]);
    for _ in 0..5 {
        world.commit(&[0, 1], &[], Durability::Force);
    }
    world.commit(&[2], &[], Durability::Force);
    let evidence = ["a", "b", "c"].map(|name| format!("write and force {name}.log"));
    let fold_c = FOLD_A.map(|line| line.replace("a.", "c."));
    let expected: Vec<&str> = [&evidence[1][..], &evidence[0]]
        .into_iter()
        .chain([FOLD_A, FOLD_B].into_iter().flatten())
        .chain([&evidence[2][..]])
        .chain(fold_c.iter().map(|line| &line[..]))
        .collect();
    assert_eq!(changes(&world, truncate), expected);

    world.commit(&[0], &[], Durability::Force);
    let expected: Vec<_> = ["write and force a.log"].into_iter().chain(FOLD_A).collect();
    assert_eq!(changes(&world, truncate), expected, "what was named is folded");
}

/// Guards against folding without evidence when it could not be written, and against going on then.
#[test]
fn evidence_that_cannot_be_written_poisons() {
    let world = World::of(&["a", "b"]);
    world.commit(&[0, 1], &[], Durability::Force);
    let header_of_b = |operation: &Operation| {
        operation.file.as_ref() == Some(&log("b")) && operation.offset < DATA_START
    };
    let fault = Fault::nth(0, Failure::Error).of(OperationKind::WriteAndForce).when(header_of_b);
    world.storage.inject(fault);
    let error = world.fold_only(0).unwrap_err();
    assert!(error.is_poisoned(), "{error}");
    assert_eq!(world.storage.faults_fired(), 1);
    let segment = FileName::new(&SegmentName::new("a").unwrap(), FileRole::Segment);
    assert_eq!(world.storage.read_file(&segment).unwrap()[0], 0, "folded all the same");
    assert_eq!(find(&world.after_power_cut()), Ok(vec![[1, 1]; 2]));
}
