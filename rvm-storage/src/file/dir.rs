//! The directory of a store: a descriptor that everything else is relative to.
//!
//! It may be moved or its path shadowed while it is open; we stay in the directory we opened. A directory we made is
//! for the owner alone and synced in its parent. One that was there keeps its mode.
//!
//! Names come in as text that a [`FileName`] or a constant made, never from a user.

use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rustix::fs::{
    AtFlags, Dir, Mode, OFlags, fchmod, fstat, fsync, mkdir, open, openat, renameat, statat,
    unlinkat,
};
use rustix::io::{Errno, retry_on_intr};

use crate::error::{Result, StorageError};
use crate::name::FileName;

use super::open::{Place, clear_of_standard_streams, permissions};

const DIRECTORY_MODE: Mode = Mode::RWXU;

/// An open directory.
#[derive(Debug)]
pub(super) struct Directory {
    fd: OwnedFd,
    path: PathBuf,
    /// `path` as text, for messages.
    shown: String,
}

impl Directory {
    /// Opens a directory that is there.
    pub(super) fn open(path: &Path) -> Result<Self> {
        Self::open_with(path, OFlags::empty())
    }

    /// Opens a directory, made if it is not there; its parent must be. `witness` is a file that its user makes
    /// before all others: without it, the directory may be new, and its own name not durable yet.
    pub(super) fn open_or_create(path: &Path, witness: &str) -> Result<Self> {
        let made = match mkdir(path, DIRECTORY_MODE) {
            Ok(()) => true,
            Err(Errno::EXIST) => false,
            Err(errno) => {
                return Err(StorageError::io("create", path.display().to_string(), errno));
            }
        };
        let flags = if made { OFlags::NOFOLLOW } else { OFlags::empty() };
        let directory = Self::open_with(path, flags)?;
        if made {
            directory.restrict()?;
        }
        if made || !directory.has(witness)? {
            directory.sync_parent(made)?;
        }
        Ok(directory)
    }

    fn open_with(path: &Path, flags: OFlags) -> Result<Self> {
        let flags = flags | OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let fd = retry_on_intr(|| open(path, flags, Mode::empty()))
            .and_then(clear_of_standard_streams)
            .map_err(|errno| match errno {
                Errno::NOENT => StorageError::NotFound { path: path.display().to_string() },
                _ => StorageError::io("open", path.display().to_string(), errno),
            })?;
        let shown = path.display().to_string();
        Ok(Self { fd, path: path.to_owned(), shown })
    }

    pub(super) fn fd(&self) -> &OwnedFd {
        &self.fd
    }

    /// The path it was opened under.
    pub(super) fn shown(&self) -> &str {
        &self.shown
    }

    /// The path of a file in it, for messages.
    pub(super) fn path_of(&self, name: &str) -> String {
        self.path.join(name).display().to_string()
    }

    pub(super) fn place<'a>(&'a self, name: &'a str, path: &'a str) -> Place<'a> {
        Place { dir: &self.fd, name, path }
    }

    /// A second descriptor of the directory, with locks of its own.
    pub(super) fn reopen(&self) -> Result<OwnedFd> {
        self.open_relative(".").map_err(|errno| StorageError::io("open", self.shown(), errno))
    }

    /// True if there is something of that name.
    fn has(&self, name: &str) -> Result<bool> {
        match statat(&self.fd, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(_) => Ok(true),
            Err(Errno::NOENT) => Ok(false),
            Err(errno) => Err(StorageError::io("examine", self.path_of(name), errno)),
        }
    }

    /// The names that are a store's.
    pub(super) fn list(&self) -> Result<Vec<FileName>> {
        let fault = |errno| StorageError::io("list", self.shown(), errno);
        let mut names = Vec::new();
        for entry in retry_on_intr(|| Dir::read_from(&self.fd)).map_err(fault)? {
            let entry = entry.map_err(fault)?;
            names.extend(entry.file_name().to_str().ok().and_then(FileName::parse));
        }
        Ok(names)
    }

    /// Renames, but never onto something.
    pub(super) fn rename(&self, from: &str, to: &str) -> Result<()> {
        rename_no_replace(&self.fd, from, to).map_err(|errno| match errno {
            Errno::NOENT => StorageError::NotFound { path: self.path_of(from) },
            Errno::EXIST => StorageError::AlreadyExists { path: self.path_of(to) },
            _ => StorageError::io("rename", self.path_of(from), errno),
        })
    }

    /// Renames onto whatever is there.
    pub(super) fn replace(&self, from: &str, to: &str) -> Result<()> {
        renameat(&self.fd, from, &self.fd, to)
            .map_err(|errno| StorageError::io("rename", self.path_of(from), errno))
    }

    pub(super) fn remove(&self, name: &str) -> Result<()> {
        unlinkat(&self.fd, name, AtFlags::empty()).map_err(|errno| match errno {
            Errno::NOENT => StorageError::NotFound { path: self.path_of(name) },
            _ => StorageError::io("remove", self.path_of(name), errno),
        })
    }

    /// Makes the names in it durable.
    pub(super) fn sync(&self) -> Result<()> {
        fsync(&self.fd).map_err(|errno| StorageError::io("sync", self.shown(), errno))
    }

    /// Takes everybody else's permissions away; only for a directory we made.
    fn restrict(&self) -> Result<()> {
        let fault = |errno| StorageError::io("set the mode of", self.shown(), errno);
        if permissions(&fstat(&self.fd).map_err(fault)?) != DIRECTORY_MODE {
            fchmod(&self.fd, DIRECTORY_MODE).map_err(fault)?;
        }
        Ok(())
    }

    /// Makes the directory's own name durable. If we did not make it, we need not be able to.
    fn sync_parent(&self, made: bool) -> Result<()> {
        let fault = |errno| StorageError::io("sync the parent of", self.shown(), errno);
        match self.open_relative("..") {
            Err(Errno::ACCESS | Errno::PERM) if !made => Ok(()),
            Err(errno) => Err(fault(errno)),
            Ok(parent) => fsync(&parent).map_err(fault),
        }
    }

    fn open_relative(&self, name: &str) -> rustix::io::Result<OwnedFd> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        retry_on_intr(|| openat(&self.fd, name, flags, Mode::empty()))
            .and_then(clear_of_standard_streams)
    }
}

/// In one step where the system can; else a look before the step, which only the store's lock makes safe.
fn rename_no_replace(dir: &OwnedFd, from: &str, to: &str) -> rustix::io::Result<()> {
    #[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
    match rustix::fs::renameat_with(dir, from, dir, to, rustix::fs::RenameFlags::NOREPLACE) {
        Err(Errno::NOSYS | Errno::INVAL | Errno::NOTSUP) => {}
        done => return done,
    }
    match statat(dir, to, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(_) => Err(Errno::EXIST),
        Err(Errno::NOENT) => renameat(dir, from, dir, to),
        Err(errno) => Err(errno),
    }
}
