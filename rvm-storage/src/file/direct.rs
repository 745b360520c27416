//! Forced writes past the page cache: when they pay, and how one is made.
//!
//! A small force is quickest as one write with `O_DIRECT` and `O_DSYNC`: one system call, one trip to the device. A large
//! one is quicker through the page cache with a force behind it (PERFORMANCE.md). Such a write wants its place, its
//! length and its memory aligned, and not every file system takes it; a file learns by its first one.
//!
//! A write that fails or falls short is an error here and never continued: its force has failed with it. The one
//! exception is a refusal of the very first, before anything was written.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::atomic::{AtomicU8, Ordering};

use rustix::fs::OFlags;
use rustix::io::Errno;

use crate::aligned::AlignedBuf;
use crate::backend::Write;

/// Forces of this many bytes or more go through the page cache.
const DIRECT_LEN_LIMIT: usize = 64 << 10;

/// What offsets, lengths and addresses must be a multiple of: no device has larger blocks.
pub(super) const BLOCK_LEN: usize = AlignedBuf::ALIGN;

const UNTRIED: u8 = 0;
const PROVEN: u8 = 1;
const REFUSED: u8 = 2;

/// Whether a file takes direct writes.
#[derive(Debug)]
pub(super) struct Ability(AtomicU8);

impl Ability {
    pub(super) fn untried() -> Self {
        Self(AtomicU8::new(if OPEN_FLAGS.is_some() { UNTRIED } else { REFUSED }))
    }

    /// True until the file is known to refuse.
    pub(super) fn is_possible(&self) -> bool {
        self.0.load(Ordering::Relaxed) != REFUSED
    }

    pub(super) fn refuse(&self) {
        self.0.store(REFUSED, Ordering::Relaxed);
    }

    fn is_proven(&self) -> bool {
        self.0.load(Ordering::Relaxed) == PROVEN
    }

    fn prove(&self) {
        if !self.is_proven() {
            self.0.store(PROVEN, Ordering::Relaxed);
        }
    }
}

/// True if `writes` are small enough, and aligned as they must be.
pub(super) fn suits(writes: &[Write<'_>]) -> bool {
    let mut total: usize = 0;
    writes.iter().all(|write| {
        total = total.saturating_add(write.bytes.len());
        let aligned = |n: usize| n.is_multiple_of(BLOCK_LEN);
        total < DIRECT_LEN_LIMIT
            && aligned(write.bytes.len())
            && aligned(write.bytes.as_ptr().addr())
            && usize::try_from(write.offset).is_ok_and(aligned)
    })
}

/// True if an error of opening says that the file system has no direct writes.
pub(super) fn is_refusal(source: &io::Error) -> bool {
    let errno = Errno::from_io_error(source);
    matches!(errno, Some(Errno::INVAL | Errno::OPNOTSUPP | Errno::NOSYS))
}

/// Writes `bytes` with one system call. False, and nothing written, if the file turns out to refuse such writes.
pub(super) fn write(file: &File, ability: &Ability, offset: u64, bytes: &[u8]) -> io::Result<bool> {
    loop {
        match file.write_at(bytes, offset) {
            Ok(written) if written == bytes.len() => {
                ability.prove();
                return Ok(true);
            }
            Ok(_) => {
                return Err(io::Error::new(io::ErrorKind::WriteZero, "a direct write fell short"));
            }
            // Nothing was written.
            Err(source) if source.kind() == io::ErrorKind::Interrupted => {}
            Err(source) if is_refusal(&source) && !ability.is_proven() => {
                ability.refuse();
                return Ok(false);
            }
            Err(source) => return Err(source),
        }
    }
}

/// How to open a file for direct writes; `None` where there is no such thing.
pub(super) const OPEN_FLAGS: Option<OFlags> = {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        Some(OFlags::WRONLY.union(OFlags::DIRECT).union(DATA_SYNC))
    }
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    {
        None
    }
};

/// `O_DSYNC`. By its number where that is known, since rustix gives `O_SYNC` under this name: right, but then the
/// file's times are forced with every write, too.
#[cfg(any(target_os = "linux", target_os = "android"))]
const DATA_SYNC: OFlags = if cfg!(any(
    target_arch = "x86",
    target_arch = "x86_64",
    target_arch = "arm",
    target_arch = "aarch64",
    target_arch = "riscv64",
    target_arch = "loongarch64",
    target_arch = "powerpc64",
    target_arch = "s390x",
)) {
    OFlags::from_bits_retain(0o10_000)
} else {
    OFlags::DSYNC
};
