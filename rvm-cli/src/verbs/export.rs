//! `rvmctl export`: segments as portable text, from a store that may be in use, or from a backup.

use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::time::Duration;

use rvm_core::rvm_history::copy_error::CopyError;
use rvm_core::rvm_history::image::Image;
use rvm_core::rvm_history::portable::{ExportReport, export};
use tempfile::NamedTempFile;

use crate::arguments::ExportArguments;
use crate::failure::Failure;
use crate::output::Output;
use crate::place::Place;
use crate::quantities::counted;
use crate::reports::ExportFacts;
use crate::watching::Watching;

/// How long to wait for a moment when the store's files keep still.
const WAIT: Duration = Duration::from_secs(10);

/// Exports to a file or to standard output.
pub(super) fn run(
    place: &Place,
    asked: &ExportArguments,
    output: &mut Output,
) -> Result<(), Failure> {
    if output.wants_json() && asked.to.is_none() {
        let words = "--json tells what was exported, and wants --to FILE; the text itself is JSON, a line at a time";
        return Err(Failure::Usage(words.to_owned()));
    }
    let mut watching = Watching::begin()?;
    let (from, image) = match &asked.backup {
        Some(backup) => (backup.display().to_string(), Image::of_backup(backup)?),
        None => (place.shown(), Image::of_store(&place.look()?, WAIT, &mut watching)?),
    };
    let only = (!asked.segments.is_empty()).then_some(asked.segments.as_slice());
    let mut write = |out: &mut dyn Write| -> Result<ExportReport, Failure> {
        Ok(export(&image, only, out, &mut watching)?)
    };
    let Some(to) = &asked.to else {
        return write(output.bytes()).map(|_| ());
    };
    let report = to_file(to, &mut write)?;
    let facts = ExportFacts::new(from, to.display().to_string(), report);
    if output.wants_json() {
        return output.json(&facts);
    }
    output.statement(format_args!(
        "{}: {} of {}, {}",
        facts.to,
        counted(rvm_core::rvm_storage::widths::wide(facts.segments.len()), "segment"),
        facts.from,
        counted(facts.lines, "line")
    ))
}

/// The file appears under its name when it is whole and on stable storage.
fn to_file(
    to: &Path,
    write: &mut dyn FnMut(&mut dyn Write) -> Result<ExportReport, Failure>,
) -> Result<ExportReport, Failure> {
    if to.symlink_metadata().is_ok() {
        return Err(CopyError::Exists { path: to.display().to_string() }.into());
    }
    let parent = to.parent().filter(|parent| !parent.as_os_str().is_empty());
    let parent = parent.unwrap_or(Path::new("."));
    let mut file =
        NamedTempFile::new_in(parent).map_err(|error| Failure::file("create", to, error))?;
    let mut out = BufWriter::new(&mut file);
    let report = write(&mut out)?;
    let flushed = out.into_inner().map_err(io::IntoInnerError::into_error);
    flushed
        .and_then(|file| file.as_file().sync_all())
        .map_err(|error| Failure::file("write", to, error))?;
    file.persist_noclobber(to).map_err(|error| Failure::file("create", to, error.error))?;
    Ok(report)
}
