//! What a mount is served from: the disk, its files by number, and the power, behind one lock.
//!
//! One request is served at a time. So the power goes between two requests, never inside one: whatever was answered before is on the
//! device in the state that it was answered with, and nothing is answered afterwards but `EIO`. A write with `O_DSYNC` is two requests,
//! and the power may go between them.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use fuser::Errno;
use rvm_core::rvm_storage::sim::{Operation, SimStorage};
use rvm_core::rvm_storage::{Blob, FileName, Fill, Storage, StorageError, Write};

use super::device::{Device, DeviceMoment};
use super::inodes::Inodes;
use super::power::{Power, Stop};

/// How long a change waits at most for its program to be killed.
const HOLD_MAX: Duration = Duration::from_secs(20);

pub(super) type Answer<T> = Result<T, Errno>;

/// The kind and the size of a file, and how many names it has.
#[derive(Clone, Copy, Debug)]
pub(super) struct Facts {
    pub(super) number: u64,
    pub(super) len: u64,
    pub(super) links: u32,
}

/// A disk that is being served, and the switch of its power.
#[derive(Debug)]
pub(super) struct Drive {
    served: Mutex<Served>,
    turned: Condvar,
    operations: Arc<Mutex<Vec<Operation>>>,
}

/// What is behind the lock.
#[derive(Debug)]
pub(super) struct Served {
    device: Device,
    inodes: Inodes,
    power: Power,
}

impl Drive {
    pub(super) fn new(device: Device, stop: Option<Stop>) -> Self {
        let operations: Arc<Mutex<Vec<Operation>>> = Arc::default();
        let log = Arc::clone(&operations);
        device.storage.on_operation(move |operation| {
            if operation.kind.changes() {
                lock(&log).push(operation.clone());
            }
        });
        let power = Power { stop, ..Power::default() };
        let served = Served { device, inodes: Inodes::default(), power };
        Self { served: Mutex::new(served), turned: Condvar::new(), operations }
    }

    /// For a request that changes nothing.
    pub(super) fn look(&self) -> Answer<MutexGuard<'_, Served>> {
        let served = lock(&self.served);
        if served.power.gone.is_some() { Err(Errno::EIO) } else { Ok(served) }
    }

    /// For a request that changes something: the power may go here.
    pub(super) fn change(&self) -> Answer<MutexGuard<'_, Served>> {
        let mut served = self.look()?;
        let changes = served.power.changes;
        if let Some(stop) = served.power.stop.take_if(|stop| stop.at == changes) {
            served.power.stopped = true;
            if stop.how.cuts() {
                served.power.gone = Some(served.device.moment());
            }
            served.power.holds = stop.how.kills();
            self.turned.notify_all();
            let held = |served: &mut Served| served.power.holds;
            let waited = self.turned.wait_timeout_while(served, HOLD_MAX, held);
            served = waited.unwrap_or_else(PoisonError::into_inner).0;
            if stop.how.cuts() {
                return Err(Errno::EIO);
            }
        }
        served.power.changes += 1;
        Ok(served)
    }

    /// Waits until a change is held for its program to be killed, but not for long.
    pub(super) fn wait_held(&self, wait: Duration) -> bool {
        let held = |served: &mut Served| !served.power.holds;
        let waited = self.turned.wait_timeout_while(lock(&self.served), wait, held);
        waited.unwrap_or_else(PoisonError::into_inner).0.power.holds
    }

    /// Lets the change that was held go on.
    pub(super) fn release(&self) {
        lock(&self.served).power.holds = false;
        self.turned.notify_all();
    }

    /// Counts changes anew, and stops as `stop` says.
    pub(super) fn arm(&self, stop: Option<Stop>) {
        lock(&self.served).power = Power { stop, ..Power::default() };
    }

    /// What the disk was like when the power went; now, if it did not.
    pub(super) fn moment(&self) -> DeviceMoment {
        let served = lock(&self.served);
        served.power.gone.clone().unwrap_or_else(|| served.device.moment())
    }

    pub(super) fn device(&self) -> Device {
        lock(&self.served).device.clone()
    }

    /// So many changes there were, and whether the stop was reached.
    pub(super) fn progress(&self) -> (u64, bool) {
        let power = &lock(&self.served).power;
        (power.changes, power.stopped)
    }

    pub(super) fn power_is_gone(&self) -> bool {
        lock(&self.served).power.gone.is_some()
    }

    /// Whether the disk died of a fault.
    pub(super) fn is_dead(&self) -> bool {
        lock(&self.served).device.storage.list().is_err()
    }

    /// The changes that reached the disk, the last ones last.
    pub(super) fn operations(&self) -> Vec<Operation> {
        lock(&self.operations).clone()
    }
}

