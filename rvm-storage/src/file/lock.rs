//! The two locks of a store in a directory.
//!
//! The owner's lock is a lock of the file `rvm.lock`, which is made when it is missing and never removed or renamed:
//! a lock of a file that has lost its name would exclude nobody. Beside it stands a table of this process, because
//! not every system refuses a second lock to the process that has the first. The layout lock is a lock of the
//! directory itself, so that whoever only reads makes no file. Both belong to a descriptor, not to the process: no
//! other close gives them up by accident.
//!
//! There is no fairness. Waiting is polling, with growing sleeps. A forked child that drops a lock gives up its copy
//! only; until it does, it still holds it when its parent is gone.

use std::collections::BTreeMap;
use std::fs::{File, TryLockError};
use std::io;
use std::time::{Duration, Instant};

use rustix::fs::OFlags;

use crate::backend::{LockMode, LockScope, StoreLock};
use crate::error::{Result, StorageError};
use crate::locks::{Mutex, MutexGuard};

use super::Access;
use super::dir::Directory;
use super::open::{Identity, identity};

/// The file whose lock the owner holds.
pub(super) const LOCK_FILE: &str = "rvm.lock";

const SLEEP_FIRST: Duration = Duration::from_millis(1);
const SLEEP_MAX: Duration = Duration::from_millis(20);

/// The stores this process owns, by their directory.
static OWNED_HERE: Mutex<Owned> = Mutex::new(BTreeMap::new());

/// A forked child has its parent's entries, too, and owns none of these stores.
type Owned = BTreeMap<(ProcessId, Identity), Holders>;

type ProcessId = u32;

#[derive(Clone, Copy, Debug)]
enum Holders {
    Exclusive,
    Shared(usize),
}

/// The table, held.
pub(crate) fn owned_here() -> MutexGuard<'static, impl Sized> {
    OWNED_HERE.lock()
}

/// Takes a lock of the store in `directory`, waiting at most `wait`.
pub(super) fn take(
    directory: &Directory,
    access: Access,
    scope: LockScope,
    mode: LockMode,
    wait: Duration,
) -> Result<Box<dyn StoreLock>> {
    let start = Instant::now();
    let mut sleep = SLEEP_FIRST;
    loop {
        if let Some(lock) = try_take(directory, access, scope, mode)? {
            return Ok(Box::new(lock));
        }
        let left = wait.saturating_sub(start.elapsed());
        if left.is_zero() {
            return Err(refusal(directory, scope, wait));
        }
        std::thread::sleep(sleep.min(left));
        sleep = (sleep * 2).min(SLEEP_MAX);
    }
}

fn refusal(directory: &Directory, scope: LockScope, wait: Duration) -> StorageError {
    match scope {
        LockScope::Owner => StorageError::Locked { path: directory.path_of(LOCK_FILE) },
        LockScope::Layout => StorageError::Busy {
            path: directory.shown().to_owned(),
            waited_ms: u64::try_from(wait.as_millis()).unwrap_or(u64::MAX),
        },
    }
}

fn try_take(
    directory: &Directory,
    access: Access,
    scope: LockScope,
    mode: LockMode,
) -> Result<Option<FileLock>> {
    match scope {
        LockScope::Owner => try_own(directory, access, mode),
        LockScope::Layout => {
            let file = File::from(directory.reopen()?);
            try_lock(file, mode).map_err(|e| StorageError::io("lock", directory.shown(), e))
        }
    }
}

fn try_own(directory: &Directory, access: Access, mode: LockMode) -> Result<Option<FileLock>> {
    let path = directory.path_of(LOCK_FILE);
    let fault = |source: io::Error| StorageError::io("lock", path.as_str(), source);
    let Some(file) = open_lock_file(directory, access, &path)? else {
        return Ok(Some(FileLock::of_nothing()));
    };
    let Some(entry) = Entry::enter(identity(directory.fd()).map_err(fault)?, mode) else {
        return Ok(None);
    };
    let Some(mut lock) = try_lock(file, mode).map_err(fault)? else {
        return Ok(None);
    };
    lock.entry = Some(entry);
    Ok(Some(lock))
}

