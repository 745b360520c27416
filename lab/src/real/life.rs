//! The program `life`, run and judged in processes of their own. None is waited for without a bound.

use std::ffi::OsString;
use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, ExitStatus, Output, Stdio};

use crate::life::Life;

/// After so many seconds something hangs.
const SECONDS_MAX: &str = "60";

const SIGKILL: i32 = 9;

/// How a process ended that kept to the rules.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum End {
    /// It came to its end.
    Done,
    /// It could not go on, or, as a judge, found something wrong.
    Stopped,
    /// It was killed.
    Killed,
}

/// What a process left.
#[derive(Clone, Debug)]
pub(super) struct Left {
    pub(super) end: End,
    /// What it printed: the events of a life, or what a judge found to be there.
    pub(super) said: String,
    /// What it printed as errors.
    pub(super) complaint: String,
}

/// What a judge says that could not judge; anything else that it says is a promise broken.
const COULD_NOT: [&str; 3] =
    ["the store does not open: ", "it cannot be read: ", "it does not close: "];

/// Whether a judge complains that it could not judge.
pub(super) fn could_not_judge(complaint: &str) -> bool {
    COULD_NOT.iter().any(|reason| complaint.starts_with(reason))
}

impl Life {
    /// The life in `store`, run by the program `under`, if that is not empty.
    pub(super) fn command(&self, verb: &str, store: &Path, under: &[OsString]) -> Command {
        // A process that hangs is killed together with whatever it started.
        let mut command = Command::new("timeout");
        command.args(["--kill-after=1", SECONDS_MAX]).args(under);
        command.args(self.words(verb, store)).env("RUST_BACKTRACE", "0");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Lives in `store`.
    ///
    /// # Errors
    /// It hangs, or a promise was broken while the store was open.
    pub(super) fn live(&self, store: &Path, under: &[OsString]) -> Result<Left, String> {
        let output = self.command("live", store, under).output();
        let left = left(&output.map_err(|error| format!("cannot run {self:?}: {error}"))?, 3);
        left.map_err(|wrong| format!("the life {wrong}"))
    }

    /// Judges what is in `store` behind these events.
    ///
    /// # Errors
    /// It hangs, or panics. A broken promise is none: the judge says it, and has [`End::Stopped`].
    pub(super) fn judge(
        &self,
        store: &Path,
        events: &str,
        under: &[OsString],
    ) -> Result<Left, String> {
        let mut command = self.command("judge", store, under);
        let judging = command.stdin(Stdio::piped()).spawn();
        let mut judging = judging.map_err(|error| format!("cannot run {self:?}: {error}"))?;
        if let Some(mut stdin) = judging.stdin.take() {
            // One that was killed before it read them has ended, and that is seen below.
            stdin.write_all(events.as_bytes()).ok();
        }
        let output = judging.wait_with_output().map_err(|error| error.to_string())?;
        left(&output, 1).map_err(|wrong| format!("the judge {wrong}"))
    }
}

fn left(output: &Output, stopped: i32) -> Result<Left, String> {
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
    match end_of(output.status, stopped) {
        Some(end) => Ok(Left { end, said, complaint }),
        None => {
            Err(format!("ended with {}: {}\nit said:\n{said}", output.status, complaint.trim()))
        }
    }
}

/// `None` if it was neither killed by somebody nor ended as it may.
fn end_of(status: ExitStatus, stopped: i32) -> Option<End> {
    match (status.code(), status.signal()) {
        (Some(0), _) => Some(End::Done),
        (Some(code), _) if code == stopped => Some(End::Stopped),
        // So `timeout` and shells tell of a signal.
        (Some(code), _) if code == 128 + SIGKILL => Some(End::Killed),
        (_, Some(SIGKILL)) => Some(End::Killed),
        _ => None,
    }
}
