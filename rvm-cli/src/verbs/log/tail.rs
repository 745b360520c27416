//! `rvmctl log tail`: the newest transactions, and those that come.

use std::collections::VecDeque;
use std::time::Instant;

use rvm_core::Error;
use rvm_core::rvm_history::History;
use rvm_core::rvm_history::history::{Batch, Transaction};
use rvm_core::rvm_storage::StorageError;

use super::list::{positions, ranges};
use super::{check_segments, kind_of};
use crate::arguments::LogTailArguments;
use crate::colours::{FAINT, NAME, STRONG};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{Output, complain, printable};
use crate::place::Place;
use crate::reports::{MissedFacts, TransactionFacts};
use crate::timestamps::rfc3339;
use crate::verbs::status::WAIT;
use crate::waiting::Interrupt;

/// How often in a row a store may look damaged while it is made again, before it is taken for damaged.
const FAULTS_MAX: u32 = 20;

/// Shows the newest transactions, and goes on if that was asked for.
pub(super) fn run(
    place: &Place,
    asked: &LogTailArguments,
    output: &mut Output,
) -> Result<Exit, Failure> {
    let storage = place.look()?;
    check_segments(place, &storage, &asked.filter)?;
    let interrupt = asked.follow.then(Interrupt::listen).transpose()?;
    let mut history = History::new(asked.filter.filter());
    let mut newest = VecDeque::new();
    loop {
        let batch = history.batch(&storage, WAIT)?;
        newest.extend(batch.transactions);
        while newest.len() > asked.last {
            newest.pop_front();
        }
        if !batch.is_full {
            break;
        }
    }
    newest.iter().try_for_each(|transaction| line(transaction, output))?;
    output.flush()?;
    match interrupt {
        None => Ok(Exit::Fine),
        Some(interrupt) => follow(place, asked, &mut history, &interrupt, output),
    }
}

fn follow(
    place: &Place,
    asked: &LogTailArguments,
    history: &mut History,
    interrupt: &Interrupt,
    output: &mut Output,
) -> Result<Exit, Failure> {
    let (mut left, mut faults) = (asked.count.unwrap_or(u64::MAX), 0);
    let mut is_full = false;
    loop {
        let now = Instant::now();
        if interrupt.pause(if is_full { now } else { now + asked.interval }) {
            return Ok(Exit::Interrupted);
        }
        let looked = place.look().and_then(|storage| Ok(history.batch(&storage, WAIT)?));
        let batch: Batch = match looked {
            Ok(batch) => batch,
            Err(failure) if may_pass(&failure) => continue,
            Err(failure) if faults == FAULTS_MAX => return Err(failure),
            Err(_) => {
                faults += 1;
                continue;
            }
        };
        (is_full, faults) = (batch.is_full, 0);
        missed(batch.missed_at_most, output)?;
        for transaction in &batch.transactions {
            line(transaction, output)?;
            left -= 1;
            if left == 0 {
                return Ok(Exit::Fine);
            }
        }
        output.flush()?;
    }
}

/// Whether it is nothing but a store that is not there for now, or whose files do not keep still.
fn may_pass(failure: &Failure) -> bool {
    match failure {
        Failure::NoStore { .. } => true,
        Failure::Store(error) => matches!(
            error,
            Error::LayoutBusy { .. }
                | Error::NotFound { .. }
                | Error::Io(StorageError::NotFound { .. })
        ),
        _ => false,
    }
}

fn missed(at_most: u64, output: &mut Output) -> Result<(), Failure> {
    if at_most == 0 {
        return Ok(());
    }
    if output.wants_json() {
        return output.json_line(&MissedFacts { missed_at_most: at_most });
    }
    output.flush()?;
    complain(&format!("rvmctl: missed up to {at_most}, folded before they were seen"));
    Ok(())
}

fn line(transaction: &Transaction, output: &mut Output) -> Result<(), Failure> {
    if output.wants_json() {
        return output.json_line(&TransactionFacts::from(transaction));
    }
    let label = printable(&transaction.label);
    let line = format!(
        "{} {} {} {} {} {}",
        output.painted(STRONG, transaction.id),
        output.painted(FAINT, rfc3339(transaction.commit_time)),
        kind_of(transaction.lazy),
        positions(transaction),
        ranges(transaction),
        output.painted(NAME, label),
    );
    output.statement(line.trim_end())
}
