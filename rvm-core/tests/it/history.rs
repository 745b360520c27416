//! Threads at work, and a checker that holds what they saw against what the logs and a crash say.
//!
//! A segment holds the number of its last transaction, and each transaction notes which numbers it found. So the notes give, for
//! each segment, one order of its transactions, which must be that of its log; for all segments together, an order that no
//! two of them contradict; and for a crash, a point in each order, behind everything that was acknowledged or shown.

mod checker;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use rvm_core::rvm_storage::{FileStorage, MemStorage, Storage};
use rvm_core::{CommitOutcome, Durability, Error, Options, Rvm, Segment, inspect};

use checker::{Event, History};

const SEGMENTS: usize = 4;
const WRITERS: u64 = 4;

/// What the threads share.
struct Run {
    rvm: Rvm,
    segments: Vec<Segment>,
    last_number: AtomicU64,
    events: Mutex<Vec<Event>>,
    over: AtomicBool,
}

fn name(segment: usize) -> String {
    format!("s{segment}")
}

fn number(bytes: &[u8]) -> u64 {
    u64::from_le_bytes(bytes[..8].try_into().unwrap())
}

impl Run {
    fn new(options: Options, storage: Arc<dyn Storage>) -> Self {
        let rvm = options.open_with(storage).unwrap();
        let segments = (0..SEGMENTS).map(|i| rvm.map(&name(i), 8).unwrap()).collect();
        let (last_number, over) = (AtomicU64::new(0), AtomicBool::new(false));
        Self { rvm, segments, last_number, events: Mutex::default(), over }
    }

    fn next_number(&self) -> u64 {
        self.last_number.fetch_add(1, Ordering::Relaxed) + 1
    }

    fn transactions(&self) -> usize {
        self.events.lock().unwrap().iter().filter(|event| !event.is_view).count()
    }

    /// A transaction over some segments, chosen by `choice`: writes most of them, reads the others.
    fn transaction(&self, choice: u64) -> Result<(), Error> {
        let chosen: Vec<usize> = (0..SEGMENTS).filter(|i| (choice >> i) & 1 == 1).collect();
        let segments: Vec<&Segment> = chosen.iter().map(|i| &self.segments[*i]).collect();
        let lazy = (choice >> 8) & 1 == 0;
        let mut txn = self.rvm.begin(&segments)?;
        let mut event = Event { number: self.next_number(), lazy, ..Event::default() };
        txn.label(&event.number.to_string())?;
        for &i in &chosen {
            event.found.insert(i, number(txn.read(&self.segments[i])?));
            if (choice >> (16 + i)) & 3 != 0 {
                txn.write(&self.segments[i], 0, &event.number.to_le_bytes())?;
                event.written.insert(i);
            }
        }
        let durability = if lazy { Durability::Lazy } else { Durability::Force };
        let committed = txn.commit_with(durability);
        event.promised = committed.is_ok() && !lazy;
        let refused = |error: &Error| error.commit_outcome() == CommitOutcome::NotCommitted;
        if !committed.as_ref().is_err_and(refused) {
            self.events.lock().unwrap().push(event);
        }
        committed.map(drop)
    }

    /// Commits until there are enough or the power is gone.
    fn write(&self, thread: u64, count: u64) {
        let mut state = thread + 1;
        for _ in 0..count {
            state =
                state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963);
            let choice = (state >> 24) | 1 << (thread % WRITERS);
            match self.transaction(choice) {
                Err(error) => return assert!(is_crash(&error), "{error}"),
                Ok(()) if self.over.load(Ordering::Relaxed) => return,
                Ok(()) => {}
            }
        }
    }

    /// A view of all segments, or of every other one.
    fn view(&self, step: usize) {
        let shown = (0..SEGMENTS).step_by(1 + step % 2);
        let segments: Vec<&Segment> = shown.clone().map(|i| &self.segments[i]).collect();
        let views = match self.rvm.read(&segments) {
            Err(error) => return assert!(is_crash(&error), "{error}"),
            Ok(views) => views,
        };
        let found = shown.map(|i| (i, number(views.get(&self.segments[i]).unwrap())));
        let found = found.collect();
        drop(views);
        let number = self.next_number();
        let event = Event { number, found, promised: true, is_view: true, ..Event::default() };
        self.events.lock().unwrap().push(event);
    }
}

