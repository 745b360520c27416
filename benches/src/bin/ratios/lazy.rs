//! Lazy commits against the same by hand: in bursts that no force interrupts, and without end.

use benches::{Ledger, Pair, RawStore, Result, Row};
use rvm_tpca::Pattern;

use crate::Run;

const MIB: u64 = 1 << 20;

pub(crate) fn measure(run: Run) -> Result<Vec<Row>> {
    let mut pairs = Vec::new();
    for mib in [1, 32, 256] {
        pairs.push(bursts(&format!("lazy commit, {mib} MiB"), mib, 5_000)?);
    }
    for mib in [1, 32, 256] {
        // Far from filling the tail, and beginning each time with what emptying the log left of the caches.
        pairs.push(bursts(&format!("lazy commit, {mib} MiB, 1,000 at once"), mib, 1_000)?);
    }
    for mib in [1, 32, 256] {
        pairs.push(sustained(mib)?);
    }
    benches::measure(&mut pairs, run.rounds)
}

fn bursts(name: &str, mib: u64, commits_per_burst: u64) -> Result<Pair<'static>> {
    const COMMITS: u64 = 15_000;
    let (mut raw, mut ours) =
        (RawStore::open(Pattern::Random, mib * MIB)?, Ledger::open(1, mib * MIB)?);
    let pair = Pair::of_many(
        name,
        COMMITS,
        move || raw.time_bursts(COMMITS, commits_per_burst),
        move || ours.time_bursts(COMMITS, commits_per_burst),
    );
    Ok(pair.at_most(1.3))
}

/// Both write their logs meanwhile, a MiB at a time; ours has room for all and folds nothing.
fn sustained(mib: u64) -> Result<Pair<'static>> {
    const COMMITS: u64 = 50_000;
    let (mut raw, mut ours) =
        (RawStore::open(Pattern::Random, mib * MIB)?, Ledger::open(1, mib * MIB)?);
    let pair = Pair::of_many(
        format!("lazy commit, {mib} MiB, log written each MiB"),
        COMMITS,
        move || raw.time_sustained(COMMITS),
        move || ours.time_sustained(COMMITS),
    );
    Ok(pair.at_most(1.3))
}
