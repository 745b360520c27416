//! `rvmctl truncate`: folds all logs into their segments.

use super::recover::tell_if_recovered;
use crate::failure::Failure;
use crate::output::Output;
use crate::place::Place;
use crate::quantities::{bytes, counted};
use crate::reports::{RecoveryFacts, TruncatedReport};

/// Opens the store, folds its logs, and closes it.
pub(super) fn run(place: &Place, output: &mut Output) -> Result<(), Failure> {
    let store = place.open()?;
    let recovery = RecoveryFacts::from(store.recovery_report());
    let truncated = store.truncate_log()?;
    let report = TruncatedReport {
        store: place.shown(),
        logs_truncated: truncated.logs_truncated,
        freed_bytes: truncated.freed_bytes,
        out_of_space: truncated.out_of_space,
        recovery,
    };
    if output.wants_json() {
        output.json(&report)?;
    } else {
        show(&report, output)?;
    }
    if !report.out_of_space.is_empty() {
        return Err(Failure::OutOfSpace { segments: report.out_of_space });
    }
    Ok(store.close()?)
}

fn show(report: &TruncatedReport, output: &mut Output) -> Result<(), Failure> {
    tell_if_recovered(&report.recovery, output)?;
    if report.logs_truncated == 0 {
        return output.statement(format_args!("{}: all logs are empty", report.store));
    }
    output.statement(format_args!(
        "{}: {} folded, {} freed",
        report.store,
        counted(report.logs_truncated, "log"),
        bytes(report.freed_bytes)
    ))
}