/// What calls fail with once the power is gone.
fn is_crash(error: &Error) -> bool {
    error.is_poisoned() || matches!(error, Error::Io(_))
}

/// The numbers in a segment's log, in its order.
fn logged(storage: &dyn Storage, segment: usize) -> Vec<u64> {
    let mut numbers = Vec::new();
    inspect::each_record(storage, &name(segment), Duration::from_secs(10), |record| {
        numbers.push(record.label.parse().unwrap());
        Ok(())
    })
    .unwrap();
    numbers
}

/// How many runs end in a crash; a campaign wants more.
fn rounds() -> usize {
    std::env::var("RVM_HISTORY_ROUNDS").map_or(6, |rounds| rounds.parse().unwrap())
}

/// Guards against transactions of a segment in another order than its log's, against orders of several segments that contradict each
/// other, and against a crash that takes back what was acknowledged or shown, leaves half of something, or leaves it without what
/// it was built on.
#[test]
fn a_crash_among_many_threads_leaves_a_prefix_of_what_they_saw() {
    let mut checked = 0;
    for round in 0..rounds() {
        let storage = MemStorage::new();
        // Small logs are truncated and grow all the time; large ones keep every record.
        let (initial, max) = if round % 2 == 0 { (32 << 10, 64 << 10) } else { (8 << 20, 8 << 20) };
        let options = Rvm::options().log_capacity_initial(initial).log_capacity_max(max);
        let interval = Duration::from_millis(if round % 3 == 0 { 3 } else { 1000 });
        let options = options.lazy_interval(interval).helpers(round % 3);
        let run = Run::new(options, Arc::new(storage.clone()));
        let image = run_until_crash(&run, &storage, round);
        let history = History::of(run.events.into_inner().unwrap(), SEGMENTS);
        for segment in 0..SEGMENTS {
            history.check_log(segment, &logged(&image, segment));
            checked += history.order(segment).len();
        }
        let rvm = Rvm::options().open_with(Arc::new(image)).unwrap();
        let left = |i| number(&rvm.map(&name(i), 8).unwrap().read().unwrap());
        history.check_crash(&(0..SEGMENTS).map(left).collect::<Vec<_>>());
    }
    println!("\nhistories: {}, with {checked} writes in them", rounds());
}

/// Cuts the power while everybody is busy, behind more transactions in each round.
fn run_until_crash(run: &Run, storage: &MemStorage, round: usize) -> MemStorage {
    thread::scope(|scope| {
        for writer in 0..WRITERS {
            let seed = writer + WRITERS * u64::try_from(round).unwrap();
            scope.spawn(move || run.write(seed, u64::MAX));
        }
        scope.spawn(|| {
            let mut step = 0;
            while !run.over.load(Ordering::Relaxed) {
                run.view(step);
                step += 1;
            }
        });
        let mut step = 0;
        while run.transactions() < 100 + 20 * (round % 16) {
            run.view(step);
            step += 1;
        }
        let image = storage.crash();
        run.over.store(true, Ordering::Relaxed);
        image
    })
}

/// Guards against the same on real files, where nothing is cut short: every log holds its segment's whole history.
#[test]
fn logs_on_real_files_hold_the_order_that_the_threads_saw() {
    let dir = tempfile::tempdir().unwrap();
    let storage = Arc::new(FileStorage::open(dir.path()).unwrap());
    let options = Rvm::options().log_capacity_initial(1 << 20).truncate_at(1.0);
    let run = Run::new(options, Arc::clone(&storage) as Arc<dyn Storage>);
    thread::scope(|scope| {
        let run = &run;
        for writer in 0..WRITERS {
            scope.spawn(move || run.write(writer, 60));
        }
        scope.spawn(|| (0..60).for_each(|step| run.view(step)));
    });
    run.rvm.flush().unwrap();
    let history = History::of(run.events.into_inner().unwrap(), SEGMENTS);
    for segment in 0..SEGMENTS {
        assert_eq!(logged(storage.as_ref(), segment), history.order(segment), "segment {segment}");
    }
}
