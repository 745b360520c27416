//! Bytes as rows of digits, each in its colour, and as values of types.

use std::fmt::Write as _;

use anstyle::Style;
use rvm_core::rvm_history::typed::RecordLayout;
use rvm_core::rvm_storage::widths::wide;

use crate::output::Output;

/// Bytes of which some are not known.
pub(crate) type Known = Vec<Option<u8>>;

/// How many bytes a row has, where lines may have so many columns and begin with `indent`.
pub(crate) fn row_len(output: &Output, indent: usize) -> usize {
    let room = output.width().saturating_sub(indent + "0123456789  ".len());
    match room / 3 {
        16.. => 16,
        8.. => 8,
        _ => 4,
    }
}

/// Rows of digits. `style` says how the byte at a position looks. Each has its offset in front.
pub(crate) fn hex_rows(
    output: &Output,
    offset: u64,
    bytes: &[Option<u8>],
    row_len: usize,
    style: impl Fn(usize) -> Style,
) -> Vec<String> {
    let mut rows = Vec::new();
    for (number, row) in bytes.chunks(row_len.max(1)).enumerate() {
        let first = number * row_len;
        let mut line = format!("{:08x} ", offset.saturating_add(wide(first)));
        for (position, byte) in (first..).zip(row) {
            let digits = byte.map_or_else(|| "??".to_owned(), |byte| format!("{byte:02x}"));
            // Writing to a string cannot fail.
            write!(line, " {}", output.painted(style(position), digits)).ok();
        }
        rows.push(line);
    }
    rows
}

/// The fields of a layout in the bytes at `offset`: where each starts, its type, and its value, or `??`.
pub(crate) fn values_of(
    layout: &RecordLayout,
    offset: u64,
    bytes: &[Option<u8>],
) -> Vec<(u64, String, String)> {
    let fields = layout.fields(offset, bytes.len());
    let shown = fields.map(|field| {
        let found: Option<Vec<u8>> =
            bytes.get(field.start..field.end).unwrap_or_default().iter().copied().collect();
        let value =
            found.map_or_else(|| "??".to_owned(), |found| field.kind.value(&found).to_string());
        (offset.saturating_add(wide(field.start)), field.kind.to_string(), value)
    });
    shown.collect()
}

/// Rows of old and new bytes, one below the other where they differ.
pub(super) fn diff_rows(
    output: &Output,
    offset: u64,
    old: &[Option<u8>],
    new: &[u8],
) -> Vec<String> {
    use crate::colours::{FAINT, NEW, OLD};

    let row_len = row_len(output, 4);
    let new: Known = new.iter().copied().map(Some).collect();
    let differs = |at: usize| old.get(at) != new.get(at);
    let of = |style| move |at| if differs(at) { style } else { FAINT };
    let olds = hex_rows(output, offset, old, row_len, of(OLD));
    let news = hex_rows(output, offset, &new, row_len, of(NEW));
    let mut rows = Vec::new();
    for (number, (old, new)) in olds.into_iter().zip(news).enumerate() {
        let first = number * row_len;
        if (first..first + row_len).any(differs) {
            rows.push(format!("{} {old}", output.painted(OLD, "-")));
            rows.push(format!("{} {new}", output.painted(NEW, "+")));
        } else {
            rows.push(format!("  {new}"));
        }
    }
    rows
}

/// A piece of bytes that may be a range's.
pub(crate) fn all_known(bytes: &[u8]) -> Known {
    bytes.iter().copied().map(Some).collect()
}
