//! Prints what the library costs as ratios to the plain operation. The documentation of the crate says how to run it.

#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "a program that prints a table")]

use std::time::{Duration, Instant};

use benches::{
    CrashedStore, ForcedWrites, GROUP, Ledger, Pair, PlainCopy, PlainStores, Records, Result, Row,
    SampleLog, measure,
};

const ROUNDS: usize = 9;
const MIB: u32 = 1 << 20;
const LOG_LEN: u64 = 16 << 20;
const RECORDS: usize = 10_000;

fn main() -> Result<()> {
    let rounds = match std::env::args().nth(1) {
        Some(rounds) => rounds.parse()?,
        None => ROUNDS,
    };
    println!(
        "in {}, medians of {rounds} rounds (least to greatest)\n",
        std::env::temp_dir().display()
    );
    println!("{:<40} {:>11} {:>11} {:>8} {:>19} {:>7}", "", "plain", "ours", "ratio", "", "spread");
    let rows = [memory(rounds)?, forced(rounds)?, bytes(rounds)?];
    for row in rows.iter().flatten() {
        print(row);
    }
    println!(
        "\nspread: of the plain rounds; ! marks one above 30 %: measure again on a quiet machine"
    );
    Ok(())
}

/// Lazy commits against the same stores into plain memory.
fn memory(rounds: usize) -> Result<Vec<Row>> {
    const COMMITS: u64 = 15_000;
    let (mut small, mut small_plain) = (Ledger::open(1, MIB.into())?, PlainStores::over(MIB));
    let (mut large, mut large_plain) =
        (Ledger::open(1, (32 * MIB).into())?, PlainStores::over(32 * MIB));
    let mut pairs = [
        Pair {
            name: "lazy commit / stores, 1 MiB",
            bytes: None,
            plain: Box::new(|| Ok(each(small_plain.time(COMMITS), COMMITS))),
            ours: Box::new(|| Ok(each(small.time_lazy(COMMITS)?, COMMITS))),
        },
        Pair {
            name: "lazy commit / stores, 32 MiB",
            bytes: None,
            plain: Box::new(|| Ok(each(large_plain.time(COMMITS), COMMITS))),
            ours: Box::new(|| Ok(each(large.time_lazy(COMMITS)?, COMMITS))),
        },
    ];
    measure(&mut pairs, rounds)
}

/// Durable commits against forced writes of 4 KiB.
fn forced(rounds: usize) -> Result<Vec<Row>> {
    const COMMITS: u64 = 300;
    let raw = || -> Result<_> {
        let mut raw = ForcedWrites::create()?;
        Ok(Box::new(move || Ok(each(raw.time(COMMITS)?, COMMITS))))
    };
    let [mut one, mut four, mut group] =
        [Ledger::open(1, MIB.into())?, Ledger::open(4, MIB.into())?, Ledger::open(1, MIB.into())?];
    let mut pairs = [
        Pair {
            name: "forced commit / forced write",
            bytes: None,
            plain: raw()?,
            ours: Box::new(|| Ok(each(one.time_forced(COMMITS)?, COMMITS))),
        },
        Pair {
            name: "forced commit, 4 segments / forced write",
            bytes: None,
            plain: raw()?,
            ours: Box::new(|| Ok(each(four.time_forced(COMMITS)?, COMMITS))),
        },
        Pair {
            name: "64 lazy commits, flush / forced write",
            bytes: None,
            plain: raw()?,
            ours: Box::new(|| Ok(each(group.time_groups(COMMITS / GROUP)?, COMMITS / GROUP))),
        },
    ];
    measure(&mut pairs, rounds)
}

/// Encoding, decoding, scanning, replaying and recovering against a copy of the same bytes.
fn bytes(rounds: usize) -> Result<Vec<Row>> {
    let (mut encoded, decoded) = (Records::of_bank(RECORDS)?, Records::of_bank(RECORDS)?);
    let (scanned, mut replayed) = (SampleLog::of_len(LOG_LEN)?, SampleLog::of_len(LOG_LEN)?);
    let crashed = CrashedStore::with_log(LOG_LEN)?;
    let records_len = u64::try_from(encoded.bytes().len())?;
    let mut pairs = [
        against_copy("encode records / copy", records_len, 5, move || encoded.encode()),
        against_copy("decode records / copy", records_len, 5, move || decoded.decode().map(drop)),
        against_copy("scan a log / copy", LOG_LEN, 1, move || scanned.scan().map(drop)),
        against_copy("replay into memory / copy", LOG_LEN, 1, move || replayed.replay().map(drop)),
        Pair {
            name: "open after a crash / copy",
            bytes: Some(crashed.log_len()),
            plain: copy(crashed.log_len()),
            ours: Box::new(|| Ok(crashed.time_open()?.as_secs_f64())),
        },
    ];
    measure(&mut pairs, rounds)
}

fn against_copy<'a>(
    name: &'static str,
    len: u64,
    times: u64,
    mut work: impl FnMut() -> Result<()> + 'a,
) -> Pair<'a> {
    let ours = move || {
        let started = Instant::now();
        for _ in 0..times {
            work()?;
        }
        Ok(each(started.elapsed(), times))
    };
    Pair { name, bytes: Some(len), plain: copy(len), ours: Box::new(ours) }
}

fn copy(len: u64) -> Box<dyn FnMut() -> Result<f64>> {
    const COPIES: u64 = 10;
    let mut plain = PlainCopy::of(len);
    Box::new(move || Ok(each(plain.time(COPIES), COPIES)))
}

/// The seconds that one took, of so many.
fn each(taken: Duration, times: u64) -> f64 {
    u32::try_from(times).map_or(f64::NAN, |times| taken.as_secs_f64() / f64::from(times))
}

fn print(row: &Row) {
    let figure = |seconds: f64| match row.bytes.and_then(|bytes| u32::try_from(bytes).ok()) {
        Some(bytes) => format!("{:.0} MB/s", f64::from(bytes) / seconds / 1e6),
        None if seconds < 1e-5 => format!("{:.0} ns", seconds * 1e9),
        None => format!("{:.1} us", seconds * 1e6),
    };
    println!(
        "{:<40} {:>11} {:>11} {:>8.2} {:>19} {:>5.0} %{}",
        row.name,
        figure(row.plain.median),
        figure(row.ours.median),
        row.ratio.median,
        format!("({:.2} to {:.2})", row.ratio.min, row.ratio.max),
        row.plain.width() * 100.0,
        if row.is_steady() { "" } else { " !" },
    );
}
