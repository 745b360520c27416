//! `rvmctl blame`: which transactions wrote some bytes, newest first, and what was there before.

use anstyle::Style;
use rvm_core::rvm_history::history::{Base, Blame, Write, blame};
use rvm_core::rvm_history::typed::RecordLayout;
use rvm_core::rvm_storage::widths::wide;

use super::log::{Known, hex_rows, kind_of, row_len, values_of};
use super::status::WAIT;
use crate::arguments::BlameArguments;
use crate::colours::{FAINT, NAME, STRONG};
use crate::failure::Failure;
use crate::output::{Output, printable};
use crate::place::Place;
use crate::quantities::counted;
use crate::reports::BlameReport;
use crate::timestamps::rfc3339;

/// More is looked at with `dump`.
const LEN_MAX: u64 = 1 << 20;

/// Shows who wrote some bytes.
pub(super) fn run(
    place: &Place,
    asked: &BlameArguments,
    output: &mut Output,
) -> Result<(), Failure> {
    let storage = place.look()?;
    let (name, layout) = (asked.name.as_str(), asked.layout.as_ref());
    let start = asked.bytes.offset;
    let record = layout.and_then(RecordLayout::size).map_or(1, wide);
    let len = asked.bytes.len.unwrap_or(record);
    if len == 0 || len > LEN_MAX {
        return Err(Failure::Usage(format!("blame is for 1 to {LEN_MAX} bytes, not {len}")));
    }
    let bounds = (start, start.saturating_add(len));
    let found = blame(&storage, name, bounds, asked.limit, WAIT)?;
    if output.wants_json() {
        let (store, name) = (place.shown(), asked.name.clone());
        return output.json(&BlameReport::new(store, name, (start, len), &found, layout));
    }
    show(&found, start, layout, output)
}

fn show(
    found: &Blame,
    start: u64,
    layout: Option<&RecordLayout>,
    output: &mut Output,
) -> Result<(), Failure> {
    for write in &found.writes {
        headline(write, output)?;
        for piece in &write.pieces {
            let bytes = piece.bytes.iter().copied().map(Some).collect();
            values(output, piece.offset, &bytes, layout, Style::new())?;
        }
    }
    if found.older_writes > 0 {
        let transactions = counted(found.older_writes, "older transaction");
        output.statement(format_args!("and {transactions}, which --limit leaves out"))?;
    }
    let Base { bytes, first_record, is_archived, .. } = &found.base;
    let place = if *is_archived { "where the archive begins" } else { "in the segment's file" };
    let bytes: Known = bytes.iter().collect();
    let told = match first_record {
        Some((id, lsn)) => format!("before transaction {id} (LSN {lsn}), {place}"),
        None => format!("{place}; there are no later transactions"),
    };
    output.statement(told)?;
    if bytes.contains(&None) {
        output.statement("  ?? is not known: truncation may have written there already")?;
    }
    values(output, start, &bytes, layout, FAINT)
}

fn headline(write: &Write, output: &mut Output) -> Result<(), Failure> {
    let line = format!(
        "transaction {} (LSN {}), {}, {} {}",
        output.painted(STRONG, write.transaction),
        write.lsn,
        rfc3339(write.commit_time),
        kind_of(write.lazy),
        output.painted(NAME, printable(&write.label)),
    );
    output.statement(line.trim_end())
}

fn values(
    output: &mut Output,
    offset: u64,
    bytes: &Known,
    layout: Option<&RecordLayout>,
    style: Style,
) -> Result<(), Failure> {
    if let Some(layout) = layout {
        for (at, kind, value) in values_of(layout, offset, bytes) {
            output.statement(format_args!("  {at:#x} {kind} {}", output.painted(style, value)))?;
        }
        return Ok(());
    }
    let rows = hex_rows(output, offset, bytes, row_len(output, 2), |_| style);
    rows.iter().try_for_each(|row| output.line(format_args!("  {row}")))
}
