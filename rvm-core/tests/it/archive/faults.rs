//! Operations of an archived store fail.

use super::*;
use rvm_core::rvm_storage::sim::{Failure, Fault, Operation, SimStorage};

/// A life up to its end, or to the first failure.
fn live(world: &mut World) -> rvm_core::Result<()> {
    for round in 0..2_u8 {
        world.write(&[("a", 3, &[round + 1; 9]), ("b", 4_000, &[round + 1; 900])])?;
        world.write(&[("b", usize::from(round), b"alone")])?;
        let report = world.rvm.truncate_log()?;
        if !report.out_of_space.is_empty() {
            world.rvm.truncate_log()?;
        }
    }
    if !world.now.contains_key("late") {
        world.map("late", 64)?;
    }
    world.write(&[("late", 0, b"late")])?;
    world.map("a", 9_000)?;
    world.write(&[("a", 8_000, b"longer")])?;
    world.rvm.close()
}

fn begun(storage: &SimStorage) -> World {
    let mut world = World::new(open(Arc::new(storage.clone())).unwrap());
    world.map("a", 300).unwrap();
    world.map("b", 5_000).unwrap();
    world.write(&[("a", 0, b"before"), ("b", 0, b"before")]).unwrap();
    world.rvm.archive_on().unwrap();
    world
}

/// One life in which the n-th change fails; false if it had fewer.
fn run(n: u64, failure: Failure) -> bool {
    let storage = SimStorage::new(1);
    let mut world = begun(&storage);
    storage.inject(Fault::nth(n, failure).when(|operation| operation.kind.changes()));
    let context = format!("{failure:?} at {n}");
    let mut acknowledged = world.last();
    if live(&mut world).is_err() {
        acknowledged = world.last();
        let again = world.write(&[("b", 77, b"again")]);
        if failure == Failure::OutOfSpace && again.is_ok() {
            acknowledged = world.last();
        }
    } else {
        acknowledged = acknowledged.max(world.last());
    }
    let fired = storage.faults_fired() > 0;
    let found = storage.crash();
    let check = |context: &str, from: u64| {
        for until in from..=acknowledged {
            let state = copied(&found, until);
            let state = state.unwrap_or_else(|error| panic!("{context}, until {until}: {error}"));
            for (name, bytes) in world.state(until) {
                let then = &state.get(name).unwrap_or_else(|| panic!("{context}: {name}"));
                assert!(then.starts_with(bytes), "{context}, until {until}: {name}");
            }
        }
    };
    check(&format!("{context}, as found"), acknowledged);
    let rvm = open(Arc::new(found.clone())).expect(&context);
    rvm.close().unwrap();
    check(&format!("{context}, recovered"), 1);
    fired
}

/// Guards against history lost, or a store stuck, when an operation fails, those on the archive among them.
#[test]
fn whatever_operation_fails_history_keeps_what_was_acknowledged() {
    for failure in [Failure::Error, Failure::ErrorWhenDone, Failure::LostForce, Failure::OutOfSpace]
    {
        let operations = (0..10_000).take_while(|n| run(*n, failure)).count();
        assert!(operations > 60, "{operations} times {failure:?}: the life is too short");
    }
}

/// Guards against a full disk that loses history, or that is not told; and against half a frame that is taken for whole afterwards.
#[test]
fn an_archive_that_is_full_keeps_the_log_as_it_is() {
    for failure in [Failure::OutOfSpace, Failure::ShortWrite] {
        let storage = SimStorage::new(1);
        let mut world = begun(&storage);
        world.write(&[("a", 1, b"kept"), ("b", 1, b"kept")]).unwrap();
        let on_archives = |operation: &Operation| {
            let on_archive = operation.to_string().contains(".arc");
            operation.kind.changes() && on_archive
        };
        storage.inject(Fault::nth(0, failure).when(on_archives).lasting());
        let report = world.rvm.truncate_log().unwrap();
        assert_eq!(report.out_of_space, ["a", "b"], "{failure:?}");
        world.write(&[("a", 2, b"on"), ("b", 2, b"on")]).unwrap();
        assert_eq!(world.rvm.truncate_log().unwrap().out_of_space, ["a", "b"]);
        for until in 1..=3 {
            assert_eq!(copied(&storage, until).unwrap(), *world.state(until), "until {until}");
        }
        let refused = world.map("a", 400).unwrap_err();
        assert!(refused.is_out_of_space(), "{refused}");
        storage.clear_faults();
        world.segments.remove("a");
        let before = world.now["a"].clone();
        world.map("a", 300).unwrap();
        assert_eq!(world.segments["a"].len(), 300, "nothing has changed");
        assert_eq!(world.now["a"], before);
        assert!(world.rvm.truncate_log().unwrap().out_of_space.is_empty());
        world.write(&[("a", 5, b"later")]).unwrap();
        world.rvm.truncate_log().unwrap();
        let found = storage.crash();
        for until in 1..=4 {
            assert_eq!(copied(&found, until).unwrap(), *world.state(until), "until {until}");
        }
        assert_eq!(archive(&found, "a").stretches().len(), 1);
    }
}
