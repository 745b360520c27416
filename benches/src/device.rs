//! The device that a directory lies on, and what the kernel says it has written.

use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rustix::fs::{major, minor, syncfs};

use crate::Result;

/// The unit of `/proc/diskstats`, whatever the device's own is.
const SECTOR_LEN: u64 = 512;

/// A mounted file system.
#[derive(Debug)]
pub struct Device {
    root: File,
    /// `major:minor` of its device.
    number: (u32, u32),
}

impl Device {
    /// That of a directory.
    ///
    /// # Errors
    /// I/O.
    pub fn of(dir: &Path) -> Result<Self> {
        let root = File::open(dir)?;
        let number = root.metadata()?.dev();
        Ok(Self { root, number: (major(number), minor(number)) })
    }

    /// Bytes written since the machine started, with all that is cached now. `None` if the kernel counts none: of memory, or of
    /// a file system over several devices.
    ///
    /// # Errors
    /// I/O.
    pub fn written(&self) -> Result<Option<u64>> {
        syncfs(&self.root)?;
        Ok(fs::read_to_string("/proc/diskstats").ok().and_then(|text| self.counted(&text)))
    }

    fn counted(&self, diskstats: &str) -> Option<u64> {
        diskstats.lines().find_map(|line| {
            let mut fields = line.split_whitespace();
            let number = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
            // Behind the numbers: the name, four figures of reads, and of writes the third is in sectors.
            let sectors: u64 = fields.nth(7)?.parse().ok()?;
            (number == self.number).then_some(sectors * SECTOR_LEN)
        })
    }

    /// The kind of file system and what it is mounted from.
    #[must_use]
    pub fn described(&self) -> Option<String> {
        self.kind_in(&fs::read_to_string("/proc/self/mountinfo").ok()?)
    }

    fn kind_in(&self, mounts: &str) -> Option<String> {
        let number = format!("{}:{}", self.number.0, self.number.1);
        let line = mounts.lines().find(|line| line.split(' ').nth(2) == Some(&number))?;
        let mut behind = line.split_once(" - ")?.1.split(' ');
        Some(format!("{} on {}", behind.next()?, behind.next()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Guards against the figures of another device, or of reads.
    #[test]
    fn the_line_of_the_device_is_found() {
        let dir = tempfile::tempdir().unwrap();
        let device = Device { number: (254, 16), ..Device::of(dir.path()).unwrap() };
        let stats =
            " 254  0 vda 1 2 3 4 5 6 7 8 9\n 254  16 vdb 11 12 13 14 15 16 17 18 19 20 21\n";
        assert_eq!(device.counted(stats), Some(17 * 512));
        assert_eq!(device.counted("254 1 vdc 1 2 3 4 5 6 7 8"), None);
        let mounts =
            "22 1 0:5 / /proc rw - proc proc rw\n23 1 254:16 / / rw shared:1 - ext4 /dev/vdb rw\n";
        assert_eq!(device.kind_in(mounts).unwrap(), "ext4 on /dev/vdb");
        device.written().unwrap();
    }
}
