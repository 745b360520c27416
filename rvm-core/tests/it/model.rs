//! A store against plain byte arrays: random operations, with crashes, on memory that forgets what was not forced.
//!
//! Guards against: a committed change lost, an uncommitted one kept, a transaction kept in part, a lazy commit kept behind a lost
//! one, an abort that restores too much or too little, truncation or recovery that mixes the order up. Without `PROPTEST_CASES` the same
//! cases run each time; with it, that many random ones.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use rvm_core::rvm_storage::MemStorage;
use rvm_core::{Commit, Durability, RangePolicy, Rvm, Segment, UndoMode};

const NAMES: [&str; 3] = ["a", "b", "c"];
const LEN: usize = 96;

type Bytes = [u8; LEN];
/// The bytes of every segment.
type State = [Bytes; NAMES.len()];

#[derive(Clone, Debug)]
enum Op {
    Transaction {
        segments: Vec<usize>,
        writes: Vec<Write>,
        end: End,
    },
    Flush,
    /// Wait until one of the commits since is durable.
    WaitDurable(prop::sample::Index),
    Truncate,
    /// Close and open again.
    Reopen,
    /// Lose what was not forced, and open again.
    Crash,
    /// Unmap a segment and map it again.
    Remap(usize),
    /// Grow a ring, or fill one: a transaction with much to log.
    Large(usize),
}

#[derive(Clone, Copy, Debug)]
struct Write {
    /// Which of the transaction's segments.
    segment: usize,
    start: usize,
    len: usize,
    byte: u8,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    Force,
    Lazy,
    Abort,
    Drop,
}

fn write() -> impl Strategy<Value = Write> {
    (0..NAMES.len(), 0..LEN, 0..24_usize, any::<u8>()).prop_map(|(segment, start, len, byte)| {
        Write { segment, start, len: len.min(LEN - start), byte }
    })
}

fn op() -> impl Strategy<Value = Op> {
    let end = prop_oneof![
        3 => Just(End::Force), 5 => Just(End::Lazy), 2 => Just(End::Abort), 1 => Just(End::Drop),
    ];
    let segments = prop::sample::subsequence((0..NAMES.len()).collect::<Vec<_>>(), 1..=NAMES.len());
    prop_oneof![
        12 => (segments, prop::collection::vec(write(), 0..6), end)
            .prop_map(|(segments, writes, end)| Op::Transaction { segments, writes, end }),
        1 => Just(Op::Flush),
        2 => any::<prop::sample::Index>().prop_map(Op::WaitDurable),
        1 => Just(Op::Truncate),
        1 => Just(Op::Reopen),
        2 => Just(Op::Crash),
        1 => (0..NAMES.len()).prop_map(Op::Remap),
        1 => (0..NAMES.len()).prop_map(Op::Large),
    ]
}

/// A committed transaction of the model.
struct Committed {
    /// The segments that it was begun with: it builds on what was committed to them before.
    begun: Vec<usize>,
    /// The segments in which it declared ranges, before and after.
    before: BTreeMap<usize, Bytes>,
    after: BTreeMap<usize, Bytes>,
    durable: bool,
    handle: Commit,
}

struct World {
    storage: MemStorage,
    options: (RangePolicy, UndoMode),
    rvm: Rvm,
    segments: Vec<Segment>,
    /// What the segments hold now.
    now: State,
    /// What was committed since everything was durable, in order.
    since: Vec<Committed>,
}

