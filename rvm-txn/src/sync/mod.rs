//! The only door to threads, locks and atomics. Built with `--cfg shuttle` they are those of a scheduler that runs one thread at a
//! time and chooses at every one of these operations who goes on; see `tests/schedules`. A primitive taken from elsewhere would
//! escape it.
//!
//! What stays as it is, in both builds: `Arc`, `Weak` and `OnceLock`, which are never waited for here; [`Tally`], which orders
//! nothing; and the lock around a segment's memory, which whoever the arbiter has granted it to finds free or is handed locked, so that it is
//! only ever tried.

#[cfg(shuttle)]
mod scheduled;

#[cfg(not(shuttle))]
use nix::sys::signal::{SigSet, SigmaskHow};
pub(crate) use std::sync::atomic::AtomicU64 as Tally;

pub(crate) use parking_lot::lock_api::{ArcRwLockReadGuard, ArcRwLockWriteGuard};
pub(crate) use parking_lot::{RawRwLock, RwLock};

#[cfg(not(shuttle))]
pub(crate) use rvm_storage::locks::{Condvar, Mutex, MutexGuard};
#[cfg(not(shuttle))]
pub(crate) use std::{sync::atomic, thread, thread_local};

#[cfg(shuttle)]
pub(crate) use scheduled::{Condvar, Mutex, MutexGuard, spawn, spawn_within, spin_until, thread};
#[cfg(shuttle)]
pub(crate) use shuttle::{sync::atomic, thread_local};

/// Starts a thread of the store's own.
///
/// # Errors
/// The system has none to give.
#[cfg(not(shuttle))]
pub(crate) fn spawn(
    name: String,
    work: impl FnOnce() + Send + 'static,
) -> std::io::Result<thread::JoinHandle<()>> {
    without_signals(|| thread::Builder::new().name(name).spawn(work))
}

/// Starts a thread that no signal is given to: those of a process are for its own threads, which may wait for them. It takes over what is
/// blocked in the thread that starts it.
#[cfg(not(shuttle))]
fn without_signals<R>(start: impl FnOnce() -> R) -> R {
    let before = SigSet::all().thread_swap_mask(SigmaskHow::SIG_BLOCK);
    let started = start();
    if let Ok(before) = before {
        before.thread_set_mask().ok();
    }
    started
}

/// Starts a thread that ends before the scope does. An error if the system has none to give, where `Scope::spawn` panics.
#[cfg(not(shuttle))]
pub(crate) fn spawn_within<'scope>(
    scope: &'scope thread::Scope<'scope, '_>,
    work: impl FnOnce() + Send + 'scope,
) -> std::io::Result<()> {
    without_signals(|| thread::Builder::new().spawn_scoped(scope, work).map(drop))
}

/// Returns when `done`, or after about as long as it takes to wake a thread.
#[cfg(not(shuttle))]
pub(crate) fn spin_until(done: impl Fn() -> bool) {
    const LOOKS: u32 = 50;
    const PAUSES: u32 = 10;
    for _ in 0..LOOKS {
        if done() {
            return;
        }
        for _ in 0..PAUSES {
            std::hint::spin_loop();
        }
    }
}

#[cfg(test)]
mod tests;
