//! Work that is timed in runs, with something between them that is not.

use std::time::{Duration, Instant};

use crate::Result;

/// The lazy commits that are made durable by one flush, where that is measured.
pub const GROUP: u64 = 64;

/// How many commits run before the log is emptied: less than 1 MiB of records, so that the engine forces none of itself.
pub(crate) const COMMITS_PER_RUN: u64 = 5_000;

/// How long `work` takes, so many times. After each run of at most so many, `between` is done, which is not counted.
pub(crate) fn in_runs<S>(
    state: &mut S,
    (times, times_per_run): (u64, u64),
    work: impl Fn(&mut S) -> Result<()>,
    between: impl Fn(&mut S) -> Result<()>,
) -> Result<Duration> {
    let (mut left, mut taken) = (times, Duration::ZERO);
    while left > 0 {
        let run = left.min(times_per_run);
        let started = Instant::now();
        for _ in 0..run {
            work(state)?;
        }
        taken += started.elapsed();
        between(state)?;
        left -= run;
    }
    Ok(taken)
}
