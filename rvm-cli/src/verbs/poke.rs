//! `rvmctl poke`: changes bytes of a segment, in one transaction.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use rvm_core::rvm_storage::SegmentName;
use rvm_core::rvm_storage::widths::wide;
use rvm_core::{Error, Rvm};

use super::recover::tell_if_recovered;
use super::status::WAIT;
use crate::arguments::PokeArguments;
use crate::failure::Failure;
use crate::output::Output;
use crate::place::{self, Place};
use crate::quantities::counted;
use crate::reports::{PokeReport, RecoveryFacts};

/// The longest label of a transaction, in bytes.
const LABEL_LEN_MAX: usize = 255;

/// Changes bytes of a segment.
pub(super) fn run(
    place: &Place,
    asked: &PokeArguments,
    output: &mut Output,
) -> Result<(), Failure> {
    SegmentName::new(&asked.name)?;
    // All that can be refused is refused before the store is opened for writing.
    let segment_len = length_of(place, &asked.name)?;
    let bytes = bytes_of(asked, segment_len)?;
    check_range(asked, &bytes, segment_len)?;
    check_label(&asked.label)?;
    let (mut transaction, mut recovery) = (None, None);
    if asked.dry_run {
        place.look_as_writer(WAIT)?;
    } else {
        let store = place.open()?;
        transaction = Some(write(&store, place, asked, &bytes)?);
        recovery = Some(RecoveryFacts::from(store.recovery_report()));
        store.close()?;
    }
    let report = PokeReport {
        segment: asked.name.clone(),
        offset: asked.offset,
        len: wide(bytes.len()),
        transaction,
        label: asked.label.clone(),
        recovery,
    };
    if output.wants_json() { output.json(&report) } else { show(&report, output) }
}

fn show(report: &PokeReport, output: &mut Output) -> Result<(), Failure> {
    if let Some(recovery) = &report.recovery {
        tell_if_recovered(recovery, output)?;
    }
    let done = report.transaction.map_or_else(
        || "would change".to_owned(),
        |transaction| format!("transaction {transaction}:"),
    );
    output.statement(format_args!(
        "{done} {} at {:#x} of {}",
        counted(report.len, "byte"),
        report.offset,
        report.segment
    ))
}

fn length_of(place: &Place, name: &str) -> Result<u64, Failure> {
    let segments = place::segments(&place.look()?)?;
    let found = segments.into_iter().find(|(found, _)| found == name);
    found.map(|(_, len)| len).ok_or_else(|| not_found(place, name))
}

fn not_found(place: &Place, segment: &str) -> Failure {
    Error::NotFound { segment: segment.to_owned(), store: place.shown() }.into()
}

fn bytes_of(asked: &PokeArguments, segment_len: u64) -> Result<Vec<u8>, Failure> {
    let given = asked.given_bytes().map_err(Failure::Usage)?;
    let bytes = match (given, &asked.file) {
        (Some(bytes), _) => bytes,
        (None, Some(file)) if file.as_os_str() == "-" => {
            read(io::stdin(), Path::new("standard input"), segment_len)?
        }
        (None, Some(file)) => {
            let opened = File::open(file).map_err(|source| Failure::file("open", file, source))?;
            read(opened, file, segment_len)?
        }
        (None, None) => Vec::new(),
    };
    if bytes.is_empty() {
        return Err(Failure::Usage("there are no bytes to write".to_owned()));
    }
    Ok(bytes)
}

/// Reads all, but no more than shows that it does not fit.
fn read(from: impl Read, path: &Path, segment_len: u64) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let fits = from.take(segment_len.saturating_add(1)).read_to_end(&mut bytes);
    fits.map_err(|source| Failure::file("read", path, source))?;
    Ok(bytes)
}

fn check_range(asked: &PokeArguments, bytes: &[u8], segment_len: u64) -> Result<(), Failure> {
    let end = asked.offset.saturating_add(wide(bytes.len()));
    if end <= segment_len {
        return Ok(());
    }
    let segment = asked.name.clone();
    Err(Error::OutOfRange { segment, start: asked.offset, end, segment_len }.into())
}

fn check_label(label: &str) -> Result<(), Failure> {
    if label.len() <= LABEL_LEN_MAX {
        return Ok(());
    }
    Err(Error::LabelTooLong { len: label.len() }.into())
}

fn write(store: &Rvm, place: &Place, asked: &PokeArguments, bytes: &[u8]) -> Result<u64, Failure> {
    // It was there a moment ago; mapping it now would make it again.
    if !store.segments()?.iter().any(|segment| segment.name == asked.name) {
        return Err(not_found(place, &asked.name));
    }
    // One byte: a segment that is there is mapped whole, and never extended.
    let segment = store.map(&asked.name, 1)?;
    let mut txn = store.begin(&[&segment])?;
    txn.label(&asked.label)?;
    txn.write(&segment, asked.offset, bytes)?;
    Ok(txn.commit()?.transaction_id())
}
