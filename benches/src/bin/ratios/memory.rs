//! How much memory a store takes beside its segments, in a process of its own, so that nothing else is in it.

use std::error::Error;
use std::process::Command;

use benches::{Footprint, Result, Row, Target, Unit, figure};
use clap::ValueEnum;
use rvm_core::{Durability, MappedToken, Options, Residency, Rvm, Segment};
use rvm_tpca::{Bank, Pattern};
use serde::{Deserialize, Serialize};

const MIB: u64 = 1 << 20;
const SEGMENT_LEN: u64 = 64 * MIB;
/// What a log's tail may hold, in bytes.
const TAIL_LEN: u64 = MIB;
/// What a large transaction declares, in bytes.
const UNDO_LEN: u64 = 16 * MIB;
const COMMITS: u32 = 20_000;

/// Where the segment's memory comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum Kind {
    Resident,
    Mapped,
}

impl Kind {
    const fn word(self) -> &'static str {
        match self {
            Self::Resident => "resident",
            Self::Mapped => "mapped",
        }
    }
}

/// Bytes that were not there before the store was opened.
#[derive(Debug, Serialize, Deserialize)]
struct Grown {
    when_mapped: u64,
    after_commits: u64,
    with_undo: u64,
    after_truncation: u64,
    /// Changed copies of the segment's pages, before and after.
    copies: (u64, u64),
}

pub(crate) fn measure() -> Result<Vec<Row>> {
    if Footprint::now().is_err() {
        return Ok(vec![Row::not_available("memory", Unit::Bytes, Target::None)]);
    }
    let (resident, mapped) = (grown(Kind::Resident)?, grown(Kind::Mapped)?);
    // Beside what is asked for there is a heap, and a stack, and pages are whole.
    let most = Target::Ratio(1.05);
    let rows = [
        ("memory, resident, mapped / segment", SEGMENT_LEN, resident.when_mapped, most),
        (
            "memory, resident, after commits / segment, 1 MiB of tail",
            SEGMENT_LEN + TAIL_LEN,
            resident.after_commits,
            most,
        ),
        (
            "memory beyond the segment, after commits / 1 MiB of tail",
            TAIL_LEN,
            resident.after_commits.saturating_sub(SEGMENT_LEN),
            Target::None,
        ),
        (
            "memory, declaring 16 MiB / undo of 16 MiB",
            UNDO_LEN,
            resident.with_undo.saturating_sub(resident.after_commits),
            most,
        ),
        (
            "memory, resident, after truncation / segment, tail",
            SEGMENT_LEN + TAIL_LEN,
            resident.after_truncation,
            most,
        ),
        ("memory, mapped, first read / segment", SEGMENT_LEN, mapped.when_mapped, Target::None),
        (
            "changed pages, mapped, after truncation / before",
            mapped.copies.0,
            mapped.copies.1,
            Target::Ratio(0.0),
        ),
    ];
    Ok(rows
        .into_iter()
        .map(|(name, plain, ours, target)| {
            let figures = (figure(plain), figure(ours));
            Row::of_pairs(name.to_owned(), Unit::Bytes, target, &[figures])
        })
        .collect())
}

/// Has a child measure, and reads what it printed.
fn grown(kind: Kind) -> Result<Grown> {
    let mut child = Command::new(std::env::current_exe()?);
    let output = child.args(["--memory-of", kind.word()]).output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// What the child does.
pub(crate) fn print_of(kind: Kind, token: MappedToken) -> Result<()> {
    let residency = match kind {
        Kind::Resident => Residency::Resident,
        Kind::Mapped => Residency::Mapped(token),
    };
    let options = Rvm::options().background(false).log_capacity_initial(16 * MIB);
    println!("{}", serde_json::to_string(&observe(options.residency(residency))?)?);
    Ok(())
}

fn observe(options: Options) -> Result<Grown> {
    let dir = tempfile::tempdir()?;
    let before = Footprint::now()?.anonymous;
    let more = || Ok::<_, Box<dyn Error>>(Footprint::now()?.anonymous.saturating_sub(before));
    let rvm = options.open(dir.path().join("store"))?;
    let segment = rvm.map("memory", SEGMENT_LEN)?;
    let sum = segment.read()?.iter().map(|byte| u64::from(*byte)).sum::<u64>();
    std::hint::black_box(sum);
    let when_mapped = more()?;
    commit_many(&rvm, &segment)?;
    let after_commits = more()?;
    let mut txn = rvm.begin(&[&segment])?;
    txn.about_to_modify(&segment, 0..UNDO_LEN)?;
    let with_undo = more()?;
    txn.abort()?;
    let copies_before = Footprint::now()?.of_segments;
    rvm.truncate_log()?;
    // Pages are given back when the segment is taken next.
    rvm.begin(&[&segment])?.abort()?;
    let after_truncation = more()?;
    let copies = (copies_before, Footprint::now()?.of_segments);
    Ok(Grown { when_mapped, after_commits, with_undo, after_truncation, copies })
}

fn commit_many(rvm: &Rvm, segment: &Segment) -> Result<()> {
    let mut bank = Bank::over(SEGMENT_LEN, Pattern::Random);
    for _ in 0..COMMITS {
        let change = bank.draw();
        let mut txn = rvm.begin(&[segment])?;
        for (offset, bytes) in change.stores() {
            txn.write(segment, offset, bytes)?;
        }
        txn.commit_with(Durability::Lazy)?;
    }
    Ok(())
}
