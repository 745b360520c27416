//! A growing byte buffer whose bytes start at a block boundary in memory, as direct writes want.

use std::alloc::{self, Layout};
use std::collections::TryReserveError;
use std::fmt;

use memmap2::MmapMut;

use crate::pages::{self, HUGE_PAGE_LEN};

/// Bytes that start at an address that is a multiple of [`AlignedBuf::ALIGN`]. From 2 MiB on they lie in huge pages, where the system has them:
/// to touch so much new memory costs more than to fill it.
///
/// ```
/// use rvm_storage::AlignedBuf;
///
/// let mut buf = AlignedBuf::new();
/// buf.extend_from_slice(b"abc");
/// buf.resize(AlignedBuf::ALIGN);
/// assert_eq!(buf.as_slice().as_ptr().addr() % AlignedBuf::ALIGN, 0);
/// ```
pub struct AlignedBuf {
    memory: Memory,
}

enum Memory {
    /// `start` bytes of padding, then the content.
    Heap { raw: Vec<u8>, start: usize },
    /// The content, `len` bytes. What lies behind `touched` is zero still.
    Pages { pages: MmapMut, len: usize, touched: usize },
}

impl Memory {
    /// Without content, with room for `capacity` bytes.
    ///
    /// # Errors
    /// There is no such memory.
    fn empty(capacity: usize) -> Result<Self, TryReserveError> {
        if capacity >= HUGE_PAGE_LEN
            && let Ok(pages) = pages::anonymous(capacity)
        {
            return Ok(Self::Pages { pages, len: 0, touched: 0 });
        }
        let mut raw = Vec::<u8>::new();
        raw.try_reserve_exact(capacity.saturating_add(AlignedBuf::ALIGN))?;
        let start = raw.as_ptr().addr().wrapping_neg() % AlignedBuf::ALIGN;
        raw.resize(start, 0);
        Ok(Self::Heap { raw, start })
    }
}

impl Default for AlignedBuf {
    fn default() -> Self {
        Self::new()
    }
}

impl AlignedBuf {
    /// The alignment, in bytes.
    pub const ALIGN: usize = 4096;

    /// An empty buffer without memory.
    #[must_use]
    pub const fn new() -> Self {
        Self { memory: Memory::Heap { raw: Vec::new(), start: 0 } }
    }

    /// How many bytes it holds.
    #[must_use]
    pub fn len(&self) -> usize {
        match &self.memory {
            Memory::Heap { raw, start } => raw.len() - start,
            Memory::Pages { len, .. } => *len,
        }
    }

    /// True if it holds nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many bytes it can hold without moving.
    #[must_use]
    pub fn capacity(&self) -> usize {
        match &self.memory {
            Memory::Heap { raw, start } => raw.capacity() - start,
            Memory::Pages { pages, .. } => pages.len(),
        }
    }

    /// The bytes.
    #[must_use]
    pub fn as_slice(&self) -> &[u8] {
        match &self.memory {
            Memory::Heap { raw, start } => raw.get(*start..).unwrap_or_default(),
            Memory::Pages { pages, len, .. } => pages.get(..*len).unwrap_or_default(),
        }
    }

    /// The bytes, to change.
    pub fn as_mut_slice(&mut self) -> &mut [u8] {
        match &mut self.memory {
            Memory::Heap { raw, start } => raw.get_mut(*start..).unwrap_or_default(),
            Memory::Pages { pages, len, .. } => pages.get_mut(..*len).unwrap_or_default(),
        }
    }

    /// Forgets the content, keeps the memory.
    pub fn clear(&mut self) {
        match &mut self.memory {
            Memory::Heap { raw, start } => raw.truncate(*start),
            Memory::Pages { len, .. } => *len = 0,
        }
    }

    /// Appends `bytes`.
    #[inline]
    pub fn extend_from_slice(&mut self, bytes: &[u8]) {
        match &mut self.memory {
            Memory::Heap { raw, .. } if raw.capacity() - raw.len() >= bytes.len() => {
                raw.extend_from_slice(bytes);
            }
            _ => self.extend_elsewhere(bytes),
        }
    }

    /// [`extend_from_slice`](Self::extend_from_slice) where it takes other memory, or lies in pages.
    fn extend_elsewhere(&mut self, bytes: &[u8]) {
        self.reserve(bytes.len());
        match &mut self.memory {
            Memory::Heap { raw, .. } => raw.extend_from_slice(bytes),
            Memory::Pages { pages, len, touched } => {
                let end = *len + bytes.len();
                pages.get_mut(*len..end).unwrap_or_default().copy_from_slice(bytes);
                (*len, *touched) = (end, end.max(*touched));
            }
        }
    }

