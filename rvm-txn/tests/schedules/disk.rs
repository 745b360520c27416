//! A disk whose every operation is a step of its own, and whose power can be cut between two steps without ending what runs.
//!
//! What is left behind a cut is what was forced under synced names and, by the toss of a coin, any of the writes and lengths that
//! were not forced. One force can be made to fail; what it should have made durable is then durable or gone for good, again by a
//! coin, as with a kernel that drops the pages it could not write.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rvm_storage::{
    Blob, Capabilities, FileName, FileRole, Fill, LockMode, LockScope, MemStorage, Result, Storage,
    StorageError, StoreLock, Write,
};
use shuttle::rand::{Rng, thread_rng};
use shuttle::sync::atomic::AtomicU64 as Steps;

use crate::locks::Locks;

/// Tossed by the scheduler, so that a schedule that is repeated falls the same way.
pub(super) fn coin() -> bool {
    thread_rng().r#gen()
}

/// Clones are the same disk.
#[derive(Clone)]
pub(super) struct Disk(Arc<World>);

struct World {
    /// Touching it is a step: the scheduler may let others go first.
    steps: Steps,
    /// Taken for moments without a step in them, as are those of the files.
    names: Mutex<Names>,
    locks: Arc<Locks>,
    random: AtomicU64,
    /// Forces of logs until one fails.
    until_fault: AtomicI64,
}

#[derive(Default)]
struct Names {
    live: BTreeMap<FileName, Content>,
    synced: BTreeMap<FileName, Content>,
}

type Content = Arc<Mutex<Bytes>>;

#[derive(Default)]
struct Bytes {
    live: Vec<u8>,
    forced: Vec<u8>,
    /// What was done since the last force, in order.
    unforced: Vec<Change>,
}

#[derive(Clone)]
enum Change {
    Write(usize, Vec<u8>),
    Len(usize),
}

impl Change {
    fn apply(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Len(len) => bytes.resize(*len, 0),
            Self::Write(start, new) => {
                let end = start + new.len();
                bytes.resize(bytes.len().max(end), 0);
                bytes[*start..end].copy_from_slice(new);
            }
        }
    }
}

impl Bytes {
    fn change(&mut self, change: Change) {
        change.apply(&mut self.live);
        self.unforced.push(change);
    }

    fn force(&mut self) {
        for change in self.unforced.drain(..) {
            change.apply(&mut self.forced);
        }
    }

    fn after_cut(&self, keeps_some: bool) -> Vec<u8> {
        let mut left = self.forced.clone();
        if keeps_some {
            self.unforced.iter().filter(|_| coin()).for_each(|change| change.apply(&mut left));
        }
        left
    }
}

impl Disk {
    pub(super) fn new() -> Self {
        Self(Arc::new(World {
            steps: Steps::new(0),
            names: Mutex::default(),
            locks: Arc::default(),
            random: AtomicU64::new(1),
            until_fault: AtomicI64::new(i64::MAX),
        }))
    }

    /// The scheduler may let others go first.
    pub(super) fn step(&self) {
        self.0.steps.fetch_add(1, Ordering::SeqCst);
    }

    /// What would be left if the power were cut now. No step: it is taken at this very moment.
    pub(super) fn image(&self) -> MemStorage {
        let image = MemStorage::with_seed(self.random() << 32);
        let keeps_some = coin();
        for (name, file) in &self.0.names.lock().unwrap().synced {
            image.replace_file(name, file.lock().unwrap().after_cut(keeps_some));
        }
        image
    }

    /// Lets `forces` more forces of logs succeed, and fails the next.
    pub(super) fn fail_after(&self, forces: i64) {
        self.0.until_fault.store(forces, Ordering::Relaxed);
    }

    pub(super) fn has_failed(&self) -> bool {
        self.0.until_fault.load(Ordering::Relaxed) < 0
    }

    fn random(&self) -> u64 {
        self.0.random.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }

    /// A step that changes something, which only the store that owns the disk may do.
    fn change(&self) {
        self.step();
        assert!(self.0.locks.is_owned(), "something changes the disk and does not own it");
    }

    fn blob(&self, name: &FileName, content: &Content) -> Arc<dyn Blob> {
        let location = format!("disk/{name}");
        let is_log = name.role() == FileRole::Log;
        Arc::new(DiskBlob { disk: self.clone(), content: Arc::clone(content), location, is_log })
    }
}

impl fmt::Debug for Disk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Disk").finish_non_exhaustive()
    }
}

fn not_found(name: &FileName) -> StorageError {
    StorageError::NotFound { path: format!("disk/{name}") }
}

