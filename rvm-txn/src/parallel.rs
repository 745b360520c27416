//! Does the same to several things, on several threads.

use crate::sync::{Mutex, spawn_within, thread};

/// The results of `work` on each item, in order. Up to `helpers` threads help the calling one, if the system has them to give.
pub(crate) fn map_in_parallel<T: Send, R: Send>(
    helpers: usize,
    items: Vec<T>,
    work: impl Fn(T) -> R + Sync,
) -> Vec<R> {
    let wanted = helpers.min(items.len().saturating_sub(1));
    // Asking costs system calls.
    let cores = || thread::available_parallelism().map_or(1, usize::from);
    let threads = if wanted == 0 { 0 } else { wanted.min(cores() - 1) };
    if threads == 0 {
        return items.into_iter().map(work).collect();
    }
    let results: Mutex<Vec<Option<R>>> = Mutex::new(items.iter().map(|_| None).collect());
    let items = Mutex::new(items.into_iter().enumerate());
    let run = || {
        loop {
            let next = items.lock().next();
            let Some((index, item)) = next else { return };
            let result = work(item);
            if let Some(place) = results.lock().get_mut(index) {
                *place = Some(result);
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..threads {
            if spawn_within(scope, run).is_err() {
                break;
            }
        }
        run();
    });
    results.into_inner().into_iter().flatten().collect()
}
