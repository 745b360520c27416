//! One file of the simulator, as its users hold it. It lives as long as a name or a blob points to it.

use std::fmt;
use std::fs;
use std::io;
use std::sync::Arc;

use crate::backend::{Blob, Capabilities, Fill, Write};
use crate::error::{Result, StorageError};
use crate::name::FileName;
use crate::widths::{narrow, wide};

use super::Shared;
use super::file::File;
use super::names::FileId;
use super::operation::OperationKind;
use super::pages::LEN_MAX;
use super::storage::Begun;
use super::world::Fate;

const BLOCK_LEN: usize = 4096;

/// A page of a cache: what it takes of a write at once.
const PAGE_LEN: u64 = 4096;

pub(super) struct SimBlob {
    pub(super) shared: Arc<Shared>,
    pub(super) file: FileId,
    pub(super) name: FileName,
    pub(super) location: String,
}

impl fmt::Debug for SimBlob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SimBlob").field("location", &self.location).finish_non_exhaustive()
    }
}

impl SimBlob {
    fn begin(&self, kind: OperationKind, range: (u64, u64)) -> Result<Begun<'_>> {
        self.shared.begin(kind, Some(&self.name), range)
    }

    /// Writes, or writes a part, as the operation's fate has it.
    fn put(&self, begun: &mut Begun<'_>, write: Write<'_>) -> io::Result<()> {
        let len = match begun.fate {
            Fate::Short => narrow(begun.world.random.below(wide(write.bytes.len()))),
            _ => write.bytes.len(),
        };
        let now = begun.world.now();
        let mut bytes = write.bytes.get(..len).unwrap_or_default();
        let mut start = write.offset;
        if let Some(middle) = page_between(start, start.saturating_add(wide(len)))
            && let Some((first, rest)) = bytes.split_at_checked(narrow(middle - start))
        {
            begun.world.file_mut(self.file)?.write(now, start, first)?;
            begun.world.record_moment(&begun.operation, true);
            (start, bytes) = (middle, rest);
        }
        begun.world.file_mut(self.file)?.write(now, start, bytes)
    }

    fn grow(&self, begun: &mut Begun<'_>, len: u64, fill: Fill) -> io::Result<()> {
        let (old, now) = (begun.world.file(self.file)?.live().len(), begun.world.now());
        if len <= old {
            return Ok(());
        }
        let grow = |file: &mut File, len| match fill {
            Fill::Written => file.grow_by_writing(now, len),
            Fill::Reserved => file.set_len(now, len),
        };
        if let Some(middle) = page_between(old, len).filter(|_| len <= LEN_MAX) {
            grow(begun.world.file_mut(self.file)?, middle)?;
            begun.world.record_moment(&begun.operation, true);
        }
        grow(begun.world.file_mut(self.file)?, len)
    }

    /// The failed force that is the operation's fate.
    fn fail_force(&self, begun: &mut Begun<'_>) -> io::Result<()> {
        let now = begun.world.now();
        let (part, mut random) = (begun.fate == Fate::Part, begun.world.random.clone());
        begun.world.file_mut(self.file)?.fail_force(now, || part && random.below(2) == 1);
        Ok(())
    }

    fn write_and_force_all(&self, begun: &mut Begun<'_>, writes: &[Write<'_>]) -> io::Result<()> {
        let len = begun.world.file(self.file)?.live().len();
        for write in writes {
            if write.offset.saturating_add(wide(write.bytes.len())) > len {
                let message = "a forced write must lie within the file";
                return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
            }
        }
        for write in writes {
            self.put(begun, *write)?;
        }
        begun.world.record_moment(&begun.operation, true);
        let now = begun.world.now();
        begun.let_others_go_on()?;
        match begun.fate {
            Fate::Short => {}
            Fate::Lost | Fate::Part => self.fail_force(begun)?,
            Fate::Done | Fate::DoneAndFailed => {
                let file = begun.world.file_mut(self.file)?;
                for write in writes {
                    file.force_range(now, write.offset, wide(write.bytes.len()))?;
                }
            }
        }
        Ok(())
    }
}

impl Blob for SimBlob {
    fn location(&self) -> &str {
        &self.location
    }

    fn len(&self) -> Result<u64> {
        let begun = self.begin(OperationKind::Len, (0, 0))?;
        let len = begun.world.file(self.file).map(|file| file.live().len());
        begun.end(len)
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<()> {
        let begun = self.begin(OperationKind::Read, (offset, wide(buf.len())))?;
        let file_len = match begun.world.file(self.file) {
            Ok(file) if file.live().read(offset, buf) => return begun.end(Ok(())),
            Ok(file) => file.live().len(),
            Err(source) => return begun.end(Err(source)),
        };
        let (path, wanted) = (self.location.clone(), wide(buf.len()));
        Err(StorageError::ShortFile { path, offset, wanted, file_len })
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> Result<()> {
        let mut begun = self.begin(OperationKind::Write, (offset, wide(bytes.len())))?;
        let done = self.put(&mut begun, Write { offset, bytes });
        begun.end(done)
    }

    fn write_and_force(&self, writes: &[Write<'_>]) -> Result<()> {
        let offset = writes.iter().map(|write| write.offset).min().unwrap_or(0);
        let len = writes.iter().map(|write| wide(write.bytes.len())).sum();
        let mut begun = self.begin(OperationKind::WriteAndForce, (offset, len))?;
        let done = self.write_and_force_all(&mut begun, writes);
        begun.end(done)
    }

    fn allocate(&self, len: u64, fill: Fill) -> Result<()> {
        let mut begun = self.begin(OperationKind::Allocate, (0, len))?;
        let done = self.grow(&mut begun, len, fill);
        begun.end(done)
    }

    fn set_len(&self, len: u64) -> Result<()> {
        let mut begun = self.begin(OperationKind::SetLen, (0, len))?;
        let now = begun.world.now();
        let done = begun.world.file_mut(self.file).and_then(|file| file.set_len(now, len));
        begun.end(done)
    }

    fn force(&self) -> Result<()> {
        let mut begun = self.begin(OperationKind::Force, (0, 0))?;
        let now = begun.world.now();
        let done = match begun.fate {
            Fate::Lost | Fate::Part => self.fail_force(&mut begun),
            _ => begun.world.file_mut(self.file).and_then(|file| file.force(now)),
        };
        begun.end(done)
    }

    fn drop_cache(&self) -> Result<()> {
        let mut begun = self.begin(OperationKind::DropCache, (0, 0))?;
        let now = begun.world.now();
        let done = begun.world.file_mut(self.file).and_then(|file| file.drop_cache(now));
        begun.end(done)
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { block_len: BLOCK_LEN, direct_writes: false }
    }

    fn file(&self) -> Result<Option<Arc<fs::File>>> {
        Ok(None)
    }
}

/// The end of a page about half-way: where a process may be killed, and what a device may have of a file's growth.
fn page_between(start: u64, end: u64) -> Option<u64> {
    let middle = start.midpoint(end).next_multiple_of(PAGE_LEN);
    (middle < end).then_some(middle)
}
