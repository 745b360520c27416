//! What a lab that was killed left behind: workplaces with mounts that nobody serves any more.
//!
//! The name of each workplace says which process made it. Whoever asks for a file of such a mount gets an error at once, so nothing waits
//! for it; it is only in the way. Evidence that was kept stays.

use std::fs;
use std::path::Path;

use rustix::mount::{UnmountFlags, unmount};

use super::workplace::{MOUNT, PREFIX};
use crate::machine::fast_dir;

/// Takes away what is left of processes that are gone.
pub(super) fn remove() {
    for workplace in fast_dir().read_dir().into_iter().flatten().flatten() {
        if !maker(&workplace.file_name().to_string_lossy()).is_some_and(is_gone) {
            continue;
        }
        for mount in workplace.path().read_dir().into_iter().flatten().flatten() {
            if mount.file_name().to_string_lossy().starts_with(MOUNT) {
                // Not mounted is as well.
                unmount(mount.path(), UnmountFlags::DETACH).ok();
                fs::remove_dir(mount.path()).ok();
            }
        }
        // Fails if there is evidence in it.
        fs::remove_dir(workplace.path()).ok();
    }
}

/// The process that made a workplace of this name.
fn maker(name: &str) -> Option<u32> {
    name.strip_prefix(PREFIX)?.split('-').next()?.parse().ok()
}

fn is_gone(process: u32) -> bool {
    !Path::new("/proc").join(process.to_string()).exists()
}
