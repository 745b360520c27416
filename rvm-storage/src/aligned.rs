//! A growing byte buffer whose bytes start at a block boundary in memory, as direct writes want.

use std::collections::TryReserveError;
use std::fmt;

/// Bytes that start at an address that is a multiple of [`AlignedBuf::ALIGN`].
///
/// ```
/// use rvm_storage::AlignedBuf;
///
/// let mut buf = AlignedBuf::new();
/// buf.extend_from_slice(b"abc");
/// buf.resize(AlignedBuf::ALIGN);
/// assert_eq!(buf.as_slice().as_ptr().addr() % AlignedBuf::ALIGN, 0);
/// ```
#[derive(Default)]
pub struct AlignedBuf {
    /// Holds `start` bytes of padding, then the content.
    raw: Vec<u8>,
    start: usize,
}

impl AlignedBuf {
    /// The alignment, in bytes.
    pub const ALIGN: usize = 4096;

    /// An empty buffer without memory.
    #[must_use]
    pub const fn new() -> Self {
        Self { raw: Vec::new(), start: 0 }
    }

    /// How many bytes it holds.
    #[must_use]
    pub fn len(&self) -> usize {
        self.raw.len() - self.start
    }

    /// True if it holds nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many bytes it can hold without moving.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.raw.capacity() - self.start
    }

    /// The bytes.
    #[must_use]
    pub fn as_slice(&self) -> &[u8] {
        self.raw.get(self.start..).unwrap_or_default()
    }

    /// The bytes, to change.
    pub fn as_mut_slice(&mut self) -> &mut [u8] {
        self.raw.get_mut(self.start..).unwrap_or_default()
    }

    /// Forgets the content, keeps the memory.
    pub fn clear(&mut self) {
        self.raw.truncate(self.start);
    }

    /// Appends `bytes`.
    #[inline]
    pub fn extend_from_slice(&mut self, bytes: &[u8]) {
        self.reserve(bytes.len());
        self.raw.extend_from_slice(bytes);
    }

    /// Cuts to `len` bytes, or grows to it with zeros.
    #[inline]
    pub fn resize(&mut self, len: usize) {
        self.reserve(len.saturating_sub(self.len()));
        self.raw.resize(self.start + len, 0);
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
        self.move_to(Vec::with_capacity(capacity + Self::ALIGN));
    }

    /// Makes room for `more` bytes, and no further ones; moves the content if it must.
    ///
    /// # Errors
    /// There is no such memory. The buffer is as before.
    pub fn try_reserve(&mut self, more: usize) -> Result<(), TryReserveError> {
        let wanted = self.len().saturating_add(more);
        if self.capacity() < wanted {
            let mut raw = Vec::new();
            raw.try_reserve_exact(wanted.saturating_add(Self::ALIGN))?;
            self.move_to(raw);
        }
        Ok(())
    }

    fn move_to(&mut self, mut raw: Vec<u8>) {
        let start = raw.as_ptr().addr().wrapping_neg() % Self::ALIGN;
        raw.resize(start, 0);
        raw.extend_from_slice(self.as_slice());
        *self = Self { raw, start };
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
}
