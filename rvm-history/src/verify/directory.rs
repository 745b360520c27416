//! Looks at what else lies in a store's directory, and who may read it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use rvm_storage::FileName;

use super::findings::Finding;
use super::kinds::FindingKind;

/// The files of the owner of a store: its lock, and what it publishes.
const OURS: [&str; 3] = ["rvm.lock", "rvm.stats", ".rvm.stats.new"];

/// The permissions of everybody but the owner.
const OTHERS: u32 = 0o077;

/// Tells of files that are none of a store's, and of those that others may read.
pub(super) fn check(directory: &Path, findings: &mut Vec<Finding>) {
    let shown = directory.display().to_string();
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) => {
            return findings.push(Finding::new(
                FindingKind::Unreadable,
                &shown,
                0,
                error.to_string(),
            ));
        }
    };
    check_mode(directory, &shown, findings);
    for entry in entries.flatten() {
        let (path, name) = (entry.path(), entry.file_name());
        let shown = shown_of(&path);
        let is_ours = name
            .to_str()
            .is_some_and(|name| OURS.contains(&name) || FileName::parse(name).is_some());
        if is_ours {
            check_mode(&path, &shown, findings);
        } else {
            let what = if path.is_dir() { "a directory" } else { "a file" };
            findings.push(Finding::new(FindingKind::UnknownFile, &shown, 0, what));
        }
    }
}

/// A path without control characters.
fn shown_of(path: &Path) -> String {
    path.display().to_string().chars().map(|c| if c.is_control() { '?' } else { c }).collect()
}

fn check_mode(path: &Path, shown: &str, findings: &mut Vec<Finding>) {
    // What cannot be asked was told of when it was opened.
    let Ok(metadata) = fs::symlink_metadata(path) else { return };
    let mode = metadata.permissions().mode() & 0o777;
    if mode & OTHERS != 0 && !metadata.is_symlink() {
        let detail = format!("its permissions are {mode:03o}");
        findings.push(Finding::new(FindingKind::OpenToOthers, shown, 0, detail));
    }
}
