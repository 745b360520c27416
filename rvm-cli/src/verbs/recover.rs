//! `rvmctl recover`: brings the store to its committed state after a crash, and tells what was found.

use std::time::Duration;

use crate::failure::Failure;
use crate::output::{Column, Output};
use crate::place::Place;
use crate::quantities::{bytes, counted, duration, grouped};
use crate::reports::{RecoveredLog, RecoveredReport, RecoveryFacts};

const COLUMNS: [Column; 6] = [
    Column::Text("SEGMENT"),
    Column::Number("RECORDS"),
    Column::Number("IN RANGES"),
    Column::Number("WRITTEN"),
    Column::Number("DROPPED"),
    Column::Number("TORN"),
];

/// Opens the store, which recovers it, and closes it cleanly.
pub(super) fn run(place: &Place, output: &mut Output) -> Result<(), Failure> {
    let store = place.open()?;
    let recovery = RecoveryFacts::from(store.recovery_report());
    store.close()?;
    let report = RecoveredReport { store: place.shown(), recovery };
    if output.wants_json() {
        return output.json(&report);
    }
    show(&report, output)
}

/// Says that opening the store recovered it, for verbs whose news are others.
pub(super) fn tell_if_recovered(
    recovery: &RecoveryFacts,
    output: &mut Output,
) -> Result<(), Failure> {
    if !recovery.recovered {
        return Ok(());
    }
    output.statement(format_args!("recovered first: {}", summary(recovery)))
}

fn show(report: &RecoveredReport, output: &mut Output) -> Result<(), Failure> {
    let RecoveredReport { store, recovery } = report;
    for segment in &recovery.adopted {
        output.statement(format_args!("adopted {segment}, which had no log"))?;
    }
    for file in &recovery.removed_files {
        output.statement(format_args!("removed {file}, which was being made"))?;
    }
    if !recovery.recovered {
        return output
            .statement(format_args!("{store}: nothing to recover, it was shut down cleanly"));
    }
    output.table(&COLUMNS, recovery.logs.iter().map(row))?;
    output.line("")?;
    let time = duration(Duration::from_nanos(recovery.duration_nanos));
    let epoch = recovery.epoch;
    output.statement(format_args!("{store}: {} in {time}; epoch {epoch} begins", summary(recovery)))
}

fn summary(recovery: &RecoveryFacts) -> String {
    let records = recovery.logs.iter().map(|log| log.records).sum();
    let applied = recovery.logs.iter().map(|log| log.applied_bytes).sum();
    format!("{} applied, {} written", counted(records, "record"), bytes(applied))
}

fn row(log: &RecoveredLog) -> Vec<String> {
    vec![
        log.segment.clone(),
        grouped(log.records),
        bytes(log.range_bytes),
        bytes(log.applied_bytes),
        grouped(log.dropped_records),
        bytes(log.torn_bytes),
    ]
}
