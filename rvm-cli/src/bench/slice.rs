//! One slice of time in which some threads do the same again and again, and what they counted.

use std::fmt::Display;
use std::thread;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

use crate::failure::Failure;
use crate::quantities::nanos;
use crate::waiting::Interrupt;

/// The longest latency that is told from longer ones, in nanoseconds: an hour.
const LATENCY_MAX: u64 = 3_600_000_000_000;

/// So many digits of a latency are kept.
const DIGITS: u8 = 3;

/// What was done in a slice.
#[derive(Clone, Debug)]
pub(super) struct Slice {
    /// From the first thread's start to the last one's end.
    pub(super) time: Duration,
    /// How long each took, in nanoseconds, and so how many there were.
    pub(super) latencies: Histogram<u64>,
}

/// When a slice ends.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limit<'a> {
    /// After so long.
    pub(super) time: Duration,
    /// Or at once, if the user wants that.
    pub(super) interrupt: &'a Interrupt,
    /// So many times something is done between two readings of the clock.
    pub(super) times_per_reading: u64,
}

/// An empty histogram.
pub(super) fn no_latencies() -> Result<Histogram<u64>, Failure> {
    Histogram::new_with_bounds(1, LATENCY_MAX, DIGITS).map_err(uncounted)
}

/// Adds what was counted to what was counted before.
pub(super) fn add(sum: &mut Histogram<u64>, more: &Histogram<u64>) -> Result<(), Failure> {
    sum.add(more).map_err(uncounted)
}

/// Lets each worker do its work, at least once, on a thread of its own, until the limit.
pub(super) fn all_at_once<W: Send>(
    workers: &mut [W],
    limit: Limit<'_>,
    work: impl Fn(&mut W) -> Result<(), Failure> + Sync,
) -> Result<Slice, Failure> {
    let started = Instant::now();
    let mut latencies = no_latencies()?;
    thread::scope(|scope| {
        let mut running = Vec::with_capacity(workers.len());
        for worker in workers {
            let work = &work;
            let again_and_again = move || repeat(started, limit, || work(worker));
            let thread = thread::Builder::new().spawn_scoped(scope, again_and_again);
            running.push(thread.map_err(|fault| bench(format!("cannot start a thread: {fault}")))?);
        }
        for thread in running {
            let counted = thread.join().map_err(|_| bench("a thread panicked"))?;
            add(&mut latencies, &counted?)?;
        }
        Ok::<(), Failure>(())
    })?;
    Ok(Slice { time: started.elapsed(), latencies })
}

fn repeat(
    started: Instant,
    limit: Limit<'_>,
    mut work: impl FnMut() -> Result<(), Failure>,
) -> Result<Histogram<u64>, Failure> {
    let mut latencies = no_latencies()?;
    let times = limit.times_per_reading;
    let mut before = Instant::now();
    loop {
        for _ in 0..times {
            work()?;
        }
        let now = Instant::now();
        let each = nanos(now - before) / times.max(1);
        latencies.saturating_record_n(each, times);
        before = now;
        if now.saturating_duration_since(started) >= limit.time || limit.interrupt.is_set() {
            return Ok(latencies);
        }
    }
}

fn uncounted(fault: impl Display) -> Failure {
    bench(format!("cannot count latencies: {fault}"))
}

fn bench(fault: impl Into<String>) -> Failure {
    Failure::Bench(fault.into())
}
