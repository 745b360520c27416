//! What a benchmark tells: what it is about to do, and the figures.

use hdrhistogram::Histogram;

use super::chart::bars;
use super::columns::{columns, fewer};
use super::home::Home;
use super::plan::{BLOCK_LEN, Plan};
use super::session::Outcome;
use super::spread::{STEADY_PERCENT, Spread};
use crate::arguments::CommitKind;
use crate::failure::Failure;
use crate::output::{Column, Output};
use crate::quantities::{bytes, counted, duration, grouped, latency, nanos};
use crate::reports::{BenchReport, LatencyFacts, RatioFacts, SpreadFacts};

/// As many lines of the histogram fit on most screens beside the rest.
const LINES_MAX: usize = 14;

/// Tells what is about to be measured.
pub(super) fn beginning(plan: &Plan, home: &Home, output: &mut Output) -> Result<(), Failure> {
    let reference = match plan.durability {
        CommitKind::Force => "the disk",
        CommitKind::Lazy => "plain stores",
    };
    output.sentence(plan.to_line())?;
    output.sentence(format_args!(
        "{} of {} for {reference} and as much for RVM",
        counted(u64::from(plan.rounds), "round"),
        duration(plan.slice),
    ))?;
    output.sentence(format_args!("in {}", home.shown()))?;
    output.line("")
}

/// All that is to be told.
pub(super) fn report(plan: &Plan, home: &Home, outcome: &Outcome) -> BenchReport {
    let Outcome { rounds, commit_latencies, force_latencies, work, direct_writes, .. } = outcome;
    let forced = force_latencies.is_some();
    let commits = commit_latencies.len();
    let reference = Spread::of(rounds.iter().map(|round| round.reference));
    let thousandths = |part: u64, whole: u64| part.saturating_mul(1_000) / whole.max(1);
    let ratios = rounds.iter().map(|round| thousandths(round.commits, round.reference));
    let each = |sum: u64| sum.checked_div(commits).unwrap_or(0);
    let outside = outcome.commit_time.saturating_sub(work.force_time);
    BenchReport {
        directory: home.shown(),
        threads: plan.threads,
        segments: plan.segments.word(),
        segment_len: plan.segment_len,
        pattern: plan.pattern.word(),
        durability: plan.durability.word(),
        rounds: plan.rounds,
        slice_nanos: nanos(plan.slice),
        duration_nanos: nanos(outcome.time),
        commits,
        commits_per_second: Spread::of(rounds.iter().map(|round| round.commits)).into(),
        reference: if forced { "forces" } else { "stores" },
        reference_per_second: reference.into(),
        ratio: Spread::of(ratios).into(),
        steady: reference.width_percent() <= STEADY_PERCENT,
        reference_width_percent: reference.width_percent(),
        in_memory: home.is_in_memory(),
        direct_writes: forced.then_some(*direct_writes),
        commit_latency: facts(commit_latencies),
        force_latency: force_latencies.as_ref().map(facts),
        log_bytes_per_commit: each(work.log_bytes),
        log_forces: work.forces,
        force_bytes: work.force_bytes,
        nanos_outside_force: (forced && plan.threads == 1).then(|| each(nanos(outside))),
    }
}

/// Tells the figures.
pub(super) fn ending(report: &BenchReport, output: &mut Output) -> Result<(), Failure> {
    let is_forced = report.force_latency.is_some();
    let (what, reference) =
        if is_forced { ("this disk", "forces/s") } else { ("plain stores", "transactions/s") };
    output.sentence(format_args!(
        "{what}: {} {reference}; RVM: {} commits/s; {:.2}",
        grouped(report.reference_per_second.median),
        grouped(report.commits_per_second.median),
        report.ratio.median
    ))?;
    output.line("")?;
    rates(report, output)?;
    output.line("")?;
    latencies(report, output)?;
    output.line("")?;
    output
        .sentence(format_args!("{}, by how long each took:", counted(report.commits, "commit")))?;
    let histogram = &report.commit_latency.histogram;
    let lines = fewer(histogram, LINES_MAX);
    for line in bars(&lines, output.width()) {
        output.line(line)?;
    }
    output.line("")?;
    output
        .sentence(format_args!("a commit logs {} bytes", grouped(report.log_bytes_per_commit)))?;
    if is_forced {
        forces(report, output)?;
    } else {
        let rate = report.reference_per_second.median.max(1);
        let threads = u64::try_from(report.threads).unwrap_or(u64::MAX);
        let nanos = threads.saturating_mul(1_000_000_000) / rate;
        output.sentence(format_args!("its plain stores take {}", latency(nanos)))?;
    }
    notes(report, output)
}

