//! Reads a log's ring by LSN through a window in memory, so that a scan holds one stretch or one record at a time.

use rvm_storage::widths::{narrow, wide};
use rvm_storage::{AlignedBuf, Blob, StorageError};

use crate::error::{LogError, Result};
use crate::ids::Lsn;
use crate::ring::{Ring, block_end, block_start};

/// How much is read at once, in bytes.
const WINDOW_LEN: u64 = 1 << 20;

#[derive(Debug)]
pub(crate) struct RingReader<'a> {
    blob: &'a dyn Blob,
    ring: Ring,
    /// Nothing at or behind this position is read.
    limit: Lsn,
    base: Lsn,
    window: AlignedBuf,
}

impl<'a> RingReader<'a> {
    /// A reader of the positions below `limit`.
    pub(crate) fn new(blob: &'a dyn Blob, ring: Ring, limit: Lsn) -> Self {
        Self { blob, ring, limit, base: Lsn(0), window: AlignedBuf::new() }
    }

    /// Reads the `len` bytes at `lsn` into the window, if they are not there; false if they reach beyond the limit.
    pub(crate) fn hold(&mut self, lsn: Lsn, len: u64) -> Result<bool> {
        if lsn.plus(len) > self.limit {
            return Ok(false);
        }
        let window_end = self.base.plus(wide(self.window.len()));
        if lsn < self.base || lsn.plus(len) > window_end {
            self.load(lsn, len)?;
        }
        Ok(true)
    }

    /// Bytes that the window holds; nothing if it does not.
    pub(crate) fn held(&self, lsn: Lsn, len: u64) -> &[u8] {
        let Some(at) = lsn.0.checked_sub(self.base.0).map(narrow) else { return &[] };
        self.window.as_slice().get(at..at.saturating_add(narrow(len))).unwrap_or_default()
    }

    /// The first position from `from` on, in steps of `step` bytes, at which `magic` stands and `len` bytes fit below the limit. The
    /// magic is no longer than a step, blocks are whole steps.
    pub(crate) fn find<const N: usize>(
        &mut self,
        from: Lsn,
        step: u64,
        magic: &[u8; N],
        len: usize,
    ) -> Result<Option<Lsn>> {
        let mut at = from;
        while self.hold(at, wide(len))? {
            let held =
                self.window.as_slice().get(narrow(at.since(self.base))..).unwrap_or_default();
            let mut pieces = held.chunks(narrow(step));
            if let Some(place) = pieces.position(|piece| piece.first_chunk() == Some(magic)) {
                let found = at.plus(wide(place) * step);
                return Ok((found.plus(wide(len)) <= self.limit).then_some(found));
            }
            at = at.plus(wide(held.len()));
        }
        Ok(None)
    }

    fn load(&mut self, lsn: Lsn, len: u64) -> Result<()> {
        let base = block_start(lsn);
        let end = block_end(lsn.plus(len.max(WINDOW_LEN))).min(block_end(self.limit));
        let len = end.since(base).min(self.ring.capacity());
        self.make_room(narrow(len))?;
        self.base = base;
        let before_wrap = narrow(self.ring.before_wrap(base, len));
        let (first, wrapped) =
            self.window.as_mut_slice().split_at_mut_checked(before_wrap).unwrap_or_default();
        let read = self.blob.read_at(self.ring.file_offset(base), first).and_then(|()| {
            if wrapped.is_empty() {
                return Ok(());
            }
            self.blob.read_at(crate::ring::DATA_START, wrapped)
        });
        if read.is_err() {
            self.window.clear();
        }
        Ok(read?)
    }

    /// Sets the window's length. No memory is an error, not an abort: the length may come from a hostile file.
    fn make_room(&mut self, len: usize) -> Result<()> {
        let more = len.saturating_sub(self.window.len());
        if self.window.try_reserve(more).is_err() {
            self.window.clear();
            return Err(no_memory(self.blob));
        }
        self.window.resize(len);
        Ok(())
    }
}

/// There is no memory for what a file holds.
pub(crate) fn no_memory(blob: &dyn Blob) -> LogError {
    LogError::Storage(StorageError::Io {
        operation: "find the memory to read",
        path: blob.location().to_owned(),
        offset: None,
        source: std::io::ErrorKind::OutOfMemory.into(),
    })
}

#[cfg(test)]
mod tests;
