//! A store whose every state is known: what is salvaged of it can be held against what it ever was.

use std::sync::Arc;

use rvm_core::rvm_storage::sim::SimStorage;
use rvm_core::rvm_storage::{FileName, FileRole, MemStorage, SegmentName, Storage};
use rvm_core::{Durability, Recovery, Rvm, SalvageReport};

/// The length of each segment. They have holes that no transaction touches.
pub(super) const LEN: usize = 192;
/// The segments.
pub(super) const NAMES: [&str; 3] = ["a", "b", "c"];

/// The segments' bytes at one moment.
type State = [Vec<u8>; 3];

/// A store that crashed, and all that it went through.
pub(super) struct History {
    pub(super) storage: MemStorage,
    /// The state before all transactions, and behind each.
    states: Vec<State>,
    /// Which segments each transaction changed. The first is numbered 1.
    changed: Vec<[bool; 3]>,
    /// Whether truncation may have been interrupted.
    pub(super) is_half_folded: bool,
}

/// What was salvaged.
pub(super) struct Salvage {
    pub(super) report: SalvageReport,
    /// `None` for a segment that was not returned.
    pub(super) segments: [Option<Vec<u8>>; 3],
}

pub(super) fn log(name: &str) -> FileName {
    file(name, FileRole::Log)
}

pub(super) fn file(name: &str, role: FileRole) -> FileName {
    FileName::new(&SegmentName::new(name).unwrap(), role)
}

/// All files with their bytes.
pub(super) fn contents(storage: &MemStorage) -> Vec<(FileName, Vec<u8>)> {
    let mut names = storage.list().unwrap();
    names.sort();
    names.into_iter().map(|name| (name.clone(), storage.read_file(&name).unwrap())).collect()
}

/// The same files on a device that can be made to fail.
pub(super) fn simulated(storage: &MemStorage) -> SimStorage {
    let device = SimStorage::new(1);
    for (name, bytes) in contents(storage) {
        device.replace_file(&name, &bytes).unwrap();
    }
    device
}

/// A store of its own with the same files.
pub(super) fn copy(storage: &MemStorage) -> MemStorage {
    let copied = MemStorage::new();
    for (name, bytes) in contents(storage) {
        copied.replace_file(&name, bytes);
    }
    copied
}

pub(super) fn change(storage: &MemStorage, name: &FileName, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = storage.read_file(name).unwrap();
    change(&mut bytes);
    storage.replace_file(name, bytes);
}

impl History {
    /// `before` transactions that are folded into the segments, and `live` ones in the logs. One in three is over one segment, the others
    /// are over two or three, or read one without changing it.
    pub(super) fn new(before: u64, live: u64) -> Self {
        let storage = MemStorage::new();
        let options = Rvm::options().background(false).log_capacity_initial(32 << 10);
        let rvm = options.open_with(Arc::new(storage.clone())).unwrap();
        let len = u64::try_from(LEN).unwrap();
        let segments = NAMES.map(|name| rvm.map(name, len).unwrap());
        let start = [vec![0; LEN], vec![0; LEN], vec![0; LEN]];
        let mut history =
            Self { storage, states: vec![start], changed: Vec::new(), is_half_folded: false };
        for number in 1..=before + live {
            let (written, read_only) = history.choose(number);
            let begun = segments.iter().zip(written.iter().zip(read_only));
            let begun: Vec<_> =
                begun.filter(|(_, (w, r))| **w || *r).map(|(segment, _)| segment).collect();
            let mut txn = rvm.begin(&begun).unwrap();
            let mut state = history.states.last().unwrap().clone();
            for at in (0..3).filter(|at| written[*at]) {
                // The number first, so that a segment says which transaction was its last; all bytes alike, so that each is new.
                let bytes = [u8::try_from(number).unwrap(); 8];
                let place = 8 + 8 * (number * 7 % 20);
                for offset in [0, place] {
                    let from = usize::try_from(offset).unwrap();
                    txn.write(&segments[at], offset, &bytes).unwrap();
                    state[at][from..from + 8].copy_from_slice(&bytes);
                }
            }
            let lazily = number % 4 == 0;
            let durability = if lazily { Durability::Lazy } else { Durability::Force };
            txn.commit_with(durability).unwrap();
            history.states.push(state);
            history.changed.push(written);
            if number == before {
                rvm.truncate_log().unwrap();
            }
        }
        rvm.flush().unwrap();
        history.storage = history.storage.crash();
        history
    }

    /// What a transaction writes, and what it only reads.
    fn choose(&self, number: u64) -> ([bool; 3], [bool; 3]) {
        assert_eq!(u64::try_from(self.states.len()).unwrap(), number);
        match number * 5 % 9 {
            0 => ([true, true, true], [false; 3]),
            1 | 6 => ([true, true, false], [false; 3]),
            2 => ([false, true, true], [false; 3]),
            3 => ([true, false, false], [false, true, false]),
            4 => ([true, false, false], [false; 3]),
            5 => ([false, true, false], [false; 3]),
            7 => ([false, false, true], [true, false, false]),
            _ => ([false, false, true], [false; 3]),
        }
    }

    /// The last state.
    pub(super) fn last(&self) -> [Option<Vec<u8>>; 3] {
        self.states.last().unwrap().clone().map(Some)
    }

    /// The transaction behind which a segment had these bytes, if it ever had.
    pub(super) fn version(&self, at: usize, bytes: &[u8]) -> Option<usize> {
        let number = usize::from(*bytes.first()?);
        (self.states.get(number)?[at] == bytes).then_some(number)
    }

    /// Checks that each of the segments that `counts` picks is as it once was, and that no transaction is there in some of them only.
    pub(super) fn check(&self, salvage: &Salvage, counts: impl Fn(&str) -> bool, case: &str) {
        let mut versions = [None; 3];
        for (at, name) in NAMES.into_iter().enumerate().filter(|(_, name)| counts(name)) {
            let bytes =
                salvage.segments[at].as_ref().unwrap_or_else(|| panic!("{case}: no {name}"));
            versions[at] = self.version(at, bytes);
            assert!(versions[at].is_some(), "{case}: {name} was never so: {:?}", salvage.report);
        }
        for (number, changed) in (1..).zip(&self.changed) {
            let there = versions.iter().zip(changed).filter(|(_, changed)| **changed);
            let mut there = there.filter_map(|(version, _)| version.map(|last| number <= last));
            let first = there.next();
            assert!(
                there.all(|there| Some(there) == first),
                "{case}: transaction {number} is there in part: {versions:?}, {:?}",
                salvage.report
            );
        }
    }
}

/// Salvages a store, and checks that no file has changed and that the store is as before for everybody else.
pub(super) fn salvage(storage: &MemStorage) -> Salvage {
    let before = contents(storage);
    let options = Rvm::options().recovery(Recovery::Salvage);
    let rvm = options.open_with(Arc::new(storage.clone())).unwrap();
    let segments = NAMES.map(|name| bytes_of(&rvm, name));
    let report = rvm.recovery_report().salvage.clone();
    rvm.close().unwrap();
    assert!(contents(storage) == before, "salvage wrote over the evidence");
    Salvage { report, segments }
}

/// A segment's bytes, if there is one.
pub(super) fn bytes_of(rvm: &Rvm, name: &str) -> Option<Vec<u8>> {
    let segment = rvm.map(name, 1).ok()?;
    let bytes = segment.read().unwrap().to_vec();
    Some(bytes)
}
