//! Where a file has bytes, and where it has holes, which read as zeros and need not be read.

use crate::backend::Blob;
use crate::error::{Result, StorageError};

/// The first byte from `offset` on, below `len`, that lies in no hole; `None` if there is none. Where holes cannot be asked for, nothing
/// is one.
///
/// # Errors
/// I/O.
pub fn next_data(blob: &dyn Blob, offset: u64, len: u64) -> Result<Option<u64>> {
    if offset >= len {
        return Ok(None);
    }
    let Some(file) = blob.file()? else { return Ok(Some(offset)) };
    let found = seek_data(&file, offset).map_err(|fault| {
        StorageError::io_at("look for holes in", blob.location(), offset, fault)
    })?;
    Ok(found.filter(|found| *found < len))
}

/// The first byte of a file from `offset` on that is in no hole; `None` if there is none. Moves the file's cursor.
///
/// # Errors
/// I/O.
#[cfg(any(target_os = "linux", target_os = "macos", target_os = "freebsd"))]
pub fn seek_data(file: &std::fs::File, offset: u64) -> std::io::Result<Option<u64>> {
    use rustix::fs::{SeekFrom, seek};
    use rustix::io::Errno;

    match seek(file, SeekFrom::Data(offset)) {
        Ok(found) => Ok(Some(found.max(offset))),
        Err(Errno::NXIO) => Ok(None),
        Err(Errno::INVAL | Errno::NOTSUP | Errno::NOSYS) => Ok(Some(offset)),
        Err(errno) => Err(errno.into()),
    }
}

/// The first byte of a file from `offset` on: where holes cannot be asked for, nothing is one.
///
/// # Errors
/// None.
#[cfg(not(any(target_os = "linux", target_os = "macos", target_os = "freebsd")))]
pub fn seek_data(_: &std::fs::File, offset: u64) -> std::io::Result<Option<u64>> {
    Ok(Some(offset))
}
