//! The lines of an export, and what makes them valid. Whoever reads them trusts none.

use std::io::{BufRead, Read};

use blake3::Hasher;
use rvm_storage::SegmentName;
use rvm_storage::widths::wide;
use serde::{Deserialize, Serialize};

use crate::copy_error::{CopyError, Result};

/// The version of the format that this software writes and reads.
pub const VERSION: u64 = 1;
/// How many bytes of a segment a row has at most when it is written; each starts at a multiple of that.
pub const ROW_LEN: usize = 32;

/// No line is longer, in bytes.
const LINE_LEN_MAX: usize = 1 << 20;

/// A line of any kind: each has some of these fields.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Line {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) rvm_export: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) last_transaction: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) segment: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) len: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) at: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) hex: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) lines: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) blake3: Option<String>,
}

/// What a line says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Event {
    /// Here a segment of so many bytes begins.
    Segment(SegmentName, u64),
    /// It has these bytes there, and zeros up to there.
    Row(u64, Vec<u8>),
}

/// Reads an export line by line.
pub(super) struct Lines<R> {
    file: String,
    input: R,
    number: u64,
    hasher: Hasher,
    line: Vec<u8>,
    last_transaction: Option<u64>,
    /// The segment that rows are of: its name, its length, and where the last row ended.
    segment: Option<(SegmentName, u64, u64)>,
    ended: bool,
}

impl<R: BufRead> Lines<R> {
    /// Reads the first line.
    pub(super) fn begin(input: R, file: &str) -> Result<Self> {
        let (file, line) = (file.to_owned(), Vec::new());
        let mut this = Self {
            file,
            input,
            number: 0,
            hasher: Hasher::new(),
            line,
            last_transaction: None,
            segment: None,
            ended: false,
        };
        match this.line()? {
            Line {
                rvm_export: Some(VERSION), last_transaction, segment: None, at: None, ..
            } => {
                this.last_transaction = last_transaction;
                Ok(this)
            }
            Line { rvm_export: Some(found), .. } => {
                Err(CopyError::Unsupported { file: this.file, found, known: VERSION })
            }
            _ => Err(this.fault("an export begins with a line that has rvm_export")),
        }
    }

    /// The last transaction in it.
    pub(super) const fn last_transaction(&self) -> Option<u64> {
        self.last_transaction
    }

    /// What the next line says; `None` behind the last, whose hash was right.
    pub(super) fn next(&mut self) -> Result<Option<Event>> {
        if self.ended {
            return Ok(None);
        }
        let (hash, before) = (self.hasher.finalize(), self.number);
        match self.line()? {
            Line { segment: Some(name), len: Some(len), at: None, hex: None, .. } => {
                self.begin_segment(&name, len).map(Some)
            }
            Line { at: Some(at), hex: Some(hex), segment: None, len: None, .. } => {
                self.row(at, &hex).map(Some)
            }
            Line { lines: Some(lines), blake3: Some(found), segment: None, at: None, .. } => {
                if lines != before || found != hash.to_hex().as_str() {
                    return Err(self.fault("the hash is not that of the lines before"));
                }
                self.ended = true;
                match self.input.fill_buf().map(<[u8]>::is_empty) {
                    Ok(true) => Ok(None),
                    Ok(false) => Err(self.fault("something comes behind the last line")),
                    Err(error) => Err(self.unreadable(error)),
                }
            }
            _ => Err(self.fault("it is neither a segment, nor a row, nor the end")),
        }
    }

    fn begin_segment(&mut self, name: &str, len: u64) -> Result<Event> {
        let found = SegmentName::new(name).map_err(|error| self.fault(&error.to_string()))?;
        if self.segment.as_ref().is_some_and(|(before, ..)| *before >= found) {
            return Err(self.fault("the segments are not sorted by name"));
        }
        if i64::try_from(len).is_err() {
            return Err(self.fault("no segment is so long"));
        }
        self.segment = Some((found.clone(), len, 0));
        Ok(Event::Segment(found, len))
    }

    fn row(&mut self, at: u64, hex: &str) -> Result<Event> {
        let bytes = from_hex(hex).ok_or_else(|| self.fault("hex is no whole number of bytes"))?;
        let end = at.saturating_add(wide(bytes.len()));
        let fault = match &mut self.segment {
            None => "a row comes before the first segment",
            Some((_, len, _)) if end > *len => "the row reaches behind the segment's end",
            Some((_, _, before)) if at < *before => "the row comes behind a later one",
            Some((_, _, before)) => {
                *before = end;
                return Ok(Event::Row(at, bytes));
            }
        };
        Err(self.fault(fault))
    }

    fn line(&mut self) -> Result<Line> {
        self.line.clear();
        self.number += 1;
        let most = wide(LINE_LEN_MAX) + 1;
        let read = self.input.by_ref().take(most).read_until(b'\n', &mut self.line);
        read.map_err(|error| self.unreadable(error))?;
        match self.line.last() {
            None => Err(self.fault("the text ends without its last line")),
            Some(b'\n') => {
                self.hasher.update(&self.line);
                serde_json::from_slice(&self.line).map_err(|error| self.fault(&error.to_string()))
            }
            Some(_) if self.line.len() > LINE_LEN_MAX => Err(self.fault("the line is too long")),
            Some(_) => Err(self.fault("the line ends too early")),
        }
    }

    fn fault(&self, fault: &str) -> CopyError {
        CopyError::Text { file: self.file.clone(), line: self.number, fault: fault.to_owned() }
    }

    fn unreadable(&self, source: std::io::Error) -> CopyError {
        CopyError::File { operation: "read", path: self.file.clone(), source }
    }
}

/// Bytes as hexadecimal digits.
pub(super) fn to_hex(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from_digit(value.into(), 16).unwrap_or('0');
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digit = |c: u8| char::from(c).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect()
}