/// Opens the lock file, made if it is missing. Whoever only reads makes none: no file, no owner.
fn open_lock_file(directory: &Directory, access: Access, path: &str) -> Result<Option<File>> {
    let place = directory.place(LOCK_FILE, path);
    if access == Access::ReadOnly {
        return match place.open(OFlags::RDONLY) {
            Ok(opened) => Ok(Some(opened.file)),
            Err(fault) if fault.is_not_found() => Ok(None),
            Err(fault) => Err(fault),
        };
    }
    loop {
        match place.open(OFlags::RDWR) {
            Ok(opened) => return Ok(Some(opened.file)),
            Err(fault) if fault.is_not_found() => {}
            Err(fault) => return Err(fault),
        }
        match place.create() {
            Ok(opened) => return Ok(Some(opened.file)),
            // Somebody was quicker: open theirs.
            Err(StorageError::AlreadyExists { .. }) => {}
            Err(fault) => return Err(fault),
        }
    }
}

fn try_lock(file: File, mode: LockMode) -> io::Result<Option<FileLock>> {
    let outcome = match mode {
        LockMode::Shared => file.try_lock_shared(),
        LockMode::Exclusive => file.try_lock(),
    };
    match outcome {
        Ok(()) => {
            let process_id = std::process::id();
            Ok(Some(FileLock { _locked: Some(Locked { file, process_id }), entry: None }))
        }
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(source)) => Err(source),
    }
}

/// A held lock. The fields are dropped in this order: the file's lock first, then the table's entry.
#[derive(Debug)]
struct FileLock {
    _locked: Option<Locked>,
    entry: Option<Entry>,
}

impl FileLock {
    /// The lock of a store that nobody can have opened yet.
    const fn of_nothing() -> Self {
        Self { _locked: None, entry: None }
    }
}

impl StoreLock for FileLock {}

#[derive(Debug)]
struct Locked {
    file: File,
    process_id: u32,
}

impl Drop for Locked {
    /// Unlocks, since closing alone would wait for every copy of the descriptor that a program just being started
    /// has. Not in a forked child: there it is the parent's lock. A failure leaves the rest to the close.
    fn drop(&mut self) {
        if std::process::id() == self.process_id {
            self.file.unlock().ok();
        }
    }
}

/// An entry in the table of this process.
#[derive(Debug)]
struct Entry {
    key: (ProcessId, Identity),
}

impl Entry {
    fn enter(directory: Identity, mode: LockMode) -> Option<Self> {
        let key = (std::process::id(), directory);
        let mut owned = OWNED_HERE.lock();
        let holders = match (owned.get(&key), mode) {
            (None, LockMode::Exclusive) => Holders::Exclusive,
            (None, LockMode::Shared) => Holders::Shared(1),
            (Some(Holders::Shared(count)), LockMode::Shared) => Holders::Shared(count + 1),
            _ => return None,
        };
        owned.insert(key, holders);
        Some(Self { key })
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        if self.key.0 != std::process::id() {
            return;
        }
        let mut owned = OWNED_HERE.lock();
        match owned.get_mut(&self.key) {
            Some(Holders::Shared(count)) if *count > 1 => *count -= 1,
            _ => {
                owned.remove(&self.key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Guards against two owners in one process where the system's lock would let the second in.
    #[test]
    fn the_table_alone_keeps_a_second_owner_of_this_process_out() {
        let dir = tempfile::tempdir().unwrap();
        let directory = identity(File::open(dir.path()).unwrap()).unwrap();
        let enter = |mode| Entry::enter(directory, mode);

        let owner = enter(LockMode::Exclusive).unwrap();
        assert!(enter(LockMode::Exclusive).is_none());
        assert!(enter(LockMode::Shared).is_none());
        drop(owner);

        let (one, two) = (enter(LockMode::Shared).unwrap(), enter(LockMode::Shared).unwrap());
        drop(one);
        assert!(enter(LockMode::Exclusive).is_none(), "one shared holder is left");
        drop(two);
        assert!(enter(LockMode::Exclusive).is_some());
    }
}
