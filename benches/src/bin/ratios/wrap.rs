//! A log that is folded in the background all the time, against one that never fills.
//!
//! The transactions are the bank's, over 32 MiB. Durable ones declare their records whole, 448 bytes, and so fill 16 MiB of log once a
//! round; no log is emptied between rounds. Groups of lazy ones fill theirs faster than the segment can be written: they show what the
//! device allows, and have no target.

use std::cell::RefCell;

use benches::{
    Declared, GROUP, Latency, Ledger, Pair, RawBeside, Result, Row, Sorted, Target, Unit, each,
};

use crate::Run;

const DATA_LEN: u64 = 32 << 20;
const LOG_LEN: u64 = 16 << 20;
/// Room for all rounds.
const LARGE_LOG_LEN: u64 = 256 << 20;

const COMMITS: u64 = 32_000;
const GROUPS: u64 = 1_500;

pub(crate) fn measure(run: Run) -> Result<Vec<Row>> {
    let rounds = run.at_most(3);
    let mut rows = durable(rounds)?;
    rows.push(by_hand(rounds)?);
    let (mut full, mut wrapping) = (never_full()?, wrapping()?);
    let pair = Pair::of_many(
        format!("{GROUP} lazy commits and a flush, log wraps / never full"),
        GROUPS,
        || full.time_groups_on(GROUPS),
        || {
            let taken = wrapping.time_groups_on(GROUPS)?;
            wrapping.settle();
            Ok(taken)
        },
    );
    rows.extend(benches::measure(&mut [pair], rounds)?);
    check_wrapped(&wrapping, rounds)?;
    Ok(rows)
}

/// The log went round as often as there were rounds.
fn check_wrapped(ledger: &Ledger, rounds: usize) -> Result<()> {
    let times = ledger.stats().log_bytes / LOG_LEN;
    if times < u64::try_from(rounds)? { Err("the log did not wrap".into()) } else { Ok(()) }
}

/// The rate, and the longest commit beside a force; that is the median of the commits whose log never fills.
fn durable(rounds: usize) -> Result<Vec<Row>> {
    let (mut full, mut wrapping) =
        (never_full()?.declaring(Declared::Records), wrapping()?.declaring(Declared::Records));
    let (forces, stalls) = (RefCell::new(Vec::new()), RefCell::new(Vec::new()));
    let pair = Pair::of(
        "durable commit, log wraps / never full",
        || Ok(note(&full.latencies(COMMITS)?, &forces)),
        || {
            let taken = note(&wrapping.latencies(COMMITS)?, &stalls);
            wrapping.settle();
            Ok(taken)
        },
    );
    let mut rows = benches::measure(&mut [pair.at_most(1.11)], rounds)?;
    check_wrapped(&wrapping, rounds)?;
    let (forces, stalls) = (forces.into_inner(), stalls.into_inner());
    let longest = |name: &str, commits: &[Commits], time: fn(&Commits) -> &Sorted, target| {
        // The first round does not count here, either.
        let pairs = forces.iter().zip(commits).skip(1);
        let figures = |(forces, commits): (&Commits, _)| {
            (forces.whole.percentile(50), time(commits).percentile(100))
        };
        let figures: Vec<_> = pairs.map(figures).collect();
        Row::of_pairs(name.to_owned(), Unit::Seconds, target, &figures)
    };
    let most = Target::Ratio(10.0);
    rows.extend([
        longest("longest commit, log wraps / a force", &stalls, |commits| &commits.whole, most),
        longest(
            "longest commit, log never full / a force",
            &forces,
            |commits| &commits.whole,
            Target::None,
        ),
        longest(
            "longest outside of its force, log wraps / a force",
            &stalls,
            |commits| &commits.outside,
            most,
        ),
    ]);
    Ok(rows)
}

/// What this device makes a forced write wait for, without the library: beside a file that is folded into by hand.
fn by_hand(rounds: usize) -> Result<Row> {
    let mut beside = RawBeside::open(DATA_LEN)?;
    let figures = (0..rounds).map(|_| {
        let forces = Sorted::of(beside.latencies()?);
        Ok((forces.percentile(50), forces.percentile(100)))
    });
    let figures: Vec<_> = figures.collect::<Result<_>>()?;
    let name = "longest force by hand, a file is written by hand / a force";
    Ok(Row::of_pairs(name.to_owned(), Unit::Seconds, Target::None, &figures))
}

/// The commits of a round.
struct Commits {
    whole: Sorted,
    outside: Sorted,
}

/// Keeps what it took; returns the mean.
fn note(latencies: &[Latency], into: &RefCell<Vec<Commits>>) -> f64 {
    let whole = Sorted::of(latencies.iter().map(|latency| latency.whole));
    let outside = Sorted::of(latencies.iter().map(|latency| latency.outside));
    into.borrow_mut().push(Commits { whole, outside });
    each(latencies.iter().map(|latency| latency.whole).sum(), COMMITS)
}

fn wrapping() -> Result<Ledger> {
    let options = Ledger::options().background(true);
    Ledger::with_options(options.log_capacity_initial(LOG_LEN).log_capacity_max(LOG_LEN), DATA_LEN)
}

fn never_full() -> Result<Ledger> {
    let options = Ledger::options().background(true).truncate_at(1.0);
    let options = options.log_capacity_initial(LARGE_LOG_LEN).log_capacity_max(LARGE_LOG_LEN);
    Ledger::with_options(options, DATA_LEN)
}
