//! What the demo says: what it is about to do, a table of the kills, and the result.

use std::time::Duration;

use super::parent::{Kill, Outcome, Setup};
use super::survey::Survey;
use crate::arguments::CommitKind;
use crate::failure::Failure;
use crate::output::{Column, Output};
use crate::quantities::{bytes, counted, duration, grouped, nanos, per_second};
use crate::reports::{DemoReport, KillFacts, OpeningFacts};

/// The columns before and behind those that depend on the durability.
const FIRST_COLUMNS: [Column; 4] = [
    Column::Number("kill"),
    Column::Text("during"),
    Column::Number("acknowledged"),
    Column::Number("found"),
];
const LAST_COLUMNS: [Column; 4] = [
    Column::Number("records"),
    Column::Number("recovered"),
    Column::Number("torn"),
    Column::Number("recovery"),
];

/// Says what is about to be done.
pub(super) fn beginning(
    setup: &Setup,
    survey: &Survey,
    output: &mut Output,
) -> Result<(), Failure> {
    output.statement(format_args!(
        "{}: {}, {} aircraft, {}, {}",
        setup.input.name(),
        counted(survey.flights, "flight"),
        grouped(survey.aircraft),
        counted(survey.carriers, "carrier"),
        counted(survey.airports, "airport"),
    ))?;
    let durability = match setup.durability {
        CommitKind::Force => "forced before it is acknowledged".to_owned(),
        CommitKind::Lazy => format!("durable within {} ms", setup.interval.as_millis()),
    };
    output.statement(format_args!("one transaction a flight, over 4 segments, {durability}"))?;
    output.statement(format_args!(
        "{} to come, seed {}, store in {}",
        counted(setup.kills, "kill"),
        setup.seed,
        setup.directory.display()
    ))?;
    output.line("")
}

/// All that is to be told of a demo.
pub(super) fn report(
    setup: &Setup,
    survey: &Survey,
    outcome: &Outcome,
    took: Duration,
    store_kept: bool,
) -> DemoReport {
    let Outcome { kills, entered, acknowledged, work, faults } = outcome;
    let oldest_missing = kills.iter().filter_map(|kill| kill.oldest_missing).max();
    let lazy = setup.durability == CommitKind::Lazy;
    DemoReport {
        ok: faults.is_empty(),
        fault_count: faults.count(),
        faults: faults.named().to_vec(),
        store: setup.directory.display().to_string(),
        store_kept,
        input: setup.input.name(),
        flights: survey.flights,
        aircraft: survey.aircraft,
        carriers: survey.carriers,
        airports: survey.airports,
        durability: setup.durability.word(),
        interval_millis: lazy
            .then(|| u64::try_from(setup.interval.as_millis()).unwrap_or(u64::MAX)),
        seed: setup.seed,
        laps: entered.div_ceil(survey.flights),
        entered: *entered,
        acknowledged: *acknowledged,
        unacknowledged: kills.iter().map(unacknowledged).sum(),
        missing: kills.iter().map(|kill| kill.missing).sum(),
        oldest_missing_nanos: oldest_missing.map(nanos),
        work_nanos: nanos(*work),
        duration_nanos: nanos(took),
        transactions_per_second: per_second(*acknowledged, *work),
        kills: (1..).zip(kills).map(|(number, kill)| facts(number, kill)).collect(),
    }
}

/// Commits that were durable when the kill kept the program from saying so.
fn unacknowledged(kill: &Kill) -> u64 {
    let ahead = kill.found.map_or(0, |found| found.saturating_sub(kill.acknowledged));
    if kill.at_work { ahead } else { 0 }
}

fn facts(number: u64, kill: &Kill) -> KillFacts {
    KillFacts {
        kill: number,
        during: if kill.at_work { "work" } else { "opening" },
        acknowledged: kill.acknowledged,
        found: kill.found,
        missing: kill.missing,
        oldest_missing_nanos: kill.oldest_missing.map(nanos),
        opening: kill.recovery.map(|opened| OpeningFacts {
            recovered: opened.recovered,
            records: opened.records,
            range_bytes: opened.range_bytes,
            applied_bytes: opened.applied_bytes,
            dropped_records: opened.dropped_records,
            torn_bytes: opened.torn_bytes,
            recovery_nanos: opened.recovery_nanos,
        }),
    }
}

/// Shows the table of the kills, and the result.
pub(super) fn ending(report: &DemoReport, output: &mut Output) -> Result<(), Failure> {
    let lazy = report.interval_millis.is_some();
    if !report.kills.is_empty() {
        let mut columns = FIRST_COLUMNS.to_vec();
        columns.push(Column::Number("missing"));
        if lazy {
            columns.push(Column::Number("oldest"));
        }
        columns.extend(LAST_COLUMNS);
        output.table_with_rules(&columns, report.kills.iter().map(|kill| row(kill, lazy)))?;
        output.line("")?;
    }
    result(report, output)
}

fn row(kill: &KillFacts, lazy: bool) -> Vec<String> {
    let mut row = vec![
        kill.kill.to_string(),
        kill.during.to_owned(),
        grouped(kill.acknowledged),
        kill.found.map_or_else(|| "-".to_owned(), grouped),
        grouped(kill.missing),
    ];
    if lazy {
        row.push(kill.oldest_missing_nanos.map_or_else(String::new, age));
    }
    match &kill.opening {
        // The next opening was killed before it had anything to tell.
        None => row.extend(["-", "-", "-", "killed"].map(str::to_owned)),
        Some(opening) => row.extend([
            grouped(opening.records),
            bytes(opening.range_bytes),
            bytes(opening.torn_bytes),
            age(opening.recovery_nanos),
        ]),
    }
    row
}

fn age(nanos: u64) -> String {
    duration(Duration::from_nanos(nanos))
}

fn result(report: &DemoReport, output: &mut Output) -> Result<(), Failure> {
    for fault in &report.faults {
        output.statement(format_args!("WRONG: {fault}"))?;
    }
    let laps =
        if report.laps > 1 { format!(" in {} laps", grouped(report.laps)) } else { String::new() };
    let verdict = if report.ok {
        "every total equal".to_owned()
    } else {
        format!("{} FOUND", counted(report.fault_count, "fault"))
    };
    output.statement(format_args!(
        "{}{laps}, {}, {} acknowledged, {} missing, {verdict}.",
        counted(report.entered, "flight"),
        counted(u64::try_from(report.kills.len()).unwrap_or(u64::MAX), "kill"),
        grouped(report.acknowledged),
        grouped(report.missing),
    ))?;
    if report.unacknowledged > 0 {
        let more = grouped(report.unacknowledged);
        output.statement(format_args!(
            "{more} more were committed when the kill cut off the word of it."
        ))?;
    }
    let window = report.interval_millis.filter(|_| report.ok);
    if let (Some(interval), Some(oldest)) = (window, report.oldest_missing_nanos) {
        let oldest = age(oldest);
        output.statement(format_args!(
            "Missing were only the latest, the oldest acknowledged {oldest} before its kill, of {interval} ms allowed."
        ))?;
    }
    output.statement(format_args!(
        "{} transactions per second; {} at work, {} in all.",
        grouped(report.transactions_per_second),
        age(report.work_nanos),
        age(report.duration_nanos),
    ))?;
    if report.store_kept {
        output.statement(format_args!("The store is in {}.", report.store))?;
    }
    Ok(())
}
