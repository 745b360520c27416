//! The life of a store, with crashes, against arrays of plain bytes.
//!
//! After a crash it must hold what a legal set of the commits leaves: every forced one, whole ones only, and with each all that
//! it was built on. See [`crate::legal_states`].

use arbitrary::{Arbitrary, Unstructured};
use rvm_core::rvm_storage::MemStorage;
use rvm_core::{Commit, Durability, RangePolicy, Rvm, Segment, UndoMode, inspect};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use crate::legal_states::{Bytes, Committed, LEN, SEGMENTS, State, is_legal};

const NAMES: [&str; SEGMENTS] = ["a", "b", "c"];

/// More than a store of three small segments, four copies of each file and the model need.
const MEMORY_MAX: usize = 16 << 20;

/// Longer lives are cut: what matters happens between few operations, and short inputs are quick.
const STEPS_MAX: usize = 40;

#[derive(Clone, Copy, Debug)]
enum Step {
    Begin(Begin),
    Flush,
    /// Wait until one of the commits since is durable.
    WaitDurable(u8),
    Truncate,
    /// Close and open again.
    Reopen,
    /// Lose what was not forced, and open again.
    Crash,
    Remap(usize),
    /// A transaction with more to log than the ring holds at first.
    Large(usize),
    Destroy(usize),
    /// Look at the store from outside.
    Look,
}

/// A transaction: over which segments, how many writes, how it ends.
#[derive(Clone, Copy, Debug)]
struct Begin {
    segments: u8,
    writes: u8,
    end: u8,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
struct Write {
    segment: u8,
    start: u8,
    len: u8,
}

impl Arbitrary<'_> for Step {
    fn arbitrary(u: &mut Unstructured<'_>) -> arbitrary::Result<Self> {
        let (kind, detail) = (u.arbitrary::<u8>()?, u.arbitrary::<u8>()?);
        let which = usize::from(detail) % SEGMENTS;
        Ok(match kind % 24 {
            0..=11 => Self::Begin(Begin { segments: detail, writes: kind, end: detail >> 4 }),
            12 | 13 => Self::Flush,
            14 | 15 => Self::WaitDurable(detail),
            16 => Self::Truncate,
            17 => Self::Reopen,
            18..=20 => Self::Crash,
            21 => Self::Remap(which),
            22 if detail % 8 == 0 => Self::Look,
            22 => Self::Large(which),
            _ => Self::Destroy(which),
        })
    }
}

/// Checks an input: one byte of options, then the steps.
pub fn check(input: &[u8]) {
    let mut u = Unstructured::new(input);
    let Ok(options) = u.arbitrary::<u8>() else { return };
    crate::memory::bounded(MEMORY_MAX, || {
        let mut world = World::new(options);
        for _ in 0..STEPS_MAX {
            if u.is_empty() {
                break;
            }
            let Ok(step) = u.arbitrary() else { break };
            world.run(step, &mut u);
        }
        world.crash();
    });
}

struct World {
    storage: MemStorage,
    options: u8,
    rvm: Rvm,
    segments: Vec<Segment>,
    /// What the segments hold now.
    now: State,
    /// What was committed since everything was durable, in order, each with its handle.
    since: Vec<(Committed, Commit)>,
    /// What the next write writes: another byte each time, so that states can be told apart.
    byte: u8,
}

fn open(storage: &MemStorage, options: u8) -> (Rvm, Vec<Segment>) {
    let policy = if options & 1 == 0 { RangePolicy::PerCall } else { RangePolicy::Coalesce };
    let undo = if options & 6 == 0 { UndoMode::None } else { UndoMode::Keep };
    let rvm = Rvm::options()
        .background(false)
        .helpers(0)
        .log_capacity_initial(32 << 10)
        .log_capacity_max(128 << 10)
        .range_policy(policy)
        .undo(undo)
        .open_with(Arc::new(storage.clone()))
        .expect("an intact store opens");
    let map = |name: &&str| rvm.map(name, LEN as u64).expect("a segment maps");
    let segments = NAMES.iter().map(map).collect();
    (rvm, segments)
}

impl World {
    fn new(options: u8) -> Self {
        let storage = MemStorage::new();
        let (rvm, segments) = open(&storage, options);
        Self {
            storage,
            options,
            rvm,
            segments,
            now: [[0; LEN]; SEGMENTS],
            since: Vec::new(),
            byte: 0,
        }
    }

