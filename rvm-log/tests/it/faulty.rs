//! A store in memory whose power can be cut at any step, in the middle of a forced write too, and whose reads can fail.

use std::fs::File;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rvm_storage::widths::wide;
use rvm_storage::{
    Blob, Capabilities, FileName, Fill, LockMode, LockScope, MemStorage, Result, Storage,
    StorageError, StoreLock, Write,
};

/// The unit in which a forced write is torn, in bytes.
const SECTOR_LEN: usize = 512;

#[derive(Clone, Debug)]
pub(crate) struct Faulty {
    pub(crate) inner: MemStorage,
    plan: Arc<Mutex<Plan>>,
}

#[derive(Default, Debug)]
struct Plan {
    /// Steps that may change what is on stable storage, so far.
    steps: u64,
    /// The step at which the power is cut.
    cut_at: Option<u64>,
    /// Which sectors of the forced write at that step still arrive: bit i for each i-th of 64.
    sectors: u64,
    reads: u64,
    fail_read: Option<u64>,
    largest_read: usize,
    /// The device takes no file that grows.
    full: bool,
    /// How many of the next random draws are all zeros.
    zero_draws: u32,
}

impl Faulty {
    pub(crate) fn new(inner: MemStorage) -> Self {
        Self { inner, plan: Arc::default() }
    }

    /// Cuts the power at the `step`-th step from the beginning, counted from 0.
    pub(crate) fn cut_power_at(&self, step: u64, sectors: u64) {
        let mut plan = self.plan.lock().unwrap();
        (plan.cut_at, plan.sectors) = (Some(step), sectors);
    }

    /// Lets the `read`-th read from now on fail, counted from 0, and only that one.
    pub(crate) fn fail_read(&self, read: u64) {
        let mut plan = self.plan.lock().unwrap();
        plan.fail_read = Some(plan.reads + read);
    }

    /// Leaves no space for a file to grow.
    pub(crate) fn fill_device(&self) {
        self.plan.lock().unwrap().full = true;
    }

    /// Lets the next `draws` of randomness be zeros.
    pub(crate) fn draw_zeros(&self, draws: u32) {
        self.plan.lock().unwrap().zero_draws = draws;
    }

    pub(crate) fn steps(&self) -> u64 {
        self.plan.lock().unwrap().steps
    }

    pub(crate) fn reads(&self) -> u64 {
        self.plan.lock().unwrap().reads
    }

    /// The largest buffer that was read into, in bytes.
    pub(crate) fn largest_read(&self) -> usize {
        self.plan.lock().unwrap().largest_read
    }

    fn step(&self) -> Result<()> {
        let mut plan = self.plan.lock().unwrap();
        let step = plan.steps;
        plan.steps += 1;
        match plan.cut_at {
            Some(cut) if step >= cut => Err(failure(io::Error::other("the power was cut"))),
            _ => Ok(()),
        }
    }

    fn wrap(&self, blob: Arc<dyn Blob>) -> Arc<dyn Blob> {
        Arc::new(FaultyBlob { inner: blob, store: self.clone() })
    }
}

fn failure(source: impl Into<io::Error>) -> StorageError {
    StorageError::Io {
        operation: "touch",
        path: "faulty".to_owned(),
        offset: None,
        source: source.into(),
    }
}

/// True for the failure of a read that a test asked for.
pub(crate) fn is_failed_read(error: &rvm_log::LogError) -> bool {
    matches!(
        error,
        rvm_log::LogError::Storage(StorageError::Io { source, .. }) if source.kind() == io::ErrorKind::Other
    )
}

impl Storage for Faulty {
    fn location(&self) -> String {
        self.inner.location()
    }

    fn list(&self) -> Result<Vec<FileName>> {
        self.inner.list()
    }

    fn open(&self, name: &FileName) -> Result<Arc<dyn Blob>> {
        Ok(self.wrap(self.inner.open(name)?))
    }

    fn create(&self, name: &FileName) -> Result<Arc<dyn Blob>> {
        self.step()?;
        Ok(self.wrap(self.inner.create(name)?))
    }

    fn rename(&self, from: &FileName, to: &FileName) -> Result<()> {
        self.step()?;
        self.inner.rename(from, to)
    }

    fn remove(&self, name: &FileName) -> Result<()> {
        self.step()?;
        self.inner.remove(name)
    }

    fn sync_names(&self) -> Result<()> {
        self.step()?;
        self.inner.sync_names()
    }

    fn lock(&self, scope: LockScope, mode: LockMode, wait: Duration) -> Result<Box<dyn StoreLock>> {
        self.inner.lock(scope, mode, wait)
    }

    fn fill_random(&self, bytes: &mut [u8]) -> Result<()> {
        let mut plan = self.plan.lock().unwrap();
        if let Some(left) = plan.zero_draws.checked_sub(1) {
            plan.zero_draws = left;
            bytes.fill(0);
            return Ok(());
        }
        self.inner.fill_random(bytes)
    }

    fn unix_nanos(&self) -> u64 {
        self.inner.unix_nanos()
    }
}

#[derive(Debug)]
struct FaultyBlob {
    inner: Arc<dyn Blob>,
    store: Faulty,
}

impl FaultyBlob {
    /// What still arrives of a forced write when the power is cut in it.
    fn tear(&self, writes: &[Write<'_>]) -> Result<()> {
        let sectors = self.store.plan.lock().unwrap().sectors;
        for write in writes {
            for (index, bytes) in write.bytes.chunks(SECTOR_LEN).enumerate() {
                if sectors >> (index % 64) & 1 == 1 {
                    let offset = write.offset + wide(index * SECTOR_LEN);
                    self.inner.write_and_force(&[Write { offset, bytes }])?;
                }
            }
        }
        Ok(())
    }
}

impl Blob for FaultyBlob {
    fn location(&self) -> &str {
        self.inner.location()
    }

    fn len(&self) -> Result<u64> {
        self.inner.len()
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<()> {
        {
            let mut plan = self.store.plan.lock().unwrap();
            let read = plan.reads;
            plan.reads += 1;
            plan.largest_read = plan.largest_read.max(buf.len());
            if plan.fail_read == Some(read) {
                return Err(failure(io::Error::other("this read fails")));
            }
        }
        self.inner.read_at(offset, buf)
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> Result<()> {
        self.store.step()?;
        self.inner.write_at(offset, bytes)
    }

    fn write_and_force(&self, writes: &[Write<'_>]) -> Result<()> {
        let before = self.store.plan.lock().unwrap().cut_at;
        let step = self.store.steps();
        let allowed = self.store.step();
        if before == Some(step) {
            self.tear(writes)?;
        }
        allowed?;
        self.inner.write_and_force(writes)
    }

    fn allocate(&self, len: u64, fill: Fill) -> Result<()> {
        self.store.step()?;
        if self.store.plan.lock().unwrap().full {
            return Err(failure(io::ErrorKind::StorageFull));
        }
        self.inner.allocate(len, fill)
    }

    fn set_len(&self, len: u64) -> Result<()> {
        self.store.step()?;
        self.inner.set_len(len)
    }

    fn force(&self) -> Result<()> {
        self.store.step()?;
        self.inner.force()
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
