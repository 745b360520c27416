//! Where a benchmark works: in a new directory inside the user's, which is removed at the end whatever the end is.

use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::failure::Failure;
use crate::place::LOCK_FILE;

/// What `statfs` calls the file systems that keep everything in memory: tmpfs and ramfs.
const IN_MEMORY: [u64; 2] = [0x0102_1994, 0x8584_58f6];

/// A new directory.
#[derive(Debug)]
pub(super) struct Home(TempDir);

impl Home {
    /// Makes it inside this one, or inside the one for temporary files.
    pub(super) fn new(parent: Option<&Path>) -> Result<Self, Failure> {
        let parent = parent.map_or_else(std::env::temp_dir, Path::to_owned);
        if parent.join(LOCK_FILE).symlink_metadata().is_ok() {
            return Err(Failure::Usage(format!(
                "{} holds a store; the benchmark makes one of its own, in the directory above perhaps",
                parent.display()
            )));
        }
        let made = check_directory(&parent)
            .and_then(|()| tempfile::Builder::new().prefix("rvmctl-bench-").tempdir_in(&parent));
        made.map(Self).map_err(|source| Failure::file("make a directory in", &parent, source))
    }

    /// Its path, to be shown.
    pub(super) fn shown(&self) -> String {
        self.0.path().display().to_string()
    }

    /// The store's directory, which is not made yet.
    pub(super) fn store(&self) -> PathBuf {
        self.0.path().join("store")
    }

    /// The directory of the files that are forced for comparison, which is not made yet.
    pub(super) fn disk(&self) -> PathBuf {
        self.0.path().join("disk")
    }

    /// Whether nothing in it reaches a disk. False where the system does not tell.
    pub(super) fn is_in_memory(&self) -> bool {
        let kind = rustix::fs::statfs(self.0.path()).ok().map(|found| found.f_type);
        kind.and_then(|kind| u64::try_from(kind).ok()).is_some_and(|kind| IN_MEMORY.contains(&kind))
    }

    /// Removes it with all that is in it.
    pub(super) fn remove(self) -> Result<(), Failure> {
        let path = self.0.path().to_owned();
        self.0.close().map_err(|source| Failure::file("remove", &path, source))
    }
}

/// Fails with the system's own words if there is no such directory; those of temporary files name a path that the user did not.
pub(super) fn check_directory(path: &Path) -> io::Result<()> {
    if path.metadata()?.is_dir() { Ok(()) } else { Err(io::ErrorKind::NotADirectory.into()) }
}
