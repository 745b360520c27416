//! One file of a store's directory.
//!
//! A blob keeps a name, not a descriptor: the cache may close its file, and this opens it again, and then makes sure
//! that it is the same file. In its steady state a small aligned force is one system call, and a read or a write is
//! one each. A failed force is told once and never tried again here.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use rustix::fs::OFlags;

use crate::backend::{Blob, Capabilities, Fill, Write};
use crate::error::{Result, StorageError};

use super::direct::{self, Ability};
use super::open::{Identity, Opened, Place};
use super::slot::{Cover, Descriptors, Resize, Slot, Unforced};
use super::{Shared, grow};

/// A file of a [`FileStorage`](super::FileStorage).
#[derive(Debug)]
pub(super) struct FileBlob {
    shared: Arc<Shared>,
    name: String,
    path: String,
    /// The file as it was opened first; another one under the same name is not ours.
    identity: Identity,
    slot: Arc<Slot>,
    direct: Ability,
}

impl FileBlob {
    /// The blob of a file that `open` opens.
    pub(super) fn new(
        shared: Arc<Shared>,
        name: String,
        path: String,
        open: impl Fn(Place<'_>) -> Result<Opened>,
    ) -> Result<Self> {
        let slot = Arc::new(Slot::new());
        let mut state = slot.lock();
        let open = || open(shared.directory.place(&name, &path)).map(Descriptors::new);
        let first = shared.cache.get(&slot, &mut state, open)?;
        state.unforced = Unforced::new(first.len_when_opened);
        drop(state);
        let identity = first.identity;
        Ok(Self { shared, name, path, identity, slot, direct: Ability::untried() })
    }

    /// The open descriptors, for something that leaves no trace in the file.
    fn descriptors(&self) -> Result<Arc<Descriptors>> {
        let mut state = self.slot.lock();
        self.shared.cache.get(&self.slot, &mut state, || self.reopen())
    }

    /// The open descriptors, for a write; nobody closes them before what it wrote was forced.
    fn begin_write(&self, resize: Resize) -> Result<Writing<'_>> {
        let mut state = self.slot.lock();
        let descriptors = self.shared.cache.get(&self.slot, &mut state, || self.reopen())?;
        state.unforced.begin_write();
        Ok(Writing { slot: &self.slot, descriptors, resize })
    }

    fn reopen(&self) -> Result<Descriptors> {
        self.open_same(self.shared.open_flags()).map(Descriptors::new)
    }

    /// Opens the file again, if it is still the same.
    fn open_same(&self, flags: OFlags) -> Result<Opened> {
        let opened = self.shared.directory.place(&self.name, &self.path).open(flags)?;
        if opened.identity != self.identity {
            let source = io::Error::other("the file was replaced by another while it was in use");
            return Err(StorageError::io("reopen", self.path.as_str(), source));
        }
        Ok(opened)
    }

