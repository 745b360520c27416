//! `breakages`: takes away one protection of the real code at a time, in a copy of the repository, and runs the test that must notice.

#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program that prints a table")]

use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::Instant;

use clap::Parser;
use lab::breakages::{BREAKAGES, Breakage};
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
    let pack = "git ls-files -z | tar --null -T - -cf - | tar -xf - -C \"$COPY\"";
    let mut packing = Command::new("sh");
    packing.args(["-c", pack]).env("COPY", copy.path()).current_dir(root());
    let packed = packing.status().map_err(|error| error.to_string())?;
    if !packed.success() {
        return Err("the repository could not be copied".to_owned());
    }
    let mut unnoticed = 0;
    for breakage in BREAKAGES.iter().filter(|breakage| breakage.name.contains(only)) {
        let started = Instant::now();
        let (noticed, by) = is_noticed(breakage, copy.path())?;
        unnoticed += u64::from(!noticed);
        let verdict = if noticed { "noticed by" } else { "UNNOTICED by" };
        println!("{}: {verdict} {by} ({:.0} s)", breakage.name, started.elapsed().as_secs_f64());
    }
    Ok(unnoticed)
}

/// Makes the breakage in the copy, runs its test, and takes it back.
fn is_noticed(breakage: &Breakage, copy: &Path) -> Result<(bool, String), String> {
    let path = copy.join(breakage.file);
    let text = std::fs::read_to_string(&path).map_err(|error| error.to_string())?;
    put(&path, &breakage.make(&text)?)?;
    // A test that never ends has noticed, too.
    let mut cargo = Command::new("timeout");
    cargo.arg("300").arg(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["test", "--no-fail-fast", "-p", breakage.package, "--lib", "--tests", "--"]);
    cargo.arg(breakage.test).current_dir(copy).env("CARGO_TARGET_DIR", copy.join("target"));
    cargo.env("CARGO_PROFILE_DEV_OPT_LEVEL", "1").env("RUST_BACKTRACE", "0");
    let output = cargo.output().map_err(|error| error.to_string())?;
    put(&path, &text)?;
    let said = String::from_utf8_lossy(&output.stdout);
    if String::from_utf8_lossy(&output.stderr).contains("could not compile") {
        return Err(format!("{}: what takes its place does not compile", breakage.name));
    }
    let failed = said.lines().filter_map(|line| line.strip_prefix("test "));
    let failed = failed.filter_map(|line| line.strip_suffix(" ... FAILED"));
    let by: Vec<&str> = failed.take(3).collect();
    if by.is_empty() {
        return Ok((!output.status.success(), format!("{} {}", breakage.package, breakage.test)));
    }
    Ok((true, by.join(", ")))
}

fn put(path: &Path, text: &str) -> Result<(), String> {
    #[expect(clippy::disallowed_methods, reason = "a copy of a source is no file of a store")]
    std::fs::write(path, text).map_err(|error| error.to_string())
}
