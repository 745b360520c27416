//! Work spread over threads.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// What each of so many threads comes to, or what went wrong in the first that failed.
pub(crate) fn on_threads<T: Send>(
    threads: usize,
    work: impl Fn(usize) -> Result<T, String> + Sync,
) -> Result<Vec<T>, String> {
    thread::scope(|scope| {
        let work = &work;
        let working: Vec<_> = (0..threads).map(|first| scope.spawn(move || work(first))).collect();
        let ends = working.into_iter();
        ends.map(|thread| thread.join().unwrap_or_else(|_| Err("a panic".to_owned()))).collect()
    })
}

/// What is made of each item, each by whichever of so many threads is free. Nothing more is begun behind a failure.
pub(crate) fn each_on_threads<T: Sync, U: Send>(
    threads: usize,
    items: &[T],
    work: impl Fn(&T) -> Result<U, String> + Sync,
) -> Result<Vec<U>, String> {
    let next = AtomicUsize::new(0);
    let done = on_threads(threads, |_| {
        let mut done = Vec::new();
        while let Some(item) = items.get(next.fetch_add(1, Ordering::Relaxed)) {
            done.push(work(item).inspect_err(|_| next.store(items.len(), Ordering::Relaxed))?);
        }
        Ok(done)
    })?;
    Ok(done.into_iter().flatten().collect())
}