impl Storage for Disk {
    fn location(&self) -> String {
        "disk".to_owned()
    }

    fn list(&self) -> Result<Vec<FileName>> {
        self.step();
        Ok(self.0.names.lock().unwrap().live.keys().cloned().collect())
    }

    fn open(&self, name: &FileName) -> Result<Arc<dyn Blob>> {
        self.step();
        let names = self.0.names.lock().unwrap();
        let content = names.live.get(name).ok_or_else(|| not_found(name))?;
        Ok(self.blob(name, content))
    }

    fn create(&self, name: &FileName) -> Result<Arc<dyn Blob>> {
        self.change();
        let mut names = self.0.names.lock().unwrap();
        assert!(!names.live.contains_key(name), "{name} is made twice");
        Ok(self.blob(name, names.live.entry(name.clone()).or_default()))
    }

    fn rename(&self, from: &FileName, to: &FileName) -> Result<()> {
        self.change();
        let mut names = self.0.names.lock().unwrap();
        assert!(!names.live.contains_key(to), "{to} is made twice");
        let content = names.live.remove(from).ok_or_else(|| not_found(from))?;
        names.live.insert(to.clone(), content);
        Ok(())
    }

    fn remove(&self, name: &FileName) -> Result<()> {
        self.change();
        let removed = self.0.names.lock().unwrap().live.remove(name);
        removed.map(drop).ok_or_else(|| not_found(name))
    }

    fn sync_names(&self) -> Result<()> {
        self.change();
        let mut names = self.0.names.lock().unwrap();
        names.synced = names.live.clone();
        Ok(())
    }

    fn lock(&self, scope: LockScope, mode: LockMode, wait: Duration) -> Result<Box<dyn StoreLock>> {
        self.0.locks.take(scope, mode, wait)
    }

    fn fill_random(&self, bytes: &mut [u8]) -> Result<()> {
        for piece in bytes.chunks_mut(8) {
            piece.copy_from_slice(&self.random().to_le_bytes()[..piece.len()]);
        }
        Ok(())
    }

    fn unix_nanos(&self) -> u64 {
        self.random() >> 1
    }
}

struct DiskBlob {
    disk: Disk,
    content: Content,
    location: String,
    is_log: bool,
}

impl fmt::Debug for DiskBlob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DiskBlob").field("location", &self.location).finish_non_exhaustive()
    }
}

impl DiskBlob {
    fn finish_force(&self) -> Result<()> {
        self.disk.change();
        let mut bytes = self.content.lock().unwrap();
        let left = if self.is_log { &self.disk.0.until_fault } else { &AtomicI64::new(1) };
        if left.fetch_sub(1, Ordering::Relaxed) != 0 {
            bytes.force();
            return Ok(());
        }
        if coin() {
            bytes.force();
        }
        bytes.unforced.clear();
        let source = io::Error::other("the force that fails");
        Err(StorageError::Io {
            operation: "force",
            path: self.location.clone(),
            offset: None,
            source,
        })
    }
}

fn index(offset: u64) -> usize {
    usize::try_from(offset).unwrap()
}

impl Blob for DiskBlob {
    fn location(&self) -> &str {
        &self.location
    }

    fn len(&self) -> Result<u64> {
        self.disk.step();
        Ok(u64::try_from(self.content.lock().unwrap().live.len()).unwrap())
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<()> {
        self.disk.step();
        let start = index(offset);
        buf.copy_from_slice(&self.content.lock().unwrap().live[start..start + buf.len()]);
        Ok(())
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> Result<()> {
        self.disk.change();
        let change = Change::Write(index(offset), bytes.to_vec());
        self.content.lock().unwrap().change(change);
        Ok(())
    }

    fn write_and_force(&self, writes: &[Write<'_>]) -> Result<()> {
        writes.iter().try_for_each(|write| self.write_at(write.offset, write.bytes))?;
        self.finish_force()
    }

    fn allocate(&self, len: u64, _fill: Fill) -> Result<()> {
        self.disk.change();
        let mut bytes = self.content.lock().unwrap();
        if bytes.live.len() < index(len) {
            bytes.change(Change::Len(index(len)));
        }
        Ok(())
    }

    fn set_len(&self, len: u64) -> Result<()> {
        self.disk.change();
        self.content.lock().unwrap().change(Change::Len(index(len)));
        Ok(())
    }

    fn force(&self) -> Result<()> {
        self.finish_force()
    }

    fn drop_cache(&self) -> Result<()> {
        Ok(())
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { block_len: 4096, direct_writes: false }
    }

    fn file(&self) -> Result<Option<Arc<File>>> {
        Ok(None)
    }
}
