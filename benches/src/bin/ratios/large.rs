//! One durable commit of many bytes, against one write of as many to a file that was written before, and its force.

use std::time::Duration;

use benches::{LargeCommits, LargeTimes, LargeWrites, Result, Row, Target, Unit};

use crate::Run;

pub(crate) fn measure(run: Run) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for mib in [1, 16, 64] {
        let len = mib << 20;
        let (mut raw, mut ours) = (LargeWrites::of_len(len)?, LargeCommits::of_len(len)?);
        let rounds: Vec<_> =
            (0..=run.at_most(5)).map(|_| Ok((raw.time()?, ours.time()?))).collect::<Result<_>>()?;
        let row = |name, time: fn(&LargeTimes) -> Duration| {
            // The first round does not count.
            let figures = rounds.iter().skip(1);
            let figures =
                figures.map(|(raw, ours)| (time(raw).as_secs_f64(), time(ours).as_secs_f64()));
            let figures: Vec<_> = figures.collect();
            Row::of_pairs(name, Unit::SecondsFor(len), Target::Ratio(1.11), &figures)
        };
        rows.push(row(format!("transaction of {mib} MiB / store, write, fdatasync"), |times| {
            times.whole
        }));
        rows.push(row(format!("its commit alone, {mib} MiB / write, fdatasync"), |times| {
            times.commit
        }));
    }
    Ok(rows)
}
