//! Locks that a forked child finds as they should be: they are words of memory, and who waits for them is known to the kernel
//! alone. A table of waiting threads, as other locks have one in each process, is the parent's in a child: its threads are gone there,
//! and their stacks become those of others.
//!
//! They have no poison: what a lock guards in these crates is whole at every moment.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{self, PoisonError, TryLockError};
use std::time::{Duration, Instant};

/// The right to what a [`Mutex`] guards.
pub type MutexGuard<'a, T> = sync::MutexGuard<'a, T>;

/// A mutex without poison.
///
/// ```
/// use rvm_storage::locks::Mutex;
///
/// static COUNT: Mutex<u32> = Mutex::new(0);
/// *COUNT.lock() += 1;
/// assert_eq!(*COUNT.lock(), 1);
/// ```
#[derive(Debug, Default)]
pub struct Mutex<T>(sync::Mutex<T>);

impl<T> Mutex<T> {
    /// A mutex that nobody holds.
    pub const fn new(value: T) -> Self {
        Self(sync::Mutex::new(value))
    }

    /// Waits until nobody holds it.
    #[inline]
    pub fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `None` if somebody holds it.
    pub fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
        match self.0.try_lock() {
            Ok(held) => Some(held),
            Err(TryLockError::Poisoned(held)) => Some(held.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }

    /// Does `work` while it is free for others.
    pub fn unlocked<R>(
        &self,
        held: MutexGuard<'_, T>,
        work: impl FnOnce() -> R,
    ) -> (MutexGuard<'_, T>, R) {
        drop(held);
        let done = work();
        (self.lock(), done)
    }

    /// What it guards, of which the caller is the only user.
    pub fn get_mut(&mut self) -> &mut T {
        self.0.get_mut().unwrap_or_else(PoisonError::into_inner)
    }

    /// What it guarded.
    pub fn into_inner(self) -> T {
        self.0.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Lets threads wait for a change of what a [`Mutex`] guards. A wait may end for no reason. Whoever notifies has held the mutex for the change
/// before; if nobody waits, that asks nothing of the system.
#[derive(Debug, Default)]
pub struct Condvar {
    changed: sync::Condvar,
    /// Raised and lowered with the mutex held.
    waiting: AtomicUsize,
}

impl Condvar {
    /// One that nobody waits for.
    #[must_use]
    pub const fn new() -> Self {
        Self { changed: sync::Condvar::new(), waiting: AtomicUsize::new(0) }
    }

    /// Gives the mutex up, waits to be notified, and takes it again.
    pub fn wait<'a, T>(&self, held: MutexGuard<'a, T>) -> MutexGuard<'a, T> {
        self.waiting.fetch_add(1, Ordering::SeqCst);
        let held = self.changed.wait(held).unwrap_or_else(PoisonError::into_inner);
        self.waiting.fetch_sub(1, Ordering::SeqCst);
        held
    }

    /// As [`wait`](Self::wait), at most for `limit`; true if that is over.
    pub fn wait_for<'a, T>(
        &self,
        held: MutexGuard<'a, T>,
        limit: Duration,
    ) -> (MutexGuard<'a, T>, bool) {
        self.waiting.fetch_add(1, Ordering::SeqCst);
        let waited = self.changed.wait_timeout(held, limit);
        let (held, end) = waited.unwrap_or_else(PoisonError::into_inner);
        self.waiting.fetch_sub(1, Ordering::SeqCst);
        (held, end.timed_out())
    }

    /// As [`wait`](Self::wait), at most until `due`; true if that is over.
    pub fn wait_until<'a, T>(
        &self,
        held: MutexGuard<'a, T>,
        due: Instant,
    ) -> (MutexGuard<'a, T>, bool) {
        self.wait_for(held, due.saturating_duration_since(Instant::now()))
    }

    /// Ends a wait of one thread.
    pub fn notify_one(&self) {
        if self.waiting.load(Ordering::SeqCst) > 0 {
            self.changed.notify_one();
        }
    }

    /// Ends the wait of all threads.
    pub fn notify_all(&self) {
        if self.waiting.load(Ordering::SeqCst) > 0 {
            self.changed.notify_all();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Guards against a panic elsewhere that makes every later use of a lock panic, too.
    #[test]
    fn a_holder_that_panics_leaves_no_poison() {
        let (mut mutex, changed) = (Mutex::new(1), Condvar::new());
        std::thread::scope(|scope| {
            let holder = scope.spawn(|| {
                let _held = mutex.lock();
                panic!("while it is held");
            });
            holder.join().unwrap_err();
        });
        *mutex.lock() += 1;
        *mutex.try_lock().unwrap() += 1;
        let (held, is_over) = changed.wait_until(mutex.lock(), Instant::now());
        assert!(*held == 3 && is_over);
        let (held, in_between) = mutex.unlocked(held, || mutex.try_lock().is_some());
        assert!(in_between && mutex.try_lock().is_none());
        drop(held);
        *mutex.get_mut() += 1;
        assert_eq!(mutex.into_inner(), 4);
    }
}
