//! `rvmctl status`: what the store's files say, without a write.

use std::time::Duration;

use rvm_core::inspect;

use crate::colours::{GOOD, WARNING};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{Column, Output};
use crate::place::Place;
use crate::quantities::{bytes, counted, grouped};
use crate::reports::{LogFacts, SegmentFacts, StatusReport};

/// How long to wait for a moment when the store's files keep still.
pub(super) const WAIT: Duration = Duration::from_secs(10);

const COLUMNS: [Column; 7] = [
    Column::Text("SEGMENT"),
    Column::Number("LENGTH"),
    Column::Number("LOG USED"),
    Column::Number("OF"),
    Column::Number("RECORDS"),
    Column::Number("TORN"),
    Column::Text("SHUTDOWN"),
];

/// Shows the store.
pub(super) fn run(place: &Place, output: &mut Output) -> Result<Exit, Failure> {
    let status = inspect::status(&place.look()?, WAIT)?;
    let report = StatusReport::new(place.shown(), status);
    if output.wants_json() {
        output.json(&report)?;
    } else {
        show(&report, output)?;
    }
    Ok(if report.recovery_due { Exit::RecoveryDue } else { Exit::Fine })
}

fn show(report: &StatusReport, output: &mut Output) -> Result<(), Failure> {
    if report.segments.is_empty() {
        output.line("no segments")?;
    } else {
        output.table(&COLUMNS, report.segments.iter().map(row))?;
    }
    output.line("")?;
    for file in &report.unfinished_files {
        output.statement(format_args!("unfinished: {file}, which the next opening removes"))?;
    }
    let dropped: u64 = report
        .segments
        .iter()
        .filter_map(|segment| segment.log.as_ref())
        .map(|log| log.dropped_records)
        .sum();
    if dropped > 0 && report.recovery_due {
        let records = counted(dropped, "record");
        output.statement(format_args!(
            "incomplete: {records} of transactions that never became durable"
        ))?;
    }
    let segments = counted(u64::try_from(report.segments.len()).unwrap_or(u64::MAX), "segment");
    let (style, state) = if report.in_use {
        (GOOD, "in use: a process has it open for writing")
    } else if report.recovery_due {
        (WARNING, "recovery is due: the next opening for writing, or `rvmctl recover`, does it")
    } else {
        (GOOD, "not in use, shut down cleanly")
    };
    let state = output.painted(style, state);
    output.statement(format_args!("{}: {segments}, epoch {}, {state}", report.store, report.epoch))
}

fn row(segment: &SegmentFacts) -> Vec<String> {
    let mut row = vec![segment.name.clone(), bytes(segment.len)];
    match &segment.log {
        None => row.extend(["-", "-", "-", "-", "no log yet"].map(str::to_owned)),
        Some(log) => row.extend(log_cells(log)),
    }
    row
}

fn log_cells(log: &LogFacts) -> [String; 5] {
    let shutdown = if log.clean { "clean" } else { "none" };
    [
        bytes(log.used),
        bytes(log.capacity),
        grouped(log.records),
        bytes(log.torn_bytes),
        shutdown.to_owned(),
    ]
}
