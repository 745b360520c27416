//! Bytes in rows, each with its offset. Rows that repeat are told once, so that zeros can be passed over without a look at each.

use std::fmt::Write as _;

use rvm_core::rvm_storage::widths::{narrow, wide};

use crate::colours::{FAINT, NAME, WARNING};
use crate::failure::Failure;
use crate::output::Output;

/// How many bytes a row has where there is room.
pub(crate) const ROW_LEN: usize = 16;

/// What is told of the rows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Row<'a> {
    /// The bytes at an offset.
    Bytes(u64, &'a [u8]),
    /// One or more that are as the one before.
    Repeated,
    /// The offset behind the last.
    End(u64),
}

/// Makes rows of bytes that come bit by bit.
#[derive(Debug)]
pub(crate) struct Rows {
    row_len: usize,
    /// Where the next row starts, and what there is of it.
    offset: u64,
    row: Vec<u8>,
    /// How long the next row is.
    next_len: usize,
    before: Option<Vec<u8>>,
    is_repeating: bool,
}

impl Rows {
    /// Rows of `row_len` bytes; the first has `first_len`, if that is not 0, and starts at `offset`.
    pub(crate) fn new(offset: u64, first_len: usize, row_len: usize) -> Self {
        let row_len = row_len.max(1);
        let next_len = if first_len == 0 { row_len } else { first_len };
        Self { row_len, offset, row: Vec::new(), next_len, before: None, is_repeating: false }
    }

    /// Takes bytes, and gives each row that is whole.
    pub(crate) fn push(
        &mut self,
        mut bytes: &[u8],
        each: &mut dyn FnMut(Row<'_>) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        while !bytes.is_empty() {
            let lacking = self.next_len.saturating_sub(self.row.len()).min(bytes.len());
            let (piece, rest) = bytes.split_at(lacking);
            self.row.extend_from_slice(piece);
            bytes = rest;
            if self.row.len() >= self.next_len {
                self.give(each)?;
            }
        }
        Ok(())
    }

