//! The store that is damaged: small, crashed with full logs, and known byte by byte.

use std::collections::BTreeMap;
use std::sync::Arc;

use rvm_core::rvm_storage::sim::{Moment, Operation, OperationKind, SimStorage};
use rvm_core::rvm_storage::{FileName, FileRole, Storage};
use rvm_core::{Durability, Result, Rvm, Segment};

const NAMES: [&str; 2] = ["a", "b"];
const SEGMENT_LEN: u64 = 4096;
const RING_LEN: u64 = 32 << 10;

/// A crashed store with a known history.
#[derive(Debug)]
pub struct Specimen {
    /// Its files, and the device that they lie on.
    pub storage: SimStorage,
    /// The names of its files, with their bytes.
    pub files: Vec<(FileName, Vec<u8>)>,
    /// The same files before the last force; as they are, if that may not be lost.
    pub before_last: Vec<Vec<u8>>,
    /// What its segments hold.
    pub state: State,
    /// For each segment, what it held after each commit that wrote it, by the commit's number.
    history: Vec<BTreeMap<u64, Vec<u8>>>,
}

/// The bytes of every segment.
pub type State = Vec<Vec<u8>>;

impl Specimen {
    /// Makes the store: commits of one and of two segments, durable and lazy, a truncation in between, so that the ring has
    /// records of an earlier lap behind its end, and a crash.
    ///
    /// # Errors
    /// What the store says; none is expected.
    pub fn make() -> Result<Self> {
        let mut making = Making::start()?;
        let participants: [&[usize]; 4] = [&[0], &[0, 1], &[1], &[1, 0]];
        for number in 1..=160_u64 {
            let which = participants[usize::try_from(number % 4).unwrap_or(0)];
            let lazy = number % 3 == 0;
            making.commit(which, if lazy { Durability::Lazy } else { Durability::Force })?;
            if number == 120 {
                making.rvm.truncate_log()?;
            }
        }
        making.rvm.flush()?;
        making.end_with(&[0, 1])
    }

    /// Makes a store of which one log was truncated, past transactions whose other parts are the last of the other log: what these hang on
    /// is in a segment, and in no log any more.
    ///
    /// # Errors
    /// What the store says; none is expected.
    pub fn folded() -> Result<Self> {
        let mut making = Making::start()?;
        for which in [&[1], &[0, 1], &[0, 1]] as [&[usize]; 3] {
            making.commit(which, Durability::Force)?;
        }
        // The full log is truncated, and no other.
        while making.rvm.stats().truncations == 0 {
            making.commit(&[0], Durability::Force)?;
        }
        making.end_with(&[0])
    }

    /// The store of [`make`](Self::make) behind a power cut in the middle of its recovery, when one segment was written and the other
    /// not: all of its last force hangs together, so none of it may be dropped any more.
    ///
    /// # Errors
    /// What the store says; none is expected.
    pub fn interrupted() -> Result<Self> {
        let made = Self::make()?;
        made.storage.record();
        drop(open(&made.storage)?);
        let moments = made.storage.recorded().moments;
        let second = |operation: &Operation| {
            let file = operation.file.as_ref();
            operation.kind == OperationKind::Force
                && file.is_some_and(|file| {
                    file.role() == FileRole::Segment && file.segment().as_str() == NAMES[1]
                })
        };
        let before_second = moments.iter().find(|moment| moment.operation().is_some_and(second));
        let storage = before_second.map_or(made.storage, Moment::crash);
        let bytes = |(name, _)| {
            let bytes = storage.read_file(&name).unwrap_or_default();
            (name, bytes)
        };
        let files: Vec<_> = made.files.into_iter().map(bytes).collect();
        let before_last = files.iter().map(|(_, bytes)| bytes.clone()).collect();
        Ok(Self { storage, files, before_last, state: made.state, history: made.history })
    }

