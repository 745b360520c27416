//! Any bytes as the files of a store, given to everything that reads one: the inspection behind `rvmctl`, opening for reading,
//! and opening for use, with a commit. All of them understand the same, or say what is damaged and change nothing.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use arbitrary::Unstructured;
use rvm_core::rvm_storage::{FileName, MemStorage, Storage};
use rvm_core::{Error, Family, Rvm, inspect};

use crate::store_plan::StorePlan;

/// More than a store of a few small files, several copies of each, and what reads them need.
const MEMORY_MAX: usize = 32 << 20;

/// What the commit of a check writes.
const MARK: [u8; 5] = *b"mark!";

/// Checks an input, which is a plan of a store.
pub fn check(input: &[u8]) {
    let Ok(plan) = Unstructured::new(input).arbitrary::<StorePlan>() else { return };
    crate::memory::bounded(MEMORY_MAX, || {
        let storage = plan.write();
        let before = files(&storage);
        look(&storage);
        assert!(files(&storage) == before, "a file was changed by looking at it");
        let seen = read_only(&storage);
        assert!(files(&storage) == before, "a file was changed by opening for reading");
        use_it(&storage, &before, seen);
    });
}

type Files = BTreeMap<FileName, Vec<u8>>;
/// What segments hold, by name.
type Contents = BTreeMap<String, Vec<u8>>;

fn files(storage: &MemStorage) -> Files {
    let names = storage.list().expect("a listing").into_iter();
    names.filter_map(|name| Some((name.clone(), storage.read_file(&name)?))).collect()
}

/// What `rvmctl status` and `rvmctl log ls` read.
fn look(storage: &MemStorage) {
    let status = undamaged(inspect::status(storage, Duration::ZERO));
    if let Ok(status) = &status {
        assert!(!status.in_use);
        let again = inspect::status(storage, Duration::ZERO).expect("what worked before");
        assert_eq!(*status, again, "inspecting is not pure");
    }
    for name in storage.list().expect("a listing") {
        let segment = name.segment().as_str();
        let (mut end, mut count) = (0, 0);
        let listed = inspect::each_record(storage, segment, Duration::ZERO, |record| {
            assert!(record.lsn >= end && record.len > 0);
            end = record.lsn + record.len;
            count += 1;
            Ok(())
        });
        if matches!(listed, Err(Error::NotFound { .. })) {
            continue;
        }
        let found =
            status.iter().flat_map(|status| &status.segments).find(|found| found.name == segment);
        if undamaged(listed).is_ok()
            && let Some(log) = found.and_then(|found| found.log.as_ref())
        {
            assert_eq!(log.records, count, "the listing and the status differ");
        }
    }
}

/// Opens for reading.
fn read_only(storage: &MemStorage) -> Result<Contents, Damaged> {
    let rvm = undamaged(Rvm::options().read_only(true).open_with(Arc::new(storage.clone())))?;
    Ok(contents(&rvm))
}

/// Maps what there is and copies it. A segment without bytes can neither be mapped nor hold anything.
fn contents(rvm: &Rvm) -> Contents {
    let segments = rvm.segments().expect("a listing").into_iter().filter(|segment| segment.len > 0);
    let copy = |name: &str| {
        let segment = rvm.map(name, 1).expect("a segment maps");
        let bytes = segment.read().expect("a view").to_vec();
        rvm.unmap(&segment).expect("nobody has it");
        bytes
    };
    segments.map(|segment| (segment.name.clone(), copy(&segment.name))).collect()
}

fn open(storage: &MemStorage) -> Result<Rvm, Error> {
    Rvm::options()
        .background(false)
        .helpers(0)
        .log_capacity_initial(32 << 10)
        .log_capacity_max(64 << 10)
        .open_with(Arc::new(storage.clone()))
}

/// Opens for use, commits, and looks for it after a crash and after a shutdown.
fn use_it(storage: &MemStorage, before: &Files, seen: Result<Contents, Damaged>) {
    let opened = undamaged(open(storage));
    let (rvm, mut expected) = match (opened, seen) {
        (Ok(rvm), Ok(seen)) => (rvm, seen),
        (Err(_), Err(_)) => {
            assert!(files(storage) == *before, "a file of a damaged store was changed");
            return;
        }
        (Ok(_), Err(damaged)) => panic!("opened for use, but not for reading: {damaged:?}"),
        (Err(damaged), Ok(_)) => panic!("opened for reading, but not for use: {damaged:?}"),
    };
    assert!(contents(&rvm) == expected, "recovery and reading understand different things");
    if expected.is_empty() {
        return;
    }
    let segments: Vec<_> =
        expected.keys().map(|name| rvm.map(name, 1).expect("a segment maps")).collect();
    let handles: Vec<_> = segments.iter().collect();
    let mut txn = rvm.begin(&handles).expect("all are free");
    for (segment, bytes) in segments.iter().zip(expected.values_mut()) {
        let len = bytes.len().min(MARK.len());
        txn.write(segment, 0, &MARK[..len]).expect("a range inside");
        bytes[..len].copy_from_slice(&MARK[..len]);
    }
    // Made-up numbers near their limits are refused before anything is appended.
    if undamaged(txn.commit()).is_err() {
        return;
    }

    let crashed = storage.crash();
    drop((segments, rvm));
    let rvm = open(&crashed).expect("what was just written is intact");
    assert!(contents(&rvm) == expected, "an acknowledged commit is lost");
    rvm.close().expect("a shutdown");
    let rvm = open(&crashed).expect("what was just closed is intact");
    assert!(contents(&rvm) == expected, "an acknowledged commit is lost by a shutdown");
}

/// What damage there is, in words.
#[derive(Debug)]
struct Damaged(#[expect(dead_code, reason = "shown where a check fails")] String);

/// What was understood, if there is no damage; any other error is a finding.
fn undamaged<T>(result: Result<T, Error>) -> Result<T, Damaged> {
    match result {
        Ok(value) => Ok(value),
        Err(error) if error.family() == Family::Corruption => Err(Damaged(error.to_string())),
        Err(error) => panic!("neither a store nor damage: {error}"),
    }
}
