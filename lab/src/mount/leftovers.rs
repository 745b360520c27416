//! What a lab that was killed left behind: mounts that nobody serves any more, and their directories.
//!
//! The name of each mount's device says which process serves it. Whoever asks for a file of such a mount gets an error at once, so nothing
//! waits for it; it is only in the way.

use std::fs;
use std::path::Path;

use rustix::mount::{UnmountFlags, unmount};

use super::workplace::PREFIX;

/// What all names of devices begin with.
const DEVICE: &str = "rvm-lab-";

/// The name of the device of our mounts.
pub(super) fn device_name() -> String {
    format!("{DEVICE}{}", std::process::id())
}

/// Takes away what is left of processes that are gone.
pub(super) fn remove() {
    let mounts = fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    for (server, path) in mounts.lines().filter_map(served_by) {
        if Path::new("/proc").join(server).exists() {
            continue;
        }
        let path = Path::new(path);
        let ours = |name: &std::ffi::OsStr| name.to_string_lossy().starts_with(PREFIX);
        if let Some(workplace) = path.parent().filter(|parent| parent.file_name().is_some_and(ours))
            && unmount(path, UnmountFlags::DETACH).is_ok()
        {
            fs::remove_dir(path).ok();
            fs::remove_dir(workplace).ok();
        }
    }
}

/// The process that serves the mount of a line, and where it is mounted.
fn served_by(line: &str) -> Option<(&str, &str)> {
    let mut words = line.split(' ');
    let server = words.next()?.strip_prefix(DEVICE)?;
    server.parse::<u32>().ok()?;
    Some((server, words.next()?))
}
