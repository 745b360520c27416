//! A life on a logged device: what was written to the device, and how long the log was at each event.
//!
//! The life waits behind each event until it has been noted (`--paced`), so the note is exact in both directions:
//!
//! * What an acknowledgement rests on lies before its note. The life says it when its force has returned; the force returned when the device had
//!   answered the flush; and the daemon answers when the entry is in the log.
//! * Nothing of a commit lies before the note of its beginning: the life goes on when the note has been taken.
//!
//! Others may write at any time, as the file system and the store's own thread do. That moves a note to a later place at most, so an
//! acknowledgement counts a little later than it could, and never too early.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};

use crate::life::Life;
use crate::machine::fast_folder;
use crate::oracle::Event;
use crate::real::mount::{FileSystem, Mounted, run};

use super::device::LoggedDevice;
use super::format::Log;

/// What was recorded.
#[derive(Debug)]
pub(super) struct Recording {
    /// The folder of the image from before.
    folder: tempfile::TempDir,
    pub(super) log: Log,
    pub(super) events: Vec<Noted>,
    /// How long the log was when the file system had just been mounted, and when the life had ended.
    pub(super) lived: (u64, u64),
}

/// An event, and how long the log was when it happened.
#[derive(Debug)]
pub(super) struct Noted {
    pub(super) line: String,
    pub(super) event: Event,
    pub(super) at: u64,
}

impl Recording {
    /// Lives on a new file system.
    pub(super) fn make(kind: FileSystem, life: &Life) -> Result<Self, String> {
        let folder = fast_folder()?;
        let (base, disk) = (folder.path().join("base"), folder.path().join("disk"));
        kind.make(&base)?;
        copy_image(&base, &disk)?;
        let device = LoggedDevice::new(&disk, folder.path())?;
        let mounted = Mounted::new(kind, device.path(), &folder.path().join("mounted"))?;
        let first = device.log_len()?;
        let events = live(life, &mounted.at().join("store"), &device)?;
        let last = device.log_len()?;
        drop(mounted);
        let log = Log::read(device.into_log()?)?;
        let recording = Self { folder, log, events, lived: (first, last) };
        recording.check(&disk)?;
        fs::remove_file(disk).map_err(|error| error.to_string())?;
        Ok(recording)
    }

    /// What the log says is what the device has in the end, or the log is worth nothing.
    fn check(&self, disk: &Path) -> Result<(), String> {
        let replayed = self.folder.path().join("replayed");
        copy_image(&self.base(), &replayed)?;
        self.log.write(&self.log.entries, &replayed).map_err(|error| error.to_string())?;
        run(Command::new("cmp").arg(&replayed).arg(disk))?;
        fs::remove_file(replayed).map_err(|error| error.to_string())
    }

    /// The image from before.
    pub(super) fn base(&self) -> std::path::PathBuf {
        self.folder.path().join("base")
    }

    /// The events that a crash behind the first `end` bytes of the log may know of: those that had happened by then. An abort is as true before.
    pub(super) fn events_until(&self, end: u64) -> String {
        let known = |noted: &&Noted| noted.at <= end || matches!(noted.event, Event::Aborted(_));
        self.events.iter().filter(known).flat_map(|noted| [&*noted.line, "\n"]).collect()
    }
}

/// Lives, and notes how long the log is at each event.
fn live(life: &Life, store: &Path, device: &LoggedDevice) -> Result<Vec<Noted>, String> {
    let mut command = life.command("live", store, &[]);
    let living = command.arg("--paced").stdin(Stdio::piped()).stderr(Stdio::inherit()).spawn();
    let mut living = living.map_err(|error| format!("cannot run {life:?}: {error}"))?;
    let noted = note_events(&mut living, device);
    // Whatever went wrong, the life's pipes are closed now, and it ends.
    let status = living.wait().map_err(|error| error.to_string())?;
    match noted {
        Ok(noted) if status.success() => Ok(noted),
        Ok(_) => Err(format!("seed {}, without any fault: {status}", life.seed)),
        Err(wrong) => Err(format!("seed {}: {wrong}", life.seed)),
    }
}

fn note_events(living: &mut Child, device: &LoggedDevice) -> Result<Vec<Noted>, String> {
    let (Some(said), Some(mut go_on)) = (living.stdout.take(), living.stdin.take()) else {
        return Err("the life has no pipes".to_owned());
    };
    let mut noted = Vec::new();
    for line in BufReader::new(said).lines() {
        let line = line.map_err(|error| error.to_string())?;
        let event = serde_json::from_str(&line).map_err(|error| format!("{line}: {error}"))?;
        noted.push(Noted { line, event, at: device.log_len()? });
        answer(&mut go_on);
    }
    Ok(noted)
}

fn answer(go_on: &mut ChildStdin) {
    // A life that has ended is seen by its status.
    go_on.write_all(b"\n").ok();
}

/// Copies an image, and leaves holes where it has some.
pub(super) fn copy_image(from: &Path, to: &Path) -> Result<(), String> {
    run(Command::new("cp").args(["--sparse=auto", "--reflink=never"]).arg(from).arg(to))
}
