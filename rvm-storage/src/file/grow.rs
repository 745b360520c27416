//! Growing a file so that its space is really there.
//!
//! Reserved space fails now, not at some later write. When it fails, the file is cut back to its old length: some file
//! systems keep what they had reserved by then. Where space cannot be reserved it is written. Nothing is forced here.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use crate::backend::Fill;

static ZEROS: [u8; 1 << 20] = [0; 1 << 20];

/// Grows `file` from `old_len` to `new_len` bytes; on failure it has `old_len` bytes again. One at a time, for a file.
pub(super) fn grow(file: &File, old_len: u64, new_len: u64, how: Fill) -> io::Result<()> {
    reserve_or_write(file, old_len, new_len, how).inspect_err(|_| {
        // The first error is the one to tell; if this fails, too, the file is only longer.
        file.set_len(old_len).ok();
    })
}

fn reserve_or_write(file: &File, old_len: u64, new_len: u64, how: Fill) -> io::Result<()> {
    let reserved = reserve(file, old_len, new_len - old_len)?;
    if reserved && how == Fill::Reserved {
        return Ok(());
    }
    write_zeros(file, old_len, new_len)
}

/// False if the file system cannot reserve space.
fn reserve(file: &File, offset: u64, len: u64) -> io::Result<bool> {
    #[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd"))]
    {
        use rustix::fs::{FallocateFlags, fallocate};
        use rustix::io::{Errno, retry_on_intr};
        match retry_on_intr(|| fallocate(file, FallocateFlags::empty(), offset, len)) {
            Ok(()) => Ok(true),
            Err(Errno::OPNOTSUPP | Errno::NOSYS) => Ok(false),
            Err(errno) => Err(errno.into()),
        }
    }
    #[cfg(not(any(target_os = "linux", target_os = "android", target_os = "freebsd")))]
    {
        let _no_such_call = (file, offset, len);
        Ok(false)
    }
}

fn write_zeros(file: &File, mut offset: u64, end: u64) -> io::Result<()> {
    while offset < end {
        let wanted = usize::try_from(end - offset).unwrap_or(usize::MAX).min(ZEROS.len());
        let piece = ZEROS.get(..wanted).unwrap_or_default();
        file.write_all_at(piece, offset)?;
        offset += u64::try_from(wanted).unwrap_or(u64::MAX);
    }
    Ok(())
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, memfd_create};

    use super::*;

    /// Guards against a file that stays long when growing it failed half-way: here its space can be reserved, and
    /// then not be written.
    #[test]
    fn a_failed_growth_is_taken_back() {
        let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
        let file = File::from(memfd_create("grow", flags).unwrap());
        file.set_len(5).unwrap();
        fcntl_add_seals(&file, SealFlags::WRITE).unwrap();
        grow(&file, 5, 9_000, Fill::Reserved).unwrap();
        assert_eq!(file.metadata().unwrap().len(), 9_000);

        let fault = grow(&file, 9_000, 5 << 20, Fill::Written).unwrap_err();
        assert_eq!(
            fault.kind(),
            io::ErrorKind::PermissionDenied,
            "the first error is the one told"
        );
        assert_eq!(file.metadata().unwrap().len(), 9_000);
    }

    /// Guards against space that is not there when it is needed, and against a log whose forces change metadata.
    #[test]
    fn reserved_space_is_there_and_written_space_holds_data() {
        use rustix::fs::{SeekFrom, seek};
        use std::os::unix::fs::MetadataExt;
        const LEN: u64 = (2 << 20) + 4_096;
        let file = tempfile::tempfile().unwrap();
        grow(&file, 0, LEN, Fill::Reserved).unwrap();
        assert!(file.metadata().unwrap().blocks() * 512 >= LEN);
        grow(&file, LEN, 2 * LEN, Fill::Written).unwrap();
        assert!(file.metadata().unwrap().blocks() * 512 >= 2 * LEN);
        // Space that was only reserved is a hole to a reader.
        assert_eq!(seek(&file, SeekFrom::Hole(LEN)), Ok(2 * LEN));
    }
}
