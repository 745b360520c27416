//! Corners of the simulated device: states of a real one that it must be able to produce, and states of none that it must not.

use std::collections::BTreeSet;
use std::sync::mpsc;
use std::time::Duration;

use rvm_storage::sim::{Failure, Fault, OperationKind, SimStorage};
use rvm_storage::{Blob, Fill, LockMode, LockScope, Storage, Write};

use crate::seg;
use crate::sim::{contents, forced_file};

/// Longer than anything that is not stuck.
const STUCK: Duration = Duration::from_secs(20);

/// Every content of `a.seg` that a power cut may leave now, where there is one.
fn found(storage: &SimStorage) -> Vec<Vec<u8>> {
    contents(storage, &seg("a")).into_iter().flatten().collect()
}

fn write_and_force(blob: &dyn Blob, offset: u64, bytes: &[u8]) {
    blob.write_and_force(&[Write { offset, bytes }]).unwrap();
}

/// Guards against a forced write that is gone because its file is found with a length of before.
#[test]
fn no_earlier_length_takes_back_a_forced_write() {
    for lens in [&[1024, 2048][..], &[2048, 512, 2048], &[1700, 100, 4000, 1599, 1600]] {
        let storage = SimStorage::new(1);
        let blob = forced_file(&storage, &seg("a"), b"");
        for len in lens {
            blob.set_len(*len).unwrap();
        }
        write_and_force(&*blob, 1500, &[1; 100]);
        for content in found(&storage) {
            assert_eq!(content.get(1500..1600), Some(&[1; 100][..]), "{} bytes", content.len());
        }
    }
}

/// Guards against a torn sector: one that is forced in part when the file ends in it on the medium, and not in the cache.
#[test]
fn a_forced_write_takes_its_whole_sector_along() {
    for len in [0, 50, 100] {
        let storage = SimStorage::new(1);
        let blob = forced_file(&storage, &seg("a"), &vec![1; len]);
        blob.write_at(0, &[1; 700]).unwrap();
        write_and_force(&*blob, 0, &[2; 100]);
        let found = found(&storage);
        assert!(found.iter().any(|content| content.len() == 700));
        for content in found {
            let end = content.len().min(512);
            assert!(content.len() >= 100 && content[..100] == [2; 100]);
            assert!(content[100..end].iter().all(|byte| *byte == 1), "torn: {content:?}");
        }
    }
}

/// Guards against what such a sector held coming back when the file was cut, and grew again.
#[test]
fn what_was_forced_behind_the_end_does_not_come_back() {
    let storage = SimStorage::new(1);
    let blob = forced_file(&storage, &seg("a"), &[1; 100]);
    blob.write_at(0, &[1; 300]).unwrap();
    write_and_force(&*blob, 0, &[2; 100]);
    blob.set_len(100).unwrap();
    blob.set_len(300).unwrap();
    let expected = [vec![2; 100], vec![0; 200]].concat();
    assert!(found(&storage).contains(&expected), "what was last written");
    blob.force().unwrap();
    assert_eq!(found(&storage), [expected]);
}

/// Guards against new space that is all zero because one sector behind it was forced.
#[test]
fn stale_bytes_are_found_beside_a_forced_write() {
    let storage = SimStorage::new(1);
    let blob = forced_file(&storage, &seg("a"), b"");
    blob.allocate(4096, Fill::Written).unwrap();
    write_and_force(&*blob, 3000, &[1; 100]);
    let found = found(&storage);
    assert!(found.iter().any(|content| content[0] != 0));
    assert!(found.iter().any(|content| content[0] == 0));
    assert!(found.iter().any(|content| content[0] != 0 && content[512] == 0), "not in all");
    assert!(found.iter().all(|content| content[2560..3000] == [0; 440]), "the same sector");
}

