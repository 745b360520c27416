//! `rvmctl log ls`: a line for each transaction over all logs.

use rvm_core::rvm_history::History;
use rvm_core::rvm_history::history::{Part, Transaction, dropped};

use super::{check_segments, kind_of};
use crate::arguments::LogLsArguments;
use crate::failure::Failure;
use crate::output::{Column, Output, printable};
use crate::place::Place;
use crate::quantities::{counted, grouped};
use crate::reports::{TransactionFacts, TransactionsReport};
use crate::timestamps::rfc3339;
use crate::verbs::status::WAIT;

const COLUMNS: [Column; 7] = [
    Column::Number("TRANSACTION"),
    Column::Text("COMMITTED"),
    Column::Text("KIND"),
    Column::Text("AT LSN"),
    Column::Number("BYTES"),
    Column::Text("RANGES"),
    Column::Text("LABEL"),
];

/// How many ranges of a transaction are shown one by one.
const RANGES_SHOWN: usize = 4;

/// Lists the transactions.
pub(super) fn run(
    place: &Place,
    asked: &LogLsArguments,
    output: &mut Output,
) -> Result<(), Failure> {
    let storage = place.look()?;
    check_segments(place, &storage, &asked.filter)?;
    let mut history = History::new(asked.filter.filter());
    let dropped = dropped(&storage, WAIT)?;
    let mut report = TransactionsReport {
        store: place.shown(),
        transactions: Vec::new(),
        dropped: dropped.iter().map(TransactionFacts::from).collect(),
    };
    let mut count = 0;
    loop {
        let batch = history.batch(&storage, WAIT)?;
        if output.wants_json() {
            report.transactions.extend(batch.transactions.iter().map(TransactionFacts::from));
        } else if !batch.transactions.is_empty() {
            output.table(&COLUMNS, batch.transactions.iter().map(row))?;
        }
        count += batch.transactions.len();
        if !batch.is_full {
            break;
        }
    }
    if output.wants_json() {
        return output.json(&report);
    }
    if count == 0 {
        output.statement("no transactions: the logs hold none that was asked for")?;
    }
    if !dropped.is_empty() {
        let number = counted(u64::try_from(dropped.len()).unwrap_or(u64::MAX), "transaction");
        output.line("")?;
        output.statement(format_args!(
            "incomplete: {number}, which recovery drops, or a process is committing just now"
        ))?;
        output.table(&COLUMNS, dropped.iter().map(row))?;
    }
    Ok(())
}

fn row(transaction: &Transaction) -> Vec<String> {
    vec![
        transaction.id.to_string(),
        rfc3339(transaction.commit_time),
        kind_of(transaction.lazy).to_owned(),
        positions(transaction),
        grouped(transaction.range_bytes()),
        ranges(transaction),
        printable(&transaction.label),
    ]
}

/// Where its records start in the logs.
pub(super) fn positions(transaction: &Transaction) -> String {
    let parts = transaction.parts.iter().map(|part| format!("{}@{}", part.segment, part.lsn));
    let mut texts: Vec<String> = parts.collect();
    if transaction.folded_parts > 0 {
        texts.push(format!("and {} folded", transaction.folded_parts));
    }
    texts.join(" ")
}

/// Its ranges, written as `--touching` takes them.
pub(super) fn ranges(transaction: &Transaction) -> String {
    let one =
        |part: &Part, (offset, len): (u64, u64)| format!("{}:{offset:#x}+{len}", part.segment);
    let all = transaction
        .parts
        .iter()
        .flat_map(|part| part.ranges.iter().map(move |range| one(part, *range)));
    let mut texts: Vec<String> = all.take(RANGES_SHOWN).collect();
    let shown = u64::try_from(texts.len()).unwrap_or(u64::MAX);
    if let Some(more) = transaction.range_count().checked_sub(shown).filter(|more| *more > 0) {
        texts.push(format!("and {more} more"));
    }
    texts.join(" ")
}
