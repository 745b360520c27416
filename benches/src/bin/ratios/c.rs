//! The C interface against Rust's, and checked mode against none.

use std::path::Path;

use benches::{FromC, FromRust, Pair, Result, Row};

use crate::Run;

const MIB: u64 = 1 << 20;
/// Enough for a round to be longer than the moods of a disk, and few enough for a log.
const COMMITS: u64 = 2_000;

pub(crate) fn measure(run: Run) -> Result<Vec<Row>> {
    let dir = tempfile::tempdir()?;
    let store = |name: &str| dir.path().join(name);
    let (mut rust, mut c) = (FromRust::on(&store("c"), MIB), FromC::on(&store("c"), MIB, false)?);
    let durable = Pair::of_many(
        "durable commit from C / from Rust, 1 MiB",
        COMMITS,
        move || rust.time(COMMITS),
        move || c.time(COMMITS),
    );
    let mut pairs = [
        durable.at_most(1.02),
        checked(&store("checked-1"), 1)?,
        checked(&store("checked-16"), 16)?,
    ];
    benches::measure(&mut pairs, run.rounds)
}

fn checked(store: &Path, mib: u64) -> Result<Pair<'static>> {
    let commits = COMMITS / mib;
    let len = mib * MIB;
    let (mut plain, mut checked) = (FromC::on(store, len, false)?, FromC::on(store, len, true)?);
    let name = format!("durable commit from C, checked / not, {mib} MiB");
    let pair =
        Pair::of_many(name, commits, move || plain.time(commits), move || checked.time(commits));
    Ok(pair)
}
