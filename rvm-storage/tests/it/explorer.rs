//! The explorer's own promises: it finds what is planted, tells it in few words, and skips nothing that it says it tries.

use std::collections::BTreeSet;
use std::sync::Mutex;

use rvm_storage::sim::{Explorer, Failure, Notes, SimStorage};
use rvm_storage::{Storage, StorageError};

use crate::seg;

/// A pair of numbers in two files, which must never be further apart than one; the second is written first if `planted`.
fn pair(planted: bool) -> Result<u64, String> {
    let (first, second) = (seg("first"), seg("second"));
    let run = |storage: &SimStorage, steps: &[u8], notes: &Notes<u8>| -> Result<(), StorageError> {
        let files = [storage.create(&first)?, storage.create(&second)?];
        for file in &files {
            file.set_len(1)?;
            file.force()?;
        }
        storage.sync_names()?;
        notes.note(0);
        for step in steps {
            for (index, file) in files.iter().enumerate() {
                file.write_at(0, &[*step])?;
                if !(planted && *step == 3 && index == 0) {
                    file.force()?;
                }
            }
            notes.note(*step);
        }
        Ok(())
    };
    let check = |storage: &SimStorage, notes: &[u8]| {
        if notes.is_empty() {
            return Ok((0, 0));
        }
        // What only the cache has, no one may believe.
        let read = |name| {
            storage.open(name).and_then(|blob| blob.force()).unwrap();
            storage.read_file(name).unwrap().first().copied().unwrap()
        };
        let found = (read(&first), read(&second));
        // The first is never behind.
        if found.0 >= found.1 { Ok(found) } else { Err(format!("found {found:?}")) }
    };
    let explorer = Explorer::new(5);
    let outcome = explorer.explore(&[1, 2, 3, 4, 5], run, check);
    outcome.map(|done| done.states).map_err(|failure| failure.to_string())
}

/// Guards against an explorer that misses a forgotten force, and against a failure that tells more than is needed.
#[test]
fn the_explorer_finds_a_forgotten_force_and_shrinks_it() {
    assert!(pair(false).unwrap() > 20);
    let script = pair(true).unwrap_err();
    for part in ["found (0, 3)", "seed 5", "steps (1 of 5)", "1 3", "lost: first.seg 0..512"] {
        assert!(script.contains(part), "{part} is not in:\n{script}");
    }
}

/// Guards against a failure that cannot be reproduced.
#[test]
fn a_seed_finds_the_same_failure_again() {
    assert_eq!(pair(true), pair(true));
}

/// A program of two files of one byte, which needs its step 1 to make them, and forgets a force at step 3.
fn with_setup(storage: &SimStorage, steps: &[u8], notes: &Notes<u8>) -> Result<(), StorageError> {
    for step in steps {
        if *step == 1 {
            storage.create(&seg("a"))?.force()?;
            storage.sync_names()?;
            continue;
        }
        let blob = storage.open(&seg("a"))?;
        blob.write_at(0, &[*step])?;
        if *step != 3 {
            blob.force()?;
        }
        notes.note(*step);
    }
    Ok(())
}

/// The last note is what the file must hold at least.
fn at_least(storage: &SimStorage, notes: &[u8]) -> Result<u8, String> {
    let Some(least) = notes.last() else { return Ok(0) };
    let bytes = storage.read_file(&seg("a")).unwrap_or_default();
    let found = bytes.first().copied().unwrap_or(0);
    if found >= *least { Ok(found) } else { Err(format!("found {found} behind {least}")) }
}

/// Guards against a script that was shrunk until it failed for another reason: without its first step the program cannot run.
#[test]
fn shrinking_keeps_to_the_failure_that_was_found() {
    let failure = Explorer::new(1).explore(&[1, 2, 3, 4, 5], with_setup, at_least).unwrap_err();
    assert_eq!((failure.message.as_str(), failure.steps), ("found 0 behind 3", words(&[1, 3])));
}

/// Guards against the same with faults: without steps there is nothing to write, and no short write.
#[test]
fn shrinking_does_not_end_where_no_fault_fires() {
    let failure = Explorer::new(1)
        .fail_each(&[1, 2, 3, 4], &[Failure::ShortWrite], with_setup, at_least)
        .unwrap_err();
    assert!(failure.message.starts_with("found 0 behind 3"), "{failure}");
    assert_eq!(failure.steps, words(&[1, 3]));
}

fn words(steps: &[u8]) -> Vec<String> {
    steps.iter().map(ToString::to_string).collect()
}

/// Guards against a fault whose script does not say what failed, nor what was done before.
#[test]
fn a_script_names_the_operation_that_failed() {
    let run = |storage: &SimStorage, _: &[u8], notes: &Notes<u8>| -> Result<(), StorageError> {
        let blob = storage.create(&seg("a"))?;
        storage.sync_names()?;
        blob.write_at(0, &[1])?;
        // What a caller must never do.
        blob.force().ok();
        notes.note(1);
        Ok(())
    };
    let found = Explorer::new(1).fail_each(&[0_u8; 0], &[Failure::OutOfSpace], run, at_least);
    let script = found.unwrap_err().to_string();
    for part in ["OutOfSpace of operation    3 force a.seg", "2 write a.seg 0..1", "seed 1"] {
        assert!(script.contains(part), "{part} is not in:\n{script}");
    }
}

