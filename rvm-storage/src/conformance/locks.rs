//! The two locks of a store: who keeps whom out, and for how long.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crate::backend::{LockMode, LockScope, Storage, StoreLock};
use crate::error::{Result, StorageError};

use super::Check;
use super::verdict::{Verdict, done, refused};

pub(super) const CHECKS: &[Check] = &[
    ("an exclusive lock keeps everybody out", exclusive_excludes),
    ("shared locks go together and keep out an exclusive one", shared_goes_together),
    ("the two locks are independent", scopes_are_independent),
    ("whoever waits gets a lock that is released", waiting_ends_with_release),
];

const SCOPES: [LockScope; 2] = [LockScope::Owner, LockScope::Layout];

/// Much longer than any release takes; nothing here waits for its end.
const LONG: Duration = Duration::from_secs(60);

/// Not at all, or for a moment.
const WAITS: [Duration; 2] = [Duration::ZERO, Duration::from_millis(3)];

fn lock(storage: &dyn Storage, scope: LockScope, mode: LockMode) -> Result<Box<dyn StoreLock>> {
    storage.lock(scope, mode, Duration::ZERO)
}

fn kept_out(storage: &dyn Storage, scope: LockScope, mode: LockMode) -> Verdict {
    for wait in WAITS {
        let attempt = storage.lock(scope, mode, wait);
        let what = format!("a second lock ({scope:?}, {mode:?})");
        let (wanted, fits): (_, fn(&StorageError) -> bool) = match scope {
            LockScope::Owner => ("Locked", |fault| matches!(fault, StorageError::Locked { .. })),
            LockScope::Layout => ("Busy", |fault| matches!(fault, StorageError::Busy { .. })),
        };
        refused(&what, attempt, wanted, fits)?;
    }
    Ok(())
}

fn exclusive_excludes(storage: &dyn Storage) -> Verdict {
    for scope in SCOPES {
        // Twice: a lock that was released must be there again.
        for _ in 0..2 {
            let held = done("an exclusive lock", lock(storage, scope, LockMode::Exclusive))?;
            kept_out(storage, scope, LockMode::Exclusive)?;
            kept_out(storage, scope, LockMode::Shared)?;
            drop(held);
        }
    }
    Ok(())
}

fn shared_goes_together(storage: &dyn Storage) -> Verdict {
    for scope in SCOPES {
        let first = done("a shared lock", lock(storage, scope, LockMode::Shared))?;
        let second = done("a second shared lock", lock(storage, scope, LockMode::Shared))?;
        kept_out(storage, scope, LockMode::Exclusive)?;
        drop(first);
        kept_out(storage, scope, LockMode::Exclusive)?;
        drop(second);
        drop(done("an exclusive lock", lock(storage, scope, LockMode::Exclusive))?);
    }
    Ok(())
}

fn scopes_are_independent(storage: &dyn Storage) -> Verdict {
    for [one, other] in [SCOPES, [LockScope::Layout, LockScope::Owner]] {
        let held = done("an exclusive lock", lock(storage, one, LockMode::Exclusive))?;
        drop(done("the other lock", lock(storage, other, LockMode::Exclusive))?);
        kept_out(storage, one, LockMode::Shared)?;
        drop(held);
    }
    Ok(())
}

fn waiting_ends_with_release(storage: &dyn Storage) -> Verdict {
    for scope in SCOPES {
        let held = done("an exclusive lock", lock(storage, scope, LockMode::Exclusive))?;
        let (about_to_wait, waiting) = mpsc::channel();
        thread::scope(|threads| {
            let waiter = threads.spawn(move || {
                about_to_wait.send(()).map_err(|fault| fault.to_string())?;
                let got = storage.lock(scope, LockMode::Exclusive, LONG);
                done("a lock waited for", got).map(drop)
            });
            let begun = waiting.recv().map_err(|fault| fault.to_string());
            drop(held);
            begun?;
            waiter.join().unwrap_or_else(|_| Err("a thread of the backend panicked".to_owned()))
        })?;
    }
    Ok(())
}
