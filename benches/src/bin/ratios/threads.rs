//! Durable commits of several threads against a group commit by hand.

use benches::{Ledger, Pair, RawGroup, Result, Row};

use crate::Run;

const MIB: u64 = 1 << 20;
/// Multiples of the numbers of threads.
const SHARED: u64 = 4_032;
const OWN: u64 = 2_000;

pub(crate) fn measure(run: Run) -> Result<Vec<Row>> {
    let mut pairs = Vec::new();
    for threads in [2, 4, 8, 16, 32, 64] {
        let (raw, mut ours) = (RawGroup::open()?, Ledger::open(1, MIB)?);
        let commits = SHARED / u64::try_from(threads)?;
        let pair = Pair::of_many(
            format!("{threads} threads, one segment, each commit"),
            SHARED,
            move || raw.time(threads, commits),
            move || ours.time_threads(threads, commits),
        );
        pairs.push(pair.at_most(1.11));
    }
    for threads in [2, 4, 8] {
        let raw: Vec<_> = (0..threads).map(|_| RawGroup::open()).collect::<Result<_>>()?;
        let mut ours = Ledger::open(threads, MIB)?;
        let commits = OWN / u64::try_from(threads)?;
        let pair = Pair::of_many(
            format!("{threads} threads, a segment each"),
            OWN,
            move || RawGroup::time_each(&raw, commits),
            move || ours.time_threads(threads, commits),
        );
        pairs.push(pair.at_most(1.05));
    }
    benches::measure(&mut pairs, run.rounds)
}
