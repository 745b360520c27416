//! Mapping a clean segment of 1 GiB up to its first read, and reading from it anywhere. Its file is in the page cache.

use benches::{
    CleanStore, Pair, Result, Row, Target, Unit, each, pages_of, time_guarded_reads, time_reads,
};
use rvm_core::Residency;

use crate::Run;

const LEN: u64 = 1 << 30;

pub(crate) fn measure(run: Run) -> Result<Vec<Row>> {
    let store = CleanStore::of_len(LEN)?;
    let pair = Pair::of(
        "map 1 GiB, first read / read into huge pages",
        || Ok(store.time_read()?.as_secs_f64()),
        || Ok(store.time_map(Residency::Resident)?.as_secs_f64()),
    );
    let mut rows = benches::measure(&mut [pair.at_most(1.11)], run.at_most(5))?;
    let mapped = Residency::Mapped(run.token);
    let times = (0..run.rounds).map(|_| Ok(store.time_map(mapped)?.as_secs_f64()));
    rows.push(Row::of_figures(
        String::from("map 1 GiB, mapped residency, first read"),
        Unit::Seconds,
        Target::Figure(1e-3),
        times.collect::<Result<_>>()?,
    ));
    rows.extend(reads(&store, run)?);
    Ok(rows)
}

/// Reads of 128 bytes through one guard for all of them, and through one for each.
fn reads(store: &CleanStore, run: Run) -> Result<Vec<Row>> {
    const READS: u64 = 200_000;
    let array = pages_of(LEN, 1)?;
    let huge = store.in_huge_pages()?;
    let (resident_store, resident) = store.map(Residency::Resident)?;
    let read = |bytes: &[u8]| Ok(each(time_reads(bytes, READS), READS));
    let mut pairs = [
        Pair::of(
            "random read of 128 B / array",
            || read(array.as_slice()),
            || read(&resident.read()?),
        )
        .at_most(1.05),
        Pair::of("random read of 128 B / huge pages", || read(&huge), || read(&resident.read()?))
            .at_most(1.05),
        Pair::of(
            "random read of 128 B, a guard each / array",
            || read(array.as_slice()),
            || Ok(each(time_guarded_reads(&resident, READS)?, READS)),
        ),
    ];
    let mut rows = benches::measure(&mut pairs, run.rounds)?;
    drop(pairs);
    resident_store.close()?;
    let (_mapped_store, mapped) = store.map(Residency::Mapped(run.token))?;
    let pair = Pair::of(
        "random read of 128 B, mapped residency / array",
        || read(array.as_slice()),
        || read(&mapped.read()?),
    );
    rows.extend(benches::measure(&mut [pair.at_most(1.05)], run.rounds)?);
    Ok(rows)
}
