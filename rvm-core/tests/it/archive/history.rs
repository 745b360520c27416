//! A long history, copied as of every transaction in it.

use super::*;
use rvm_core::rvm_history::point_in_time::{plan_point_in_time, reach};

const TRANSACTIONS: u64 = 1_000;

/// A thousand transactions over three segments, of one to three of them each, with truncations, extensions, reopenings, and a segment that is
/// destroyed and made again.
fn long_life(storage: &MemStorage) -> World {
    let mut world = World::new(open(Arc::new(storage.clone())).unwrap());
    for (name, len) in [("a", 1_000), ("b", 3_000), ("c", 5_000)] {
        world.map(name, len).unwrap();
    }
    world.rvm.archive_on().unwrap();
    let mut random = 7_u64;
    let mut next = |below: usize| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (random >> 33) as usize % below
    };
    while world.last() < TRANSACTIONS {
        let step = world.last();
        let names: Vec<String> = world.now.keys().cloned().collect();
        let first = next(names.len());
        let mut writes = Vec::new();
        for name in names.iter().cycle().skip(first).take(1 + next(names.len())) {
            let len = 1 + next(60);
            let offset = next(world.now[name].len() - len);
            writes.push((name.as_str(), offset, vec![u8::try_from(1 + next(250)).unwrap(); len]));
        }
        let writes: Vec<(&str, usize, &[u8])> =
            writes.iter().map(|(name, offset, bytes)| (*name, *offset, bytes.as_slice())).collect();
        world.write(&writes).unwrap();
        match step {
            250 => world.map("a", 2_500).unwrap(),
            400 => world.destroy("b").unwrap(),
            500 => world.map("b", 800).unwrap(),
            750 => world.map("b", 1_600).unwrap(),
            300 | 600 | 900 => {
                world.rvm.close().unwrap();
                world.rvm = open(Arc::new(storage.clone())).unwrap();
                for (name, bytes) in &world.now {
                    let segment = world.rvm.map(name, bytes.len() as u64).unwrap();
                    world.segments.insert(name.clone(), segment);
                }
            }
            _ if step % 90 == 17 => drop(world.rvm.truncate_log().unwrap()),
            _ => {}
        }
    }
    world
}

/// Guards against a state that the store never had: a record left out or applied twice, a transaction over several segments split, a segment
/// shown before it was made, behind its end, or with another's bytes. Beside the store that is open, too.
#[test]
fn a_copy_as_of_any_of_a_thousand_transactions_is_what_the_model_had() {
    let storage = MemStorage::new();
    let world = long_life(&storage);
    for until in 0..=TRANSACTIONS {
        if until == 0 {
            // The segments were there before archiving began.
            assert_eq!(copied(&storage, 0).unwrap(), *world.state(0));
        }
        assert_eq!(copied(&storage, until).unwrap(), *world.state(until), "until {until}");
    }
    for name in ["a", "b", "c"] {
        let archive = archive(&storage, name);
        assert!(archive.breaks().is_empty() && archive.torn_len() == 0);
        assert_eq!(archive.stretches().len(), if name == "b" { 2 } else { 1 });
        let ids = archived(&archive);
        assert!(ids.is_sorted() && ids.len() > 300, "{name}: {}", ids.len());
    }
}

/// Guards against a copy that is called right where nothing is known, and against limits told wrong.
#[test]
fn what_is_not_known_is_refused_and_named() {
    let storage = MemStorage::new();
    let mut world = World::new(open(Arc::new(storage.clone())).unwrap());
    world.map("a", 100).unwrap();
    world.map("b", 100).unwrap();
    for byte in 1..=3 {
        world.write(&[("a", 0, &[byte])]).unwrap();
        world.write(&[("b", 0, &[byte])]).unwrap();
    }
    world.rvm.archive_on().unwrap();
    world.write(&[("a", 1, &[9])]).unwrap();
    world.map("late", 10).unwrap();
    world.write(&[("b", 1, &[9]), ("late", 0, &[1])]).unwrap();
    for until in 6..=8 {
        assert_eq!(copied(&storage, until).unwrap(), *world.state(until), "until {until}");
    }
    let error = copied(&storage, 5).unwrap_err();
    let CopyError::OutOfReach { segments, .. } = &error else { panic!("{error}") };
    let six = Some(TxnId(6));
    assert_eq!(*segments, [("a".to_owned(), six), ("b".to_owned(), six)]);
    assert!(error.to_string().contains("\"a\" is known from transaction 6 on"), "{error}");
    let error = copied(&storage, 9).unwrap_err();
    assert!(matches!(error, CopyError::BeyondNewest { newest: TxnId(8), .. }), "{error}");
    let plan = plan_point_in_time(&storage, Until::Transaction(TxnId(6)), WAIT).unwrap();
    assert_eq!((plan.segments.len(), &plan.absent), (2, &vec!["late".to_owned()]));
    let reach = reach(&storage, WAIT).unwrap();
    let of = |name: &str| reach.iter().find(|reach| reach.segment == name).unwrap();
    assert_eq!((&of("a").stretches, of("a").created), (&vec![(TxnId(6), None)], false));
    assert_eq!((&of("late").stretches, of("late").created), (&vec![(TxnId(7), None)], true));
}

/// Guards against a store without archives that is copied from files that truncation has changed.
#[test]
fn without_archives_the_logs_alone_are_history() {
    let storage = MemStorage::new();
    let mut world = World::new(open(Arc::new(storage.clone())).unwrap());
    world.map("a", 100).unwrap();
    world.map("b", 100).unwrap();
    for byte in 1..=9 {
        world.write(&[("a", 0, &[byte]), ("b", 7, &[byte])]).unwrap();
        if byte == 4 {
            world.rvm.truncate_log().unwrap();
        }
    }
    for until in 4..=9 {
        assert_eq!(copied(&storage, until).unwrap(), *world.state(until), "until {until}");
    }
    assert!(matches!(copied(&storage, 3), Err(CopyError::OutOfReach { .. })));
}

/// Guards against a time that takes in a transaction committed later, or leaves out one committed before.
#[test]
fn a_time_is_that_before_the_first_transaction_committed_later() {
    let storage = MemStorage::new();
    let mut world = World::new(open(Arc::new(storage.clone())).unwrap());
    world.map("a", 100).unwrap();
    world.rvm.archive_on().unwrap();
    for byte in 1..=6 {
        world.write(&[("a", 0, &[byte])]).unwrap();
        if byte % 2 == 0 {
            world.rvm.truncate_log().unwrap();
        }
    }
    let archive = archive(&storage, "a");
    let (mut reader, mut times) = (ArchiveReader::new(&archive), Vec::new());
    while let Some(record) = reader.next().unwrap() {
        times.push((record.header().commit_time, record.header().txn_id));
    }
    assert_eq!(times.len(), 6);
    for (time, id) in times {
        let at = |time| plan_point_in_time(&storage, Until::Time(time), WAIT).unwrap().until;
        assert_eq!(at(time), id);
        if id.0 > 1 {
            assert_eq!(at(time - 1), TxnId(id.0 - 1));
        }
    }
    let began = archive.stretches()[0].base.unwrap().time;
    assert_eq!(plan_point_in_time(&storage, Until::Time(began), WAIT).unwrap().until, TxnId(0));
    for time in [0, began - 1] {
        let refused = plan_point_in_time(&storage, Until::Time(time), WAIT).unwrap_err();
        let CopyError::BeforeHistory { segments } = refused else { panic!("{refused}") };
        assert_eq!(segments, ["a"]);
    }
}
