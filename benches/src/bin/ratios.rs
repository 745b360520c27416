//! Prints what the library costs as ratios to the plain operation. The documentation of the crate says how to run it.

#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "a program that prints a table")]

use std::time::{Duration, Instant};

use benches::{
    CrashedStore, Ledger, Pair, PlainCopy, RawGroup, RawParallel, RawReplay, RawStore, Records,
    Result, Row, SampleLog, measure,
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
    let rows =
        [memory(rounds)?, forced(rounds)?, threads(rounds)?, replays(rounds)?, bytes(rounds)?];
    for row in rows.iter().flatten() {
        print(row);
    }
    println!(
        "\nspread: of the plain rounds; ! marks one above 30 %: measure again on a quiet machine"
    );
    Ok(())
}

/// Lazy commits in bursts that no force interrupts, against the same by hand.
fn memory(rounds: usize) -> Result<Vec<Row>> {
    const COMMITS: u64 = 15_000;
    let lazy = |name, len: u32| -> Result<Pair<'_>> {
        let (mut raw, mut ours) = (RawStore::open(len.into())?, Ledger::open(1, len.into())?);
        Ok(each_of(name, COMMITS, move || raw.time_lazy(COMMITS), move || ours.time_lazy(COMMITS)))
    };
    let mut pairs = [
        lazy("lazy commit / by hand, 1 MiB", MIB)?,
        lazy("lazy commit / by hand, 32 MiB", 32 * MIB)?,
        lazy("lazy commit / by hand, 256 MiB", 256 * MIB)?,
    ];
    measure(&mut pairs, rounds)
}

/// Durable commits against the same by hand.
fn forced(rounds: usize) -> Result<Vec<Row>> {
    const COMMITS: u64 = 300;
    let forced = |name, len: u32| -> Result<Pair<'_>> {
        let (mut raw, mut ours) = (RawStore::open(len.into())?, Ledger::open(1, len.into())?);
        Ok(each_of(
            name,
            COMMITS,
            move || raw.time_forced(COMMITS),
            move || ours.time_forced(COMMITS),
        ))
    };
    let parts = |name, segments| -> Result<Pair<'_>> {
        let (mut raw, mut ours) =
            (RawParallel::open(segments)?, Ledger::open(segments, MIB.into())?);
        Ok(each_of(name, COMMITS, move || raw.time(COMMITS), move || ours.time_forced(COMMITS)))
    };
    let (mut raw, mut group) = (RawStore::open(MIB.into())?, Ledger::open(1, MIB.into())?);
    let mut pairs = [
        forced("forced commit / by hand, 1 MiB", MIB)?,
        forced("forced commit / by hand, 32 MiB", 32 * MIB)?,
        parts("forced commit, 2 segments / 2 files", 2)?,
        parts("forced commit, 4 segments / 4 files", 4)?,
        each_of(
            "64 lazy commits, flush / by hand",
            COMMITS,
            || raw.time_groups(COMMITS),
            || group.time_groups(COMMITS),
        ),
    ];
    measure(&mut pairs, rounds)
}

/// Durable commits of several threads against a group commit by hand.
fn threads(rounds: usize) -> Result<Vec<Row>> {
    // Multiples of the numbers of threads.
    const SHARED: u64 = 4_032;
    const OWN: u64 = 2_000;
    let shared = |name, threads: usize| -> Result<Pair<'_>> {
        let (raw, mut ours) = (RawGroup::open()?, Ledger::open(1, MIB.into())?);
        let commits = SHARED / u64::try_from(threads)?;
        Ok(each_of(
            name,
            SHARED,
            move || raw.time(threads, commits),
            move || ours.time_threads(threads, commits),
        ))
    };
    let own = |name, threads: usize| -> Result<Pair<'_>> {
        let raw: Vec<_> = (0..threads).map(|_| RawGroup::open()).collect::<Result<_>>()?;
        let mut ours = Ledger::open(threads, MIB.into())?;
        let commits = OWN / u64::try_from(threads)?;
        Ok(each_of(
            name,
            OWN,
            move || RawGroup::time_each(&raw, commits),
            move || ours.time_threads(threads, commits),
        ))
    };
    let mut pairs = [
        shared("2 threads, one segment / by hand", 2)?,
        shared("8 threads, one segment / by hand", 8)?,
        shared("64 threads, one segment / by hand", 64)?,
        own("2 threads, a segment each / by hand", 2)?,
        own("8 threads, a segment each / by hand", 8)?,
    ];
    measure(&mut pairs, rounds)
}

/// Replay and recovery against the same by hand, for each transaction in the log.
fn replays(rounds: usize) -> Result<Vec<Row>> {
    let segment_len = u64::from(SampleLog::SEGMENT_LEN);
    let (mut raw, mut ours) =
        (RawReplay::of_len(LOG_LEN, segment_len)?, SampleLog::of_len(LOG_LEN)?);
    let (mut reopened, crashed) =
        (RawReplay::of_len(LOG_LEN, segment_len)?, CrashedStore::with_log(LOG_LEN)?);
    let (raw_records, records) = (raw.records(), ours.scan()?);
    let mut pairs = [
        Pair {
            name: "replay into memory / by hand",
            bytes: None,
            plain: Box::new(move || timed(raw_records, || raw.replay())),
            ours: Box::new(move || timed(records, || ours.replay().map(drop))),
        },
        Pair {
            name: "open after a crash / by hand",
            bytes: None,
            plain: Box::new(|| Ok(each(reopened.time_reopen()?, raw_records))),
            ours: Box::new(|| Ok(each(crashed.time_open()?, crashed.records()))),
        },
    ];
    measure(&mut pairs, rounds)
}

/// Encoding, decoding and scanning against a copy of the same bytes.
fn bytes(rounds: usize) -> Result<Vec<Row>> {
    let (mut encoded, decoded) = (Records::of_bank(RECORDS)?, Records::of_bank(RECORDS)?);
    let scanned = SampleLog::of_len(LOG_LEN)?;
    let records_len = u64::try_from(encoded.bytes().len())?;
    let mut pairs = [
        against_copy("encode records / copy", records_len, 5, move || encoded.encode()),
        against_copy("decode records / copy", records_len, 5, move || decoded.decode().map(drop)),
        against_copy("scan a log / copy", LOG_LEN, 1, move || scanned.scan().map(drop)),
    ];
    measure(&mut pairs, rounds)
}

/// Of two ways to do so many, how long one takes.
fn each_of<'a>(
    name: &'static str,
    times: u64,
    mut plain: impl FnMut() -> Result<Duration> + 'a,
    mut ours: impl FnMut() -> Result<Duration> + 'a,
) -> Pair<'a> {
    Pair {
        name,
        bytes: None,
        plain: Box::new(move || Ok(each(plain()?, times))),
        ours: Box::new(move || Ok(each(ours()?, times))),
    }
}

/// The seconds that one record takes, of so many.
fn timed(records: u64, work: impl FnOnce() -> Result<()>) -> Result<f64> {
    let started = Instant::now();
    work()?;
    Ok(each(started.elapsed(), records))
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