    /// Whether a crash could have left this: each segment as it was after some commit, and every transaction over both in both or in
    /// neither.
    #[must_use]
    pub fn is_consistent(&self, found: &State) -> bool {
        let last: Vec<u64> = found.iter().map(|bytes| last_commit(bytes)).collect();
        let known = |segment: usize| self.history[segment].get(&last[segment]);
        let mut shared =
            self.history[0].keys().filter(|commit| self.history[1].contains_key(commit));
        (0..NAMES.len()).all(|segment| known(segment) == found.get(segment))
            && shared.all(|commit| (*commit <= last[0]) == (*commit <= last[1]))
    }

    /// How many bytes its files have.
    #[must_use]
    pub fn len(&self) -> usize {
        self.files.iter().map(|(_, bytes)| bytes.len()).sum()
    }

    /// False: it has files.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A specimen that is not finished.
struct Making {
    storage: SimStorage,
    rvm: Rvm,
    segments: Vec<Segment>,
    history: Vec<BTreeMap<u64, Vec<u8>>>,
    /// The number of the last commit.
    number: u64,
}

impl Making {
    fn start() -> Result<Self> {
        let storage = SimStorage::new(64);
        let rvm = open(&storage)?;
        let segments = NAMES.iter().map(|name| rvm.map(name, SEGMENT_LEN));
        let segments = segments.collect::<Result<Vec<Segment>>>()?;
        let zeros = vec![0; usize::try_from(SEGMENT_LEN).unwrap_or(0)];
        let history = vec![BTreeMap::from([(0, zeros)]); NAMES.len()];
        Ok(Self { storage, rvm, segments, history, number: 0 })
    }

    fn commit(&mut self, which: &[usize], durability: Durability) -> Result<()> {
        self.number += 1;
        let number = self.number;
        let handles: Vec<&Segment> = which.iter().map(|index| &self.segments[*index]).collect();
        let mut txn = self.rvm.begin(&handles)?;
        for segment in handles {
            txn.write(segment, 64 * (number % 48), &[number.to_le_bytes()[0]; 40])?;
            txn.write(segment, SEGMENT_LEN - 8, &number.to_le_bytes())?;
        }
        txn.commit_with(durability)?;
        for index in which {
            self.history[*index].insert(number, self.segments[*index].read_latest()?.to_vec());
        }
        Ok(())
    }

    /// One more commit, which is the last force, and a power cut.
    fn end_with(mut self, which: &[usize]) -> Result<Specimen> {
        let files_before = self.storage.moment().crash();
        self.commit(which, Durability::Force)?;
        let state = snapshot(&self.segments)?;
        // The store is not closed: its power goes.
        let crashed = self.storage.moment().crash();
        let names = crashed.list()?;
        let bytes = |storage: &SimStorage, name| storage.read_file(name).unwrap_or_default();
        Ok(Specimen {
            files: names.iter().map(|name| (name.clone(), bytes(&crashed, name))).collect(),
            before_last: names.iter().map(|name| bytes(&files_before, name)).collect(),
            storage: crashed,
            state,
            history: self.history,
        })
    }
}

/// The number that every commit leaves at a segment's end.
pub(super) fn last_commit(bytes: &[u8]) -> u64 {
    bytes.last_chunk().map_or(0, |number| u64::from_le_bytes(*number))
}

/// Opens a store of the specimen's kind, on this thread only.
pub(super) fn open(storage: &SimStorage) -> Result<Rvm> {
    Rvm::options()
        .log_capacity_initial(RING_LEN)
        .log_capacity_max(RING_LEN)
        .helpers(0)
        .background(false)
        .open_with(Arc::new(storage.clone()))
}

/// The bytes of the specimen's segments.
pub(super) fn look(rvm: &Rvm) -> Result<State> {
    let segments = NAMES.iter().map(|name| rvm.map(name, SEGMENT_LEN));
    snapshot(&segments.collect::<Result<Vec<Segment>>>()?)
}

fn snapshot(segments: &[Segment]) -> Result<State> {
    segments.iter().map(|segment| Ok(segment.read()?.to_vec())).collect()
}