fn rates(report: &BenchReport, output: &mut Output) -> Result<(), Failure> {
    let columns = [
        Column::Text("PER SECOND"),
        Column::Number("MEDIAN"),
        Column::Number("LEAST"),
        Column::Number("GREATEST"),
    ];
    let rate = |what: &str, rate: SpreadFacts| {
        let figures = [rate.median, rate.least, rate.greatest].map(grouped);
        [vec![what.to_owned()], figures.to_vec()].concat()
    };
    let RatioFacts { median, least, greatest } = report.ratio;
    let ratios = [median, least, greatest].map(|ratio| format!("{ratio:.2}"));
    let rows = [
        rate(report.reference, report.reference_per_second),
        rate("commits", report.commits_per_second),
        [vec!["ratio".to_owned()], ratios.to_vec()].concat(),
    ];
    output.table(&columns, rows)
}

fn latencies(report: &BenchReport, output: &mut Output) -> Result<(), Failure> {
    let mut columns = vec![Column::Text("LATENCY"), Column::Number("COMMIT")];
    let sides: Vec<_> = [Some(&report.commit_latency), report.force_latency.as_ref()]
        .into_iter()
        .flatten()
        .collect();
    if sides.len() > 1 {
        columns.push(Column::Number("FORCE"));
    }
    let row = |what: &str, of: fn(&LatencyFacts) -> u64| {
        let figures = sides.iter().map(|side| latency(of(side)));
        [what.to_owned()].into_iter().chain(figures).collect()
    };
    let rows = [
        row("p50", |side| side.p50_nanos),
        row("p90", |side| side.p90_nanos),
        row("p99", |side| side.p99_nanos),
        row("p99.9", |side| side.p999_nanos),
        row("max", |side| side.max_nanos),
    ];
    output.table(&columns, rows)
}

/// What a force carries, and what a commit does beside it.
fn forces(report: &BenchReport, output: &mut Output) -> Result<(), Failure> {
    let each = |sum: u64| sum.checked_div(report.log_forces).unwrap_or(0);
    let carries = if report.threads > 1 {
        let tenths = each(report.commits.saturating_mul(10));
        format!("carries {}.{} commits and ", tenths / 10, tenths % 10)
    } else {
        String::new()
    };
    output.sentence(format_args!(
        "a force {carries}writes {}; the disk's wrote {}",
        bytes(each(report.force_bytes)),
        bytes(BLOCK_LEN),
    ))?;
    match report.nanos_outside_force {
        None => Ok(()),
        Some(nanos) => {
            output.sentence(format_args!("{} of a commit lie outside its force", latency(nanos)))
        }
    }
}

/// What makes the figures say less than they seem to.
fn notes(report: &BenchReport, output: &mut Output) -> Result<(), Failure> {
    if !report.steady {
        output.sentence(format_args!(
            "note: the rounds of {} differ by {} %: the machine was not quiet",
            if report.force_latency.is_some() { "the disk" } else { "plain stores" },
            report.reference_width_percent
        ))?;
    }
    if report.in_memory {
        output.sentence(
            "note: this directory is in memory, where a force costs nothing: name one on a disk",
        )?;
    }
    if report.direct_writes == Some(false) {
        output.sentence(
            "note: this file system takes no direct writes: each force was a write and a sync",
        )?;
    }
    Ok(())
}

impl From<Spread> for SpreadFacts {
    fn from(spread: Spread) -> Self {
        let Spread { least, median, greatest } = spread;
        Self { median, least, greatest }
    }
}

/// Of thousandths.
impl From<Spread> for RatioFacts {
    fn from(spread: Spread) -> Self {
        let part =
            |thousandths| f64::from(u32::try_from(thousandths).unwrap_or(u32::MAX)) / 1_000.0;
        let Spread { least, median, greatest } = spread;
        Self { median: part(median), least: part(least), greatest: part(greatest) }
    }
}

fn facts(latencies: &Histogram<u64>) -> LatencyFacts {
    LatencyFacts {
        count: latencies.len(),
        p50_nanos: latencies.value_at_quantile(0.5),
        p90_nanos: latencies.value_at_quantile(0.9),
        p99_nanos: latencies.value_at_quantile(0.99),
        p999_nanos: latencies.value_at_quantile(0.999),
        max_nanos: latencies.max(),
        histogram: columns(latencies),
    }
}
