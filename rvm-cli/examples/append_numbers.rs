//! A program for `rvmctl crashtest`: appends the numbers 1, 2, 3, ... to a store, and prints each one when it is committed.
//!
//!     rvmctl crashtest --check 'append_numbers DIR --check' -- append_numbers DIR
//!
//! `--check` reads the lines that were acknowledged and compares them with the store. `--print-first` is a mistake made on purpose: it
//! prints a number before it is committed, which the crash test finds.

use std::error::Error;
use std::io::{self, BufRead, Write};
use std::path::Path;
use std::process::ExitCode;

use rvm_core::{Rvm, Segment, Transaction};

/// How many numbers are kept: the latest.
const SLOTS: u64 = 512;

/// The bytes of a number.
const WIDTH: u64 = 8;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        [directory] => append(Path::new(directory), false),
        [directory, "--print-first"] => append(Path::new(directory), true),
        [directory, "--check"] => check(Path::new(directory)),
        _ => Err("usage: append_numbers DIR [--print-first | --check]".into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // There is nowhere else to say it.
            writeln!(io::stderr(), "{error}").ok();
            ExitCode::FAILURE
        }
    }
}

/// Appends until it is killed. How many numbers there are stands in one segment, the numbers in another: the transaction is over both.
fn append(directory: &Path, print_first: bool) -> Result<(), Box<dyn Error>> {
    // Small logs are truncated often, so kills hit that, too.
    let store = Rvm::options().log_capacity_initial(32 << 10).open(directory)?;
    let (count, numbers) = (store.map("count", WIDTH)?, store.map("numbers", SLOTS * WIDTH)?);
    let mut last = number_at(&count.read()?, 0)?;
    loop {
        last += 1;
        if print_first {
            say(last)?;
        }
        store.transaction(&[&count, &numbers], |txn| enter(txn, &count, &numbers, last))?;
        if !print_first {
            say(last)?;
        }
    }
}

fn enter(
    txn: &mut Transaction,
    count: &Segment,
    numbers: &Segment,
    number: u64,
) -> Result<(), rvm_core::Error> {
    txn.write(count, 0, &number.to_le_bytes())?;
    txn.write(numbers, number % SLOTS * WIDTH, &number.to_le_bytes())
}

/// What is acknowledged must not wait in a buffer.
fn say(number: u64) -> io::Result<()> {
    let mut out = io::stdout();
    writeln!(out, "{number}").and_then(|()| out.flush())
}

/// Compares the lines on standard input with the store, which is opened for reading only: it is the program that is to recover it.
fn check(directory: &Path) -> Result<(), Box<dyn Error>> {
    let mut acknowledged: Vec<u64> = Vec::new();
    for line in io::stdin().lock().lines() {
        acknowledged.push(line?.parse()?);
    }
    if !acknowledged.is_sorted_by(|one, next| one < next) {
        return Err("a number was acknowledged twice: it was lost in between".into());
    }
    let newest = acknowledged.last().copied().unwrap_or(0);
    let found = numbers_found(directory)?;
    if found < newest {
        return Err(format!("{newest} was acknowledged, the store ends with {found}").into());
    }
    // A kill can hit between the commit and the line; each costs one line at most.
    let oldest = acknowledged.first().copied().unwrap_or(1);
    let unacknowledged = (found + 1 - oldest) - u64::try_from(acknowledged.len())?;
    let rounds: u64 = std::env::var("RVM_ROUND").ok().map_or(Ok(u64::MAX), |text| text.parse())?;
    if unacknowledged > rounds && !acknowledged.is_empty() {
        return Err(format!("{unacknowledged} numbers that nobody acknowledged").into());
    }
    Ok(())
}

/// How many numbers the store has. Fails if they are not what they must be.
fn numbers_found(directory: &Path) -> Result<u64, Box<dyn Error>> {
    let store = match Rvm::options().read_only(true).open(directory) {
        Ok(store) => store,
        // It was killed before it made one.
        Err(_) if !directory.exists() => return Ok(0),
        Err(error) => return Err(error.into()),
    };
    let segments = store.segments()?;
    if segments.len() < 2 {
        return Ok(0);
    }
    let (count, numbers) = (store.map("count", WIDTH)?, store.map("numbers", SLOTS * WIDTH)?);
    let last = number_at(&count.read()?, 0)?;
    let numbers = numbers.read()?;
    for number in last.saturating_sub(SLOTS - 1).max(1)..=last {
        let found = number_at(&numbers, number % SLOTS)?;
        if found != number {
            return Err(format!("{found} stands where {number} has to").into());
        }
    }
    Ok(last)
}

fn number_at(bytes: &[u8], slot: u64) -> Result<u64, Box<dyn Error>> {
    let at = usize::try_from(slot * WIDTH)?;
    let word = bytes.get(at..).and_then(<[u8]>::first_chunk).ok_or("the segment is too short")?;
    Ok(u64::from_le_bytes(*word))
}
