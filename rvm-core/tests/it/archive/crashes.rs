//! The power goes at every moment of an archived store's life.

use super::*;
use rvm_core::rvm_history::verify::{Severity, VerifyOptions, verify};
use rvm_core::rvm_storage::sim::{Moment, SimStorage};

/// Steps after each of which the number of transactions that are durable is marked.
fn life(storage: &SimStorage) -> World {
    let mut world = World::new(open(Arc::new(storage.clone())).unwrap());
    world.map("a", 300).unwrap();
    world.map("b", 5_000).unwrap();
    world.write(&[("a", 0, b"before"), ("b", 0, b"before")]).unwrap();
    storage.record();
    storage.mark(1);
    world.rvm.archive_on().unwrap();
    let mark = |world: &World| storage.mark(usize::try_from(world.last()).unwrap());
    for round in 0..3_u8 {
        world.write(&[("a", 3, &[round + 1; 9]), ("b", 4_000, &[round + 1; 900])]).unwrap();
        mark(&world);
        world.write(&[("b", usize::from(round), b"alone")]).unwrap();
        mark(&world);
        world.rvm.truncate_log().unwrap();
    }
    world.map("late", 64).unwrap();
    world.write(&[("late", 0, b"late"), ("a", 290, b"late")]).unwrap();
    mark(&world);
    world.map("a", 9_000).unwrap();
    world.write(&[("a", 8_000, b"longer")]).unwrap();
    mark(&world);
    world.rvm.close().unwrap();
    world
}

/// Every state that may be shown after a crash: as the model had it, and none that had been durable is missing.
fn check_history(storage: &SimStorage, world: &World, durable: u64, context: &str) -> u64 {
    let newest = newest(storage, context);
    assert!(newest >= durable, "{context}: {newest} of {durable}");
    check_states(storage, world, (durable, newest), (newest - 1).max(1), context);
    let report = verify(storage, &VerifyOptions::default(), &mut |_| ()).unwrap();
    let alarms: Vec<_> = report.at_least(Severity::Warning).map(ToString::to_string).collect();
    assert!(alarms.is_empty(), "{context}: {alarms:?}");
    newest
}

fn newest(storage: &SimStorage, context: &str) -> u64 {
    match copied(storage, u64::MAX).unwrap_err() {
        CopyError::BeyondNewest { newest, .. } => newest.0,
        error => panic!("{context}: {error}"),
    }
}

fn check_states(
    storage: &SimStorage,
    world: &World,
    (durable, newest): (u64, u64),
    from: u64,
    context: &str,
) {
    let archiving = storage.list().unwrap().iter().any(|file| file.role() == FileRole::Archive);
    for until in from..=newest {
        let found = match copied(storage, until) {
            // Archiving has not begun in all segments; or it is the last, which was never acknowledged.
            Err(CopyError::OutOfReach { .. }) if until == 1 || !archiving => continue,
            found => found.unwrap_or_else(|error| panic!("{context}, until {until}: {error}")),
        };
        let is_one_of = |states: &[&State]| states.iter().any(|state| agrees(&found, state));
        let mut states = vec![world.state(until)];
        if until > durable {
            states.push(world.state(until - 1));
        }
        assert!(is_one_of(&states), "{context}, until {until} of {newest}, durable {durable}");
    }
}

/// A segment that was being made or extended may be there already, or not yet; the bytes that both have are the same.
fn agrees(found: &State, state: &State) -> bool {
    let names = found.keys().chain(state.keys());
    names.into_iter().all(|name| {
        let (found, state) = (found.get(name), state.get(name));
        let is_zero = |bytes: &[u8]| bytes.iter().all(|byte| *byte == 0);
        match (found, state) {
            (Some(found), Some(state)) => {
                let common = found.len().min(state.len());
                found[..common] == state[..common]
                    && is_zero(&found[common..])
                    && is_zero(&state[common..])
            }
            (Some(bytes), None) | (None, Some(bytes)) => is_zero(bytes),
            (None, None) => true,
        }
    })
}

fn check(moment: &Moment, storage: &SimStorage, world: &World, context: &str) {
    let durable = moment.marks() as u64;
    check_history(storage, world, durable, &format!("{context}, as found"));
    let rvm = open(Arc::new(storage.clone())).unwrap_or_else(|error| panic!("{context}: {error}"));
    let context = format!("{context}, recovered");
    let newest = check_history(storage, world, durable, &context);
    // It goes on, without a gap in the archives.
    let before = copied(storage, newest).unwrap();
    let (a, b) = (rvm.map("a", 300).unwrap(), rvm.map("b", 5_000).unwrap());
    let mut txn = rvm.begin(&[&a, &b]).unwrap();
    txn.write(&a, 100, b"behind").unwrap();
    txn.write(&b, 100, b"behind").unwrap();
    let id = txn.commit().unwrap().transaction_id();
    rvm.truncate_log().unwrap();
    check_states(storage, world, (durable, newest), 1, &format!("{context}, gone on"));
    // Before the second transaction not all segments may have been archived, and without that truncation takes history away.
    if newest > 1 {
        assert!(agrees(&copied(storage, newest).unwrap(), &before), "{context}, gone on");
    }
    let after = copied(storage, id).unwrap();
    assert_eq!((&after["a"][100..106], &after["b"][100..106]), (&b"behind"[..], &b"behind"[..]));
}

/// Guards against a head that moves before what lies below it is in the archive, a copy of the segment that is not of its LSN, records that a
/// crash takes back, torn ends taken for whole, and appends behind them.
#[test]
fn whenever_the_power_goes_history_is_whole() {
    let storage = SimStorage::new(3);
    let world = life(&storage);
    let moments = storage.recorded().moments;
    assert!(moments.len() > 150, "{}", moments.len());
    for (at, moment) in moments.iter().enumerate() {
        let unknowns = moment.unknowns();
        let cuts = unknowns.cuts_up_to(2);
        for (way, cut) in cuts.iter().enumerate() {
            let found = moment.power_cut(&unknowns, cut);
            let context = format!("moment {at} ({moment}), way {way}");
            check(moment, &found, &world, &context);
        }
        if at % 3 == 0 {
            check(moment, &moment.process_kill(), &world, &format!("killed at {at}"));
        }
    }
}
