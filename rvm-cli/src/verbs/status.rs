//! `rvmctl status`: what the store's files say, on one screen, without a write.

use std::time::Duration;

use rvm_core::rvm_history::forecast::Forecast;
use rvm_core::rvm_storage::{FileRole, Storage};

use crate::blocks::bar;
use crate::colours::{BAD, FAINT, GOOD, NAME, STRONG, WARNING};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::holder;
use crate::output::{Output, printable};
use crate::place::{self, LOCK_FILE, Place};
use crate::quantities::{bytes, counted, duration, grouped};
use crate::reports::{HolderFacts, LastCommitFacts, LogFacts, SegmentFacts, StatusReport};

/// How long to wait for a moment when the store's files keep still.
pub(super) const WAIT: Duration = Duration::from_secs(10);

/// The columns of a log's fill bar.
const BAR: usize = 10;

/// With more segments than that, each has one line only.
const IN_FULL: usize = 6;

/// Shows the store.
pub(super) fn run(place: &Place, output: &mut Output) -> Result<Exit, Failure> {
    let storage = place.look()?;
    let forecast = Forecast::of(&storage, WAIT)?;
    let lock_file = place.path().join(LOCK_FILE);
    let holder = if forecast.in_use { holder::of(&lock_file) } else { None };
    let (segments, now) = (place::segments(&storage)?, storage.unix_nanos());
    let mut report = StatusReport::new(place.shown(), &forecast, segments, holder, now);
    if !report.in_use {
        let mut names = storage.list()?;
        names.retain(|name| {
            matches!(name.role(), FileRole::NewSegment | FileRole::NewLog | FileRole::NewArchive)
        });
        report.unfinished_files = names.iter().map(ToString::to_string).collect();
        report.unfinished_files.sort_unstable();
    }
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
    }
    let in_full = report.segments.len() <= IN_FULL;
    let name_width = report.segments.iter().map(|segment| segment.name.len()).max().unwrap_or(0);
    for segment in &report.segments {
        one_segment(segment, name_width.min(16), in_full, output)?;
    }
    output.line("")?;
    for file in &report.unfinished_files {
        output.statement(format_args!("unfinished: {file}, which the next opening removes"))?;
    }
    let logs = || report.segments.iter().filter_map(|segment| segment.log.as_ref());
    let dropped: u64 = logs().map(|log| log.dropped_records).sum();
    if dropped > 0 && report.recovery_due {
        let records = counted(dropped, "record");
        output.statement(format_args!(
            "incomplete: {records} of transactions that never became durable"
        ))?;
    }
    let records: u64 = logs().map(|log| log.replay_records).sum();
    if records > 0 {
        let log_bytes = bytes(logs().map(|log| log.replay_bytes).sum());
        let time = duration(Duration::from_nanos(report.estimated_nanos));
        let records = counted(records, "record");
        output.statement(format_args!("to replay: {records}, {log_bytes}, estimated {time}"))?;
    }
    verdict(report, output)
}

fn verdict(report: &StatusReport, output: &mut Output) -> Result<(), Failure> {
    let (style, state) = if report.in_use {
        (STRONG, format!("in use by {}", who(report.holder.as_ref())))
    } else if report.recovery_due {
        let how = "the next opening for writing, or `rvmctl recover`, does it";
        (WARNING, format!("recovery is due: {how}"))
    } else {
        (GOOD, "not in use, shut down cleanly".to_owned())
    };
    let segments = counted(u64::try_from(report.segments.len()).unwrap_or(u64::MAX), "segment");
    let state = output.painted(style, state);
    output.statement(format_args!("{}: {segments}, epoch {}, {state}", report.store, report.epoch))
}

fn who(holder: Option<&HolderFacts>) -> String {
    match holder {
        None => "an unknown process".to_owned(),
        Some(HolderFacts { pid, command: None }) => format!("process {pid}"),
        Some(HolderFacts { pid, command: Some(command) }) => format!("process {pid}, {command}"),
    }
}

fn one_segment(
    segment: &SegmentFacts,
    name_width: usize,
    in_full: bool,
    output: &mut Output,
) -> Result<(), Failure> {
    let SegmentFacts { name, len, log } = segment;
    let (padded, len) = (format!("{name:<name_width$}"), bytes(*len));
    let named = output.painted(STRONG, padded);
    let Some(log) = log else {
        return output.statement(format_args!("{named} {len:>10}  no log yet"));
    };
    let percent = log.used.saturating_mul(100) / log.capacity.max(1);
    let blocks = output.shows_blocks();
    let fill = bar(log.used, log.capacity, BAR, blocks);
    let fill = if blocks { format!("{fill:<BAR$}") } else { format!("{fill:.<BAR$}") };
    let capacity = bytes(log.capacity);
    let clean = if log.clean { "clean" } else { "not clean" };
    output
        .statement(format_args!("{named} {len:>10}  [{fill}] {percent}% of {capacity}, {clean}"))?;
    if !in_full {
        return Ok(());
    }
    positions(log, output)?;
    match &log.last_commit {
        None => Ok(()),
        Some(last) => last_commit(last, output),
    }
}

fn positions(log: &LogFacts, output: &mut Output) -> Result<(), Failure> {
    let (head, resolved, end) =
        (grouped(log.head_lsn), grouped(log.resolved_lsn), grouped(log.end_lsn));
    output.statement(format_args!("  LSN: head {head}, resolved {resolved}, tail {end}"))?;
    if log.replay_records + log.torn_bytes == 0 {
        return Ok(());
    }
    let records = counted(log.replay_records, "record");
    let replay = format!("  to replay: {records}, {}", bytes(log.replay_bytes));
    if log.torn_bytes == 0 {
        return output.statement(replay);
    }
    let torn = output.painted(BAD, format!("torn: {}", bytes(log.torn_bytes)));
    output.statement(format_args!("{replay}; {torn}"))
}

fn last_commit(last: &LastCommitFacts, output: &mut Output) -> Result<(), Failure> {
    let age = duration(Duration::from_nanos(last.age_nanos));
    let about = output.painted(FAINT, format!("transaction {}", last.transaction));
    let told = format!("  last commit {age} ago, {about}");
    if last.label.is_empty() {
        return output.statement(told);
    }
    let label = output.painted(NAME, printable(&last.label));
    output.statement(format_args!("{told}, {label}"))
}
