//! `rvmctl log ls`: the live records of the logs.

use rvm_core::inspect;
use rvm_core::rvm_storage::Storage;

use super::status::WAIT;
use crate::failure::Failure;
use crate::output::{Column, Output, printable};
use crate::place::{self, Place};
use crate::quantities::{bytes, counted, grouped};
use crate::reports::{LogRecords, LogsReport, RangeFacts, RecordFacts};

const COLUMNS: [Column; 8] = [
    Column::Number("LSN"),
    Column::Number("BYTES"),
    Column::Number("TRANSACTION"),
    Column::Text("COMMITTED"),
    Column::Text("KIND"),
    Column::Number("WITH"),
    Column::Text("RANGES"),
    Column::Text("LABEL"),
];

/// How many ranges of a record are shown one by one.
const RANGES_SHOWN: usize = 4;

/// Lists the live records of a segment's log, or of all logs.
pub(super) fn list(
    place: &Place,
    name: Option<String>,
    output: &mut Output,
) -> Result<(), Failure> {
    let storage = place.look()?;
    let names = match name {
        Some(name) => vec![name],
        None => place::segments(&storage)?.into_iter().map(|(name, _)| name).collect(),
    };
    let mut logs = Vec::new();
    for segment in names {
        let log = LogRecords { records: records_of(&storage, &segment)?, segment };
        if output.wants_json() {
            logs.push(log);
        } else {
            show(&log, output)?;
        }
    }
    if output.wants_json() {
        return output.json(&LogsReport { store: place.shown(), logs });
    }
    Ok(())
}

fn records_of(storage: &dyn Storage, segment: &str) -> Result<Vec<RecordFacts>, Failure> {
    let mut records = Vec::new();
    inspect::each_record(storage, segment, WAIT, |record| {
        records.push(RecordFacts::from(record));
        Ok(())
    })?;
    Ok(records)
}

fn show(log: &LogRecords, output: &mut Output) -> Result<(), Failure> {
    if log.records.is_empty() {
        return output.statement(format_args!("{}: no records", log.segment));
    }
    let count = u64::try_from(log.records.len()).unwrap_or(u64::MAX);
    let len = log.records.iter().map(|record| record.len).sum();
    output.statement(format_args!(
        "{}: {}, {}",
        log.segment,
        counted(count, "record"),
        bytes(len)
    ))?;
    output.table(&COLUMNS, log.records.iter().map(row))
}

fn row(record: &RecordFacts) -> Vec<String> {
    vec![
        record.lsn.to_string(),
        grouped(record.len),
        record.transaction.to_string(),
        record.commit_time.clone(),
        if record.lazy { "lazy" } else { "force" }.to_owned(),
        others(record),
        ranges(&record.ranges),
        printable(&record.label),
    ]
}

/// With how many other segments the transaction was: changed, and depended on.
fn others(record: &RecordFacts) -> String {
    match (record.participants, record.dependencies) {
        (participants, 0) => participants.to_string(),
        (participants, dependencies) => format!("{participants}+{dependencies}"),
    }
}

/// Ranges as offset and length.
fn ranges(ranges: &[RangeFacts]) -> String {
    let shown = ranges.iter().take(RANGES_SHOWN);
    let mut texts: Vec<String> =
        shown.map(|range| format!("{:#x}+{}", range.offset, range.len)).collect();
    if let Some(more) = ranges.len().checked_sub(RANGES_SHOWN).filter(|more| *more > 0) {
        texts.push(format!("and {more} more"));
    }
    texts.join(" ")
}
