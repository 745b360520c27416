//! Mapping a clean segment of 1 GiB up to its first read, and reading from it anywhere. Its file is in the page cache.

use benches::{CleanStore, Pair, RandomReads, Result, Row, Target, Unit, pages_of};
use rvm_core::{Residency, Segment};

use crate::Run;

const LEN: u64 = 1 << 30;
/// More than fits the caches.
const READS: u64 = 500_000;

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
    let array = pages_of(LEN, 1)?;
    let huge = store.in_huge_pages()?;
    let (resident_store, resident) = store.map(Residency::Resident)?;
    let mut each_guarded = RandomReads::default();
    let mut pairs = [
        reads_of("random read of 128 B / array", array.as_slice(), &resident),
        reads_of("random read of 128 B / huge pages", &huge, &resident),
    ];
    let mut rows = benches::measure(&mut pairs, run.rounds)?;
    let mut plain = RandomReads::default();
    let pair = Pair::of_many(
        "random read of 128 B, a guard each / array",
        READS,
        || Ok(plain.time(array.as_slice(), READS)),
        || each_guarded.time_guarded(&resident, READS),
    );
    rows.extend(benches::measure(&mut [pair], run.rounds)?);
    resident_store.close()?;
    let (_mapped_store, mapped) = store.map(Residency::Mapped(run.token))?;
    let name = "random read of 128 B, mapped residency / array";
    let pair = reads_of(name, array.as_slice(), &mapped);
    rows.extend(benches::measure(&mut [pair], run.rounds)?);
    Ok(rows)
}

/// Both read the same places, round by round.
fn reads_of<'a>(name: &str, bytes: &'a [u8], segment: &'a Segment) -> Pair<'a> {
    let (mut plain, mut ours) = (RandomReads::default(), RandomReads::default());
    let pair = Pair::of_many(
        name,
        READS,
        move || Ok(plain.time(bytes, READS)),
        move || Ok(ours.time(&segment.read()?, READS)),
    );
    pair.at_most(1.05)
}
