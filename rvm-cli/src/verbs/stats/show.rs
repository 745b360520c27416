//! Statistics for people: tables, and histograms of blocks.

use std::time::Duration;

use rvm_core::Stats;

use crate::blocks::{bar, histogram};
use crate::colours::{BAD, NAME, STRONG, WARNING};
use crate::failure::Failure;
use crate::output::{Column, Output, printable};
use crate::quantities::{bytes, counted, duration, grouped, latency};
use crate::reports::{
    CounterFacts, LabelFacts, LatencyCounts, LogStatsFacts, PublishedFacts, RateFacts,
    SegmentStatsFacts, SizeCount, StatsReport,
};

/// How many labels are shown one by one.
const LABELS_SHOWN: usize = 12;

const SEGMENT_COLUMNS: [Column; 6] = [
    Column::Text("SEGMENT"),
    Column::Number("LENGTH"),
    Column::Number("RECORDS"),
    Column::Number("IN RANGES"),
    Column::Number("LOG USED"),
    Column::Text("OF"),
];

const LABEL_COLUMNS: [Column; 4] = [
    Column::Text("LABEL"),
    Column::Number("TRANSACTIONS"),
    Column::Number("LOG"),
    Column::Number("IN RANGES"),
];

/// Shows all of it.
pub(in crate::verbs) fn all(report: &StatsReport, output: &mut Output) -> Result<(), Failure> {
    output.statement(&report.store)?;
    if let Some(rates) = &report.rates {
        since(rates, output)?;
    }
    match &report.published {
        Some(published) => process(published, output)?,
        None => output.statement("its process tells nothing: what follows is from the logs")?,
    }
    logs(&report.logs, output)
}

fn title(text: &str, output: &mut Output) -> Result<(), Failure> {
    output.line("")?;
    let text = output.painted(STRONG, text);
    output.statement(text)
}

fn since(rates: &RateFacts, output: &mut Output) -> Result<(), Failure> {
    title("since the last time", output)?;
    let mut told = format!(
        "{} transactions/s, {} bytes/s of log",
        rounded(rates.transactions_per_second),
        rounded(rates.log_bytes_per_second)
    );
    if let (Some(commits), Some(forces)) = (rates.commits_per_second, rates.forces_per_second) {
        told = format!("{told}; {} commits/s, {} forces/s", rounded(commits), rounded(forces));
    }
    output.statement(format_args!("  {told}"))
}

fn process(published: &PublishedFacts, output: &mut Output) -> Result<(), Failure> {
    title(
        &format!("process {}, since {}", published.process, seconds_of(&published.opened)),
        output,
    )?;
    if published.stale {
        let told =
            format!("  stale: it is gone or silent since {}", seconds_of(&published.written));
        let told = output.painted(WARNING, told);
        output.statement(told)?;
    }
    if published.poisoned {
        let told = output.painted(BAD, "  poisoned: no more commits until it is opened again");
        output.statement(told)?;
    }
    counted_facts(&published.counters, output)?;
    latencies("commits that wait for the disk", &published.commit_latency, output)?;
    latencies("forces of a log", &published.force_latency, output)
}

/// Shows what this process counts.
pub(in crate::verbs) fn counted_by(stats: &Stats, output: &mut Output) -> Result<(), Failure> {
    counted_facts(&CounterFacts::from(stats), output)?;
    latencies("commits that wait for the disk", &(&stats.commit_latency).into(), output)?;
    latencies("forces of a log", &(&stats.force_latency).into(), output)
}

fn counted_facts(counters: &CounterFacts, output: &mut Output) -> Result<(), Failure> {
    output.statement(format_args!(
        "  commits: {} forced, {} lazy; {}",
        grouped(counters.commits_forced),
        grouped(counters.commits_lazy),
        counted(counters.aborts, "abort")
    ))?;
    output.statement(format_args!(
        "  log: {} in {}, {} of {}",
        bytes(counters.log_bytes),
        counted(counters.redo_ranges, "range"),
        counted(counters.log_forces, "force"),
        bytes(counters.force_bytes)
    ))?;
    output.statement(format_args!(
        "  truncations: {}, {} freed; {}, {} out of space",
        grouped(counters.truncations),
        bytes(counters.truncated_bytes),
        counted(counters.log_growths, "growth"),
        grouped(counters.truncations_out_of_space)
    ))
}

fn latencies(what: &str, of: &LatencyCounts, output: &mut Output) -> Result<(), Failure> {
    if of.count == 0 {
        return Ok(());
    }
    let mean = latency(of.total_nanos / of.count.max(1));
    let [p50, p90, p99] = [of.p50_nanos, of.p90_nanos, of.p99_nanos].map(latency);
    title(what, output)?;
    output.statement(format_args!("  mean {mean}; p50 below {p50}, p90 {p90}, p99 {p99}"))?;
    let row = |count: &crate::reports::BelowCount| {
        (format!("< {}", latency(count.below_nanos)), count.count)
    };
    let rows: Vec<_> = of.histogram.iter().map(row).collect();
    bars(&rows, output)
}

