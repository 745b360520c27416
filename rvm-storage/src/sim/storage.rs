//! The simulator as a namespace of files.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::MutexGuard;

use crate::backend::{Blob, LockMode, LockScope, Storage, StoreLock};
use crate::error::{Result, StorageError};
use crate::mem::lock::{self, Refusal};
use crate::name::FileName;

use super::blob::SimBlob;
use super::file::File;
use super::names::{Change, FileId};
use super::operation::{Operation, OperationKind};
use super::world::{Fate, World};
use super::{Shared, SimStorage};

pub(super) const LOCATION: &str = "simulated";

/// An operation that has been numbered and may go on.
pub(super) struct Begun<'a> {
    shared: &'a Shared,
    pub(super) world: MutexGuard<'a, World>,
    pub(super) operation: Operation,
    pub(super) fate: Fate,
}

impl Shared {
    /// Numbers an operation and lets the faults have their say.
    pub(super) fn begin(
        &self,
        kind: OperationKind,
        file: Option<&FileName>,
        (offset, len): (u64, u64),
    ) -> Result<Begun<'_>> {
        let mut operation = Operation { number: 0, kind, file: file.cloned(), offset, len };
        let hook = self.hook.read().clone();
        if let Some(hook) = hook {
            operation.number = self.world.lock().operations();
            hook(&operation);
        }
        let mut world = self.world.lock();
        match world.begin(&mut operation) {
            Ok(fate) => Ok(Begun { shared: self, world, operation, fate }),
            Err(source) => Err(failure(&operation, source)),
        }
    }
}

impl Begun<'_> {
    /// Lets others go on in the middle of the operation. Fails if the power went meanwhile.
    pub(super) fn let_others_go_on(&mut self) -> io::Result<()> {
        let hook = self.shared.inside_hook.read().clone();
        MutexGuard::unlocked(&mut self.world, || {
            if let Some(hook) = hook {
                hook(&self.operation);
            }
        });
        self.world.powered()
    }

    /// Ends the operation: it fails if that is its fate.
    pub(super) fn end<T>(self, done: io::Result<T>) -> Result<T> {
        let done = match self.fate {
            Fate::Done => done,
            failed => done.and(Err(World::failed(failed))),
        };
        done.map_err(|source| failure(&self.operation, source))
    }
}

fn failure(operation: &Operation, source: io::Error) -> StorageError {
    let path = operation.file.as_ref().map_or_else(|| LOCATION.to_owned(), path_of);
    StorageError::io_at(operation.kind.verb(), path, operation.offset, source)
}

pub(super) fn path_of(name: &FileName) -> String {
    format!("{LOCATION}/{name}")
}

impl SimStorage {
    fn blob(&self, name: &FileName, file: FileId) -> Arc<dyn Blob> {
        Arc::new(SimBlob {
            shared: Arc::clone(&self.shared),
            file,
            name: name.clone(),
            location: path_of(name),
        })
    }
}

impl Storage for SimStorage {
    fn location(&self) -> String {
        LOCATION.to_owned()
    }

    fn list(&self) -> Result<Vec<FileName>> {
        let begun = self.shared.begin(OperationKind::List, None, (0, 0))?;
        let names = begun.world.names.live().keys().cloned().collect();
        begun.end(Ok(names))
    }

    fn open(&self, name: &FileName) -> Result<Arc<dyn Blob>> {
        let begun = self.shared.begin(OperationKind::Open, Some(name), (0, 0))?;
        match begun.world.find(name) {
            Some(file) => begun.end(Ok(self.blob(name, file))),
            None => Err(StorageError::NotFound { path: path_of(name) }),
        }
    }

    fn create(&self, name: &FileName) -> Result<Arc<dyn Blob>> {
        let mut begun = self.shared.begin(OperationKind::Create, Some(name), (0, 0))?;
        if begun.world.find(name).is_some() {
            return Err(StorageError::AlreadyExists { path: path_of(name) });
        }
        let file = begun.world.new_file(File::default());
        begun.world.change_names(Change::Create(name.clone(), file));
        begun.end(Ok(self.blob(name, file)))
    }

    fn rename(&self, from: &FileName, to: &FileName) -> Result<()> {
        let mut begun = self.shared.begin(OperationKind::Rename, Some(from), (0, 0))?;
        let Some(file) = begun.world.find(from) else {
            return Err(StorageError::NotFound { path: path_of(from) });
        };
        if begun.world.find(to).is_some() {
            return Err(StorageError::AlreadyExists { path: path_of(to) });
        }
        begun.world.change_names(Change::Rename(from.clone(), to.clone(), file));
        begun.end(Ok(()))
    }

    fn remove(&self, name: &FileName) -> Result<()> {
        let mut begun = self.shared.begin(OperationKind::Remove, Some(name), (0, 0))?;
        if begun.world.find(name).is_none() {
            return Err(StorageError::NotFound { path: path_of(name) });
        }
        begun.world.change_names(Change::Remove(name.clone()));
        begun.end(Ok(()))
    }

    fn sync_names(&self) -> Result<()> {
        let mut begun = self.shared.begin(OperationKind::SyncNames, None, (0, 0))?;
        begun.world.sync_names();
        begun.end(Ok(()))
    }

    fn lock(&self, scope: LockScope, mode: LockMode, wait: Duration) -> Result<Box<dyn StoreLock>> {
        let begun = self.shared.begin(OperationKind::Lock, None, (0, 0))?;
        // Not held while waiting.
        begun.end(Ok(()))?;
        lock::take(&self.shared.locks, scope, mode, wait).map_err(|refusal| {
            let path = LOCATION.to_owned();
            match (refusal, scope) {
                (Refusal::Crashed, _) => crate::mem::world::crashed("lock", LOCATION),
                (Refusal::Held, LockScope::Owner) => StorageError::Locked { path },
                (Refusal::Held, LockScope::Layout) => {
                    let waited_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
                    StorageError::Busy { path, waited_ms }
                }
            }
        })
    }

    /// Follows from the seed, and from nothing else.
    fn fill_random(&self, bytes: &mut [u8]) -> Result<()> {
        let mut begun = self.shared.begin(OperationKind::FillRandom, None, (0, 0))?;
        begun.world.random.fill(bytes);
        begun.end(Ok(()))
    }

    /// A counter: one microsecond more each time.
    fn unix_nanos(&self) -> u64 {
        self.shared.world.lock().tick()
    }
}
