//! `rvmctl verify`: checks a store, and writes nothing.

use anstyle::Style;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use rvm_core::rvm_history::verify::{
    Finding, FindingKind, Severity, VerifyOptions, VerifyReport, verify,
};
use rvm_core::rvm_storage::Storage;

use super::status::WAIT;
use crate::arguments::VerifyArguments;
use crate::colours;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;
use crate::place::Place;
use crate::quantities::{bytes, counted, grouped};
use crate::reports::VerifiedReport;

/// Checks the store.
pub(super) fn run(
    place: &Place,
    arguments: &VerifyArguments,
    output: &mut Output,
) -> Result<Exit, Failure> {
    let found = look(place, &place.look()?, arguments.deep)?;
    let report = VerifiedReport::new(place.shown(), &found);
    if output.wants_json() {
        output.json(&report)?;
    } else {
        show_findings(place, &found.findings, output)?;
        output.statement(summary(&report))?;
    }
    Ok(exit_of(&found))
}

/// What checking finds, with a bar meanwhile.
pub(super) fn look(
    place: &Place,
    storage: &dyn Storage,
    deep: bool,
) -> Result<VerifyReport, Failure> {
    let mut options = VerifyOptions::default();
    (options.wait, options.deep) = (WAIT, deep);
    options.directory = Some(place.path().to_owned());
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(15));
    // A template that does not parse would cost the looks, not the check.
    if let Ok(style) = ProgressStyle::with_template("{wide_bar:.green} {bytes} of {total_bytes}") {
        bar.set_style(style);
    }
    let found = verify(storage, &options, &mut |progress| {
        bar.set_length(progress.total);
        bar.set_position(progress.done);
    });
    bar.finish_and_clear();
    Ok(found?)
}

/// Unknown formats are damage only to those who know no better.
pub(super) fn exit_of(report: &VerifyReport) -> Exit {
    let mut damage = report.at_least(Severity::Damage);
    if damage.any(|finding| finding.kind != FindingKind::FormatUnknown) {
        Exit::Corrupt
    } else if report.is_format_unknown() {
        Exit::Format
    } else if report.recovery_due {
        Exit::RecoveryDue
    } else {
        Exit::Fine
    }
}

/// Prints each finding: what and where, what was found there, and what it means.
pub(super) fn show_findings(
    place: &Place,
    findings: &[Finding],
    output: &mut Output,
) -> Result<(), Failure> {
    for finding in findings {
        let severity = output.painted(style_of(finding.severity()), finding.severity().word());
        let file = finding.file.strip_prefix(&place.shown()).unwrap_or(&finding.file);
        let file = file.trim_start_matches('/');
        let Finding { kind, offset, detail, .. } = finding;
        let at = grouped(*offset);
        let meaning = kind.meaning();
        output.statement(format_args!("{severity}: {file}, byte {at}: {detail}; {meaning}"))?;
    }
    if findings.is_empty() { Ok(()) } else { output.line("") }
}

const fn style_of(severity: Severity) -> Style {
    match severity {
        Severity::Damage => colours::BAD,
        Severity::Warning => colours::WARNING,
        Severity::Note => colours::FAINT,
    }
}

fn summary(report: &VerifiedReport) -> String {
    let checked = format!(
        "{}, {}, {}, {} checked",
        counted(report.segments, "segment"),
        counted(report.logs, "log"),
        counted(report.records, "record"),
        bytes(report.bytes)
    );
    let found = if report.damage + report.warnings + report.notes == 0 {
        "nothing found".to_owned()
    } else {
        let damage = if report.damage == 0 { "no".to_owned() } else { grouped(report.damage) };
        let (warnings, notes) =
            (counted(report.warnings, "warning"), counted(report.notes, "note"));
        format!("{damage} damage, {warnings}, {notes}")
    };
    let state = if report.in_use {
        "; it is in use"
    } else if report.recovery_due && report.damage == 0 {
        "; recovery is due"
    } else {
        ""
    };
    format!("{}: {checked}: {found}{state}", report.store)
}
