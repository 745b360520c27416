//! What a store whose process is killed would leave.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use crate::Result;

/// A copy of a store's directory, made while it is open and nobody commits.
pub(crate) fn copy_as_killed(dir: &Path) -> Result<TempDir> {
    let copy = tempfile::tempdir()?;
    copy_files(dir, copy.path())?;
    Ok(copy)
}

fn copy_files(from: &Path, to: &Path) -> Result<()> {
    for entry in from.read_dir()? {
        let entry = entry?;
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if entry.file_type()?.is_dir() {
            fs::create_dir(&to)?;
            copy_files(&from, &to)?;
        } else {
            fs::copy(&from, &to)?;
        }
    }
    Ok(())
}