fn open(storage: &MemStorage, (policy, undo): (RangePolicy, UndoMode)) -> (Rvm, Vec<Segment>) {
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
    fn new(options: (RangePolicy, UndoMode)) -> Self {
        let storage = MemStorage::new();
        let (rvm, segments) = open(&storage, options);
        Self { storage, options, rvm, segments, now: [[0; LEN]; 3], since: Vec::new() }
    }

    fn run(&mut self, op: &Op) {
        match op {
            Op::Transaction { segments, writes, end } => self.transaction(segments, writes, *end),
            Op::Flush => {
                self.rvm.flush().unwrap();
                self.all_durable();
            }
            Op::WaitDurable(index) if !self.since.is_empty() => {
                let at = index.index(self.since.len());
                let commit = &mut self.since[at];
                commit.handle.wait_durable().unwrap();
                commit.durable = true;
            }
            Op::WaitDurable(_) => {}
            Op::Truncate => {
                self.rvm.truncate_log().unwrap();
                self.all_durable();
            }
            Op::Reopen => {
                self.rvm.close().unwrap();
                self.all_durable();
                (self.rvm, self.segments) = open(&self.storage, self.options);
            }
            Op::Crash => self.crash(),
            Op::Remap(index) => {
                self.rvm.unmap(&self.segments[*index]).unwrap();
                self.segments[*index] = self.rvm.map(NAMES[*index], LEN as u64).unwrap();
            }
            Op::Large(index) => self.large(*index),
        }
        self.compare();
    }

    fn transaction(&mut self, which: &[usize], writes: &[Write], end: End) {
        let handles: Vec<&Segment> = which.iter().map(|index| &self.segments[*index]).collect();
        let mut txn = self.rvm.begin(&handles).unwrap();
        let (mut after, mut written) = (self.now, BTreeSet::new());
        for write in writes {
            let index = which[write.segment % which.len()];
            written.insert(index);
            let (start, stop) = (write.start, write.start + write.len);
            let range = txn
                .about_to_modify(&self.segments[index], start as u64..stop as u64)
                .expect("a range inside");
            assert_eq!(range, &after[index][start..stop]);
            range.fill(write.byte);
            after[index][start..stop].fill(write.byte);
        }
        match end {
            End::Abort => txn.abort().unwrap(),
            End::Drop => drop(txn),
            End::Force => {
                let handle = txn.commit().unwrap();
                self.committed(which, &written, &after, (true, handle));
            }
            End::Lazy => {
                let handle = txn.commit_with(Durability::Lazy).unwrap();
                self.committed(which, &written, &after, (false, handle));
            }
        }
    }

    /// One transaction whose record is larger than the ring is at first.
    fn large(&mut self, index: usize) {
        let mut txn = self.rvm.begin(&[&self.segments[index]]).unwrap();
        for _ in 0..400 {
            txn.write(&self.segments[index], 0, &[7; LEN]).unwrap();
        }
        let handle = txn.commit().unwrap();
        let mut after = self.now;
        after[index] = [7; LEN];
        self.committed(&[index], &BTreeSet::from([index]), &after, (true, handle));
    }

    fn committed(
        &mut self,
        begun: &[usize],
        written: &BTreeSet<usize>,
        after: &State,
        (durable, handle): (bool, Commit),
    ) {
        let of = |state: &State| written.iter().map(|index| (*index, state[*index])).collect();
        let (before, after_of_written) = (of(&self.now), of(after));
        self.since.push(Committed {
            begun: begun.to_vec(),
            before,
            after: after_of_written,
            durable,
            handle,
        });
        self.now = *after;
    }

    fn all_durable(&mut self) {
        self.since.clear();
    }

    /// After a crash the store must hold the result of a set of the commits since that contains every forced one, and with each commit
    /// all that it was built on: what was committed before to the segments that it was begun with.
    fn crash(&mut self) {
        let after_crash = self.storage.crash();
        self.storage = after_crash;
        (self.rvm, self.segments) = open(&self.storage, self.options);
        let found: State = std::array::from_fn(|index| {
            (*self.segments[index].read().unwrap()).try_into().expect("the length is fixed")
        });
        let since = std::mem::take(&mut self.since);
        assert!(is_legal(&since, &self.now, &found), "no legal set of commits leaves {found:?}");
        self.now = found;
    }

    fn compare(&self) {
        for (segment, expected) in self.segments.iter().zip(&self.now) {
            let view = segment.read().unwrap();
            assert_eq!(&view[..], expected, "segment {}", segment.name());
        }
    }
}

/// Whether `found` is what a legal set of commits leaves, `now` being the state with all of them. A set is given by how many of its
/// commits each segment kept.
fn is_legal(since: &[Committed], now: &State, found: &State) -> bool {
    let mut candidates: Vec<Vec<usize>> = vec![Vec::new()];
    for (index, bytes) in found.iter().enumerate() {
        let writers: Vec<&Committed> =
            since.iter().filter(|commit| commit.after.contains_key(&index)).collect();
        let result_of = |kept: usize| match kept.checked_sub(1) {
            Some(last) => writers[last].after[&index],
            None => writers.first().map_or(now[index], |first| first.before[&index]),
        };
        let matching: Vec<usize> =
            (0..=writers.len()).filter(|kept| result_of(*kept) == *bytes).collect();
        candidates = candidates
            .into_iter()
            .flat_map(|kept| {
                let with = |more: &usize| [kept.as_slice(), &[*more]].concat();
                matching.iter().map(with).collect::<Vec<_>>()
            })
            .collect();
    }
    candidates.iter().any(|kept| is_closed(since, kept))
}

/// Whether the set that keeps the first `kept[i]` commits of each segment holds whole transactions, every forced one, and with each
/// what it was built on.
fn is_closed(since: &[Committed], kept: &[usize]) -> bool {
    let mut seen = vec![0; kept.len()];
    since.iter().all(|commit| {
        let inside: Vec<bool> =
            commit.after.keys().map(|index| seen[*index] < kept[*index]).collect();
        let survives = if inside.is_empty() { commit.durable } else { inside[0] };
        let built_on = commit.begun.iter().all(|index| seen[*index] <= kept[*index]);
        for index in commit.after.keys() {
            seen[*index] += 1;
        }
        inside.iter().all(|is_inside| *is_inside == survives)
            && (survives || !commit.durable)
            && (built_on || !survives)
    })
}

/// Guards against an oracle that takes any bytes of a segment that nobody wrote since all was durable.
#[test]
fn bytes_that_nobody_wrote_are_not_legal() {
    let now: State = [[1; LEN]; NAMES.len()];
    let mut found = now;
    assert!(is_legal(&[], &now, &found));
    found[1][5] = 2;
    assert!(!is_legal(&[], &now, &found));
}

fn options() -> impl Strategy<Value = (RangePolicy, UndoMode)> {
    (
        prop_oneof![Just(RangePolicy::PerCall), Just(RangePolicy::Coalesce)],
        prop_oneof![4 => Just(UndoMode::Keep), 1 => Just(UndoMode::None)],
    )
}

/// A few fixed cases, or as many random ones as are asked for.
fn config() -> ProptestConfig {
    let random = std::env::var_os("PROPTEST_CASES").is_some();
    let rng_seed = if random { RngSeed::Random } else { RngSeed::Fixed(1993) };
    ProptestConfig { rng_seed, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_store_is_what_plain_bytes_are(
        options in options(),
        ops in prop::collection::vec(op(), 1..40),
    ) {
        let mut world = World::new(options);
        for op in &ops {
            world.run(op);
        }
        world.run(&Op::Crash);
    }
}
