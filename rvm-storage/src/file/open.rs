//! Opening one file of a store's directory, so that nothing planted there can lead astray.
//!
//! Every open is relative to the directory's descriptor, follows no link, cannot hang on a fifo, is not inherited by
//! programs that are started, and wants a regular file with one name. A descriptor below 3 is moved: whoever closed
//! standard output must not have messages written into a store.
//!
//! Which files may be made is for the callers; this file never removes one.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use rustix::fs::{AtFlags, FileType, Mode, OFlags, Stat, fchmod, fstat, openat, statat};
use rustix::io::{Errno, fcntl_dupfd_cloexec, retry_on_intr};

use crate::error::{Result, StorageError};

/// The first descriptor that is not standard input, output or error.
const FIRST_FREE_DESCRIPTOR: i32 = 3;

/// For the owner alone: what a file we make gets, whatever the umask.
pub(super) const FILE_MODE: Mode = Mode::RUSR.union(Mode::WUSR);

/// Which file this is, whatever its name.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Identity {
    device: u64,
    inode: u64,
}

/// A file that was just opened, and what was found out on the way.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) file: File,
    pub(super) identity: Identity,
    pub(super) len: u64,
}

/// A name within a directory, with the path to show in messages.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'a> {
    pub(super) dir: &'a OwnedFd,
    pub(super) name: &'a str,
    pub(super) path: &'a str,
}

impl Place<'_> {
    /// Opens a file that is there. `flags` says for what.
    pub(super) fn open(self, flags: OFlags) -> Result<Opened> {
        self.open_raw(flags, Mode::empty())
            .map_err(|errno| self.open_fault(errno))
            .and_then(|fd| self.examine(fd).map(|(opened, _stat)| opened))
    }

    /// Opens a file that others replace by renaming: one that was replaced just now has no name any more, and is whole all the same.
    pub(super) fn open_replaced(self, flags: OFlags) -> Result<Opened> {
        let fd = self.open_raw(flags, Mode::empty()).map_err(|errno| self.open_fault(errno))?;
        let mut stat = self.stat_of(&fd)?;
        if stat.st_nlink == 0 {
            stat.st_nlink = 1;
        }
        self.accept(fd, &stat)
    }

    /// Makes a file that is not there yet, and opens it for reading and writing.
    pub(super) fn create(self) -> Result<Opened> {
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL;
        let fd = self.open_raw(flags, FILE_MODE).map_err(|errno| match errno {
            Errno::EXIST => StorageError::AlreadyExists { path: self.path.to_owned() },
            _ => StorageError::io("create", self.path, errno),
        })?;
        let (opened, stat) = self.examine(fd)?;
        if permissions(&stat) != FILE_MODE {
            fchmod(&opened.file, FILE_MODE)
                .map_err(|errno| StorageError::io("set the mode of", self.path, errno))?;
        }
        Ok(opened)
    }

    fn open_raw(self, flags: OFlags, mode: Mode) -> rustix::io::Result<OwnedFd> {
        let flags = flags | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
        clear_of_standard_streams(retry_on_intr(|| openat(self.dir, self.name, flags, mode))?)
    }

    /// Takes only a regular file with one name.
    fn examine(self, fd: OwnedFd) -> Result<(Opened, Stat)> {
        let stat = self.stat_of(&fd)?;
        self.accept(fd, &stat).map(|opened| (opened, stat))
    }

    fn stat_of(self, fd: &OwnedFd) -> Result<Stat> {
        fstat(fd).map_err(|errno| StorageError::io("examine", self.path, errno))
    }

    fn accept(self, fd: OwnedFd, stat: &Stat) -> Result<Opened> {
        if let Some(found) = fault_of(stat) {
            return Err(StorageError::NotPlain { path: self.path.to_owned(), found });
        }
        let len = u64::try_from(stat.st_size).unwrap_or(0);
        Ok(Opened { file: File::from(fd), identity: identity_of(stat), len })
    }

    /// What a failed open means: some kinds of file cannot be opened at all, and are no I/O error for that.
    fn open_fault(self, errno: Errno) -> StorageError {
        if errno == Errno::NOENT {
            return StorageError::NotFound { path: self.path.to_owned() };
        }
        let unopenable = [Errno::LOOP, Errno::MLINK, Errno::ISDIR, Errno::NXIO, Errno::OPNOTSUPP];
        if unopenable.contains(&errno)
            && let Ok(stat) = statat(self.dir, self.name, AtFlags::SYMLINK_NOFOLLOW)
            && let Some(found) = fault_of(&stat)
        {
            return StorageError::NotPlain { path: self.path.to_owned(), found };
        }
        StorageError::io("open", self.path, errno)
    }
}

/// Moves a descriptor that stands where a standard stream should. The old place is free again, and nobody's.
pub(super) fn clear_of_standard_streams(fd: OwnedFd) -> rustix::io::Result<OwnedFd> {
    if fd.as_raw_fd() >= FIRST_FREE_DESCRIPTOR {
        return Ok(fd);
    }
    fcntl_dupfd_cloexec(&fd, FIRST_FREE_DESCRIPTOR)
}

/// Which file a descriptor is open on.
pub(super) fn identity(fd: impl AsFd) -> io::Result<Identity> {
    Ok(identity_of(&fstat(fd)?))
}

/// The bits of a mode that say who may do what.
pub(super) fn permissions(stat: &Stat) -> Mode {
    Mode::from_raw_mode(stat.st_mode)
        & (Mode::RWXU | Mode::RWXG | Mode::RWXO | Mode::SUID | Mode::SGID | Mode::SVTX)
}

#[allow(
    clippy::useless_conversion,
    clippy::unnecessary_fallible_conversions,
    reason = "the width and sign of these fields differ between systems"
)]
fn identity_of(stat: &Stat) -> Identity {
    Identity {
        device: u64::try_from(stat.st_dev).unwrap_or(u64::MAX),
        inode: u64::try_from(stat.st_ino).unwrap_or(u64::MAX),
    }
}

/// Why a file is not a plain one of its own; `None` if it is.
fn fault_of(stat: &Stat) -> Option<String> {
    let kind = match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile if stat.st_nlink == 1 => return None,
        FileType::RegularFile => return Some(format!("a file with {} names", stat.st_nlink)),
        FileType::Symlink => "a symbolic link",
        FileType::Directory => "a directory",
        FileType::Fifo => "a fifo",
        FileType::Socket => "a socket",
        FileType::BlockDevice | FileType::CharacterDevice => "a device",
        FileType::Unknown => "of an unknown kind",
    };
    Some(kind.to_owned())
}