    fn run(&mut self, step: Step, u: &mut Unstructured<'_>) {
        match step {
            Step::Begin(begin) => self.transaction(begin, u),
            Step::Flush => {
                self.rvm.flush().expect("a flush");
                self.since.clear();
            }
            Step::WaitDurable(index) => self.wait_durable(index.into()),
            Step::Truncate => {
                self.rvm.truncate_log().expect("a truncation");
                self.since.clear();
            }
            Step::Reopen => {
                self.rvm.close().expect("a shutdown");
                self.since.clear();
                (self.rvm, self.segments) = open(&self.storage, self.options);
            }
            Step::Crash => self.crash(),
            Step::Remap(index) => {
                self.rvm.unmap(&self.segments[index]).expect("nobody has it");
                self.map(index);
            }
            Step::Large(index) => self.large(index),
            Step::Destroy(index) => self.destroy(index),
            Step::Look => self.look(),
        }
        self.compare();
    }

    fn map(&mut self, index: usize) {
        self.segments[index] = self.rvm.map(NAMES[index], LEN as u64).expect("a segment maps");
    }

    fn transaction(&mut self, begin: Begin, u: &mut Unstructured<'_>) {
        let bits = begin.segments % 7 + 1;
        let which: Vec<usize> = (0..SEGMENTS).filter(|index| bits >> index & 1 == 1).collect();
        let handles: Vec<&Segment> = which.iter().map(|index| &self.segments[*index]).collect();
        let mut txn = self.rvm.begin(&handles).expect("all are free");
        let (mut after, mut written) = (self.now, BTreeSet::new());
        for _ in 0..begin.writes / 24 % 6 {
            let Ok(write) = u.arbitrary::<Write>() else { break };
            let index = which[usize::from(write.segment) % which.len()];
            let start = usize::from(write.start) % LEN;
            let stop = (start + usize::from(write.len % 32)).min(LEN);
            self.byte = self.byte.wrapping_add(1);
            let range = txn
                .about_to_modify(&self.segments[index], start as u64..stop as u64)
                .expect("a range inside");
            assert_eq!(range, &after[index][start..stop]);
            range.fill(self.byte);
            after[index][start..stop].fill(self.byte);
            written.insert(index);
        }
        let durability = match begin.end % 12 {
            0 => return txn.abort().expect("an abort"),
            1 => return drop(txn),
            2..=5 => Durability::Force,
            _ => Durability::Lazy,
        };
        let handle = txn.commit_with(durability).expect("a commit");
        self.committed(&which, &written, &after, durability == Durability::Force, handle);
    }

    fn large(&mut self, index: usize) {
        self.byte = self.byte.wrapping_add(1);
        let bytes: Bytes = [self.byte; LEN];
        let mut txn = self.rvm.begin(&[&self.segments[index]]).expect("it is free");
        for _ in 0..400 {
            txn.write(&self.segments[index], 0, &bytes).expect("a range inside");
        }
        let handle = txn.commit().expect("a commit");
        let mut after = self.now;
        after[index] = bytes;
        self.committed(&[index], &BTreeSet::from([index]), &after, true, handle);
    }

    fn committed(
        &mut self,
        begun: &[usize],
        written: &BTreeSet<usize>,
        after: &State,
        durable: bool,
        handle: Commit,
    ) {
        let commit = Committed::new(begun, written, &self.now, after, durable);
        self.since.push((commit, handle));
        self.now = *after;
    }

    fn wait_durable(&mut self, index: usize) {
        if !self.since.is_empty() {
            let at = index % self.since.len();
            let (commit, handle) = &mut self.since[at];
            handle.wait_durable().expect("a force");
            commit.durable = true;
        }
    }

    /// Erases a segment and makes it anew. Everything is made durable before, which keeps the model simple.
    fn destroy(&mut self, index: usize) {
        self.rvm.flush().expect("a flush");
        self.since.clear();
        self.rvm.unmap(&self.segments[index]).expect("nobody has it");
        self.rvm.destroy(NAMES[index]).expect("it is there and not mapped");
        self.map(index);
        self.now[index] = [0; LEN];
    }

    fn look(&self) {
        let status = inspect::status(&self.storage, Duration::ZERO).expect("a status");
        assert!(status.in_use && status.segments.len() == SEGMENTS);
    }

    fn crash(&mut self) {
        self.storage = self.storage.crash();
        (self.rvm, self.segments) = open(&self.storage, self.options);
        let found: State = std::array::from_fn(|index| {
            let view = self.segments[index].read().expect("a view");
            view[..].try_into().expect("the length is fixed")
        });
        let since: Vec<Committed> = self.since.drain(..).map(|(commit, _)| commit).collect();
        assert!(is_legal(&since, &self.now, &found), "no legal set of commits leaves {found:?}");
        self.now = found;
    }

    fn compare(&self) {
        for (segment, expected) in self.segments.iter().zip(&self.now) {
            let view = segment.read_latest().expect("a view");
            assert_eq!(&view[..], expected, "segment {}", segment.name());
        }
    }
}
