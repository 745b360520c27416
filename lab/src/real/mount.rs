//! Small file systems in images of their own: how they are made, and mounted. What is mounted is unmounted when it is dropped.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::machine::missing;

/// A kind of file system.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FileSystem {
    /// With its journal, as it comes.
    Ext4,
    /// As it comes.
    Xfs,
    /// As it comes.
    Btrfs,
}

impl FileSystem {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Ext4, Self::Xfs, Self::Btrfs];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ext4 => "ext4",
            Self::Xfs => "xfs",
            Self::Btrfs => "btrfs",
        }
    }

    /// Whether changing a block takes another one: no promise about space that a file has can hold then.
    #[must_use]
    pub fn copies_on_write(self) -> bool {
        self == Self::Btrfs
    }

    /// Why none can be made and mounted here, if so.
    #[must_use]
    pub fn cannot_be_made(self) -> Option<String> {
        if !rustix::process::geteuid().is_root() {
            return Some("only root can mount".to_owned());
        }
        missing(&[&format!("mkfs.{}", self.name()), "mount", "umount", "timeout"])
    }

    /// The smallest image that the tools take, in bytes.
    fn len(self) -> u64 {
        match self {
            Self::Ext4 => 24 << 20,
            Self::Xfs => 300 << 20,
            Self::Btrfs => 114 << 20,
        }
    }

    /// Makes an empty one in a new image.
    pub(super) fn make(self, image: &Path) -> Result<(), String> {
        let made = File::create_new(image).and_then(|file| file.set_len(self.len()));
        made.map_err(|error| format!("{}: {error}", image.display()))?;
        let options: &[&str] = match self {
            // All space for files, and nothing written behind our back.
            Self::Ext4 => &["-q", "-F", "-m", "0", "-b", "4096", "-E", "lazy_itable_init=0"],
            Self::Xfs | Self::Btrfs => &["-q", "-f"],
        };
        run(Command::new(format!("mkfs.{}", self.name())).args(options).arg(image))
    }
}

/// A mounted file system.
#[derive(Debug)]
pub(super) struct Mounted {
    at: PathBuf,
}

impl Mounted {
    /// Mounts an image or a device on a new folder.
    pub(super) fn new(kind: FileSystem, device: &Path, at: &Path) -> Result<Self, String> {
        fs::create_dir_all(at).map_err(|error| format!("{}: {error}", at.display()))?;
        let mut mount = Command::new("timeout");
        mount.args(["60", "mount", "-t", kind.name()]);
        // The kernel gives the loop device back when nothing is mounted on it any more.
        let is_image = device.is_file().then_some("loop");
        // Copies of one image are mounted one after the other, and sometimes at once.
        let options = is_image.into_iter().chain((kind == FileSystem::Xfs).then_some("nouuid"));
        let options = options.collect::<Vec<_>>().join(",");
        if !options.is_empty() {
            mount.args(["-o", &options]);
        }
        run(mount.arg(device).arg(at))?;
        Ok(Self { at: at.to_owned() })
    }

    /// Where it is mounted.
    pub(super) fn at(&self) -> &Path {
        &self.at
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        // Busy only if something failed with a file open; then it goes when that is closed.
        if run(Command::new("timeout").args(["60", "umount"]).arg(&self.at)).is_err() {
            run(Command::new("umount").arg("--lazy").arg(&self.at)).ok();
        }
    }
}

/// Runs a tool to its end.
pub(super) fn run(command: &mut Command) -> Result<(), String> {
    let output = command.output().map_err(|fault| format!("{command:?}: {fault}"))?;
    let errors = String::from_utf8_lossy(&output.stderr);
    if output.status.success() { Ok(()) } else { Err(format!("{command:?}: {}", errors.trim())) }
}
