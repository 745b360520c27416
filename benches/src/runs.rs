//! Work that is timed in runs, with something between them that is not.

use std::time::{Duration, Instant};

use crate::Result;

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