    /// Cuts to `len` bytes, or grows to it with zeros.
    #[inline]
    pub fn resize(&mut self, len: usize) {
        match &mut self.memory {
            Memory::Heap { raw, start } if raw.capacity() - *start >= len => {
                raw.resize(*start + len, 0);
            }
            _ => self.resize_elsewhere(len),
        }
    }

    /// [`resize`](Self::resize) where it takes other memory, or lies in pages.
    fn resize_elsewhere(&mut self, len: usize) {
        self.reserve(len.saturating_sub(self.len()));
        match &mut self.memory {
            Memory::Heap { raw, start } => raw.resize(*start + len, 0),
            Memory::Pages { pages, len: old, touched } => {
                pages.get_mut(*old..len.min(*touched)).unwrap_or_default().fill(0);
                (*old, *touched) = (len, len.max(*touched));
            }
        }
    }

    /// Makes room for `more` bytes; moves the content if it must.
    #[inline]
    pub fn reserve(&mut self, more: usize) {
        let wanted = self.len() + more;
        if self.capacity() < wanted {
            self.grow(wanted);
        }
    }

    #[cold]
    fn grow(&mut self, wanted: usize) {
        let capacity = wanted.next_power_of_two().max(Self::ALIGN);
        match Memory::empty(capacity) {
            Ok(memory) => self.move_to(memory),
            Err(_) => alloc::handle_alloc_error(
                Layout::array::<u8>(capacity).unwrap_or(Layout::new::<u8>()),
            ),
        }
    }

    /// Makes room for `more` bytes, and no further ones; moves the content if it must.
    ///
    /// # Errors
    /// There is no such memory. The buffer is as before.
    pub fn try_reserve(&mut self, more: usize) -> Result<(), TryReserveError> {
        let wanted = self.len().saturating_add(more);
        if self.capacity() < wanted {
            self.move_to(Memory::empty(wanted)?);
        }
        Ok(())
    }

    /// There is room for the content in `memory`.
    fn move_to(&mut self, memory: Memory) {
        let mut moved = Self { memory };
        moved.extend_from_slice(self.as_slice());
        *self = moved;
    }
}

impl fmt::Debug for AlignedBuf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AlignedBuf").field("len", &self.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Guards against a buffer that loses its alignment or its content when it grows.
    #[test]
    fn stays_aligned_and_keeps_its_bytes_while_it_grows() {
        let mut buf = AlignedBuf::new();
        let mut expected = Vec::new();
        for step in 0..2_000_u32 {
            let piece = step.to_le_bytes();
            buf.extend_from_slice(&piece);
            expected.extend_from_slice(&piece);
            assert_eq!(buf.as_slice(), expected);
            assert_eq!(buf.as_slice().as_ptr().addr() % AlignedBuf::ALIGN, 0);
        }
        assert!(buf.try_reserve(usize::MAX).is_err());
        buf.try_reserve(10_000).unwrap();
        assert!(buf.capacity() >= expected.len() + 10_000);
        assert_eq!(buf.as_slice(), expected);
        buf.clear();
        assert!(buf.is_empty());
        buf.resize(10_000);
        assert_eq!(buf.as_slice(), [0; 10_000]);
        assert_eq!(buf.as_slice().as_ptr().addr() % AlignedBuf::ALIGN, 0);
    }

    /// Guards against bytes of before in what a buffer grows by, and against a large one that is another kind of buffer.
    #[test]
    fn what_it_grows_by_is_zeros() {
        for len in [100, HUGE_PAGE_LEN + 100] {
            let mut buf = AlignedBuf::new();
            buf.extend_from_slice(&vec![9; len]);
            buf.clear();
            for round in 0..3 {
                buf.resize(len);
                assert!(buf.as_slice().iter().all(|byte| *byte == 0), "{len}, {round}");
                buf.as_mut_slice().fill(7);
                buf.resize(len / 2);
                buf.extend_from_slice(&[8; 10]);
                buf.resize(len - 1);
                let (kept, grown) = buf.as_slice().split_at(len / 2);
                assert!(kept.iter().all(|byte| *byte == 7));
                assert!(grown[..10] == [8; 10] && grown[10..].iter().all(|byte| *byte == 0));
                buf.clear();
            }
            assert_eq!(buf.as_slice().as_ptr().addr() % AlignedBuf::ALIGN, 0);
        }
    }
}
