//! The C interface against Rust's, and checked mode against none.

use std::io::{stdin, stdout};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use benches::{InTurn, Result, Row, Target, Unit, each};

use crate::Run;

const MIB: u64 = 1 << 20;
/// In a round both take this many turns: a disk's moods last longer than a turn, and shorter than a round.
const TURNS: usize = 25;
const COMMITS: u64 = 100;

pub(crate) fn measure(run: Run) -> Result<Vec<Row>> {
    let dir = tempfile::tempdir()?;
    let store = |name: &str| dir.path().join(name);
    let mut rust = Command::new(std::env::current_exe()?);
    rust.arg("--commits-in").arg(store("c"));
    let (rust, c) = (InTurn::in_rust(rust)?, InTurn::in_c(&store("c"), MIB, false)?);
    let name = "durable commit from C / from Rust, 1 MiB";
    let mut rows = vec![in_turn((rust, c), run, name, Target::Ratio(1.02))?];
    for mib in [1, 16] {
        let store = store(&format!("checked-{mib}"));
        let plain = InTurn::in_c(&store, mib * MIB, false)?;
        let checked = InTurn::in_c(&store, mib * MIB, true)?;
        let name = format!("durable commit from C, checked / not, {mib} MiB");
        rows.push(in_turn((plain, checked), run, &name, Target::None)?);
    }
    Ok(rows)
}

fn in_turn(
    (mut plain, mut ours): (InTurn, InTurn),
    run: Run,
    name: &str,
    target: Target,
) -> Result<Row> {
    let mut rounds = Vec::new();
    for round in 0..=run.rounds {
        let mut taken = (Duration::ZERO, Duration::ZERO);
        for turn in 0..TURNS {
            // Who goes first changes.
            if turn % 2 == 0 {
                taken.0 += plain.time(COMMITS)?;
            }
            taken.1 += ours.time(COMMITS)?;
            if turn % 2 == 1 {
                taken.0 += plain.time(COMMITS)?;
            }
        }
        if round > 0 {
            let commits = COMMITS * u64::try_from(TURNS)?;
            rounds.push((each(taken.0, commits), each(taken.1, commits)));
        }
    }
    Ok(Row::of_pairs(name.to_owned(), Unit::Seconds, target, &rounds))
}

/// What the process does that commits from Rust.
pub(crate) fn commit_when_asked(store: &Path) -> Result<()> {
    benches::commit_when_asked(store, MIB, stdin().lock(), stdout())
}
