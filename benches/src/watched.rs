//! A storage that says how long its forces took, so that what is left of a commit can be told from them.

use std::cell::Cell;
use std::fs::File;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rvm_core::rvm_storage::{
    Blob, Capabilities, FileName, Fill, LockMode, LockScope, Result, Storage, StoreLock, Write,
};

thread_local! {
    static INSIDE: Cell<Duration> = const { Cell::new(Duration::ZERO) };
}

/// How long a commit took.
#[derive(Clone, Copy, Debug)]
pub struct Latency {
    /// All of it.
    pub whole: Duration,
    /// What of it this thread was not inside of a force.
    pub outside: Duration,
}

impl Latency {
    /// Of this work.
    ///
    /// # Errors
    /// What it fails with.
    pub(crate) fn of(work: impl FnOnce() -> crate::Result<()>) -> crate::Result<Self> {
        let (started, before) = (Instant::now(), INSIDE.get());
        work()?;
        let whole = started.elapsed();
        let outside = whole.saturating_sub(INSIDE.get().saturating_sub(before));
        Ok(Self { whole, outside })
    }
}

/// Does the work of a forced write, which is counted.
pub(crate) fn inside<T>(work: impl FnOnce() -> T) -> T {
    let started = Instant::now();
    let done = work();
    INSIDE.set(INSIDE.get() + started.elapsed());
    done
}

/// Another storage, of which each forced write and each force is watched.
#[derive(Debug)]
pub(crate) struct Watched<S>(pub(crate) S);

#[derive(Debug)]
struct WatchedBlob(Arc<dyn Blob>);

fn watch(blob: Arc<dyn Blob>) -> Arc<dyn Blob> {
    Arc::new(WatchedBlob(blob))
}

impl<S: Storage> Storage for Watched<S> {
    fn location(&self) -> String {
        self.0.location()
    }

    fn list(&self) -> Result<Vec<FileName>> {
        self.0.list()
    }

    fn open(&self, name: &FileName) -> Result<Arc<dyn Blob>> {
        self.0.open(name).map(watch)
    }

    fn create(&self, name: &FileName) -> Result<Arc<dyn Blob>> {
        self.0.create(name).map(watch)
    }

    fn create_anew(&self, name: &FileName) -> Result<Arc<dyn Blob>> {
        self.0.create_anew(name).map(watch)
    }

    fn rename(&self, from: &FileName, to: &FileName) -> Result<()> {
        self.0.rename(from, to)
    }

    fn remove(&self, name: &FileName) -> Result<()> {
        self.0.remove(name)
    }

    fn sync_names(&self) -> Result<()> {
        self.0.sync_names()
    }

    fn lock(&self, scope: LockScope, mode: LockMode, wait: Duration) -> Result<Box<dyn StoreLock>> {
        self.0.lock(scope, mode, wait)
    }

    fn fill_random(&self, bytes: &mut [u8]) -> Result<()> {
        self.0.fill_random(bytes)
    }

    fn unix_nanos(&self) -> u64 {
        self.0.unix_nanos()
    }
}

impl Blob for WatchedBlob {
    fn location(&self) -> &str {
        self.0.location()
    }

    fn len(&self) -> Result<u64> {
        self.0.len()
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<()> {
        self.0.read_at(offset, buf)
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> Result<()> {
        self.0.write_at(offset, bytes)
    }

    fn write_and_force(&self, writes: &[Write<'_>]) -> Result<()> {
        inside(|| self.0.write_and_force(writes))
    }

    fn allocate(&self, len: u64, fill: Fill) -> Result<()> {
        self.0.allocate(len, fill)
    }

    fn set_len(&self, len: u64) -> Result<()> {
        self.0.set_len(len)
    }

    fn force(&self) -> Result<()> {
        inside(|| self.0.force())
    }

    fn drop_cache(&self) -> Result<()> {
        self.0.drop_cache()
    }

    fn capabilities(&self) -> Capabilities {
        self.0.capabilities()
    }

    fn file(&self) -> Result<Option<Arc<File>>> {
        self.0.file()
    }
}

#[cfg(test)]
mod tests {
    use rvm_core::rvm_storage::{MemStorage, conformance};

    use super::*;

    /// Guards against a wrapper that does something else than what it wraps.
    #[test]
    fn what_is_watched_behaves_as_before() {
        conformance::check(&|| Arc::new(Watched(MemStorage::new()))).unwrap();
        let nap = Duration::from_millis(2);
        let work = || {
            inside(|| std::thread::sleep(nap));
            Ok(())
        };
        let latency = Latency::of(work).unwrap();
        assert!(latency.whole >= latency.outside + nap);
    }
}