impl Served {
    fn storage(&self) -> &SimStorage {
        &self.device.storage
    }

    pub(super) fn find(&mut self, name: &OsStr) -> Answer<Facts> {
        let name = text(name)?;
        let number = match (self.inodes.number(name), FileName::parse(name)) {
            (Some(number), _) => number,
            (None, Some(file)) => {
                let blob = self.storage().open(&file).map_err(|fault| errno(&fault))?;
                self.inodes.insert(name, Some(blob))
            }
            (None, None) if self.device.aside.contains_key(name) => self.inodes.insert(name, None),
            (None, None) => return Err(Errno::ENOENT),
        };
        self.facts(number)
    }

    pub(super) fn facts(&self, number: u64) -> Answer<Facts> {
        let inode = self.inodes.inode(number).ok_or(Errno::ENOENT)?;
        let len = inode.blob.as_ref().map_or(Ok(0), |blob| blob.len()).map_err(|f| errno(&f))?;
        Ok(Facts { number, len, links: u32::from(inode.linked) })
    }

    pub(super) fn create(&mut self, name: &OsStr) -> Answer<Facts> {
        let name = text(name)?;
        let blob = match FileName::parse(name) {
            Some(file) => Some(self.storage().create(&file).map_err(|fault| errno(&fault))?),
            None if self.device.aside.contains_key(name) => return Err(Errno::EEXIST),
            None => {
                self.device.aside.insert(name.to_owned(), false);
                None
            }
        };
        let number = self.inodes.insert(name, blob);
        self.facts(number)
    }

    /// Renames a file of the store; no name is ever replaced.
    pub(super) fn rename(&mut self, from: &OsStr, to: &OsStr) -> Answer<()> {
        let (from, to) = (text(from)?, text(to)?);
        let names = (FileName::parse(from), FileName::parse(to));
        let (Some(from_file), Some(to_file)) = names else { return Err(Errno::EPERM) };
        let renamed = self.storage().rename(&from_file, &to_file);
        // A change that fails may have been done all the same.
        if renamed.is_ok() || (!self.has(&from_file) && self.has(&to_file)) {
            self.inodes.rename(from, to);
        }
        renamed.map_err(|fault| errno(&fault))
    }

    pub(super) fn remove(&mut self, name: &OsStr) -> Answer<()> {
        let name = text(name)?;
        let Some(file) = FileName::parse(name) else {
            self.device.aside.remove(name).ok_or(Errno::ENOENT)?;
            self.inodes.remove(name);
            return Ok(());
        };
        let removed = self.storage().remove(&file);
        if removed.is_ok() || !self.has(&file) {
            self.inodes.remove(name);
        }
        removed.map_err(|fault| errno(&fault))
    }

    fn has(&self, file: &FileName) -> bool {
        self.storage().list().is_ok_and(|names| names.contains(file))
    }

    pub(super) fn sync_names(&mut self) -> Answer<()> {
        self.storage().sync_names().map_err(|fault| errno(&fault))?;
        self.device.aside.values_mut().for_each(|durable| *durable = true);
        Ok(())
    }

