//! Durable commits of one thread against the same by hand, and what of them is not the force.

use benches::{
    GROUP, Latency, Ledger, Pair, RawParallel, RawStore, Result, Row, Sorted, Target, Unit,
};
use rvm_tpca::Pattern;

use crate::Run;

const MIB: u64 = 1 << 20;
const COMMITS: u64 = 300;

pub(crate) fn measure(run: Run) -> Result<Vec<Row>> {
    let mut pairs = Vec::new();
    for (word, pattern) in [("random", Pattern::Random), ("in order", Pattern::Sequential)] {
        for mib in [1, 32, 256] {
            pairs.push(forced(&format!("durable commit, {mib} MiB, {word}"), pattern, mib * MIB)?);
        }
    }
    pairs.push(parts(2)?);
    pairs.push(parts(4)?);
    let (mut raw, mut ours) = (RawStore::open(Pattern::Random, MIB)?, Ledger::open(1, MIB)?);
    let (groups, name) = (COMMITS / 4, format!("{GROUP} lazy commits and a flush"));
    let group = Pair::of_many(
        name,
        groups,
        move || raw.time_groups(groups),
        move || ours.time_groups(groups),
    );
    pairs.push(group.at_most(1.05));
    let mut rows = benches::measure(&mut pairs, run.rounds)?;
    drop(pairs);
    rows.extend(outside(run)?);
    Ok(rows)
}

fn forced(name: &str, pattern: Pattern, len: u64) -> Result<Pair<'static>> {
    let (mut raw, mut ours) = (RawStore::open(pattern, len)?, Ledger::in_pattern(pattern, len)?);
    let pair = Pair::of_many(
        name,
        COMMITS,
        move || raw.time_forced(COMMITS),
        move || ours.time_forced(COMMITS),
    );
    Ok(pair.at_most(1.03))
}

fn parts(segments: usize) -> Result<Pair<'static>> {
    let (mut raw, mut ours) = (RawParallel::open(segments)?, Ledger::open(segments, MIB)?);
    let pair = Pair::of_many(
        format!("durable commit over {segments} segments / {segments} files"),
        COMMITS,
        move || raw.time(COMMITS),
        move || ours.time_forced(COMMITS),
    );
    Ok(pair.at_most(1.11))
}

/// The time of a transaction less that of its force, in percentiles of each round's commits.
fn outside(run: Run) -> Result<Vec<Row>> {
    let mut raw = RawStore::open(Pattern::Random, 32 * MIB)?;
    let mut ours = Ledger::open(1, 32 * MIB)?;
    let sorted =
        |latencies: Vec<Latency>| Sorted::of(latencies.into_iter().map(|latency| latency.outside));
    let mut rounds = Vec::new();
    for round in 0..=run.rounds {
        let pair = (sorted(raw.latencies(COMMITS)?), sorted(ours.latencies(COMMITS)?));
        ours.empty_log()?;
        if round > 0 {
            rounds.push(pair);
        }
    }
    let rows = [(50, 3e-6), (99, 10e-6)].map(|(percent, most)| {
        let figures =
            |(raw, ours): &(Sorted, Sorted)| (raw.percentile(percent), ours.percentile(percent));
        let figures: Vec<_> = rounds.iter().map(figures).collect();
        let name = format!("outside of the force, {percent} % of commits, 32 MiB");
        Row::of_pairs(name, Unit::Seconds, Target::Figure(most), &figures)
    });
    Ok(rows.into())
}
