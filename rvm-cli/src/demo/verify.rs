//! `rvmctl demo --verify`: compares a ledger that is there with the flight records, without a kill and without a write.

use std::path::Path;

use super::compare::compare;
use super::faults::Faults;
use super::input::Input;
use super::ledger::Books;
use super::straight::StraightCount;
use super::survey::Survey;
use crate::failure::Failure;
use crate::output::Output;
use crate::place::Place;
use crate::quantities::counted;
use crate::reports::VerifyReport;

/// Compares the ledger in `directory`.
pub(super) fn run(
    directory: &Path,
    input: &Input,
    survey: &Survey,
    output: &mut Output,
) -> Result<(), Failure> {
    Place::new(Some(directory.to_owned())).look()?;
    let books = Books::read(directory)?;
    if books.room() != survey.flights {
        return Err(Failure::Usage(format!(
            "the ledger in {} is of {}, and {} has {}",
            directory.display(),
            counted(books.room(), "flight"),
            input.name(),
            counted(survey.flights, "flight")
        )));
    }
    let mut faults = Faults::default();
    let mut straight = StraightCount::new(input, survey.flights)?;
    compare(&books, &mut straight, &mut faults)?;
    let report = VerifyReport {
        ok: faults.is_empty(),
        fault_count: faults.count(),
        faults: faults.named().to_vec(),
        store: directory.display().to_string(),
        input: input.name(),
        flights: survey.flights,
        entered: books.entered,
    };
    if output.wants_json() {
        output.json(&report)?;
    } else {
        show(&report, output)?;
    }
    faults.verdict(directory)
}

fn show(report: &VerifyReport, output: &mut Output) -> Result<(), Failure> {
    let entered = counted(report.entered, "flight");
    if report.ok {
        return output.line(format_args!("{entered} entered, every total equal"));
    }
    for fault in &report.faults {
        output.line(format_args!("DIFFERENT: {fault}"))?;
    }
    output.line(format_args!("{entered} entered, {}", counted(report.fault_count, "difference")))
}