    /// Takes so many zeros.
    pub(crate) fn zeros(
        &mut self,
        mut count: u64,
        each: &mut dyn FnMut(Row<'_>) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let zeros = vec![0; self.row_len.max(self.next_len)];
        // The row that was begun, one to show, and one that repeats it.
        for _ in 0..3 {
            let lacking = wide(self.next_len.saturating_sub(self.row.len())).min(count);
            self.push(zeros.get(..narrow(lacking)).unwrap_or_default(), each)?;
            count -= lacking;
        }
        if self.row.is_empty() && self.is_repeating {
            let row_len = wide(self.row_len);
            self.offset = self.offset.saturating_add(count - count % row_len);
            count %= row_len;
        }
        while count > 0 {
            let some = wide(zeros.len()).min(count);
            self.push(zeros.get(..narrow(some)).unwrap_or_default(), each)?;
            count -= some;
        }
        Ok(())
    }

    /// Gives the row that is not whole, and the end.
    pub(crate) fn finish(
        mut self,
        each: &mut dyn FnMut(Row<'_>) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        if !self.row.is_empty() {
            self.give(each)?;
        }
        each(Row::End(self.offset))
    }

    fn give(
        &mut self,
        each: &mut dyn FnMut(Row<'_>) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let row = std::mem::take(&mut self.row);
        let offset = self.offset;
        self.offset = offset.saturating_add(wide(row.len()));
        self.next_len = self.row_len;
        if self.before.as_ref() == Some(&row) {
            if !self.is_repeating {
                self.is_repeating = true;
                each(Row::Repeated)?;
            }
            return Ok(());
        }
        self.is_repeating = false;
        each(Row::Bytes(offset, &row))?;
        self.before = Some(row);
        Ok(())
    }
}

/// Prints bytes, the first of which has the offset `start`.
pub(crate) fn dump(start: u64, bytes: &[u8], output: &mut Output) -> Result<(), Failure> {
    let mut rows = Rows::new(start, 0, ROW_LEN);
    let mut each = |row: Row<'_>| {
        let line = line(output, row, ROW_LEN);
        output.line(line)
    };
    rows.push(bytes, &mut each)?;
    rows.finish(&mut each)
}

/// How many bytes of a row a terminal has room for.
pub(crate) fn fitting_len(output: &Output) -> usize {
    match output.terminal_width() {
        Some(..47) => 4,
        Some(47..78) => 8,
        _ => ROW_LEN,
    }
}

/// The line of a row: offset, bytes, and what of them is text. Zeros are faint; text and other bytes have a colour each.
pub(crate) fn line(output: &Output, row: Row<'_>, row_len: usize) -> String {
    let (offset, bytes) = match row {
        Row::Bytes(offset, bytes) => (offset, bytes),
        Row::Repeated => return "*".to_owned(),
        Row::End(offset) => return format!("{offset:08x}"),
    };
    let style = |byte: u8| match byte {
        0 => FAINT,
        b' '..=b'~' => NAME,
        _ => WARNING,
    };
    let (mut hex, mut text) = (String::new(), String::new());
    for (position, byte) in bytes.iter().enumerate() {
        if position == ROW_LEN / 2 {
            hex.push(' ');
        }
        // Writing to a string cannot fail.
        write!(hex, " {}", output.painted(style(*byte), format_args!("{byte:02x}"))).ok();
        write!(text, "{}", output.painted(style(*byte), shown(*byte))).ok();
    }
    let width = |count: usize| count * 3 + usize::from(count > ROW_LEN / 2);
    let padding = width(row_len).saturating_sub(width(bytes.len()));
    format!("{offset:08x} {hex}{:padding$}  |{text}|", "")
}

fn shown(byte: u8) -> char {
    if byte == b' ' || byte.is_ascii_graphic() { char::from(byte) } else { '.' }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(
        start: u64,
        first: usize,
        make: impl FnOnce(&mut Rows, &mut dyn FnMut(Row<'_>) -> Result<(), Failure>),
    ) -> Vec<(u64, Vec<u8>)> {
        let mut found = Vec::new();
        let mut rows = Rows::new(start, first, 4);
        let mut each = |row: Row<'_>| {
            found.push(match row {
                Row::Bytes(offset, bytes) => (offset, bytes.to_vec()),
                Row::Repeated => (u64::MAX, Vec::new()),
                Row::End(offset) => (offset, Vec::new()),
            });
            Ok(())
        };
        make(&mut rows, &mut each);
        rows.finish(&mut each).unwrap();
        found
    }

    /// Guards against rows that depend on how the bytes come, and against a last row that vanishes.
    #[test]
    fn rows_are_the_same_however_bytes_come() {
        let bytes = [1, 2, 3, 4, 5, 6, 7, 8, 9];
        let whole = rows(32, 0, |rows, each| rows.push(&bytes, each).unwrap());
        assert_eq!(
            whole,
            [(32, vec![1, 2, 3, 4]), (36, vec![5, 6, 7, 8]), (40, vec![9]), (41, vec![])]
        );
        let pieces = rows(32, 0, |rows, each| {
            bytes.chunks(3).for_each(|piece| rows.push(piece, each).unwrap());
        });
        assert_eq!(whole, pieces);
        let first = rows(30, 2, |rows, each| rows.push(&bytes[..5], each).unwrap());
        assert_eq!(first, [(30, vec![1, 2]), (32, vec![3, 4, 5]), (35, vec![])]);
    }

    /// Guards against zeros that are told otherwise, or take as long, where they are passed over.
    #[test]
    fn zeros_that_are_passed_over_are_rows_that_repeat() {
        for count in 0..40_u8 {
            for first in 0..4 {
                let passed = rows(0, first, |rows, each| {
                    rows.push(&[7, 0, 0, 0, 0], each).unwrap();
                    rows.zeros(count.into(), each).unwrap();
                    rows.push(&[8], each).unwrap();
                });
                let mut bytes = vec![7, 0, 0, 0, 0];
                bytes.extend(std::iter::repeat_n(0, count.into()));
                bytes.push(8);
                assert_eq!(passed, rows(0, first, |rows, each| rows.push(&bytes, each).unwrap()));
            }
        }
        let long = rows(0, 0, |rows, each| rows.zeros(1 << 50, each).unwrap());
        assert_eq!(long, [(0, vec![0; 4]), (u64::MAX, vec![]), (1 << 50, vec![])]);
    }
}
