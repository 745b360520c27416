//! The picture for a terminal, in characters.

use anstyle::Style;
use rvm_core::rvm_history::history::{Layout, LogLayout};

use super::rates::Rates;
use super::ring::{Kind, column, columns};
use crate::colours::{BAD, FAINT, GOOD, NEW, STRONG, WARNING};
use crate::failure::Failure;
use crate::output::Output;
use crate::quantities::{bytes, counted, grouped};
use crate::timestamps::rfc3339;

/// A wider strip says no more.
const WIDTH_MAX: usize = 100;

/// From nothing to the highest rate.
const LEVELS: [char; 9] = [' ', '.', ':', '-', '=', '+', '*', '#', '@'];
const BLOCK_LEVELS: [char; 9] = [
    ' ', '\u{2581}', '\u{2582}', '\u{2583}', '\u{2584}', '\u{2585}', '\u{2586}', '\u{2587}',
    '\u{2588}',
];

/// Shows the strips and the rates.
pub(super) fn show(layout: &Layout, rates: &Rates, output: &mut Output) -> Result<(), Failure> {
    let width = output.width().saturating_sub(2).clamp(8, WIDTH_MAX);
    let blocks = output.shows_blocks();
    let mut seen = Vec::new();
    for log in &layout.logs {
        show_log(log, width, blocks, &mut seen, output)?;
    }
    for segment in &layout.without_log {
        output.statement(format_args!("{}: no log yet", output.painted(STRONG, segment)))?;
    }
    if layout.logs.is_empty() {
        return Ok(());
    }
    let legend = Kind::ALL.into_iter().filter(|kind| seen.contains(kind)).map(|kind| {
        let (sign, style) = sign(kind, blocks);
        let words = match kind {
            Kind::Free => "never used",
            Kind::Applied => "applied",
            Kind::Vouched => "may be applied",
            Kind::Unapplied => "not applied",
            Kind::Dropped => "incomplete",
            Kind::Torn => "torn",
        };
        format!("{} {words}", output.painted(style, sign))
    });
    let legend: Vec<String> = legend.collect();
    output.statement(format_args!("  {}", legend.join("  ")))?;
    output.line("")?;
    show_rates(rates, width, blocks, output)
}

fn show_log(
    log: &LogLayout,
    width: usize,
    blocks: bool,
    seen: &mut Vec<Kind>,
    output: &mut Output,
) -> Result<(), Failure> {
    output.statement(format_args!(
        "{}: {} of {} in use, head {}, synced {}, end {}",
        output.painted(STRONG, &log.segment),
        bytes(log.end.saturating_sub(log.head)),
        bytes(log.capacity),
        log.head,
        log.synced,
        log.end,
    ))?;
    let shown = columns(log, width);
    let mut strip = String::new();
    for run in shown.chunk_by(|a, b| a == b) {
        let Some(kind) = run.first() else { continue };
        let (sign, style) = sign(*kind, blocks);
        let signs: String = run.iter().map(|_| sign).collect();
        strip.push_str(&output.painted(style, signs).to_string());
        seen.push(*kind);
    }
    output.line(format_args!("  {strip}"))?;
    let mut marks = vec![' '; width];
    for (position, mark) in [(log.synced, 's'), (log.head, 'h'), (log.end, 'e')] {
        let at = position.checked_rem(log.capacity).unwrap_or(0);
        if let Some(place) = marks.get_mut(column(log, at, width)) {
            *place = if *place == ' ' { mark } else { '*' };
        }
    }
    let marks: String = marks.into_iter().collect();
    output.line(format_args!("  {}", output.painted(FAINT, marks.trim_end())))
}

/// How a part of a ring looks. Where blocks can be seen they tell more than letters.
const fn sign(kind: Kind, blocks: bool) -> (char, Style) {
    match (kind, blocks) {
        (Kind::Free, _) => ('.', FAINT),
        (Kind::Applied, false) => ('-', GOOD),
        (Kind::Applied, true) => ('\u{2591}', GOOD),
        (Kind::Vouched, false) => ('+', NEW),
        (Kind::Vouched, true) => ('\u{2592}', NEW),
        (Kind::Unapplied, false) => ('#', WARNING),
        (Kind::Unapplied, true) => ('\u{2588}', WARNING),
        (Kind::Dropped, _) => ('?', BAD),
        (Kind::Torn, _) => ('x', BAD),
    }
}

fn show_rates(
    rates: &Rates,
    width: usize,
    blocks: bool,
    output: &mut Output,
) -> Result<(), Failure> {
    let Some((first, last)) = rates.bounds() else {
        return output.statement("no commits in the logs");
    };
    let shown = rates.per_second(width);
    let highest = shown.iter().copied().max().unwrap_or(0);
    output.statement(format_args!(
        "{} in the logs, up to {} a second",
        counted(rates.total(), "commit"),
        grouped(highest)
    ))?;
    let levels = if blocks { BLOCK_LEVELS } else { LEVELS };
    let line: String = shown.iter().map(|rate| level(*rate, highest, levels)).collect();
    output.line(format_args!("  {}", output.painted(GOOD, line)))?;
    let (first, last) = (rfc3339(first), rfc3339(last));
    let room = shown.len().saturating_sub(first.len() + last.len());
    if room > 2 {
        return output.line(format_args!("  {first}{:room$}{last}", ""));
    }
    output.statement(format_args!("  from {first} to {last}"))
}

/// What is not nothing can be seen.
fn level(rate: u64, highest: u64, levels: [char; 9]) -> char {
    let eighths = (u128::from(rate) * 8).div_ceil(u128::from(highest.max(1)));
    let place = usize::try_from(eighths).unwrap_or(8);
    levels.get(place).copied().unwrap_or(' ')
}
