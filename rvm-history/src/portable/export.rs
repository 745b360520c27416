//! Writes segments as lines.

use std::io::{self, Write};

use blake3::Hasher;
use rvm_storage::widths::wide;

use super::lines::{Line, ROW_LEN, VERSION, to_hex};
use crate::copy_error::{CopyError, Result};
use crate::image::Image;
use crate::observer::{Observer, Stage, advance};

/// What was exported.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ExportReport {
    /// The segments and their lengths, sorted by name.
    pub segments: Vec<(String, u64)>,
    /// The last transaction in them; `None` if that is not known.
    pub last_transaction: Option<u64>,
    /// How many lines were written.
    pub lines: u64,
}

/// Writes segments of an image as text; all of them if `only` is `None`. Needs memory for some pieces only. `out` is flushed.
///
/// ```
/// use std::sync::Arc;
/// use std::time::Duration;
///
/// use rvm_history::image::Image;
/// use rvm_history::observer::Unobserved;
/// use rvm_history::portable::{ImportPlan, export, import};
/// use rvm_storage::MemStorage;
///
/// # let dir = tempfile::tempdir()?;
/// # let path = dir.path().join("notes");
/// # std::io::Write::write_all(&mut std::fs::OpenOptions::new().write(true).create(true).open(&path)?, b"kept")?;
/// let mut text = Vec::new();
/// export(&Image::of_file(&path)?, None, &mut text, &mut Unobserved)?;
///
/// let other = Arc::new(MemStorage::new());
/// let plan = ImportPlan::default();
/// let report = import(other.clone(), &mut io::Cursor::new(text), "text", &plan, &mut Unobserved)?;
/// assert_eq!(report.segments.len(), 1);
/// let image = Image::of_store(other.as_ref(), Duration::ZERO, &mut Unobserved)?;
/// assert_eq!(image.pieces("notes")?.next()?.unwrap().bytes, b"kept");
/// # use std::io;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`Error::NotFound`](rvm_txn::Error::NotFound) for a segment of `only` that is not there, before anything is written;
/// [`CopyError::Output`]; [`CopyError::Stopped`]; what reading the image fails with. Without its last line an export is none.
pub fn export(
    image: &Image,
    only: Option<&[String]>,
    out: &mut dyn Write,
    observer: &mut dyn Observer,
) -> Result<ExportReport> {
    let mut segments = image.segments()?;
    if let Some(only) = only {
        for name in only {
            image.pieces(name)?;
        }
        segments.retain(|(name, _)| only.contains(name));
    }
    let last_transaction = image.last_transaction();
    let mut writing = Writing { out, hasher: Hasher::new(), lines: 0 };
    writing.line(&Line { rvm_export: Some(VERSION), last_transaction, ..Line::default() })?;
    let (mut done, total) = (0, segments.iter().map(|(_, len)| len).sum());
    for (name, len) in &segments {
        let segment = Some(name.clone());
        writing.line(&Line { segment, len: Some(*len), ..Line::default() })?;
        let mut pieces = image.pieces(name)?;
        while let Some(piece) = pieces.next()? {
            writing.rows(piece.offset, piece.bytes)?;
            advance(observer, Stage::Writing, done + piece.offset, total)?;
        }
        done += len;
    }
    let hash = writing.hasher.finalize().to_hex().to_string();
    let lines = Some(writing.lines);
    writing.line(&Line { lines, blake3: Some(hash), ..Line::default() })?;
    writing.out.flush().map_err(CopyError::Output)?;
    Ok(ExportReport { segments, last_transaction, lines: writing.lines })
}

struct Writing<'a> {
    out: &'a mut dyn Write,
    hasher: Hasher,
    lines: u64,
}

impl Writing<'_> {
    /// The rows of a piece: none for zeros, and no zeros at the end of one.
    fn rows(&mut self, offset: u64, bytes: &[u8]) -> Result<()> {
        for (number, row) in bytes.chunks(ROW_LEN).enumerate() {
            if let Some(last) = row.iter().rposition(|byte| *byte != 0) {
                let at = Some(offset + wide(number * ROW_LEN));
                let hex = row.get(..=last).map(to_hex);
                self.line(&Line { at, hex, ..Line::default() })?;
            }
        }
        Ok(())
    }

    fn line(&mut self, line: &Line) -> Result<()> {
        let written = serde_json::to_vec(line).map_err(io::Error::from).and_then(|mut line| {
            line.push(b'\n');
            self.hasher.update(&line);
            self.out.write_all(&line)
        });
        self.lines += 1;
        written.map_err(CopyError::Output)
    }
}
