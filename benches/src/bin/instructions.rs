//! Counts the instructions of the hot paths under valgrind, and compares them with those that are written down. A count does not depend on how
//! busy the machine is, so a path that has become longer is seen at once.

#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program that prints a table")]

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, ExitCode};

use benches::{HOT_PATHS, HotPath, Result};
use clap::{Parser, Subcommand};
use serde::{Deserialize, Serialize};

/// A count may differ by one part in so many of what is written down.
const SLACK: u64 = 20;

/// Each path is taken so many times, and so many more; the difference is counted, so that what happens once does not count.
const TIMES: u64 = 200;
const MORE: u64 = 1_000;

/// Counts the instructions of the hot paths under valgrind, and compares them with benches/instructions.json.
///
/// Ends with 1 if one differs by more than 5 %, with 2 if they cannot be counted. What another compiler made, or for another processor, is shown and not compared.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// Write the counts down, in place of comparing them
    #[arg(long)]
    write: bool,
    #[command(subcommand)]
    path: Option<Take>,
}

#[derive(Debug, Subcommand)]
enum Take {
    /// What is counted: takes a path so many times
    #[command(hide = true)]
    Take { name: String, times: u64 },
}

/// What benches/instructions.json holds.
#[derive(Debug, Serialize, Deserialize)]
struct Counts {
    made_by: String,
    instructions: BTreeMap<String, u64>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = match &arguments.path {
        Some(Take::Take { name, times }) => take(name, *times).map(|()| ExitCode::SUCCESS),
        None => count_all().and_then(|counts| report(&counts, arguments.write)),
    };
    done.unwrap_or_else(|error| {
        eprintln!("{error}");
        ExitCode::from(2)
    })
}

fn take(name: &str, times: u64) -> Result<()> {
    let path = HOT_PATHS.iter().find(|path| path.name == name).ok_or("there is no such path")?;
    (path.take)(times)
}

fn count_all() -> Result<Counts> {
    let version = Command::new("rustc").arg("--version").output()?;
    let version = String::from_utf8(version.stdout)?;
    let made_by = format!("{} for {}", version.trim(), processor());
    let mut instructions = BTreeMap::new();
    for path in &HOT_PATHS {
        let once = count(path, TIMES + MORE)?.saturating_sub(count(path, TIMES)?) / MORE;
        instructions.insert(path.name.to_owned(), once);
    }
    Ok(Counts { made_by, instructions })
}

/// What the C library's copies are chosen by.
fn processor() -> String {
    #[cfg(target_arch = "x86_64")]
    let vectors = if std::is_x86_feature_detected!("avx2") { " with AVX2" } else { "" };
    #[cfg(not(target_arch = "x86_64"))]
    let vectors = "";
    format!("{}{vectors}", std::env::consts::ARCH)
}

/// The instructions of a process that takes the path so many times.
fn count(path: &HotPath, times: u64) -> Result<u64> {
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"]);
    valgrind.arg(std::env::current_exe()?).args(["take", path.name, &times.to_string()]);
    let output = valgrind.output().map_err(|error| format!("cannot run valgrind: {error}"))?;
    let told = String::from_utf8_lossy(&output.stderr);
    let line = told.lines().find_map(|line| line.split_once("refs:"));
    let (_, figure) =
        line.filter(|_| output.status.success()).ok_or_else(|| format!("{}: {told}", path.name))?;
    Ok(figure.trim().replace(',', "").parse()?)
}

fn report(counts: &Counts, write: bool) -> Result<ExitCode> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("instructions.json");
    if write {
        #[expect(clippy::disallowed_methods, reason = "a report is no file of a store")]
        std::fs::write(&file, format!("{}\n", serde_json::to_string_pretty(counts)?))?;
    }
    let known: Counts = serde_json::from_slice(&std::fs::read(file)?)?;
    let is_comparable = known.made_by == counts.made_by;
    println!("{:<30} {:>14} {:>14}", "instructions", "written down", "now");
    let mut differ = 0;
    for name in known.instructions.keys().filter(|name| !counts.instructions.contains_key(*name)) {
        differ += 1;
        println!("{name:<30} is written down, and no path any more !");
    }
    for (name, now) in &counts.instructions {
        let written = known.instructions.get(name).copied();
        let differs = written.is_none_or(|written| now.abs_diff(written) * SLACK > written);
        differ += usize::from(differs);
        let shown = written.map_or_else(|| "-".to_owned(), |written| written.to_string());
        println!("{name:<30} {shown:>14} {now:>14}{}", if differs { " !" } else { "" });
    }
    if !is_comparable {
        println!("written down by {}, this is {}: not compared", known.made_by, counts.made_by);
        return Ok(ExitCode::SUCCESS);
    }
    if differ > 0 {
        eprintln!(
            "{differ} differ by more than a part in {SLACK}: mend them, or write them down with --write"
        );
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}
