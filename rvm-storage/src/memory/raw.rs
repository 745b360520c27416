//! All unsafe code of this crate: mapping a file, giving its pages back, and a page that a fork wipes.
//!
//! Each type here owns one mapping and never lends it but through `&self` and `&mut self`, so that the rules of
//! references are the rules of the mapping. What safe Rust cannot promise, that nobody shortens or rewrites the
//! mapped file, is promised once, by whoever makes a [`MappedToken`].
//!
//! Lengths are checked by the callers; an impossible one is an error of the operating system, not undefined.
#![allow(unsafe_code, reason = "mappings cannot be made in safe Rust; see the header")]

use std::fs::File;
use std::io;
use std::ops::{Deref, DerefMut};

use memmap2::{MmapMut, MmapOptions};

/// The promise that segment files may be mapped: see [`new`](Self::new).
#[derive(Clone, Copy, Debug)]
pub struct MappedToken {
    _only_by_new: (),
}

impl MappedToken {
    /// Promises what a mapped file needs.
    ///
    /// # Safety
    /// As long as any [`Region`](super::Region) made with this token, or a copy of it, lives:
    ///
    /// 1. Nobody shortens its `.seg` file, in this process or another. A page behind the new end of the file is gone;
    ///    touching it kills the process with `SIGBUS`, even where the process had changed the page.
    /// 2. Nobody but the store that mapped the file writes to it. A page without changes of our own shows the file, so
    ///    that its bytes would change under a shared reference.
    /// 3. The file is on a local file system and its device stays. Over a network, 1 and 2 cannot be known, and a
    ///    page that cannot be fetched is a `SIGBUS`.
    /// 4. A child made by `fork` does not use the memory. The parent goes on writing to the file, which for the child
    ///    is a writer as in 2.
    #[must_use]
    pub const unsafe fn new() -> Self {
        Self { _only_by_new: () }
    }
}

/// A private copy-on-write view of the start of a file.
#[derive(Debug)]
pub(super) struct PrivateMapping {
    /// Made by `map_copy`, from offset 0, under a token; never anonymous memory and never shared.
    map: MmapMut,
}

impl PrivateMapping {
    /// Maps the first `len` bytes of `file`. The mapping keeps the file alive by itself.
    pub(super) fn new(file: &File, len: usize, token: MappedToken) -> io::Result<Self> {
        let MappedToken { _only_by_new: () } = token;
        let mut options = MmapOptions::new();
        options.len(len);
        // SAFETY: `map_copy` asks that the file is neither modified nor shortened while it is mapped. Points 1 and 2
        // of the contract of `MappedToken::new` promise that for this file, 3 and 4 that nobody unknown to us does
        // it, and a token is proof that the contract was accepted.
        let map = unsafe { options.map_copy(file) }?;
        Ok(Self { map })
    }

    /// Forgets every change: the bytes are the file's again and cost no memory until they are touched.
    pub(super) fn discard(&mut self) -> io::Result<()> {
        #[cfg(unix)]
        {
            let advice = memmap2::UncheckedAdvice::DontNeed;
            // SAFETY: this advice may change the bytes of the mapping even under a shared reference. We hold
            // `&mut self`, and the mapping is lent only through `&self` and `&mut self`, so there is no reference
            // into it. It is a private mapping of a file as long as the mapping (point 1 of the token's contract),
            // so that every page comes back, with the file's bytes, which are valid as `u8`.
            unsafe { self.map.unchecked_advise(advice) }
        }
        #[cfg(not(unix))]
        {
            Err(io::ErrorKind::Unsupported.into())
        }
    }
}

impl Deref for PrivateMapping {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.map
    }
}

impl DerefMut for PrivateMapping {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.map
    }
}

/// A page of memory that holds a mark, and that the kernel gives to a forked child wiped.
#[derive(Debug)]
pub(super) struct MarkedPage {
    /// At least one byte of anonymous memory, whose first byte was set to `MARK`; never lent, never written again.
    map: MmapMut,
}

/// Any value but zero, which is what a wiped page holds.
const MARK: u8 = 0xA5;

impl MarkedPage {
    /// A marked page; `None` where the kernel cannot wipe it.
    pub(super) fn new() -> io::Result<Option<Self>> {
        let mut map = MmapMut::map_anon(1)?;
        map.fill(MARK);
        Ok(wipe_on_fork(&mut map).then_some(Self { map }))
    }

    /// True if this process came from a fork after the page was made. Reads memory, calls nobody.
    #[inline]
    pub(super) fn is_wiped(&self) -> bool {
        let first = self.map.as_ptr();
        // SAFETY: `first` points to the first of at least one byte of a mapping that lives as long as `self`, is
        // readable, and is not written by anybody after `new`. The kernel wipes it while the address space of a
        // child is made, before the child runs. The read is volatile so that one from before a fork is not reused.
        let mark = unsafe { first.read_volatile() };
        mark != MARK
    }
}

/// Asks the kernel to wipe all of `map` in children; false if it cannot.
fn wipe_on_fork(map: &mut MmapMut) -> bool {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        use rustix::mm::{Advice, madvise};
        let (start, len) = (map.as_mut_ptr(), map.len());
        // SAFETY: `start` is the page-aligned start of an anonymous private mapping of `len` bytes that we own; the
        // kernel rounds the length up to the page that is mapped anyway. The advice changes nothing in this process,
        // and in a child only this page, which nobody lends.
        unsafe { madvise(start.cast(), len, Advice::LinuxWipeOnFork) }.is_ok()
    }
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    {
        drop(map);
        false
    }
}

#[cfg(test)]
mod tests;
