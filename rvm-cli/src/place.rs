//! The store's directory, and the three ways to go there: to look, to change what is there, and to make it.
//!
//! Only `seg create` may make a store. Whoever mistypes a directory learns it, and finds no new files in the wrong one.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rvm_core::Rvm;
use rvm_core::inspect::View;
use rvm_core::rvm_storage::{FileName, FileRole, FileStorage, LockMode, LockScope, Storage};

use crate::failure::Failure;

/// The variable of the environment that names the store.
const STORE_VARIABLE: &str = "RVM_STORE";

/// The file that every store has once it was opened for writing.
pub(crate) const LOCK_FILE: &str = "rvm.lock";

/// The directory of a store.
#[derive(Clone, Debug)]
pub(crate) struct Place(PathBuf);

impl Place {
    /// The directory that was given, or that the environment names, or else the current one.
    pub(crate) fn new(given: Option<PathBuf>) -> Self {
        let named = || std::env::var_os(STORE_VARIABLE).filter(|name| !name.is_empty());
        Self(given.or_else(|| named().map(PathBuf::from)).unwrap_or_else(|| PathBuf::from(".")))
    }

    /// Its path.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Its path, to be shown.
    pub(crate) fn shown(&self) -> String {
        self.0.display().to_string()
    }

    /// The store's files, for reading only.
    pub(crate) fn look(&self) -> Result<FileStorage, Failure> {
        let storage = match FileStorage::read_only(&self.0) {
            Err(error) if error.is_not_found() => {
                return Err(self.no_store("; `rvmctl seg create` makes one"));
            }
            opened => opened?,
        };
        let locked_once = self.0.join(LOCK_FILE).symlink_metadata().is_ok();
        if !locked_once && storage.list()?.is_empty() {
            return Err(self.no_store(": it has no segments; `rvmctl seg create` makes one"));
        }
        Ok(storage)
    }

    /// The store's files, for reading only, for a dry run: what opening the store for writing would refuse is refused here, too. Waits up to
    /// `wait` for the files to keep still.
    pub(crate) fn look_as_writer(&self, wait: Duration) -> Result<FileStorage, Failure> {
        let storage = self.look()?;
        refuse_in_use(&storage)?;
        refuse_damaged(&storage, wait)?;
        Ok(storage)
    }

    /// Opens the store that is there for writing; recovers it if that is due.
    pub(crate) fn open(&self) -> Result<Rvm, Failure> {
        self.look()?;
        Ok(Rvm::open(&self.0)?)
    }

    /// Opens the store for writing; makes it if it is missing.
    pub(crate) fn open_or_create(&self) -> Result<Rvm, Failure> {
        Ok(Rvm::open(&self.0)?)
    }

    fn no_store(&self, hint: &'static str) -> Failure {
        Failure::NoStore { directory: self.shown(), hint }
    }
}

/// Fails if somebody has the store open for writing. The lock is held for a moment only.
pub(crate) fn refuse_in_use(storage: &dyn Storage) -> Result<(), Failure> {
    storage.lock(LockScope::Owner, LockMode::Shared, Duration::ZERO)?;
    Ok(())
}

/// Fails if a log is damaged, also while somebody has the store open.
pub(crate) fn refuse_damaged(storage: &dyn Storage, wait: Duration) -> Result<(), Failure> {
    View::take(storage, wait)?;
    Ok(())
}

/// The names and lengths of the segments, sorted by name.
pub(crate) fn segments(storage: &dyn Storage) -> Result<Vec<(String, u64)>, Failure> {
    let mut segments = Vec::new();
    for file in storage.list()? {
        if file.role() == FileRole::Segment {
            segments.push((file.segment().to_string(), length(storage, &file)?));
        }
    }
    segments.sort_unstable();
    Ok(segments)
}

fn length(storage: &dyn Storage, file: &FileName) -> Result<u64, Failure> {
    Ok(storage.open(file)?.len()?)
}
