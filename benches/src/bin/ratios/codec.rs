//! Encoding, decoding and scanning against a copy of the same bytes.

use std::time::{Duration, Instant};

use benches::{Pair, PlainCopy, Records, Result, Row, SampleLog, Unit, each};

use crate::Run;

const RECORDS: usize = 10_000;
const LOG_LEN: u64 = 16 << 20;

pub(crate) fn measure(run: Run) -> Result<Vec<Row>> {
    let (mut encoded, decoded) = (Records::of_bank(RECORDS)?, Records::of_bank(RECORDS)?);
    let scanned = SampleLog::of_len(LOG_LEN)?;
    let records_len = u64::try_from(encoded.bytes().len())?;
    let mut pairs = [
        against_copy("encode records / copy", records_len, 5, move || encoded.encode()),
        against_copy("decode records / copy", records_len, 5, move || decoded.decode().map(drop)),
        against_copy("scan a log / copy", LOG_LEN, 1, move || scanned.scan().map(drop)),
    ];
    benches::measure(&mut pairs, run.rounds)
}

fn against_copy<'a>(
    name: &'static str,
    len: u64,
    times: u64,
    mut work: impl FnMut() -> Result<()> + 'a,
) -> Pair<'a> {
    const COPIES: u64 = 10;
    let mut plain = PlainCopy::of(len);
    let mut ours = move || -> Result<Duration> {
        let started = Instant::now();
        (0..times).try_for_each(|_| work())?;
        Ok(started.elapsed())
    };
    let copy = move || Ok(each(plain.time(COPIES), COPIES));
    Pair::of(name, copy, move || Ok(each(ours()?, times))).in_unit(Unit::SecondsFor(len))
}
