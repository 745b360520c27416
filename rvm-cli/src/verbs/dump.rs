//! `rvmctl dump`: a segment in digits, or as values. Holes and rows that repeat cost nothing.

use rvm_core::rvm_history::typed::RecordLayout;

use super::log::{all_known, values_of};
use super::portions::{Portion, Run};
use crate::arguments::{DumpArguments, Stretch};
use crate::failure::Failure;
use crate::hexdump::{self, Row, Rows, fitting_len};
use crate::output::Output;
use crate::place::Place;
use crate::reports::{DumpReport, DumpRow};
use crate::sizes::to_hex;

/// How much is copied, of what is not zeros, before it is printed and the store's files may move on.
const AT_ONCE: u64 = 64 << 20;

/// The row of a type that takes all that is left.
const OPEN_ROW_LEN: usize = 32;

/// Shows a segment.
pub(super) fn run(
    place: &Place,
    asked: &DumpArguments,
    output: &mut Output,
) -> Result<(), Failure> {
    let storage = place.look()?;
    let Stretch { offset, len } = asked.bytes.unwrap_or(Stretch { offset: 0, len: None });
    let layout = asked.layout.as_ref();
    let row_len = match layout {
        None => fitting_len(output),
        Some(layout) => layout.size().unwrap_or(OPEN_ROW_LEN),
    };
    let first_len = layout.map_or(0, |layout| layout.until_record(offset));
    let end = len.map(|len| offset.saturating_add(len));
    let mut portion = Portion::copy(&storage, &asked.name, (offset, end), AT_ONCE)?;
    let end = end.unwrap_or(portion.segment_len.max(offset));
    let (wants_json, segment_len) = (output.wants_json(), portion.segment_len);
    let mut json_rows = Vec::new();
    let mut rows = Rows::new(offset, first_len, row_len);
    let mut each = |row: Row<'_>| {
        if wants_json {
            json_rows.extend(DumpRow::new(row, layout));
            return Ok(());
        }
        let line = match (row, layout) {
            (Row::Bytes(at, bytes), Some(layout)) => values(at, bytes, layout),
            _ => hexdump::line(output, row, row_len),
        };
        output.statement(line)
    };
    loop {
        portion.each(|run| match run {
            Run::Bytes(bytes) => rows.push(bytes, &mut each),
            Run::Zeros(count) => rows.zeros(count, &mut each),
        })?;
        if portion.end >= end {
            break;
        }
        portion = Portion::copy(&storage, &asked.name, (portion.end, Some(end)), AT_ONCE)?;
    }
    rows.finish(&mut each)?;
    if wants_json {
        let segment = asked.name.clone();
        let report =
            DumpReport { segment, segment_len, offset, len: end - offset, rows: json_rows };
        return output.json(&report);
    }
    Ok(())
}

fn values(at: u64, bytes: &[u8], layout: &RecordLayout) -> String {
    if bytes.is_empty() {
        return format!("{at:08x}");
    }
    let fields = values_of(layout, at, &all_known(bytes));
    let values: Vec<String> = fields.into_iter().map(|(_, _, value)| value).collect();
    format!("{at:08x}  {}", values.join("  "))
}

impl DumpRow {
    fn new(row: Row<'_>, layout: Option<&RecordLayout>) -> Option<Self> {
        let Row::Bytes(offset, bytes) = row else { return None };
        let values = layout.map(|layout| {
            let fields = layout.fields(offset, bytes.len());
            let value = |range| bytes.get(range).unwrap_or_default();
            fields.map(|field| field.kind.value(value(field.start..field.end)).into()).collect()
        });
        Some(Self { offset, hex: to_hex(bytes), values })
    }
}
