//! Compares ours with the loop by hand and with other stores. The documentation of the crate says how to run it.

#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program that prints tables")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use benches::Result;
use benches::compare::{Comparison, Plan, compare, steps};
use benches::peers::{STORES, Store};
use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};

/// Runs the same transactions on recoverable memory, on a loop by hand that does no more than it must, and on other stores, in turn
/// and round by round: three balances of 8 bytes in records of 128 bytes change, an audit record of 64 bytes is appended, one commit.
///
/// The stores lie in the directory for temporary files: set TMPDIR to choose the disk. For figures to be quoted leave
/// the machine alone, and as root use `chrt -f 1`.
#[derive(Debug, Parser)]
#[command(max_term_width = 110)]
struct Arguments {
    /// Where compare.md, compare.json and the plots go
    #[arg(value_name = "FOLDER", default_value = "target/compare")]
    folder: PathBuf,
    /// The rounds that count, of each measurement [default: 7, quick 3]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    rounds: Option<u16>,
    /// The bytes of accounts and audit records in each store, for example 64M [default: 32M, quick 4M]
    #[arg(long, value_name = "SIZE", value_parser = size)]
    data: Option<u64>,
    #[arg(long, value_name = "NAME,...", value_delimiter = ',', value_parser = store)]
    #[arg(help = format!("Only these stores, of {}", names()))]
    only: Vec<&'static Store>,
    /// Take less than a minute: less data, fewer and shorter rounds, to see that everything runs
    #[arg(long)]
    quick: bool,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("compare: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<()> {
    let plan = arguments.plan();
    let stores = arguments.stores();
    // Before minutes pass: an output that cannot be written is better known now.
    fs::create_dir_all(&arguments.folder)
        .map_err(|error| format!("{}: {error}", arguments.folder.display()))?;
    let bar = bar(steps(&plan, &stores))?;
    let comparison = compare(&plan, &stores, &mut |step| {
        bar.set_message(step.to_owned());
        bar.inc(1);
    })?;
    bar.finish_and_clear();
    // The files first: whoever reads only the beginning of what is printed has them all the same.
    write_all(&comparison, &arguments.folder)?;
    println!("{}", comparison.markdown());
    println!("compare.md, compare.json and the plots are in {}", arguments.folder.display());
    Ok(())
}

impl Arguments {
    fn plan(&self) -> Plan {
        let plan = if self.quick { Plan::quick() } else { Plan::thorough() };
        Plan {
            rounds: self.rounds.map_or(plan.rounds, usize::from),
            data_len: self.data.unwrap_or(plan.data_len),
            ..plan
        }
    }

    fn stores(&self) -> Vec<&'static Store> {
        let asked = |store: &&Store| self.only.iter().any(|only| only.name == store.name);
        STORES.iter().filter(|store| self.only.is_empty() || asked(store)).collect()
    }
}

fn write_all(comparison: &Comparison, folder: &Path) -> Result<()> {
    write(&folder.join("compare.md"), &comparison.markdown())?;
    write(&folder.join("compare.json"), &serde_json::to_string_pretty(comparison)?)?;
    for (name, svg) in comparison.plots()? {
        write(&folder.join(name), &svg)?;
    }
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "a report; nothing durable hangs on it")]
fn write(path: &Path, text: &str) -> Result<()> {
    Ok(fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))?)
}

/// A bar on standard error, if that is a terminal.
fn bar(steps: usize) -> Result<ProgressBar> {
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {elapsed} {msg}")?;
    Ok(ProgressBar::new(u64::try_from(steps)?).with_style(style))
}

/// How a store is named in an argument.
fn name(store: &Store) -> String {
    store.name.to_lowercase().replace(' ', "-")
}

fn names() -> String {
    STORES.each_ref().map(name).join(", ")
}

fn store(asked: &str) -> std::result::Result<&'static Store, String> {
    let found = STORES.iter().find(|store| name(store) == asked.to_lowercase());
    found.ok_or_else(|| format!("there are {}", names()))
}

/// A size with `K`, `M` or `G` for powers of 1024.
fn size(text: &str) -> std::result::Result<u64, String> {
    let digits = text.trim_end_matches(['K', 'M', 'G']);
    let factor = match text.get(digits.len()..) {
        Some("") => Some(1_u64),
        Some("K") => Some(1 << 10),
        Some("M") => Some(1 << 20),
        Some("G") => Some(1 << 30),
        _ => None,
    };
    let number = digits.parse::<u64>().ok();
    let len = factor.zip(number).and_then(|(factor, number)| number.checked_mul(factor));
    // Several stores keep all of it in memory at a time; less than a page has no accounts.
    len.filter(|len| (4096..=4 << 30).contains(len))
        .ok_or_else(|| "write for example 4096, 64K or 32M; from 4K to 4G".to_owned())
}
