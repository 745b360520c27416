//! A small file system of our own, to be filled up to the block.

use std::cell::Cell;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::{FallocateFlags, fallocate, syncfs};
use rustix::io::Errno;
use tempfile::TempDir;

use super::mount::{FileSystem, Mounted};
use crate::machine::fast_folder;

const BLOCK_LEN: u64 = 4096;

/// A mounted file system, unmounted and removed when it is dropped.
#[derive(Debug)]
pub struct Disk {
    // In this order: what is mounted lies in the folder.
    mounted: Mounted,
    _folder: TempDir,
    stores: Cell<usize>,
}

impl Disk {
    /// Makes one and mounts it.
    ///
    /// # Errors
    /// What the tools say.
    pub fn mount(kind: FileSystem) -> Result<Self, String> {
        if let Some(reason) = kind.cannot_be_made() {
            return Err(reason);
        }
        let folder = fast_folder()?;
        let image = folder.path().join("image");
        kind.make(&image)?;
        let mounted = Mounted::new(kind, &image, &folder.path().join("mounted"))?;
        Ok(Self { mounted, _folder: folder, stores: Cell::new(0) })
    }

    fn root(&self) -> &Path {
        self.mounted.at()
    }

    /// The directory of a store that is still to be made.
    pub fn store(&self) -> PathBuf {
        let number = self.stores.replace(self.stores.get() + 1);
        self.root().join(format!("store-{number}"))
    }

    fn filler(&self) -> io::Result<File> {
        File::options().create(true).append(true).open(self.root().join("filler"))
    }

    /// Fills the disk and gives back so many blocks.
    ///
    /// # Errors
    /// The disk does not do it.
    pub fn leave(&self, blocks: usize) -> io::Result<()> {
        self.free()?;
        let filler = self.filler()?;
        let (mut len, mut piece) = (0, 64 << 20);
        while piece >= BLOCK_LEN {
            match fallocate(&filler, FallocateFlags::empty(), len, piece) {
                Ok(()) => len += piece,
                Err(Errno::NOSPC) => {
                    // A part of it may have been found.
                    filler.set_len(len)?;
                    piece /= 2;
                }
                Err(errno) => return Err(errno.into()),
            }
        }
        filler.sync_all()?;
        filler.set_len(len - blocks as u64 * BLOCK_LEN)?;
        filler.sync_all()
    }

    /// Empties the disk of all that only fills it. What was removed before is free then, too.
    ///
    /// # Errors
    /// The disk does not do it.
    pub fn free(&self) -> io::Result<()> {
        let filler = self.filler()?;
        filler.set_len(0)?;
        filler.sync_all()?;
        Ok(syncfs(&filler)?)
    }
}
