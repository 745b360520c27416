//! What a durable commit makes durable with it: one test for each rule of the closure, each with the fewest commits that need it.

use std::sync::Arc;

use rvm_core::rvm_storage::MemStorage;
use rvm_core::{Commit, Durability, Rvm, Segment};

struct World {
    storage: MemStorage,
    rvm: Rvm,
    segments: Vec<Segment>,
}

use Durability::{Force, Lazy};

fn world() -> World {
    let storage = MemStorage::new();
    let rvm =
        Rvm::options().background(false).helpers(0).open_with(Arc::new(storage.clone())).unwrap();
    let segments = (0..3).map(|i| rvm.map(&format!("s{i}"), 8).unwrap()).collect();
    World { storage, rvm, segments }
}

impl World {
    /// Adds 1 to the first byte of the segments of `write`, in a transaction that is given those of `read` too.
    fn commit(&self, write: &[usize], read: &[usize], durability: Durability) -> Commit {
        let given: Vec<_> = write.iter().chain(read).map(|i| &self.segments[*i]).collect();
        let mut txn = self.rvm.begin(&given).unwrap();
        for segment in write {
            let segment = &self.segments[*segment];
            let next = txn.read(segment).unwrap()[0] + 1;
            txn.write(segment, 0, &[next]).unwrap();
        }
        txn.commit_with(durability).unwrap()
    }

    /// The first byte of each segment after a power cut.
    fn after_a_crash(&self) -> Vec<u8> {
        let rvm = Rvm::options().open_with(Arc::new(self.storage.crash())).unwrap();
        let first = |i| rvm.map(&format!("s{i}"), 8).unwrap().read().unwrap()[0];
        (0..3).map(first).collect()
    }
}

/// Guards against a force of the commit's own log alone, when an earlier transaction there has a part elsewhere, and a still earlier one
/// there a part in a third log.
#[test]
fn a_commit_takes_along_the_other_parts_of_what_it_follows() {
    let world = world();
    world.commit(&[1, 2], &[], Lazy);
    world.commit(&[0, 1], &[], Lazy);
    world.commit(&[0], &[], Force);
    assert_eq!(world.after_a_crash(), [2, 2, 1]);
}

/// Guards against a closure that looks at what is not yet forced, instead of what is not yet decided: the first log was forced for
/// another commit, and a transaction in it still has its other part in memory only.
#[test]
fn what_is_durable_but_undecided_is_followed_too() {
    let world = world();
    let first = world.commit(&[0], &[], Lazy);
    world.commit(&[0, 1], &[], Lazy);
    first.wait_durable().unwrap();
    world.commit(&[0], &[], Force);
    assert_eq!(world.after_a_crash(), [3, 1, 0]);
}

/// Guards against a transaction that survives without what it read.
#[test]
fn a_commit_takes_along_what_it_only_read() {
    let world = world();
    world.commit(&[1], &[], Lazy);
    world.commit(&[0], &[1], Force);
    assert_eq!(world.after_a_crash(), [1, 1, 0]);
}

/// Guards against a lazy transaction that survives, by the force of its own log, without what it read.
#[test]
fn a_lazy_transaction_that_is_forced_later_takes_along_what_it_read() {
    let world = world();
    world.commit(&[1], &[], Lazy);
    world.commit(&[0], &[1], Lazy);
    world.commit(&[0], &[], Force);
    assert_eq!(world.after_a_crash(), [2, 1, 0]);
}

/// Guards against a commit that says that what it read is durable, because it has nothing to log.
#[test]
fn a_commit_without_ranges_makes_what_it_read_durable() {
    let world = world();
    world.commit(&[1, 2], &[], Lazy);
    world.commit(&[], &[1], Force);
    assert_eq!(world.after_a_crash(), [0, 1, 1]);
}

/// Guards against more than is needed being forced: what has nothing to do with the commit stays lazy.
#[test]
fn a_commit_forces_nothing_that_it_does_not_hang_on() {
    let world = world();
    world.commit(&[2], &[], Lazy);
    world.commit(&[0, 1], &[], Lazy);
    let forces = world.rvm.stats().log_forces;
    world.commit(&[0], &[], Force);
    assert_eq!(world.rvm.stats().log_forces, forces + 2);
    assert_eq!(world.after_a_crash(), [2, 1, 0]);
}
