//! What this machine has.

use std::path::{Path, PathBuf};

/// Where tools lie that are not in every user's path.
const ROOTS_FOLDERS: [&str; 2] = ["/usr/sbin", "/sbin"];

/// Which of these tools is missing, as a reason to skip something.
pub(crate) fn missing(tools: &[&str]) -> Option<String> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = || std::env::split_paths(&path).chain(ROOTS_FOLDERS.map(PathBuf::from));
    let is_there = |tool: &str| folders().any(|folder| folder.join(tool).is_file());
    let gone = tools.iter().find(|tool| !is_there(tool))?;
    Some(format!("{gone} is not installed"))
}

/// Where there is much space and nothing is slow.
pub(crate) fn fast_dir() -> PathBuf {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() }
}

/// A folder of our own there, removed when it is dropped.
pub(crate) fn fast_folder() -> Result<tempfile::TempDir, String> {
    let folder = tempfile::Builder::new().prefix("rvm-lab-").tempdir_in(fast_dir());
    folder.map_err(|error| format!("no folder for the harness: {error}"))
}
