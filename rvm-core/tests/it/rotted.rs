//! Rot in the last force of one log, when another was truncated past the same transaction: nothing in the store names the lost record
//! any more, so truncation must have left evidence of it before.

use std::sync::Arc;

use rvm_core::rvm_log::{DATA_START, Damage, LogError};
use rvm_core::rvm_storage::sim::{Failure, Fault, Operation, OperationKind, SimStorage};
use rvm_core::rvm_storage::{FileName, FileRole, SegmentName};
use rvm_core::{Durability, Error, Rvm, Segment};

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

    /// Sets the first byte of the segments of `write` to 1, in a transaction that is given those of `read`, too.
    fn commit(&self, write: &[usize], read: &[usize], durability: Durability) {
        let given: Vec<_> = write.iter().chain(read).map(|i| &self.segments[*i]).collect();
        let mut txn = self.rvm.begin(&given).unwrap();
        for segment in write {
            txn.write(&self.segments[*segment], 0, &[1]).unwrap();
        }
        txn.commit_with(durability).unwrap();
    }

    /// Commits to one segment until its log was full, and was truncated.
    fn fold_only(&self, segment: usize) -> rvm_core::Result<()> {
        let before = self.rvm.stats().truncations;
        while self.rvm.stats().truncations == before {
            let mut txn = self.rvm.begin(&[&self.segments[segment]])?;
            txn.write(&self.segments[segment], 1000, &[7; 1000])?;
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
    let at = usize::try_from(DATA_START).unwrap() + 70;
    let byte = storage.read_file(&log(name)).unwrap()[at];
    storage.rot(&log(name), at as u64, &[byte ^ 1]).unwrap();
}

/// The first byte of every segment; or the log that is damaged, and where.
fn find(storage: &SimStorage) -> Result<Vec<u8>, (String, u64)> {
    match open(storage) {
        Ok(rvm) => Ok(first_bytes(&rvm)),
        Err(Error::Corrupt(LogError::Corrupt { file, offset, damage })) => {
            assert!(matches!(damage, Damage::DurableRecordLost { .. }), "{damage}");
            Err((file, offset))
        }
        Err(error) => panic!("{error}"),
    }
}

fn first_bytes(rvm: &Rvm) -> Vec<u8> {
    let names = rvm.segments().unwrap();
    let first = |name: &str| rvm.map(name, 1).unwrap().read().unwrap()[0];
    names.iter().map(|info| first(&info.name)).collect()
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
    assert_eq!(find(&found), Ok(vec![1, 1]), "without rot");
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

/// Whatever rots at whatever moment of `work`: both segments have the transaction or neither has, or the damage is reported.
/// Without rot, whoever opens the store finds it in both. Returns how often what was reported.
fn whole_at_every_moment(world: &World, work: impl FnOnce(&World)) -> usize {
    world.storage.record();
    work(world);
    let moments = world.storage.recorded().moments;
    assert!(moments.len() > 8, "{} moments", moments.len());
    let mut reported = 0;
    for moment in &moments {
        let reader = Rvm::options().read_only(true).open_with(Arc::new(moment.process_kill()));
        let read = first_bytes(&reader.unwrap());
        assert!(read.iter().all(|byte| *byte == 1), "a reader finds {read:?}, at {moment}");
        let unknowns = moment.unknowns();
        for cut in unknowns.cuts_up_to(16) {
            for name in ["a", "b"] {
                let found = moment.power_cut(&unknowns, &cut);
                if found.read_file(&log(name)).is_none() {
                    continue;
                }
                rot(&found, name);
                match find(&found) {
                    Ok(bytes) => assert!(
                        bytes.windows(2).all(|pair| pair[0] == pair[1]),
                        "{bytes:?}, {name} rotted, at {moment}"
                    ),
                    Err(_) => reported += 1,
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
    assert!(whole_at_every_moment(&world, |world| world.fold_only(0).unwrap()) > 0);
}

/// The same when all are, and the transaction is the last force of both: the log that is folded has no later record, either.
#[test]
fn no_moment_lacks_evidence_when_all_logs_are_truncated() {
    let world = World::of(&["a", "b"]);
    world.commit(&[0, 1], &[], Durability::Force);
    let reported = whole_at_every_moment(&world, |world| {
        world.rvm.truncate_log().unwrap();
    });
    assert!(reported > 0);
}

/// The same when a segment is destroyed, which folds all that share transactions with it.
#[test]
fn no_moment_lacks_evidence_when_a_segment_is_destroyed() {
    let world = World::of(&["a", "b"]);
    world.commit(&[0, 1], &[], Durability::Force);
    world.rvm.unmap(&world.segments[1]).unwrap();
    let reported = whole_at_every_moment(&world, |world| world.rvm.destroy("b").unwrap());
    assert!(reported > 0);
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

const FOLD_A: [&str; 4] =
    ["write a.seg", "force a.seg", "write and force a.log", "write and force a.log"];
const FOLD_B: [&str; 4] =
    ["write b.seg", "force b.seg", "write and force b.log", "write and force b.log"];

/// Guards against a price for evidence where no record names another log.
#[test]
fn truncating_what_names_no_other_log_costs_what_it_did() {
    let world = World::of(&["a", "b"]);
    world.commit(&[0], &[], Durability::Force);
    world.commit(&[1], &[], Durability::Force);
    // Decided by now, so not named.
    world.commit(&[0], &[1], Durability::Force);
    assert_eq!(changes(&world, truncate), [FOLD_A, FOLD_B].concat());
}

/// Guards against a header change for every record that names a log, and for logs whose header says enough.
#[test]
fn evidence_costs_one_change_of_each_header() {
    let world = World::of(&["a", "b", "c"]);
    for _ in 0..5 {
        world.commit(&[0, 1], &[], Durability::Force);
    }
    world.commit(&[2], &[], Durability::Force);
    let fold_c = FOLD_A.map(|line| line.replace("a.", "c.")).to_vec();
    let evidence = ["write and force b.log", "write and force a.log"].map(|line| [line; 2]);
    let expected = [evidence.as_flattened(), &FOLD_A, &FOLD_B].concat();
    let expected: Vec<_> = expected.into_iter().map(str::to_owned).chain(fold_c).collect();
    assert_eq!(changes(&world, truncate), expected);

    world.commit(&[0], &[], Durability::Force);
    assert_eq!(changes(&world, truncate), FOLD_A, "what was named is folded");
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
    assert_eq!(find(&world.after_power_cut()), Ok(vec![1, 1]));
}
