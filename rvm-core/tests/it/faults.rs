//! Every operation of a scripted life of a store made to fail in turn, with a power cut behind it.
//!
//! Guards against: an acknowledged commit lost when something fails later, a transaction kept in part because only some of its logs
//! were forced, a commit acknowledged though its force failed, a store that goes on after a failure, and one that does not
//! open any more.

use std::sync::Arc;

use rvm_core::rvm_storage::sim::{Failure, Fault, Operation, SimStorage};
use rvm_core::{CommitOutcome, Durability, Error, Result, Rvm, Segment, Transaction};

const LEN: u64 = 64;

/// The life of a store: each step adds 1 to a counter in some segments. Segments a, b and c are entangled by lazy
/// transactions that share them; steps without a commit in between truncate, grow, create, destroy and extend.
#[derive(Clone, Copy, Debug)]
enum Step {
    Commit(&'static [usize], Durability),
    /// Begun with both, writing only the second.
    ReadThenWrite(usize, usize),
    Flush,
    Truncate,
    /// Much to log, so that the ring must grow.
    Large(usize),
    CreateAndDestroy,
    Extend(usize),
    Abort(&'static [usize]),
}

use Durability::{Force, Lazy};

const LIFE: &[Step] = &[
    Step::Commit(&[0], Force),
    Step::Commit(&[0, 1], Lazy),
    Step::Commit(&[1, 2], Lazy),
    Step::Abort(&[0, 1, 2]),
    Step::Commit(&[2], Lazy),
    Step::Commit(&[0], Force),
    Step::ReadThenWrite(2, 0),
    Step::Commit(&[0, 1, 2], Force),
    Step::CreateAndDestroy,
    Step::Commit(&[1], Lazy),
    Step::ReadThenWrite(1, 2),
    Step::Truncate,
    Step::Commit(&[0, 2], Lazy),
    Step::Large(1),
    Step::Extend(2),
    Step::Commit(&[1, 2], Force),
    Step::Commit(&[0, 1], Lazy),
    Step::Flush,
];

const NAMES: [&str; 3] = ["a", "b", "c"];

/// What the test knows of the counters: the value that memory has after each commit, and the ones that were acknowledged.
#[derive(Clone, Debug, Default)]
struct Known {
    /// For each commit: the counter values of the segments that it wrote, and those that it only read.
    commits: Vec<Known1>,
    value: [u64; 3],
}

#[derive(Clone, Debug)]
struct Known1 {
    wrote: Vec<(usize, u64)>,
    read: Vec<(usize, u64)>,
    acknowledged: bool,
}

fn open(storage: &SimStorage) -> Result<(Rvm, Vec<Segment>)> {
    let rvm = Rvm::options()
        .background(false)
        .helpers(0)
        .log_capacity_initial(32 << 10)
        .log_capacity_max(512 << 10)
        .open_with(Arc::new(storage.clone()))?;
    let segments = NAMES.iter().map(|name| rvm.map(name, LEN)).collect::<Result<_>>()?;
    Ok((rvm, segments))
}

fn add_one(txn: &mut Transaction, segment: &Segment, times: usize) -> Result<()> {
    let value = u64::from_le_bytes(txn.read(segment)?[..8].try_into().unwrap()) + 1;
    for _ in 0..times {
        // The counter stands twice, so that half of a change shows.
        txn.write(segment, 0, &value.to_le_bytes())?;
        txn.write(segment, 48, &value.to_le_bytes())?;
    }
    Ok(())
}

impl Known {
    fn commit(
        &mut self,
        rvm: &Rvm,
        segments: &[Segment],
        (wrote, read): (&[usize], &[usize]),
        durability: Durability,
        times: usize,
    ) -> Result<()> {
        let handles: Vec<&Segment> = wrote.iter().chain(read).map(|i| &segments[*i]).collect();
        let mut txn = rvm.begin(&handles)?;
        for index in wrote {
            add_one(&mut txn, &segments[*index], times)?;
        }
        let result = txn.commit_with(durability);
        if matches!(&result, Err(error) if error.commit_outcome() == CommitOutcome::NotCommitted) {
            return result.map(drop);
        }
        for index in wrote {
            self.value[*index] += 1;
        }
        let values = |of: &[usize]| of.iter().map(|i| (*i, self.value[*i])).collect();
        let acknowledged = result.is_ok() && durability == Force;
        self.commits.push(Known1 { wrote: values(wrote), read: values(read), acknowledged });
        result.map(drop)
    }

    fn acknowledge_all(&mut self) {
        self.commits.iter_mut().for_each(|commit| commit.acknowledged = true);
    }

    /// Goes through all steps; a step that failed without spoiling the store is done again, if `again` says so.
    fn live(&mut self, rvm: &Rvm, segments: &mut [Segment], again: bool) -> Result<()> {
        for step in LIFE {
            match self.step(rvm, segments, *step) {
                Err(error) if again && !error.is_poisoned() => self.step(rvm, segments, *step)?,
                done => done?,
            }
        }
        Ok(())
    }

    fn step(&mut self, rvm: &Rvm, segments: &mut [Segment], step: Step) -> Result<()> {
        match step {
            Step::Commit(wrote, durability) => {
                self.commit(rvm, segments, (wrote, &[]), durability, 1)?;
            }
            Step::ReadThenWrite(read, wrote) => {
                self.commit(rvm, segments, (&[wrote], &[read]), Force, 1)?;
            }
            Step::Large(index) => self.commit(rvm, segments, (&[index], &[]), Force, 700)?,
            Step::Flush => {
                rvm.flush()?;
                self.acknowledge_all();
            }
            Step::Truncate => {
                let report = rvm.truncate_log()?;
                if report.out_of_space.is_empty() {
                    self.acknowledge_all();
                }
            }
            Step::CreateAndDestroy => {
                match rvm.map("short-lived", 100) {
                    Ok(segment) => {
                        let mut txn = rvm.begin(&[&segment, &segments[0]])?;
                        txn.write(&segment, 0, b"x")?;
                        txn.commit_with(Lazy)?;
                        rvm.unmap(&segment)?;
                    }
                    Err(Error::AlreadyMapped { .. }) => {}
                    Err(error) => return Err(error),
                }
                rvm.destroy("short-lived")?;
            }
            Step::Extend(index) => {
                if rvm.unmap(&segments[index]).is_ok() || segments[index].read().is_err() {
                    segments[index] = rvm.map(NAMES[index], 2 * LEN)?;
                }
            }
            Step::Abort(which) => {
                let handles: Vec<&Segment> = which.iter().map(|i| &segments[*i]).collect();
                let mut txn = rvm.begin(&handles)?;
                for index in which {
                    add_one(&mut txn, &segments[*index], 1)?;
                }
                txn.abort()?;
            }
        }
        Ok(())
    }

    /// The counters found must be those of a prefix of each segment's commits, of whole transactions, with all that they build on and all
    /// that was acknowledged.
    fn check(&self, segments: &[Segment], context: &str) {
        let mut found = [0; 3];
        for (value, segment) in found.iter_mut().zip(segments) {
            let view = segment.read().unwrap();
            *value = u64::from_le_bytes(view[..8].try_into().unwrap());
            assert_eq!(
                view[..8],
                view[48..56],
                "{context}: half of a change in {}",
                segment.name()
            );
        }
        for commit in &self.commits {
            let kept: Vec<bool> =
                commit.wrote.iter().map(|(index, value)| found[*index] >= *value).collect();
            assert!(kept.iter().all(|is_kept| *is_kept == kept[0]), "{context}: torn {commit:?}");
            assert!(kept[0] || !commit.acknowledged, "{context}: lost {commit:?}, found {found:?}");
            let built_on = commit.read.iter().all(|(index, value)| found[*index] >= *value);
            assert!(built_on || !kept[0], "{context}: {commit:?} outlived what it read, {found:?}");
        }
        for (found, value) in found.iter().zip(self.value) {
            assert!(*found <= value, "{context}: a change that was never committed");
        }
    }
}

/// How an operation fails, and what becomes of those behind it.
#[derive(Clone, Copy, Debug)]
struct Trouble {
    failure: Failure,
    /// Operations work again behind it.
    is_over: bool,
}

impl Trouble {
    /// The device no longer changes anything.
    const FOR_GOOD: Self = Self { failure: Failure::Error, is_over: false };
    const ONCE: Self = Self { failure: Failure::Error, is_over: true };
    const ALL: [Self; 4] = [
        Self::FOR_GOOD,
        // What fails first is done all the same.
        Self { failure: Failure::ErrorWhenDone, is_over: false },
        Self::ONCE,
        Self { failure: Failure::OutOfSpace, is_over: true },
    ];

    /// Makes the operation behind the next `n` that change anything fail.
    fn plan(self, storage: &SimStorage, n: u64) {
        let changes = |operation: &Operation| operation.kind.changes();
        storage.inject(Fault::nth(n, self.failure).when(changes));
        if !self.is_over {
            storage.inject(Fault::nth(n + 1, Failure::Error).when(changes).lasting());
        }
    }
}

/// One life in which the n-th operation fails; false if it had fewer.
fn run(n: u64, trouble: Trouble) -> bool {
    let storage = SimStorage::new(1);
    trouble.plan(&storage, n);
    let mut known = Known::default();
    let context = format!("{trouble:?} at operation {n}");
    let mut opened = open(&storage);
    if opened.is_err() && trouble.is_over {
        opened = open(&storage);
        assert!(opened.is_ok(), "{context}: {opened:?}");
    }
    let ended = opened.and_then(|(rvm, mut segments)| {
        let ended = known.live(&rvm, &mut segments, trouble.is_over);
        if let Err(error) = &ended {
            assert!(error.is_poisoned() || !trouble.is_over, "{context}: {error} and not poisoned");
            // What failed goes on failing, or has poisoned the store; never is a commit acknowledged after it.
            let later = known.commit(&rvm, &segments, (&[0], &[]), Force, 1);
            assert!(later.is_err(), "{context}: a commit was acknowledged after {error}");
        }
        ended.and_then(|()| rvm.close())
    });
    let fired = storage.faults_fired() > 0;
    if !trouble.is_over {
        assert_eq!(ended.is_err(), fired, "{context}: {ended:?}");
    }
    let (_rvm, segments) = open(&storage.crash()).expect(&context);
    known.check(&segments, &context);
    fired
}

#[test]
fn whatever_operation_fails_nothing_acknowledged_is_lost() {
    for trouble in Trouble::ALL {
        let operations = (0..10_000).take_while(|n| run(*n, trouble)).count();
        assert!(operations > 60, "{operations} times {trouble:?}: the life is too short");
        println!("{trouble:?}: {operations} operations failed in turn");
    }
}

/// Recovery itself fails at its n-th operation, and again, and again.
#[test]
fn recovery_interrupted_at_every_step_ends_in_the_same_state() {
    let mut interrupted = 0;
    for n in 0.. {
        let storage = SimStorage::new(1);
        let mut known = Known::default();
        let (rvm, mut segments) = open(&storage).unwrap();
        known.live(&rvm, &mut segments, false).unwrap();
        known.commit(&rvm, &segments, (&[0, 1, 2], &[]), Force, 1).unwrap();
        let mut image = storage.crash();
        let mut fired = false;
        // Depth 3: each interruption starts from what the one before left.
        for depth in 0..3 {
            Trouble::FOR_GOOD.plan(&image, n + depth);
            let opened = open(&image);
            let failed = image.faults_fired() > 0;
            fired |= failed;
            assert_eq!(opened.is_err(), failed);
            image = image.crash();
        }
        let (_rvm, segments) = open(&image).unwrap();
        known.check(&segments, &format!("recovery interrupted at {n}"));
        interrupted += 1;
        if !fired {
            break;
        }
    }
    assert!(interrupted > 6, "recovery did too little: {interrupted}");
}

/// Guards against a store that goes on behind a force that failed, by whatever door.
#[test]
fn a_poisoned_store_takes_nothing_more() {
    let storage = SimStorage::new(1);
    let (rvm, segments) = open(&storage).unwrap();
    let put = || rvm.transaction(&[&segments[0]], |txn| txn.write(&segments[0], 0, b"maybe"));
    put().unwrap();
    let mut open_before = rvm.begin(&[&segments[1]]).unwrap();
    storage.inject(Fault::nth(0, Failure::Error).when(|operation| operation.kind.forces()));
    let failed = put();
    assert!(matches!(failed, Err(Error::Indeterminate { .. })), "{failed:?}");
    open_before.write(&segments[1], 0, b"lazy").unwrap();
    let refused = [
        ("commit", open_before.commit_with(Lazy).map(drop)),
        ("begin", rvm.begin(&[&segments[1]]).map(drop)),
        ("map", rvm.map("another", 8).map(drop)),
        ("flush", rvm.flush()),
        ("truncate", rvm.truncate_log().map(drop)),
        ("destroy", rvm.destroy("another")),
    ];
    for (call, result) in refused {
        assert!(matches!(result, Err(Error::Poisoned { .. })), "{call}: {result:?}");
    }
}

/// Guards against a view of bytes that a crash could take back, and against a poisoned store whose memory cannot be seen any more.
#[test]
fn a_poisoned_store_shows_undecided_bytes_only_on_request() {
    for n in 0.. {
        let storage = SimStorage::new(1);
        let (rvm, segments) = open(&storage).unwrap();
        let mut known = Known::default();
        known.commit(&rvm, &segments, (&[0], &[]), Force, 1).unwrap();
        rvm.close().unwrap();
        Trouble::ONCE.plan(&storage, n);
        let Ok((rvm, segments)) = open(&storage) else { continue };
        let committed = known.commit(&rvm, &segments, (&[0], &[]), Force, 1);
        match committed {
            Err(Error::Indeterminate { .. }) => {
                assert!(matches!(segments[0].read(), Err(Error::Poisoned { .. })));
                assert_eq!(segments[0].read_latest().unwrap()[0], 2);
                assert_eq!(segments[1].read().unwrap()[0], 0, "nothing is undecided there");
                assert!(matches!(rvm.begin(&[&segments[0]]), Err(Error::Poisoned { .. })));
                assert!(matches!(rvm.close(), Err(Error::Poisoned { .. })));
                return;
            }
            // The header could not be opened for appending.
            Err(Error::Poisoned { .. }) => assert_eq!(segments[0].read().unwrap()[0], 1),
            other => panic!("{other:?}"),
        }
    }
}