/// Guards against a cache that lies about what was written to it, and not about the zeros of new space.
#[test]
fn a_lost_force_loses_the_zeros_of_new_space_too() {
    let grown = || {
        let storage = SimStorage::new(1);
        let blob = forced_file(&storage, &seg("a"), b"");
        blob.allocate(1024, Fill::Written).unwrap();
        storage.inject(Fault::nth(0, Failure::LostForce).of(OperationKind::Force));
        blob.force().unwrap_err();
        blob.force().unwrap();
        (storage, blob)
    };
    let (storage, blob) = grown();
    assert_eq!(storage.read_file(&seg("a")).unwrap(), [0; 1024]);
    assert!(found(&storage).iter().any(|content| content[0] != 0), "believed twice");
    blob.write_at(0, &[1; 1024]).unwrap();
    blob.force().unwrap();
    assert_eq!(found(&storage), [[1; 1024]]);
    // What is read behind dropping the cache, no power cut changes.
    let (storage, blob) = grown();
    blob.drop_cache().unwrap();
    assert_eq!(found(&storage), [storage.read_file(&seg("a")).unwrap()]);
}

/// Guards against a file that is found with its length of before a long write or behind it, and never in between.
#[test]
fn growth_is_found_in_part() {
    let grow: [fn(&dyn Blob) -> rvm_storage::Result<()>; 3] = [
        |blob| blob.write_at(0, &[1; 12_000]),
        |blob| blob.allocate(12_000, Fill::Written),
        |blob| blob.allocate(12_000, Fill::Reserved),
    ];
    for grow in grow {
        let storage = SimStorage::new(1);
        let blob = forced_file(&storage, &seg("a"), b"");
        grow(&*blob).unwrap();
        let lens: BTreeSet<usize> = found(&storage).iter().map(Vec::len).collect();
        assert_eq!(lens, BTreeSet::from([0, 8192, 12_000]));
    }
}

/// Guards against a kill that comes only between operations: a long write is left half done in the cache.
#[test]
fn a_process_is_killed_inside_a_long_write() {
    let write: [fn(&dyn Blob); 2] =
        [|blob| blob.write_at(0, &[1; 8192]).unwrap(), |blob| write_and_force(blob, 0, &[1; 8192])];
    for write in write {
        let storage = SimStorage::new(1);
        let blob = forced_file(&storage, &seg("a"), &[0; 8192]);
        storage.record();
        write(&*blob);
        let moments = storage.recorded().moments;
        let killed = moments.iter().map(|moment| moment.process_kill().read_file(&seg("a")));
        let killed: BTreeSet<_> = killed.flatten().collect();
        let half = [vec![1; 4096], vec![0; 4096]].concat();
        assert_eq!(killed, BTreeSet::from([vec![0; 8192], half, vec![1; 8192]]));
    }
}

/// Guards against forces that come one after the other only: two files are written at once, and both are torn.
#[test]
fn two_forced_writes_are_torn_at_once() {
    let storage = SimStorage::new(1);
    let blobs = ["a", "b"].map(|name| forced_file(&storage, &seg(name), &[0; 512]));
    let (begun, has_begun) = mpsc::channel();
    let (go_on, may_go_on) = mpsc::channel();
    let may_go_on = parking_lot::Mutex::new(may_go_on);
    storage.on_forced_write(move |operation| {
        if operation.file == Some(seg("a")) {
            begun.send(()).unwrap();
            may_go_on.lock().recv_timeout(STUCK).unwrap();
        }
    });
    storage.record();
    std::thread::scope(|scope| {
        scope.spawn(|| write_and_force(&*blobs[0], 0, &[1; 512]));
        has_begun.recv_timeout(STUCK).unwrap();
        write_and_force(&*blobs[1], 0, &[1; 512]);
        go_on.send(()).unwrap();
    });
    let moments = storage.recorded().moments;
    let ways: Vec<u64> = moments.iter().map(|moment| moment.unknowns().ways()).collect();
    assert_eq!(ways, [1, 2, 2, 4, 1], "before, inside the first, inside both, at the end");
}

/// Guards against a forced write that says yes although the power went inside it.
#[test]
fn no_forced_write_succeeds_behind_a_power_cut() {
    let storage = SimStorage::new(1);
    let blob = forced_file(&storage, &seg("a"), &[0; 512]);
    let dying = storage.clone();
    storage.on_forced_write(move |_| drop(dying.crash()));
    blob.write_and_force(&[Write { offset: 0, bytes: &[1; 512] }]).unwrap_err();
}

/// Guards against what a killed process had on its way being merged with what the next one writes.
#[test]
fn a_killed_process_leaves_versions_of_its_own() {
    for delay in 0..10 {
        let storage = SimStorage::new(1);
        let blob = forced_file(&storage, &seg("a"), &[0]);
        blob.write_at(0, &[1]).unwrap();
        let next = storage.moment().process_kill();
        let blob = next.open(&seg("a")).unwrap();
        for _ in 0..delay {
            blob.len().unwrap();
        }
        blob.write_at(0, &[2]).unwrap();
        assert_eq!(found(&next), [[0], [1], [2]], "{delay} operations before the write");
    }
}

