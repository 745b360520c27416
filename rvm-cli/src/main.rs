//! `rvmctl`: the command line of recoverable virtual memory.
//!
//! It looks at stores, makes and destroys segments, reads and changes bytes, shows with `rvmctl demo` that no kill loses
//! a committed transaction, with `rvmctl crashtest` whether one costs a program of the user's what it acknowledged, and with
//! `rvmctl bench` how fast commits are on a disk of the user's. It parses, calls [`rvm_core`], and prints; no rule of the store lives here.
//!
//! Every verb opens the store for reading only, unless its help says otherwise. What a verb prints comes from one structure of
//! `reports/`, as a table for people or, with `--json`, as one JSON object.

#![forbid(unsafe_code)]

mod arguments;
mod bench;
mod blocks;
mod colours;
mod crashtest;
mod demo;
mod exit;
mod failure;
mod hexdump;
mod holder;
mod output;
mod place;
mod quantities;
mod random;
mod reports;
mod schema;
mod sizes;
mod spans;
mod timestamps;
mod verbs;
mod waiting;
mod watching;

use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;

use crate::arguments::Arguments;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(refusal) => return show_refusal(&refusal, wants_json()).into(),
    };
    let json = arguments.json;
    let mut output = Output::new(json, arguments.color);
    let ended = verbs::run(arguments, &mut output);
    // What was printed before a failure is still to be seen, and the failure is the news.
    let written = output.finish();
    match ended.and_then(|exit| written.map(|()| exit)) {
        Ok(exit) => exit.into(),
        Err(failure) => tell(&failure, json).into(),
    }
}

/// Help and the version are answers; everything else that clap refuses is wrong usage.
fn show_refusal(refusal: &clap::Error, json: bool) -> Exit {
    if json && refusal.use_stderr() {
        return tell(&Failure::Usage(refusal_on_one_line(refusal)), json);
    }
    // Nobody is left to be told that the terminal is gone.
    refusal.print().ok();
    if refusal.use_stderr() { Exit::Usage } else { Exit::Fine }
}

/// Whether JSON is asked for by arguments that make no sense. What stands behind `--` is another program's.
fn wants_json() -> bool {
    std::env::args_os().take_while(|argument| argument != "--").any(|argument| argument == "--json")
}

/// What is wrong, without the usage that follows.
fn refusal_on_one_line(refusal: &clap::Error) -> String {
    // Its text is the whole help, or names the commands that help hides.
    if matches!(
        refusal.kind(),
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand | ErrorKind::MissingSubcommand
    ) {
        return "a command is missing; --help shows them".to_owned();
    }
    let text = refusal.render().to_string();
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let told = lines.take_while(|line| {
        !line.starts_with("Usage:") && !line.starts_with("For more information")
    });
    let told = told.collect::<Vec<_>>().join(" ");
    told.strip_prefix("error: ").unwrap_or(&told).to_owned()
}

/// Tells of a failure on standard error. A reader of our output that left early, as `head` does, is none.
fn tell(failure: &Failure, json: bool) -> Exit {
    if failure.is_broken_pipe() {
        return Exit::Fine;
    }
    output::complain(&if json { failure.to_json() } else { failure.to_line() });
    failure.exit()
}
