//! What a crash test tells: the plan before, the figures after, and all that helps with a failure.

use std::path::PathBuf;
use std::time::Duration;

use super::plan::Plan;
use super::session::{Ending, Finding, Outcome};
use crate::failure::Failure;
use crate::output::{Column, Output};
use crate::quantities::{counted, duration, grouped, nanos, per_second};
use crate::reports::{CrashtestReport, FindingFacts};

/// Tells the plan.
pub(super) fn beginning(plan: &Plan, output: &mut Output) -> Result<(), Failure> {
    let (low, high) = (plan.min_ms, plan.max_ms);
    let from = plan.after_lines.map_or_else(
        || "its start".to_owned(),
        |max| format!("one of its first {}", counted(max, "line")),
    );
    let limit = match (plan.kills, plan.time) {
        (Some(kills), Some(time)) => {
            format!("{}, in {} at most", counted(kills, "kill"), duration(time))
        }
        (Some(kills), None) => counted(kills, "kill"),
        (None, time) => format!("kills for {}", duration(time.unwrap_or_default())),
    };
    output.statement(format_args!("{limit} of {}", plan.command_line()))?;
    output.statement(format_args!("each {low} to {high} ms after {from}; seed {}", plan.seed))?;
    if let Some(check) = &plan.check {
        output.statement(format_args!("check: {check}"))?;
    }
    if let Some(store) = &plan.store {
        output.statement(format_args!("check: the store in {} opens", store.display()))?;
    }
    output.line("")
}

/// All of it, for JSON and for people.
pub(super) fn report(plan: &Plan, outcome: &Outcome, kept: Option<PathBuf>) -> CrashtestReport {
    let tally = &outcome.tally;
    let finding = match &outcome.ending {
        Ending::Found(finding) => {
            Some(facts(finding, tally.acknowledged, plan.repetition(tally.kills), kept))
        }
        _ => None,
    };
    CrashtestReport {
        ok: outcome.passed(),
        command: plan.command_line(),
        check: plan.check.clone(),
        store: plan.store.as_ref().map(|store| store.display().to_string()),
        seed: plan.seed,
        min_millis: plan.min_ms,
        max_millis: plan.max_ms,
        after_lines: plan.after_lines,
        interrupted: matches!(outcome.ending, Ending::Interrupted),
        rounds: tally.rounds,
        kills: tally.kills,
        kills_before_first_line: tally.before_first_line,
        ended_before_kill: tally.ended_before,
        acknowledged_lines: tally.acknowledged,
        shortest_life_nanos: tally.shortest.map(nanos),
        longest_life_nanos: tally.longest.map(nanos),
        duration_nanos: nanos(outcome.time),
        kills_per_second: per_second(tally.kills, outcome.time),
        finding,
    }
}

fn facts(
    finding: &Finding,
    acknowledged_lines: u64,
    repeat: String,
    kept: Option<PathBuf>,
) -> FindingFacts {
    FindingFacts {
        round: finding.round,
        reason: finding.reason.clone(),
        delay_nanos: finding.moment.map(|moment| nanos(moment.delay)),
        delay_after_line: finding.moment.and_then(|moment| moment.line),
        life_nanos: nanos(finding.life),
        acknowledged_lines,
        output: finding.output.clone(),
        repeat,
        evidence: kept.map(|path| path.display().to_string()),
    }
}

/// Tells the figures, and the failure.
pub(super) fn ending(report: &CrashtestReport, output: &mut Output) -> Result<(), Failure> {
    let life = |time: Option<u64>| {
        time.map_or_else(|| "-".to_owned(), |time| duration(Duration::from_nanos(time)))
    };
    let rows = [
        ("kills", grouped(report.kills)),
        ("  before the first line", grouped(report.kills_before_first_line)),
        ("ended before the kill", grouped(report.ended_before_kill)),
        ("lines acknowledged", grouped(report.acknowledged_lines)),
        ("shortest life", life(report.shortest_life_nanos)),
        ("longest life", life(report.longest_life_nanos)),
        ("time", duration(Duration::from_nanos(report.duration_nanos))),
        ("kills per second", grouped(report.kills_per_second)),
    ];
    let rows = rows.into_iter().map(|(what, value)| vec![what.to_owned(), value]);
    output.table(&[Column::Text("WHAT"), Column::Number("HOW MUCH")], rows)?;
    if report.kills > 0 && report.acknowledged_lines == 0 {
        output.line("")?;
        output.statement(
            "No line was acknowledged before a kill, so none could be missed: \
             --after-lines, or a larger --max-ms, lets the program get further.",
        )?;
    }
    match &report.finding {
        Some(finding) => failure(report.seed, finding, output),
        None if report.ok => output.line("\nEvery check passed."),
        None => Ok(()),
    }
}

fn failure(seed: u64, finding: &FindingFacts, output: &mut Output) -> Result<(), Failure> {
    let when = match finding.round {
        0 => "before the first start".to_owned(),
        round => format!("in round {round}"),
    };
    output.statement(format_args!("\nFAILED {when}: {}", finding.reason))?;
    if let Some(delay) = finding.delay_nanos {
        let from = finding
            .delay_after_line
            .map_or_else(|| "the start".to_owned(), |line| format!("line {line}"));
        let delay = duration(Duration::from_nanos(delay));
        let life = duration(Duration::from_nanos(finding.life_nanos));
        output.statement(format_args!(
            "seed {seed}, kill {delay} after {from}; the program lived {life}"
        ))?;
    }
    let lines = counted(finding.acknowledged_lines, "line");
    let kept = finding.evidence.as_deref().unwrap_or("-");
    output.statement(format_args!("{lines} acknowledged until then, kept in {kept}"))?;
    if !finding.output.is_empty() {
        output.line("output:")?;
        for line in finding.output.lines() {
            output.line(format_args!("    {line}"))?;
        }
    }
    output.line("from the same files as this run began with, the same choices are made by")?;
    output.line(format_args!("    {}", finding.repeat))
}
