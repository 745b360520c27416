//! Where the demo keeps its store: in a directory of the user's, which must hold no store yet, or in a temporary one.

use std::path::{Path, PathBuf};

use rvm_core::rvm_storage::{FileStorage, Storage};
use tempfile::TempDir;

use crate::failure::Failure;

/// The directory of the demo's store.
#[derive(Debug)]
pub(super) enum Home {
    /// The user's.
    Given(PathBuf),
    /// Ours.
    Temporary(TempDir),
}

impl Home {
    /// The directory given, or a temporary one.
    pub(super) fn new(given: Option<PathBuf>) -> Result<Self, Failure> {
        let Some(directory) = given else {
            let made = tempfile::Builder::new().prefix("rvmctl-demo-").tempdir();
            let fault =
                |source| Failure::file("make a directory in", &std::env::temp_dir(), source);
            return Ok(Self::Temporary(made.map_err(fault)?));
        };
        match FileStorage::read_only(&directory) {
            Err(error) if error.is_not_found() => {}
            opened => {
                if !opened?.list()?.is_empty() {
                    return Err(Failure::Usage(format!(
                        "{} holds a store already; the demo begins with an empty directory",
                        directory.display()
                    )));
                }
            }
        }
        Ok(Self::Given(directory))
    }

    /// Its path.
    pub(super) fn path(&self) -> &Path {
        match self {
            Self::Given(directory) => directory,
            Self::Temporary(directory) => directory.path(),
        }
    }

    /// Leaves it. The user's stays in any case; ours is removed unless it is to be kept. Tells whether it is still there.
    pub(super) fn leave(self, keep: bool) -> bool {
        match self {
            Self::Given(_) => true,
            Self::Temporary(directory) if keep => {
                // Keeping it hands its path back; it is known already.
                drop(directory.keep());
                true
            }
            // What cannot be removed is the system's to clean up.
            Self::Temporary(directory) => directory.close().is_err(),
        }
    }
}
