//! The two contents of a file in memory: what reads see, and what a crash leaves.
//!
//! `live` is the first, `forced` the second. `dirty` names every range of `live`, within its length, that may differ
//! from `forced`, so that a force copies only what changed. A file's length after a crash is that of its last force.
//! Nothing here locks, counts or knows names.

use std::io;
use std::ops::Range;

/// With more dirty ranges than this the whole file counts as dirty: quick to say, slower to copy.
const DIRTY_RANGES_MAX: usize = 1024;

#[derive(Clone, Debug, Default)]
pub(super) struct Image {
    live: Vec<u8>,
    forced: Vec<u8>,
    dirty: Vec<Range<usize>>,
}

impl Image {
    /// Content that is forced already.
    pub(super) fn durable(bytes: Vec<u8>) -> Self {
        Self { live: bytes.clone(), forced: bytes, dirty: Vec::new() }
    }

    /// What a crash leaves.
    pub(super) fn after_crash(&self) -> Self {
        Self::durable(self.forced.clone())
    }

    pub(super) fn live(&self) -> &[u8] {
        &self.live
    }

    /// The bytes from `offset` on; `None` if there are not that many.
    pub(super) fn read(&self, offset: u64, len: usize) -> Option<&[u8]> {
        self.live.get(range(offset, len).ok()?)
    }

    /// Writes to `live`, growing it if need be.
    pub(super) fn write(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let range = range(offset, bytes.len())?;
        if bytes.is_empty() {
            return Ok(());
        }
        if range.end > self.live.len() {
            self.resize(range.end)?;
        }
        copy_into(&mut self.live, range.clone(), bytes);
        self.mark_dirty(range);
        Ok(())
    }

    /// Writes to both contents; refuses to grow the file.
    pub(super) fn write_through(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let range = range(offset, bytes.len())?;
        if range.end > self.live.len() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "a forced write must lie within the file",
            ));
        }
        copy_into(&mut self.live, range.clone(), bytes);
        if range.end > self.forced.len() {
            grow(&mut self.forced, range.end)?;
        }
        copy_into(&mut self.forced, range, bytes);
        Ok(())
    }

    /// Cuts `live`, or grows it by zeros.
    pub(super) fn set_len(&mut self, len: u64) -> io::Result<()> {
        self.resize(usize::try_from(len).map_err(|_| io::ErrorKind::StorageFull)?)
    }

    /// Makes `forced` what `live` is.
    pub(super) fn force(&mut self) -> io::Result<()> {
        grow(&mut self.forced, self.live.len())?;
        self.forced.truncate(self.live.len());
        for range in self.dirty.drain(..) {
            let range = range.start..range.end.min(self.live.len());
            if let Some(bytes) = self.live.get(range.clone()) {
                copy_into(&mut self.forced, range, bytes);
            }
        }
        Ok(())
    }

    fn resize(&mut self, len: usize) -> io::Result<()> {
        let old = self.live.len();
        grow(&mut self.live, len)?;
        self.live.truncate(len);
        if len > old {
            self.mark_dirty(old..len);
        }
        Ok(())
    }

    fn mark_dirty(&mut self, range: Range<usize>) {
        if self.dirty.len() >= DIRTY_RANGES_MAX {
            self.dirty.clear();
            self.dirty.push(0..self.live.len());
        } else {
            self.dirty.push(range);
        }
    }
}

fn range(offset: u64, len: usize) -> io::Result<Range<usize>> {
    let start = usize::try_from(offset).map_err(|_| io::ErrorKind::InvalidInput)?;
    let end = start.checked_add(len).ok_or(io::ErrorKind::InvalidInput)?;
    Ok(start..end)
}

/// Grows `bytes` to `len` with zeros, without aborting when there is no memory.
fn grow(bytes: &mut Vec<u8>, len: usize) -> io::Result<()> {
    if len > bytes.len() {
        let more = len - bytes.len();
        bytes.try_reserve(more).map_err(|_| io::ErrorKind::StorageFull)?;
        bytes.resize(len, 0);
    }
    Ok(())
}

fn copy_into(target: &mut [u8], range: Range<usize>, bytes: &[u8]) {
    if let Some(place) = target.get_mut(range) {
        place.copy_from_slice(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forced(image: &Image) -> Vec<u8> {
        image.after_crash().live().to_vec()
    }

    /// Guards against a force that copies too little: bytes behind a cut come back as they were forced before.
    #[test]
    fn a_cut_and_regrown_file_forces_zeros() {
        let mut image = Image::durable(vec![7; 10]);
        image.set_len(2).unwrap();
        image.set_len(10).unwrap();
        assert_eq!(forced(&image), [7; 10]);
        image.force().unwrap();
        assert_eq!(forced(&image), [7, 7, 0, 0, 0, 0, 0, 0, 0, 0]);
    }

    /// Guards against ranges lost when there are too many of them to keep.
    #[test]
    fn more_dirty_ranges_than_are_kept_are_all_forced() {
        let mut image = Image::durable(vec![0; 8 * DIRTY_RANGES_MAX]);
        for step in 0..3 * DIRTY_RANGES_MAX {
            image.write(u64::try_from(2 * step).unwrap(), &[1]).unwrap();
        }
        assert_ne!(forced(&image), image.live());
        image.force().unwrap();
        assert_eq!(forced(&image), image.live());
    }

    /// Guards against a shrunk file that keeps its old length, and against dirty ranges behind its end.
    #[test]
    fn a_write_then_a_cut_forces_the_short_file() {
        let mut image = Image::default();
        image.write(100, &[1; 50]).unwrap();
        image.set_len(120).unwrap();
        image.force().unwrap();
        assert_eq!(forced(&image), image.live());
        assert_eq!(forced(&image).len(), 120);
    }

    /// Guards against an abort on an absurd length.
    #[test]
    fn a_file_larger_than_memory_is_an_error() {
        let mut image = Image::default();
        assert!(image.set_len(u64::MAX).is_err());
        assert!(image.write(u64::MAX, &[1]).is_err());
        assert!(image.write(1 << 62, &[1]).is_err());
        assert!(image.live().is_empty());
    }
}
