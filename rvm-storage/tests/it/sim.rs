//! The simulator's own promises: it is a backend like the others, and it does to a store what it says it does.

use std::collections::BTreeSet;
use std::sync::Arc;

use rvm_storage::sim::{Failure, Fault, OperationKind, SimStorage};
use rvm_storage::{FileName, Fill, Storage, Write, conformance};

use crate::seg;

pub(crate) fn forced_file(
    storage: &SimStorage,
    name: &FileName,
    bytes: &[u8],
) -> Arc<dyn rvm_storage::Blob> {
    let blob = storage.create(name).unwrap();
    blob.write_at(0, bytes).unwrap();
    blob.force().unwrap();
    storage.sync_names().unwrap();
    blob
}

fn erased(storage: SimStorage) -> Arc<dyn Storage> {
    Arc::new(storage)
}

/// Every content of `name` that a power cut may leave now.
pub(crate) fn contents(storage: &SimStorage, name: &FileName) -> BTreeSet<Option<Vec<u8>>> {
    let moment = storage.moment();
    let unknowns = moment.unknowns();
    let cuts = unknowns.cuts_up_to(4096);
    cuts.iter().map(|cut| moment.power_cut(&unknowns, cut).read_file(name)).collect()
}

/// Guards against a simulator that is no backend: every promise of the traits holds, whatever becomes of what was not forced.
#[test]
fn it_conforms() {
    conformance::check(&|| Arc::new(SimStorage::new(1))).unwrap();
    for seed in 0..50 {
        let current = std::sync::Mutex::new(SimStorage::new(0));
        let make = || {
            let storage = SimStorage::new(seed);
            *current.lock().unwrap() = storage.clone();
            erased(storage)
        };
        let crash = |_: Arc<dyn Storage>| {
            let mut current = current.lock().unwrap();
            *current = current.cut_power(seed);
            erased(current.clone())
        };
        conformance::check_crash(&make, &crash).unwrap();
    }
}

/// Guards against a cut that is too kind or too harsh: each sector old, or as at any write since, and nothing else.
#[test]
fn sectors_are_found_old_or_in_any_version_independently() {
    let storage = SimStorage::new(1);
    let blob = forced_file(&storage, &seg("a"), &[0; 1024]);
    blob.write_at(500, &[1; 24]).unwrap();
    blob.write_at(512, &[2; 12]).unwrap();
    let expected: BTreeSet<_> = [(0, 0), (1, 0), (0, 1), (1, 1), (0, 2), (1, 2)]
        .into_iter()
        .map(|(first, second)| {
            let mut bytes = vec![0; 1024];
            bytes[500..512].fill(first);
            bytes[512..524].fill(second);
            Some(bytes)
        })
        .collect();
    assert_eq!(contents(&storage, &seg("a")), expected);
    blob.force().unwrap();
    assert_eq!(contents(&storage, &seg("a")).len(), 1);
}

/// Guards against a forced write that is lost, or that takes along what was not forced.
#[test]
fn a_forced_write_is_kept_and_only_that() {
    let storage = SimStorage::new(1);
    let blob = forced_file(&storage, &seg("a"), &[0; 2048]);
    blob.write_at(1024, &[1; 10]).unwrap();
    blob.write_and_force(&[Write { offset: 0, bytes: &[2; 512] }]).unwrap();
    for content in contents(&storage, &seg("a")) {
        let content = content.unwrap();
        assert_eq!(content[..512], [2; 512]);
        assert!(content[1024] == 0 || content[1024] == 1);
    }
    assert_eq!(contents(&storage, &seg("a")).len(), 2);
}

/// Guards against a cut that comes only between operations: inside a forced write any of its sectors may be there.
#[test]
fn a_forced_write_is_torn_inside() {
    let storage = SimStorage::new(1);
    let blob = forced_file(&storage, &seg("a"), &[0; 1024]);
    storage.record();
    blob.write_and_force(&[Write { offset: 0, bytes: &[1; 1024] }]).unwrap();
    let recording = storage.recorded();
    let ways: Vec<u64> = recording.moments.iter().map(|m| m.unknowns().ways()).collect();
    assert_eq!(ways, [1, 4, 1], "before, inside and behind");
    let numbers = recording.moments.iter().map(|moment| moment.operation().map(|o| o.number));
    let number = recording.operations[0].number;
    assert_eq!(numbers.collect::<Vec<_>>(), [Some(number), Some(number), None]);
}

/// Guards against lengths that are durable too early, and against new space that is always zero.
#[test]
fn growth_is_lost_found_or_shows_stale_bytes() {
    let storage = SimStorage::new(1);
    let blob = forced_file(&storage, &seg("a"), &[1; 512]);
    blob.allocate(1024, Fill::Written).unwrap();
    let found: Vec<_> = contents(&storage, &seg("a")).into_iter().flatten().collect();
    assert_eq!(found.len(), 3);
    assert!(found.iter().any(|bytes| bytes.len() == 512));
    assert!(found.iter().any(|bytes| bytes.len() == 1024 && bytes[600] == 0));
    assert!(found.iter().any(|bytes| bytes.len() == 1024 && bytes[600] != 0));
    blob.force().unwrap();
    assert_eq!(contents(&storage, &seg("a")).first().unwrap().as_ref().unwrap()[600], 0);
    blob.allocate(1536, Fill::Reserved).unwrap();
    let found = contents(&storage, &seg("a"));
    assert_eq!(found.len(), 2);
    assert!(found.iter().flatten().all(|bytes| bytes[1024..].iter().all(|byte| *byte == 0)));
}

