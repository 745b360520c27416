//! Backups of stores at work and at rest, what becomes of a backup that is tampered with, and what is put back.

mod chains;
mod golden;
mod live;
mod moments;
mod tampering;

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::Path;

use rvm_core::Rvm;
use rvm_core::rvm_history::backup::{BackupPlan, BackupReport, backup};
use rvm_core::rvm_history::copy_error::CopyError;
use rvm_core::rvm_history::observer::Unobserved;
use rvm_core::rvm_history::restore::restore;
use rvm_core::rvm_storage::FileStorage;

/// Makes a backup of the store in `store`, full or on another one.
fn back_up(store: &Path, to: &Path, since: Option<&Path>) -> Result<BackupReport, CopyError> {
    let mut plan = BackupPlan::default();
    plan.since = since.map(Path::to_owned);
    backup(&FileStorage::read_only(store)?, to, &plan, &mut Unobserved)
}

/// The segments' bytes of what a backup restores to.
fn restored(backup: &Path) -> Result<BTreeMap<String, Vec<u8>>, CopyError> {
    let dir = tempfile::tempdir().unwrap();
    let to = dir.path().join("restored");
    restore(backup, &to, &mut Unobserved)?;
    Ok(files(&to))
}

/// The files of a directory.
fn files(directory: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(directory).unwrap().map(Result::unwrap);
    let name = |entry: &fs::DirEntry| entry.file_name().into_string().unwrap();
    entries.map(|entry| (name(&entry), fs::read(entry.path()).unwrap())).collect()
}

/// Makes a file, or makes it anew.
fn put(path: &Path, content: impl AsRef<[u8]>) {
    let mut options = fs::OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).open(path).unwrap();
    file.write_all(content.as_ref()).unwrap();
}

/// Commits bytes to a segment.
fn write(rvm: &Rvm, segment: &str, offset: u64, bytes: &[u8]) {
    let segment = rvm.map(segment, 1).unwrap();
    let mut txn = rvm.begin(&[&segment]).unwrap();
    txn.write(&segment, offset, bytes).unwrap();
    txn.commit().unwrap();
    rvm.unmap(&segment).unwrap();
}
