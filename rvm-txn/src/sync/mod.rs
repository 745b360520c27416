//! The only door to threads, locks and atomics. Built with `--cfg shuttle` they are those of a scheduler that runs one thread at a
//! time and chooses at every one of these operations who goes on; see `tests/schedules`. A primitive taken from elsewhere would
//! escape it.
//!
//! What stays as it is, in both builds: `Arc`, `Weak` and `OnceLock`, which are never waited for here; [`Tally`], which orders
//! nothing; and the lock around a segment's memory, which is free whenever the arbiter has granted it, so that it is only ever
//! tried.

#[cfg(shuttle)]
mod scheduled;

pub(crate) use std::sync::atomic::AtomicU64 as Tally;

pub(crate) use parking_lot::lock_api::{ArcRwLockReadGuard, ArcRwLockWriteGuard};
pub(crate) use parking_lot::{RawRwLock, RwLock};

#[cfg(not(shuttle))]
pub(crate) use parking_lot::{Condvar, Mutex, MutexGuard};
#[cfg(not(shuttle))]
pub(crate) use std::{sync::atomic, thread, thread_local};

#[cfg(shuttle)]
pub(crate) use scheduled::{Condvar, Mutex, MutexGuard, thread};
#[cfg(shuttle)]
pub(crate) use shuttle::{sync::atomic, thread_local};

#[cfg(test)]
mod tests;