/// Guards against a planted file that is gone because its name was removed, or renamed, before it was planted.
#[test]
fn a_planted_file_outlives_what_was_done_to_its_name_before() {
    let change: [fn(&SimStorage); 4] = [
        |storage| storage.remove(&seg("a")).unwrap(),
        |storage| storage.rename(&seg("a"), &seg("b")).unwrap(),
        |storage| {
            storage.rename(&seg("a"), &seg("b")).unwrap();
            storage.rename(&seg("b"), &seg("a")).unwrap();
            storage.remove(&seg("a")).unwrap();
        },
        |storage| {
            storage.remove(&seg("a")).unwrap();
            storage.create(&seg("a")).unwrap();
            storage.remove(&seg("a")).unwrap();
        },
    ];
    for change in change {
        let storage = SimStorage::new(1);
        forced_file(&storage, &seg("a"), b"old");
        change(&storage);
        storage.replace_file(&seg("a"), b"planted").unwrap();
        assert_eq!(contents(&storage, &seg("a")), BTreeSet::from([Some(b"planted".to_vec())]));
    }
}

/// Guards against rot that heals when what was on its way to the medium arrives there.
#[test]
fn rot_stays_in_what_was_not_forced() {
    let storage = SimStorage::new(1);
    let blob = forced_file(&storage, &seg("a"), &[0; 600]);
    blob.write_at(0, &[1; 600]).unwrap();
    storage.rot(&seg("a"), 510, &[7; 4]).unwrap();
    for content in found(&storage) {
        assert_eq!(content[510..514], [7; 4]);
    }
}

/// Guards against a cut that promises everything as it was written, and shows what never was.
#[test]
fn everything_is_as_it_was_last_written() {
    let storage = SimStorage::new(1);
    let blob = forced_file(&storage, &seg("a"), b"");
    blob.allocate(1024, Fill::Written).unwrap();
    let moment = storage.moment();
    let unknowns = moment.unknowns();
    let found = moment.power_cut(&unknowns, &unknowns.everything());
    assert_eq!(found.read_file(&seg("a")).unwrap(), [0; 1024]);
    let told = unknowns.describe(&unknowns.everything()).to_string();
    assert_eq!(told.lines().count(), 1, "{told}");
}

/// Guards against a script that calls a file by a number, because its name is about to go.
#[test]
fn a_cut_is_told_with_the_names_of_files() {
    let storage = SimStorage::new(1);
    let blob = forced_file(&storage, &seg("a"), &[0; 512]);
    blob.write_at(0, &[1]).unwrap();
    storage.remove(&seg("a")).unwrap();
    storage.create(&seg("b")).unwrap().write_at(0, &[1]).unwrap();
    storage.remove(&seg("b")).unwrap();
    let unknowns = storage.moment().unknowns();
    let told = unknowns.describe(&unknowns.nothing()).to_string();
    for part in ["lost: a.seg 0..512", "lost: b.seg 0..512", "the removal of a.seg"] {
        assert!(told.contains(part), "{part} is not in:\n{told}");
    }
}

/// Guards against a fault that is counted as fired while nothing failed: a lock is an operation like any other.
#[test]
fn taking_a_lock_fails_when_it_is_told_to() {
    for failure in Failure::ALL {
        let storage = SimStorage::new(1);
        storage.inject(Fault::nth(0, failure).of(OperationKind::Lock));
        let lock = storage.lock(LockScope::Owner, LockMode::Exclusive, Duration::ZERO);
        assert_eq!(storage.faults_fired(), 1);
        assert!(lock.is_err(), "{failure:?}");
    }
}

/// Guards against a fault that does not count the operations which another one made fail.
#[test]
fn every_fault_counts_for_itself() {
    let storage = SimStorage::new(1);
    for n in [0, 1, 3] {
        storage.inject(Fault::nth(n, Failure::Error).of(OperationKind::SyncNames));
    }
    let outcomes = [(); 5].map(|()| storage.sync_names().is_ok());
    assert_eq!(outcomes, [false, false, true, false, true]);
}
