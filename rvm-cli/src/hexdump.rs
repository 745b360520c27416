//! Bytes as a hex dump: offset, sixteen bytes, and what of them is text. Rows that repeat are shown once, and a `*` stands for the rest.

use std::fmt::Write as _;

use rvm_core::rvm_storage::widths::wide;

use crate::failure::Failure;

const ROW_LEN: usize = 16;

/// A dump in the making, which is given the bytes piece by piece and gives out lines.
pub(crate) struct Dump<F> {
    each: F,
    /// Where the next byte is.
    at: u64,
    /// The bytes of a row that is not whole yet.
    row: Vec<u8>,
    before: Option<[u8; ROW_LEN]>,
    repeating: bool,
}

impl<F: FnMut(&str) -> Result<(), Failure>> Dump<F> {
    /// The first byte has the offset `start`.
    pub(crate) fn new(start: u64, each: F) -> Self {
        Self { each, at: start, row: Vec::with_capacity(ROW_LEN), before: None, repeating: false }
    }

    /// The next bytes.
    pub(crate) fn bytes(&mut self, mut bytes: &[u8]) -> Result<(), Failure> {
        while let Some((now, rest)) =
            bytes.split_at_checked((ROW_LEN - self.row.len()).min(bytes.len()))
            && !now.is_empty()
        {
            self.row.extend(now);
            self.at = self.at.saturating_add(wide(now.len()));
            bytes = rest;
            if self.row.len() == ROW_LEN {
                self.whole_row()?;
            }
        }
        Ok(())
    }

    /// Zeros up to the offset `end`; nothing if that is not ahead. They cost nothing, however many they are.
    pub(crate) fn zeros_to(&mut self, end: u64) -> Result<(), Failure> {
        const ZEROS: [u8; ROW_LEN] = [0; ROW_LEN];
        while self.at < end {
            let left = end - self.at;
            if self.row.is_empty() && self.before == Some(ZEROS) && self.repeating {
                self.at += left - left % wide(ROW_LEN);
            }
            let some = usize::try_from(end - self.at).unwrap_or(ROW_LEN).min(ROW_LEN);
            self.bytes(ZEROS.get(..some.min(ROW_LEN - self.row.len())).unwrap_or_default())?;
        }
        Ok(())
    }

    /// The last row, and the offset behind it.
    pub(crate) fn end(mut self) -> Result<(), Failure> {
        if !self.row.is_empty() {
            let start = self.at.saturating_sub(wide(self.row.len()));
            (self.each)(&line(start, &self.row))?;
        }
        (self.each)(&format!("{:08x}", self.at))
    }

    fn whole_row(&mut self) -> Result<(), Failure> {
        let row: Option<[u8; ROW_LEN]> = self.row.first_chunk().copied();
        if row == self.before {
            if !self.repeating {
                (self.each)("*")?;
            }
            self.repeating = true;
        } else {
            let start = self.at.saturating_sub(wide(ROW_LEN));
            (self.each)(&line(start, &self.row))?;
            self.repeating = false;
        }
        self.before = row;
        self.row.clear();
        Ok(())
    }
}

/// Gives each line of the dump of `bytes` to `each`; the first byte has the offset `start`.
pub(crate) fn dump(
    start: u64,
    bytes: &[u8],
    each: impl FnMut(&str) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut dump = Dump::new(start, each);
    dump.bytes(bytes)?;
    dump.end()
}

fn line(offset: u64, row: &[u8]) -> String {
    let mut hex = String::with_capacity(ROW_LEN * 3 + 1);
    for (position, byte) in row.iter().enumerate() {
        if position == ROW_LEN / 2 {
            hex.push(' ');
        }
        // Writing to a string cannot fail.
        write!(hex, " {byte:02x}").ok();
    }
    let text: String = row.iter().map(|byte| shown(*byte)).collect();
    format!("{offset:08x} {hex:<49}  |{text}|")
}

fn shown(byte: u8) -> char {
    if byte == b' ' || byte.is_ascii_graphic() { char::from(byte) } else { '.' }
}

/// Bytes as hexadecimal digits.
pub(crate) fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut hex, byte| {
        // Writing to a string cannot fail.
        write!(hex, "{byte:02x}").ok();
        hex
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(start: u64, bytes: &[u8]) -> Vec<String> {
        let mut lines = Vec::new();
        dump(start, bytes, |line| {
            lines.push(line.to_owned());
            Ok(())
        })
        .unwrap();
        lines
    }

    /// Guards against columns that shift in the last, shorter row.
    #[test]
    fn a_short_row_is_padded() {
        let lines = lines(32, b"recoverable memory");
        assert_eq!(
            lines,
            [
                "00000020  72 65 63 6f 76 65 72 61  62 6c 65 20 6d 65 6d 6f  |recoverable memo|",
                "00000030  72 79                                             |ry|",
                "00000032",
            ]
        );
    }

    /// Guards against a dump of an empty segment that fills the screen, and against a last row that vanishes in the `*`.
    #[test]
    fn repeated_rows_are_shown_once() {
        let mut bytes = [0; 64];
        bytes[63] = 1;
        let lines = lines(0, &bytes);
        assert_eq!(lines.len(), 4);
        assert_eq!(lines[1], "*");
        assert!(lines[2].starts_with("00000030"));
        assert_eq!(lines[3], "00000040");
    }
    /// Guards against zeros that are left out of a dump, and minutes for those of a large segment.
    #[test]
    fn zeros_are_skipped_as_if_they_had_been_read() {
        for (start, end) in [(0, 16), (3, 40), (0, 64), (5, 200), (16, 17), (0, 0)] {
            let mut skipped = Vec::new();
            let mut dump = Dump::new(start, |line: &str| {
                skipped.push(line.to_owned());
                Ok(())
            });
            dump.bytes(b"x").unwrap();
            dump.zeros_to(end).unwrap();
            dump.bytes(b"y").unwrap();
            dump.end().unwrap();
            let zeros =
                usize::try_from(end).unwrap().saturating_sub(usize::try_from(start).unwrap() + 1);
            let read = [b"x".to_vec(), vec![0; zeros], b"y".to_vec()].concat();
            assert_eq!(skipped, lines(start, &read), "{start}..{end}");
        }
        let mut count = 0;
        let mut dump = Dump::new(0, |_: &str| {
            count += 1;
            Ok(())
        });
        dump.zeros_to(u64::MAX).unwrap();
        dump.end().unwrap();
        assert_eq!(count, 4);
    }
}
