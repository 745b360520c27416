//! `rvmctl replay`: a store as it was after a transaction or at a time, as a new store.

use std::io::ErrorKind;
use std::path::Path;

use rvm_core::rvm_history::copy_error::CopyError;
use rvm_core::rvm_history::point_in_time::{plan_point_in_time, point_in_time_to};

use super::status::WAIT;
use crate::arguments::ReplayArguments;
use crate::failure::Failure;
use crate::output::{Column, Output};
use crate::place::Place;
use crate::quantities::{bytes, counted};
use crate::reports::{ReplayReport, ReplayedSegment};
use crate::watching::Watching;

const COLUMNS: [Column; 4] = [
    Column::Text("SEGMENT"),
    Column::Number("LENGTH"),
    Column::Text("FROM"),
    Column::Number("REPLAYED"),
];

/// Writes the new store, or tells what it would have.
pub(super) fn run(
    place: &Place,
    asked: &ReplayArguments,
    output: &mut Output,
) -> Result<(), Failure> {
    let storage = place.look()?;
    let (until, to, dry_run) = (asked.until, asked.to.display().to_string(), asked.dry_run);
    let done = if dry_run {
        check_free(&asked.to)?;
        plan_point_in_time(&storage, until, WAIT)?
    } else {
        point_in_time_to(&storage, until, &asked.to, WAIT, &mut Watching::begin()?)?
    };
    let segments = done.segments.into_iter().map(|segment| ReplayedSegment {
        name: segment.name,
        len: segment.len,
        from_archive: segment.from_archive,
        transactions: (!dry_run).then_some(segment.transactions),
        written_bytes: (!dry_run).then_some(segment.written_bytes),
    });
    let report = ReplayReport {
        store: place.shown(),
        to,
        dry_run,
        until_transaction: done.until.0,
        newest_transaction: done.newest.0,
        segments: segments.collect(),
        absent: done.absent,
    };
    if output.wants_json() { output.json(&report) } else { show(&report, output) }
}

/// Fails as the real one does if the directory is there and has anything in it.
fn check_free(to: &Path) -> Result<(), Failure> {
    let is_free = match to.read_dir() {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) if error.kind() == ErrorKind::NotFound => true,
        Err(error) => return Err(Failure::file("list", to, error)),
    };
    if is_free {
        Ok(())
    } else {
        Err(CopyError::NotEmpty { path: to.display().to_string() }.into())
    }
}

fn show(report: &ReplayReport, output: &mut Output) -> Result<(), Failure> {
    let rows = report.segments.iter().map(|segment| {
        vec![
            segment.name.clone(),
            bytes(segment.len),
            if segment.from_archive { "archive" } else { "log" }.to_owned(),
            segment.transactions.map_or_else(String::new, |count| count.to_string()),
        ]
    });
    output.table(&COLUMNS, rows)?;
    for name in &report.absent {
        output.statement(format_args!("{name} was not there"))?;
    }
    let ReplayReport { store, to, until_transaction, newest_transaction, .. } = report;
    let written = report.segments.iter().filter_map(|segment| segment.written_bytes).sum();
    let count = counted(rvm_core::rvm_storage::widths::wide(report.segments.len()), "segment");
    let of = format!("{store} after transaction {until_transaction} of {newest_transaction}");
    if report.dry_run {
        output.statement(format_args!("{to} would have {count}, of {of}"))
    } else {
        output.statement(format_args!("{to}: {count}, of {of}; {} written", bytes(written)))
    }
}