    pub(super) fn names(&self) -> Answer<Vec<String>> {
        let files = self.storage().list().map_err(|fault| errno(&fault))?;
        let aside: &BTreeMap<String, bool> = &self.device.aside;
        Ok(files.iter().map(ToString::to_string).chain(aside.keys().cloned()).collect())
    }

    pub(super) fn open(&mut self, number: u64, data_sync: bool) -> Answer<u64> {
        self.facts(number)?;
        Ok(self.inodes.open(data_sync))
    }

    pub(super) fn close(&mut self, handle: u64) {
        self.inodes.close(handle);
    }

    fn blob(&self, number: u64) -> Answer<Arc<dyn Blob>> {
        let inode = self.inodes.inode(number).ok_or(Errno::ENOENT)?;
        inode.blob.clone().ok_or(Errno::EPERM)
    }

    pub(super) fn read(&self, number: u64, offset: u64, len: usize) -> Answer<Vec<u8>> {
        let blob = self.blob(number)?;
        let behind = blob.len().map_err(|fault| errno(&fault))?.saturating_sub(offset);
        let mut bytes = vec![0; usize::try_from(behind).unwrap_or(len).min(len)];
        blob.read_at(offset, &mut bytes).map_err(|fault| errno(&fault))?;
        Ok(bytes)
    }

    /// `through` is the handle that the program wrote through; none for a page that the kernel writes back when it likes to.
    pub(super) fn write(
        &mut self,
        number: u64,
        through: Option<u64>,
        offset: u64,
        bytes: &[u8],
    ) -> Answer<()> {
        self.blob(number)?.write_at(offset, bytes).map_err(|fault| errno(&fault))?;
        let handle = through.and_then(|handle| self.inodes.handle(handle));
        if let Some(handle) = handle.filter(|handle| handle.data_sync) {
            handle.unforced.push((offset, bytes.len()));
        }
        Ok(())
    }

    /// Behind a write through a handle with `O_DSYNC` it forces what was written there, and no more; else the whole file.
    pub(super) fn force(&mut self, number: u64, handle: u64) -> Answer<()> {
        let Ok(blob) = self.blob(number) else { return Ok(()) };
        let handle = self.inodes.handle(handle);
        let written = handle.map(|handle| std::mem::take(&mut handle.unforced)).unwrap_or_default();
        let forced = if written.is_empty() { blob.force() } else { force(&*blob, &written) };
        forced.map_err(|fault| {
            // The cache that shows what the medium lacks is the kernel's, above us: what we are asked for comes from the medium.
            blob.drop_cache().ok();
            errno(&fault)
        })
    }

    pub(super) fn resize(&mut self, number: u64, len: u64) -> Answer<()> {
        self.blob(number)?.set_len(len).map_err(|fault| errno(&fault))
    }

    pub(super) fn reserve(&mut self, number: u64, end: u64) -> Answer<()> {
        self.blob(number)?.allocate(end, Fill::Reserved).map_err(|fault| errno(&fault))
    }
}

fn force(blob: &dyn Blob, written: &[(u64, usize)]) -> Result<(), StorageError> {
    let mut pieces = Vec::new();
    for (offset, len) in written {
        let mut bytes = vec![0; *len];
        blob.read_at(*offset, &mut bytes)?;
        pieces.push(bytes);
    }
    let pieces = written.iter().zip(&pieces);
    let writes: Vec<_> =
        pieces.map(|((offset, _), bytes)| Write { offset: *offset, bytes }).collect();
    blob.write_and_force(&writes)
}

fn text(name: &OsStr) -> Answer<&str> {
    name.to_str().ok_or(Errno::EINVAL)
}

fn errno(fault: &StorageError) -> Errno {
    match fault {
        StorageError::NotFound { .. } => Errno::ENOENT,
        StorageError::AlreadyExists { .. } => Errno::EEXIST,
        StorageError::Io { source, .. } if source.kind() == std::io::ErrorKind::StorageFull => {
            Errno::ENOSPC
        }
        _ => Errno::EIO,
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
