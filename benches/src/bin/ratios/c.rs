//! The C interface against Rust's, and checked mode against none.

use benches::{InC, Ledger, Pair, Result, Row};
use rvm_tpca::Pattern;

use crate::Run;

const MIB: u64 = 1 << 20;
const COMMITS: u64 = 300;

pub(crate) fn measure(run: Run) -> Result<Vec<Row>> {
    let (mut rust, mut c) = (Ledger::in_pattern(Pattern::Random, MIB)?, InC::open(MIB)?);
    let durable = Pair::of_many(
        "durable commit from C / from Rust, 1 MiB",
        COMMITS,
        move || rust.time_forced(COMMITS),
        move || c.time_forced(COMMITS),
    );
    let mut pairs = vec![durable.at_most(1.02)];
    for mib in [1, 32] {
        let (mut plain, mut checked) = (InC::open(mib * MIB)?, InC::checked(mib * MIB)?);
        pairs.push(Pair::of_many(
            format!("durable commit from C, checked / not, {mib} MiB"),
            COMMITS,
            move || plain.time_forced(COMMITS),
            move || checked.time_forced(COMMITS),
        ));
    }
    benches::measure(&mut pairs, run.rounds)
}
