//! How differences are shown: the old bytes in one colour and the new ones in another, or the values that they are.

use std::fmt::Write as _;

use rvm_core::rvm_history::compare::{Difference, Side};
use rvm_core::rvm_history::typed::RecordLayout;
use rvm_core::rvm_storage::widths::wide;

use crate::colours::{FAINT, NEW, OLD, STRONG};
use crate::failure::Failure;
use crate::output::{Column, Output};
use crate::quantities::counted;
use crate::reports::{DiffFacts, DifferingFacts, DifferingValue};
use crate::sizes::to_hex;

const COLUMNS: [Column; 5] = [
    Column::Text("SEGMENT"),
    Column::Number("LENGTH"),
    Column::Number("NEW LENGTH"),
    Column::Number("RANGES"),
    Column::Number("BYTES"),
];

/// How many bytes stand on a line, and on a line of a narrow terminal, where 16 do not fit.
const ROW_LEN: usize = 16;
const SHORT_ROW_LEN: usize = 8;
const WIDE_ENOUGH: usize = 70;

/// Shows one difference.
pub(super) fn show_difference(
    difference: Difference<'_>,
    layout: Option<&RecordLayout>,
    output: &mut Output,
) -> Result<(), Failure> {
    match difference {
        Difference::OnlyIn { side, segment, len } => {
            let (sign, style) = match side {
                Side::First => ("-", OLD),
                Side::Second => ("+", NEW),
            };
            let line = format!("{sign} {segment}: only here, {}", counted(len, "byte"));
            output.line(output.painted(style, line))
        }
        Difference::Length { segment, first, second } => {
            output.line(output.painted(STRONG, format!("{segment}: length")))?;
            output.line(output.painted(OLD, format!("  - {first}")))?;
            output.line(output.painted(NEW, format!("  + {second}")))
        }
        Difference::Range { segment, offset, first, second } => {
            let title = format!("{segment} {offset:#x}+{}", first.len());
            output.line(output.painted(STRONG, title))?;
            match layout {
                None => show_bytes((first, second), output),
                Some(_) => show_values(difference, layout, output),
            }
        }
        _ => Ok(()),
    }
}

fn show_bytes((first, second): (&[u8], &[u8]), output: &mut Output) -> Result<(), Failure> {
    let is_wide = output.terminal_width().is_none_or(|width| width >= WIDE_ENOUGH);
    let row_len = if is_wide { ROW_LEN } else { SHORT_ROW_LEN };
    for (old, new) in first.chunks(row_len).zip(second.chunks(row_len)) {
        for (sign, row, style) in [('-', old, OLD), ('+', new, NEW)] {
            let mut line = format!("  {}", output.painted(style, sign));
            for (byte, differs) in row.iter().zip(old.iter().zip(new).map(|(old, new)| old != new))
            {
                let style = if differs { style } else { FAINT };
                // Writing to a string cannot fail.
                write!(line, " {}", output.painted(style, format_args!("{byte:02x}"))).ok();
            }
            let rest = "   ".repeat(row_len - row.len());
            let text: String = row.iter().map(|byte| printable(*byte)).collect();
            output.line(format_args!("{line}{rest}  |{text}|"))?;
        }
    }
    Ok(())
}

fn show_values(
    difference: Difference<'_>,
    layout: Option<&RecordLayout>,
    output: &mut Output,
) -> Result<(), Failure> {
    for value in range_facts(difference, layout).into_iter().flat_map(|range| range.values) {
        output.line(format_args!("  {:#x} {}", value.offset, value.kind))?;
        output.line(output.painted(OLD, format!("    - {}", value.first)))?;
        output.line(output.painted(NEW, format!("    + {}", value.second)))?;
    }
    Ok(())
}

/// A range as JSON has it; `None` for another difference.
pub(super) fn range_facts(
    difference: Difference<'_>,
    layout: Option<&RecordLayout>,
) -> Option<DifferingFacts> {
    let Difference::Range { segment, offset, first, second } = difference else { return None };
    let mut values = Vec::new();
    for field in layout.into_iter().flat_map(|layout| layout.fields(offset, first.len())) {
        let (old, new) = (first.get(field.start..field.end)?, second.get(field.start..field.end)?);
        if old != new {
            values.push(DifferingValue {
                offset: offset + wide(field.start),
                kind: field.kind.to_string(),
                first: field.kind.value(old).to_string(),
                second: field.kind.value(new).to_string(),
            });
        }
    }
    Some(DifferingFacts {
        segment: segment.to_owned(),
        offset,
        len: wide(first.len()),
        first: to_hex(first),
        second: to_hex(second),
        values,
    })
}

/// Shows how much differs in all.
pub(super) fn show_summary(
    facts: &DiffFacts,
    left_out: u64,
    stat: bool,
    output: &mut Output,
) -> Result<(), Failure> {
    if stat {
        let rows = facts.segments.iter().map(|segment| {
            let numbers = [segment.first_len, segment.second_len, segment.ranges, segment.bytes];
            std::iter::once(segment.name.clone()).chain(numbers.map(|n| n.to_string())).collect()
        });
        output.table(&COLUMNS, rows.collect::<Vec<_>>())?;
        for (sign, style, names) in
            [('-', OLD, &facts.only_in_first), ('+', NEW, &facts.only_in_second)]
        {
            for name in names {
                output.line(output.painted(style, format_args!("{sign} {name}: only here")))?;
            }
        }
    } else if left_out > 0 {
        output.statement(format_args!("... and {}", counted(left_out, "more range")))?;
    }
    let differing = facts.segments.iter().filter(|segment| segment.ranges > 0).count();
    let bytes = facts.segments.iter().map(|segment| segment.bytes).sum();
    if facts.equal {
        return output.statement("nothing differs");
    }
    output.statement(format_args!(
        "different: {}, in {differing} of the {} that both have",
        counted(bytes, "byte"),
        counted(wide(facts.segments.len()), "segment"),
    ))
}

fn printable(byte: u8) -> char {
    if byte == b' ' || byte.is_ascii_graphic() { char::from(byte) } else { '.' }
}
