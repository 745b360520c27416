//! The program that the demo kills: opens the ledger, says what is in it, and enters flights until it is done or dead. It says so after each
//! commit.

use std::io::{self, BufRead, Write};
use std::path::Path;
use std::time::Duration;

use rvm_core::Durability;

use super::flights::Laps;
use super::input::Input;
use super::ledger::{Keeping, Ledger, Sizes};
use super::messages::{Message, Opened};
use crate::arguments::{ChildArguments, CommitKind};
use crate::exit::Exit;
use crate::failure::Failure;

/// Keeps the ledger. The parent is told of a failure through the pipe; nobody else is.
pub(super) fn run(arguments: &ChildArguments, directory: &Path) -> Result<Exit, Failure> {
    let Err(failure) = keep_ledger(arguments, directory) else { return Ok(Exit::Fine) };
    if !matches!(failure, Failure::Output(_)) {
        say(&Message::Failed(failure.message()))?;
    }
    Ok(failure.exit())
}

fn keep_ledger(arguments: &ChildArguments, directory: &Path) -> Result<(), Failure> {
    let input = Input::new(arguments.input.clone());
    let durability = match arguments.durability {
        CommitKind::Force => Durability::Force,
        CommitKind::Lazy => Durability::Lazy,
    };
    let sizes = Sizes {
        journal_entries: arguments.rows,
        aircraft_slots: arguments.aircraft,
        carrier_slots: arguments.carriers,
        airport_slots: arguments.airports,
    };
    let interval = Duration::from_millis(arguments.interval);
    let keeping = Keeping { interval, archive: arguments.archive };
    let ledger = Ledger::open(directory, sizes, durability, keeping)?;
    let found = ledger.entered()?;
    say(&Message::Opened(Opened::new(found, ledger.recovery())))?;
    let mut flights = Laps::resume(&input, arguments.rows, found)?;
    if !may_begin()? {
        return Ok(());
    }
    let last = arguments.until.unwrap_or(u64::MAX);
    let mut entered = found;
    while entered < last {
        entered = ledger.enter(&flights.next()?, durability)?;
        say(&Message::Acknowledged(entered))?;
    }
    ledger.close()?;
    say(&Message::Closed)
}

/// Waits for the parent; false if it is gone.
fn may_begin() -> Result<bool, Failure> {
    let mut line = String::new();
    let read = io::stdin().lock().read_line(&mut line);
    let read = read.map_err(|source| Failure::file("read", Path::new("standard input"), source))?;
    Ok(read > 0)
}

/// Says it at once: what is acknowledged must not wait in a buffer.
fn say(message: &Message) -> Result<(), Failure> {
    let mut pipe = io::stdout();
    let said = pipe.write_all(message.to_line().as_bytes()).and_then(|()| pipe.flush());
    said.map_err(Failure::Output)
}
