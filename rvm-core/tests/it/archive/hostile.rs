//! Archives with any byte wrong, or cut anywhere.

use super::*;
use rvm_core::Error;

fn small() -> (MemStorage, World) {
    let storage = MemStorage::new();
    let mut world = World::new(open(Arc::new(storage.clone())).unwrap());
    world.map("a", 100).unwrap();
    world.rvm.archive_on().unwrap();
    for byte in 1..=4 {
        world.write(&[("a", usize::from(byte), &[byte; 20])]).unwrap();
        world.rvm.truncate_log().unwrap();
    }
    world.rvm.close().unwrap();
    (storage, world)
}

/// What is shown is right, or it is refused with the place.
fn check(storage: &MemStorage, world: &World, context: &str) {
    for until in [2, 4] {
        match copied(storage, until) {
            Ok(found) => assert_eq!(found, *world.state(until), "{context}, until {until}"),
            Err(CopyError::OutOfReach { .. } | CopyError::BeyondNewest { .. }) => {}
            Err(CopyError::Store(Error::Corrupt(damage))) => {
                assert!(damage.to_string().contains("a.arc"), "{context}: {damage}");
            }
            Err(error) => panic!("{context}: {error}"),
        }
    }
}

/// Guards against a panic, a state that never was, and a store that does not go on.
#[test]
fn an_archive_with_any_byte_wrong_shows_nothing_wrong() {
    let (storage, world) = small();
    let good = storage.read_file(&archive_file("a")).unwrap();
    assert!(good.len() < 10_000);
    // The frames, and some of what comes before.
    let places = (0..256).chain(4_090..4_352).chain(8_188..good.len());
    for place in places {
        let mut bytes = good.clone();
        bytes[place] ^= 0x10;
        storage.replace_file(&archive_file("a"), bytes);
        check(&storage, &world, &format!("byte {place}"));
        if place % 16 == 0 {
            let storage = copy_of(&storage);
            let rvm = open(Arc::new(storage.clone())).unwrap();
            let a = rvm.map("a", 100).unwrap();
            rvm.transaction(&[&a], |txn| txn.write(&a, 0, b"on")).unwrap();
            rvm.close().unwrap();
            check(&storage, &world, &format!("byte {place}, gone on"));
        }
    }
}

/// Guards against the same where an archive ends too early.
#[test]
fn an_archive_cut_anywhere_shows_nothing_wrong() {
    let (storage, world) = small();
    let good = storage.read_file(&archive_file("a")).unwrap();
    for len in (0..8_192).step_by(512).chain(8_192..good.len()) {
        storage.replace_file(&archive_file("a"), good[..len].to_vec());
        check(&storage, &world, &format!("{len} bytes"));
        if len % 8 == 0 {
            let storage = copy_of(&storage);
            let rvm = open(Arc::new(storage.clone())).unwrap();
            let a = rvm.map("a", 100).unwrap();
            rvm.transaction(&[&a], |txn| txn.write(&a, 0, b"on")).unwrap();
            rvm.truncate_log().unwrap();
            rvm.transaction(&[&a], |txn| txn.write(&a, 0, b"and on")).unwrap();
            rvm.close().unwrap();
            check(&storage, &world, &format!("{len} bytes, gone on"));
            if len > 8_192 {
                let last = archive(&storage, "a");
                assert!(last.breaks().is_empty() && last.torn_len() == 0, "{len} bytes");
            }
        }
    }
}
