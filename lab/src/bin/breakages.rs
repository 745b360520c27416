//! `breakages`: takes away one protection of the real code at a time, in a copy of the repository, and runs the test that must notice.

#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program that prints a table")]

use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::Instant;

use clap::Parser;
use lab::breakages::{Breakage, Watch, all};
use lab::root;

/// Takes away one protection of RVM's code at a time, in a copy, and runs the test that must notice.
///
/// Ends with 1 if one went unnoticed.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// Only breakages whose name contains this
    #[arg(long, default_value = "")]
    only: String,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments.only) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(unnoticed) => {
            eprintln!("{unnoticed} went unnoticed");
            ExitCode::FAILURE
        }
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::FAILURE
        }
    }
}

fn run(only: &str) -> Result<u64, String> {
    let copy = tempfile::tempdir().map_err(|error| error.to_string())?;
    // As new files: what is left of an earlier, broken copy must not pass for built from these.
    let pack = "git ls-files -z | tar --null -T - -cf - | tar -xmf - -C \"$COPY\"";
    let mut packing = Command::new("sh");
    packing.args(["-c", pack]).env("COPY", copy.path()).current_dir(root());
    let packed = packing.status().map_err(|error| error.to_string())?;
    if !packed.success() {
        return Err("the repository could not be copied".to_owned());
    }
    let (mut unnoticed, mut passing) = (0, Vec::new());
    for breakage in all().filter(|breakage| breakage.name.contains(only)) {
        // A test that fails anyway notices nothing.
        if !passing.contains(&breakage.by) {
            if let Some(failed) = failing(breakage.by, copy.path())? {
                return Err(format!("unbroken, {} fails: {failed}", breakage.by));
            }
            passing.push(breakage.by);
        }
        let started = Instant::now();
        let failed = with(breakage, copy.path(), || failing(breakage.by, copy.path()))?;
        unnoticed += u64::from(failed.is_none());
        let verdict = match failed {
            Some(failed) => format!("noticed by {failed}"),
            None => format!("UNNOTICED by {}", breakage.by),
        };
        println!("{}: {verdict} ({:.0} s)", breakage.name, started.elapsed().as_secs_f64());
    }
    Ok(unnoticed)
}

/// Makes the breakage in the copy, does `work`, and takes the breakage back.
fn with<T>(
    breakage: &Breakage,
    copy: &Path,
    work: impl FnOnce() -> Result<T, String>,
) -> Result<T, String> {
    let path = copy.join(breakage.file);
    let text = std::fs::read_to_string(&path).map_err(|error| error.to_string())?;
    put(&path, &breakage.make(&text)?)?;
    let done = work().map_err(|failure| format!("{}: {failure}", breakage.name));
    put(&path, &text)?;
    done
}

/// Runs tests in the copy; the first that failed, or what else was wrong.
fn failing(watch: Watch, copy: &Path) -> Result<Option<String>, String> {
    // A test that never ends has noticed, too.
    let mut cargo = Command::new("timeout");
    cargo.arg("300").arg(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["test", "--no-fail-fast"]).current_dir(copy);
    let target = root().join("target/breakages");
    match watch {
        Watch::Tests(package, test) => {
            cargo.args(["-p", package, "--lib", "--tests", "--", test]);
            cargo.env("CARGO_TARGET_DIR", target);
        }
        Watch::Schedules(scenario) => {
            cargo.args(["-p", "rvm-txn", "--test", "schedules", "--", scenario]);
            cargo.env("RUSTFLAGS", "--cfg shuttle").env("CARGO_TARGET_DIR", target.join("shuttle"));
        }
    }
    cargo.env("CARGO_PROFILE_DEV_OPT_LEVEL", "1").env("RUST_BACKTRACE", "0");
    let output = cargo.output().map_err(|error| error.to_string())?;
    if output.status.success() {
        return Ok(None);
    }
    if String::from_utf8_lossy(&output.stderr).contains("could not compile") {
        return Err("it does not compile".to_owned());
    }
    let said = String::from_utf8_lossy(&output.stdout);
    let failed = said.lines().filter_map(|line| line.strip_prefix("test "));
    let failed = failed.filter_map(|line| line.strip_suffix(" ... FAILED"));
    let failed: Vec<&str> = failed.take(3).collect();
    let stuck = || format!("{watch}, which did not end well");
    Ok(Some(if failed.is_empty() { stuck() } else { failed.join(", ") }))
}

fn put(path: &Path, text: &str) -> Result<(), String> {
    #[expect(clippy::disallowed_methods, reason = "a copy of a source is no file of a store")]
    std::fs::write(path, text).map_err(|error| error.to_string())
}
