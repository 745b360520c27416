//! A storage that stops at its n-th operation: what it did before is done, that operation and all later ones fail.

use std::fmt;
use std::fs::File;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use rvm_core::rvm_storage::{
    Blob, Capabilities, FileName, Fill, LockMode, LockScope, MemStorage, Result, Storage,
    StorageError, StoreLock, Write,
};

/// How an operation fails.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Fault {
    /// Without having done anything.
    Before,
    /// Having done everything: a force whose bytes are there, though it said that it failed.
    After,
    /// Once, without having done anything; later operations work again.
    Once,
    /// Once, and out of space; later operations work again.
    FullOnce,
}

impl Fault {
    /// Whether operations work again behind it.
    pub(super) fn is_over(self) -> bool {
        matches!(self, Self::Once | Self::FullOnce)
    }
}

/// Picks operations by what they do and the file they do it to.
type Filter = dyn Fn(&str, &str) -> bool + Send + Sync;

#[derive(Clone)]
pub(super) struct Failing {
    inner: MemStorage,
    left: Arc<AtomicI64>,
    fault: Fault,
    /// Counts these operations only; otherwise all that change anything.
    only: Option<Arc<Filter>>,
}

impl fmt::Debug for Failing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Failing").field("fault", &self.fault).finish_non_exhaustive()
    }
}

impl Failing {
    /// Fails the operation behind the first `operations` that change anything.
    pub(super) fn after(inner: &MemStorage, operations: i64, fault: Fault) -> Self {
        Self { inner: inner.clone(), left: Arc::new(AtomicI64::new(operations)), fault, only: None }
    }

    /// Fails, in this way, the first operation that `only` picks: it is given what the operation does and the file's name.
    pub(super) fn at(
        inner: &MemStorage,
        fault: Fault,
        only: impl Fn(&str, &str) -> bool + Send + Sync + 'static,
    ) -> Self {
        Self::after(inner, 0, fault).only(only)
    }

    /// Counts only the operations that `only` picks.
    pub(super) fn only(self, only: impl Fn(&str, &str) -> bool + Send + Sync + 'static) -> Self {
        Self { only: Some(Arc::new(only)), ..self }
    }

    /// Whether the fault has happened.
    pub(super) fn fired(&self) -> bool {
        self.left.load(Ordering::SeqCst) < 0
    }

    fn change<T>(
        &self,
        operation: &'static str,
        file: &str,
        work: impl FnOnce() -> Result<T>,
    ) -> Result<T> {
        if self.only.as_ref().is_some_and(|only| !only(operation, file)) {
            return work();
        }
        let left = self.left.fetch_sub(1, Ordering::SeqCst);
        if left > 0 || (left < 0 && self.fault.is_over()) {
            return work();
        }
        if left == 0 && self.fault == Fault::After {
            work()?;
        }
        let source = match self.fault {
            Fault::FullOnce => io::Error::from(io::ErrorKind::StorageFull),
            Fault::Before | Fault::After | Fault::Once => {
                io::Error::other("the fault of this test")
            }
        };
        Err(StorageError::Io { operation, path: file.to_owned(), offset: None, source })
    }

    fn wrap(&self, inner: Arc<dyn Blob>, name: &FileName) -> Arc<dyn Blob> {
        Arc::new(FailingBlob { inner, name: name.to_string(), storage: self.clone() })
    }
}

impl Storage for Failing {
    fn location(&self) -> String {
        self.inner.location()
    }
    fn list(&self) -> Result<Vec<FileName>> {
        self.inner.list()
    }
    fn open(&self, name: &FileName) -> Result<Arc<dyn Blob>> {
        if self.only.is_none() {
            return Ok(self.wrap(self.inner.open(name)?, name));
        }
        self.change("open", &name.to_string(), || Ok(self.wrap(self.inner.open(name)?, name)))
    }
    fn create(&self, name: &FileName) -> Result<Arc<dyn Blob>> {
        self.change("create", &name.to_string(), || Ok(self.wrap(self.inner.create(name)?, name)))
    }
    fn rename(&self, from: &FileName, to: &FileName) -> Result<()> {
        self.change("rename", &from.to_string(), || self.inner.rename(from, to))
    }
    fn remove(&self, name: &FileName) -> Result<()> {
        self.change("remove", &name.to_string(), || self.inner.remove(name))
    }
    fn sync_names(&self) -> Result<()> {
        self.change("sync names of", "", || self.inner.sync_names())
    }
    fn lock(&self, scope: LockScope, mode: LockMode, wait: Duration) -> Result<Box<dyn StoreLock>> {
        self.inner.lock(scope, mode, wait)
    }
    fn fill_random(&self, bytes: &mut [u8]) -> Result<()> {
        self.inner.fill_random(bytes)
    }
    fn unix_nanos(&self) -> u64 {
        self.inner.unix_nanos()
    }
}

#[derive(Debug)]
struct FailingBlob {
    inner: Arc<dyn Blob>,
    name: String,
    storage: Failing,
}

impl Blob for FailingBlob {
    fn location(&self) -> &str {
        self.inner.location()
    }
    fn len(&self) -> Result<u64> {
        self.inner.len()
    }
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<()> {
        self.inner.read_at(offset, buf)
    }
    fn write_at(&self, offset: u64, bytes: &[u8]) -> Result<()> {
        self.storage.change("write", &self.name, || self.inner.write_at(offset, bytes))
    }
    fn write_and_force(&self, writes: &[Write<'_>]) -> Result<()> {
        self.storage.change("write and force", &self.name, || self.inner.write_and_force(writes))
    }
    fn allocate(&self, len: u64, fill: Fill) -> Result<()> {
        self.storage.change("allocate", &self.name, || self.inner.allocate(len, fill))
    }
    fn set_len(&self, len: u64) -> Result<()> {
        self.storage.change("set the length of", &self.name, || self.inner.set_len(len))
    }
    fn force(&self) -> Result<()> {
        self.storage.change("force", &self.name, || self.inner.force())
    }
    fn drop_cache(&self) -> Result<()> {
        self.inner.drop_cache()
    }
    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }
    fn file(&self) -> Result<Option<Arc<File>>> {
        self.inner.file()
    }
}
