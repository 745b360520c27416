//! A block device whose writes are logged: an image, exported by `qemu-storage-daemon` as a file that logs, behind a loop device.
//!
//! The loop device is made for writes through the page cache, which are passed on at once, one behind the other: FUSE keeps no dirty pages here.
//! With direct writes there would be several at a time, and the daemon of QEMU 7.2 reads a request into the buffer of a write that it
//! is still at work on. Everything is taken down when it is dropped.

use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::real::mount::run;

/// The longest that a recording may take, in seconds.
const SECONDS_MAX: &str = "120";

const WAIT_MAX: Duration = Duration::from_secs(20);
const PAUSE: Duration = Duration::from_millis(2);

/// The device.
#[derive(Debug)]
pub(super) struct LoggedDevice {
    device: Option<PathBuf>,
    daemon: Daemon,
    log: PathBuf,
}

/// The daemon, and the file that it exports.
#[derive(Debug)]
struct Daemon {
    process: Child,
    exported: PathBuf,
}

impl LoggedDevice {
    /// A device over `image`, whose log is made in `folder`.
    pub(super) fn new(image: &Path, folder: &Path) -> Result<Self, String> {
        let (log, exported) = (folder.join("log"), folder.join("exported"));
        for file in [&log, &exported] {
            File::create_new(file).map_err(|error| error.to_string())?;
        }
        let daemon = Daemon::start(image, &log, exported)?;
        let mut losetup = Command::new("losetup");
        losetup.args(["--find", "--show", "--direct-io=off"]).arg(&daemon.exported);
        let output = losetup.output().map_err(|error| format!("losetup: {error}"))?;
        let device = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        if !output.status.success() || device.is_empty() {
            return Err(format!("losetup: {}", String::from_utf8_lossy(&output.stderr)));
        }
        Ok(Self { device: Some(device.into()), daemon, log })
    }

    /// The device's path.
    pub(super) fn path(&self) -> &Path {
        self.device.as_deref().unwrap_or(Path::new(""))
    }

    /// How long the log is. Whatever the device has answered is in it.
    pub(super) fn log_len(&self) -> Result<u64, String> {
        fs::metadata(&self.log).map(|file| file.len()).map_err(|error| error.to_string())
    }

    /// Takes the device down, and reads its log.
    pub(super) fn into_log(mut self) -> Result<Vec<u8>, String> {
        self.detach();
        self.daemon.stop();
        fs::read(&self.log).map_err(|error| error.to_string())
    }

    fn detach(&mut self) {
        if let Some(device) = self.device.take() {
            // What fails here, fails at the end of the daemon, too.
            run(Command::new("timeout").args(["20", "losetup", "--detach"]).arg(device)).ok();
        }
    }
}

impl Drop for LoggedDevice {
    fn drop(&mut self) {
        self.detach();
    }
}

impl Daemon {
    fn start(image: &Path, log: &Path, exported: PathBuf) -> Result<Self, String> {
        let with = |start: &str, path: &Path, end: &str| {
            let mut text = OsString::from(start);
            text.extend([path.as_os_str(), end.as_ref()]);
            text
        };
        let mut command = Command::new("timeout");
        command.args(["--kill-after=1", SECONDS_MAX, "qemu-storage-daemon"]);
        command.arg("--blockdev").arg(with("driver=file,node-name=f0,filename=", image, ""));
        command.args(["--blockdev", "driver=raw,node-name=r0,file=f0"]);
        command.arg("--blockdev").arg(with("driver=file,node-name=lf,filename=", log, ""));
        command.args(["--blockdev", "driver=raw,node-name=lr,file=lf"]);
        command.args([
            "--blockdev",
            "driver=blklogwrites,node-name=lw,file=r0,log=lr,log-sector-size=512",
        ]);
        let export = "type=fuse,id=e0,node-name=lw,writable=on,mountpoint=";
        command.arg("--export").arg(with(export, &exported, ""));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let process = command.spawn().map_err(|error| format!("qemu-storage-daemon: {error}"))?;
        let mut daemon = Self { process, exported };
        daemon.wait_for_export()?;
        Ok(daemon)
    }

    fn wait_for_export(&mut self) -> Result<(), String> {
        let started = Instant::now();
        while started.elapsed() < WAIT_MAX {
            if self.is_mounted() {
                return Ok(());
            }
            if let Ok(Some(status)) = self.process.try_wait() {
                return Err(format!("qemu-storage-daemon ended with {status}"));
            }
            thread::sleep(PAUSE);
        }
        Err("qemu-storage-daemon exports nothing".to_owned())
    }

    fn is_mounted(&self) -> bool {
        let mounts = fs::read_to_string("/proc/self/mounts").unwrap_or_default();
        let path = self.exported.to_string_lossy();
        mounts.lines().any(|line| line.split(' ').nth(1) == Some(&*path))
    }

    /// Ends the daemon, which writes what it has.
    fn stop(&mut self) {
        let pid = Pid::from_child(&self.process);
        // It may have ended by itself.
        kill_process(pid, Signal::TERM).ok();
        let started = Instant::now();
        while started.elapsed() < WAIT_MAX && matches!(self.process.try_wait(), Ok(None)) {
            thread::sleep(PAUSE);
        }
        if matches!(self.process.try_wait(), Ok(None)) {
            self.process.kill().ok();
            self.process.wait().ok();
        }
        if self.is_mounted() {
            run(Command::new("umount").arg("--lazy").arg(&self.exported)).ok();
        }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.stop();
    }
}
