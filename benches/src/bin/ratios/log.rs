//! Bytes of log for a commit, which are the same each time, and what it costs to lay ranges together.

use benches::{
    Declared, Ledger, Pair, RAW_RECORD_LEN, Result, Row, Target, Unit, figure,
    log_bytes_of_a_commit,
};
use rvm_core::RangePolicy;

use crate::Run;

const MIB: u64 = 1 << 20;

pub(crate) fn measure(run: Run) -> Result<Vec<Row>> {
    let raw = u64::try_from(RAW_RECORD_LEN)?;
    let (stores, records) = (Declared::Stores, Declared::Records);
    let raw_records = raw + records.user_bytes() - stores.user_bytes();
    let laid = RangePolicy::Coalesce;
    let ours = |declared, policy| log_bytes_of_a_commit(declared, policy);
    let once = ours(stores, laid)?;
    let most = figure(records.user_bytes()) * 1.3;
    let mut rows = Vec::new();
    for (name, plain, ours, target) in [
        (
            "log, 3 x 128 + 64 bytes declared",
            raw_records,
            ours(records, RangePolicy::PerCall)?,
            Target::Figure(most),
        ),
        (
            "log, 3 x 8 + 64 bytes declared",
            raw,
            ours(stores, RangePolicy::PerCall)?,
            Target::Figure(200.0),
        ),
        (
            "log, laid together, declared twice / once",
            once,
            ours(Declared::StoresTwice, laid)?,
            Target::Ratio(1.0),
        ),
    ] {
        let figures = (figure(plain), figure(ours));
        rows.push(Row::of_pairs(name.to_owned(), Unit::Bytes, target, &[figures]));
    }
    rows.extend(cost(run)?);
    Ok(rows)
}

/// Lazy commits without duplicates, one policy against the other.
fn cost(run: Run) -> Result<Vec<Row>> {
    const COMMITS: u64 = 15_000;
    let mut per_call = Ledger::open(1, MIB)?;
    let options = Ledger::options().range_policy(RangePolicy::Coalesce);
    let mut laid = Ledger::with_options(options, MIB)?;
    let pair = Pair::of_many(
        "lazy commit, 1 MiB, laid together / each call",
        COMMITS,
        || per_call.time_lazy(COMMITS),
        || laid.time_lazy(COMMITS),
    );
    benches::measure(&mut [pair.at_most(1.1)], run.rounds)
}
