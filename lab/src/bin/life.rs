//! `life`: one random life of a store in a directory, and the judgement of what a crash left of it. The program that harnesses
//! kill, starve and lie to on real file systems.

#![deny(unsafe_code)]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program that prints what it did")]

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, Parser, Subcommand};
use lab::life::{Script, judge_and_close, run};
use lab::oracle::Event;
use rvm_core::rvm_storage::{FileStorage, Storage};
use rvm_core::{MappedToken, Residency};

/// The run ended because of a failure of the device, or was refused; whatever was noted before it holds.
const STOPPED: u8 = 3;

/// One random life of a store in a directory, and the judgement of what a crash left of it.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Lives, and prints each event as a line of JSON when it happens. Ends with 3 if the store could not go on, and with 101 if a
    /// promise was broken on the way
    Live {
        #[command(flatten)]
        life: Life,
        /// Wait behind each event for a line on standard input
        #[arg(long)]
        paced: bool,
    },
    /// Reads the events from standard input, opens the store, judges what is there, and prints what was kept. Ends with 1 if a
    /// promise was broken
    Judge(Life),
}

#[derive(Debug, Args)]
struct Life {
    /// The store's directory
    store: PathBuf,
    /// What the script follows from
    #[arg(long)]
    seed: u64,
    /// How many steps it has
    #[arg(long, default_value_t = 16)]
    steps: usize,
    /// Map the segments' files instead of reading them
    #[arg(long)]
    mapped: bool,
    /// With helpers and the store's own thread
    #[arg(long)]
    threads: bool,
}

impl Life {
    fn script(&self) -> Script {
        let mut script = Script::random(self.seed, self.steps);
        if self.mapped {
            script.residency = Residency::Mapped(mapped_token());
        }
        if self.threads {
            script.threads = (2, true);
        }
        script
    }

    fn storage(&self) -> Result<Arc<dyn Storage>, String> {
        let storage = FileStorage::open(&self.store).map_err(|error| error.to_string())?;
        Ok(Arc::new(storage))
    }
}

#[allow(unsafe_code, reason = "the token of the mapped residency is unsafe to make")]
fn mapped_token() -> MappedToken {
    // SAFETY: the harness gives each life a directory of its own; nothing else writes to its files or truncates them.
    unsafe { MappedToken::new() }
}

fn main() -> ExitCode {
    let (ended, failed) = match Arguments::parse().verb {
        Verb::Live { life, paced } => (live(&life, paced), STOPPED),
        Verb::Judge(life) => (judge(&life), 1),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::from(failed)
        }
    }
}

fn live(life: &Life, paced: bool) -> Result<(), String> {
    let script = life.script();
    // Behind a broken pipe the harness has had enough; a kill could have come here as well.
    let note = |event| {
        drop(tell(&event));
        if paced {
            drop(io::stdin().read_line(&mut String::new()));
        }
    };
    run(&script, &life.storage()?, &script.steps, &note)
}

fn tell(event: &impl serde::Serialize) -> io::Result<()> {
    let mut line = serde_json::to_string(event)?;
    line.push('\n');
    // One write for each line, so that none is there in part.
    io::stdout().lock().write_all(line.as_bytes())
}

fn judge(life: &Life) -> Result<(), String> {
    let mut events: Vec<Event> = Vec::new();
    for line in io::stdin().lines() {
        let text = line.map_err(|error| error.to_string())?;
        events.push(serde_json::from_str(&text).map_err(|error| format!("{text}: {error}"))?);
    }
    let storage = life.storage().map_err(|error| format!("the store does not open: {error}"))?;
    let kept = judge_and_close(&life.script(), &storage, &events)?;
    tell(&kept).map_err(|error| error.to_string())
}
