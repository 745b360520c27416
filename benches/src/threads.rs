//! Threads that do the same at the same time.

use std::thread;
use std::time::{Duration, Instant};

use crate::Result;

/// How long threads take that begin together. Each is given its number.
pub(crate) fn all_at_once(
    threads: usize,
    work: impl Fn(usize) -> Result<()> + Sync,
) -> Result<Duration> {
    let started = Instant::now();
    let done = thread::scope(|scope| {
        let start = |number| {
            scope.spawn({
                let work = &work;
                move || work(number).is_ok()
            })
        };
        let running: Vec<_> = (0..threads).map(start).collect();
        running.into_iter().all(|thread| thread.join().unwrap_or(false))
    });
    if done { Ok(started.elapsed()) } else { Err("a thread failed".into()) }
}