fn logs(logs: &LogStatsFacts, output: &mut Output) -> Result<(), Failure> {
    title(&format!("{} in the logs", counted(logs.transactions, "transaction")), output)?;
    let forced = logs.transactions.saturating_sub(logs.lazy_transactions);
    output.statement(format_args!(
        "  {} forced, {} lazy; the last ever is {}",
        grouped(forced),
        grouped(logs.lazy_transactions),
        grouped(logs.last_transaction)
    ))?;
    if let (Some(first), Some(last)) = (&logs.first_commit, &logs.last_commit) {
        let span = logs.last_commit_nanos.zip(logs.first_commit_nanos);
        let span = span.map_or(0, |(last, first)| last.saturating_sub(first));
        let rate = logs
            .commits_per_second
            .map_or_else(String::new, |rate| format!(", {} in a second", rounded(rate)));
        output.statement(format_args!(
            "  from {} to {}: {}{rate}",
            seconds_of(first),
            seconds_of(last),
            duration(Duration::from_nanos(span))
        ))?;
    }
    output.statement(format_args!(
        "  {}, {}; {}, {}",
        counted(logs.records, "record"),
        bytes(logs.record_bytes),
        counted(logs.ranges, "range"),
        bytes(logs.range_bytes)
    ))?;
    sizes("records by size", &logs.record_lens, output)?;
    sizes("ranges by size", &logs.range_lens, output)?;
    labels(logs, output)?;
    if logs.segments.is_empty() {
        return Ok(());
    }
    output.line("")?;
    let blocks = output.shows_blocks();
    output.table(&SEGMENT_COLUMNS, logs.segments.iter().map(|segment| row(segment, blocks)))
}

fn sizes(what: &str, of: &[SizeCount], output: &mut Output) -> Result<(), Failure> {
    if of.is_empty() {
        return Ok(());
    }
    title(what, output)?;
    let row = |size: &SizeCount| (format!(">= {}", bytes(size.from)), size.count);
    let rows: Vec<_> = of.iter().map(row).collect();
    bars(&rows, output)
}

fn bars(rows: &[(String, u64)], output: &mut Output) -> Result<(), Failure> {
    let lines = histogram(rows, output.width(), output.shows_blocks());
    lines.iter().try_for_each(|line| output.line(line))
}

/// By label, unless there is but one, and that is none.
fn labels(logs: &LogStatsFacts, output: &mut Output) -> Result<(), Failure> {
    if logs.labels.iter().all(|label| label.label.is_empty()) {
        return Ok(());
    }
    let cells = |label: &LabelFacts| {
        let name = if label.label.is_empty() { "(none)".into() } else { printable(&label.label) };
        let figures =
            [grouped(label.transactions), bytes(label.record_bytes), bytes(label.range_bytes)];
        [vec![name], figures.to_vec()].concat()
    };
    output.line("")?;
    output.table(&LABEL_COLUMNS, logs.labels.iter().take(LABELS_SHOWN).map(cells))?;
    let more = logs.labels.iter().skip(LABELS_SHOWN).map(|label| label.transactions);
    let more = more.fold(logs.other_labels, u64::saturating_add);
    if more > 0 {
        let told = format!("and {} with other labels", counted(more, "transaction"));
        let told = output.painted(NAME, told);
        output.statement(told)?;
    }
    Ok(())
}

fn row(segment: &SegmentStatsFacts, blocks: bool) -> Vec<String> {
    const BAR: usize = 10;
    let bar = bar(segment.log_used, segment.log_capacity, BAR, blocks);
    let padding = " ".repeat(BAR.saturating_sub(bar.chars().count()));
    vec![
        segment.name.clone(),
        bytes(segment.len),
        grouped(segment.records),
        bytes(segment.range_bytes),
        bytes(segment.log_used),
        format!("[{bar}{padding}] {}", bytes(segment.log_capacity)),
    ]
}

/// A moment to the second.
fn seconds_of(moment: &str) -> String {
    let end = moment.find('.').unwrap_or(moment.len());
    moment.get(..end).unwrap_or(moment).replace('T', " ")
}

/// A rate with a decimal only where it says something.
fn rounded(rate: f64) -> String {
    if rate < 10.0 {
        return format!("{rate:.1}");
    }
    #[expect(
        clippy::as_conversions,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it saturates, as it should"
    )]
    grouped(rate.round() as u64)
}