    /// Writes past the page cache; false, and nothing written, if that is not possible.
    fn write_direct(&self, writes: &[Write<'_>]) -> Result<bool> {
        let descriptors = self.descriptors()?;
        let Some(file) = self.direct_file(&descriptors)? else { return Ok(false) };
        for &Write { offset, bytes } in writes {
            let written = direct::write(file, &self.direct, offset, bytes)
                .map_err(self.fault_at("write and force", offset))?;
            if !written {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The descriptor for direct writes, opened if it is not; `None` if there can be none.
    fn direct_file<'a>(&self, descriptors: &'a Descriptors) -> Result<Option<&'a File>> {
        if let Some(file) = descriptors.direct.get() {
            return Ok(Some(file));
        }
        let Some(flags) = direct::OPEN_FLAGS else { return Ok(None) };
        match self.open_same(flags) {
            Ok(opened) => Ok(Some(descriptors.direct.get_or_init(|| opened.file))),
            Err(StorageError::Io { source, .. }) if direct::is_refusal(&source) => {
                self.direct.refuse();
                Ok(None)
            }
            // No descriptor left, perhaps: the other way needs none.
            Err(StorageError::Io { source, .. }) if source.raw_os_error().is_some() => Ok(None),
            Err(fault) => Err(fault),
        }
    }

    fn write_buffered(&self, writes: &[Write<'_>]) -> Result<()> {
        let end = writes.iter().map(end_of).max().unwrap_or(0);
        let writing = self.begin_write(Resize::AtLeast(end))?;
        for &Write { offset, bytes } in writes {
            writing.file().write_all_at(bytes, offset).map_err(self.fault_at("write", offset))?;
        }
        Ok(())
    }

    fn force_data(&self) -> Result<()> {
        let (descriptors, cover) = self.begin_force()?;
        descriptors.buffered.sync_data().map_err(self.fault("force"))?;
        self.slot.lock().unforced.data_forced(cover);
        Ok(())
    }

    fn begin_force(&self) -> Result<(Arc<Descriptors>, Cover)> {
        let mut state = self.slot.lock();
        let descriptors = self.shared.cache.get(&self.slot, &mut state, || self.reopen())?;
        Ok((descriptors, state.unforced.cover()))
    }

    fn file_len(&self, file: &File) -> Result<u64> {
        file.metadata().map(|metadata| metadata.len()).map_err(self.fault("measure"))
    }

    fn short(&self, offset: u64, wanted: usize, file: &File) -> StorageError {
        match self.file_len(file) {
            Ok(file_len) => StorageError::ShortFile {
                path: self.path.clone(),
                offset,
                wanted: u64::try_from(wanted).unwrap_or(u64::MAX),
                file_len,
            },
            Err(fault) => fault,
        }
    }

    fn refuse_if_read_only(&self, operation: &'static str) -> Result<()> {
        self.shared.refuse_if_read_only(operation, &self.path)
    }

    fn fault(&self, operation: &'static str) -> impl FnOnce(io::Error) -> StorageError {
        move |source| StorageError::io(operation, self.path.as_str(), source)
    }

    fn fault_at(
        &self,
        operation: &'static str,
        offset: u64,
    ) -> impl FnOnce(io::Error) -> StorageError {
        move |source| StorageError::io_at(operation, self.path.as_str(), offset, source)
    }
}

impl Blob for FileBlob {
    fn location(&self) -> &str {
        &self.path
    }

    fn len(&self) -> Result<u64> {
        let descriptors = self.descriptors()?;
        self.file_len(&descriptors.buffered)
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<()> {
        let wanted = buf.len();
        let descriptors = self.descriptors()?;
        let file = &descriptors.buffered;
        file.read_exact_at(buf, offset).map_err(|source| match source.kind() {
            io::ErrorKind::UnexpectedEof => self.short(offset, wanted, file),
            _ => StorageError::io_at("read", self.path.as_str(), offset, source),
        })
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> Result<()> {
        self.refuse_if_read_only("write")?;
        self.write_buffered(&[Write { offset, bytes }])
    }

    fn write_and_force(&self, writes: &[Write<'_>]) -> Result<()> {
        self.refuse_if_read_only("write")?;
        if self.direct.is_possible() && direct::suits(writes) && self.write_direct(writes)? {
            return Ok(());
        }
        self.write_buffered(writes)?;
        self.force_data()
    }

    fn allocate(&self, len: u64, fill: Fill) -> Result<()> {
        self.refuse_if_read_only("allocate")?;
        let old = self.len()?;
        if len <= old {
            return Ok(());
        }
        let writing = self.begin_write(Resize::AtLeast(len))?;
        grow::grow(writing.file(), old, len, fill).map_err(self.fault("allocate"))
    }

    fn set_len(&self, len: u64) -> Result<()> {
        self.refuse_if_read_only("resize")?;
        let writing = self.begin_write(Resize::To(len))?;
        writing.file().set_len(len).map_err(self.fault("resize"))
    }

    /// Works on a file opened for reading, too: it writes nothing new.
    fn force(&self) -> Result<()> {
        let (descriptors, cover) = self.begin_force()?;
        if !cover.len_changed {
            descriptors.buffered.sync_data().map_err(self.fault("force"))?;
            self.slot.lock().unforced.data_forced(cover);
            return Ok(());
        }
        descriptors.buffered.sync_all().map_err(self.fault("force"))?;
        self.slot.lock().unforced.all_forced(cover);
        Ok(())
    }

    fn drop_cache(&self) -> Result<()> {
        let descriptors = self.descriptors()?;
        drop_cache(&descriptors.buffered).map_err(self.fault("drop the cache of"))
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { block_len: direct::BLOCK_LEN, direct_writes: self.direct.is_possible() }
    }

    /// The file stays open as long as anybody has it, whatever the limit of descriptors.
    fn file(&self) -> Result<Option<Arc<File>>> {
        Ok(Some(Arc::clone(&self.descriptors()?.buffered)))
    }
}

/// A write under way; dropping it says that it has ended, well or not.
struct Writing<'a> {
    slot: &'a Slot,
    descriptors: Arc<Descriptors>,
    resize: Resize,
}

impl Writing<'_> {
    fn file(&self) -> &File {
        &self.descriptors.buffered
    }
}

impl Drop for Writing<'_> {
    fn drop(&mut self) {
        self.slot.lock().unforced.end_write(self.resize);
    }
}

fn end_of(write: &Write<'_>) -> u64 {
    let len = u64::try_from(write.bytes.len()).unwrap_or(u64::MAX);
    write.offset.saturating_add(len)
}

/// Advice to the kernel, which follows it for pages that are on stable storage. Other systems have no such advice.
fn drop_cache(file: &File) -> io::Result<()> {
    #[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd"))]
    rustix::fs::fadvise(file, 0, None, rustix::fs::Advice::DontNeed)?;
    #[cfg(not(any(target_os = "linux", target_os = "android", target_os = "freebsd")))]
    let _no_such_advice = file;
    Ok(())
}
