//! Bytes as a hex dump: offset, sixteen bytes, and what of them is text. Rows that repeat are shown once, and a `*` stands for the rest.

use std::fmt::Write as _;

use rvm_core::rvm_storage::widths::wide;

use crate::failure::Failure;

const ROW_LEN: usize = 16;

/// Gives each line of the dump of `bytes` to `each`; the first byte has the offset `start`.
pub(crate) fn dump(
    start: u64,
    bytes: &[u8],
    mut each: impl FnMut(&str) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut offset = start;
    let mut before: Option<&[u8]> = None;
    let mut repeating = false;
    for row in bytes.chunks(ROW_LEN) {
        if before == Some(row) {
            if !repeating {
                each("*")?;
            }
            repeating = true;
        } else {
            each(&line(offset, row))?;
            repeating = false;
        }
        before = Some(row);
        offset = offset.saturating_add(wide(row.len()));
    }
    each(&format!("{offset:08x}"))
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
}
