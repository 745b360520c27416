//! A mount, from its making to its end.
//!
//! Each life has a mount of its own, so that the kernel's cache of an earlier one cannot keep what the power took. Only a life that goes
//! on behind a killed process keeps its mount, and the cache with it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use fuser::{BackgroundSession, Config, MountOption, Session};
use rustix::io::Errno;
use rustix::mount::{UnmountFlags, unmount};

use super::device::Device;
use super::drive::Drive;
use super::file_system::{Manner, PowerFail};
use super::leftovers;
use super::power::Stop;
use super::workplace::Workplace;

/// How long the kernel may take to let go of a mount that nobody uses.
const END_MAX: Duration = Duration::from_secs(10);

/// How often a thread is looked at that is about to end.
const LOOK_EVERY: Duration = Duration::from_micros(200);

/// A mounted disk. Dropping it unmounts it by force.
#[derive(Debug)]
pub(super) struct Mounted {
    drive: Arc<Drive>,
    session: Option<BackgroundSession>,
    path: PathBuf,
}

impl Mounted {
    /// Mounts a disk at `path`, which is made.
    pub(super) fn new(
        path: PathBuf,
        device: Device,
        stop: Option<Stop>,
        manner: Manner,
    ) -> Result<Self, String> {
        fs::create_dir(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        let drive = Arc::new(Drive::new(device, stop));
        let mut mounted = Self { drive: Arc::clone(&drive), session: None, path };
        let mut config = Config::default();
        config.mount_options = vec![MountOption::FSName("rvm-lab".to_owned())];
        let session = Session::new(PowerFail { drive, manner }, &mounted.path, &config);
        let session = session.and_then(Session::spawn);
        mounted.session = Some(session.map_err(|error| format!("cannot mount: {error}"))?);
        Ok(mounted)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn drive(&self) -> &Drive {
        &self.drive
    }

    /// Unmounts, and waits until nothing is served any more.
    pub(super) fn end(mut self) -> Result<(), String> {
        self.leave(UnmountFlags::DETACH)
    }

    fn leave(&mut self, flags: UnmountFlags) -> Result<(), String> {
        let Some(session) = self.session.take() else { return Ok(()) };
        let told = |what: &str| format!("{what} {}", self.path.display());
        let unmounted = unmount(&self.path, flags);
        unmounted.map_err(|error| told(&format!("cannot unmount: {error}:")))?;
        let start = Instant::now();
        while !session.guard.is_finished() {
            if start.elapsed() > END_MAX {
                return Err(told("somebody still uses the mount"));
            }
            thread::sleep(LOOK_EVERY);
        }
        match session.join() {
            // The mount went while the word that a file was closed was on its way.
            Err(error) if Errno::from_io_error(&error) == Some(Errno::CONNABORTED) => {}
            ended => ended.map_err(|error| told(&format!("serving failed: {error}:")))?,
        }
        fs::remove_dir(&self.path).map_err(|error| told(&format!("cannot remove: {error}:")))
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        // What went wrong was told before. By force: whoever still waits for an answer gets an error.
        if self.session.is_some() {
            self.leave(UnmountFlags::DETACH | UnmountFlags::FORCE).ok();
        } else {
            fs::remove_dir(&self.path).ok();
        }
    }
}

/// Why nothing can be mounted here; `None` if it can. Takes away what a lab left that was killed.
#[must_use]
pub fn why_not() -> Option<String> {
    leftovers::remove();
    let manner = Manner { writeback: false, direct: true };
    let attempt = || {
        let mut workplace = Workplace::new()?;
        Mounted::new(workplace.next_mount(), Device::new(0), None, manner)?.end()
    };
    attempt().err()
}
