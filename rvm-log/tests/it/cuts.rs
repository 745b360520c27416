//! What power cuts leave of a log while something is done to it, on the simulated device.

use std::collections::HashSet;

use rvm_log::{LogError, LogFile};
use rvm_storage::Storage;
use rvm_storage::sim::{Failure, Fault, Recording, SimStorage};

use crate::workbench::{Workbench, segment};

/// As many ways as the eight sectors of a header slot can be there or not.
pub(crate) const EVERY_TEAR: u64 = 1 << 8;

/// A device with an empty log of the smallest ring.
pub(crate) fn store_with_log() -> SimStorage {
    let storage = SimStorage::new(1);
    Workbench::on(storage.clone(), rvm_log::CAPACITY_MIN);
    storage
}

/// The operations and moments of `work`.
pub(crate) fn recorded(storage: &SimStorage, work: impl FnOnce(&SimStorage)) -> Recording {
    storage.record();
    work(storage);
    storage.recorded()
}

/// What power cuts at every moment of a recording may leave, at most `limit` ways at each: the moment's number, and the store. Stores
/// with the same files are told once for each moment.
pub(crate) fn cuts(recording: &Recording, limit: u64) -> Vec<(usize, SimStorage)> {
    let mut left = Vec::new();
    for (number, moment) in recording.moments.iter().enumerate() {
        let unknowns = moment.unknowns();
        let mut seen = HashSet::new();
        for cut in unknowns.cuts_up_to(limit) {
            let found = moment.power_cut(&unknowns, &cut);
            let names = found.list().unwrap();
            let files: Vec<_> = names.iter().map(|name| found.read_file(name)).collect();
            if seen.insert((names, files)) {
                left.push((number, found));
            }
        }
    }
    left
}

/// How many operations of `work` change something. It must fail when the device is gone from any of them on.
pub(crate) fn count_steps(
    make: impl Fn() -> SimStorage,
    work: impl Fn(&SimStorage) -> Result<(), LogError>,
) -> u64 {
    for step in 0.. {
        let storage = make();
        let gone = Fault::nth(step, Failure::Dead);
        storage.inject(gone.when(|operation| operation.kind.changes()));
        let done = work(&storage);
        if storage.faults_fired() == 0 {
            done.unwrap();
            return step;
        }
        done.unwrap_err();
    }
    unreachable!("something always ends")
}

/// The log, opened.
pub(crate) fn open(storage: &SimStorage) -> LogFile {
    LogFile::open(storage, &segment()).unwrap()
}
