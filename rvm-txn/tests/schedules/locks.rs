//! A store's two locks, as the scheduler sees them: a wait that nobody would end is a deadlock, and a wait with a limit does not
//! reach it.

use std::sync::Arc;
use std::time::Duration;

use rvm_storage::{LockMode, LockScope, Result, StorageError, StoreLock};
use shuttle::sync::{Condvar, Mutex};

#[derive(Debug, Default)]
pub(super) struct Locks {
    held: Mutex<[Holders; 2]>,
    freed: Condvar,
}

#[derive(Debug, Default)]
struct Holders {
    shared: usize,
    exclusive: bool,
}

impl Locks {
    pub(super) fn take(
        self: &Arc<Self>,
        scope: LockScope,
        mode: LockMode,
        wait: Duration,
    ) -> Result<Box<dyn StoreLock>> {
        let mut held = self.held.lock().unwrap();
        loop {
            let holders = &mut held[place(scope)];
            if !holders.exclusive && (mode == LockMode::Shared || holders.shared == 0) {
                match mode {
                    LockMode::Shared => holders.shared += 1,
                    LockMode::Exclusive => holders.exclusive = true,
                }
                return Ok(Box::new(Held { locks: Arc::clone(self), scope, mode }));
            }
            let path = "disk".to_owned();
            match (wait.is_zero(), scope) {
                (false, _) => held = self.freed.wait(held).unwrap(),
                (true, LockScope::Owner) => return Err(StorageError::Locked { path }),
                (true, LockScope::Layout) => {
                    return Err(StorageError::Busy { path, waited_ms: 0 });
                }
            }
        }
    }

    pub(super) fn is_owned(&self) -> bool {
        self.held.lock().unwrap()[place(LockScope::Owner)].exclusive
    }
}

fn place(scope: LockScope) -> usize {
    match scope {
        LockScope::Owner => 0,
        LockScope::Layout => 1,
    }
}

#[derive(Debug)]
struct Held {
    locks: Arc<Locks>,
    scope: LockScope,
    mode: LockMode,
}

impl StoreLock for Held {}

impl Drop for Held {
    fn drop(&mut self) {
        let mut held = self.locks.held.lock().unwrap();
        let holders = &mut held[place(self.scope)];
        match self.mode {
            LockMode::Shared => holders.shared -= 1,
            LockMode::Exclusive => holders.exclusive = false,
        }
        self.locks.freed.notify_all();
    }
}
