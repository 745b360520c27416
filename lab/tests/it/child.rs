//! Runs a part of a test in a process of its own: this test binary again, with one ignored test.

use std::path::Path;
use std::process::{Command, Stdio};

/// A command that runs the ignored test `name` of this binary with `dir` as its directory.
pub(super) fn command(name: &str, dir: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", name, "--ignored", "--nocapture", "--test-threads=1"]);
    command.env("RVM_TEST_DIR", dir).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// The directory, in the child; `None` when the test was not started as one.
pub(super) fn dir() -> Option<std::path::PathBuf> {
    std::env::var_os("RVM_TEST_DIR").map(Into::into)
}
