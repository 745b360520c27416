//! The scheduler's locks and threads, in the shape of those that are used otherwise.
//!
//! Time does not pass here: a wait with a limit may end at any moment, or go on.

use std::ops::{Deref, DerefMut};
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use shuttle::rand::{Rng, thread_rng};
use shuttle::sync;

/// A mutex without poison.
#[derive(Debug, Default)]
pub(crate) struct Mutex<T>(sync::Mutex<T>);

impl<T> Mutex<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(sync::Mutex::new(value))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        let held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        MutexGuard { mutex: self, held }
    }

    pub(crate) fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
        let held = match self.0.try_lock() {
            Ok(held) => held,
            Err(sync::TryLockError::Poisoned(held)) => held.into_inner(),
            Err(sync::TryLockError::WouldBlock) => return None,
        };
        Some(MutexGuard { mutex: self, held })
    }

    pub(crate) fn unlocked<R>(
        &self,
        held: MutexGuard<'_, T>,
        work: impl FnOnce() -> R,
    ) -> (MutexGuard<'_, T>, R) {
        drop(held);
        let done = work();
        (self.lock(), done)
    }

    pub(crate) fn get_mut(&mut self) -> &mut T {
        self.0.get_mut().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn into_inner(self) -> T {
        self.0.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug)]
pub(crate) struct MutexGuard<'a, T> {
    mutex: &'a Mutex<T>,
    held: sync::MutexGuard<'a, T>,
}

impl<T> Deref for MutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.held
    }
}

impl<T> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.held
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

impl Condvar {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn wait<'a, T>(&self, held: MutexGuard<'a, T>) -> MutexGuard<'a, T> {
        let MutexGuard { mutex, held } = held;
        MutexGuard { mutex, held: self.0.wait(held).unwrap_or_else(PoisonError::into_inner) }
    }

    /// Others go on, and then it is over, by the limit or for no reason.
    #[expect(clippy::unused_self, reason = "nobody's signal is waited for")]
    pub(crate) fn wait_for<'a, T>(
        &self,
        held: MutexGuard<'a, T>,
        _limit: Duration,
    ) -> (MutexGuard<'a, T>, bool) {
        let (held, ()) = held.mutex.unlocked(held, shuttle::thread::yield_now);
        (held, thread_rng().gen_ratio(1, 4))
    }

    pub(crate) fn wait_until<'a, T>(
        &self,
        held: MutexGuard<'a, T>,
        _due: Instant,
    ) -> (MutexGuard<'a, T>, bool) {
        self.wait_for(held, Duration::ZERO)
    }

    pub(crate) fn notify_one(&self) {
        self.0.notify_one();
    }

    pub(crate) fn notify_all(&self) {
        self.0.notify_all();
    }
}

pub(crate) fn spawn(
    name: String,
    work: impl FnOnce() + Send + 'static,
) -> std::io::Result<thread::JoinHandle<()>> {
    thread::Builder::new().name(name).spawn(work)
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