/// Guards against a lie of the cache that is looked for only at the end, when it was written over: an early note rests on it.
#[test]
fn the_power_goes_between_a_fault_and_the_end() {
    let run = |storage: &SimStorage, _: &[u8], notes: &Notes<u8>| -> Result<(), StorageError> {
        let blob = storage.create(&seg("a"))?;
        storage.sync_names()?;
        blob.write_at(0, &[1])?;
        if blob.force().is_err() {
            blob.force()?;
        }
        notes.note(1);
        blob.write_at(0, &[2])?;
        blob.force()?;
        notes.note(2);
        Ok(())
    };
    let explore = |seed| {
        let explorer = Explorer::new(seed).nested_share(1.0);
        explorer.fail_each(&[0_u8; 0], &[Failure::LostForce], run, at_least)
    };
    let failure = (0..10).find_map(|seed| explore(seed).err()).unwrap();
    assert!(failure.message.starts_with("found 0 behind 1\n  LostForce"), "{failure}");
}

/// Guards against states that are taken for seen: damage done by hand is a change of the medium like any other.
#[test]
fn a_state_behind_rot_is_another_one() {
    let damage: [fn(&SimStorage); 3] = [
        |storage| storage.rot(&seg("a"), 0, &[9]).unwrap(),
        |storage| storage.replace_file(&seg("a"), &[9]).unwrap(),
        |storage| storage.replace_file(&seg("b"), &[9]).unwrap(),
    ];
    for (at, damage) in damage.into_iter().enumerate() {
        let run = |storage: &SimStorage, _: &[u8], _: &Notes<u8>| -> Result<(), StorageError> {
            let blob = storage.create(&seg("a"))?;
            blob.write_at(0, &[1])?;
            blob.force()?;
            storage.sync_names()?;
            blob.set_len(1)?;
            damage(storage);
            blob.set_len(1)?;
            storage.replace_file(&seg("a"), &[1]).unwrap();
            storage.remove(&seg("b")).ok();
            Ok(())
        };
        let found = Mutex::new(BTreeSet::new());
        let check = |storage: &SimStorage, _: &[u8]| {
            let mut found = found.lock().unwrap();
            for name in ["a", "b"] {
                found.extend(storage.read_file(&seg(name)).into_iter().flatten());
            }
            Ok(())
        };
        Explorer::new(1).kills(false).explore(&[0_u8; 0], run, check).unwrap();
        assert!(found.into_inner().unwrap().contains(&9), "damage {at}");
    }
}

/// True if something is there that was not forced: the process was killed, and the power did not go.
fn behind_a_kill(storage: &SimStorage) -> bool {
    storage.moment().unknowns().ways() > 1
}

/// Writes a file of one byte, forced, with its name.
fn set(storage: &SimStorage, name: &str, byte: u8) {
    let blob = storage.create(&seg(name)).or_else(|_| storage.open(&seg(name))).unwrap();
    blob.write_at(0, &[byte]).unwrap();
    blob.force().unwrap();
    storage.sync_names().unwrap();
}

/// A program that leaves one byte on its way.
fn leaves_one_byte(storage: &SimStorage, _: &[u8], _: &Notes<u8>) -> Result<(), StorageError> {
    set(storage, "a", 0);
    storage.open(&seg("a"))?.write_at(0, &[1])
}

/// Guards against a recovery that decides twice and is not caught, because a process was killed before the power went.
#[test]
fn what_a_check_decides_stays_decided_behind_a_kill_too() {
    let check = |storage: &SimStorage, _: &[u8]| {
        if storage.read_file(&seg("killed")).is_none() {
            if behind_a_kill(storage) {
                storage.open(&seg("a")).unwrap().force().unwrap();
                set(storage, "killed", 1);
                return Ok(Some(vec![7]));
            }
            return Ok(storage.read_file(&seg("a")));
        }
        // Decides by how far it came before.
        let decided = storage.read_file(&seg("begun")).is_none();
        set(storage, "begun", 1);
        if decided {
            set(storage, "a", 7);
        }
        Ok(storage.read_file(&seg("a")))
    };
    let explore = |seed| {
        let explorer = Explorer::new(seed).nested_share(1.0);
        explorer.explore(&[0_u8; 0], leaves_one_byte, check)
    };
    let failure = (0..40).find_map(|seed| explore(seed).err()).unwrap();
    assert!(failure.message.contains("another outcome"), "{failure}");
}

/// Guards against a recovery that is only ever interrupted by a power cut: it may find what a killed one left in the cache.
#[test]
fn a_check_is_killed_inside_too() {
    let check = |storage: &SimStorage, _: &[u8]| {
        let half = storage.read_file(&seg("half")).is_some_and(|bytes| bytes == [1]);
        if half && behind_a_kill(storage) {
            return Err("the work of a killed check".to_owned());
        }
        let blob = storage.create(&seg("half")).or_else(|_| storage.open(&seg("half"))).unwrap();
        blob.write_at(0, &[1]).unwrap();
        blob.force().unwrap();
        Ok(())
    };
    let explore = |kills| {
        let explorer = Explorer::new(1).nested_share(1.0).kills(kills);
        explorer.explore(&[0_u8; 0], leaves_one_byte, check)
    };
    assert!(explore(true).is_err());
    assert!(explore(false).is_ok());
}
