//! Small file systems of our own, to be filled up to the block.

use std::cell::Cell;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::fs::{FallocateFlags, fallocate};
use rustix::io::Errno;
use tempfile::TempDir;

const BLOCK_LEN: u64 = 4096;

/// A kind of file system, and how a small one is made.
struct Kind {
    mkfs: &'static [&'static str],
    len: u64,
    /// Changing a block takes another one: no promise about space that a file has can hold.
    copies_on_write: bool,
}

const KINDS: &[Kind] = &[
    Kind {
        mkfs: &["mkfs.ext4", "-q", "-F", "-m", "0", "-b", "4096"],
        len: 24 << 20,
        copies_on_write: false,
    },
    Kind { mkfs: &["mkfs.xfs", "-q", "-f"], len: 300 << 20, copies_on_write: false },
    Kind { mkfs: &["mkfs.btrfs", "-q", "-f"], len: 114 << 20, copies_on_write: true },
];

/// Runs a test on every kind of file system that can be made here and changes blocks in place.
pub(super) fn on_each_disk(test: impl Fn(&Disk)) {
    on_each(|kind| !kind.copies_on_write, test);
}

/// Runs a test on every kind that can be made here and writes a changed block to another place, for which it needs space.
pub(super) fn on_each_copying_disk(test: impl Fn(&Disk)) {
    on_each(|kind| kind.copies_on_write, test);
}

#[expect(clippy::print_stdout, reason = "what is skipped must be seen")]
fn on_each(wanted: impl Fn(&Kind) -> bool, test: impl Fn(&Disk)) {
    for kind in KINDS.iter().filter(|kind| wanted(kind)) {
        match Disk::mount(kind) {
            Ok(disk) => {
                println!("on {}", kind.mkfs[0]);
                test(&disk);
            }
            Err(reason) => println!("skipped: {}: {reason}", kind.mkfs[0]),
        }
    }
}

/// Where there is much space and nothing is slow.
pub(super) fn fast_dir() -> &'static Path {
    Path::new(if Path::new("/dev/shm").is_dir() { "/dev/shm" } else { "/tmp" })
}

/// A mounted file system, unmounted when it is dropped.
pub(super) struct Disk {
    folder: TempDir,
    stores: Cell<usize>,
}

impl Disk {
    fn mount(kind: &'static Kind) -> Result<Self, String> {
        if !rustix::process::geteuid().is_root() {
            return Err("only root can mount".into());
        }
        let folder = tempfile::tempdir_in(fast_dir()).unwrap();
        let disk = Self { folder, stores: Cell::new(0) };
        let image = disk.folder.path().join("image");
        File::create_new(&image).unwrap().set_len(kind.len).unwrap();
        fs::create_dir(disk.root()).unwrap();
        run(Command::new(kind.mkfs[0]).args(&kind.mkfs[1..]).arg(&image))?;
        // The kernel gives the loop device back when nothing is mounted on it any more.
        run(Command::new("mount").args(["-o", "loop"]).arg(&image).arg(disk.root()))?;
        Ok(disk)
    }

    fn root(&self) -> PathBuf {
        self.folder.path().join("mounted")
    }

    /// The directory of a store that is still to be made.
    pub(super) fn store(&self) -> PathBuf {
        let number = self.stores.replace(self.stores.get() + 1);
        self.root().join(format!("store-{number}"))
    }

    fn filler(&self) -> File {
        File::options().create(true).append(true).open(self.root().join("filler")).unwrap()
    }

    /// Fills the disk and gives back so many blocks.
    pub(super) fn leave(&self, blocks: usize) {
        self.free();
        let filler = self.filler();
        let (mut len, mut piece) = (0, 64 << 20);
        while piece >= BLOCK_LEN {
            match fallocate(&filler, FallocateFlags::empty(), len, piece) {
                Ok(()) => len += piece,
                Err(errno) => {
                    assert_eq!(errno, Errno::NOSPC);
                    // A part of it may have been found.
                    filler.set_len(len).unwrap();
                    piece /= 2;
                }
            }
        }
        filler.sync_all().unwrap();
        filler.set_len(len - blocks as u64 * BLOCK_LEN).unwrap();
        filler.sync_all().unwrap();
    }

    /// Empties the disk of all that only fills it.
    pub(super) fn free(&self) {
        let filler = self.filler();
        filler.set_len(0).unwrap();
        filler.sync_all().unwrap();
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Busy only if a test failed with a file open; then it goes when that is closed. Nothing is mounted if mounting failed.
        let root = self.root();
        if run(Command::new("umount").arg(&root)).is_err() {
            run(Command::new("umount").arg("--lazy").arg(&root)).ok();
        }
    }
}

fn run(command: &mut Command) -> Result<(), String> {
    let output = command.output().map_err(|fault| format!("{command:?}: {fault}"))?;
    let errors = String::from_utf8_lossy(&output.stderr);
    if output.status.success() { Ok(()) } else { Err(format!("{command:?}: {}", errors.trim())) }
}
