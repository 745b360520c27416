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

use crate::arguments::Arguments;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(refusal) => return show_refusal(&refusal).into(),
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
fn show_refusal(refusal: &clap::Error) -> Exit {
    // Nobody is left to be told that the terminal is gone.
    refusal.print().ok();
    if refusal.use_stderr() { Exit::Usage } else { Exit::Fine }
}

/// Tells of a failure on standard error. A reader of our output that left early, as `head` does, is none.
fn tell(failure: &Failure, json: bool) -> Exit {
    if failure.is_broken_pipe() {
        return Exit::Fine;
    }
    output::complain(&if json { failure.to_json() } else { failure.to_line() });
    failure.exit()
}
