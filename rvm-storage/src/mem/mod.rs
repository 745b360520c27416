//! A store in memory that can crash.
//!
//! [`MemStorage`] keeps, for each file, what reads see apart from what was forced, and for the names, what is there
//! apart from what was synced. [`crash`](MemStorage::crash) leaves exactly the forced and synced part: the harshest
//! outcome a power cut may have, but only that one. It is deterministic: time and randomness are counters.
//!
//! It does not tear writes, and fails only where it must (no memory, a crash).

mod blob;
mod counts;
mod image;
pub(crate) mod lock;
pub(crate) mod world;

use std::collections::btree_map::Entry;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::backend::{Blob, LockMode, LockScope, Storage, StoreLock};
use crate::error::{Result, StorageError};
use crate::name::FileName;

use self::blob::MemBlob;
pub use self::counts::OperationCounts;
use self::image::Image;
use self::lock::Refusal;
use self::world::{SharedFile, World, crashed, share};

const LOCATION: &str = "memory";
const FIRST_SEED: u64 = 0x5256_4d00_0000_0001;

/// A store in memory. Clones are the same store.
///
/// ```
/// use rvm_storage::{FileName, FileRole, MemStorage, SegmentName, Storage};
///
/// let storage = MemStorage::new();
/// let name = FileName::new(&SegmentName::new("a")?, FileRole::Segment);
/// let blob = storage.create(&name)?;
/// storage.sync_names()?;
/// blob.write_at(0, b"kept")?;
/// blob.force()?;
/// blob.write_at(0, b"lost")?;
///
/// let after = storage.crash();
/// assert_eq!(after.read_file(&name).as_deref(), Some(&b"kept"[..]));
/// assert!(blob.len().is_err(), "the old store is dead");
/// # Ok::<(), rvm_storage::StorageError>(())
/// ```
#[derive(Clone)]
pub struct MemStorage {
    world: Arc<World>,
}

impl MemStorage {
    /// An empty store. Its randomness is the same each time.
    #[must_use]
    pub fn new() -> Self {
        Self::with_seed(FIRST_SEED)
    }

    /// An empty store whose randomness follows from `seed`.
    #[must_use]
    pub fn with_seed(seed: u64) -> Self {
        Self { world: Arc::new(World::new(seed)) }
    }

    /// Cuts the power. What was forced under synced names is in the store returned, and nothing else; all later
    /// calls on this store and its blobs fail, and its locks hold nobody back. Time and randomness go on.
    #[must_use]
    pub fn crash(&self) -> Self {
        Self { world: Arc::new(self.world.crash()) }
    }

    /// A file's content as a read would see it, forced or not; `None` if there is no such name. Works behind a
    /// crash, too.
    #[must_use]
    pub fn read_file(&self, name: &FileName) -> Option<Vec<u8>> {
        let names = self.world.names.lock();
        let bytes = names.live.get(name)?.lock().live().to_vec();
        Some(bytes)
    }

    /// Sets a file's content, forced, with its name synced if there was none: damage done behind a store's back.
    /// Open blobs see it.
    pub fn replace_file(&self, name: &FileName, bytes: Vec<u8>) {
        let mut names = self.world.names.lock();
        let image = Image::durable(bytes);
        if let Some(file) = names.live.get(name) {
            *file.lock() = image;
            return;
        }
        let file = share(image);
        names.live.insert(name.clone(), Arc::clone(&file));
        names.synced.insert(name.clone(), file);
    }

    /// What the store was asked for since it was made. A store that comes out of a crash counts from zero.
    #[must_use]
    pub fn counts(&self) -> OperationCounts {
        self.world.counters.snapshot()
    }

    fn blob(&self, name: &FileName, file: &SharedFile) -> Arc<dyn Blob> {
        Arc::new(MemBlob {
            world: Arc::clone(&self.world),
            file: Arc::clone(file),
            location: path_of(name),
        })
    }
}

impl Default for MemStorage {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for MemStorage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemStorage").finish_non_exhaustive()
    }
}

impl Storage for MemStorage {
    fn location(&self) -> String {
        LOCATION.to_owned()
    }

    fn list(&self) -> Result<Vec<FileName>> {
        let _powered = self.world.powered("list", LOCATION)?;
        Ok(self.world.names.lock().live.keys().cloned().collect())
    }

    fn open(&self, name: &FileName) -> Result<Arc<dyn Blob>> {
        let path = path_of(name);
        let _powered = self.world.powered("open", &path)?;
        self.world.counters.opens.add(1);
        let names = self.world.names.lock();
        match names.live.get(name) {
            Some(file) => Ok(self.blob(name, file)),
            None => Err(StorageError::NotFound { path }),
        }
    }

    fn create(&self, name: &FileName) -> Result<Arc<dyn Blob>> {
        let path = path_of(name);
        let _powered = self.world.powered("create", &path)?;
        self.world.counters.name_changes.add(1);
        match self.world.names.lock().live.entry(name.clone()) {
            Entry::Occupied(_) => Err(StorageError::AlreadyExists { path }),
            Entry::Vacant(place) => Ok(self.blob(name, place.insert(share(Image::default())))),
        }
    }

    fn rename(&self, from: &FileName, to: &FileName) -> Result<()> {
        let path = path_of(from);
        let _powered = self.world.powered("rename", &path)?;
        self.world.counters.name_changes.add(1);
        let mut names = self.world.names.lock();
        if !names.live.contains_key(from) {
            return Err(StorageError::NotFound { path });
        }
        if names.live.contains_key(to) {
            return Err(StorageError::AlreadyExists { path: path_of(to) });
        }
        if let Some(file) = names.live.remove(from) {
            names.live.insert(to.clone(), file);
        }
        Ok(())
    }

    fn remove(&self, name: &FileName) -> Result<()> {
        let path = path_of(name);
        let _powered = self.world.powered("remove", &path)?;
        self.world.counters.name_changes.add(1);
        match self.world.names.lock().live.remove(name) {
            Some(_) => Ok(()),
            None => Err(StorageError::NotFound { path }),
        }
    }

    fn sync_names(&self) -> Result<()> {
        let _powered = self.world.powered("sync the names of", LOCATION)?;
        self.world.counters.name_syncs.add(1);
        let mut names = self.world.names.lock();
        names.synced = names.live.clone();
        Ok(())
    }

    fn lock(&self, scope: LockScope, mode: LockMode, wait: Duration) -> Result<Box<dyn StoreLock>> {
        // Not held while waiting: a crash must not wait for that.
        drop(self.world.powered("lock", LOCATION)?);
        self.world.counters.locks.add(1);
        lock::take(&self.world.locks, scope, mode, wait).map_err(|refusal| {
            let path = LOCATION.to_owned();
            match (refusal, scope) {
                (Refusal::Crashed, _) => crashed("lock", LOCATION),
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
        let _powered = self.world.powered("draw randomness for", LOCATION)?;
        self.world.fill_random(bytes);
        Ok(())
    }

    /// A counter: one microsecond more each time.
    fn unix_nanos(&self) -> u64 {
        self.world.unix_nanos()
    }
}

fn path_of(name: &FileName) -> String {
    format!("{LOCATION}/{name}")
}
