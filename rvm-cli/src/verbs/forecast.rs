//! The dry runs of `rvmctl recover` and `rvmctl truncate`: what they would do.

use std::time::Duration;

use rvm_core::rvm_history::forecast::Forecast;

use super::status::WAIT;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{Column, Output, printable};
use crate::place::{Place, refuse_in_use};
use crate::quantities::{bytes, counted, duration, grouped};
use crate::reports::{DroppedFacts, ForecastReport, LogForecastFacts};

const COLUMNS: [Column; 6] = [
    Column::Text("SEGMENT"),
    Column::Number("RECORDS"),
    Column::Number("LOG"),
    Column::Number("IN RANGES"),
    Column::Number("DROPPED"),
    Column::Number("TORN"),
];

/// How many records that would be dropped are shown of each log.
const DROPPED_SHOWN: usize = 10;

/// What is not done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Act {
    Recover,
    Truncate,
}

/// Tells what would be done. Ends with 3 if recovery is due.
pub(super) fn run(place: &Place, act: Act, output: &mut Output) -> Result<Exit, Failure> {
    let storage = place.look()?;
    refuse_in_use(&storage)?;
    let forecast = Forecast::of(&storage, WAIT)?;
    let report = ForecastReport::new(place.shown(), &forecast);
    if output.wants_json() {
        output.json(&report)?;
    } else {
        show(&report, act, output)?;
    }
    Ok(if report.recovery_due { Exit::RecoveryDue } else { Exit::Fine })
}

fn show(report: &ForecastReport, act: Act, output: &mut Output) -> Result<(), Failure> {
    for segment in &report.adopted {
        output.statement(format_args!("would adopt {segment}, which has no log"))?;
    }
    let store = &report.store;
    let records: u64 = report.logs.iter().map(|log| log.records).sum();
    if !report.recovery_due {
        let nothing = match act {
            Act::Recover => "nothing to recover, it was shut down cleanly",
            Act::Truncate => "all logs are empty",
        };
        return output.statement(format_args!("{store}: {nothing}"));
    }
    output.table(&COLUMNS, report.logs.iter().map(row))?;
    output.line("")?;
    for log in report.logs.iter().filter(|log| !log.dropped.is_empty()) {
        dropped(log, output)?;
    }
    let time = duration(Duration::from_nanos(report.estimated_nanos));
    let (records, next) = (counted(records, "record"), report.epoch + 1);
    output.statement(format_args!(
        "{store}: would apply {records} in an estimated {time}; epoch {next} would begin; nothing was written"
    ))
}

fn row(log: &LogForecastFacts) -> Vec<String> {
    vec![
        log.segment.clone(),
        grouped(log.records),
        bytes(log.log_bytes),
        bytes(log.range_bytes),
        grouped(log.dropped_records),
        bytes(log.torn_bytes),
    ]
}

fn dropped(log: &LogForecastFacts, output: &mut Output) -> Result<(), Failure> {
    for one in log.dropped.iter().take(DROPPED_SHOWN) {
        let DroppedFacts { transaction, lsn, label, missing_in, needed_lsn } = one;
        let label =
            if label.is_empty() { String::new() } else { format!(", {}", printable(label)) };
        let why = match (missing_in, needed_lsn) {
            (Some(segment), Some(needed)) => {
                format!("the log of {segment} does not count up to LSN {}", grouped(*needed))
            }
            _ => "it follows one that is dropped".to_owned(),
        };
        let (segment, lsn) = (&log.segment, grouped(*lsn));
        output.statement(format_args!(
            "would drop transaction {transaction} of {segment}, LSN {lsn}{label}: {why}"
        ))?;
    }
    let shown = u64::try_from(DROPPED_SHOWN).unwrap_or(u64::MAX);
    match log.dropped_records.saturating_sub(shown) {
        0 => output.line(""),
        more => output.statement(format_args!("and {} more of {}", grouped(more), log.segment)),
    }
}
