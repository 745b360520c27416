//! Runs `rvmctl` and keeps what it said.

use std::ffi::OsStr;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// What a run said, and how it ended.
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
}

/// The program, without the variables that would change what it does.
pub(crate) fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rvmctl"));
    command.env_remove("RVM_STORE").stdin(Stdio::null());
    command
}

/// Runs it with these arguments.
pub(crate) fn run<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Run {
    Run::new(program().args(arguments).output().unwrap())
}

/// Runs it on the store in `directory`; the arguments are words.
pub(crate) fn on(directory: &Path, arguments: &str) -> Run {
    let mut command = program();
    command.arg("--store").arg(directory).args(arguments.split_whitespace());
    Run::new(command.output().unwrap())
}

/// Runs it on the store in `directory`, with `input` on standard input.
pub(crate) fn on_with_input(directory: &Path, arguments: &str, input: &[u8]) -> Run {
    let mut command = program();
    command.arg("--store").arg(directory).args(arguments.split_whitespace());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    Run::new(child.wait_with_output().unwrap())
}

impl Run {
    /// What an ended process said.
    pub(crate) fn new(output: Output) -> Self {
        let code = output.status.code().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        Self { code, stdout: output.stdout, stderr }
    }

    /// It did what was asked, and had nothing to complain of.
    #[track_caller]
    pub(crate) fn fine(self) -> Self {
        assert_eq!((self.code, self.stderr.as_str()), (0, ""), "{}", self.text());
        self
    }

    /// It ended with this code, and one line that says all of `words`.
    #[track_caller]
    pub(crate) fn fails(self, code: i32, words: &[&str]) -> Self {
        assert_eq!(self.code, code, "{}", self.stderr);
        assert!(self.stderr.starts_with("rvmctl: "), "{}", self.stderr);
        assert_eq!(self.stderr.lines().count(), 1, "{}", self.stderr);
        for word in words {
            assert!(self.stderr.contains(word), "{word:?} is not in {}", self.stderr);
        }
        self
    }

    /// It ended with this code, and one error as JSON that says this.
    #[track_caller]
    pub(crate) fn fails_as_json(&self, code: i32, words: &str) {
        assert_eq!(self.code, code, "{}", self.stderr);
        let error = self.error();
        let message = error.get("message").and_then(Value::as_str).unwrap();
        assert!(message.contains(words), "{words:?} is not in {message}");
    }

    /// What it printed.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// What it printed, as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.stdout).unwrap()
    }

    /// The error that it told as JSON.
    pub(crate) fn error(&self) -> Value {
        let told: Value = serde_json::from_str(&self.stderr).unwrap();
        told.get("error").unwrap().clone()
    }
}

/// Every verb that the help lists, as the words that call it: `log ls`, not `log`.
pub(crate) fn verbs() -> Vec<String> {
    let mut verbs = Vec::new();
    collect_verbs(&mut Vec::new(), &mut verbs);
    verbs
}

fn collect_verbs(words: &mut Vec<String>, verbs: &mut Vec<String>) {
    let help = run(words.iter().map(String::as_str).chain(["--help"])).text();
    let below = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    // A help text that goes on stands further to the right.
    let names = below.take_while(|line| !line.is_empty()).filter(|line| !line.starts_with("   "));
    let names: Vec<_> = names.filter_map(|line| line.split_whitespace().next()).collect();
    if names.is_empty() {
        verbs.push(words.join(" "));
    }
    for name in names {
        words.push(name.to_owned());
        collect_verbs(words, verbs);
        words.pop();
    }
}
