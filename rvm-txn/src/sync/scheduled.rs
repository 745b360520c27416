//! The scheduler's locks and threads, in the shape of those that are used otherwise.
//!
//! Time does not pass here: a wait with a limit may end at any moment, or go on.

use std::ops::{Deref, DerefMut};
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use shuttle::rand::{Rng, thread_rng};
use shuttle::sync;

/// A mutex without poisoning.
#[derive(Debug, Default)]
pub(crate) struct Mutex<T>(sync::Mutex<T>);

#[derive(Debug)]
pub(crate) struct MutexGuard<'a, T> {
    mutex: &'a Mutex<T>,
    /// `None` only while it is given up.
    held: Option<sync::MutexGuard<'a, T>>,
}

impl<T> Mutex<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(sync::Mutex::new(value))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        let held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        MutexGuard { mutex: self, held: Some(held) }
    }

    pub(crate) fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
        let held = match self.0.try_lock() {
            Ok(held) => held,
            Err(sync::TryLockError::Poisoned(held)) => held.into_inner(),
            Err(sync::TryLockError::WouldBlock) => return None,
        };
        Some(MutexGuard { mutex: self, held: Some(held) })
    }

    pub(crate) fn get_mut(&mut self) -> &mut T {
        self.0.get_mut().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn into_inner(self) -> T {
        self.0.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> MutexGuard<'_, T> {
    /// Does `work` while the mutex is free for others.
    pub(crate) fn unlocked<R>(guard: &mut Self, work: impl FnOnce() -> R) -> R {
        drop(guard.held.take());
        let done = work();
        guard.held = guard.mutex.lock().held.take();
        done
    }
}

#[expect(clippy::expect_used, reason = "a model of a lock, in tests only")]
impl<T> Deref for MutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.held.as_deref().expect("a guard that is in use holds its mutex")
    }
}

#[expect(clippy::expect_used, reason = "a model of a lock, in tests only")]
impl<T> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.held.as_deref_mut().expect("a guard that is in use holds its mutex")
    }
}

#[derive(Debug, Default)]
pub(crate) struct Condvar(sync::Condvar);

/// A look is a chance for others to run, so a few are enough.
pub(crate) fn spin_until(done: impl Fn() -> bool) {
    for _ in 0..2 {
        if done() {
            return;
        }
    }
}

/// Whether a wait ended because of its limit.
pub(crate) struct Limited {
    timed_out: bool,
}

impl Limited {
    pub(crate) fn timed_out(&self) -> bool {
        self.timed_out
    }
}

impl Condvar {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn wait<T>(&self, guard: &mut MutexGuard<'_, T>) {
        if let Some(held) = guard.held.take() {
            guard.held = Some(self.0.wait(held).unwrap_or_else(PoisonError::into_inner));
        }
    }

    /// Others go on, and then it is over, by the limit or for no reason.
    #[expect(clippy::unused_self, reason = "nobody's signal is waited for")]
    pub(crate) fn wait_for<T>(&self, guard: &mut MutexGuard<'_, T>, _limit: Duration) -> Limited {
        MutexGuard::unlocked(guard, shuttle::thread::yield_now);
        Limited { timed_out: thread_rng().gen_ratio(1, 4) }
    }

    pub(crate) fn wait_until<T>(&self, guard: &mut MutexGuard<'_, T>, _due: Instant) -> Limited {
        self.wait_for(guard, Duration::ZERO)
    }

    pub(crate) fn notify_one(&self) {
        self.0.notify_one();
    }

    pub(crate) fn notify_all(&self) {
        self.0.notify_all();
    }
}

/// There is always a thread to be had.
pub(crate) fn spawn_within<'scope>(
    scope: &'scope shuttle::thread::Scope<'scope, '_>,
    work: impl FnOnce() + Send + 'scope,
) -> std::io::Result<()> {
    scope.spawn(work);
    Ok(())
}

/// What the standard library has under this name.
pub(crate) mod thread {
    use std::io;
    use std::num::NonZeroUsize;

    pub(crate) use shuttle::thread::{Builder, JoinHandle, scope};

    /// Enough for helpers to be used.
    pub(crate) fn available_parallelism() -> io::Result<NonZeroUsize> {
        NonZeroUsize::new(4).ok_or_else(|| io::ErrorKind::Unsupported.into())
    }
}
