//! The bytes of one chunk that were laid over each other, and which of them there are: a bit for each byte says so.

use rvm_storage::widths::narrow;

/// The part of a segment that is put together at once, in bytes: it fits the processor's caches.
pub(super) const CHUNK_LEN: usize = 64 << 10;

pub(super) struct Overlay {
    bytes: Vec<u8>,
    present: Presence,
}

impl Default for Overlay {
    fn default() -> Self {
        Self { bytes: vec![0; CHUNK_LEN], present: Presence::default() }
    }
}

impl Overlay {
    /// The bytes of the chunk, to be used for something else while none are there.
    pub(super) fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.bytes
    }

    /// Lays bytes over what there is.
    pub(super) fn put(&mut self, start: usize, bytes: &[u8]) {
        let end = start + bytes.len();
        if let Some(place) = self.bytes.get_mut(start..end) {
            place.copy_from_slice(bytes);
            self.present.set(start, end);
        }
    }

    /// Gives each longest run of bytes to `emit`, and is empty then.
    pub(super) fn drain<E>(
        &mut self,
        mut emit: impl FnMut(usize, &[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut end = 0;
        while let Some(start) = self.present.next(end, true) {
            end = self.present.next(start, false).unwrap_or(CHUNK_LEN);
            emit(start, self.bytes.get(start..end).unwrap_or_default())?;
        }
        self.present = Presence::default();
        Ok(())
    }
}

const WORD_BITS: usize = 64;

/// A bit for each byte of a chunk.
struct Presence([u64; CHUNK_LEN / WORD_BITS]);

impl Default for Presence {
    fn default() -> Self {
        Self([0; CHUNK_LEN / WORD_BITS])
    }
}

impl Presence {
    /// Sets the bits `[start, end)`.
    fn set(&mut self, start: usize, end: usize) {
        let mut at = start;
        while at < end {
            let (word, bit) = (at / WORD_BITS, at % WORD_BITS);
            let count = (WORD_BITS - bit).min(end - at);
            if let Some(word) = self.0.get_mut(word) {
                *word |= (u64::MAX >> (WORD_BITS - count)) << bit;
            }
            at += count;
        }
    }

    /// The first bit from `from` on that is set, or not set.
    fn next(&self, from: usize, is_set: bool) -> Option<usize> {
        let mut at = from;
        while let Some(word) = self.0.get(at / WORD_BITS) {
            let wanted = if is_set { *word } else { !*word } >> (at % WORD_BITS);
            if wanted != 0 {
                return Some(at + narrow(wanted.trailing_zeros().into()));
            }
            at = (at / WORD_BITS + 1) * WORD_BITS;
        }
        None
    }
}