/// Guards against a file that is cut and grown again and shows its former bytes.
#[test]
fn a_cut_and_regrown_file_never_mixes_lives() {
    let storage = SimStorage::new(1);
    let blob = forced_file(&storage, &seg("a"), &[1; 1024]);
    blob.set_len(0).unwrap();
    blob.set_len(1024).unwrap();
    assert_eq!(storage.read_file(&seg("a")).unwrap(), [0; 1024]);
    blob.force().unwrap();
    assert_eq!(contents(&storage, &seg("a")), BTreeSet::from([Some(vec![0; 1024])]));
}

/// Guards against names that are durable without being synced, and against an order among them.
#[test]
fn any_subset_of_unsynced_names_is_found() {
    let storage = SimStorage::new(1);
    forced_file(&storage, &seg("a"), b"a");
    storage.create(&seg("b")).unwrap().force().unwrap();
    storage.remove(&seg("a")).unwrap();
    let moment = storage.moment();
    let unknowns = moment.unknowns();
    let found: BTreeSet<Vec<String>> = unknowns
        .cuts_up_to(16)
        .iter()
        .map(|cut| {
            let names = moment.power_cut(&unknowns, cut).list().unwrap();
            names.iter().map(ToString::to_string).collect()
        })
        .collect();
    let lists: [&[&str]; 4] = [&[], &["a.seg"], &["a.seg", "b.seg"], &["b.seg"]];
    let wanted = lists.map(|list| list.iter().map(ToString::to_string).collect());
    assert_eq!(found, BTreeSet::from(wanted));
}

/// Guards against a simulator that is kinder than Linux: behind a failed force the cache shows what the medium lacks, a second
/// force says yes, and only dropping the cache tells the truth.
#[test]
fn a_lost_force_leaves_a_cache_that_lies() {
    let storage = SimStorage::new(1);
    let blob = forced_file(&storage, &seg("a"), &[0; 512]);
    blob.write_at(0, &[1; 512]).unwrap();
    storage.inject(Fault::nth(0, Failure::LostForce).of(OperationKind::Force));
    assert!(blob.force().is_err());
    blob.force().unwrap();
    let mut byte = [0];
    blob.read_at(0, &mut byte).unwrap();
    assert_eq!((byte, storage.faults_fired()), ([1], 1));
    assert_eq!(contents(&storage, &seg("a")), BTreeSet::from([Some(vec![0; 512])]));
    // A killed process leaves the lie to the next one.
    let next = storage.moment().process_kill();
    let blob = next.open(&seg("a")).unwrap();
    blob.force().unwrap();
    blob.read_at(0, &mut byte).unwrap();
    assert_eq!(byte, [1]);
    blob.drop_cache().unwrap();
    blob.read_at(0, &mut byte).unwrap();
    assert_eq!(byte, [0]);
}

/// Guards against faults that do something else than their name says.
#[test]
fn faults_do_what_they_say() {
    let fail = |failure| {
        let storage = SimStorage::new(3);
        let blob = forced_file(&storage, &seg("a"), &[0; 64]);
        storage.inject(Fault::nth(1, failure).of(OperationKind::Write));
        blob.write_at(0, &[1; 8]).unwrap();
        let error = blob.write_at(8, &[2; 32]).unwrap_err();
        let later = blob.write_at(60, &[3; 4]).is_ok();
        let bytes = storage.read_file(&seg("a")).unwrap();
        (error.is_out_of_space(), bytes[8..].iter().take_while(|byte| **byte == 2).count(), later)
    };
    assert_eq!(fail(Failure::Error), (false, 0, true));
    assert_eq!(fail(Failure::OutOfSpace), (true, 0, true));
    assert_eq!(fail(Failure::ErrorWhenDone), (false, 32, true));
    assert_eq!(fail(Failure::Dead), (false, 0, false));
    let (full, written, _) = fail(Failure::ShortWrite);
    assert!(full && written < 32);
}

/// Guards against faults without end, or with one, where the other was asked for.
#[test]
fn a_fault_lasts_if_it_is_told_to() {
    for lasting in [false, true] {
        let storage = SimStorage::new(1);
        let fault = Fault::nth(1, Failure::Error).of(OperationKind::SyncNames);
        storage.inject(if lasting { fault.lasting() } else { fault });
        let outcomes = [(); 4].map(|()| storage.sync_names().is_ok());
        assert_eq!(outcomes, [true, false, !lasting, !lasting]);
        assert_eq!(storage.faults_fired(), if lasting { 3 } else { 1 });
    }
}

/// Guards against rot that heals at the next power cut, or that grows a file.
#[test]
fn rot_stays() {
    let storage = SimStorage::new(1);
    forced_file(&storage, &seg("a"), &[0; 600]);
    storage.rot(&seg("a"), 598, &[7; 4]).unwrap();
    storage.rot(&seg("a"), 600, &[7; 4]).unwrap();
    storage.rot(&seg("a"), u64::MAX, &[7; 4]).unwrap();
    let after = storage.crash().read_file(&seg("a")).unwrap();
    assert_eq!((after.len(), &after[596..]), (600, &[0, 0, 7, 7][..]));
    assert!(storage.rot(&seg("b"), 0, &[1]).is_err());
}
