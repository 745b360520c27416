//! The two locks of a store in memory.
//!
//! A lock has any number of shared holders or one exclusive one, and is released by dropping what
//! [`take`] gave out. Waiting ends with the time given, or when the store crashes. Who comes first is not defined.

use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use crate::backend::{LockMode, LockScope, StoreLock};

#[derive(Debug, Default)]
pub(crate) struct Locks {
    held: Mutex<Held>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Held {
    owner: Holders,
    layout: Holders,
    crashed: bool,
}

#[derive(Debug, Default)]
struct Holders {
    shared: usize,
    exclusive: bool,
}

/// Why there is no lock.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Refusal {
    Held,
    Crashed,
}

/// Takes a lock, waiting at most `wait`.
pub(crate) fn take(
    locks: &Arc<Locks>,
    scope: LockScope,
    mode: LockMode,
    wait: Duration,
) -> Result<Box<dyn StoreLock>, Refusal> {
    let deadline = Instant::now().checked_add(wait);
    let mut held = locks.held.lock();
    loop {
        if held.crashed {
            return Err(Refusal::Crashed);
        }
        if held.of(scope).admit(mode) {
            let locks = Arc::clone(locks);
            return Ok(Box::new(MemLock { locks, scope, mode }));
        }
        match deadline {
            Some(deadline) if Instant::now() >= deadline => return Err(Refusal::Held),
            Some(deadline) => {
                locks.changed.wait_until(&mut held, deadline);
            }
            None => locks.changed.wait(&mut held),
        }
    }
}

impl Locks {
    /// Ends all waiting; later attempts fail.
    pub(crate) fn crash(&self) {
        self.held.lock().crashed = true;
        self.changed.notify_all();
    }
}

impl Held {
    fn of(&mut self, scope: LockScope) -> &mut Holders {
        match scope {
            LockScope::Owner => &mut self.owner,
            LockScope::Layout => &mut self.layout,
        }
    }
}

impl Holders {
    fn admit(&mut self, mode: LockMode) -> bool {
        match mode {
            LockMode::Shared if !self.exclusive => self.shared += 1,
            LockMode::Exclusive if !self.exclusive && self.shared == 0 => self.exclusive = true,
            _ => return false,
        }
        true
    }

    fn leave(&mut self, mode: LockMode) {
        match mode {
            LockMode::Shared => self.shared = self.shared.saturating_sub(1),
            LockMode::Exclusive => self.exclusive = false,
        }
    }
}

#[derive(Debug)]
struct MemLock {
    locks: Arc<Locks>,
    scope: LockScope,
    mode: LockMode,
}

impl StoreLock for MemLock {}

impl Drop for MemLock {
    fn drop(&mut self) {
        self.locks.held.lock().of(self.scope).leave(self.mode);
        self.locks.changed.notify_all();
    }
}
