//! `rvmctl log show`: one transaction, and the bytes that it changed.

use rvm_core::rvm_history::history::{Change, Detail, detail};
use rvm_core::rvm_history::typed::RecordLayout;
use rvm_core::rvm_storage::widths::wide;

use super::diff::{all_known, diff_rows};
use super::{Known, kind_of, values_of};
use crate::arguments::LogShowArguments;
use crate::colours::{FAINT, NAME, NEW, OLD, STRONG, WARNING};
use crate::failure::Failure;
use crate::output::{Output, printable};
use crate::place::Place;
use crate::quantities::{bytes, counted};
use crate::reports::ShowReport;
use crate::timestamps::rfc3339;
use crate::verbs::status::WAIT;

/// Shows a transaction.
pub(super) fn run(
    place: &Place,
    asked: &LogShowArguments,
    output: &mut Output,
) -> Result<(), Failure> {
    let storage = place.look()?;
    let limit = if asked.diff { asked.limit } else { 0 };
    let Some(detail) = detail(&storage, asked.transaction, limit, WAIT)? else {
        return Err(Failure::NoTransaction {
            transaction: asked.transaction,
            store: place.shown(),
        });
    };
    if output.wants_json() {
        let report = ShowReport::new(place.shown(), &detail, asked.layout.as_ref(), asked.diff);
        return output.json(&report);
    }
    headline(&detail, output)?;
    let mut changes = detail.changes.iter().peekable();
    for part in &detail.transaction.parts {
        output.statement(format_args!(
            "{} at LSN {}: {}, {}",
            output.painted(STRONG, &part.segment),
            part.lsn,
            counted(part.range_count, "range"),
            bytes(part.range_bytes),
        ))?;
        if !asked.diff {
            for (offset, len) in &part.ranges {
                output.line(format_args!("  {offset:#x}+{len}"))?;
            }
            let listed = wide(part.ranges.len());
            if part.range_count > listed {
                output.line(format_args!("  and {} more", part.range_count - listed))?;
            }
        }
        while let Some(change) = changes.next_if(|change| change.segment == part.segment) {
            show_change(change, asked.layout.as_ref(), output)?;
        }
    }
    if asked.diff && detail.changes_left_out > 0 {
        let ranges = counted(detail.changes_left_out, "range");
        output.statement(format_args!("and {ranges} more than --limit has room for"))?;
    }
    Ok(())
}

fn headline(detail: &Detail, output: &mut Output) -> Result<(), Failure> {
    let transaction = &detail.transaction;
    let label = match transaction.label.as_str() {
        "" => String::new(),
        label => format!(", {}", output.painted(NAME, printable(label))),
    };
    output.statement(format_args!(
        "transaction {}, {}, {}{label}",
        output.painted(STRONG, transaction.id),
        rfc3339(transaction.commit_time),
        kind_of(transaction.lazy),
    ))?;
    if detail.is_dropped {
        let words = "it hangs on something that is not there: recovery drops it, or a process is committing it just now";
        output.statement(output.painted(WARNING, words))?;
    }
    if transaction.folded_parts > 0 {
        output.statement(format_args!(
            "it changed {} more, whose part is folded",
            counted(transaction.folded_parts, "segment")
        ))?;
    }
    Ok(())
}

fn show_change(
    change: &Change,
    layout: Option<&RecordLayout>,
    output: &mut Output,
) -> Result<(), Failure> {
    let len = wide(change.new.len());
    let told = match change.changed_bytes() {
        _ if len == 0 => "empty".to_owned(),
        Some(0) => "declared, but equal to what was there".to_owned(),
        Some(changed) if changed == len => format!("{} changed", counted(len, "byte")),
        Some(changed) => format!("{changed} of {} changed", counted(len, "byte")),
        None => "not all that was there is known: truncation may have overwritten it".to_owned(),
    };
    output.statement(format_args!("  {:#x}+{len}: {told}", change.offset))?;
    let old: Known = change.old.iter().collect();
    if let Some(layout) = layout {
        let olds = values_of(layout, change.offset, &old);
        let news = values_of(layout, change.offset, &all_known(&change.new));
        for ((at, kind, old), (_, _, new)) in olds.into_iter().zip(news) {
            if old == new {
                output
                    .statement(format_args!("    {at:#x} {kind} {}", output.painted(FAINT, new)))?;
            } else {
                let (old, new) = (output.painted(OLD, old), output.painted(NEW, new));
                output.statement(format_args!("    {at:#x} {kind} {old} -> {new}"))?;
            }
        }
        return Ok(());
    }
    let rows = diff_rows(output, change.offset, &old, &change.new);
    rows.iter().try_for_each(|row| output.line(format_args!("  {row}")))
}
