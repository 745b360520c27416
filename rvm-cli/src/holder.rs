//! Who holds a store's lock, as far as the system tells.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// A process that holds a store's lock.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Holder {
    /// Its number.
    pub(crate) pid: u32,
    /// The name of its program; none if the system does not tell.
    pub(crate) command: Option<String>,
}

/// The process that holds the lock of a store's lock file. Linux tells; elsewhere, and of a process in another container, nothing
/// is known.
pub(crate) fn of(lock_file: &Path) -> Option<Holder> {
    let locked = fs::metadata(lock_file).ok()?;
    let locks = fs::read_to_string("/proc/locks").unwrap_or_default();
    let pid = in_locks(&locks, locked.ino()).or_else(|| with_open(&locked))?;
    let command = fs::read_to_string(format!("/proc/{pid}/comm")).ok();
    let command = command.map(|name| name.trim_end().chars().filter(|c| !c.is_control()).collect());
    Some(Holder { pid, command })
}

/// The process with a lock of that file for itself alone, in the system's list of locks.
fn in_locks(locks: &str, inode: u64) -> Option<u32> {
    let inode = format!(":{inode}");
    locks.lines().find_map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            [_, "FLOCK", _, "WRITE", pid, file, ..] if file.ends_with(&inode) => {
                pid.parse().ok().filter(|pid| *pid > 0)
            }
            _ => None,
        }
    })
}

/// The first process that has the file open, where the system keeps no list of locks. This one is none of them.
fn with_open(file: &fs::Metadata) -> Option<u32> {
    let processes = fs::read_dir("/proc").ok()?.flatten();
    let pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let mut others = pids.filter(|pid| *pid != std::process::id());
    others.find(|pid: &u32| {
        let Ok(open) = fs::read_dir(format!("/proc/{pid}/fd")) else { return false };
        open.flatten().any(|entry| {
            let found = fs::metadata(entry.path());
            found.is_ok_and(|found| (found.dev(), found.ino()) == (file.dev(), file.ino()))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Guards against the wrong process: one that waits, one that reads, one with another file.
    #[test]
    fn the_holder_is_the_one_that_writes() {
        let locks = "\
1: FLOCK  ADVISORY  WRITE 11 08:01:1234 0 EOF
2: POSIX  ADVISORY  WRITE 12 08:01:234 0 EOF
3: FLOCK  ADVISORY  READ  13 08:01:234 0 EOF
3: -> FLOCK  ADVISORY  WRITE 14 08:01:234 0 EOF
4: FLOCK  ADVISORY  WRITE 15 08:01:234 0 EOF
";
        assert_eq!(in_locks(locks, 234), Some(15));
        assert_eq!(in_locks(locks, 34), None);
        assert_eq!(in_locks("", 234), None);
    }
}
