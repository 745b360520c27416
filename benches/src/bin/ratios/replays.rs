//! Replay and recovery against the same by hand, for each transaction in the log. The segment has 32 MiB.

use std::time::{Duration, Instant};

use benches::Temperature::{Cold, Warm};
use benches::{CrashedStore, Pair, RawReplay, Result, Row, SampleLog, Temperature, each};

use crate::Run;

const SEGMENT_LEN: u64 = 32 << 20;

const WORDS: [(&str, Temperature); 2] = [("warm", Warm), ("cold", Cold)];

/// The log is replayed into memory, from the page cache and from the device.
pub(crate) fn measure_replays(run: Run) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for (mib, rounds) in [(16, run.rounds), (64, run.at_most(5)), (256, run.at_most(3))] {
        let len = mib << 20;
        for (word, temperature) in WORDS {
            let (mut raw, mut ours) =
                (RawReplay::of_len(len, SEGMENT_LEN)?, SampleLog::of_len(len)?);
            let (raw_records, records) = (raw.records(), ours.scan()?);
            let pair = Pair::of(
                format!("replay of {mib} MiB into memory, {word}, each record"),
                move || {
                    if temperature == Cold {
                        raw.drop_cache()?;
                    }
                    timed(raw_records, || raw.replay())
                },
                move || {
                    if temperature == Cold {
                        ours.drop_cache()?;
                    }
                    timed(records, || ours.replay().map(drop))
                },
            );
            rows.extend(benches::measure(&mut [pair.at_most(1.0)], rounds)?);
        }
    }
    Ok(rows)
}

/// A store is opened after a crash, with all that belongs to it; and the same log, whose segment is longer.
pub(crate) fn measure_reopenings(run: Run) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for (mib, rounds) in [(16, run.rounds), (64, run.at_most(3)), (256, run.at_most(3))] {
        let len = mib << 20;
        let crashed = CrashedStore::with_log(len, SEGMENT_LEN)?;
        let mut raw = RawReplay::of_len(len, SEGMENT_LEN)?;
        for (word, temperature) in WORDS {
            let pair = Pair::of(
                format!("opening after a crash, log of {mib} MiB, {word}, each record"),
                || {
                    if temperature == Cold {
                        raw.drop_cache()?;
                    }
                    Ok(each(raw.time_reopen()?, raw.records()))
                },
                || Ok(each(crashed.time_open(temperature)?, crashed.records())),
            );
            rows.extend(benches::measure(&mut [pair.at_most(1.2)], rounds)?);
        }
    }
    rows.extend(growth(run.at_most(3))?);
    Ok(rows)
}

/// What opening grows with: a segment that is eight times as long, and a log that is four times as long.
fn growth(rounds: usize) -> Result<Vec<Row>> {
    const LOG_LEN: u64 = 16 << 20;
    let few = CrashedStore::with_log(LOG_LEN, SEGMENT_LEN)?;
    let segment = CrashedStore::with_log(LOG_LEN, 8 * SEGMENT_LEN)?;
    let log = CrashedStore::with_log(4 * LOG_LEN, SEGMENT_LEN)?;
    let open = |store: &CrashedStore| Ok(store.time_open(Warm)?.as_secs_f64());
    let mut pairs = [
        Pair::of(
            "opening, segment of 256 MiB / 32 MiB, same log",
            || open(&few),
            || open(&segment),
        )
        .at_most(1.1),
        Pair::of("opening, log of 64 MiB / 16 MiB, same segment", || open(&few), || open(&log)),
    ];
    benches::measure(&mut pairs, rounds)
}

/// The seconds that one record takes, of so many.
fn timed(records: u64, work: impl FnOnce() -> Result<()>) -> Result<f64> {
    let started = Instant::now();
    work()?;
    let taken: Duration = started.elapsed();
    Ok(each(taken, records))
}
