//! A string of bytes that is cheap to copy: copies share their pages until one of them is written to.
//!
//! Bytes behind the length are zero in every page, so that growing shows zeros.

use std::io;
use std::sync::Arc;

use crate::widths::{narrow, wide};

/// A sector: what a device writes old or new, never mixed, in bytes.
pub(super) const SECTOR_LEN: usize = 512;

/// Files longer than this do not fit the simulated device, in bytes.
pub(super) const LEN_MAX: u64 = 1 << 32;

const PAGE_LEN: usize = 4096;

pub(super) type Sector = [u8; SECTOR_LEN];
type Page = [u8; PAGE_LEN];

#[derive(Clone, Debug, Default)]
pub(super) struct Pages {
    len: u64,
    /// A page that is not there is all zeros.
    pages: Arc<Vec<Option<Arc<Page>>>>,
}

impl Pages {
    pub(super) fn from_bytes(bytes: &[u8]) -> io::Result<Self> {
        let mut pages = Self::default();
        pages.write(0, bytes)?;
        Ok(pages)
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = vec![0; narrow(self.len)];
        self.copy_out(0, &mut bytes);
        bytes
    }

    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// Fills `buf` from `offset` on; false if there are not that many bytes.
    pub(super) fn read(&self, offset: u64, buf: &mut [u8]) -> bool {
        let inside = offset.checked_add(wide(buf.len())).is_some_and(|end| end <= self.len);
        if inside {
            self.copy_out(offset, buf);
        }
        inside
    }

    /// Writes, growing if need be.
    pub(super) fn write(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let end = offset.checked_add(wide(bytes.len())).ok_or(io::ErrorKind::InvalidInput)?;
        if end > self.len {
            self.set_len(end)?;
        }
        self.copy_in(offset, bytes);
        Ok(())
    }

    /// Cuts, or grows by zeros.
    pub(super) fn set_len(&mut self, len: u64) -> io::Result<()> {
        if len > LEN_MAX {
            return Err(io::ErrorKind::StorageFull.into());
        }
        if len < self.len {
            let rest_of_page = wide(PAGE_LEN) - len % wide(PAGE_LEN);
            let zeros = vec![0; narrow(rest_of_page.min(self.len - len))];
            self.copy_in(len, &zeros);
        }
        let count = narrow(len).div_ceil(PAGE_LEN);
        if count != self.pages.len() {
            Arc::make_mut(&mut self.pages).resize(count, None);
        }
        self.len = len;
        Ok(())
    }

    /// The sector at `index`, with zeros behind the end.
    pub(super) fn sector(&self, index: u64) -> Sector {
        let mut sector = [0; SECTOR_LEN];
        self.copy_out(index.saturating_mul(wide(SECTOR_LEN)), &mut sector);
        sector
    }

    /// Replaces what lies before the end of the sector at `index`.
    pub(super) fn set_sector(&mut self, index: u64, sector: &Sector) {
        self.overwrite(index.saturating_mul(wide(SECTOR_LEN)), sector);
    }

    /// Writes without growing.
    pub(super) fn overwrite(&mut self, offset: u64, bytes: &[u8]) {
        let inside = narrow(self.len.saturating_sub(offset)).min(bytes.len());
        if let Some(bytes) = bytes.get(..inside) {
            self.copy_in(offset, bytes);
        }
    }

    fn copy_out(&self, offset: u64, buf: &mut [u8]) {
        each_page(offset, buf.len(), |page, in_page, in_buf| {
            let Some(target) = buf.get_mut(in_buf) else { return };
            match self.pages.get(page) {
                Some(Some(page)) => {
                    if let Some(source) = page.get(in_page) {
                        target.copy_from_slice(source);
                    }
                }
                Some(None) | None => target.fill(0),
            }
        });
    }

    /// Writes what lies in the pages that are there.
    fn copy_in(&mut self, offset: u64, bytes: &[u8]) {
        let pages = Arc::make_mut(&mut self.pages);
        each_page(offset, bytes.len(), |page, in_page, in_bytes| {
            let (Some(page), Some(source)) = (pages.get_mut(page), bytes.get(in_bytes)) else {
                return;
            };
            let page = page.get_or_insert_with(|| Arc::new([0; PAGE_LEN]));
            if let Some(target) = Arc::make_mut(page).get_mut(in_page) {
                target.copy_from_slice(source);
            }
        });
    }
}

/// Splits `len` bytes from `offset` on at page boundaries: the page, the range in it, and the range of the `len` bytes.
fn each_page(
    offset: u64,
    len: usize,
    mut visit: impl FnMut(usize, std::ops::Range<usize>, std::ops::Range<usize>),
) {
    let mut done = 0;
    while done < len {
        let at = narrow(offset).saturating_add(done);
        let in_page = at % PAGE_LEN;
        let piece = (PAGE_LEN - in_page).min(len - done);
        visit(at / PAGE_LEN, in_page..in_page + piece, done..done + piece);
        done += piece;
    }
}

/// The sectors that `len` bytes from `offset` on touch.
pub(super) fn sectors_of(offset: u64, len: u64) -> std::ops::Range<u64> {
    let sector = wide(SECTOR_LEN);
    if len == 0 {
        return offset / sector..offset / sector;
    }
    offset / sector..offset.saturating_add(len).div_ceil(sector)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Guards against bytes that come back when a file is cut and grown again, in the middle of a page and across pages.
    #[test]
    fn a_cut_and_regrown_string_shows_zeros() {
        for (len, cut) in [(10_000, 5), (10_000, 4096), (10_000, 9_999), (513, 512), (4096, 0)] {
            let mut pages = Pages::from_bytes(&vec![7; len]).unwrap();
            pages.set_len(cut).unwrap();
            pages.set_len(wide(len)).unwrap();
            let bytes = pages.to_bytes();
            assert_eq!(bytes.len(), len);
            let at = narrow(cut);
            assert!(bytes[..at].iter().all(|b| *b == 7) && bytes[at..].iter().all(|b| *b == 0));
        }
    }

    /// Guards against a write that shows in a copy.
    #[test]
    fn copies_do_not_share_what_is_written_later() {
        let first = Pages::from_bytes(&[1; 9000]).unwrap();
        let mut second = first.clone();
        second.write(4090, &[2; 20]).unwrap();
        assert_eq!(first.to_bytes(), [1; 9000]);
        assert_eq!(second.to_bytes()[4090..4110], [2; 20]);
    }

    /// Guards against a sector that writes behind the end, where growing must show zeros.
    #[test]
    fn a_sector_behind_the_end_is_cut() {
        let mut pages = Pages::from_bytes(&[1; 600]).unwrap();
        pages.set_sector(1, &[9; SECTOR_LEN]);
        pages.set_len(2000).unwrap();
        let bytes = pages.to_bytes();
        assert!(bytes[512..600].iter().all(|b| *b == 9) && bytes[600..].iter().all(|b| *b == 0));
        assert_eq!(pages.sector(40), [0; SECTOR_LEN]);
    }

    /// Guards against memory taken for an absurd length.
    #[test]
    fn the_device_ends_somewhere() {
        let mut pages = Pages::default();
        assert!(pages.set_len(u64::MAX).is_err());
        assert!(pages.write(u64::MAX, b"x").is_err());
        assert!(!pages.read(u64::MAX, &mut [0]));
        assert_eq!(pages.len(), 0);
    }
}
