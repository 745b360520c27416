//! One file of a store in memory, as its users hold it.
//!
//! The file lives as long as a name or a blob points to it, as on a real file system: removing or renaming it does not
//! disturb a blob. After a crash of its store every call fails.

use std::fmt;
use std::fs::File;
use std::sync::Arc;

use crate::backend::{Blob, Capabilities, Fill, Write};
use crate::error::{Result, StorageError};

use super::counts::Counters;
use super::world::{Powered, SharedFile, World};

/// What a real device would want; memory does not care.
const BLOCK_LEN: usize = 4096;

pub(super) struct MemBlob {
    pub(super) world: Arc<World>,
    pub(super) file: SharedFile,
    pub(super) location: String,
}

impl fmt::Debug for MemBlob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemBlob").field("location", &self.location).finish_non_exhaustive()
    }
}

impl MemBlob {
    fn powered(&self, operation: &'static str) -> Result<Powered<'_>> {
        self.world.powered(operation, &self.location)
    }

    fn counters(&self) -> &Counters {
        &self.world.counters
    }

    fn fault(&self, operation: &'static str) -> impl FnOnce(std::io::Error) -> StorageError {
        move |source| StorageError::io(operation, &self.location, source)
    }

    fn fault_at(
        &self,
        operation: &'static str,
        offset: u64,
    ) -> impl FnOnce(std::io::Error) -> StorageError {
        move |source| StorageError::io_at(operation, &self.location, offset, source)
    }
}

impl Blob for MemBlob {
    fn location(&self) -> &str {
        &self.location
    }

    fn len(&self) -> Result<u64> {
        let _powered = self.powered("measure")?;
        Ok(len_of(self.file.lock().live()))
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<()> {
        let _powered = self.powered("read")?;
        self.counters().reads.add(1);
        let image = self.file.lock();
        let Some(bytes) = image.read(offset, buf.len()) else {
            return Err(StorageError::ShortFile {
                path: self.location.clone(),
                offset,
                wanted: len_of(buf),
                file_len: len_of(image.live()),
            });
        };
        buf.copy_from_slice(bytes);
        Ok(())
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> Result<()> {
        let _powered = self.powered("write")?;
        self.counters().writes.add(1);
        self.counters().written_bytes.add(bytes.len());
        self.file.lock().write(offset, bytes).map_err(self.fault_at("write", offset))
    }

    fn write_and_force(&self, writes: &[Write<'_>]) -> Result<()> {
        let _powered = self.powered("write")?;
        self.counters().forces.add(1);
        let mut image = self.file.lock();
        for &Write { offset, bytes } in writes {
            self.counters().writes.add(1);
            self.counters().written_bytes.add(bytes.len());
            image.write_through(offset, bytes).map_err(self.fault_at("write", offset))?;
        }
        Ok(())
    }

    fn allocate(&self, len: u64, _fill: Fill) -> Result<()> {
        let _powered = self.powered("allocate")?;
        self.counters().resizes.add(1);
        let mut image = self.file.lock();
        if len <= len_of(image.live()) {
            return Ok(());
        }
        image.set_len(len).map_err(self.fault("allocate"))
    }

    fn set_len(&self, len: u64) -> Result<()> {
        let _powered = self.powered("resize")?;
        self.counters().resizes.add(1);
        self.file.lock().set_len(len).map_err(self.fault("resize"))
    }

    fn force(&self) -> Result<()> {
        let _powered = self.powered("force")?;
        self.counters().forces.add(1);
        self.file.lock().force().map_err(self.fault("force"))
    }

    fn drop_cache(&self) -> Result<()> {
        let _powered = self.powered("drop the cache of")?;
        self.counters().cache_drops.add(1);
        Ok(())
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { block_len: BLOCK_LEN, direct_writes: false }
    }

    fn file(&self) -> Result<Option<Arc<File>>> {
        let _powered = self.powered("open")?;
        Ok(None)
    }
}

fn len_of(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}
