//! Runs a call of the table: with little memory, without waiting for ever, and without a panic.

use std::fmt;
use std::path::Path;
use std::process::{Command, Stdio};

use super::places::Places;
use super::table::Row;

/// The address space that a verb may take, in KiB: enough for its threads and buffers, a tenth of the large segment.
const MEMORY_KIB: &str = "1048576";

/// Longer than any verb here takes, on any machine, in seconds.
const PATIENCE: &str = "60";

/// How a run ended.
pub(super) struct Ended {
    pub(super) verb: String,
    pub(super) code: i32,
    pub(super) printed: Vec<u8>,
    pub(super) errors: String,
}

impl fmt::Debug for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let printed: String = String::from_utf8_lossy(&self.printed).chars().take(2_000).collect();
        write!(f, "{} ended with {}: {}{printed}", self.verb, self.code, self.errors)
    }
}

/// The call as a command. `{store}` stands for the directory, and other braces for what [`Places`] has ready.
pub(super) fn command(row: &Row, call: &str, directory: &Path, places: &Places) -> Command {
    let mut command = Command::new("sh");
    // A limit of the shell's own goes over to what it becomes.
    let script = format!("ulimit -v {MEMORY_KIB}; exec timeout -k 1 {PATIENCE} \"$0\" \"$@\"");
    command.args(["-c", &script, env!("CARGO_BIN_EXE_rvmctl")]);
    if row.needs_store {
        command.arg("--store").arg(directory);
    }
    for word in call.split_whitespace() {
        match word {
            "{store}" => command.arg(directory),
            word => command.arg(places.filled_in(word)),
        };
    }
    command.env_remove("RVM_STORE").env_remove("NO_COLOR");
    match row.input {
        Some(script) => command.stdin(places.input(script)),
        None => command.stdin(Stdio::null()),
    };
    command
}

/// Runs it to its end.
pub(super) fn run(row: &Row, call: &str, directory: &Path, places: &Places) -> Ended {
    let output = command(row, call, directory, places).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    let ended = Ended {
        verb: row.verb.to_owned(),
        code: output.status.code().unwrap_or(-1),
        printed: output.stdout,
        errors,
    };
    assert!(!ended.errors.contains("panicked"), "{ended:?}");
    assert!(!ended.errors.contains("memory allocation"), "{ended:?}");
    ended
}

impl Ended {
    /// It ended with one of these codes.
    #[track_caller]
    pub(super) fn is(&self, codes: &[i32]) -> &Self {
        assert!(codes.contains(&self.code), "not one of {codes:?}: {self:?}");
        self
    }

    /// It complained with these words.
    #[track_caller]
    pub(super) fn says(&self, words: &str) -> &Self {
        assert!(self.errors.contains(words), "{words:?} is not said: {self:?}");
        self
    }
}
