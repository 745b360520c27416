//! One segment's memory: a stable base address and a fixed length.
//!
//! Moving a [`Region`] moves no bytes, so an address inside it stays valid as long as the region lives. Its bytes
//! are lent as slices by the usual rules; who may borrow them when is for the callers.
//!
//! It never writes to a file. A resident region has read its file once and has no tie to it any more.

use std::io;
use std::ops::{Deref, DerefMut};

use memmap2::MmapMut;

use crate::backend::Blob;
use crate::error::{Result, StorageError};
use crate::pages;

use super::raw::{MappedToken, PrivateMapping};

/// How many bytes of a file are read at once.
const READ_LEN: usize = 8 << 20;

/// The memory of a segment.
///
/// ```
/// use rvm_storage::memory::Region;
///
/// let mut region = Region::zeroed(100)?;
/// let base = region.base_ptr();
/// region[..5].copy_from_slice(b"bytes");
/// let moved = region;
/// assert_eq!(&moved[..6], b"bytes\0");
/// assert_eq!(moved.base_ptr(), base);
/// # Ok::<(), rvm_storage::StorageError>(())
/// ```
#[derive(Debug)]
pub struct Region {
    backing: Backing,
}

#[derive(Debug)]
enum Backing {
    Resident(MmapMut),
    Mapped(PrivateMapping),
}

impl Region {
    /// Memory of `len` zeros.
    ///
    /// # Errors
    /// I/O: `InvalidInput` for no bytes at all, `OutOfMemory` for more than there can be.
    pub fn zeroed(len: u64) -> Result<Self> {
        Ok(Self { backing: Backing::Resident(anonymous("memory", len)?) })
    }

    /// Memory of `len` bytes: the first `file_len` bytes of `blob` as far as they fit, then zeros.
    ///
    /// # Errors
    /// As for [`zeroed`](Self::zeroed); `ShortFile` when the file has less than `file_len` bytes; I/O.
    pub fn resident(blob: &dyn Blob, file_len: u64, len: u64) -> Result<Self> {
        let mut memory = anonymous(blob.location(), len)?;
        let filled = usize::try_from(file_len).unwrap_or(usize::MAX).min(memory.len());
        let (from_file, _zeros) = memory.split_at_mut(filled);
        let mut offset = 0;
        for piece in from_file.chunks_mut(READ_LEN) {
            blob.read_at(offset, piece)?;
            offset = u64::try_from(piece.len()).map_or(u64::MAX, |len| offset.saturating_add(len));
        }
        Ok(Self { backing: Backing::Resident(memory) })
    }

    /// A private view of the first `len` of the `file_len` bytes of `blob`'s file. Changes stay in memory.
    ///
    /// Whoever holds the region writes to the file only bytes that the region has at the same place, so that a page
    /// without changes of its own looks the same before and after.
    ///
    /// # Errors
    /// `Unsupported` when the backend has no file; `ShortFile` when it has less than `len` bytes; I/O: `InvalidInput`
    /// for no bytes at all, `OutOfMemory` for more than there can be.
    pub fn mapped(blob: &dyn Blob, file_len: u64, len: u64, token: MappedToken) -> Result<Self> {
        let path = blob.location();
        let map_len = checked_len(path, len)?;
        let Some(file) = blob.file()? else {
            return Err(StorageError::Unsupported { operation: "map", path: path.to_owned() });
        };
        let file_len = blob.len()?.min(file_len);
        if file_len < len {
            let path = path.to_owned();
            return Err(StorageError::ShortFile { path, offset: 0, wanted: len, file_len });
        }
        let mapping = PrivateMapping::new(&file, map_len, token)
            .map_err(|source| StorageError::io("map", path, source))?;
        Ok(Self { backing: Backing::Mapped(mapping) })
    }

    /// Gives the memory of a mapped region back. Afterwards its bytes are those of the file, *all changes that are
    /// not in the file are gone*: call it only when the file holds every byte's present value, forced. False, and
    /// nothing done, for a resident region.
    ///
    /// It takes `&mut self` because bytes may change; whoever has a pointer into the region must not use it meanwhile.
    ///
    /// # Errors
    /// I/O; the bytes are unharmed, or the file's.
    pub fn release_clean_pages(&mut self) -> Result<bool> {
        match &mut self.backing {
            Backing::Resident(_) => Ok(false),
            Backing::Mapped(mapping) => mapping
                .discard()
                .map(|()| true)
                .map_err(|source| StorageError::io("release", "the pages of a mapping", source)),
        }
    }

    /// True for a private view of a file, false for memory of its own.
    #[must_use]
    pub const fn is_mapped(&self) -> bool {
        matches!(self.backing, Backing::Mapped(_))
    }

    /// The address of the first byte, the same as long as the region lives.
    #[must_use]
    pub fn base_ptr(&self) -> *const u8 {
        self.as_ptr()
    }
}

impl Deref for Region {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match &self.backing {
            Backing::Resident(memory) => memory,
            Backing::Mapped(mapping) => mapping,
        }
    }
}

impl DerefMut for Region {
    fn deref_mut(&mut self) -> &mut [u8] {
        match &mut self.backing {
            Backing::Resident(memory) => memory,
            Backing::Mapped(mapping) => mapping,
        }
    }
}

fn anonymous(path: &str, len: u64) -> Result<MmapMut> {
    let len = checked_len(path, len)?;
    pages::anonymous(len).map_err(|e| StorageError::io("reserve", path, e))
}

/// A length that memory can have: 1 to `isize::MAX`.
fn checked_len(path: &str, len: u64) -> Result<usize> {
    let fault = match usize::try_from(len) {
        Ok(0) => io::ErrorKind::InvalidInput,
        Ok(len) if isize::try_from(len).is_ok() => return Ok(len),
        _ => io::ErrorKind::OutOfMemory,
    };
    Err(StorageError::io("reserve memory for", path, fault))
}
