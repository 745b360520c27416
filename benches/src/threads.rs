//! Threads that do the same at the same time.

use std::thread;
use std::time::{Duration, Instant};

use crate::Result;

/// How long threads take that begin together. Each is given its number.
///
/// # Errors
/// What the first of them fails with, in words: an error need not be of a kind that may change its thread.
pub(crate) fn all_at_once(
    threads: usize,
    work: impl Fn(usize) -> Result<()> + Sync,
) -> Result<Duration> {
    let started = Instant::now();
    thread::scope(|scope| {
        let start = |number| {
            scope.spawn({
                let work = &work;
                move || work(number).map_err(|error| error.to_string())
            })
        };
        let running: Vec<_> = (0..threads).map(start).collect();
        // All are waited for; a scope would not say what one panicked with.
        let ends: Vec<_> = running
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|_| Err("a thread panicked".to_owned())))
            .collect();
        ends.into_iter().collect::<std::result::Result<(), String>>()
    })?;
    Ok(started.elapsed())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Guards against a failure of which nobody learns more than that there was one.
    #[test]
    fn what_a_thread_fails_with_is_told() {
        let failed =
            all_at_once(3, |number| if number == 1 { Err("no room".into()) } else { Ok(()) });
        assert_eq!(failed.unwrap_err().to_string(), "no room");
    }
}
