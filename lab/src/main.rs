//! `lab`: runs the campaigns, and prints the table.

#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program that prints a table")]

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use lab::campaign::{HARNESSES, Outcome, Plan, Row, json, markdown};

/// Turns the crash lab on RVM itself: all harnesses, one after the other, and a table of what they did.
///
/// Ends with 1 if a promise was broken or a goal missed. The full campaign takes about an hour on 2 cores.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// How much of the full campaign, in thousandths: 1 for a taste
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u64).range(1..=100_000))]
    thousandths: u64,
    /// Only these harnesses, by name, separated by commas
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// What all random choices follow from
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// How many threads work at once
    #[arg(long, default_value_t = std::thread::available_parallelism().map_or(1, usize::from))]
    threads: usize,
    /// Also write the table here, as JSON
    #[arg(long)]
    json: Option<PathBuf>,
    /// List the harnesses, and do nothing
    #[arg(long)]
    list: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if arguments.list {
        for harness in &HARNESSES {
            println!("{:10} {}", harness.name, harness.about);
        }
        return ExitCode::SUCCESS;
    }
    let known = |name: &&String| HARNESSES.iter().any(|harness| harness.name == **name);
    if let Some(name) = arguments.only.iter().find(|name| !known(name)) {
        eprintln!("there is no harness {name:?}; --list shows them");
        return ExitCode::from(2);
    }
    let Arguments { thousandths, seed, threads, .. } = arguments;
    let plan = Plan { thousandths, seed, threads: threads.max(1) };
    let mut rows: Vec<Row> = Vec::new();
    for harness in &HARNESSES {
        let wanted = arguments.only.is_empty() || arguments.only.iter().any(|n| n == harness.name);
        if !wanted {
            continue;
        }
        eprintln!("{}: {} ...", harness.name, harness.about);
        let row = harness.run(&plan);
        if let Outcome::Failed(reason) = &row.outcome {
            eprintln!("{} FAILED: {reason}", harness.name);
        }
        eprintln!("{}: {:.0} s", harness.name, row.seconds);
        rows.push(row);
    }
    println!("{}", markdown(&rows));
    if let Some(path) = &arguments.json {
        #[expect(clippy::disallowed_methods, reason = "a report is no file of a store")]
        let written = std::fs::write(path, format!("{:#}\n", json(&rows)));
        if let Err(error) = written {
            eprintln!("cannot write {}: {error}", path.display());
            return ExitCode::FAILURE;
        }
    }
    if rows.iter().all(Row::is_fine) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
