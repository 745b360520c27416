//! Tests a structure of one's own with the crash lab: two accounts, and money that moves between them.
//!
//! `cargo run -p rvm-core --example crash_lab` explores every power cut, finds the planted bug (a transfer in two transactions),
//! and prints the shortest script that shows it. With `--mended` it finds nothing.

#![allow(clippy::print_stdout, reason = "an example shows what it finds")]

use std::sync::Arc;

use rvm_core::rvm_storage::sim::{Explorer, Notes, SimStorage};
use rvm_core::{Error, Rvm, Segment, Transaction};

const OPENING_BALANCE: u64 = 100;

/// Moves so much from the first account to the second.
#[derive(Clone, Debug)]
struct Transfer(u64);

fn open(storage: &SimStorage) -> Result<(Rvm, Segment, Segment), Error> {
    let options = Rvm::options().background(false).helpers(0).log_capacity_initial(32 << 10);
    let rvm = options.open_with(Arc::new(storage.clone()))?;
    let (first, second) = (rvm.map("first", 8)?, rvm.map("second", 8)?);
    Ok((rvm, first, second))
}

fn balance(bytes: &[u8]) -> u64 {
    bytes.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes))
}

fn add(txn: &mut Transaction, account: &Segment, amount: u64) -> Result<(), Error> {
    let balance = balance(txn.read(account)?).wrapping_add(amount);
    txn.write(account, 0, &balance.to_le_bytes())
}

fn main() {
    let mended = std::env::args().any(|argument| argument == "--mended");
    let run = |storage: &SimStorage, steps: &[Transfer], notes: &Notes<u64>| {
        let (rvm, first, second) = open(storage)?;
        rvm.transaction(&[&first], |txn| add(txn, &first, OPENING_BALANCE))?;
        notes.note(OPENING_BALANCE);
        for Transfer(amount) in steps {
            if mended {
                rvm.transaction(&[&first, &second], |txn| {
                    add(txn, &first, amount.wrapping_neg())?;
                    add(txn, &second, *amount)
                })?;
            } else {
                rvm.transaction(&[&first], |txn| add(txn, &first, amount.wrapping_neg()))?;
                rvm.transaction(&[&second], |txn| add(txn, &second, *amount))?;
            }
        }
        rvm.close()
    };
    // What must hold behind every power cut: no money is lost, and none is made.
    let check = |storage: &SimStorage, notes: &[u64]| {
        let (_rvm, first, second) = open(storage).map_err(|error| error.to_string())?;
        let found = balance_of(&first)? + balance_of(&second)?;
        let expected = notes.last().copied().unwrap_or(found);
        if found == expected { Ok(found) } else { Err(format!("{found} in all, not {expected}")) }
    };
    match Explorer::new(1).explore(&[Transfer(10), Transfer(5), Transfer(20)], run, check) {
        Ok(explored) => println!("{} stores found behind a power cut, all right", explored.states),
        Err(failure) => println!("{failure}"),
    }
}

fn balance_of(account: &Segment) -> Result<u64, String> {
    Ok(balance(&account.read().map_err(|error| error.to_string())?))
}
