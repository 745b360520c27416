//! What a table was measured on, and what the machine counts: the device's writes, the process's memory.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Command;
use std::thread::available_parallelism;

use rustix::fs::{major, minor};

use crate::Result;

/// What diskstats counts in, in bytes, whatever the device's blocks are.
const SECTOR_LEN: u64 = 512;

/// Facts about this machine and program, each with its name; `unknown` where the system does not tell.
#[must_use]
pub fn machine_facts() -> Vec<(&'static str, String)> {
    let cpu = read("/proc/cpuinfo").and_then(|text| {
        let line = text.lines().find(|line| line.starts_with("model name"))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    });
    let cores = available_parallelism().ok().map(|cores| cores.to_string());
    let kernel = read("/proc/sys/kernel/osrelease").map(|text| text.trim().to_owned());
    let directory = std::env::temp_dir();
    let files = file_system_of(&directory).map(|kind| format!("{kind}, {}", directory.display()));
    let described =
        ["-C", env!("CARGO_MANIFEST_DIR"), "describe", "--always", "--dirty", "--exclude=*"];
    let facts = [
        ("cpu", cpu),
        ("cores", cores),
        ("kernel", kernel),
        ("file system", files),
        ("compiler", told_by("rustc", &["--version"])),
        ("commit", told_by("git", &described)),
    ];
    facts.map(|(name, fact)| (name, fact.unwrap_or_else(|| "unknown".to_owned()))).into()
}

fn read(path: &str) -> Option<String> {
    fs::read_to_string(path).ok()
}

fn told_by(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    let told = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| told.trim().to_owned())
}

/// The kind of file system that a path lies on.
fn file_system_of(path: &Path) -> Option<String> {
    let number = device_of(path).ok()?;
    let mounts = read("/proc/self/mountinfo")?;
    // The newest mount of a device is the last.
    let line = mounts.lines().rfind(|line| line.split(' ').nth(2) == Some(&number))?;
    line.split_once(" - ")?.1.split(' ').next().map(str::to_owned)
}

/// The device that a path lies on, as the kernel writes it: major and minor number.
fn device_of(path: &Path) -> Result<String> {
    let device = fs::metadata(path)?.dev();
    Ok(format!("{}:{}", major(device), minor(device)))
}

/// Counts what is written to the device that has the directory for temporary files, by whomever.
#[derive(Debug)]
pub struct Device {
    number: String,
}

impl Device {
    /// `None` if the kernel does not count for it.
    #[must_use]
    pub fn of_temporary_files() -> Option<Self> {
        let device = Self { number: device_of(&std::env::temp_dir()).ok()? };
        device.written().is_ok().then_some(device)
    }

    /// The bytes written so far.
    ///
    /// # Errors
    /// The kernel does not count them.
    pub fn written(&self) -> Result<u64> {
        let counted = fs::read_to_string("/proc/diskstats")?;
        let sectors = counted.lines().find_map(|line| {
            let mut words = line.split_ascii_whitespace();
            let number = format!("{}:{}", words.next()?, words.next()?);
            // Its name, and three of reads behind their number, and the writes, merged and not.
            if number == self.number { words.nth(7)?.parse::<u64>().ok() } else { None }
        });
        Ok(sectors.ok_or("the device is not counted")? * SECTOR_LEN)
    }
}

/// Memory of this process that is no file's, in bytes: pages of its own, and changed copies of a file's pages.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Footprint {
    /// All of it.
    pub anonymous: u64,
    /// Of that, the changed copies of pages of segments' files.
    pub of_segments: u64,
}

impl Footprint {
    /// As it is now.
    ///
    /// # Errors
    /// The kernel does not tell.
    pub fn now() -> Result<Self> {
        let told = fs::read_to_string("/proc/self/smaps")?;
        let (mut anonymous, mut of_segments, mut is_segment) = (0, 0, false);
        for line in told.lines() {
            let mut words = line.split_ascii_whitespace();
            match words.next() {
                // A mapping's first line has its addresses, and its file at the end.
                Some(word) if !word.ends_with(':') => {
                    is_segment = Path::new(line).extension().is_some_and(|kind| kind == "seg");
                }
                Some("Anonymous:") => {
                    let len = words.next().ok_or("not told")?.parse::<u64>()? << 10;
                    anonymous += len;
                    of_segments += if is_segment { len } else { 0 };
                }
                _ => {}
            }
        }
        Ok(Self { anonymous, of_segments })
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    /// Guards against a column of the kernel's that means something else.
    #[test]
    fn facts_and_counters_are_the_kernels() {
        assert!(machine_facts().iter().all(|(_, fact)| !fact.is_empty()));
        // Other tests give memory back meanwhile.
        let memory = vec![1_u8; 64 << 20];
        assert!((64 << 20..1 << 40).contains(&Footprint::now().unwrap().anonymous));
        drop(memory);
        if let Some(device) = Device::of_temporary_files() {
            device.written().unwrap();
        }
    }
}
