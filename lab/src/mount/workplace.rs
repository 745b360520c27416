//! Where mounts are made and evidence is kept: a directory that goes away with the case, unless something was found.

use std::fs;
use std::path::{Path, PathBuf};

use rvm_core::rvm_storage::Storage;
use tempfile::TempDir;

use super::device::Device;
use crate::machine::fast_dir;

/// What the names of all workplaces begin with; the number of the process follows.
pub(super) const PREFIX: &str = "rvm-lab-mount-";

/// What the names of all mounts begin with.
pub(super) const MOUNT: &str = "mount-";

/// The directory of a case.
#[derive(Debug)]
pub(super) struct Workplace {
    directory: TempDir,
    mounts: u64,
}

impl Workplace {
    pub(super) fn new() -> Result<Self, String> {
        let prefix = format!("{PREFIX}{}-", std::process::id());
        let made = tempfile::Builder::new().prefix(&prefix).tempdir_in(fast_dir());
        let directory = made.map_err(|error| format!("no place for a mount: {error}"))?;
        Ok(Self { directory, mounts: 0 })
    }

    /// A path that no mount had before.
    pub(super) fn next_mount(&mut self) -> PathBuf {
        self.mounts += 1;
        self.directory.path().join(format!("{MOUNT}{}", self.mounts))
    }

    /// Where the files of the disk are kept.
    pub(super) fn store(&self) -> PathBuf {
        self.directory.path().join("store")
    }

    /// Keeps the events, and the files of the disk as a plain directory, for whoever looks into it; says where.
    pub(super) fn keep(self, events: &str, device: Option<&Device>) -> PathBuf {
        let store = self.store();
        let path = self.directory.keep();
        // Evidence is kept as far as it can be: the finding is told in any case.
        put(&path.join("events"), events.as_bytes());
        fs::create_dir(&store).ok();
        let storage = device.map(|device| &device.storage);
        for name in storage.and_then(|storage| storage.list().ok()).unwrap_or_default() {
            let bytes = storage.and_then(|storage| storage.read_file(&name)).unwrap_or_default();
            put(&store.join(name.to_string()), &bytes);
        }
        path
    }
}

#[expect(clippy::disallowed_methods, reason = "evidence is no file of a store")]
fn put(path: &Path, bytes: &[u8]) {
    fs::write(path, bytes).ok();
}
