//! A store in a directory of a local file system.
//!
//! [`FileStorage`] trusts neither what lies in the directory nor the umask: see `open.rs`. It keeps a bounded number of
//! descriptors open (`cache.rs`), forces small aligned writes past the page cache (`direct.rs`), and keeps a second
//! opener out by locks that are released by dropping, or by dying (`lock.rs`).
//!
//! It knows nothing of what the bytes mean, retries no force, and does not guard against a forked child: callers do.
//! Network file systems are not supported: their locks and forces promise too little.

mod blob;
mod cache;
mod dir;
mod direct;
mod grow;
mod lock;
mod open;
mod published;
mod slot;

pub(crate) use lock::owned_here;

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustix::fs::OFlags;
#[cfg(any(target_os = "linux", target_os = "android"))]
use rustix::time::{ClockId, clock_gettime};

use crate::backend::{Blob, LockMode, LockScope, Storage, StoreLock};
use crate::error::{Result, StorageError};
use crate::name::FileName;

use self::blob::FileBlob;
use self::cache::DescriptorCache;
use self::dir::Directory;
use self::open::{Opened, Place};

/// A store in a directory.
///
/// ```
/// use rvm_storage::{FileName, FileRole, FileStorage, SegmentName, Storage};
///
/// let parent = tempfile::tempdir()?;
/// let storage = FileStorage::open(parent.path().join("store"))?;
/// let blob = storage.create(&FileName::new(&SegmentName::new("notes")?, FileRole::Segment))?;
/// blob.write_at(0, b"written")?;
/// blob.force()?;
/// storage.sync_names()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct FileStorage {
    shared: Arc<Shared>,
}

/// What a storage shares with its blobs.
#[derive(Debug)]
struct Shared {
    directory: Directory,
    access: Access,
    cache: DescriptorCache,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Access {
    ReadWrite,
    ReadOnly,
}

impl FileStorage {
    /// Opens the store in the directory `dir`. If there is none it is made, for its owner alone, and is durable when
    /// this returns; the directory above must be there.
    ///
    /// # Errors
    /// I/O.
    pub fn open(dir: impl AsRef<Path>) -> Result<Self> {
        let directory = Directory::open_or_create(dir.as_ref(), lock::LOCK_FILE)?;
        Ok(Self::new(directory, Access::ReadWrite))
    }

    /// Opens the store in the directory `dir` for reading. Files are opened for reading only, and whatever would
    /// change one, or a name, or take an exclusive lock, is `Unsupported`.
    ///
    /// # Errors
    /// `NotFound`; I/O.
    pub fn read_only(dir: impl AsRef<Path>) -> Result<Self> {
        Ok(Self::new(Directory::open(dir.as_ref())?, Access::ReadOnly))
    }

    /// Keeps at most `files` files open, 256 if this is not called; each takes up to two descriptors. Files with
    /// writes that were not forced yet stay open beyond that.
    #[must_use]
    pub fn with_descriptor_limit(self, files: usize) -> Self {
        self.shared.cache.set_limit(files);
        self
    }

    fn new(directory: Directory, access: Access) -> Self {
        let cache = DescriptorCache::new();
        Self { shared: Arc::new(Shared { directory, access, cache }) }
    }

    fn blob(
        &self,
        name: &FileName,
        open: impl Fn(Place<'_>) -> Result<Opened>,
    ) -> Result<Arc<dyn Blob>> {
        let name = name.to_string();
        let path = self.shared.directory.path_of(&name);
        let shared = Arc::clone(&self.shared);
        let blob = FileBlob::new(shared, name, path, open)?;
        Ok(Arc::new(blob))
    }

    fn path_of(&self, name: &FileName) -> String {
        self.shared.directory.path_of(&name.to_string())
    }
}

impl Shared {
    fn open_flags(&self) -> OFlags {
        match self.access {
            Access::ReadWrite => OFlags::RDWR,
            Access::ReadOnly => OFlags::RDONLY,
        }
    }

    fn refuse_if_read_only(&self, operation: &'static str, path: &str) -> Result<()> {
        match self.access {
            Access::ReadWrite => Ok(()),
            Access::ReadOnly => Err(StorageError::Unsupported { operation, path: path.to_owned() }),
        }
    }
}

impl Storage for FileStorage {
    fn location(&self) -> String {
        self.shared.directory.shown().to_owned()
    }

    fn list(&self) -> Result<Vec<FileName>> {
        self.shared.directory.list()
    }

    fn open(&self, name: &FileName) -> Result<Arc<dyn Blob>> {
        let flags = self.shared.open_flags();
        self.blob(name, |place| place.open(flags))
    }

    fn create(&self, name: &FileName) -> Result<Arc<dyn Blob>> {
        self.shared.refuse_if_read_only("create", &self.path_of(name))?;
        #[expect(
            clippy::redundant_closure_for_method_calls,
            reason = "the method by itself does not take a place of every lifetime"
        )]
        self.blob(name, |place| place.create())
    }

    fn rename(&self, from: &FileName, to: &FileName) -> Result<()> {
        self.shared.refuse_if_read_only("rename", &self.path_of(from))?;
        self.shared.directory.rename(&from.to_string(), &to.to_string())
    }

    fn remove(&self, name: &FileName) -> Result<()> {
        self.shared.refuse_if_read_only("remove", &self.path_of(name))?;
        self.shared.directory.remove(&name.to_string())
    }

    /// Works on a store opened for reading, too: it changes no name.
    fn sync_names(&self) -> Result<()> {
        self.shared.directory.sync()
    }

    fn lock(&self, scope: LockScope, mode: LockMode, wait: Duration) -> Result<Box<dyn StoreLock>> {
        let Shared { directory, access, .. } = &*self.shared;
        if mode == LockMode::Exclusive {
            self.shared.refuse_if_read_only("lock", directory.shown())?;
        }
        lock::take(directory, *access, scope, mode, wait)
    }

    fn fill_random(&self, bytes: &mut [u8]) -> Result<()> {
        getrandom::fill(bytes).map_err(|source| {
            StorageError::io("draw randomness for", self.location(), io::Error::other(source))
        })
    }

    fn unix_nanos(&self) -> u64 {
        unix_nanos()
    }

    fn publish(&self, text: &[u8]) -> Result<()> {
        self.shared.refuse_if_read_only("publish", self.shared.directory.shown())?;
        published::put(&self.shared.directory, text)
    }

    fn withdraw(&self) -> Result<()> {
        self.shared.refuse_if_read_only("withdraw", self.shared.directory.shown())?;
        published::remove(&self.shared.directory)
    }

    fn published(&self, len_max: u64) -> Result<Option<Vec<u8>>> {
        published::get(&self.shared.directory, len_max)
    }
}

/// The time as of the system's last tick, some milliseconds ago at most: it costs less than the exact time, and every commit asks.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn unix_nanos() -> u64 {
    let now = clock_gettime(ClockId::RealtimeCoarse);
    let (seconds, nanos) = (u64::try_from(now.tv_sec), u64::try_from(now.tv_nsec));
    seconds.unwrap_or(0).saturating_mul(1_000_000_000).saturating_add(nanos.unwrap_or(0))
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn unix_nanos() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    u64::try_from(since.unwrap_or_default().as_nanos()).unwrap_or(u64::MAX)
}
