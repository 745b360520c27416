//! Runs one test of this binary again, alone in a process of its own, with an argument.

use std::process::{Command, Stdio};

const ARGUMENT: &str = "RVM_STORAGE_TEST_ARGUMENT";

/// The argument, in a child.
pub(crate) fn argument() -> Option<String> {
    std::env::var(ARGUMENT).ok()
}

/// A command that runs the calling test in a child.
pub(crate) fn command(argument: &str) -> Command {
    let this_test = std::thread::current().name().unwrap().to_owned();
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", &this_test, "--nocapture", "--test-threads=1"])
        .env(ARGUMENT, argument)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    command
}

/// Runs the calling test in a child and wants it to pass there.
pub(crate) fn run(argument: &str) {
    let output = command(argument).output().unwrap();
    assert!(
        output.status.success(),
        "with {argument}: {}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
}
