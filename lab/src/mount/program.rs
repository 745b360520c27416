//! The program `life`, run on a mount as a child process: this process serves the mount, and must never wait for it.

use std::fs::File;
use std::io::{self, Seek};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};

use super::session::Mounted;
use crate::life::Life;

/// A life takes a tenth of a second; one that takes so long hangs.
const LIFE_MAX: Duration = Duration::from_secs(60);

/// How long a killed program may take to be gone.
const DEATH_MAX: Duration = Duration::from_secs(20);

/// How often a program is looked at.
const LOOK_EVERY: Duration = Duration::from_micros(300);

/// How a program ended, and what it said.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) status: ExitStatus,
    pub(super) said: String,
    pub(super) complained: String,
}

impl Life {
    /// Lives, or judges if there are `events`, until it ends or is killed.
    pub(super) fn run_on(&self, mounted: &Mounted, events: Option<&str>) -> Result<Ended, String> {
        let verb = if events.is_some() { "judge" } else { "live" };
        let failed = |error: io::Error| format!("cannot run {}: {error}", self.program.display());
        // Files, not pipes: nobody need read while it runs, and a killed program's lines are all there.
        let [mut input, mut said, mut complained] = files().map_err(failed)?;
        io::copy(&mut events.unwrap_or_default().as_bytes(), &mut input).map_err(failed)?;
        input.rewind().map_err(failed)?;
        let mut words = self.words(verb, mounted.path()).into_iter();
        let mut command = Command::new(words.next().unwrap_or_default());
        command.args(words).env("RUST_BACKTRACE", "0");
        command.stdin(input);
        command.stdout(said.try_clone().map_err(failed)?);
        command.stderr(complained.try_clone().map_err(failed)?);
        let mut child = command.current_dir("/").spawn().map_err(failed)?;
        let status = wait(&mut child, mounted)?;
        let text = |file: &mut File| -> io::Result<String> {
            let mut bytes = Vec::new();
            file.rewind()?;
            io::copy(file, &mut bytes)?;
            Ok(String::from_utf8_lossy(&bytes).into_owned())
        };
        let said = text(&mut said).map_err(failed)?;
        let complained = text(&mut complained).map_err(failed)?;
        Ok(Ended { status, said, complained })
    }
}

fn files() -> io::Result<[File; 3]> {
    let file = || tempfile::tempfile_in(crate::machine::fast_dir());
    Ok([file()?, file()?, file()?])
}

/// Waits for the end, and kills where the drive is stopped for that.
fn wait(child: &mut Child, mounted: &Mounted) -> Result<ExitStatus, String> {
    let told = |error: io::Error| format!("cannot wait for the program: {error}");
    let (start, mut killed) = (Instant::now(), None);
    loop {
        if let Some(status) = child.try_wait().map_err(told)? {
            return Ok(status);
        }
        if mounted.drive().wait_held(LOOK_EVERY) {
            // First the kill, then the answer: whoever waits for it dies of the one before it sees the other.
            child.kill().map_err(told)?;
            killed.get_or_insert_with(Instant::now);
            mounted.drive().release();
        }
        if killed.is_some_and(|at| at.elapsed() > DEATH_MAX) {
            return Err("the program was killed and does not die".to_owned());
        }
        if start.elapsed() > LIFE_MAX {
            child.kill().map_err(told)?;
            mounted.drive().release();
            while child.try_wait().map_err(told)?.is_none()
                && start.elapsed() < LIFE_MAX + DEATH_MAX
            {
                std::thread::sleep(LOOK_EVERY);
            }
            return Err(format!("the program did not end within {} s", LIFE_MAX.as_secs()));
        }
    }
}

impl Ended {
    pub(super) fn code(&self) -> Option<i32> {
        self.status.code()
    }

    pub(super) fn signal(&self) -> Option<i32> {
        self.status.signal()
    }

    /// How it ended, for people.
    pub(super) fn tell(&self) -> String {
        format!("{}\n{}", self.status, self.complained.trim_end())
    }
}
